"""What readers see: five levels, public trades, the market, private events, drop copy."""

from typing import Any

import pytest

from engine.commands import (
    AcceptBlock,
    CancelOrder,
    FreezeHolding,
    OfferBlock,
    OpenDay,
    ReleaseHolding,
    Restriction,
    RestrictParticipant,
    SettleTrade,
    Side,
)
from engine.events import (
    BlockOffered,
    Cancelled,
    DayClosed,
    HoldingFrozen,
    HoldingReleased,
    PhaseChanged,
    Traded,
)
from engine.reasons import Reason
from gateway import wire
from gateway.client import Gap
from tests.gateway.gateway_world import CLEARING, World, pushed, raw, serving, settings, until
from tests.markets import PRODUCT


async def test_the_book_shows_five_levels_and_every_change() -> None:
    async with serving() as world, await world.connect(None) as reader:
        for number in range(7):
            world.list(1, Side.SELL, 4_850 + number, 100 + number)
            world.list(2, Side.BUY, 4_750 - number, 200 + number)
        await reader.subscribe(f"book:{PRODUCT}")
        (first,) = await pushed(reader, 1)
        assert isinstance(first, wire.BookSnapshot)
        assert [level.price_fen for level in first.book.asks] == [4_850, 4_851, 4_852, 4_853, 4_854]
        assert [level.price_fen for level in first.book.bids] == [4_750, 4_749, 4_748, 4_747, 4_746]
        assert first.book.asks[1].quantity_t == 101
        assert first.book.asks[1].count == 1
        taken = world.pick(3, 1, 100)
        (second,) = await pushed(reader, 1)
        assert second.sequence == taken.sequence
        assert [level.price_fen for level in second.book.asks] == [
            4_851,
            4_852,
            4_853,
            4_854,
            4_855,
        ]


async def test_a_book_is_published_at_once_and_then_at_most_once_in_its_interval() -> None:
    async with serving(settings(book_interval_s=0.2)) as world, await world.connect(None) as reader:
        await reader.subscribe(f"book:{PRODUCT}")
        await pushed(reader, 1)
        version = world.server.feed.newest[f"book:{PRODUCT}"].version
        sequences = [world.list(1, Side.SELL, 4_850 + number, 10).sequence for number in range(50)]
        found = await until(reader, wire.BookSnapshot, sequences[-1])
        assert found[-1].sequence == sequences[-1]
        assert world.server.feed.newest[f"book:{PRODUCT}"].version - version <= 2


async def test_public_trades_have_no_parties_and_resume() -> None:
    async with serving() as world:
        async with await world.connect(None) as reader:
            await reader.subscribe("trades")
            world.list(1, Side.SELL, 4_850, 100)
            picks = [world.pick(2, 1, 10 * number) for number in (1, 2, 3)]
            frames = await pushed(reader, 3)
            assert [frame.sequence for frame in frames] == [pick.sequence for pick in picks]
            assert [frame.previous for frame in frames[1:]] == [pick.sequence for pick in picks[:2]]
            assert frames[1].trades == (
                wire.PublicTrade(
                    trade=2, product=PRODUCT, price_fen=4_850, quantity_t=20, side=Side.BUY
                ),
            )
        async with raw(world) as client:
            await client.ask({"type": "Observe"})
            await client.ask(
                {"type": "Subscribe", "id": 1, "channel": "trades", "after": picks[0].sequence}
            )
            frame = await client.take()
            assert frame["sequence"] == picks[1].sequence
            assert set(frame["trades"][0]) == {
                "trade",
                "product",
                "price_yuan",
                "quantity_t",
                "side",
            }


