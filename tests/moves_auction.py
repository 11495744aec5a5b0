"""Auction moves: applications, bids around floor, cap, ties and shares, and the exchange's decisions."""

from random import Random

from engine.commands import (
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    Method,
    PlaceBid,
    PriceMode,
    RefuseAuction,
    Side,
)
from engine.events import AuctionState
from engine.units import NANOSECONDS_PER_SECOND, QUANTITY_T_MAX
from tests.moves_orders import UNKNOWN, OrderMoves, Sent
from tests.oracle.ending import standing_bids
from tests.oracle.records import Auction

MINUTE_NS = 60 * NANOSECONDS_PER_SECOND


class AuctionMoves(OrderMoves):
    """Makes the next step of an auction from what the oracle knows."""

    def auctions_in(self, state: AuctionState) -> list[Auction]:
        """Return the auctions in a state."""
        return [row for row in self.state.auctions.values() if row.state == state]

    def open_auctions(self) -> list[Auction]:
        """Return the auctions whose window is on."""
        now = self.state.time_ns
        rows = self.auctions_in(AuctionState.ANNOUNCED)
        return [row for row in rows if row.begin_ns <= now < row.end_ns]

    def window(self, random: Random) -> tuple[int, int]:
        """Return a window: short and soon, or with an edge of a session, or a wrong one."""
        record = self.state.methods.get(Method.AUCTION)
        sessions = record.sessions if record is not None else []
        if not sessions:
            return random.choice(((0, 0), (1, 2)))
        now = self.state.time_ns
        ahead = [session for session in sessions if session[1] > now] or sessions
        first, last = random.choice((ahead[0], ahead[0], random.choice(sessions)))
        soon = random.randint(1, 12_000)
        ahead_ns = soon if random.random() < 0.85 else random.randint(1, 60) * MINUTE_NS
        begin = max(first, now + ahead_ns)  # commands of a stream lie some hundred ns apart
        end = min(last, begin + random.choice((1, 2, 5, 30)) * MINUTE_NS)
        chance = random.random()
        if chance < 0.12:
            end = last
        elif chance < 0.2:
            begin, end = random.choice(
                ((end, begin), (begin, begin), (first - 1, end), (begin, last + 1), (now - 1, end))
            )
        return max(0, begin), max(0, end)

    # ------------------------------------------------------------ sellers

    def apply(self, random: Random) -> Sent:
        """Apply for an auction of something one holds, now and then of too much or too little."""
        product = self.product(random)
        key = self.someone_able(random, product, Side.SELL, 1)
        rules = self.state.profile.auction
        least, most = (rules.quantity_t_min, rules.quantity_t_max) if rules else (1, 1_000)
        means = self.means(key, product, Side.SELL, 1)
        size = self.size(random, means, least, most)
        if random.random() < 0.3:
            size = max(1, min(means, least + random.choice((0, 1, 7, 25, 333)), QUANTITY_T_MAX))
        begin, end = self.window(random) if random.random() < 0.5 else (0, 0)
        command = ApplyAuction(
            product=product,
            quantity_t=size,
            floor=random.choice(
                rules.floors if rules and random.random() < 0.95 else list(AuctionFloor)
            ),
            price_mode=random.choice(
                rules.price_modes if rules and random.random() < 0.95 else list(PriceMode)
            ),
            client_order=self.number(),
            wished_begin_ns=begin,
            wished_end_ns=end,
        )
        return self.order(key, command, random)

    # ------------------------------------------------------------ the exchange

    def decision(self, random: Random) -> AnnounceAuction | RefuseAuction:
        """Return the announcement of an application, seldom its refusal, seldom of another."""
        waiting = [row.number for row in self.auctions_in(AuctionState.APPLIED)]
        number = random.choice(waiting or [1])
        if random.random() < 0.1:
            number = random.choice((*self.state.auctions, len(self.state.auctions) + 1, UNKNOWN))
        if random.random() < 0.1:
            return RefuseAuction(auction=number, explanation="演示")
        begin, end = self.window(random)
        return AnnounceAuction(auction=number, begin_ns=begin, end_ns=end)

    # ------------------------------------------------------------ bidders

    def bid(self, random: Random) -> Sent:
        """Bid: on the price of another bid, at an edge, for a little, the whole, or past a share."""
        now_open = self.open_auctions()
        rows = now_open or list(self.state.auctions.values())
        if not rows or (not now_open and random.random() < 0.8):
            return self.apply(random)
        auction = random.choice(rows)
        number = auction.number
        if random.random() < 0.04:
            number = random.choice((*self.state.auctions, len(self.state.auctions) + 1, UNKNOWN))
        price = self.bid_price(random, auction)
        key = self.someone_able(random, auction.product, Side.BUY, price)
        command = PlaceBid(
            auction=number,
            price_fen=price,
            quantity_t=self.bid_tonnes(random, key, auction, price),
            client_order=self.number(),
        )
        return self.order(key, command, random)

    def bid_price(self, random: Random, auction: Auction) -> int:
        """Return a price, mostly one that others bid too, so that ties are common."""
        floor, cap = auction.floor_fen, auction.cap_fen
        prices = [row.price_fen for row in standing_bids(self.state, auction.number)]
        chance = random.random()
        if prices and chance < 0.75:
            return random.choice(prices)
        if chance < 0.82:
            return random.choice((floor, cap, max(1, floor - 1), cap + 1))
        price = random.choice((random.randint(floor, cap), (floor + cap) // 2, floor + 50))
        return self.on_tick(random, price)

    def bid_tonnes(self, random: Random, key: int, auction: Auction, price: int) -> int:
        """Return a quantity: a part of what is offered, a whole lot of it, or at the sender's limit."""
        rules = self.state.profile.auction
        least, lot = (rules.bid_t_min, rules.bid_lot_t) if rules else (1, 1)
        offered = auction.quantity_t
        share = offered * rules.bidder_share_bp // 10_000 if rules else offered
        tonnes = random.choice(
            (share // 2, share // 3, share // 4, share, least, random.randint(1, share), offered)
        )
        chance = random.random()
        if chance < 0.08:
            means = self.means(key, auction.product, Side.BUY, price)
            tonnes = means + random.choice((0, 1))
        if chance > 0.95:
            tonnes = random.choice((least - 1, offered + lot))
        if random.random() < 0.96:
            tonnes = max(lot, tonnes - tonnes % lot)
        return min(max(1, tonnes), QUANTITY_T_MAX)
