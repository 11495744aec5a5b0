"""Small markets for tests: profiles, admission data, and a desk that drives engine and oracle side by side."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from msgspec import structs

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
    PlaceListing,
    Propose,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    Side,
    TransferIn,
)
from engine.events import AnyEvent, ReferencePriceSet
from engine.exchange import Exchange
from engine.profile import Composite, Product, Profile, load_profile
from engine.units import midnight_ns, parse_clock
from tests.more_views import compare_more_views
from tests.oracle.exchange import Oracle
from tests.oracle.rules import CREDIT_ALPHABET

FIRST_DATE = "2021-07-16"
PRODUCT = "CEA19-20"
OPERATOR_ONE, OPERATOR_TWO, OPERATOR_ONE_AGAIN, CLEARING = 1, 2, 3, 4
"""Keys of every test market: two operators, the first one's second key, the clearing process."""
FIRST_TRADER = 5


@cache
def national() -> Profile:
    """Return the national profile as shipped."""
    return load_profile(files("engine").joinpath("profiles/national.toml").read_bytes(), "national")


@cache
def small_profile() -> Profile:
    """Return the national rules on a market so small that a short stream reaches every limit of it."""
    whole = national()
    codes = ("CEA19-20", "CEA21", "CEA22")
    starts = ("2021-07-16", "2021-07-20", "2021-07-22")
    products = tuple(
        structs.replace(product, code=code, listed_from=start)
        for product, code, start in zip(whole.products, codes, starts, strict=False)
    )
    composite = (
        Composite(effective_from="2021-07-16", members=codes[:1], weights=(1,)),
        Composite(effective_from="2021-07-20", members=codes[:2], weights=(1, 2)),
        Composite(effective_from="2021-07-22", members=codes, weights=(1, 1, 1)),
    )
    capacity = structs.replace(
        whole.capacity,
        participants=7,
        keys=30,
        codes=2,
        company_proposals=1,
        orders_per_day=300,
        levels=2_000,
        proposals=3,
        fills_per_command=4,
        groups=2,
        group_offers=9,
        negotiations=4,
        rounds=5,
        auctions=3,
        bids=4,
        halts=2,
        closures=1,
        notices=2,
        switches=2,
    )
    return structs.replace(whole, products=products, composite=composite, capacity=capacity)


@cache
def coarse_profile() -> Profile:
    """Return a market with coarser steps and a block session that outlasts the listed one."""
    small = small_profile()
    listed = structs.replace(
        small.listed,
        quantity_t_min=20,
        quantity_t_max=990,
        band_bp=777,
        sessions=(("09:00", "10:15"), ("10:30", "11:30"), ("13:00", "15:00")),
    )
    block = structs.replace(
        small.block,
        quantity_t_min=1_000,
        quantity_t_max=50_000,
        band_bp=2_345,
        sessions=(("10:00", "15:30"),),
    )
    capacity = structs.replace(small.capacity, orders_per_day=200, levels=800, negotiations=1)
    return structs.replace(
        small, tick_size_fen=5, lot_size_t=10, listed=listed, block=block, capacity=capacity
    )


def with_product(profile: Profile, index: int, **changes: Any) -> Profile:
    """Return a profile with one product changed."""
    rows: list[Product] = list(profile.products)
    rows[index] = structs.replace(rows[index], **changes)
    return structs.replace(profile, products=tuple(rows))


def credit_code(number: int) -> str:
    """Return a plainly invented code that passes GB 32100: region 990000 is nobody's."""
    body = f"91990000{number:09d}"
    total = sum(CREDIT_ALPHABET.index(sign) * 3**place for place, sign in enumerate(body))
    return body + CREDIT_ALPHABET[-total % 31]


def public_key(number: int) -> str:
    """Return a public key that only has the right form."""
    return f"{number:064x}"


def admission(number: int, **changes: Any) -> AdmitParticipant:
    """Return the admission of an invented key emitting unit."""
    row = AdmitParticipant(
        name=f"演示电厂{number:03d}",
        credit_code=credit_code(number),
        category=Category.KEY_EMITTING_UNIT,
        province="演示省",
        sector="发电",
        registry_account=f"REG-{number:06d}",
        funds_account=f"BANK-{number:06d}",
        compliance_year=2020,
    )
    return structs.replace(row, **changes)


