"""The public client library of the exchange: asyncio, typed, reconnects and resumes by itself.

Typical use::

    client = await Client.connect("ws://127.0.0.1:7000", keys.load("trader.key"))
    answer = await client.place_listing("CEA19-20", Side.BUY, 4_800, 100)
    if answer.refused:
        print(client.explain(answer.refused))
    await client.subscribe("private", "book:CEA19-20")
    async for message in client.messages(): ...

A refusal by a rule is a value (`Answer.refused`); exceptions are for lines and frames: `ConnectionFailed`,
`LoginRefused`, `SubmitFailed` and `RequestFailed`, the latter two with `outcome`, `code` and `text`.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from engine.events import Refused
from gateway import wire
from gateway.client_answer import Answer
from gateway.client_control import Control
from gateway.client_errors import (
    ClientError,
    ConnectionFailed,
    LoginRefused,
    RequestFailed,
    SubmitFailed,
)
from gateway.client_orders import Orders
from gateway.dialling import Patience
from gateway.expiry import days_left
from gateway.explain import explain
from gateway.inbox import Disconnected, Gap, Message, Reconnected
from gateway.keys import KeyFile
from gateway.link import Link
from gateway.local_book import LocalBook
from gateway.wire import Format


class Client(Orders, Control):
    """One connection to the exchange with one key, or without one as an observer."""

    @classmethod
    async def connect(
        cls,
        url: str,
        key: KeyFile | None,
        *,
        language: wire.Language = "en",
        reconnect: bool = True,
        patience: Patience | None = None,
        authorities: Path | None = None,
        form: Format = Format.JSON,
    ) -> "Client":
        """Connect and log in; LoginRefused with the reason, ConnectionFailed where nobody answers.

        `authorities` is a PEM file of certificate authorities for a wss:// address, the system's own
        where it is None; UserError where it is no such file. `form` is how frames travel,
        `Format.JSON` or `Format.MESSAGEPACK`; nothing else changes.
        """
        link = Link(
            url,
            key,
            language=language,
            patience=patience or Patience(),
            authorities=authorities,
            form=form,
        )
        await link.open(reconnect=reconnect)
        return cls(link)

    async def close(self) -> None:
        """Close the connection; `messages` ends after what has already come."""
        await self._link.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def welcome(self) -> wire.Welcome:
        """Profile, key, role, person, participant, clock mode and limits, as told at the last login."""
        return self._link.welcome

    @property
    def is_connected(self) -> bool:
        """A connection stands at the moment."""
        return self._link.is_connected

    @property
    def sequence(self) -> int:
        """Last sequence of the log that the gateway told, at least once a second."""
        return self._link.sequence

    @property
    def time_ns(self) -> int:
        """Exchange time that the gateway told last, at least once a second."""
        return self._link.time_ns

    @property
    def days_left(self) -> int | None:
        """Days that this key holds beyond today (exchange time), None = until revoked; below 30 is soon."""
        return days_left(self.welcome.valid_until, self.time_ns)

    @property
    def status(self) -> wire.StatusChanged | None:
        """What the exchange takes now (phases, halts, `accepts`), None before it was told."""
        return self._link.status

    def explain(self, refused: Refused) -> str:
        """Return a refusal with its figures in words, in the language of this client."""
        return explain(refused.reason, refused.figure_a, refused.figure_b, self._link.language)

    # ------------------------------------------------------------ pushed messages

    async def subscribe(self, *channels: str, after: int | None = None) -> None:
        """Start channels; RequestFailed where the role or the retention does not allow it.

        `market`: a `MarketSnapshot` at once, then `MarketChanged` (days, phases, references, halts,
        auctions, closures, voided trades, bulletins) and `QuoteChanged`. `book:<product>`: a `BookSnapshot` at once and after changes
        (the library joins the gateway's changes and proves each state). `trades`: listed
        trades as `TradesPrinted`. `private`: own events as `PrivateEvents` (for an operator: all control
        events). `drop`: every command and its events as `DropCopy` (operator, clearing). With `after`,
        what followed that sequence comes first (0 = all that is kept: this trading day and the last).
        After a lost connection each channel goes on from its last frame, without gap or repeat.
        """
        for channel in channels:
            await self._link.subscribe(channel, after)

    async def unsubscribe(self, *channels: str) -> None:
        """Stop channels; frames that already came can still be read."""
        for channel in channels:
            await self._link.unsubscribe(channel)

    def cursor(self, channel: str) -> int | None:
        """Return the last sequence of a channel that came in, to `subscribe(after=...)` with later."""
        inbox = self._link.inbox
        return inbox.cursor(channel) if channel in inbox.channels else None

    def local_book(self, product: str) -> LocalBook | None:
        """Return the copy of a subscribed book, kept up and proven as frames come; None before the first."""
        return self._link.inbox.books.get(f"book:{product}")

    async def next_message(self) -> Message | None:
        """Return the next pushed message or connection notice; None when the client is closed."""
        return await self._link.inbox.get()

    async def messages(self) -> AsyncIterator[Message]:
        """Yield pushed frames and the notices `Disconnected`, `Reconnected`, `Gap` until the end.

        One reader per client. Books, quotes and market snapshots that wait are replaced by newer ones;
        the other channels lose nothing, however slowly they are read.
        """
        while (message := await self.next_message()) is not None:
            yield message


__all__ = [
    "Answer",
    "Client",
    "ClientError",
    "ConnectionFailed",
    "Disconnected",
    "Format",
    "Gap",
    "LoginRefused",
    "Message",
    "Patience",
    "Reconnected",
    "RequestFailed",
    "SubmitFailed",
]
