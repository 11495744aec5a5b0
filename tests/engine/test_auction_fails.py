"""Auctions that end otherwise than by selling: halts, suspensions, the close, a corrected reference."""

from collections.abc import Callable

from engine.commands import (
    AdvanceTime,
    AnnounceAuction,
    ApplyAuction,
    CancelCause,
    CloseDay,
    CorrectReferencePrice,
    Entry,
    Halt,
    HaltScope,
    Method,
    ReferenceBasis,
    Restriction,
    RestrictParticipant,
    Resume,
)
from engine.events import (
    AnyEvent,
    AuctionApplied,
    AuctionState,
    Cancelled,
    DayClosed,
    FailureCause,
    ReferencePriceCorrected,
)
from engine.exchange import Exchange
from tests.engine.auction_desk import (
    LOWER,
    SELLER,
    UNIFORM,
    House,
    auction_rules,
    ended,
    taken_back,
    told,
)
from tests.markets import OPERATOR_ONE, OPERATOR_TWO, PRODUCT, Desk, national, trader


def test_a_window_that_ends_in_a_halt_fails() -> None:
    scopes: list[Callable[[], Halt]] = [
        lambda: Halt(scope=HaltScope.MARKET, explanation="演示"),
        lambda: Halt(scope=HaltScope.METHOD, method=Method.AUCTION, explanation="演示"),
        lambda: Halt(scope=HaltScope.PRODUCT, product=PRODUCT, explanation="演示"),
    ]
    for scope in scopes:
        house = House()
        house.begin()
        house.bid(2, 5_000, 100)
        house.send(OPERATOR_ONE, scope())
        events = house.desk.advance("10:30")
        result = ended(events)
        assert (result.state, result.cause) == (AuctionState.FAILED, FailureCause.HALTED)
        assert taken_back(events) == [(2, 100), (1, 100_000)]
        assert house.auction().cause is FailureCause.HALTED


def test_a_halted_bidder_is_still_bound() -> None:
    house = House()
    house.begin()
    house.bid(2, 5_000, 100)
    house.send(OPERATOR_ONE, Halt(scope=HaltScope.PARTICIPANT, participant=2, explanation="演示"))
    assert told(house.desk.advance("10:30")) == [(2, 5_000, 100)]


def test_a_suspended_seller_ends_its_auction_at_once() -> None:
    house = House()
    house.begin()
    house.bid(2, 5_000, 100)
    house.bid(3, 5_000, 200)
    events = house.desk.approve(
        RestrictParticipant(participant=SELLER, restriction=Restriction.SUSPENDED)
    )
    causes = [event.cause for event in events if isinstance(event, Cancelled)]
    assert causes == [CancelCause.SUSPENSION, CancelCause.AUCTION, CancelCause.AUCTION]
    assert taken_back(events) == [(1, 100_000), (2, 100), (3, 200)]
    result = ended(events)
    assert (result.cause, result.bid_t, result.bidders) == (FailureCause.HALTED, 300, 2)
    assert house.locked_fen(3) == 0
    assert house.desk.advance("10:30") == []


def test_a_suspended_bidders_bids_count_no_more() -> None:
    house = House()
    house.begin()
    house.bid(2, 5_000, 100)
    house.bid(3, 4_900, 200)
    house.desk.approve(RestrictParticipant(participant=2, restriction=Restriction.SUSPENDED))
    result = ended(house.desk.advance("10:30"))
    assert (result.bids, result.bidders, result.price_fen, result.sold_t) == (1, 1, 4_900, 200)


def test_the_days_close_fails_what_is_still_announced() -> None:
    """A method's day may be ended by hand before a window: orders lapse, then the auctions fail."""
    house = House()
    house.begin()
    house.bid(2, 5_000, 100)
    house.apply(200_000)
    events = house.desk.approve(CloseDay(explanation="演示"))
    causes = {event.cause for event in events if isinstance(event, Cancelled)}
    assert causes == {CancelCause.CLOSE}
    assert taken_back(events) == [(1, 100_000), (2, 100), (3, 200_000)]
    result = ended(events)
    assert (result.auction, result.cause) == (1, FailureCause.DAY_CLOSED)
    assert (result.bid_t, result.bids, result.bidders) == (100, 1, 1)
    assert house.application(2).state is AuctionState.ENDED
    assert isinstance(events[-1], DayClosed)
    assert (house.locked_fen(2), house.locked_t()) == (0, 0)


# ---------------------------------------------------------------- a corrected reference


def halted(house: House) -> None:
    """Halt the product, so that its reference may be corrected."""
    house.send(OPERATOR_ONE, Halt(scope=HaltScope.PRODUCT, product=PRODUCT, explanation="演示"))


def correct(house: House, price_fen: int) -> list[AnyEvent]:
    """Let two operators correct the reference."""
    return house.desk.approve(
        CorrectReferencePrice(product=PRODUCT, price_fen=price_fen, explanation="演示")
    )