class Market(Protocol):
    """What a desk needs of an exchange."""

    def apply(self, entry: Entry) -> list[AnyEvent]:
        """Take one entry."""


class Twins:
    """Engine and oracle as one exchange: every answer and every view of both must be equal."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.exchange = Exchange(profile)
        self.oracle = Oracle(profile)
        self.looks_at_everything = True

    def apply(self, entry: Entry) -> list[AnyEvent]:
        expected = self.oracle.apply(entry)
        answered = self.exchange.apply(entry)
        compare_events(entry, answered, expected)
        if self.looks_at_everything:
            self.compare()
        return expected

    def compare(self) -> None:
        """Compare everything that can be seen, and let the engine check itself."""
        compare_views(self.exchange, self.oracle, self.profile)
        self.exchange.check()


def compare_events(
    entry: Entry, answered: Sequence[AnyEvent], expected: Sequence[AnyEvent]
) -> None:
    """Fail with entry and both answers where they differ."""
    __tracebackhide__ = True
    if list(answered) != list(expected):
        told = "\n  ".join(str(event) for event in answered)
        wanted = "\n  ".join(str(event) for event in expected)
        message = f"after {entry}\nengine:\n  {told}\noracle:\n  {wanted}"
        raise AssertionError(message)


def compare_views(exchange: Exchange, oracle: Oracle, profile: Profile) -> None:
    """Fail with the name of the first view in which engine and oracle differ."""
    __tracebackhide__ = True
    numbers = [row.participant for row in oracle.participants()]
    _same("sequence", exchange.sequence, oracle.sequence)
    _same("next boundary", exchange.next_boundary_ns(), oracle.next_boundary_ns())
    _same("participants", exchange.participants(), oracle.participants())
    _same("market", exchange.market(), oracle.market())
    for product in profile.products:
        _same(f"book {product.code}", exchange.book(product.code), oracle.book(product.code))
        deep = oracle.book(product.code, 1_000_000)
        _same(f"deep book {product.code}", exchange.book(product.code, 1_000_000), deep)
        for side, levels in ((Side.BUY, deep.bids), (Side.SELL, deep.asks)):
            for level in levels:
                place = (product.code, side, level.price_fen)
                _same(f"listings {place}", exchange.listings(*place), oracle.listings(*place))
    for number in numbers:
        _same(f"account {number}", exchange.account(number), oracle.account(number))
        _same(f"orders {number}", exchange.orders(number), oracle.orders(number))
        _same(f"trades {number}", exchange.trades(number), oracle.trades(number))
    _same("trades", exchange.trades(), oracle.trades())
    _same("keys", exchange.keys(), oracle.keys())
    _same("proposals", exchange.proposals(), oracle.proposals())
    _same("bulletins", exchange.bulletins(), oracle.bulletins())
    _same("unsettled", exchange.unsettled(), oracle.unsettled())
    compare_more_views(exchange, oracle, numbers, _same)


def _same(name: str, told: object, wanted: object) -> None:
    __tracebackhide__ = True
    if told != wanted:
        message = f"{name} differs\nengine: {told}\noracle: {wanted}"
        raise AssertionError(message)


class Desk:
    """Sends commands one after the other and keeps sequence and time."""

    def __init__(self, market: Market, start_ns: int = 0) -> None:
        self.market = market
        self.sequence = 0
        self.time_ns = start_ns or midnight_ns(FIRST_DATE) + parse_clock("08:00")
        self.date = FIRST_DATE
        self.client_order = 0
        self.reference = 0

    def send(self, key: int, command: AnyCommand, time_ns: int = 0) -> list[AnyEvent]:
        """Apply one command at a time, a nanosecond later than the last where none is given."""
        self.sequence += 1
        self.time_ns = time_ns or self.time_ns + 1
        return self.market.apply(Entry(self.sequence, self.time_ns, key, command))

    def one(self, key: int, command: AnyCommand, time_ns: int = 0) -> AnyEvent:
        """Apply one command that has exactly one event."""
        (event,) = self.send(key, command, time_ns)
        return event

    def clock(self, text: str) -> int:
        """Return the time of a clock text on the date in hand."""
        return midnight_ns(self.date) + parse_clock(text)

    def advance(self, text: str) -> list[AnyEvent]:
        """Let the exchange's clock come to a time of the day."""
        return self.send(0, AdvanceTime(), self.clock(text))

    def open_day(self, date: str, clock: str = "08:30") -> list[AnyEvent]:
        """Open a trading day."""
        self.date = date
        return self.send(0, OpenDay(date=date), self.clock(clock))

    def next_client_order(self) -> int:
        """Return a client order number that was not used yet."""
        self.client_order += 1
        return self.client_order

    def next_reference(self) -> str:
        """Return a reference of the registry that was not used yet."""
        self.reference += 1
        return f"REF-{self.reference}"

    def approve(self, *actions: Action) -> list[AnyEvent]:
        """Let one operator propose and another approve; return the events of the actions."""
        made = self.one(OPERATOR_ONE, Propose(actions=actions, reason="演示"))
        return self.send(OPERATOR_TWO, Approve(proposal=getattr(made, "proposal", 0)))[1:]

    def set_reference(
        self,
        price_fen: int,
        product: str = PRODUCT,
        basis: ReferenceBasis = ReferenceBasis.PREVIOUS_CLOSE,
    ) -> ReferencePriceSet:
        """Let two operators set a reference price that the exchange accepts."""
        (event,) = self.approve(
            SetReferencePrice(product=product, price_fen=price_fen, basis=basis)
        )
        assert isinstance(event, ReferencePriceSet), event
        return event

    def found(self, traders: int) -> None:
        """Enrol the keys of the market and admit participants 1.. with one trader key each."""
        operators = [
            ("演示甲", Role.OPERATOR),
            ("演示乙", Role.OPERATOR),
            ("演示甲", Role.OPERATOR),
        ]
        for number, (person, role) in enumerate([*operators, ("演示清算", Role.CLEARING)], 1):
            self.send(0, EnrolKey(public_key=public_key(number), role=role, person=person))
        if traders:
            self.approve(*(admission(number) for number in range(1, traders + 1)))
            self.approve(*(trader_key(number) for number in range(1, traders + 1)))

    def endow(self, participant: int, cash_fen: int, tonnes: int, product: str = PRODUCT) -> None:
        """Give a participant cash and allowances through the registry."""
        if cash_fen:
            cash = Deposit(
                participant=participant, amount_fen=cash_fen, reference=self.next_reference()
            )
            self.send(CLEARING, cash)
        if tonnes:
            self.send(
                CLEARING,
                TransferIn(
                    participant=participant,
                    product=product,
                    quantity_t=tonnes,
                    reference=self.next_reference(),
                ),
            )

    def listing(
        self, participant: int, side: Side, price_fen: int, quantity_t: int, product: str = PRODUCT
    ) -> AnyEvent:
        """List for a participant."""
        command = PlaceListing(
            product=product,
            side=side,
            price_fen=price_fen,
            quantity_t=quantity_t,
            client_order=self.next_client_order(),
        )
        return self.one(trader(participant), command)


def trader(participant: int) -> int:
    """Return the key of a participant's trader in a market made by `Desk.found`."""
    return FIRST_TRADER + participant - 1


def trader_key(participant: int) -> EnrolKey:
    """Return the enrolment of a participant's trader."""
    return EnrolKey(
        public_key=public_key(100 + participant),
        role=Role.TRADER,
        person=f"演示交易员{participant}",
        participant=participant,
    )


def first_day(
    market: Market, traders: int = 3, cash_fen: int = 10**11, tonnes: int = 500_000
) -> Desk:
    """Return a desk on the first day of the national market at 09:30, everybody endowed."""
    desk = Desk(market)
    desk.found(traders)
    desk.open_day(FIRST_DATE)
    for participant in range(1, traders + 1):
        desk.endow(participant, cash_fen, tonnes)
    desk.set_reference(4_800, basis=ReferenceBasis.ADMINISTRATIVE)
    desk.advance("09:30")
    return desk
