"""Rebuilds the market's published days: a flow for each, through the engine, compared figure by figure.

No row is skipped silently: it matches, it does not match, or it cannot be reconstructed and says why.
Each product's days follow each other on one exchange; where a day could not be played, its product goes
on from the published close on a fresh exchange, because the engine itself would demand its own close.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from time import perf_counter_ns
from typing import Final

import msgspec
from msgspec import Struct

from bench.bulletins import BulletinRow
from bench.flow import PARTICIPANTS, DayFigures, DayPlan, plan_day
from bench.history_market import HistoryMarket, UnexpectedAnswer
from bench.solver import NotReconstructible
from engine.events import ProductDay
from engine.profile import Profile
from engine.units import NANOSECONDS_PER_SECOND

SEED: Final = 20210716
FIELDS: Final = ("open", "high", "low", "close")


class Difference(Struct, frozen=True, kw_only=True):
    """One published figure that the engine's bulletin does not show; fen or tonnes."""

    figure: str
    published: int
    computed: int


class Mismatch(Struct, frozen=True, kw_only=True):
    """A day that was played and came out otherwise."""

    date: str
    product: str
    differences: tuple[Difference, ...]
    note: str = ""


class Gap(Struct, frozen=True, kw_only=True):
    """A row that no flow can meet: the reason as a word, and its figures."""

    date: str
    product: str
    reason: str
    detail: str


class FirstReference(Struct, frozen=True, kw_only=True):
    """A reference that is not the engine's own previous close, and where it comes from."""

    date: str
    product: str
    price_fen: int
    basis: str
    """`given` (--reference), `R37`, `previous_close` (a column), `own_close`, `published_close`."""


class History(Struct, kw_only=True):
    """The result of a run."""

    days: int = 0
    """Rows of the table in the chosen range."""
    matched: int = 0
    mismatched: list[Mismatch] = msgspec.field(default_factory=list)
    not_reconstructible: list[Gap] = msgspec.field(default_factory=list)
    orders: int = 0
    trades: int = 0
    refused: int = 0
    probes_refused: int = 0
    """How many refusals the probes at the band's edges must bring: `refused` must equal it."""
    digest: str = ""
    references: list[FirstReference] = msgspec.field(default_factory=list)
    exchanges: int = 0
    """Exchanges begun: one, and one more for each product that went on from a published close."""
    engine_seconds: float = 0.0
    """Time inside the engine, settlements and all; `orders_seconds` is the order commands' part."""
    orders_seconds: float = 0.0
    seconds: float = 0.0
    played: list[ProductDay] = msgspec.field(default_factory=list)
    """The engine's rows of the days that were played, for the closing table."""
    played_dates: list[str] = msgspec.field(default_factory=list)

    @property
    def is_explained(self) -> bool:
        """Return whether every row matched or says why it cannot be met."""
        return not self.mismatched and self.refused == self.probes_refused


