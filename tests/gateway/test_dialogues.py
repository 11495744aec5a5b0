"""Blocks in talk, auctions, halts and voided trades over the wire: verbs, questions, and who learns what."""

from typing import Any

import pytest
from msgspec import structs

from engine.commands import (
    AddClosure,
    AnnounceAuction,
    AuctionFloor,
    CorrectReferencePrice,
    HaltScope,
    Method,
    PriceMode,
    Side,
    VoidTrade,
)
from engine.events import (
    AuctionAnnounced,
    AuctionApplied,
    AuctionEnded,
    AuctionState,
    BidPlaced,
    BlockConfirmed,
    BlockCountered,
    BlockGroupSet,
    BlockOfferedToGroup,
    BlockRefused,
    Cancelled,
    Halted,
    ListingsTaken,
    ReferencePriceCorrected,
    Refused,
    Resumed,
    Traded,
    TradeVoided,
)
from engine.reasons import Reason
from gateway import wire
from gateway.client import Client, SubmitFailed
from tests.gateway.gateway_world import World, pushed, serving, until
from tests.markets import PRODUCT

BLOCK_T = 100_000


async def private_events(client: Client, sequence: int) -> list[Any]:
    """Return the private events up to a sequence."""
    frames = await until(client, wire.PrivateEvents, sequence)
    return [event for frame in frames for event in frame.events]


async def operators(world: World) -> tuple[Client, Client]:
    return await world.connect(world.operators[0]), await world.connect(world.operators[1])


async def test_a_group_is_offered_a_block_and_one_member_talks_it_to_a_trade() -> None:
    async with serving(clock="13:00", traders=4) as world:
        one, two, three, four = [await world.trader(number) for number in (1, 2, 3, 4)]
        for client in (two, three, four):
            await client.subscribe("private")
        made = await one.set_block_group("own-friends", [2, 3])
        assert isinstance(made.first, BlockGroupSet)
        assert [view.members for view in await one.groups()] == [(2, 3)]
        assert await two.groups() == ()
        offer = await one.offer_block_to_group(PRODUCT, Side.SELL, "own-friends", 4_800, BLOCK_T)
        assert isinstance(offer.first, BlockOfferedToGroup)
        (own,) = await one.offers()
        assert (own.group, own.members) == ("own-friends", (2, 3))
        (seen,) = await two.offers()
        assert (seen.group, seen.members, seen.participant) == ("", (2,), 1)
        assert await four.offers() == ()
        countered = await two.counter_block(offer.order, 1, 4_700, BLOCK_T, "议价")
        assert isinstance(countered.first, BlockCountered)
        rival = await three.counter_block(offer.order, 1, 4_750, BLOCK_T)
        (talk,) = await two.negotiations()
        assert (talk.round, talk.text, talk.first_price_fen) == (1, "议价", 4_800)
        assert len(await one.negotiations()) == 2
        assert await four.negotiations() == ()
        first = await one.confirm_block(offer.order, 2, talk.terms)
        assert isinstance(first.first, BlockConfirmed)
        done = await two.confirm_block(offer.order, 1, talk.terms)
        assert done.traded is not None
        assert done.traded.price_fen == 4_700
        # The rival's counter-offer ended by this command, which is none of the buyer's business.
        assert not any(isinstance(event, Cancelled) for event in done.events)
        of_rival = await private_events(three, done.sequence)
        assert isinstance(of_rival[-1], Cancelled)
        assert of_rival[-1].order == rival.order
        assert not any(isinstance(event, Traded) for event in of_rival)
        of_two = await private_events(two, done.sequence)
        assert [type(event).__name__ for event in of_two] == [
            "BlockOfferedToGroup",
            "BlockCountered",
            "BlockConfirmed",
            "BlockConfirmed",
            "Traded",
        ]
        assert of_two[0].group == ""
        assert of_two[0].key == of_two[2].key == 0
        assert of_two[1].key == world.trader_key(2)
        found = await two.find_order(done.events[0].client_order)  # type: ignore[union-attr]
        assert found is not None
        assert found.events == done.events
        for client in (one, two, three, four):
            await client.close()