def test_a_corrected_reference_ends_the_auctions_of_its_product() -> None:
    house = House()
    house.begin()
    house.apply(200_000)
    house.bid(2, 5_000, 100)
    halted(house)
    events = correct(house, 4_810)
    assert isinstance(events[0], ReferencePriceCorrected)
    assert taken_back(events) == [(3, 100), (1, 100_000), (2, 200_000)]
    causes = {event.cause for event in events if isinstance(event, Cancelled)}
    assert causes == {CancelCause.AUCTION}
    result = ended(events)
    assert (result.auction, result.cause) == (1, FailureCause.REFERENCE)
    assert result.state is AuctionState.FAILED
    assert house.application(2).state is AuctionState.ENDED
    assert (house.locked_fen(2), house.locked_t()) == (0, 0)


def test_a_corrected_reference_leaves_the_auctions_of_other_products() -> None:
    """On the day that CEA21 is listed beside CEA19-20, only the corrected one's auctions end."""
    exchange = Exchange(national())
    desk = Desk(exchange)
    desk.found(2)
    desk.open_day("2023-08-28")
    for product in ("CEA19-20", "CEA21"):
        desk.endow(SELLER, 0, 500_000, product)
        desk.set_reference(7_000, product, ReferenceBasis.ADMINISTRATIVE)
        for _ in range(2):
            apply = ApplyAuction(
                product=product,
                quantity_t=100_000,
                floor=LOWER,
                price_mode=UNIFORM,
                client_order=desk.next_client_order(),
            )
            assert isinstance(desk.one(trader(SELLER), apply), AuctionApplied)
    begin, end = desk.clock("10:00"), desk.clock("10:30")
    for auction in (1, 3):
        desk.approve(AnnounceAuction(auction=auction, begin_ns=begin, end_ns=end))
    halt = Halt(scope=HaltScope.PRODUCT, product="CEA21", explanation="演示")
    desk.send(OPERATOR_ONE, halt)
    correction = CorrectReferencePrice(product="CEA21", price_fen=7_100, explanation="演示")
    events = desk.approve(correction)
    assert taken_back(events) == [(3, 100_000), (4, 100_000)]
    assert ended(events).auction == 3
    states = [row.state for row in exchange.applications(SELLER)]
    assert states == [
        AuctionState.ANNOUNCED,
        AuctionState.APPLIED,
        AuctionState.FAILED,
        AuctionState.ENDED,
    ]


def test_a_new_application_follows_the_corrected_reference() -> None:
    house = House()
    house.begin()
    halted(house)
    correct(house, 5_000)
    house.send(OPERATOR_TWO, Resume(halt=1, explanation="演示"))
    applied = house.apply(100_000)
    assert isinstance(applied, AuctionApplied)
    assert (applied.floor_fen, applied.cap_fen) == (4_500, 5_500)


# ---------------------------------------------------------------- from a snapshot


def test_a_snapshot_in_mid_window_comes_to_the_same_result() -> None:
    """Random ties draw on every bid, so a bid lost or moved on the way would show."""
    profile = auction_rules(ties="random", bid_visibility="ladder")
    house = House(profile)
    house.begin()
    for participant, price, tonnes in (
        (2, 4_800, 40_000), (3, 4_800, 40_000), (4, 4_800, 40_000), (5, 5_000, 7_000), (6, 4_700, 9),
    ):  # fmt: skip
        house.bid(participant, price, tonnes)
    gone = house.bid(2, 5_000, 11)
    house.cancel(2, gone)
    twin = Exchange.from_snapshot(house.exchange.profile, house.exchange.snapshot())
    assert twin.state_digest() == house.exchange.state_digest()
    assert twin.auctions() == house.exchange.auctions()
    assert twin.auctions()[0].bids != ()
    house.bid(3, 5_100, 1_000)
    twin.apply(house.checked.entries[-1])
    house.cancel(5, 5)
    twin.apply(house.checked.entries[-1])
    sequence = house.exchange.sequence + 1
    over = Entry(sequence, house.desk.clock("10:30"), 0, AdvanceTime())
    assert twin.apply(over) == house.exchange.apply(over)
    assert twin.event_digest() == house.exchange.event_digest()
    assert twin.state_digest() == house.exchange.state_digest()
    assert twin.auctions() == house.exchange.auctions()
    twin.check()


def test_one_batch_or_one_command_at_a_time_is_the_same() -> None:
    house = House(auction_rules(ties="random"))
    house.begin()
    for participant in (2, 3, 4):
        house.bid(participant, 4_800, 60_000)
    house.desk.advance("10:30")
    whole = Exchange(house.exchange.profile)
    whole.apply_entries(house.checked.entries)
    assert whole.event_digest() == house.exchange.event_digest()
    assert whole.state_digest() == house.exchange.state_digest()
