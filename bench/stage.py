"""An exchange with everybody admitted and rich, ready for one flow after the other."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.commands import (
    Action,
    AdmitParticipant,
    AdvanceTime,
    AnyCommand,
    Approve,
    Category,
    Deposit,
    EnrolKey,
    Entry,
    OpenDay,
    Propose,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    TransferIn,
)
from engine.credit_code import check_sign
from engine.exchange import Exchange
from engine.profile import Profile
from engine.units import AMOUNT_FEN_MAX, QUANTITY_T_MAX, midnight_ns, parse_clock

FIRST_DATE: Final = dt.date(2025, 5, 5)
"""A day of five listed products of the national market."""
REFERENCE_FEN: Final = 7_000
CASH_FEN: Final = 10**15
HOLDING_T: Final = 10**9
ACTIONS: Final = 200
OPERATOR, CHECKER, REGISTRY = 1, 2, 3
FIRST_TRADER_KEY: Final = 4
STEP_NS: Final = 1_000
"""Time between two commands of a flow."""


class HowMany(Protocol):
    """What a stage must know of a flow."""

    @property
    def participants(self) -> int:
        """How many trade."""

    @property
    def products(self) -> int:
        """How many of the profile's products they trade."""


class Means(Struct, frozen=True, kw_only=True):
    """What everybody has, and from which prices the first day begins."""

    cash_fen: int = CASH_FEN
    holdings_t: tuple[int, ...] = ()
    """By product; empty: the usual quantity of each."""
    references_fen: tuple[int, ...] = ()
    """By product; empty: the usual price of each."""


def _enrol(number: int, role: Role, participant: int = 0) -> EnrolKey:
    return EnrolKey(
        public_key=f"{number:064x}", role=role, person=f"演示人员{number}", participant=participant
    )


def _admit(number: int) -> AdmitParticipant:
    body = f"91990000{number:09d}"
    return AdmitParticipant(
        name=f"演示企业{number}",
        credit_code=body + check_sign(body),
        category=Category.KEY_EMITTING_UNIT,
        province="演示",
        sector="power",
        registry_account=f"R{number}",
        funds_account=f"F{number}",
        compliance_year=2025,
    )


def _pieces(total: int, largest: int) -> Iterator[int]:
    """Return the parts in which a sum is paid in, for one command takes only so much."""
    while total > 0:
        yield min(total, largest)
        total -= largest