async def test_block_trades_are_not_public_before_the_close() -> None:
    async with serving(clock="13:00") as world:
        reader = await world.connect(None)
        await reader.subscribe("market", "trades", f"book:{PRODUCT}")
        buyer = await world.trader(2)
        await buyer.subscribe("private")
        await until(reader, wire.BookSnapshot, 0)
        seller = await world.trader(1)
        offer = await seller.offer_block(PRODUCT, Side.SELL, 2, 5_000, 100_000)
        done = await buyer.accept_block(offer.order)
        assert done.traded is not None
        # Everything that the public got by now, and can ask for, knows nothing of the block.
        world.list(1, Side.SELL, 4_850, 70)
        listed = world.pick(2, done.order + 1, 70)
        early = await until(reader, wire.QuoteChanged, listed.sequence)
        world.go_to("14:59")
        quote = (await reader.market()).products[0]
        assert (quote.listed_quantity_t, quote.last_fen) == (70, 4_850)
        assert (await reader.bulletins()) == ()
        world.go_to("15:00")
        frames = await until(reader, wire.MarketChanged, world.exchange.sequence - 1)
        *before, last = frames
        (closed,) = [event for event in last.events if isinstance(event, DayClosed)]
        assert closed.bulletin.block_quantity_t == 100_000
        known = [frame for frame in (*early, *before) if frame.sequence < last.sequence]
        printed = [frame.trades for frame in known if isinstance(frame, wire.TradesPrinted)]
        assert [trade.quantity_t for trades in printed for trade in trades] == [70]
        assert not any("100000" in wire.encode(frame).decode() for frame in known)
        for client in (reader, buyer, seller):
            await client.close()


async def test_the_market_channel_tells_phases_references_quotes_and_bulletins() -> None:
    async with serving(clock="09:00") as world, await world.connect(None) as reader:
        await reader.subscribe("market")
        (snapshot,) = await pushed(reader, 1)
        assert isinstance(snapshot, wire.MarketSnapshot)
        assert snapshot.market == world.exchange.market()
        world.go_to("09:30")
        frames = await until(reader, wire.MarketSnapshot, world.exchange.sequence - 1)
        changed = next(frame for frame in frames if isinstance(frame, wire.MarketChanged))
        assert not any(isinstance(frame, wire.QuoteChanged) for frame in frames)
        phase, auctions = changed.events
        assert isinstance(phase, PhaseChanged)
        assert isinstance(auctions, PhaseChanged)
        assert auctions.method.name == "AUCTION"
        assert (phase.phase.name, phase.next_time_ns) == ("OPEN", world.clock("11:30"))
        world.list(1, Side.SELL, 4_850, 100)
        trade = world.pick(2, 1, 40)
        quotes = await until(reader, wire.QuoteChanged, trade.sequence)
        assert quotes[-1].quote.last_fen == 4_850
        assert quotes[-1].quote.listed_quantity_t == 40
        assert quotes[-1].composite_last_fen == 4_850
        world.go_to("15:00")
        await until(reader, wire.MarketSnapshot, world.exchange.sequence - 1)
        async with await world.connect(None) as later:
            await later.subscribe("market", after=0)
            replayed = await until(later, wire.MarketSnapshot, 0)
            kinds = [type(event).__name__ for frame in replayed[:-1] for event in frame.events]
            assert kinds[:4] == ["DayOpened", *["PhaseChanged"] * 3]
            assert kinds[-1] == "DayClosed"


async def test_private_events_are_those_of_the_participant_and_no_others() -> None:
    async with serving(clock="13:00") as world:
        clients = [await world.trader(number) for number in (1, 2, 3)]
        for client in clients:
            await client.subscribe("private")
        placed = world.list(1, Side.SELL, 4_850, 100)
        picked = world.pick(2, 1, 100)
        offer = world.send(
            world.trader_key(2),
            OfferBlock(
                product=PRODUCT,
                side=Side.SELL,
                counterparty=3,
                price_fen=5_000,
                quantity_t=100_000,
                client_order=900,
            ),
        )
        offer_number = getattr(offer.events[0], "order", 0)
        withdrawn = world.send(
            world.trader_key(2), CancelOrder(order=offer_number, client_order=901)
        )
        settled = world.send(CLEARING, SettleTrade(trade=1, reference="S-1"))
        frames = [
            await until(client, wire.PrivateEvents, wait.sequence)
            for client, wait in zip(clients, (settled, settled, withdrawn), strict=True)
        ]
        sequences = [[frame.sequence for frame in found] for found in frames]
        assert sequences == [
            [placed.sequence, picked.sequence, settled.sequence],
            [picked.sequence, offer.sequence, withdrawn.sequence, settled.sequence],
            [offer.sequence, withdrawn.sequence],
        ]
        # The other party's key and client order number are nobody's business.
        traded, own = frames[0][1].events[0], frames[1][0].events[0]
        assert isinstance(traded, Traded)
        assert (traded.key, traded.client_order) == (0, 0)
        assert (own.key, own.client_order) == (world.trader_key(2), 2)
        named = frames[2][0].events[0]
        assert isinstance(named, BlockOffered)
        assert (named.counterparty, named.key, named.client_order) == (3, 0, 0)
        for client in clients:
            await client.close()


