"""A restart in the middle of auctions, talks, halts and corrections: the same digests and the same future.

One day is played in which everything that is rare stands at some moment. Then, for every moment of it,
the exchange comes back from its snapshot there and takes the rest of the log.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from engine import snapshot
from engine.commands import (
    AddClosure,
    AnnounceAuction,
    AnyCommand,
    ApplyAuction,
    ArmSwitch,
    AuctionFloor,
    CancelAll,
    CancelOrders,
    ChangePhase,
    ConfirmBlock,
    CorrectReferencePrice,
    CounterBlock,
    Entry,
    HaltScope,
    Method,
    NewListing,
    OfferBlockToGroup,
    PickListing,
    PlaceBid,
    PlaceListings,
    PriceMode,
    PublishNotice,
    ReduceOrder,
    RefuseBlock,
    SetAllowance,
    SetBlockGroup,
    SetOwnLimits,
    Side,
    TakeListings,
    VoidTrade,
)
from engine.digest import state_digest
from engine.events import (
    AnyEvent,
    AuctionEnded,
    AuctionState,
    BlockCountered,
    DayClosed,
    Refused,
    Repeated,
    Traded,
)
from engine.exchange import Exchange
from engine.profile import FeeRates, Fees, Position, Profile
from engine.reasons import Reason
from engine.views import OrderView
from tests.engine.control_desk import halt, resume, roomy_profile
from tests.markets import OPERATOR_ONE, PRODUCT, Desk, first_day, trader
from tests.restarts import back, market_of, same_inside

OTHER = "CEA21"
BLOCK_T = 100_000


def rules() -> Profile:
    """Return the small market with fees, a position limit and reductions: every room has something to keep."""
    small = roomy_profile()
    return structs.replace(
        small,
        listed=structs.replace(small.listed, reduce=True),
        fees=Fees(trading=FeeRates(listed_buyer_bp=5, block_seller_bp=7, auction_buyer_bp=9)),
        position=Position(limit_t=2_000_000, is_widened_by_allowance=True),
    )


class Recorded:
    """An exchange that keeps its log and its answers."""

    def __init__(self) -> None:
        self.exchange = Exchange(rules())
        self.entries: list[Entry] = []
        self.answers: list[list[AnyEvent]] = []

    def apply(self, entry: Entry) -> list[AnyEvent]:
        """Take one entry and keep what came of it."""
        events = self.exchange.apply(entry)
        self.exchange.check()
        self.entries.append(entry)
        self.answers.append(events)
        return events


def play() -> tuple[Recorded, int]:
    """Play two days; return the log and where in it the rare things begin."""
    recorded = Recorded()
    desk = first_day(recorded, traders=4)
    begin = len(recorded.entries)
    for part in (_morning, _talk, _auction, _next_day):
        for key, command in part(desk):
            told = desk.send(key, command)
            assert not isinstance(told[-1], Refused), told[-1]
            (again,) = desk.send(
                key, command
            )  # each has a client order number, or is harmless twice
            assert isinstance(again, Repeated) or isinstance(command, SetBlockGroup), again
    return recorded, begin


Sent = Iterator[tuple[int, AnyCommand]]


def _morning(desk: Desk) -> Sent:
    yield trader(1), SetBlockGroup(group="friends", members=(3, 2))
    desk.approve(
        AddClosure(date="2021-07-20", explanation="演示"),
        SetAllowance(participant=2, quantity_t=5_000),
        ChangePhase(method=Method.LISTED, is_open=False),
        ChangePhase(method=Method.LISTED, is_open=True),
    )
    desk.send(OPERATOR_ONE, SetOwnLimits(key=trader(4), order_max_t=50, explanation="演示"))
    for participant, side, price in (
        (1, Side.SELL, 4_900),
        (1, Side.SELL, 4_910),
        (2, Side.BUY, 4_700),
    ):
        desk.listing(participant, side, price, 100)
    yield trader(3), PickListing(listing=1, quantity_t=40, client_order=desk.next_client_order())
    yield trader(1), ReduceOrder(order=2, quantity_t=30, client_order=desk.next_client_order())
    yield (
        trader(3),
        TakeListings(
            product=PRODUCT,
            side=Side.BUY,
            quantity_t=80,
            limit_price_fen=4_910,
            client_order=desk.next_client_order(),
        ),
    )
    desk.approve(VoidTrade(trade=2, explanation="演示"))
    halt(desk, HaltScope.PARTICIPANT, participant=4)
    halt(desk, HaltScope.PRODUCT, product=OTHER)
    halt(desk, HaltScope.MARKET)
    desk.approve(CorrectReferencePrice(product=PRODUCT, price_fen=4_900, explanation="演示"))
    resume(desk, 3)
    for participant in (1, 2):
        yield (
            trader(participant),
            ApplyAuction(
                product=PRODUCT,
                quantity_t=BLOCK_T,
                floor=AuctionFloor.LOWER_LIMIT,
                price_mode=PriceMode.UNIFORM,
                client_order=desk.next_client_order(),
            ),
        )
    window = (desk.clock("13:30"), desk.clock("14:00"))
    desk.approve(AnnounceAuction(auction=1, begin_ns=window[0], end_ns=window[1]))
    yield from _batches(desk)


def _batches(desk: Desk) -> Sent:
    """List and cancel in batches of one, and arm a switch that fires before the afternoon."""
    desk.approve(PublishNotice(text_zh="演示公告", text_en="demo notice"))
    numbers = [desk.next_client_order() for _ in range(5)]
    row = NewListing(
        product=PRODUCT, side=Side.BUY, price_fen=4_600, quantity_t=10, client_order=numbers[0]
    )
    yield trader(3), PlaceListings(orders=(row,))
    yield trader(3), CancelOrders(orders=(_last_order(desk, 3),), client_order=numbers[1])
    yield (
        trader(3),
        PlaceListings(orders=(structs.replace(row, client_order=numbers[2]),)),
    )
    yield trader(3), CancelAll(client_order=numbers[3], side=int(Side.SELL))
    yield trader(3), ArmSwitch(timeout_s=3_600, client_order=numbers[4])


def _talk(desk: Desk) -> Sent:
    """Offer to a group, talk with two of it, and let one side confirm."""
    desk.advance("13:10")
    offer = OfferBlockToGroup(
        product=PRODUCT,
        side=Side.SELL,
        group="friends",
        price_fen=4_800,
        quantity_t=BLOCK_T,
        client_order=desk.next_client_order(),
    )
    yield trader(1), offer
    number = _last_order(desk, 1)
    for participant in (2, 3):
        yield (
            trader(participant),
            CounterBlock(
                offer=number,
                counterparty=1,
                price_fen=4_700 + participant,
                quantity_t=BLOCK_T,
                client_order=desk.next_client_order(),
                text="演示",
            ),
        )
    yield trader(2), _confirm(desk, number, 1)


def _last_order(desk: Desk, participant: int) -> int:
    assert isinstance(desk.market, Recorded)
    return desk.market.exchange.orders(participant)[-1].order


def _confirm(desk: Desk, offer: int, counterparty: int) -> ConfirmBlock:
    """Return a confirmation of the terms that the second participant named."""
    assert isinstance(desk.market, Recorded)
    terms = [
        event.terms
        for events in desk.market.answers
        for event in events
        if isinstance(event, BlockCountered) and event.participant == 2
    ]
    return ConfirmBlock(
        offer=offer,
        counterparty=counterparty,
        terms=terms[-1],
        client_order=desk.next_client_order(),
    )


def _auction(desk: Desk) -> Sent:
    """Bid, end the talk in the middle of the window, and let the window end."""
    desk.advance("13:30")
    for participant, price in ((3, 4_850), (2, 4_900)):
        bid = PlaceBid(
            auction=1,
            price_fen=price,
            quantity_t=60_000,
            client_order=desk.next_client_order(),
        )
        yield trader(participant), bid
    offer = next(row for row in _orders(desk, 1) if row.method is Method.BLOCK).order
    yield trader(1), _confirm(desk, offer, 2)
    later = OfferBlockToGroup(
        product=PRODUCT,
        side=Side.SELL,
        group="friends",
        price_fen=4_800,
        quantity_t=BLOCK_T,
        client_order=desk.next_client_order(),
    )
    yield trader(1), later
    number = _last_order(desk, 1)
    yield (
        trader(3),
        RefuseBlock(offer=number, counterparty=1, client_order=desk.next_client_order()),
    )
    ended = desk.advance("14:00")[-1]
    assert isinstance(ended, AuctionEnded)
    assert (ended.state, ended.price_fen, ended.sold_t) == (AuctionState.SOLD, 4_850, BLOCK_T)
    assert isinstance(desk.market, Recorded)
    last = desk.market.exchange.trades()[-1]
    assert last.method is Method.AUCTION
    desk.approve(VoidTrade(trade=last.trade, explanation="演示"))


def _orders(desk: Desk, participant: int) -> tuple[OrderView, ...]:
    assert isinstance(desk.market, Recorded)
    return desk.market.exchange.orders(participant)


def _next_day(desk: Desk) -> Sent:
    closed = desk.advance("15:00")[-1]
    assert isinstance(closed, DayClosed)
    assert closed.bulletin.auction_quantity_t == BLOCK_T - 40_000  # the smaller bid's trade is void
    assert closed.bulletin.quantity_t == 60 + BLOCK_T + BLOCK_T - 40_000
    desk.open_day("2021-07-19")
    desk.set_reference(4_903)  # (40 x 49.00 + 20 x 49.10) / 60; the voided 60 t do not count
    desk.advance("13:10")
    refused = desk.listing(4, Side.BUY, 4_800, 10)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.figure_a) == (Reason.HALTED, 1)
    again = OfferBlockToGroup(
        product=PRODUCT,
        side=Side.BUY,
        group="friends",
        price_fen=4_800,
        quantity_t=BLOCK_T,
        client_order=desk.next_client_order(),
    )
    yield trader(1), again


@pytest.fixture(scope="module")
def played() -> tuple[Recorded, int]:
    """Play the days, once for all tests of this file."""
    return play()


def test_the_played_days_hold_something_of_everything(played: tuple[Recorded, int]) -> None:
    recorded, _ = played
    content = snapshot._open(recorded.exchange.snapshot())
    tables = ("halts", "closures", "allowances_t", "own_limits_t", "answers", "groups", "offers")
    for name in (*tables, "auctions"):
        assert getattr(content, name), name
    assert content.halt_count == 3
    trades = [event for events in recorded.answers for event in events if isinstance(event, Traded)]
    assert {event.method for event in trades} == set(Method)


def test_a_restart_at_any_moment_is_not_noticed(played: tuple[Recorded, int]) -> None:
    recorded, begin = played
    live, seen = Exchange(rules()), set()
    live.apply_entries(recorded.entries[:begin])
    for place in range(begin, len(recorded.entries)):
        live = back(live)
        market = market_of(live)
        seen |= {name for name in ("negotiations", "bids", "offers") if getattr(market, name)}
        assert live.apply(recorded.entries[place]) == recorded.answers[place]
        live.check()
    assert seen == {"negotiations", "bids", "offers"}
    end = recorded.exchange
    assert live.event_digest() == end.event_digest()
    assert live.state_digest() == end.state_digest()
    same_inside(market_of(end), market_of(live))


def test_compiled_and_plain_play_the_same_days(played: tuple[Recorded, int]) -> None:
    source = (
        "from tests.engine.test_snapshot_rare import play; exchange = play()[0].exchange; "
        "print(exchange.event_digest().hex(), exchange.snapshot().hex())"
    )
    plain = subprocess.run(
        [sys.executable, "-c", source],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    exchange = played[0].exchange
    told = [exchange.event_digest().hex(), exchange.snapshot().hex()]
    assert plain.stdout.split() == told


def test_one_restart_and_the_whole_rest_in_one_batch(played: tuple[Recorded, int]) -> None:
    recorded, begin = played
    live, end = Exchange(rules()), recorded.exchange
    live.apply_entries(recorded.entries[:begin])
    for place in range(begin, len(recorded.entries), 5):
        restored = back(live)
        answers = restored.apply_entries(recorded.entries[place:])
        assert answers == recorded.answers[place:]
        assert restored.state_digest() == end.state_digest(), f"cut at {place}"
        assert restored.event_digest() == end.event_digest(), f"cut at {place}"
        live.apply_entries(recorded.entries[place : place + 5])


@pytest.mark.parametrize(
    "name",
    [
        *("halts", "closures", "allowances_t", "own_limits_t", "answers"),
        *("groups", "offers", "negotiations", "auctions"),
    ],
)
def test_each_rare_table_counts_in_the_state_digest(
    played: tuple[Recorded, int], name: str
) -> None:
    """Without any row of a table, at any moment at which it has one, the digest is another."""
    recorded, begin = played
    live, found = Exchange(rules()), 0
    live.apply_entries(recorded.entries[:begin])
    for entry in recorded.entries[begin:]:
        live.apply(entry)
        table = getattr(market_of(live), name)
        whole = live.state_digest()
        for key in list(table):
            row = table.pop(key)
            assert live.state_digest() != whole, (name, key)
            table[key] = row
            found += 1
        assert live.state_digest() == whole, "the order of the rows plays no part"
    assert found


def test_the_number_of_halts_counts_in_the_state_digest(played: tuple[Recorded, int]) -> None:
    market = market_of(back(played[0].exchange))
    before = state_digest(market)
    market.halt_count += 1
    assert state_digest(market) != before