async def test_a_directed_offer_is_refused_and_both_sides_hear_it() -> None:
    async with serving(clock="13:00") as world:
        one, two = await world.trader(1), await world.trader(2)
        await one.subscribe("private")
        offer = await one.offer_block(PRODUCT, Side.SELL, 2, 4_800, BLOCK_T)
        refused = await two.refuse_block(offer.order, 1)
        assert isinstance(refused.first, BlockRefused)
        heard = await private_events(one, refused.sequence)
        assert [type(event).__name__ for event in heard] == [
            "BlockOffered",
            "BlockRefused",
            "Cancelled",
        ]
        await one.close()
        await two.close()


async def test_a_total_quantity_is_taken_and_what_is_left_is_told() -> None:
    async with serving() as world, await world.trader(1) as client:
        own = await client.place_listing(PRODUCT, Side.SELL, 4_850, 50)
        less = await client.reduce_order(own.order, 20)
        assert isinstance(less.first, Refused)
        assert less.first.reason is Reason.NOT_OFFERED, "nationally nothing is reduced"
        world.list(2, Side.SELL, 4_860, 100)
        world.list(3, Side.SELL, 4_870, 100)
        await client.subscribe("private")
        taken = await client.take_listings(PRODUCT, Side.BUY, 250, 4_900)
        assert [trade.quantity_t for trade in taken.trades] == [100, 100]
        assert isinstance(taken.events[-1], ListingsTaken)
        assert taken.events[-1].left_t == 50
        found = await client.find_order(taken.events[-1].client_order)
        assert found is not None
        assert found.events == taken.events
        again = await client.take_listings(
            PRODUCT, Side.BUY, 250, 4_900, client_order=taken.events[-1].client_order
        )
        assert again.is_repeat
        assert again.first == taken.events[-1]


async def test_an_auction_from_application_to_result() -> None:
    async with serving(clock="09:45", traders=4) as world:
        seller, two, three = [await world.trader(number) for number in (1, 2, 3)]
        observer = await world.connect(None)
        operator, other = await operators(world)
        for client in (seller, two, operator):
            await client.subscribe("private")
        await observer.subscribe("market", "trades")
        applied = await seller.apply_auction(
            PRODUCT, BLOCK_T, AuctionFloor.LOWER_LIMIT, PriceMode.UNIFORM
        )
        assert isinstance(applied.first, AuctionApplied)
        auction = applied.first.auction
        assert await observer.auctions() == ()
        assert await two.applications() == ()
        assert [view.auction for view in await seller.applications()] == [auction]
        (waiting,) = await operator.applications()
        assert waiting.participant == 1
        announcement = AnnounceAuction(
            auction=auction, begin_ns=world.clock("10:00"), end_ns=world.clock("10:30")
        )
        proposal = (await operator.propose([announcement], "演示")).first
        await other.approve(proposal.proposal)  # type: ignore[union-attr]
        (view,) = await observer.auctions()
        assert (view.state, view.quantity_t) == (AuctionState.ANNOUNCED, BLOCK_T)
        world.go_to("10:00")
        bid = await two.place_bid(auction, 4_700, 600)
        assert isinstance(bid.first, BidPlaced)
        last = await three.place_bid(auction, 4_600, 400)
        assert (await observer.auctions())[0].bids == ()
        world.go_to("10:30")
        end = world.exchange.sequence - 1
        public = await until(observer, wire.MarketChanged, end)
        events = [e for f in public if isinstance(f, wire.MarketChanged) for e in f.events]
        assert any(isinstance(event, AuctionAnnounced) for event in events)
        (result,) = [event for event in events if isinstance(event, AuctionEnded)]
        assert (result.price_fen, result.sold_t, result.bidders) == (4_600, 1_000, 2)
        assert not any(isinstance(frame, wire.TradesPrinted) for frame in public)
        assert not any(
            isinstance(event, BidPlaced | Traded) for event in await private_events(operator, end)
        )
        of_two = await private_events(two, end)
        assert [type(e).__name__ for e in of_two] == ["BidPlaced", "Traded"]
        assert [
            e.quantity_t for e in await private_events(seller, end) if isinstance(e, Traded)
        ] == [
            600,
            400,
        ]
        assert last.order
        for client in (seller, two, three, observer, operator, other):
            await client.close()


