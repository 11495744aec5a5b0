"""What one client reads of the feed: its subscriptions, its place in each stream, the next frame."""

from typing import Final

from engine.commands import Side
from engine.events import Traded
from gateway import wire
from gateway.access import Identity
from gateway.book_feed import BEHIND, NOTHING_SEEN
from gateway.codes import Fault
from gateway.feed import Feed
from gateway.routing import OPERATORS, as_public, as_seen_by
from gateway.streams import Stream

EVENTS_PER_FRAME: Final = 500
"""Most events of one frame; the close of a busy day cancels very many listings in one command."""
CACHE_MAX: Final = 64
"""Most encoded frames of public streams that are kept for the other readers at the head."""


class Overrun(Exception):
    """A reader is so slow that what it waits for is no longer kept."""


class Place:
    """A reader's place in one stream."""

    __slots__ = ("channel", "least", "part", "position", "stream")

    def __init__(self, channel: str, stream: Stream, position: int) -> None:
        self.channel = channel
        self.stream = stream
        self.position = position
        self.part = 0
        self.least = stream.end - position
        """Fewest frames that have waited at any time."""


class FrameCache:
    """Frames of public streams, encoded once for all readers of a format."""

    def __init__(self) -> None:
        self._frames: dict[tuple[str, int, int], tuple[wire.Texts, int]] = {}

    def frame(self, place: Place, participant: int, form: wire.Format) -> tuple[bytes, int]:
        """Return the next frame of a place and the number of its parts."""
        if place.channel == "private":
            frame, parts = _frame(place, participant)
            return wire.encode(frame, form), parts
        key = (place.channel, place.position, place.part)
        found = self._frames.get(key)
        if found is None:
            if len(self._frames) >= CACHE_MAX:
                self._frames.clear()
            frame, parts = _frame(place, participant)
            found = self._frames[key] = wire.Texts(frame), parts
        return found[0].of(form), found[1]


