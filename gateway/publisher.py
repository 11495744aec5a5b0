"""Who reads what, and when it is written to them: from each durable batch to the connections it concerns.

Streams are written at once. What may be skipped is published at once and then at most once in an interval;
what the exchange takes (`StatusChanged`) never waits.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, Protocol

from engine.views import MarketView
from gateway.book_feed import Newest
from gateway.door import Acceptance, Watcher
from gateway.feed import Feed
from gateway.frames_pushed import StatusChanged
from gateway.history import Applied
from gateway.reader import Reader
from gateway.status import StatusBoard

STATUS = "status"
WRITES_PER_TURN: Final = 16
"""Most connections that write what concerns them before the loop sees to what came meanwhile."""


class Listener(Protocol):
    """A connection, as far as publishing goes."""

    @property
    def reader(self) -> Reader | None:
        """What it has subscribed to, None before its login."""
        ...

    @property
    def is_gathering(self) -> bool:
        """Frames for it leave at the end of this turn of the loop."""
        ...

    def write(self) -> None:
        """Write what its reader may see."""
        ...


class MarketSource(Protocol):
    """The part of the exchange that is asked for the state of the market."""

    def market(self) -> MarketView:
        """Return the state of the market."""
        ...


class Door(Protocol):
    """The sequencer's door."""

    @property
    def acceptance(self) -> Acceptance:
        """What is taken now."""
        ...

    def watch(self, watcher: Watcher) -> None:
        """Call the watcher whenever `acceptance` changes."""
        ...


class Publisher:
    """The readers of one gateway; all calls from the event loop's thread."""

    def __init__(
        self, feed: Feed, exchange: MarketSource, door: Door, *, interval_s: float
    ) -> None:
        self.feed = feed
        self._exchange = exchange
        self._interval_s = interval_s
        self._readers: dict[str, set[Listener]] = {}
        self._due: set[str] = set()
        self._writing: dict[Listener, None] = {}
        """Who is to write in the next turns, in this order."""
        self.is_writing = False
        """Somebody is still to write."""
        self._published_s: dict[str, float] = {}
        self._status = StatusBoard(
            feed.newest.setdefault(STATUS, Newest()), lambda: door.acceptance
        )
        door.watch(self._accept_other)
        self._refresh([STATUS])

    # ------------------------------------------------------------ readers

    def entered(self, listener: Listener) -> None:
        """Tell the status to somebody new, now and whenever it changes."""
        self._readers.setdefault(STATUS, set()).add(listener)

    def left(self, listener: Listener) -> None:
        """Forget somebody with all its subscriptions."""
        self._writing.pop(listener, None)
        if listener.reader is None:
            return
        for channel in (STATUS, *listener.reader.channels):
            self.unsubscribed(listener, channel)

    def prepare(self, channel: str) -> None:
        """Publish what a subscription begins with, where nobody reads it yet.

        Where somebody does, the newcomer begins with what they have and gets what they get.
        """
        if not self._readers.get(channel):
            self._refresh([key for key in self.feed.dirty if _channel_of(key) == channel])

    def subscribed(self, listener: Listener, channel: str) -> None:
        """Note a subscription."""
        self._readers.setdefault(_name(listener, channel), set()).add(listener)

    def unsubscribed(self, listener: Listener, channel: str) -> None:
        """Forget a subscription."""
        name = _name(listener, channel)
        readers = self._readers.get(name, set())
        readers.discard(listener)
        if not readers:
            self._readers.pop(name, None)

    # ------------------------------------------------------------ publishing

    def publish(self, batch: Sequence[Applied]) -> None:
        """Show a durable batch to everybody whom it concerns."""
        feed = self.feed
        ends = (feed.trades.end, feed.market.end)
        feed.take_in(batch)
        concerned: set[Listener] = set(self._readers.get("drop", ()))
        if feed.trades.end != ends[0]:
            concerned |= self._readers.get("trades", set())
        if feed.market.end != ends[1]:
            concerned |= self._readers.get("market", set())
        for participant in feed.touched_private:
            concerned |= self._readers.get(f"private:{participant}", set())
        feed.touched_private.clear()
        concerned |= self._publish_newest()
        self._write(concerned)

    def stop_accepting(self) -> None:
        """Tell everybody that the gateway is being stopped and takes nothing more."""
        self._status.is_stopping = True
        self._accept_other()

    def status_frame(self) -> StatusChanged:
        """Return the status as it is now."""
        return self._status.frame(self._exchange.market())

    def _accept_other(self) -> None:
        """Tell a status that changed without a command."""
        self._refresh([STATUS])
        self._write(self._readers.get(STATUS, ()))

    def _publish_newest(self) -> set[Listener]:
        """Publish what is dirty and read, each key at most once in an interval."""
        now_s = time.monotonic()
        ready: list[str] = []
        concerned: set[Listener] = set()
        for key in self.feed.dirty:
            readers = self._readers.get(_channel_of(key))
            if key != STATUS and (not readers or key in self._due):
                continue
            wait_s = self._published_s.get(key, 0.0) + self._interval_s - now_s
            if wait_s > 0 and key != STATUS:
                self._due.add(key)
                asyncio.get_running_loop().call_later(wait_s, self._publish_late, key)
            else:
                ready.append(key)
                concerned |= readers or set()
        self._refresh(ready)
        return concerned

    def _publish_late(self, key: str) -> None:
        self._due.discard(key)
        if key in self.feed.dirty:
            self._refresh([key])
        self._write(self._readers.get(_channel_of(key), ()))

    def _write(self, listeners: Iterable[Listener]) -> None:
        """Let listeners write, so many in a turn of the loop: an order does not wait for a hundred readers.

        Whose answer leaves in this turn writes at once: both leave in one packet.
        """
        answered: list[Listener] = []
        for listener in listeners:
            if listener.is_gathering:
                answered.append(listener)
            else:
                self._writing[listener] = None
        if not self.is_writing:
            self._write_some()
        for listener in answered:
            self._writing.pop(listener, None)
            listener.write()

    def _write_some(self) -> None:
        try:
            for listener in list(islice(self._writing, WRITES_PER_TURN)):
                del self._writing[listener]
                listener.write()
        finally:  # one that breaks stops nobody else
            self.is_writing = bool(self._writing)
            if self.is_writing:
                asyncio.get_running_loop().call_soon(self._write_some)

    def _refresh(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        market = self._exchange.market()
        for key in keys:
            if key == STATUS:
                self.feed.dirty.discard(STATUS)
                self._status.refresh(market)
            else:
                self.feed.refresh(key, market)
            self._published_s[key] = time.monotonic()


def _channel_of(key: str) -> str:
    """Return the channel that a newest state belongs to."""
    return "market" if key.startswith("quote:") else key


def _name(listener: Listener, channel: str) -> str:
    """Return the name of the set of readers: each private stream has its own."""
    if channel != "private" or listener.reader is None:
        return channel
    return f"private:{listener.reader.private_stream}"
