"""What the gateway pushed and the program has not read yet: bounded, without gap or repeat, no sockets.

What only describes the newest state (books, quotes, the market) is replaced by newer states while it waits;
books are kept up from their changes here and proven (`local_book.py`).
Frames of resumable channels wait in order; when there is no room the channel stalls, and is subscribed
again from its cursor when the program has read on.
"""

import asyncio
from collections import deque
from typing import Final

import msgspec
from msgspec import Struct

from gateway.frames_book import BookChanged, BookSnapshot
from gateway.frames_pushed import (
    DropCopy,
    MarketChanged,
    MarketSnapshot,
    PrivateEvents,
    QuoteChanged,
    TradesPrinted,
)
from gateway.local_book import BookBroken, LocalBook

MESSAGES_MAX: Final = 4_096
"""Most frames that wait for the program."""
NOTICES_MAX: Final = 64
"""Most notices of lost and found connections that wait beside them; older ones go first."""


class Disconnected(Struct, frozen=True, kw_only=True, tag=True):
    """The connection was lost; `is_final` when no new one will be tried."""

    text: str
    is_final: bool


class Reconnected(Struct, frozen=True, kw_only=True, tag=True):
    """A new connection stands, its channels resume from where they were."""

    sequence: int
    attempts: int


class Gap(Struct, frozen=True, kw_only=True, tag=True):
    """The gateway may no longer keep what followed `after` on a channel; it goes on from `sequence`."""

    channel: str
    after: int
    sequence: int


Resumable = TradesPrinted | MarketChanged | PrivateEvents | DropCopy
Newest = QuoteChanged | MarketSnapshot
Message = (
    BookSnapshot
    | TradesPrinted
    | MarketSnapshot
    | MarketChanged
    | QuoteChanged
    | PrivateEvents
    | DropCopy
    | Disconnected
    | Reconnected
    | Gap
)


class ChannelState:
    """Where one subscription stands: `cursor` is the last sequence that the program was given."""

    __slots__ = ("cursor", "is_confirmed", "is_live", "left_at", "parts")

    def __init__(self, cursor: int | None) -> None:
        self.cursor = cursor
        self.is_confirmed = False
        """The gateway has accepted it once, so a reconnect renews it."""
        self.is_live = False
        """Frames are taken; false from a loss or a stall until the gateway confirms again."""
        self.left_at: int | None = None
        """Cursor that the gateway did not know any more, until it confirms from where it goes on."""
        self.parts: list[Resumable] = []
        """Parts of a frame whose last part has not come."""

    def confirm(self, sequence: int, floor: int) -> None:
        """Take the channel's frames from now on: the gateway has started it."""
        self.is_live = self.is_confirmed = True
        self.parts.clear()
        # A replay from 0 begins where the gateway's memory does.
        self.cursor = sequence if self.cursor is None else max(self.cursor, floor)


