"""Random days full of auctions, engine and oracle side by side, under every rule for ties."""

from random import Random

import pytest

from engine import auction_end
from engine.commands import (
    AdvanceTime,
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    CancelOrder,
    CloseDay,
    CorrectReferencePrice,
    Halt,
    HaltScope,
    Method,
    PlaceBid,
    PriceMode,
    ReferenceBasis,
    RefuseAuction,
    Restriction,
    RestrictParticipant,
    Resume,
)
from engine.events import AnyEvent, AuctionEnded, AuctionState, FailureCause
from engine.exchange import Exchange
from engine.profile import Profile
from engine.units import NANOSECONDS_PER_SECOND
from tests.markets import FIRST_DATE, OPERATOR_ONE, OPERATOR_TWO, PRODUCT, Desk, Twins, trader
from tests.markets_auction import auction_profile, cancelling_profile

TRADERS = 5
MINUTE_NS = 60 * NANOSECONDS_PER_SECOND
MOVES = {
    "apply": 8,
    "announce": 9,
    "refuse": 1,
    "bid": 110,
    "cancel": 10,
    "time": 10,
    "halt": 1,
    "restrict": 1,
    "correct": 1,
    "again": 3,
}


class Stream:
    """One random day; every move is compared with the oracle."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self.twins = Twins(profile)
        self.desk = Desk(self.twins)
        assert profile.auction is not None
        self.rules = profile.auction
        self.random = Random(seed)
        self.twins.looks_at_everything = False
        self.results: list[AuctionEnded] = []
        self.desk.found(TRADERS)
        self.desk.open_day(FIRST_DATE)
        for participant in range(1, TRADERS + 1):
            self.desk.endow(participant, 100_000_000, 12_000)
        self.desk.set_reference(4_800, basis=ReferenceBasis.ADMINISTRATIVE)
        self.desk.advance(profile.auction.sessions[0][0])
        self.last: tuple[int, PlaceBid | ApplyAuction | CancelOrder] | None = None

    def play(self, moves: int) -> None:
        names, weights = zip(*MOVES.items(), strict=True)
        for place, name in enumerate(self.random.choices(names, weights, k=moves)):
            if self.random.random() < 0.3:
                self.resume()
            getattr(self, name)()
            if place % 10 == 0:
                self.twins.compare()
                self.compare_bids()
            if place == moves // 2:
                self.restart()
        self.time_to(max(self.desk.time_ns, self.desk.clock("15:30")))
        self.twins.compare()

    def compare_bids(self) -> None:
        """Hold the sorted bids against the order rows."""
        market = self.twins.exchange._market
        standing = auction_end.standing_bids(market)
        assert {n: list(bids) for n, bids in standing.items()} == {
            n: list(bids) for n, bids in market.bids.items()
        }

    def restart(self) -> None:
        """Let the exchange go on from its snapshot, in the middle of whatever is open."""
        exchange = self.twins.exchange
        self.twins.exchange = Exchange.from_snapshot(exchange.profile, exchange.snapshot())
        assert self.twins.exchange.state_digest() == exchange.state_digest()
        self.compare_bids()

    def send(self, key: int, command: PlaceBid | ApplyAuction | CancelOrder) -> None:
        self.last = key, command
        self.note(self.desk.send(key, command))

    def note(self, events: list[AnyEvent]) -> None:
        self.results += [event for event in events if isinstance(event, AuctionEnded)]

    def someone(self) -> int:
        return self.random.randint(1, TRADERS)

    # ------------------------------------------------------------ moves

    def apply(self) -> None:
        random = self.random
        wish = random.random() < 0.3
        begin = self.desk.time_ns + random.randint(-5, 60) * MINUTE_NS if wish else 0
        self.send(
            trader(self.someone()),
            ApplyAuction(
                product=random.choice((PRODUCT,) * 9 + ("CEA21",)),
                quantity_t=random.choice((900, 1_000, 1_000, 1_000, 1_025, 1_500, 2_000, 5_001)),
                floor=random.choice((*self.rules.floors * 5, *AuctionFloor)),
                price_mode=random.choice((*self.rules.price_modes * 5, *PriceMode)),
                client_order=self.desk.next_client_order(),
                wished_begin_ns=begin,
                wished_end_ns=begin + random.randint(-1, 40) * MINUTE_NS if wish else 0,
            ),
        )

    def number(self) -> int:
        """Return an auction, mostly one that waits for a decision."""
        rows = self.twins.oracle.applications(0)
        waiting = [row.auction for row in rows if row.state is AuctionState.APPLIED]
        if waiting and self.random.random() < 0.9:
            return self.random.choice(waiting)
        return self.random.randint(1, len(rows) + 1)

    def announce(self) -> None:
        begin = self.desk.time_ns + self.random.choice((-1, 0, 0, 0, 2)) * MINUTE_NS + 100
        end = begin + self.random.randint(2, 12) * MINUTE_NS
        self.note(
            self.desk.approve(
                AnnounceAuction(auction=self.number(), begin_ns=max(begin, 0), end_ns=end)
            )
        )

    def refuse(self) -> None:
        self.note(self.desk.approve(RefuseAuction(auction=self.number(), explanation="演示")))

    def bid(self) -> None:
        open_ones = [
            row.auction
            for row in self.twins.oracle.auctions()
            if row.state is AuctionState.ANNOUNCED and row.begin_ns <= self.desk.time_ns
        ]
        if not open_ones and self.random.random() < 0.8:
            self.announce()
            self.time_to(self.desk.time_ns + 1_000)
            return
        number = self.random.choice(open_ones) if open_ones else self.number()
        self.send(
            trader(self.someone()),
            PlaceBid(
                auction=number,
                price_fen=self.random.choice(
                    (4_300, 4_319, 4_320, 4_800, 4_801, 4_900, 5_280, 5_281)
                ),
                quantity_t=self.random.choice(
                    (1, 50, 75, 150, 350, 400, 450, 500, 500, 1_000, 2_500)
                ),
                client_order=self.desk.next_client_order(),
            ),
        )

    def cancel(self) -> None:
        participant = self.someone()
        orders = self.twins.oracle.orders(participant)
        if orders:
            order = self.random.choice(orders).order
            client = self.desk.next_client_order()
            self.send(trader(participant), CancelOrder(order=order, client_order=client))

    def again(self) -> None:
        if self.last is not None:
            self.note(self.desk.send(*self.last))

    def time(self) -> None:
        self.time_to(self.desk.time_ns + self.random.randint(0, 8) * MINUTE_NS)

    def time_to(self, time_ns: int) -> None:
        self.note(self.desk.send(0, AdvanceTime(), time_ns))

    def resume(self) -> None:
        for halt in self.twins.oracle.halts():
            self.note(self.desk.send(OPERATOR_TWO, Resume(halt=halt.halt, explanation="演示")))

    def halt(self) -> None:
        command = Halt(
            scope=self.random.choice(list(HaltScope)),
            explanation="演示",
            method=Method.AUCTION,
            product=PRODUCT,
            participant=self.someone(),
        )
        self.note(self.desk.send(OPERATOR_ONE, command))

    def restrict(self) -> None:
        restriction = self.random.choice((Restriction.NONE,) * 4 + tuple(Restriction))
        self.note(
            self.desk.approve(
                RestrictParticipant(participant=self.someone(), restriction=restriction)
            )
        )

    def correct(self) -> None:
        """Correct the reference, half the times in the halt that it needs; once in a while close."""
        if self.random.random() < 0.5:
            halt = Halt(scope=HaltScope.PRODUCT, product=PRODUCT, explanation="演示")
            self.note(self.desk.send(OPERATOR_ONE, halt))
        action: CloseDay | CorrectReferencePrice = CorrectReferencePrice(
            product=PRODUCT,
            price_fen=self.random.choice((4_790, 4_800, 4_810)),
            explanation="演示",
        )
        if self.random.random() < 0.1:
            action = CloseDay(explanation="演示")
        self.note(self.desk.approve(action))


PROFILES = {
    "time": auction_profile("time"),
    "pro_rata": auction_profile("pro_rata"),
    "random": auction_profile("random"),
    "cancel": cancelling_profile(),
}


@pytest.mark.parametrize("name", PROFILES)
def test_random_days_of_auctions(name: str) -> None:
    results: list[AuctionEnded] = []
    for seed in range(12):
        stream = Stream(PROFILES[name], seed)
        stream.play(200)
        results += stream.results
        stream.restart()
    causes = {result.cause for result in results}
    assert {FailureCause.NO_BIDS, FailureCause.NONE} <= causes
    assert (FailureCause.UNDERSUBSCRIBED in causes) == (name == "cancel")
    assert any(result.sold_t == result.offered_t < result.bid_t for result in results)
