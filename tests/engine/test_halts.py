"""Halts (暂停交易, R80): one stops, another lets go on; nothing new is ordered, everything old can be cancelled."""

from collections.abc import Callable

import pytest
from msgspec import structs

from engine.commands import (
    AcceptBlock,
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    CancelOrder,
    ConfirmBlock,
    CounterBlock,
    Halt,
    HaltScope,
    Method,
    OfferBlock,
    OfferBlockToGroup,
    OrderCommand,
    PickListing,
    PlaceBid,
    PlaceListing,
    PriceMode,
    ReduceOrder,
    RefuseBlock,
    Resume,
    SetBlockGroup,
    Side,
    TakeListings,
)
from engine.events import (
    AuctionApplied,
    BlockCountered,
    BlockGroupSet,
    BlockOffered,
    BlockRefused,
    Cancelled,
    Halted,
    ListingPlaced,
    Reduced,
    Refused,
    Resumed,
    Traded,
)
from engine.profile import Profile
from engine.reasons import Reason
from engine.views import HaltView
from tests.engine.control_desk import exchange_of, halt, refusal, resume, roomy_profile, watched_day
from tests.markets import (
    CLEARING,
    OPERATOR_ONE,
    OPERATOR_ONE_AGAIN,
    OPERATOR_TWO,
    PRODUCT,
    Desk,
    trader,
)

OTHER = "CEA21"


def without_auctions() -> Profile:
    return structs.replace(roomy_profile(), auction=None)


def with_capacity(**changes: int) -> Profile:
    rules = roomy_profile()
    return structs.replace(rules, capacity=structs.replace(rules.capacity, **changes))


# ---------------------------------------------------------------- what a halt stops


def afternoon() -> Desk:
    """Return a desk at 13:32 on which everything can be done that a halt may stop.

    P1 lists 100 t to sell (1), offers P2 two blocks (2, 3) and has applied for an auction (4), open now;
    P2 buys 100 t (5), has a group and answers the second offer (6).
    """
    rules = roomy_profile()
    desk = watched_day(structs.replace(rules, listed=structs.replace(rules.listed, reduce=True)))
    desk.advance("13:30")
    assert isinstance(desk.listing(1, Side.SELL, 4_900, 100), ListingPlaced)
    for _ in range(2):
        offered = desk.one(trader(1), structs.replace(offering(desk), counterparty=2))
        assert isinstance(offered, BlockOffered)
    assert isinstance(desk.one(trader(1), applying(desk)), AuctionApplied)
    begin, end = desk.clock("13:31"), desk.clock("14:00")
    desk.approve(AnnounceAuction(auction=1, begin_ns=begin, end_ns=end))
    desk.advance("13:32")
    assert isinstance(desk.listing(2, Side.BUY, 4_700, 100), ListingPlaced)
    assert isinstance(desk.one(trader(2), grouping()), BlockGroupSet)
    assert isinstance(desk.one(trader(2), countering(desk)), BlockCountered)
    return desk


def grouping() -> SetBlockGroup:
    return SetBlockGroup(group="all", members=(1, 3))


def placing(desk: Desk) -> OrderCommand:
    return PlaceListing(
        product=PRODUCT,
        side=Side.BUY,
        price_fen=4_650,
        quantity_t=10,
        client_order=desk.next_client_order(),
    )


def picking(desk: Desk) -> OrderCommand:
    return PickListing(listing=1, quantity_t=10, client_order=desk.next_client_order())


def taking(desk: Desk) -> OrderCommand:
    return TakeListings(
        product=PRODUCT,
        side=Side.BUY,
        quantity_t=10,
        limit_price_fen=4_900,
        client_order=desk.next_client_order(),
    )


def offering(desk: Desk) -> OfferBlock:
    return OfferBlock(
        product=PRODUCT,
        side=Side.SELL,
        counterparty=3,
        price_fen=4_800,
        quantity_t=100_000,
        client_order=desk.next_client_order(),
    )


def accepting(desk: Desk) -> OrderCommand:
    return AcceptBlock(offer=2, client_order=desk.next_client_order())


def offering_to_group(desk: Desk) -> OrderCommand:
    return OfferBlockToGroup(
        product=PRODUCT,
        side=Side.SELL,
        group="all",
        price_fen=4_800,
        quantity_t=100_000,
        client_order=desk.next_client_order(),
    )


def countering(desk: Desk) -> OrderCommand:
    return CounterBlock(
        offer=3,
        counterparty=1,
        price_fen=4_750,
        quantity_t=100_000,
        client_order=desk.next_client_order(),
    )


def confirming(desk: Desk) -> OrderCommand:
    (talk,) = exchange_of(desk).negotiations(2)
    return ConfirmBlock(
        offer=3, counterparty=1, terms=talk.terms, client_order=desk.next_client_order()
    )


def bidding(desk: Desk) -> OrderCommand:
    return PlaceBid(
        auction=1, price_fen=4_850, quantity_t=10, client_order=desk.next_client_order()
    )