class Replay:
    """One run over a table."""

    def __init__(
        self,
        profile: Profile,
        *,
        references: Mapping[str, int] | None = None,
        seed: int = SEED,
        participants: int = PARTICIPANTS,
    ) -> None:
        self.history = History()
        self._rules = profile
        self._profile = profile
        self._given = dict(references or {})
        self._seed = seed
        self._participants = participants
        self._closes: dict[str, int] = {}
        self._played: set[str] = set()
        self._market: HistoryMarket | None = None
        self._digest = hashlib.sha256()
        self._engine_ns = 0
        self._orders_ns = 0

    def run(
        self,
        rows: Sequence[BulletinRow],
        begin: str = "",
        end: str = "",
        progress: Callable[[str], None] = lambda _date: None,
    ) -> History:
        """Play all rows from `begin` to `end` (ISO dates, empty: all) and return what came of them."""
        started = perf_counter_ns()
        self._profile = market_profile(self._rules, rows)
        for date, group in groupby(rows, key=lambda row: row.date):
            day = sorted(group, key=lambda row: self._profile.product_index(row.product))
            if end and date > end:
                break
            if date >= begin:
                self._day(date, day)
                progress(date)
            self._remember(day)
        self._retire_market()
        self.history.digest = self._digest.hexdigest()
        self.history.engine_seconds = self._engine_ns / NANOSECONDS_PER_SECOND
        self.history.orders_seconds = self._orders_ns / NANOSECONDS_PER_SECOND
        self.history.seconds = (perf_counter_ns() - started) / NANOSECONDS_PER_SECOND
        return self.history

    def _remember(self, day: Sequence[BulletinRow]) -> None:
        """Keep the published closes: they are the next rows' references, whatever was played."""
        for row in day:
            if row.close is not None and not row.is_composite:
                self._closes[row.product] = row.close

    # ------------------------------------------------------------ one date

    def _day(self, date: str, day: Sequence[BulletinRow]) -> None:
        plans: list[DayPlan] = []
        for row in day:
            self.history.days += 1
            try:
                figures = figures_of(row, self._reference(row))
                plan = plan_day(figures, self._profile, self._seed, participants=self._participants)
            except NotReconstructible as error:
                self.history.not_reconstructible.append(
                    Gap(date=date, product=row.product, reason=error.code, detail=error.detail)
                )
                continue
            plans.append(plan)
        if plans:
            self._play(date, plans)

    def _play(self, date: str, plans: Sequence[DayPlan]) -> None:
        market = self._market_for(date, plans)
        self.history.probes_refused += sum(plan.refused for plan in plans)
        try:
            outcome = market.run_day(date, plans)
        except UnexpectedAnswer as error:
            # The engine and the plan disagree: the day is told as it is and the next begins afresh.
            for plan in plans:
                self.history.mismatched.append(
                    Mismatch(
                        date=date, product=plan.figures.product, differences=(), note=str(error)
                    )
                )
            self._retire_market()
            return
        self.history.orders += outcome.orders
        self.history.trades += outcome.trades
        self.history.refused += outcome.refused
        computed = {row.product: row for row in outcome.bulletin.products}
        for plan in plans:
            self._compare(plan.figures, computed[plan.figures.product])

    def _compare(self, figures: DayFigures, computed: ProductDay) -> None:
        self.history.played.append(computed)
        self.history.played_dates.append(figures.date)
        found = differences(figures, computed)
        if not found:
            self.history.matched += 1
            return
        self.history.mismatched.append(
            Mismatch(date=figures.date, product=figures.product, differences=found)
        )

    # ------------------------------------------------------------ references and exchanges

    def _reference(self, row: BulletinRow) -> int:
        """Return the reference of a row's day in fen, 0 where nothing tells it."""
        known = self._closes.get(row.product)
        if known is not None:
            return known
        product = self._rules.products[self._rules.product_index(row.product)]
        for basis, price_fen in (
            ("given", self._given.get(row.product)),
            ("R37", product.first_reference_fen if row.date == product.listed_from else 0),
            ("previous_close", row.previous_close),
            ("own_close", row.close),
        ):
            if price_fen and not row.is_composite:
                self.history.references.append(
                    FirstReference(
                        date=row.date, product=row.product, price_fen=price_fen, basis=basis
                    )
                )
                return price_fen
        return 0

    def _tell_reference(self, figures: DayFigures, basis: str) -> None:
        self.history.references.append(
            FirstReference(
                date=figures.date,
                product=figures.product,
                price_fen=figures.reference_fen,
                basis=basis,
            )
        )

    def _market_for(self, date: str, plans: Sequence[DayPlan]) -> HistoryMarket:
        """Return the exchange on which these days can follow, a fresh one where none can."""
        market = self._market
        broken = [
            plan.figures
            for plan in plans
            if market is not None
            and market.previous_close_fen(plan.figures.product)
            not in {0, plan.figures.reference_fen}
        ]
        told = {(first.date, first.product) for first in self.history.references}
        for plan in plans:
            figures = plan.figures
            is_new = figures.product not in self._played and (date, figures.product) not in told
            if is_new or figures in broken:
                self._tell_reference(figures, "published_close")
            self._played.add(figures.product)
        if market is None or broken:
            self._retire_market()
            market = HistoryMarket(self._profile, self._participants)
            market.found(date)
            self.history.exchanges += 1
            self._market = market
        return market

    def _retire_market(self) -> None:
        if self._market is not None:
            self._digest.update(self._market.digest())
            self._engine_ns += self._market.engine_ns
            self._orders_ns += self._market.orders_ns
        self._market = None


