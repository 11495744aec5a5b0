"""Order moves: commands of traders, aimed at the book and at the limits of their means."""

from random import Random

from engine.commands import (
    AcceptBlock,
    AnyCommand,
    CancelOrder,
    Method,
    OfferBlock,
    OrderCommand,
    Permission,
    PickListing,
    PlaceListing,
    ReduceOrder,
    Role,
    Side,
    TakeListings,
)
from engine.units import PRICE_FEN_MAX, QUANTITY_T_MAX
from tests.oracle.checks import levels_ahead
from tests.oracle.questions import cost_fen, held_t, opposite
from tests.oracle.records import KeyRecord, Order
from tests.oracle.state import State

Sent = tuple[int, AnyCommand, int]
"""Who sends what, and when."""
DATES = tuple(f"2021-{month:02d}-{day:02d}" for month in (7, 8) for day in range(16, 29))
"""Days of the small market; only their order matters."""
UNKNOWN = 2**31 - 1


class OrderMoves:
    """Makes a trader's next command from what the oracle knows."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.sent: list[tuple[int, OrderCommand]] = []
        self.client_order = 0

    # ------------------------------------------------------------ choices

    def later(self, random: Random) -> int:
        """Return the next time: mostly a moment later, sometimes the same moment."""
        return self.state.time_ns + random.choice((0, 1, 1, 1_000))

    def trader(self, random: Random) -> int:
        """Return a trader's key, now and then a key that may not trade or does not exist."""
        if random.random() < 0.02:
            return random.choice((0, 1, 4, 999))
        if random.random() < 0.02:
            over = [key.number for key in self.state.keys.values() if not key.holds]
            return random.choice((*self.state.keys, *over, *over) or [999])
        traders = [
            key.number
            for key in self.state.keys.values()
            if key.role == Role.TRADER and key.holds and self._may_mostly(key)
        ]
        return random.choice(traders) if traders else 999

    def _may_mostly(self, key: KeyRecord) -> bool:
        """Say whether a key is worth sending with: who may only a part is asked less often."""
        return len(key.permissions) == len(Permission) or self.client_order % 4 == 0

    def number(self) -> int:
        """Return a fresh client order number."""
        self.client_order += 1
        return self.client_order

    def order(self, key: int, command: OrderCommand, random: Random) -> Sent:
        """Remember an order command, so that it can be repeated."""
        self.sent.append((key, command))
        return key, command, self.later(random)

    def product(self, random: Random) -> str:
        """Return a product that is mostly open for trading."""
        if random.random() < 0.04:
            return random.choice((*self.state.products, "NONE-1", "NONE-2"))
        ready = [code for code, row in self.state.products.items() if row.reference_fen]
        listed = [
            code for code in self.state.products if self.state.listed_on(code, self.state.date)
        ]
        return random.choice(ready or listed or list(self.state.products))

    def price(self, random: Random, band: tuple[int, int], side: Side, product: str) -> int:
        """Return a price at the edges, a fen outside, on or through the other side, or inside."""
        floor, cap = band
        if floor == 0:
            return random.randint(1, 10_000)
        edge = random.random()
        if edge < 0.10:
            return random.choice((floor, cap))
        if edge < 0.14:
            return max(1, random.choice((floor - 1, cap + 1, PRICE_FEN_MAX)))
        levels = [*self.state.books[product, side], *self.state.books[product, opposite(side)]]
        if levels and edge < 0.55:
            near: int = random.choice(levels) + random.choice((-1, 0, 0, 1))
            return min(max(near, floor), cap)
        middle = (floor + cap) // 2
        return random.choice((random.randint(floor, cap), middle + random.randint(-3, 3)))

    def on_tick(self, random: Random, price: int) -> int:
        """Return a price on the tick, and sometimes as it is."""
        tick = self.state.profile.tick_size_fen
        return max(1, price) if random.random() < 0.03 else max(tick, price - price % tick)

    def size(self, random: Random, limit: int, least: int, most: int) -> int:
        """Return a quantity in whole lots, and sometimes as it is."""
        lot = self.state.profile.lot_size_t
        quantity = self.any_size(random, limit, least, most)
        return quantity if random.random() < 0.03 else max(lot, quantity - quantity % lot)

    def any_size(self, random: Random, limit: int, least: int, most: int) -> int:
        """Return a quantity: small, at the limit of the means, one past it, or at the rules' edges."""
        chance = random.random()
        if chance < 0.15:
            edge = min(limit, most) + random.choice((-1, 0, 1))
            return min(max(1, edge), QUANTITY_T_MAX)
        if chance < 0.22:
            more = min(most + self.state.profile.lot_size_t, QUANTITY_T_MAX)
            return random.choice((max(1, least - 1), least, most, more))
        return random.randint(least, max(least, min(most, limit // 3, least + 400)))

    def own_size(self, random: Random, key: int, size: int) -> int:
        """Return a quantity, of a key with an own limit now and then just that, or a lot more."""
        sender = self.state.keys.get(key)
        most = sender.order_max_t if sender is not None else 0
        if most == 0 or random.random() < 0.6:
            return size
        lot = self.state.profile.lot_size_t
        return min(max(lot, most - most % lot + random.choice((0, lot))), QUANTITY_T_MAX)

    def means(
        self, key: int, product: str, side: Side, price: int, method: Method = Method.LISTED
    ) -> int:
        """Return how many tonnes the sender of an order could pay, hold or deliver."""
        sender = self.state.keys.get(key)
        if sender is None or product not in self.state.products:
            return 1
        party = sender.participant
        if side == Side.SELL:
            return max(0, self.state.ledger.shelves[party][product].available)
        available = self.state.ledger.purses[party].available
        tonnes = max(0, available // max(1, price))
        cost = cost_fen(self.state, method, price, tonnes)
        tonnes -= max(0, cost - available) // max(1, price)
        while tonnes > 0 and cost_fen(self.state, method, price, tonnes) > available:
            tonnes -= 1
        rules = self.state.profile.position
        if rules.limit_t == 0:
            return tonnes
        widened = self.state.allowances.get(party, 0) if rules.is_widened_by_allowance else 0
        room = rules.limit_t + widened - held_t(self.state, party, product)
        return max(0, min(tonnes, room))

    def someone_able(self, random: Random, product: str, side: Side, price: int) -> int:
        """Return one of three traders, the one with the most means, so that big orders succeed."""
        keys = [self.trader(random) for _ in range(3)]
        return max(keys, key=lambda key: self.means(key, product, side, price))

    def live(self, method: Method) -> list[Order]:
        """Return the open orders of a method."""
        return [row for row in self.state.orders.values() if row.is_open and row.method == method]

    def owners(self, participant: int) -> list[int]:
        """Return the keys of a participant."""
        return [row.number for row in self.state.keys.values() if row.participant == participant]

    def is_near(self, random: Random, listing: Order) -> bool:
        """Say whether a listing stands on the best level, or on one drawn among the deeper ones."""
        prices = levels_ahead(self.state, listing.product, listing.side, 0)
        rules = self.state.profile.listed
        is_deep = rules.level_choice == "any_of_five_levels" and random.random() < 0.7
        depth = random.randint(1, rules.levels_shown + 1) if is_deep else 1
        if listing.price_fen != prices[: min(depth, len(prices))][-1]:
            return False
        level = self.state.books[listing.product, listing.side][listing.price_fen]
        is_oldest = next(iter(level)) == listing.number
        return is_oldest or rules.same_price_choice == "free" or random.random() < 0.1

    # ------------------------------------------------------------ orders

    def place(self, random: Random) -> Sent:
        """List somewhere in or near the band."""
        product, side = self.product(random), random.choice(list(Side))
        record = self.state.products.get(product)
        known = product if record else "CEA19-20"
        band = record.listed_band if record else (0, 0)
        price = self.on_tick(random, self.price(random, band, side, known))
        rules = self.state.profile.listed
        key = random.choice((self.trader(random), self.someone_able(random, product, side, price)))
        size = self.size(
            random,
            self.means(key, product, side, price),
            rules.quantity_t_min,
            rules.quantity_t_max,
        )
        command = PlaceListing(
            product=product,
            side=side,
            price_fen=price,
            quantity_t=self.own_size(random, key, size),
            client_order=self.number(),
        )
        return self.order(key, command, random)

    def pick(self, random: Random) -> Sent:
        """Pick: mostly what may be picked, by somebody who can; else own, worse, filled or unknown."""
        key = self.trader(random)
        chance, live = random.random(), self.live(Method.LISTED)
        has_picks = self.state.profile.listed.picks
        if chance < 0.8 and not (live and has_picks):
            return self.place(random)
        if not live or chance < 0.06:
            gone = [*self.state.orders, 0, 1, self.state.order_number, UNKNOWN]
            target = max(1, random.choice(gone))
            return self.order(
                key,
                PickListing(listing=target, quantity_t=1, client_order=self.number()),
                random,
            )
        if chance < 0.75:
            live = [row for row in live if self.is_near(random, row)] or live
        listing = random.choice(live)
        side = opposite(listing.side)
        if chance < 0.9:
            key = self.someone_able(random, listing.product, side, listing.price_fen)
        means = self.means(key, listing.product, side, listing.price_fen)
        wanted = (
            listing.left_t,
            listing.left_t,
            random.randint(1, listing.left_t),
            random.randint(1, listing.left_t),
            min(listing.left_t, max(1, means)),
            min(listing.left_t, max(1, means + 1)),
            listing.left_t + 1,
        )
        lot = self.state.profile.lot_size_t
        quantity = random.choice(wanted)
        if random.random() < 0.95:
            quantity = max(lot, quantity - quantity % lot)
        command = PickListing(
            listing=listing.number,
            quantity_t=quantity,
            client_order=self.number(),
        )
        return self.order(key, command, random)

    def offer(self, random: Random) -> Sent:
        """Offer a block to somebody, now and then to oneself or to nobody."""
        product, side = self.product(random), random.choice(list(Side))
        record = self.state.products.get(product)
        floor, cap = record.block_band if record else (0, 0)
        price = random.choice((floor, cap, (floor + cap) // 2, floor - 1, cap + 1, floor + 7))
        price = self.on_tick(random, max(1, price))
        key = self.someone_able(random, product, side, price)
        rules = self.state.profile.block
        command = OfferBlock(
            product=product,
            side=side,
            counterparty=random.choice((*self.state.participants, 1, 2, UNKNOWN)),
            price_fen=price,
            quantity_t=self.size(
                random,
                self.means(key, product, side, price, Method.BLOCK),
                rules.quantity_t_min,
                rules.quantity_t_max,
            ),
            client_order=self.number(),
        )
        return self.order(key, command, random)

    def accept(self, random: Random) -> Sent:
        """Accept a block offer, mostly as the party that it names."""
        key, offers = self.trader(random), self.live(Method.BLOCK)
        if not offers and random.random() < 0.8:
            return self.offer(random)
        target = max(1, random.choice((*self.state.orders, 1, UNKNOWN)))
        if offers and random.random() < 0.85:
            offer = random.choice(offers)
            target = offer.number
            named = self.owners(random.choice(offer.members or (offer.counterparty,)))
            if named and random.random() < 0.85:
                key = random.choice(named)
        return self.order(key, AcceptBlock(offer=target, client_order=self.number()), random)

    def cancel(self, random: Random) -> Sent:
        """Cancel: mostly an own open order, else a stranger's, an ended or an unknown one."""
        key = self.trader(random)
        orders = [row for row in self.state.orders.values() if row.is_open]
        if not self.state.orders and random.random() < 0.8:
            return self.place(random)
        if orders and random.random() < 0.8:
            order = random.choice(orders)
            if random.random() < 0.9:
                key = random.choice(self.owners(order.participant))
            target = order.number
        else:
            target = random.choice((*self.state.orders, self.state.order_number + 1, UNKNOWN))
        command = CancelOrder(order=target, client_order=self.number())
        return self.order(key, command, random)

    def take(self, random: Random) -> Sent:
        """Take level by level: some preferred, inside a near or a far limit, a little or too much."""
        product, side = self.product(random), random.choice(list(Side))
        record = self.state.products.get(product)
        across = self.state.books[product, opposite(side)] if record else {}
        prices = [*across] if side == Side.BUY else [*reversed(across)]
        if random.random() < 0.7 and not (prices and self.state.profile.listed.picks):
            return self.place(random)
        floor, cap = record.listed_band if record else (0, 0)
        far = cap if side == Side.BUY else floor
        limit = random.choice((*prices, *prices, far or 1, 4_800))
        if random.random() < 0.05:
            limit = max(1, random.choice((floor - 1, cap + 1)))
        limit = self.on_tick(random, limit)
        key = random.choice((self.trader(random), self.someone_able(random, product, side, limit)))
        standing = [number for price in prices for number in across[price]]
        preferred: tuple[int, ...] = ()
        rules = self.state.profile.listed
        if random.random() < (0.5 if rules.same_price_choice == "free" else 0.06):
            few = random.choices((*standing, 1, UNKNOWN), k=random.randint(1, 4))
            preferred = tuple(few)
        there = sum(row.left_t for price in prices[:3] for row in across[price].values())
        size = random.choice((there, max(1, there // 2), there + 1, rules.quantity_t_min))
        if random.random() < 0.6:
            means = self.means(key, product, side, limit)
            size = self.size(random, means, rules.quantity_t_min, rules.quantity_t_max)
        lot = self.state.profile.lot_size_t
        if random.random() < 0.9:
            size = max(lot, size - size % lot)
        command = TakeListings(
            product=product,
            side=side,
            quantity_t=min(max(1, self.own_size(random, key, size)), QUANTITY_T_MAX),
            limit_price_fen=limit,
            preferred=preferred,
            client_order=self.number(),
        )
        return self.order(key, command, random)

    def reduce(self, random: Random) -> Sent:
        """Take a part back: of an own listing mostly, of what cannot be reduced now and then."""
        live = self.live(Method.LISTED)
        if not live or (not self.state.profile.listed.reduce and random.random() < 0.9):
            return self.cancel(random)
        listing = random.choice(live)
        key, target, left = self.trader(random), listing.number, listing.left_t
        if random.random() < 0.9:
            key = random.choice(self.owners(listing.participant))
        if random.random() < 0.12:
            target = max(1, random.choice((*self.state.orders, self.state.order_number, UNKNOWN)))
        lot = self.state.profile.lot_size_t
        quantity = random.choice((left // 2, left // 3, left - lot, lot, left, left + 1))
        if random.random() < 0.9:
            quantity = max(lot, quantity - quantity % lot)
        command = ReduceOrder(order=target, quantity_t=max(1, quantity), client_order=self.number())
        return self.order(key, command, random)