def applying(desk: Desk) -> OrderCommand:
    return ApplyAuction(
        product=PRODUCT,
        quantity_t=100_000,
        floor=AuctionFloor.PREVIOUS_CLOSE,
        price_mode=PriceMode.UNIFORM,
        client_order=desk.next_client_order(),
    )


Maker = Callable[[Desk], OrderCommand]
LISTED: tuple[Maker, ...] = (placing, picking, taking)
BLOCK: tuple[Maker, ...] = (offering, accepting, offering_to_group, countering, confirming)
AUCTION: tuple[Maker, ...] = (applying, bidding)
EVERYTHING = (*LISTED, *BLOCK, *AUCTION)


@pytest.mark.parametrize(
    ("scope", "target", "stopped"),
    [
        (HaltScope.MARKET, {}, EVERYTHING),
        (HaltScope.METHOD, {"method": Method.LISTED}, LISTED),
        (HaltScope.METHOD, {"method": Method.BLOCK}, BLOCK),
        (HaltScope.METHOD, {"method": Method.AUCTION}, AUCTION),
        (HaltScope.PRODUCT, {"product": PRODUCT}, EVERYTHING),
        (HaltScope.PRODUCT, {"product": OTHER}, ()),
        (HaltScope.PARTICIPANT, {"participant": 2}, EVERYTHING),
        (HaltScope.PARTICIPANT, {"participant": 3}, ()),
    ],
    ids=lambda value: value.value if isinstance(value, HaltScope) else "",
)
@pytest.mark.parametrize("make", EVERYTHING, ids=lambda make: make.__name__)
def test_a_halt_stops_new_orders_inside_its_scope_only(
    make: Maker, scope: HaltScope, target: dict[str, object], stopped: tuple[Maker, ...]
) -> None:
    desk = afternoon()
    assert isinstance(halt(desk, scope, **target), Halted)
    answer = desk.send(trader(2), make(desk))[-1]
    if make in stopped:
        assert isinstance(answer, Refused), answer
        assert (answer.reason, answer.figure_a) == (Reason.HALTED, 1)
        assert isinstance(resume(desk, 1), Resumed)
        answer = desk.send(trader(2), make(desk))[-1]
    assert not isinstance(answer, Refused), answer


def test_what_takes_back_stays_possible_and_a_halted_listing_binds() -> None:
    desk = afternoon()
    halt(desk, HaltScope.PARTICIPANT, participant=1)
    picked = desk.one(trader(2), picking(desk))
    assert isinstance(picked, Traded)  # P1 is halted, its listing still stands and binds
    halt(desk, HaltScope.MARKET)
    halt(desk, HaltScope.PRODUCT, product=PRODUCT)
    halt(desk, HaltScope.PARTICIPANT, participant=2)
    assert refusal(desk, trader(2), placing(desk)) == (Reason.HALTED, 2, 0)
    reduced = ReduceOrder(order=1, quantity_t=20, client_order=desk.next_client_order())
    assert isinstance(desk.one(trader(1), reduced), Reduced)
    refused = RefuseBlock(offer=3, counterparty=1, client_order=desk.next_client_order())
    assert isinstance(desk.send(trader(2), refused)[0], BlockRefused)
    assert isinstance(desk.one(trader(2), grouping()), BlockGroupSet)
    for participant, order, left in ((1, 1, 70), (1, 2, 100_000), (1, 3, 100_000), (2, 5, 100)):
        cancel = CancelOrder(order=order, client_order=desk.next_client_order())
        cancelled = desk.one(trader(participant), cancel)
        assert isinstance(cancelled, Cancelled)
        assert cancelled.quantity_t == left


def test_the_halt_that_stands_longest_is_told() -> None:
    """Market or method before the participant, and all of these before the product."""
    desk = afternoon()
    halt(desk, HaltScope.PRODUCT, product=PRODUCT)
    halt(desk, HaltScope.PARTICIPANT, participant=2)
    halt(desk, HaltScope.METHOD, method=Method.LISTED)
    halt(desk, HaltScope.MARKET)
    told = []
    for ended in (3, 4, 2, 1):
        told.append(refusal(desk, trader(2), placing(desk))[1])
        resume(desk, ended)
    assert told == [3, 4, 2, 1]
    assert isinstance(desk.one(trader(2), placing(desk)), ListingPlaced)


# ---------------------------------------------------------------- what is told