async def test_a_halt_is_public_but_that_of_one_participant() -> None:
    async with serving() as world:
        operator, other = await operators(world)
        one, two = await world.trader(1), await world.trader(2)
        observer = await world.connect(None)
        await observer.subscribe("market")
        await one.subscribe("private")
        await pushed(observer, 1)
        halted = await operator.halt(HaltScope.PRODUCT, "演示", product=PRODUCT)
        assert isinstance(halted.first, Halted)
        own = await operator.halt(HaltScope.PARTICIPANT, "演示", participant=1)
        refused = await two.place_listing(PRODUCT, Side.BUY, 4_700, 1)
        assert refused.refused is not None
        assert refused.refused.reason is Reason.HALTED
        assert [view.halt for view in await observer.halts()] == [1]
        assert [view.halt for view in await two.halts()] == [1]
        assert [view.halt for view in await one.halts()] == [1, 2]
        assert {view.person for view in await one.halts()} == {""}
        assert all(view.person for view in await operator.halts())
        assert {view.halt for view in await two.participants()} == {0}
        assert (await operator.participants())[0].halt == 2
        same = await operator.resume(1, "演示")
        assert same.refused is not None
        assert same.refused.reason is Reason.SAME_PERSON
        resumed = await other.resume(1, "演示")
        assert isinstance(resumed.first, Resumed)
        frames = await until(observer, wire.MarketChanged, resumed.sequence)
        told = [e for f in frames if isinstance(f, wire.MarketChanged) for e in f.events]
        assert [type(event).__name__ for event in told] == ["Halted", "Resumed"]
        assert {(getattr(e, "key"), getattr(e, "person")) for e in told} == {(0, "")}  # noqa: B009
        (mine,) = await private_events(one, own.sequence)
        assert (mine.halt, mine.person) == (2, "")
        with pytest.raises(SubmitFailed, match="ROLE_NOT_PERMITTED"):
            await one.halt(HaltScope.MARKET, "演示")
        for client in (operator, other, one, two, observer):
            await client.close()


async def test_voided_trades_and_corrected_references_are_told_to_everybody() -> None:
    async with serving() as world, await world.connect(None) as reader:
        await reader.subscribe("market", f"book:{PRODUCT}")
        world.list(1, Side.SELL, 5_200, 100)
        world.list(1, Side.SELL, 4_900, 100)
        world.pick(2, 2, 40)
        voided = world.approve(VoidTrade(trade=1, explanation="演示"))
        frames = await until(reader, wire.MarketChanged, voided.sequence)
        told = [e for f in frames if isinstance(f, wire.MarketChanged) for e in f.events]
        (event,) = [event for event in told if isinstance(event, TradeVoided)]
        assert (event.trade, event.buyer, event.seller) == (1, 0, 0)
        assert (await reader.market()).products[0].listed_quantity_t == 0
        async with await world.connect(world.operators[0]) as operator:
            await operator.halt(HaltScope.PRODUCT, "演示", product=PRODUCT)
        correction = CorrectReferencePrice(product=PRODUCT, price_fen=4_600, explanation="演示")
        corrected = world.approve(correction)
        assert any(isinstance(e, ReferencePriceCorrected) for e in corrected.events)
        books = await until(reader, wire.BookSnapshot, corrected.sequence)
        assert [level.price_fen for level in books[-1].book.asks] == [4_900]
        assert (await reader.market()).products[0].listed_cap_fen == 5_060
        # Where nothing is cancelled the book is told all the same: its listings were laid again.
        nothing = world.approve(structs.replace(correction, price_fen=4_650))
        assert not any(isinstance(event, Cancelled) for event in nothing.events)
        await until(reader, wire.BookSnapshot, nothing.sequence)


async def test_closures_are_public() -> None:
    async with serving() as world, await world.connect(None) as reader:
        world.approve(AddClosure(date="2021-07-20", explanation="演示休市"))
        assert [closure.date for closure in await reader.closures()] == ["2021-07-20"]
        assert await reader.closures(after="2021-07-20") == ()


async def test_every_method_of_the_market_has_its_phase() -> None:
    async with serving() as world, await world.connect(None) as reader:
        methods = {view.method for view in (await reader.market()).methods}
        assert methods == set(Method)