async def test_a_suspension_is_told_to_everybody_whom_it_concerns() -> None:
    """The suspended participant, who had offered to it, and the operators; the book is shown anew."""
    async with serving(clock="13:00") as world:
        suspended, other, third = [await world.trader(number) for number in (1, 2, 3)]
        operator = await world.connect(world.operators[0])
        listed = world.list(1, Side.SELL, 4_850, 100)
        world.send(
            world.trader_key(2),
            OfferBlock(
                product=PRODUCT,
                side=Side.SELL,
                counterparty=1,
                price_fen=5_000,
                quantity_t=100_000,
                client_order=900,
            ),
        )
        for client in (suspended, other, third, operator):
            await client.subscribe("private")
        await third.subscribe(f"book:{PRODUCT}")
        done = world.approve(
            RestrictParticipant(participant=1, restriction=Restriction.SUSPENDED)
        ).sequence
        told = {}
        for name, client in (("own", suspended), ("other", other), ("operator", operator)):
            frame = (await until(client, wire.PrivateEvents, done))[-1]
            told[name] = [type(event).__name__ for event in frame.events]
        assert told == {
            "own": ["ParticipantRestricted", "Cancelled", "Cancelled"],
            "other": ["Cancelled"],
            "operator": ["ProposalApproved", "ParticipantRestricted"],
        }
        books = await until(third, wire.BookSnapshot, done)
        assert not books[-1].book.asks
        refused = await suspended.cancel_order(getattr(listed.events[0], "order", 0))
        assert refused.refused is not None
        assert refused.refused.reason is Reason.ORDER_NOT_OPEN
        views = await operator.participants()
        assert [view.restriction for view in views] == ["suspended", "none", "none"]
        for client in (suspended, other, third, operator):
            await client.close()


async def test_a_freeze_is_told_to_the_owner_and_the_operators() -> None:
    async with serving() as world:
        owner, other = await world.trader(1), await world.trader(2)
        operator = await world.connect(world.operators[0])
        for client in (owner, other, operator):
            await client.subscribe("private")
        order: dict[str, Any] = {
            "participant": 1,
            "product": PRODUCT,
            "quantity_t": 5,
            "document": "演示1号",
        }
        world.approve(FreezeHolding(**order))
        done = world.approve(ReleaseHolding(**order))
        last = world.list(2, Side.SELL, 4_850, 1)
        for client, place in ((owner, 0), (operator, 1)):
            frames = await until(client, wire.PrivateEvents, done.sequence)
            told = [frame.events[place] for frame in frames if len(frame.events) > place]
            assert [type(event) for event in told] == [HoldingFrozen, HoldingReleased]
            assert {getattr(event, "document", "") for event in told} == {"演示1号"}
        frames = await until(other, wire.PrivateEvents, last.sequence)
        assert [frame.sequence for frame in frames] == [last.sequence]
        for client in (owner, other, operator):
            await client.close()


async def test_repeated_answers_are_not_repeated_in_the_private_stream() -> None:
    async with serving() as world, await world.trader(1) as client:
        await client.subscribe("private")
        first = await client.place_listing(PRODUCT, Side.BUY, 4_700, 1, client_order=5)
        again = await client.place_listing(PRODUCT, Side.BUY, 4_700, 1, client_order=5)
        assert again.is_repeat
        assert again.order == first.order
        last = await client.cancel_order(first.order)
        frames = await until(client, wire.PrivateEvents, last.sequence)
        assert [frame.sequence for frame in frames] == [first.sequence, last.sequence]


