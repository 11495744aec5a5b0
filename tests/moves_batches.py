"""Moves of batches, cancels of everything, dead man's switches, lost connections and notices."""

from random import Random
from typing import Any

from msgspec import structs

from engine.commands import (
    ITEMS_MAX,
    AddClosure,
    ArmSwitch,
    BatchCommand,
    CancelAll,
    CancelCause,
    CancelForKey,
    CancelOrders,
    NewListing,
    NoteRestart,
    PlaceListing,
    PlaceListings,
    PublishNotice,
    Side,
)
from tests.moves_measures import MeasureMoves
from tests.moves_orders import UNKNOWN, Sent
from tests.moves_repeats import RepeatMoves
from tests.oracle.records import Order
from tests.oracle.state import State


class BatchMoves(MeasureMoves, RepeatMoves):
    """Makes commands about several orders from what the oracle knows."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.batches: list[tuple[int, BatchCommand]] = []

    def batch(self, random: Random, key: int, command: BatchCommand) -> Sent:
        """Remember a batch, so that it can be repeated."""
        self.batches.append((key, command))
        return key, command, self.later(random)

    # ------------------------------------------------------------ listings

    def place_many(self, random: Random) -> Sent:
        """List several times: on both sides of a price, or up to the means and one more in all."""
        count = random.choice((1, 2, 2, 3, 5, ITEMS_MAX))
        key, first, _ = self.place(random)
        items = [_item(first)]
        if random.random() < 0.45:
            items = self.up_to_the_means(random, key, items[0], count)
        while len(items) < count:
            _, other, _ = self.place(random)
            items.append(_item(other))
        if random.random() < 0.08:
            items[-1] = structs.replace(items[-1], client_order=random.choice(items).client_order)
        if random.random() < 0.04 and self.sent:
            old = random.choice(self.sent[-40:])[1]
            items[-1] = structs.replace(items[-1], client_order=old.client_order)
        return self.batch(random, key, PlaceListings(orders=tuple(items)))

    def up_to_the_means(
        self, random: Random, key: int, first: NewListing, count: int
    ) -> list[NewListing]:
        """Return listings of one product and side that use up what their sender has, or a lot more."""
        lot = self.state.profile.lot_size_t
        means = self.means(key, first.product, first.side, first.price_fen)
        each = max(lot, means // count - means // count % lot)
        sizes = [each] * (count - 1) + [max(lot, means - each * (count - 1))]
        sizes[-1] += random.choice((0, 0, lot, -lot))
        return [
            structs.replace(
                first, quantity_t=max(lot, min(size, 10**9)), client_order=self.number()
            )
            for size in sizes
        ]

    # ------------------------------------------------------------ cancels

    def cancel_many(self, random: Random) -> Sent:
        """Cancel several of one's own, at times with one that cannot be."""
        key, own = self.owner_of_some(random)
        numbers = [row.number for row in random.sample(own, min(len(own), random.randint(1, 4)))]
        if random.random() < 0.25 or not numbers:
            other = max(1, random.choice((*self.state.orders, UNKNOWN, *numbers)))
            numbers.insert(random.randint(0, len(numbers)), other)
        command = CancelOrders(orders=tuple(numbers), client_order=self.any_number(random))
        return self.batch(random, key, command)

    def owner_of_some(self, random: Random) -> tuple[int, list[Order]]:
        """Return a key and the open orders of its participant; mostly there are some."""
        live = [row for row in self.state.orders.values() if row.is_open]
        key = self.trader(random)
        if live and random.random() < 0.9:
            key = random.choice(self.owners(random.choice(live).participant))
        sender = self.state.keys.get(key)
        party = sender.participant if sender is not None else 0
        return key, [row for row in live if row.participant == party]

    def any_number(self, random: Random) -> int:
        """Return a fresh client order number, seldom one that was used."""
        if self.sent and random.random() < 0.03:
            return random.choice(self.sent[-40:])[1].client_order
        return self.number()

    def cancel_all(self, random: Random) -> Sent:
        """Cancel everything, or one product or side of it."""
        key, _ = self.owner_of_some(random)
        command = CancelAll(
            client_order=self.any_number(random),
            product=random.choice(("", "", self.product(random))),
            side=random.choice((0, 0, int(Side.BUY), int(Side.SELL))),
        )
        return self.batch(random, key, command)

    def repeat_batch(self, random: Random) -> Sent:
        """Send a batch again: as it was, partly, changed, or its first listing alone."""
        if not self.batches:
            return self.place_many(random)
        kind = random.choice(sorted({type(row[1]).__name__ for row in self.batches[-60:]}))
        key, command = random.choice(
            [row for row in self.batches[-60:] if type(row[1]).__name__ == kind]
        )
        chance = random.random()
        if chance < 0.6:
            return key, command, self.later(random)
        if isinstance(command, PlaceListings):
            return key, self.nearly_listings(random, command), self.later(random)
        changes: dict[str, Any] = {"timeout_s": 7}
        if isinstance(command, CancelOrders):
            changes = {"orders": (*command.orders, 1)[-ITEMS_MAX:]}
        elif isinstance(command, CancelAll):
            changes = {"side": 1}
        return key, structs.replace(command, **changes), self.later(random)

    def nearly_listings(
        self, random: Random, command: PlaceListings
    ) -> PlaceListings | PlaceListing:
        """Return a batch that shares numbers with one that came before, or a listing of it alone."""
        items = command.orders
        chance = random.random()
        if chance < 0.3:
            return PlaceListing(**structs.asdict(random.choice(items)))
        if chance < 0.5:
            return PlaceListings(orders=items[: max(1, len(items) - 1)])
        if chance < 0.7:
            fresh = structs.replace(items[0], client_order=self.number())
            return PlaceListings(orders=(*items[:-1], fresh))
        last = structs.replace(items[-1], quantity_t=items[-1].quantity_t + 1)
        return PlaceListings(orders=(*items[:-1], last))

    # ------------------------------------------------------------ switches, connections, restarts

    def arm(self, random: Random) -> Sent:
        """Arm a switch for a moment or for long, or disarm it."""
        key = self.trader(random)
        if random.random() < 0.6:
            key, _ = self.owner_of_some(random)
        timeout = random.choice((1, 1, 5, 60, 3_600, 0))
        command = ArmSwitch(timeout_s=timeout, client_order=self.any_number(random))
        return self.batch(random, key, command)

    def fires(self, random: Random) -> Sent:
        """Let the next switch's deadline come, with a command that arrives at it or a moment before."""
        deadlines = [row.deadline_ns for row in self.state.switches.values() if row.deadline_ns]
        key, command, _ = self.place(random)
        moment = min(deadlines, default=self.state.time_ns) - random.choice((0, 0, 1))
        return key, command, max(self.state.time_ns, moment)

    def lost(self, random: Random) -> Sent:
        """Lose the connection of a key, or say so without the right to."""
        key = random.choice((*self.state.keys, UNKNOWN)) if random.random() < 0.2 else 0
        if key == 0:
            key, _ = self.owner_of_some(random)
        command = CancelForKey(key=max(1, key), cause=CancelCause.DISCONNECT)
        return (0 if random.random() < 0.95 else key), command, self.later(random)

    def restart(self, random: Random) -> Sent:
        """Come back after some time in which the exchange was down."""
        after = self.state.time_ns + random.choice((1, 10 * 10**9))
        return (0 if random.random() < 0.95 else self.trader(random)), NoteRestart(), after

    # ------------------------------------------------------------ notices

    def notice(self, random: Random) -> PublishNotice:
        """Return a notice."""
        number = random.randint(1, 99)
        return PublishNotice(text_zh=f"演示公告 {number}", text_en=f"demo notice {number}")

    def no_date(self, random: Random) -> AddClosure:
        """Return a closure of a date that no calendar has."""
        date = random.choice(("2021-02-29", "2021-13-01", "2021-04-31", "2100-02-29", "2021-00-10"))
        return AddClosure(date=date, explanation="演示")


def _item(command: Any) -> NewListing:
    """Return a listing as an item of a batch."""
    return NewListing(**structs.asdict(command))
