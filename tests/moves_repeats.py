"""Moves that repeat an order command, change one field of it, send it as nobody, or name anything at all."""

from enum import Enum
from random import Random
from typing import Any

from msgspec import structs

from engine.commands import (
    AcceptBlock,
    ConfirmBlock,
    CounterBlock,
    OrderCommand,
    PlaceBid,
    ReduceOrder,
    RefuseBlock,
)
from engine.units import QUANTITY_T_MAX
from tests.moves_orders import UNKNOWN, OrderMoves, Sent


class RepeatMoves(OrderMoves):
    """Makes what a retrying, a mistaken or a meddling client sends."""

    def stray(self, random: Random) -> Sent:
        """Name any number of the day in a command that may not be meant for it."""
        numbers = (*self.state.orders, self.state.order_number + 1, 1, UNKNOWN)
        target, party = random.choice(numbers), random.choice((*self.state.participants, UNKNOWN))
        names: dict[str, int] = {"client_order": self.number()}
        talk: dict[str, Any] = {"offer": target, "counterparty": party} | names
        command: OrderCommand = random.choice(
            (
                ReduceOrder(order=target, quantity_t=1, **names),
                AcceptBlock(offer=target, **names),
                CounterBlock(price_fen=4_800, quantity_t=100_000, **talk),
                ConfirmBlock(terms="0123456789abcdef", **talk),
                RefuseBlock(**talk),
                PlaceBid(auction=random.choice((1, 2)), price_fen=4_800, quantity_t=100, **names),
            )
        )
        return self.order(self.trader(random), command, random)

    def nobody(self, random: Random) -> Sent:
        """Send what a trader would, as the system, an operator, the clearing or an unknown key."""
        names = ("offer_group", "counter", "confirm", "refuse", "apply", "bid", "reduce", "stray")
        _, command, time_ns = getattr(self, random.choice(names))(random)
        return random.choice((0, 1, 4, 999)), command, time_ns

    def nearly(self, random: Random, command: OrderCommand) -> OrderCommand:
        """Return the same command but for one field: it must not be taken for a repeat."""
        names = [name for name in command.__struct_fields__ if name != "client_order"]
        name = random.choice(names)
        other = self.other_value(random, name, getattr(command, name))
        return structs.replace(command, **{name: other})

    def other_value(self, random: Random, name: str, value: Any) -> Any:
        """Return another value that a field may have."""
        if name == "product":
            return random.choice((*self.state.products, "NONE-1", "NONE-2", "ZZZZZZZZZZZZZZZZ"))
        if isinstance(value, Enum):
            return random.choice([member for member in type(value) if member != value] or [value])
        if isinstance(value, tuple):
            return random.choice(((*value, 1), value[1:], value[::-1]))
        if isinstance(value, str):
            return value[:-1] + random.choice("0af") if value else "x"
        return min(max(1, value + random.choice((-1, 1))), QUANTITY_T_MAX)

    def repeat(self, random: Random) -> Sent:
        """Send an earlier order command again, or other content under its number."""
        if not self.sent:
            return self.place(random)
        recent = self.sent[-60:]
        kind = random.choice(sorted({type(command).__name__ for _, command in recent}))
        key, command = random.choice([row for row in recent if type(row[1]).__name__ == kind])
        chance = random.random()
        if chance < 0.15:
            other = self.sent[-1][1]
            command = structs.replace(other, client_order=command.client_order)
        elif chance < 0.45:
            command = self.nearly(random, command)
        return key, command, self.later(random)