class Reader:
    """The subscriptions of one connection; the status comes to every one of them unasked."""

    def __init__(
        self,
        feed: Feed,
        cache: FrameCache,
        identity: Identity,
        limit: int,
        form: wire.Format = wire.Format.JSON,
    ) -> None:
        self._feed = feed
        self._cache = cache
        self._identity = identity
        self._limit = limit
        self._form = form
        self._places: dict[str, Place] = {}
        self._only_private: Place | None = None
        """The place in the private stream, where that is written as text and there is no other stream."""
        self._seen: dict[str, int] = {"status": NOTHING_SEEN}
        self.channels: set[str] = set()

    @property
    def private_stream(self) -> int:
        """Whose private stream this reader may read: its participant's, or that of all control."""
        return self._identity.participant or OPERATORS

    def subscribe(self, channel: str, after: int | None) -> int:
        """Start or move a subscription and return the floor of its stream; Fault where it cannot be."""
        if channel not in self.channels and len(self.channels) >= self._limit:
            raise Fault("TOO_MANY_SUBSCRIPTIONS", self._limit)
        is_book = channel.startswith("book:")
        if is_book and channel not in self._feed.books:
            raise Fault("PRODUCT_UNKNOWN")
        if after is not None and after > self._feed.sequence:
            raise Fault("RESUME_AHEAD", self._feed.sequence)
        if is_book:
            self._seen[channel] = self._book_seen(channel, after)
            self.channels.add(channel)
            return 0
        stream = self._stream(channel)
        if after and after < stream.floor:
            raise Fault("RESUME_TOO_OLD", stream.floor)
        position = stream.end if after is None else stream.position_after(after)
        self._places[channel] = Place(channel, stream, position)
        self._note_only()
        if channel == "market":
            self._seen["market"] = NOTHING_SEEN
            for key, newest in self._feed.newest.items():
                if key.startswith("quote:"):
                    self._seen[key] = newest.version  # the snapshot tells the same
        self.channels.add(channel)
        return stream.floor

    def _book_seen(self, channel: str, after: int | None) -> int:
        """Return the version from which a book goes on: its published one where nothing changed since."""
        book = self._feed.books[channel]
        if not after:
            return NOTHING_SEEN
        is_settled = channel not in self._feed.dirty
        is_same = after == book.sequence or (after > book.sequence and is_settled)
        return book.version if is_same else BEHIND

    def unsubscribe(self, channel: str) -> None:
        """Stop a subscription; Fault where there is none."""
        if channel not in self.channels:
            raise Fault("NOT_SUBSCRIBED")
        self.channels.discard(channel)
        self._places.pop(channel, None)
        self._note_only()
        self._seen.pop(channel, None)
        if channel == "market":
            self._seen = {k: v for k, v in self._seen.items() if not k.startswith("quote:")}

    def _note_only(self) -> None:
        is_only = len(self._places) == 1 and self._form is wire.Format.JSON
        self._only_private = self._places.get("private") if is_only else None

    def _stream(self, channel: str) -> Stream:
        match channel:
            case "trades":
                return self._feed.trades
            case "market":
                return self._feed.market
            case "drop":
                return self._feed.drop
            case _:
                return self._feed.private(self.private_stream)

    @property
    def lag(self) -> int:
        """How many frames this reader has fallen behind on its private stream or the drop copy.

        A backlog that it asked for is not held against it, as long as it gets smaller.
        """
        return max(
            (
                place.stream.end - place.position - place.least
                for channel, place in self._places.items()
                if channel in ("private", "drop")
            ),
            default=0,
        )

    def take(self, most: int, room: int) -> tuple[list[bytes], bool]:
        """Return the next frames to send and whether this reader has all then; Overrun.

        So many at most, and none behind the one that passes the room (bytes).
        """
        frames: list[bytes] = []
        if self._only_private is not None and self._is_status_known():
            room -= self._take_plain(self._only_private, frames, most, room)
        while len(frames) < most and room >= 0:
            text = self._next()
            if text is None:
                return frames, True
            frames.append(text)
            room -= len(text)
        return frames, False

    def _is_status_known(self) -> bool:
        status = self._feed.newest.get("status")
        return status is None or status.version <= self._seen["status"]

    def _take_plain(self, place: Place, frames: list[bytes], most: int, room: int) -> int:
        """Take what is plain of the private stream as long as nothing else comes before; return its bytes."""
        stream, position, participant = place.stream, place.position, self._identity.participant
        sequences, private, size = stream.sequences, self._feed.texts.private, 0
        index, end = position - stream.base, len(sequences)
        while 0 <= index < end and len(frames) < most and size <= room:
            previous = sequences[index - 1] if index else stream.floor
            text = private(sequences[index], previous, participant)
            if text is None:
                break
            frames.append(text)
            size += len(text)
            index += 1
        place.position = index + stream.base
        place.least = min(place.least, end - index)
        return size

    def _next(self) -> bytes | None:
        all_newest = self._feed.newest
        if not self._is_status_known():
            return self._newest("status")  # what is taken now comes before all that was
        place = self._oldest()
        if place is not None:
            text, parts = self._cache.frame(place, self._identity.participant, self._form)
            place.part += 1
            if place.part >= parts:
                place.position, place.part = place.position + 1, 0
                place.least = min(place.least, place.stream.end - place.position)
            return text
        for key, seen in self._seen.items():
            newest = all_newest.get(key)
            if newest is not None and newest.version > seen:
                return self._newest(key)
        return None

    def _newest(self, key: str) -> bytes:
        newest = self._feed.newest[key]
        seen, self._seen[key] = self._seen[key], newest.version
        return newest.text(seen, self._form)

    def _oldest(self) -> Place | None:
        """Return the place whose next frame is the oldest of the log."""
        best: Place | None = None
        oldest = 0
        for place in self._places.values():
            stream, position = place.stream, place.position
            if position >= stream.end:
                continue
            if position < stream.base:
                raise Overrun(place.channel)
            sequence = stream.sequence(position)
            if best is None or sequence < oldest:
                best, oldest = place, sequence
        return best


def _frame(place: Place, participant: int) -> tuple[wire.Outward, int]:
    """Return the frame at a place and the number of its parts."""
    channel, stream, position = place.channel, place.stream, place.position
    entry = stream.entry(position)
    events = stream.select(entry)
    parts = max(1, -(-len(events) // EVENTS_PER_FRAME))  # rounds up
    events = events[place.part * EVENTS_PER_FRAME : (place.part + 1) * EVENTS_PER_FRAME]
    frame: wire.Outward
    if channel == "drop":
        frame = wire.DropCopy(
            sequence=entry.sequence,
            time_ns=entry.time_ns,
            key=entry.key,
            command=entry.command,
            events=events,
            part=place.part,
            parts=parts,
        )
    elif channel == "trades":
        frame = wire.TradesPrinted(
            sequence=entry.sequence,
            previous=stream.previous(position),
            time_ns=entry.time_ns,
            trades=tuple(_print(event) for event in events if isinstance(event, Traded)),
            part=place.part,
            parts=parts,
        )
    elif channel == "market":
        frame = wire.MarketChanged(
            sequence=entry.sequence,
            previous=stream.previous(position),
            time_ns=entry.time_ns,
            events=tuple(as_public(event) for event in events),
            part=place.part,
            parts=parts,
        )
    else:
        frame = wire.PrivateEvents(
            sequence=entry.sequence,
            previous=stream.previous(position),
            time_ns=entry.time_ns,
            events=tuple(as_seen_by(event, participant) for event in events),
            part=place.part,
            parts=parts,
        )
    return frame, parts


def _print(event: Traded) -> wire.PublicTrade:
    """Return what the public sees of a listed trade."""
    return wire.PublicTrade(
        trade=event.trade,
        product=event.product,
        price_fen=event.price_fen,
        quantity_t=event.quantity_t,
        side=Side(event.side),
    )
