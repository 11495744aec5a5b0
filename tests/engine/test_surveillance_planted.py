"""Surveillance on planted events: matched orders, voided trades, corrected references, auctions, large holders."""

from collections.abc import Sequence
from typing import Any, get_args

import pytest
from msgspec import structs

from engine.commands import (
    CancelCause,
    HaltScope,
    Method,
    Side,
)
from engine.events import (
    AllowanceSet,
    AnyEvent,
    AuctionAnnounced,
    AuctionEnded,
    AuctionState,
    BidPlaced,
    BlockConfirmed,
    Bulletin,
    Cancelled,
    DayClosed,
    DayOpened,
    FailureCause,
    Halted,
    ListingPlaced,
    ListingsTaken,
    Phase,
    PhaseChanged,
    ProductDay,
    Reduced,
    ReferencePriceCorrected,
    ReferencePriceSet,
    Resumed,
    Traded,
    TradeVoided,
    TransferredIn,
)
from engine.profile import Position
from engine.surveillance import Alert, Bounds, Rule, Watch
from engine.units import NANOSECONDS_PER_SECOND, midnight_ns, parse_clock
from tests.engine.surveillance_floor import QUIET
from tests.markets import FIRST_DATE, PRODUCT, national
from tests.sample_events import sample

MORNING = "10:00"


