"""What clearing asks of the exchange; `gateway.client.Client` is one, the tests bring another."""

from typing import Protocol

from engine.commands import AnyCommand
from engine.events import Bulletin
from engine.views import Account, ParticipantView, TradeView
from gateway.client import Answer, Message


class ExchangePort(Protocol):
    """The part of the public client that clearing uses."""

    async def submit(self, command: AnyCommand) -> Answer:
        """Send a command and wait until it is durable."""
        ...

    async def subscribe(self, *channels: str, after: int | None = None) -> None:
        """Start a channel after a sequence."""
        ...

    async def next_message(self) -> Message | None:
        """Return the next pushed message, None when the connection is gone for good."""
        ...

    async def account(self, participant: int = 0) -> Account:
        """Return a participant's cash and holdings."""
        ...

    async def trades(self, participant: int = 0, date: str = "") -> tuple[TradeView, ...]:
        """Return the trades of a day."""
        ...

    async def unsettled(self) -> tuple[TradeView, ...]:
        """Return the trades of all days that wait for settlement."""
        ...

    async def participants(self) -> tuple[ParticipantView, ...]:
        """Return all participants with their accounts."""
        ...

    async def bulletins(self, after: str = "") -> tuple[Bulletin, ...]:
        """Return the bulletins of all days after a date."""
        ...

    async def close(self) -> None:
        """End the connection."""
        ...