def market_profile(profile: Profile, rows: Sequence[BulletinRow]) -> Profile:
    """Return the profile with first references left to the operators.

    A table may begin anywhere, also before a date that the profile only estimates (R9), and a composite
    of products that the table lacks cannot be computed (R36).
    """
    firsts: dict[str, str] = {}
    for row in rows:
        firsts.setdefault(row.product, row.date)
    products = tuple(
        msgspec.structs.replace(
            product,
            first_reference="administrative",
            first_reference_fen=0,
            listed_from=min(product.listed_from, firsts.get(product.code, product.listed_from)),
        )
        for product in profile.products
    )
    return msgspec.structs.replace(profile, products=products)


def figures_of(row: BulletinRow, reference_fen: int) -> DayFigures:
    """Return a row's figures; NotReconstructible where the row is not one book or lacks a figure."""
    if row.is_composite:
        raise NotReconstructible("composite_price", "the prices are of the composite, not one book")
    if row.auction_quantity:
        raise NotReconstructible(
            "auction_not_played", f"{row.auction_quantity} t were sold by auction"
        )
    close, listed_quantity, listed_amount = row.close, row.listed_quantity, row.listed_amount
    if not listed_quantity and not listed_amount and close in {None, reference_fen}:
        close = reference_fen  # a quiet day, which may be printed as blanks
        listed_quantity = listed_amount = 0
    if close is None or reference_fen == 0:
        raise NotReconstructible("close_missing", "no closing price is published")
    listed_t, listed_fen = _both("listed", listed_quantity, listed_amount)
    block_quantity, block_amount = row.block_quantity, row.block_amount
    if block_quantity is None and not block_amount:
        block_quantity = block_amount = 0  # 无大宗协议交易
    block_t, block_fen = _both("block", block_quantity, block_amount)
    return DayFigures(
        date=row.date,
        product=row.product,
        reference_fen=reference_fen,
        close_fen=close,
        open_fen=row.open or 0,
        high_fen=row.high or 0,
        low_fen=row.low or 0,
        listed_quantity_t=listed_t,
        listed_amount_fen=listed_fen,
        block_quantity_t=block_t,
        block_amount_fen=block_fen,
    )


def _both(method: str, quantity_t: int | None, amount_fen: int | None) -> tuple[int, int]:
    if quantity_t is None:
        raise NotReconstructible(f"{method}_quantity_missing", "no volume is published")
    if amount_fen is None and quantity_t:
        raise NotReconstructible(
            f"{method}_amount_missing", f"no amount is published for {quantity_t} t"
        )
    return quantity_t, amount_fen or 0


def differences(figures: DayFigures, computed: ProductDay) -> tuple[Difference, ...]:
    """Return every published figure that the engine's row does not equal.

    On a day without listed trades the engine shows no high and no low; a published one was checked
    against the reference before the day was played.
    """
    pairs = [("open", figures.open_fen, computed.open_fen)] if figures.open_fen else []
    if figures.listed_quantity_t:
        pairs += [
            (name, published, found)
            for name, published, found in (
                ("high", figures.high_fen, computed.high_fen),
                ("low", figures.low_fen, computed.low_fen),
            )
            if published
        ]
    pairs += [
        ("close", figures.close_fen, computed.close_fen),
        ("listed_quantity", figures.listed_quantity_t, computed.listed_quantity_t),
        ("listed_amount", figures.listed_amount_fen, computed.listed_amount_fen),
        ("block_quantity", figures.block_quantity_t, computed.block_quantity_t),
        ("block_amount", figures.block_amount_fen, computed.block_amount_fen),
    ]
    return tuple(
        Difference(figure=name, published=published, computed=found)
        for name, published, found in pairs
        if published != found
    )