class Planted:
    """A watch that is shown events of our own making, one command after the other."""

    def __init__(self, position: Position | None = None, **thresholds: int) -> None:
        rules = structs.replace(QUIET, **thresholds)
        profile = structs.replace(national(), surveillance=rules, position=position or Position())
        self.watch = Watch(profile, Bounds())
        self.alerts: list[Alert] = []
        self.sequence = 0
        self.time_ns = 0
        self.trades = 0
        self.at("08:30")
        self.show((DayOpened, {"date": FIRST_DATE, "products": (PRODUCT,)}))
        self.reference(ReferencePriceSet, 4_800)
        self.at("09:30")
        end_ns = midnight_ns(FIRST_DATE) + parse_clock("11:30")
        changes = {"method": Method.LISTED, "phase": Phase.OPEN, "next_time_ns": end_ns}
        self.show((PhaseChanged, changes))
        self.at(MORNING)

    def at(self, clock: str) -> None:
        self.time_ns = midnight_ns(FIRST_DATE) + parse_clock(clock)

    def wait(self, seconds: int) -> None:
        self.time_ns += seconds * NANOSECONDS_PER_SECOND

    def show(self, *parts: tuple[Any, dict[str, Any]]) -> list[Alert]:
        """Show the events of one command."""
        self.sequence += 1
        common = {"sequence": self.sequence, "time_ns": self.time_ns, "product": PRODUCT}
        events: Sequence[AnyEvent] = [sample(kind, **common | values) for kind, values in parts]
        found = self.watch.take(events)
        self.alerts += found
        return found

    def reference(self, kind: Any, price_fen: int) -> None:
        tenth_fen = price_fen // 10
        bands = {
            "price_fen": price_fen,
            "listed_floor_fen": price_fen - tenth_fen,
            "listed_cap_fen": price_fen + tenth_fen,
            "block_floor_fen": price_fen - 3 * tenth_fen,
            "block_cap_fen": price_fen + 3 * tenth_fen,
        }
        self.show((kind, bands))

    def traded(
        self, seller: int, buyer: int, price_fen: int, quantity_t: int, **changes: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Return a trade that the buyer takes."""
        self.trades += 1
        values = {
            "trade": self.trades,
            "method": Method.LISTED,
            "price_fen": price_fen,
            "quantity_t": quantity_t,
            "side": Side.BUY,
            "participant": buyer,
            "counterparty": seller,
            "left_t": 0,
        }
        return Traded, values | changes

    def void(self, trade: int, seller: int, buyer: int, price_fen: int, quantity_t: int) -> None:
        values = {
            "trade": trade,
            "method": Method.LISTED,
            "price_fen": price_fen,
            "quantity_t": quantity_t,
            "buyer": buyer,
            "seller": seller,
        }
        self.show((TradeVoided, values))

    def hold(self, participant: int, quantity_t: int) -> None:
        self.show((TransferredIn, {"participant": participant, "quantity_t": quantity_t}))

    def close(self, listed_t: int = 0) -> list[Alert]:
        self.at("15:00")
        row = sample(ProductDay, product=PRODUCT, listed_quantity_t=listed_t)
        bulletin = sample(Bulletin, date=FIRST_DATE, products=(row,))
        return self.show((DayClosed, {"bulletin": bulletin}))


@pytest.mark.parametrize("kind", get_args(AnyEvent), ids=lambda kind: kind.__name__)
def test_every_event_can_be_shown_first_and_in_the_middle(kind: Any) -> None:
    values = {"date": FIRST_DATE, "price_fen": 4_800}
    assert Watch(national()).take([sample(kind, **values)]) == []
    planted = Planted()
    planted.show(planted.traded(1, 2, 4_800, 10))
    planted.show((kind, values))
    assert planted.alerts == []


# ---------------------------------------------------------------- matched and taking orders


def test_the_trades_of_one_command_are_one_command() -> None:
    planted = Planted(order_rate_max=3)
    fills = [planted.traded(1, 2, 4_800, 10, order=7) for _ in range(9)]
    rest = (Cancelled, {"participant": 2, "cause": CancelCause.FILLS_LIMIT})
    taken = (ListingsTaken, {"participant": 2})
    assert planted.show(*fills, rest) == []
    assert planted.show(*[planted.traded(1, 2, 4_800, 10) for _ in range(9)], taken) == []
    assert planted.show((Reduced, {"participant": 2, "left_t": 5})) == []
    (alert,) = planted.show((BidPlaced, {"participant": 2}))
    assert (alert.rule, alert.participants, alert.figures["orders"]) == (Rule.ORDER_RATE, (2,), 4)


def test_who_confirms_a_block_sent_the_command_and_a_bidder_sends_none_by_winning() -> None:
    planted = Planted(order_rate_max=1)
    for _ in range(3):
        planted.wait(2)
        planted.show(
            (BlockConfirmed, {"participant": 1, "counterparty": 2}),
            planted.traded(1, 2, 4_800, 100_000, method=Method.BLOCK),
        )
    won = [planted.traded(1, 2, 4_800, 10, method=Method.AUCTION) for _ in range(9)]
    assert planted.show(*won) == []
    assert planted.show((ListingPlaced, {"participant": 2, "left_t": 1})) == []
    assert planted.show((ListingPlaced, {"participant": 2, "order": 2})) != []


def listing(order: int, quantity_t: int, left_t: int) -> tuple[Any, dict[str, Any]]:
    values = {"order": order, "participant": 1, "side": Side.SELL, "price_fen": 4_900}
    return ListingPlaced, values | {"quantity_t": quantity_t, "left_t": left_t}


def test_what_took_something_on_entry_is_not_cancelled_untouched() -> None:
    planted = Planted(list_cancels=2)
    cancel = {"participant": 1, "cause": CancelCause.OWNER, "method": Method.LISTED}
    for order in (1, 2, 3):
        planted.show(planted.traded(3, 1, 4_900, 10), listing(order, 30, 20))
        assert planted.show((Cancelled, cancel | {"order": order})) == []
    for order, expected in ((4, 0), (5, 1)):
        planted.show(listing(order, 30, 30))
        planted.show((Reduced, {"order": order, "participant": 1, "left_t": 3}))
        assert planted.watch._day.listings[order].left_t == 3
        found = planted.show((Cancelled, cancel | {"order": order}))
        assert [alert.rule for alert in found] == [Rule.LIST_AND_CANCEL] * expected


# ---------------------------------------------------------------- voided trades, corrected references


def test_a_voided_trade_is_no_late_extreme_and_gives_its_allowances_back() -> None:
    for is_voided in (False, True):
        planted = Planted(late_extreme_bp=10, holding_share_bp_max=5_000)
        planted.hold(1, 100)
        planted.show(planted.traded(1, 2, 4_800, 30))
        planted.at("14:55")
        planted.show(planted.traded(1, 2, 4_900, 70))
        if is_voided:
            planted.void(2, 1, 2, 4_900, 70)
            assert planted.watch._day.tallies[PRODUCT].quantity_t == 30
        rules = [(alert.rule, alert.participants) for alert in planted.close(30)]
        late = (Rule.LATE_EXTREME, (1, 2))
        share = (Rule.HOLDING_SHARE, (1,) if is_voided else (2,))
        assert rules == ([share] if is_voided else [late, share])


def test_a_late_extreme_stays_one_when_another_trade_is_voided() -> None:
    planted = Planted(late_extreme_bp=10)
    planted.show(planted.traded(1, 2, 4_800, 30))
    planted.at("14:55")
    planted.show(planted.traded(1, 2, 4_900, 70))
    planted.show(planted.traded(3, 4, 4_950, 70))
    planted.void(3, 3, 4, 4_950, 70)
    (alert,) = planted.close(100)
    assert (alert.rule, alert.participants) == (Rule.LATE_EXTREME, (1, 2))
    assert alert.figures["price_fen"] == 4_900


def test_voided_trades_are_neither_paired_nor_a_share_of_the_volume() -> None:
    planted = Planted(paired_trades=1, volume_share_bp_max=1, volume_share_t_min=1)
    planted.show(planted.traded(1, 2, 4_800, 30))
    planted.void(1, 1, 2, 4_800, 30)
    assert planted.show(planted.traded(2, 1, 4_800, 30)) == []
    planted.void(2, 2, 1, 4_800, 30)
    assert planted.close() == []
    paired = Planted(paired_trades=1)
    paired.show(paired.traded(1, 2, 4_800, 30))
    assert [alert.rule for alert in paired.show(paired.traded(2, 1, 4_800, 3))] == [
        Rule.PAIRED_TRADES
    ]


def test_the_edge_of_the_band_is_that_of_the_corrected_reference() -> None:
    planted = Planted()
    planted.reference(ReferencePriceCorrected, 5_000)
    assert planted.show(planted.traded(1, 2, 5_280, 10)) == []
    (alert,) = planted.show(planted.traded(1, 2, 5_500, 10))
    assert (alert.rule, alert.figures["edge_fen"]) == (Rule.TRADE_AT_BAND_EDGE, 5_500)


def test_an_auction_trade_moves_holdings_and_no_price() -> None:
    planted = Planted(holding_share_bp_max=5_000, late_extreme_bp=1)
    planted.hold(1, 100)
    planted.show(planted.traded(1, 2, 4_320, 90, method=Method.AUCTION))
    assert PRODUCT not in planted.watch._day.tallies
    assert [(alert.rule, alert.participants) for alert in planted.close()] == [
        (Rule.HOLDING_SHARE, (2,))
    ]


def test_in_a_halt_crossing_listings_are_not_timed() -> None:
    for scope, product, is_timed in (
        (HaltScope.MARKET, "", False),
        (HaltScope.METHOD, "", False),
        (HaltScope.PRODUCT, PRODUCT, False),
        (HaltScope.PRODUCT, "CEA21", True),
        (HaltScope.PARTICIPANT, "", True),
    ):
        planted = Planted(crossing_s=60)
        bid = {"order": 2, "participant": 2, "side": Side.BUY, "price_fen": 4_900}
        planted.show(listing(1, 30, 30), (ListingPlaced, bid))
        halt = {"halt": 1, "scope": scope, "method": Method.LISTED, "product": product}
        planted.show((Halted, halt))
        planted.wait(100)
        found = planted.show((Resumed, halt))
        assert [alert.rule for alert in found] == [Rule.CROSSING_LISTINGS] * is_timed
        planted.wait(100)
        found = planted.show((DayOpened, {"date": "2021-07-19"}))
        assert [alert.rule for alert in found] == [Rule.CROSSING_LISTINGS] * (not is_timed)


# ---------------------------------------------------------------- auctions


@pytest.mark.parametrize(
    ("bidders", "state", "expected"),
    [
        (1, AuctionState.SOLD, 1),
        (2, AuctionState.SOLD, 0),
        (1, AuctionState.FAILED, 0),
    ],
)
def test_an_auction_with_one_bidder_is_told(
    bidders: int, state: AuctionState, expected: int
) -> None:
    planted = Planted()
    planted.show((AuctionAnnounced, {"auction": 3}))
    planted.show((BidPlaced, {"auction": 3, "participant": 2}))
    planted.show((BidPlaced, {"auction": 4, "participant": 4}))
    ended = {
        "auction": 3,
        "state": state,
        "cause": FailureCause.NONE,
        "bidders": bidders,
        "bids": 2,
        "sold_t": 100,
        "offered_t": 100_000,
    }
    trade = planted.traded(1, 2, 4_800, 100, method=Method.AUCTION)
    found = planted.show(trade, (AuctionEnded, ended))
    assert len(found) == expected
    for alert in found:
        assert (alert.rule, alert.participants) == (Rule.FEW_BIDDERS, (1, 2))
        assert alert.sequences == (
            planted.sequence - 3,
            planted.sequence - 2,
            planted.sequence,
        )
        assert alert.figures["bidders"] == 1
        assert "1 家" in alert.zh
        assert "with 1 bidders" in alert.en
    other = ended | {"auction": 4, "bidders": 1, "state": AuctionState.SOLD}
    (second,) = planted.show((AuctionEnded, other))
    assert second.participants == (), "the parties of another result are not named"


# ---------------------------------------------------------------- large holders (R74)


def test_r74_a_large_holder_is_told_once() -> None:
    planted = Planted(Position(large_holder_t=1_000))
    planted.hold(1, 999)
    planted.hold(2, 1_000)
    (alert,) = planted.close()
    assert (alert.rule, alert.participants) == (Rule.LARGE_HOLDER, (2,))
    assert alert.figures == {"holding_t": 1_000, "threshold_t": 1_000}
    assert planted.close() == []
    planted.hold(1, 1)
    assert [alert.participants for alert in planted.close()] == [(1,)]


def test_r74_an_allocation_widens_the_threshold_where_the_profile_says_so() -> None:
    for is_widened, expected in ((True, 0), (False, 1)):
        planted = Planted(Position(large_holder_t=1_000, is_widened_by_allowance=is_widened))
        planted.show((AllowanceSet, {"participant": 1, "quantity_t": 1}))
        planted.hold(1, 1_000)
        assert len(planted.close()) == expected
    without = Planted()
    without.hold(1, 10**9)
    assert without.close() == []
