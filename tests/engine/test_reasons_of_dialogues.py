"""The reasons of dialogues, auctions and measures, each brought out on purpose with engine and oracle."""

from typing import Any

from msgspec import structs

from engine.commands import (
    AddClosure,
    AnnounceAuction,
    ApplyAuction,
    ArmSwitch,
    AuctionFloor,
    CancelOrder,
    ChangePhase,
    ConfirmBlock,
    CorrectReferencePrice,
    CounterBlock,
    Halt,
    HaltScope,
    Method,
    OfferBlock,
    PickListing,
    PlaceBid,
    PriceMode,
    PublishNotice,
    RemoveClosure,
    Resume,
    Side,
    VoidTrade,
)
from engine.events import AnyEvent, BlockCountered, Refused
from engine.reasons import Reason
from tests.heard import refusals
from tests.markets import OPERATOR_ONE, OPERATOR_TWO, Twins, first_day, small_profile, trader
from tests.markets_auction import auction_profile


def test_halts_and_closures() -> None:
    desk = first_day(Twins(small_profile()))

    def halt(**target: Any) -> list[AnyEvent]:
        return desk.send(OPERATOR_ONE, Halt(explanation="演示", **target))

    def close(date: str) -> list[AnyEvent]:
        return desk.approve(AddClosure(date=date, explanation="演示"))

    told = [
        halt(scope=HaltScope.PRODUCT, product="CEA19-20"),
        halt(scope=HaltScope.PRODUCT, product="CEA19-20"),
        halt(scope=HaltScope.PARTICIPANT, participant=1),
        halt(scope=HaltScope.MARKET),
        desk.send(OPERATOR_ONE, Resume(halt=1, explanation="演示")),
        desk.send(OPERATOR_TWO, Resume(halt=3, explanation="演示")),
    ]
    assert refusals(*told) == [
        Reason.ALREADY_HALTED,
        Reason.HALTS_FULL,
        Reason.SAME_PERSON,
        Reason.HALT_UNKNOWN,
    ]
    assert refusals(
        close("2021-07-19"),
        close("2021-07-19"),
        close("2021-07-20"),
        desk.approve(RemoveClosure(date="2021-07-20")),
        desk.approve(ChangePhase(method=Method.LISTED, is_open=True)),
        desk.approve(CorrectReferencePrice(product="CEA21", price_fen=1, explanation="演示")),
    ) == [
        Reason.DATE_CLOSED,
        Reason.CLOSURES_FULL,
        Reason.CLOSURE_UNKNOWN,
        Reason.PHASE_UNCHANGED,
        Reason.PRODUCT_NOT_LISTED,
    ]


def test_proceeds_that_were_spent_cannot_go_back() -> None:
    desk = first_day(Twins(small_profile()), cash_fen=0, tonnes=100)
    desk.endow(2, 480_000, 0)
    desk.listing(1, Side.SELL, 4_800, 100)
    desk.one(trader(2), PickListing(listing=1, quantity_t=100, client_order=900))
    desk.listing(1, Side.BUY, 4_800, 1)
    told = desk.approve(VoidTrade(trade=1, explanation="演示"))
    assert refusals(told) == [Reason.PROCEEDS_USED]
    assert isinstance(told[0], Refused)
    assert (told[0].figure_a, told[0].figure_b) == (475_200, 480_000)
    desk.one(trader(1), CancelOrder(order=3, client_order=901))
    void = VoidTrade(trade=1, explanation="演示")
    assert refusals(desk.approve(void), desk.approve(void)) == [Reason.TRADE_ALREADY_VOIDED]


def test_talks_have_limits() -> None:
    desk = first_day(Twins(small_profile()))
    desk.advance("13:00")
    block: dict[str, Any] = {"price_fen": 4_800, "quantity_t": 100_000}

    def counter(offer: int) -> list[AnyEvent]:
        number = desk.next_client_order()
        word = CounterBlock(offer=offer, counterparty=1, client_order=number, **block)
        return desk.send(trader(2), word)

    for number in range(1, 6):
        desk.one(
            trader(1),
            OfferBlock(
                product="CEA19-20", side=Side.SELL, counterparty=2, client_order=number, **block
            ),
        )
    assert refusals(*(counter(offer) for offer in range(1, 6))) == [Reason.NEGOTIATIONS_FULL]
    assert refusals(*(counter(1) for _ in range(5))) == [Reason.ROUNDS_FULL]