async def test_the_drop_copy_has_every_command_of_the_log() -> None:
    async with serving() as world, await world.connect(world.clearing) as clearing:
        await clearing.subscribe("drop", after=0)
        world.list(1, Side.SELL, 4_850, 100)
        frames = await until(clearing, wire.DropCopy, world.exchange.sequence)
        assert [frame.sequence for frame in frames] == list(range(1, world.exchange.sequence + 1))
        for frame, item in zip(frames, world.sequencer.applied, strict=True):
            assert (frame.key, frame.command) == (item.key, item.command)
            assert frame.events == tuple(item.events)


async def test_a_command_with_very_many_events_comes_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.reader.EVENTS_PER_FRAME", 3)
    async with serving() as world:
        trader, clearing = await world.trader(1), await world.connect(world.clearing)
        await trader.subscribe("private")
        await clearing.subscribe("drop")
        for number in range(10):
            world.list(1, Side.SELL, 4_850 + number, 1)
        world.go_to("15:00")
        close = next(
            item
            for item in world.sequencer.applied
            if any(isinstance(event, DayClosed) for event in item.events)
        )
        private = await until(trader, wire.PrivateEvents, close.sequence)
        assert len(private[-1].events) == 10
        assert all(isinstance(event, Cancelled) for event in private[-1].events)
        drop = await until(clearing, wire.DropCopy, close.sequence)
        assert drop[-1].events == tuple(close.events)
        assert (drop[-1].part, drop[-1].parts) == (0, 1)
        # Lost between two parts, the whole command comes again and is given to the program once.
        await trader.close()
        await clearing.close()


async def test_two_days_are_kept_and_older_cursors_are_told() -> None:
    async with serving() as world, await world.trader(1) as client:
        await client.subscribe("private", "market")
        first = world.list(1, Side.BUY, 4_700, 1)
        await until(client, wire.PrivateEvents, first.sequence)
        for date in ("2021-07-19", "2021-07-20", "2021-07-21"):
            world.go_to("15:00")
            world.sequencer.now_ns = world.clock("08:30", date)
            world.send(0, OpenDay(date=date))
            world.clock = lambda text, date=date: World.clock(world, text, date)  # type: ignore[method-assign]
        floor = world.server.feed.private(1).floor
        assert floor > first.sequence
        async with raw(world, world.traders[0]) as late:
            ask = {"type": "Subscribe", "id": 1, "channel": "private"}
            refused = await late.ask(ask | {"after": 1})
            assert refused["code"] == "RESUME_TOO_OLD"
            assert str(floor) in refused["text"]
            ahead = await late.ask(ask | {"after": world.exchange.sequence + 1})
            assert ahead["code"] == "RESUME_AHEAD"
            assert (await late.ask(ask | {"after": 0}))["floor"] == floor
        # A client that was away for so long is told of the gap and goes on.
        client._link.inbox.channels["market"].cursor = 1
        for connection in list(world.server.connections):
            connection.socket.transport.abort()
        found = await until(client, Gap, 0)
        assert (found[-1].channel, found[-1].after) == ("market", 1)
        kept = world.server.feed.market
        assert found[-1].sequence == kept.floor
        # It goes on with all that is kept, though it came back only now.
        frames = await until(client, wire.MarketChanged, kept.sequences[-1])
        told = [f.sequence for f in frames if isinstance(f, wire.MarketChanged)]
        assert told == list(kept.sequences)


async def test_an_accepted_block_is_in_both_private_streams() -> None:
    async with serving(clock="13:00") as world:
        seller, buyer = await world.trader(1), await world.trader(2)
        offer = await seller.offer_block(PRODUCT, Side.SELL, 2, 5_000, 100_000)
        await seller.subscribe("private")
        done = await buyer.submit(AcceptBlock(offer=offer.order, client_order=1))
        (frame,) = await until(seller, wire.PrivateEvents, done.sequence)
        assert frame.events[0].trade == done.traded.trade  # type: ignore[union-attr]
        await seller.close()
        await buyer.close()
