"""A trading day of a few participants with a watch beside it, for the tests of surveillance."""

from msgspec import structs

from engine.commands import AcceptBlock, CancelOrder, Entry, OfferBlock, PickListing, Side
from engine.events import AnyEvent, BlockOffered, ListingPlaced, Traded
from engine.exchange import Exchange
from engine.profile import Profile, Surveillance
from engine.surveillance import Alert, Bounds, Rule, Watch
from engine.units import NANOSECONDS_PER_SECOND
from tests.markets import PRODUCT, Desk, first_day, national, trader

BLOCK_T = 100_000
SECOND_DATE = "2021-07-19"
QUIET = Surveillance(
    close_quantity_t_min=1,
    band_edge_fen=0,
    far_listing_bp=10_000,
    crossing_s=86_400,
    paired_trades=1_000,
    list_cancels=1_000,
    volume_share_bp_max=10_000,
    holding_share_bp_max=10_000,
    block_off_listed_bp_max=100_000,
    order_rate_max=1_000,
    late_extreme_bp=10_000,
)
"""Thresholds that a small day does not reach; each test lowers the one it is about."""


class Recorder:
    """A market that keeps the entries, the answers and the alerts raised live."""

    def __init__(self, profile: Profile, bounds: Bounds | None = None) -> None:
        self.profile = profile
        self.exchange = Exchange(profile)
        self.watch = Watch(profile, bounds)
        self.entries: list[Entry] = []
        self.events: list[AnyEvent] = []
        self.alerts: list[Alert] = []

    def apply(self, entry: Entry) -> list[AnyEvent]:
        events = self.exchange.apply(entry)
        self.entries.append(entry)
        self.events += events
        self.alerts += self.watch.take(events)
        return events


class Floor:
    """A trading day of a few participants, all endowed; times are clock texts or seconds to wait."""

    def __init__(self, bounds: Bounds | None = None, traders: int = 4, **thresholds: int) -> None:
        rules = structs.replace(QUIET, **thresholds)
        self.market = Recorder(structs.replace(national(), surveillance=rules), bounds)
        self.desk: Desk = first_day(self.market, traders, cash_fen=10**13, tonnes=500_000)

    def wait(self, seconds: int, less_ns: int = 0) -> None:
        self.desk.time_ns += seconds * NANOSECONDS_PER_SECOND - less_ns

    def at(self, clock: str) -> None:
        self.desk.advance(clock)

    def list_(self, who: int, side: Side, price_fen: int, quantity_t: int) -> ListingPlaced:
        event = self.desk.listing(who, side, price_fen, quantity_t)
        assert isinstance(event, ListingPlaced), event
        return event

    def pick(self, who: int, listing: ListingPlaced, quantity_t: int = 0) -> Traded:
        number = self.desk.next_client_order()
        wanted = quantity_t or listing.quantity_t
        command = PickListing(listing=listing.order, quantity_t=wanted, client_order=number)
        event = self.desk.one(trader(who), command)
        assert isinstance(event, Traded), event
        return event

    def trade(self, seller: int, buyer: int, price_fen: int, quantity_t: int) -> Traded:
        """Let the seller list and the buyer pick; no better listing may stand in between."""
        return self.pick(buyer, self.list_(seller, Side.SELL, price_fen, quantity_t))

    def cancel(self, who: int, listing: ListingPlaced) -> AnyEvent:
        number = self.desk.next_client_order()
        return self.desk.one(trader(who), CancelOrder(order=listing.order, client_order=number))

    def block(self, seller: int, buyer: int, price_fen: int) -> Traded:
        offer = self.desk.one(
            trader(seller),
            OfferBlock(
                product=PRODUCT,
                side=Side.SELL,
                counterparty=buyer,
                price_fen=price_fen,
                quantity_t=BLOCK_T,
                client_order=self.desk.next_client_order(),
            ),
        )
        assert isinstance(offer, BlockOffered), offer
        number = self.desk.next_client_order()
        event = self.desk.one(trader(buyer), AcceptBlock(offer=offer.order, client_order=number))
        assert isinstance(event, Traded), event
        return event

    def close(self) -> "Floor":
        self.at("15:00")
        return self

    def next_day(self, reference_fen: int) -> None:
        self.desk.open_day(SECOND_DATE)
        self.desk.set_reference(reference_fen)
        self.at("09:30")

    def alerts(self, rule: Rule) -> list[Alert]:
        """Return the alerts of a rule; there may be no others."""
        others = [alert for alert in self.market.alerts if alert.rule != rule]
        assert not others, others
        for alert in self.market.alerts:
            assert proves(self.market, alert)
        return self.market.alerts

    def one(self, rule: Rule) -> Alert:
        (alert,) = self.alerts(rule)
        return alert


def proves(market: Recorder, alert: Alert) -> bool:
    """Say whether an alert's sequences are commands of the log, rising and no later than the alert."""
    numbers = alert.sequences
    assert 0 < len(numbers) <= Bounds().proof
    assert list(numbers) == sorted(set(numbers))
    return all(market.entries[n - 1].sequence == n for n in numbers) and (
        market.entries[numbers[-1] - 1].time_ns <= alert.time_ns
    )


def crossed(floor: Floor) -> tuple[ListingPlaced, ListingPlaced]:
    """Let 1 and 2 list at one price."""
    ask = floor.list_(1, Side.SELL, 4_800, 100)
    return ask, floor.list_(2, Side.BUY, 4_800, 100)


def busy(market: Recorder) -> Recorder:
    """Two days with the thresholds of the profile in which nearly every rule finds something."""
    floor = Floor.__new__(Floor)
    floor.market = market
    floor.desk = first_day(market, 4, cash_fen=10**13, tonnes=500_000)
    for number in range(12):
        floor.cancel(1, floor.list_(1, Side.SELL, 4_900 + number, 700))
    for seller, buyer in ((1, 2), (2, 1), (1, 2), (2, 1)):
        floor.trade(seller, buyer, 4_800, 30_000)
    for _ in range(60):
        floor.list_(3, Side.BUY, 4_700, 1)
    crossed(floor)
    floor.wait(600)
    floor.trade(1, 2, 4_320, 10)
    floor.at("13:00")
    floor.block(3, 4, 3_360)
    floor.block(1, 4, 4_400)
    floor.at("14:55")
    floor.trade(3, 4, 4_310 + 12, 10)
    floor.close()
    close_fen = floor.market.exchange.bulletins()[-1].close_fen
    floor.next_day(close_fen)
    floor.trade(1, 2, close_fen, 7)
    floor.trade(3, 4, close_fen + 60, 7)
    floor.at("14:58")
    floor.trade(3, 4, close_fen + 100, 7)
    floor.close()
    return market
