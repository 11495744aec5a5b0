"""The single writer and what the market grew: closures, ends of auctions, talks with several events a command."""

import asyncio

from engine.codec import is_hot
from engine.commands import (
    AddClosure,
    AnnounceAuction,
    AnyCommand,
    ApplyAuction,
    AuctionFloor,
    CancelOrder,
    CounterBlock,
    Deposit,
    EnrolKey,
    OfferBlock,
    PlaceBid,
    PriceMode,
    RemoveClosure,
    Role,
    SetBlockGroup,
    Side,
    TransferIn,
)
from engine.events import AnyEvent, AuctionEnded, Cancelled, ClosureAdded, DayOpened
from gateway.journal_format import FrameKind
from gateway.journal_scan import scan_journal
from tests.gateway.sequencer_rig import CLEARING, TRADER, Rig, moment
from tests.markets import PRODUCT, admission, public_key

BIDDER = 5
BLOCK_T = 100_000


def opened(rig: Rig) -> list[str]:
    events = [event for item in rig.seen for event in item.events]
    return [event.date for event in events if isinstance(event, DayOpened)]


async def two_traders(clock: str = "09:30") -> Rig:
    """Return a market with a seller (1) and a buyer (2) who have what they need."""
    rig = Rig()
    await rig.start()
    await rig.open_market("09:00")
    await rig.approve(admission(2))
    await rig.approve(
        EnrolKey(public_key=public_key(5), role=Role.TRADER, person="演示", participant=2)
    )
    for command in (
        TransferIn(participant=1, product=PRODUCT, quantity_t=10**6, reference="T-9"),
        Deposit(participant=2, amount_fen=10**12, reference="D-9"),
    ):
        await rig.sequencer.submit(CLEARING, command)
    await rig.sequencer.advance_clock(moment(clock))
    return rig


async def send(rig: Rig, key: int, command: AnyCommand) -> list[AnyEvent]:
    return list((await rig.sequencer.submit(key, command)).events)


async def test_a_closed_day_is_never_opened_also_after_a_restart() -> None:
    rig = Rig()
    await rig.start()
    await rig.open_market()
    done = await rig.approve(AddClosure(date="2021-07-19", explanation="演示"))
    assert isinstance(done.events[-1], ClosureAdded)
    await rig.sequencer.advance_clock(moment("16:00"))
    rig.disk.kill()
    again = await rig.start()
    await again.advance_clock(moment("10:00", "2021-07-20"))
    assert opened(rig)[-1] == "2021-07-20"
    assert "2021-07-19" not in opened(rig)


async def test_a_closure_that_is_taken_back_closes_nothing() -> None:
    rig = Rig()
    await rig.start()
    await rig.open_market()
    await rig.approve(AddClosure(date="2021-07-19", explanation="演示"))
    await rig.approve(RemoveClosure(date="2021-07-19"))
    await rig.sequencer.advance_clock(moment("10:00", "2021-07-19"))
    assert opened(rig)[-1] == "2021-07-19"


async def test_an_auction_ends_by_the_clock_and_a_replay_says_the_same() -> None:
    rig = await two_traders()
    applied = await send(
        rig,
        TRADER,
        ApplyAuction(
            product=PRODUCT,
            quantity_t=BLOCK_T,
            floor=AuctionFloor.LOWER_LIMIT,
            price_mode=PriceMode.UNIFORM,
            client_order=1,
        ),
    )
    auction = int(getattr(applied[0], "auction"))  # noqa: B009
    begin_ns, end_ns = moment("10:00"), moment("10:30")
    await rig.approve(AnnounceAuction(auction=auction, begin_ns=begin_ns, end_ns=end_ns))
    await rig.sequencer.advance_clock(begin_ns)
    bid = PlaceBid(auction=auction, price_fen=4_800, quantity_t=300, client_order=1)
    assert type((await send(rig, BIDDER, bid))[0]).__name__ == "BidPlaced"
    assert rig.sequencer.exchange.next_boundary_ns() == end_ns
    await rig.sequencer.advance_clock(moment("10:31"))
    ended = [e for item in rig.seen for e in item.events if isinstance(e, AuctionEnded)]
    assert [(event.time_ns, event.sold_t) for event in ended] == [(end_ns, 300)]
    assert rig.replay().exchange.event_digest() == rig.sequencer.exchange.event_digest()


async def test_one_command_ends_many_orders_in_journal_history_and_replay_alike() -> None:
    rig = await two_traders("13:00")
    group = SetBlockGroup(group="g", members=(2,))
    assert not is_hot(group)
    await send(rig, TRADER, group)
    offer = OfferBlock(
        product=PRODUCT,
        side=Side.SELL,
        counterparty=2,
        price_fen=4_800,
        quantity_t=BLOCK_T,
        client_order=2,
    )
    number = int(getattr((await send(rig, TRADER, offer))[0], "order"))  # noqa: B009
    counter = CounterBlock(
        offer=number, counterparty=1, price_fen=4_700, quantity_t=BLOCK_T, client_order=2
    )
    await send(rig, BIDDER, counter)
    # With other hot commands in one batch: each still gets its own events.
    cancel, later = CancelOrder(order=number, client_order=3), CancelOrder(order=9, client_order=4)
    both = await asyncio.gather(
        rig.sequencer.submit(TRADER, cancel), rig.sequencer.submit(TRADER, later)
    )
    assert [type(event) for event in both[0].events] == [Cancelled, Cancelled]
    assert [type(event).__name__ for event in both[1].events] == ["Refused"]
    kept = {item.sequence: list(item.events) for item in rig.sequencer.history.after(0)}
    assert kept[both[0].sequence] == list(both[0].events)
    replayed = rig.replay()
    assert replayed.exchange.event_digest() == rig.sequencer.exchange.event_digest()
    again = {item.sequence: list(item.events) for item in replayed.history.after(0)}
    assert again == kept


async def test_only_the_commands_of_the_core_are_records_in_the_journal() -> None:
    rig = await two_traders("13:00")
    await send(rig, TRADER, SetBlockGroup(group="g", members=(2,)))
    kinds = []
    scan_journal(rig.disk, lambda frame: kinds.append(frame.header.kind))
    assert kinds[-1] == FrameKind.CONTROL