class Inbox:
    """The waiting messages of one client, for one reader."""

    def __init__(self, messages_max: int = MESSAGES_MAX) -> None:
        self.channels: dict[str, ChannelState] = {}
        self.has_room = asyncio.Event()
        """Set when stalled channels wait and the program has read enough to go on."""
        self._messages_max = messages_max
        self._waiting: deque[Message | str] = deque()
        self._newest: dict[str, Newest] = {}
        self.books: dict[str, LocalBook] = {}
        """By `book:<product>`, as far as the frames have come; each proves itself."""
        self._stale_books: set[str] = set()
        self._notices = 0
        self._stirred = asyncio.Event()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_filling(self) -> bool:
        """More than half of the room is taken."""
        return len(self._waiting) > self._messages_max // 2  # rounds down

    def put(self, frame: Resumable | Newest | BookSnapshot | BookChanged) -> None:
        """Take a pushed frame; repeats are dropped, frames without room stall their channel."""
        if isinstance(frame, BookSnapshot | BookChanged):
            self._put_book(frame)
            return
        if isinstance(frame, QuoteChanged | MarketSnapshot):
            self._put_newest(frame)
            return
        channel = self.channels.get(_CHANNELS[type(frame)])
        if channel is None or not channel.is_live:
            return
        cursor = channel.cursor or 0
        previous = frame.sequence - 1 if isinstance(frame, DropCopy) else frame.previous
        if frame.sequence <= cursor:
            return
        has_gap = previous > cursor or frame.part != len(channel.parts)
        if has_gap or len(self._waiting) >= self._messages_max:
            self._stall(channel)
            return
        whole = _join(channel, frame)
        if whole is None:
            return
        channel.cursor = whole.sequence
        self._waiting.append(whole)
        self._stirred.set()

    def _stall(self, channel: ChannelState) -> None:
        """Take no more of a channel: the link resumes it from its cursor, when there is room."""
        channel.is_live = False
        if self.stalled():
            self.has_room.set()

    def _put_newest(self, frame: Newest) -> None:
        channel = self.channels.get("market")
        if channel is None or not channel.is_live:
            return
        key = f"quote:{frame.quote.product}" if isinstance(frame, QuoteChanged) else "market"
        if key not in self._newest:
            self._waiting.append(key)
        self._newest[key] = frame
        self._stirred.set()

    def _put_book(self, frame: BookSnapshot | BookChanged) -> None:
        """Keep the local book up; one that does not prove itself is asked for anew."""
        name = f"book:{frame.product}"
        channel = self.channels.get(name)
        if channel is None or not channel.is_live:
            return
        book = self.books.get(name)
        if book is None:
            book = self.books[name] = LocalBook(frame.product)
        try:
            is_news = book.apply(frame)
        except BookBroken:
            self._stall(channel)
            return
        if is_news and name not in self._stale_books:
            self._stale_books.add(name)
            self._waiting.append(name)
            self._stirred.set()

    def cursor(self, name: str) -> int | None:
        """Return from where a channel goes on: a book from its own state, None where it has none."""
        if not name.startswith("book:"):
            return self.channels[name].cursor
        book = self.books.get(name)
        return book.sequence if book is not None and book.is_whole else None

    def start_anew(self, name: str, *, is_too_old: bool) -> None:
        """Give up a cursor: a channel goes on from the first that is kept, or from now."""
        state = self.channels.get(name)
        if state is None:
            return
        state.left_at = self.cursor(name) or 0
        state.cursor = 0 if is_too_old else None
        if name in self.books:
            self.books[name].clear()
        self.has_room.set()

    def confirm(self, name: str, sequence: int, floor: int) -> None:
        """Take a channel's frames from now on; a gap before them is told first."""
        state = self.channels.get(name)
        if state is None:
            return
        state.confirm(sequence, floor)
        if state.left_at is not None:
            self.notice(Gap(channel=name, after=state.left_at, sequence=state.cursor or 0))
            state.left_at = None

    def notice(self, message: Disconnected | Reconnected | Gap) -> None:
        """Tell the reader what happened to the connection."""
        if self._notices >= NOTICES_MAX:
            oldest = next(m for m in self._waiting if isinstance(m, _NOTICES))
            self._waiting.remove(oldest)
            self._notices -= 1
        self._notices += 1
        self._waiting.append(message)
        self._stirred.set()

    def stalled(self) -> list[str]:
        """Return the channels that wait to be subscribed again and have room for it."""
        if self.is_filling:
            return []
        return [n for n, c in self.channels.items() if c.is_confirmed and not c.is_live]

    def close(self) -> None:
        """No more will come: `get` ends with None when all is read."""
        self._is_closed = True
        self._stirred.set()

    async def get(self) -> Message | None:
        """Return the next message in order, None after the last one of a closed client."""
        while True:
            while not self._waiting:
                if self._is_closed:
                    return None
                self._stirred.clear()
                await self._stirred.wait()
            message = self._next()
            if message is not None:
                return message

    def _next(self) -> Message | None:
        """Take the next message; None for a book that broke meanwhile: its snapshot comes."""
        message = self._waiting.popleft()
        if len(self._waiting) == self._messages_max // 2 and self.stalled():  # rounds down
            self.has_room.set()
        if isinstance(message, str):
            if message not in self._stale_books:
                return self._newest.pop(message)
            self._stale_books.discard(message)
            book = self.books[message]
            return book.snapshot() if book.is_whole else None
        if isinstance(message, _NOTICES):
            self._notices -= 1
        return message


def _join(channel: ChannelState, frame: Resumable) -> Resumable | None:
    """Return a frame that is whole, None while parts of it are missing."""
    if frame.parts == 1:
        return frame
    channel.parts.append(frame)
    if frame.part + 1 < frame.parts:
        return None
    name = "trades" if isinstance(frame, TradesPrinted) else "events"
    rows = tuple(row for part in channel.parts for row in getattr(part, name))
    channel.parts.clear()
    return msgspec.structs.replace(frame, **{name: rows}, part=0, parts=1)


_NOTICES: Final = (Disconnected, Reconnected, Gap)
_CHANNELS: Final[dict[type[Struct], str]] = {
    TradesPrinted: "trades",
    MarketChanged: "market",
    PrivateEvents: "private",
    DropCopy: "drop",
}