class Stage:
    """One market; trading days follow each other, or one day is rewound and run again."""

    def __init__(self, profile: Profile, shape: HowMany, means: Means | None = None) -> None:
        self.exchange: Final = Exchange(profile)
        self.is_crowd_written = False
        """Some participants and keys are rows of the core alone, which the exchange's own check finds."""
        self._codes: Final = [product.code for product in profile.products[: shape.products]]
        self._means: Final = means or Means()
        self._days = 0
        self._proposals = 0
        self._references = 0
        self._time_ns = midnight_ns(self.date())
        self._admit_everybody(shape.participants)

    def date(self) -> str:
        """Return the date of the day that is open or comes next."""
        return (FIRST_DATE + dt.timedelta(days=self._days)).isoformat()

    def tell(self, key: int, command: AnyCommand) -> None:
        """Apply one command at the stage's time."""
        sequence = self.exchange.sequence + 1
        entry = Entry(sequence=sequence, time_ns=self._time_ns, key=key, command=command)
        self.exchange.apply(entry)

    def agree(self, actions: Sequence[Action]) -> None:
        """Let two operators carry out actions, many at a time."""
        for start in range(0, len(actions), ACTIONS):
            part = tuple(actions[start : start + ACTIONS])
            self._proposals += 1
            self.tell(OPERATOR, Propose(actions=part, reason="bench"))
            self.tell(CHECKER, Approve(proposal=self._proposals))

    def advance(self, clock: str) -> None:
        """Go on to a time of the stage's day."""
        self._time_ns = midnight_ns(self.date()) + parse_clock(clock)
        self.tell(0, AdvanceTime())

    def _admit_everybody(self, participants: int) -> None:
        roles = (Role.OPERATOR, Role.OPERATOR, Role.CLEARING)
        for number, role in enumerate(roles, OPERATOR):
            self.tell(0, _enrol(number, role))
        everybody = range(1, participants + 1)
        self.agree([_admit(number) for number in everybody])
        first = FIRST_TRADER_KEY - 1
        self.agree([_enrol(first + number, Role.TRADER, number) for number in everybody])
        for number in everybody:
            self._enrich(number)

    def _enrich(self, number: int) -> None:
        for amount_fen in _pieces(self._means.cash_fen, AMOUNT_FEN_MAX):
            self._references += 1
            reference = f"d{self._references}"
            cash = Deposit(participant=number, amount_fen=amount_fen, reference=reference)
            self.tell(REGISTRY, cash)
        holdings = self._means.holdings_t or (HOLDING_T,) * len(self._codes)
        for code, holding_t in zip(self._codes, holdings, strict=True):
            for quantity_t in _pieces(holding_t, QUANTITY_T_MAX):
                self._references += 1
                moved = TransferIn(
                    participant=number,
                    product=code,
                    quantity_t=quantity_t,
                    reference=f"t{self._references}",
                )
                self.tell(REGISTRY, moved)

    def open_day(self) -> None:
        """Open the next trading day and begin its morning session."""
        self._time_ns = midnight_ns(self.date()) + parse_clock("08:30")
        self.tell(0, OpenDay(date=self.date()))
        basis = ReferenceBasis.PREVIOUS_CLOSE if self._days else ReferenceBasis.ADMINISTRATIVE
        prices = dict(zip(self._codes, self._means.references_fen, strict=False))
        self.agree(
            [
                SetReferencePrice(
                    product=quote.product,
                    price_fen=quote.previous_close_fen or prices.get(quote.product, REFERENCE_FEN),
                    basis=basis,
                )
                for quote in self.exchange.market().products
                if quote.is_listed
            ]
        )
        self.advance("09:30")

    def close_day(self) -> None:
        """End the trading day: what is open lapses, the closes are made."""
        self.advance("15:00")
        self._days += 1

    def stamp(self, rows: NDArray[np.void]) -> NDArray[np.void]:
        """Return a flow's records as the next commands of this exchange, a microsecond apart."""
        stamped = rows.copy()
        count = np.arange(1, len(rows) + 1)
        stamped["sequence"] = self.exchange.sequence + count
        stamped["time_ns"] = self.exchange.time_ns + count * STEP_NS
        return stamped


GROWING: Final = {
    "orders": "order_count",
    "cancels": "cancel_count",
    "refusals": "refusal_count",
    "trades": "trade_count",
}
"""Tables of the core that a day fills from the front, and where it is told how far."""


class Rewind:
    """Puts the core of an exchange back to a moment without orders, as often as one likes.

    Only for what order commands of one session change: a flow runs ten times from the very same state,
    and must end with the very same digest each time. The engine itself never goes back.
    """

    def __init__(self, exchange: Exchange) -> None:
        core = exchange._market.core  # noqa: SLF001 - the engine offers no way back, on purpose
        self._rows: Final = core._rows  # noqa: SLF001
        self._market: Final = core.market
        assert not any(self._market[count] for count in GROWING.values()), "a day has begun"
        copied = [name for name in self._rows if name not in GROWING and name != "slots"]
        self._saved: Final = {name: self._rows[name].copy() for name in copied}

    def back(self) -> None:
        """Go back to the moment at which this was made."""
        for name, count in GROWING.items():
            self._rows[name][: int(self._market[count]) + 1] = 0
        self._rows["slots"][:] = 0
        for name, saved in self._saved.items():
            np.copyto(self._rows[name], saved)