def test_a_halt_names_only_what_its_scope_uses() -> None:
    desk = watched_day(with_capacity(halts=9))
    full = {"method": Method.BLOCK, "product": OTHER, "participant": 2}
    told = [halt(desk, scope, **full) for scope in HaltScope]
    assert [
        (row.halt, row.scope, row.method, row.product, row.participant)
        for row in told
        if isinstance(row, Halted)
    ] == [
        (1, HaltScope.MARKET, Method.LISTED, "", 0),
        (2, HaltScope.METHOD, Method.BLOCK, "", 0),
        (3, HaltScope.PRODUCT, Method.LISTED, OTHER, 0),
        (4, HaltScope.PARTICIPANT, Method.LISTED, "", 2),
    ]
    exchange = exchange_of(desk)
    assert exchange.halts()[2] == HaltView(
        halt=3,
        scope=HaltScope.PRODUCT,
        method=Method.LISTED,
        product=OTHER,
        participant=0,
        person="演示甲",
        explanation="系统故障",
        time_ns=told[2].time_ns,
    )
    assert [row.halt for row in exchange.halts()] == [1, 2, 3, 4]
    market = exchange.market()
    assert [(row.method, row.halt) for row in market.methods] == [
        (Method.LISTED, 1),
        (Method.BLOCK, 1),
        (Method.AUCTION, 1),
    ]
    assert [(row.product, row.halt) for row in market.products] == [
        (PRODUCT, 0),
        (OTHER, 3),
        ("CEA22", 0),
    ]
    assert [row.halt for row in exchange.participants()] == [0, 4, 0]
    ended = resume(desk, 1)
    assert isinstance(ended, Resumed)
    assert (ended.halt, ended.scope, ended.person, ended.explanation) == (
        1,
        HaltScope.MARKET,
        "演示乙",
        "故障排除",
    )
    methods = exchange_of(desk).market().methods
    assert [row.halt for row in methods] == [0, 2, 0]


def test_numbers_run_on_and_halts_outlive_the_day() -> None:
    desk = watched_day(roomy_profile())
    halt(desk, HaltScope.PRODUCT, product=PRODUCT)
    resume(desk, 1)
    halt(desk, HaltScope.PRODUCT, product=PRODUCT)
    halt(desk, HaltScope.PARTICIPANT, participant=3)
    desk.advance("15:00")
    assert [row.halt for row in exchange_of(desk).halts()] == [2, 3]
    halt(desk, HaltScope.METHOD, method=Method.BLOCK)  # no day is open, and it counts
    desk.open_day("2021-07-19")
    desk.set_reference(4_800)
    desk.advance("13:30")
    assert refusal(desk, trader(2), placing(desk)) == (Reason.HALTED, 2, 0)
    assert refusal(desk, trader(3), placing(desk)) == (Reason.HALTED, 3, 0)
    assert refusal(desk, trader(2), offering(desk)) == (Reason.HALTED, 4, 0)
    resume(desk, 2)
    assert isinstance(desk.one(trader(2), placing(desk)), ListingPlaced)


# ---------------------------------------------------------------- what is refused


def halting(scope: HaltScope, **target: object) -> Halt:
    return Halt(scope=scope, explanation="演示", **target)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (halting(HaltScope.METHOD, method=Method.AUCTION), (Reason.NOT_OFFERED, 0, 0)),
        (halting(HaltScope.PRODUCT, product="CEA99"), (Reason.PRODUCT_UNKNOWN, 0, 0)),
        (halting(HaltScope.PRODUCT), (Reason.PRODUCT_UNKNOWN, 0, 0)),
        (halting(HaltScope.PARTICIPANT, participant=9), (Reason.PARTICIPANT_UNKNOWN, 9, 0)),
        (halting(HaltScope.PARTICIPANT), (Reason.PARTICIPANT_UNKNOWN, 0, 0)),
        (halting(HaltScope.MARKET, participant=9), (Reason.ALREADY_HALTED, 1, 0)),
        (halting(HaltScope.PRODUCT, product=PRODUCT), (Reason.ALREADY_HALTED, 2, 0)),
        (Resume(halt=3, explanation="演示"), (Reason.HALT_UNKNOWN, 3, 0)),
        (Resume(halt=2, explanation="演示"), (Reason.SAME_PERSON, 0, 0)),
    ],
    ids=lambda value: str(value[0].name) if isinstance(value, tuple) else "",
)
def test_refusals_of_a_halt_and_of_its_end(
    command: Halt | Resume, told: tuple[Reason, int, int]
) -> None:
    desk = watched_day(without_auctions())
    halt(desk, HaltScope.MARKET)
    halt(desk, HaltScope.PRODUCT, product=PRODUCT)
    for key in (OPERATOR_ONE, OPERATOR_ONE_AGAIN):  # a second key is the same person
        assert refusal(desk, key, command) == told


def test_halts_are_for_operators_and_have_a_limit() -> None:
    desk = watched_day(with_capacity(halts=2))
    for key, reason in (
        (trader(1), Reason.ROLE_NOT_PERMITTED),
        (CLEARING, Reason.ROLE_NOT_PERMITTED),
        (0, Reason.ROLE_NOT_PERMITTED),
        (99, Reason.KEY_UNKNOWN),
    ):
        assert refusal(desk, key, halting(HaltScope.MARKET)) == (reason, 0, 0)
        assert refusal(desk, key, Resume(halt=1, explanation="演示")) == (reason, 0, 0)
    halt(desk, HaltScope.PARTICIPANT, participant=1)
    halt(desk, HaltScope.PARTICIPANT, participant=2)
    third = halting(HaltScope.PARTICIPANT, participant=3)
    assert refusal(desk, OPERATOR_TWO, third) == (Reason.HALTS_FULL, 2, 0)
    resume(desk, 1)
    assert isinstance(desk.one(OPERATOR_TWO, third), Halted)