def test_a_confirmation_means_the_terms_of_now() -> None:
    desk = first_day(Twins(small_profile()))
    desk.advance("13:00")
    block: dict[str, Any] = {"price_fen": 4_800, "quantity_t": 100_000}
    offered = OfferBlock(
        product="CEA19-20", side=Side.SELL, counterparty=2, client_order=1, **block
    )
    desk.one(trader(1), offered)

    def confirm(terms: str) -> list[AnyEvent]:
        number = desk.next_client_order()
        word = ConfirmBlock(offer=1, counterparty=1, terms=terms, client_order=number)
        return desk.send(trader(2), word)

    assert refusals(confirm("0" * 16)) == [Reason.NEGOTIATION_UNKNOWN]
    counter = CounterBlock(offer=1, counterparty=1, client_order=1_000, **block)
    countered = desk.one(trader(2), counter)
    assert isinstance(countered, BlockCountered)
    assert refusals(confirm("0" * 16)) == [Reason.TERMS_DIFFER]
    assert refusals(confirm(countered.terms)) == []
    assert refusals(confirm(countered.terms)) == [Reason.ALREADY_CONFIRMED]


def test_a_bid_may_bind() -> None:
    desk = first_day(Twins(auction_profile("random")))
    desk.send(
        trader(1),
        ApplyAuction(
            product="CEA19-20",
            quantity_t=1_000,
            floor=AuctionFloor.PREVIOUS_CLOSE,
            price_mode=PriceMode.UNIFORM,
            client_order=1,
        ),
    )
    begin, end = desk.clock("09:40"), desk.clock("10:00")
    desk.approve(AnnounceAuction(auction=1, begin_ns=begin, end_ns=end))
    desk.advance("09:40")

    def bid(participant: int, tonnes: int = 10, auction: int = 1) -> list[AnyEvent]:
        number = desk.next_client_order()
        command = PlaceBid(auction=auction, price_fen=4_800, quantity_t=tonnes, client_order=number)
        return desk.send(trader(participant), command)

    assert refusals(
        bid(2),
        desk.send(trader(2), CancelOrder(order=2, client_order=903)),
        bid(1),
        bid(2, auction=2),
        bid(2, 491),
        *(bid(3) for _ in range(12)),
    ) == [
        Reason.BID_IRREVOCABLE,
        Reason.OWN_AUCTION,
        Reason.AUCTION_UNKNOWN,
        Reason.BIDDER_SHARE_EXCEEDED,
        Reason.BIDS_FULL,
    ]


def test_an_announced_auction_binds_and_a_day_has_room_for_so_many() -> None:
    rules = auction_profile()
    rules = structs.replace(rules, capacity=structs.replace(rules.capacity, auctions=2))
    desk = first_day(Twins(rules))

    def apply(number: int) -> list[AnyEvent]:
        application = ApplyAuction(
            product="CEA19-20",
            quantity_t=1_000,
            floor=AuctionFloor.PREVIOUS_CLOSE,
            price_mode=PriceMode.UNIFORM,
            client_order=number,
        )
        return desk.send(trader(1), application)

    assert refusals(*(apply(number) for number in (1, 2, 3))) == [Reason.AUCTIONS_FULL]
    begin, end = desk.clock("09:40"), desk.clock("10:00")
    desk.approve(AnnounceAuction(auction=1, begin_ns=begin, end_ns=end))
    binding = desk.send(trader(1), CancelOrder(order=1, client_order=904))
    assert refusals(binding) == [Reason.AUCTION_ANNOUNCED]


def test_notices_switches_and_dates() -> None:
    desk = first_day(Twins(small_profile()))
    notice = PublishNotice(text_zh="演示", text_en="demo")
    closure = AddClosure(date="2022-02-29", explanation="演示")
    assert refusals(desk.approve(notice, notice, notice, closure)) == [
        Reason.NOTICES_FULL,
        Reason.DATE_INVALID,
    ]
    told = (
        desk.send(trader(number), ArmSwitch(timeout_s=60, client_order=905)) for number in (1, 2, 3)
    )
    assert refusals(*told) == [Reason.SWITCHES_FULL]


DIALOGUE_SCENES = (
    test_an_announced_auction_binds_and_a_day_has_room_for_so_many,
    test_notices_switches_and_dates,
    test_halts_and_closures,
    test_proceeds_that_were_spent_cannot_go_back,
    test_talks_have_limits,
    test_a_confirmation_means_the_terms_of_now,
    test_a_bid_may_bind,
)
