"""The two frames of a plain order, its answer and its private event, written into patterns.

Nearly every order does one thing, and its sender sees that whole: the event is written as JSON once and
put into both frames as it is. The patterns are what the codec itself writes, with marks in the places of
the figures, so they cannot differ from the frames that are built field by field.
"""

from typing import Any, Final

from engine.commands import Side
from engine.events import BlockOffered, Cancelled, ListingPlaced, Reduced, Traded
from gateway import wire
from gateway.history import Applied

KEPT_MAX: Final = 4_096
"""Most texts that are kept for the private streams that show them."""
_PLAIN: Final[frozenset[type[Any]]] = frozenset(
    (ListingPlaced, Traded, Cancelled, Reduced, BlockOffered)
)
"""What a hot command does; a refusal has a text in words beside it and goes the usual way."""
_EVENT: Final = ListingPlaced(
    sequence=0,
    time_ns=0,
    order=0,
    participant=0,
    key=0,
    client_order=0,
    product="",
    side=Side.BUY,
    price_fen=0,
    quantity_t=0,
    left_t=0,
)
_MARKS: Final = {
    name: 8_000_000_001 + place
    for place, name in enumerate(("id", "sequence", "previous", "time", "received", "sent"))
}


def _pattern(frame: wire.Outward, *names: str) -> bytes:
    """Return a frame with places for figures and, last, for its event; its order of fields decides theirs."""
    text = wire.encode(frame).replace(wire.encode(_EVENT), b"%b")
    places = [text.index(b"%d" % _MARKS[name]) for name in names]
    assert places == sorted(places), "the frame's fields stand in another order than its figures"
    for name in names:
        text = text.replace(b"%d" % _MARKS[name], b"%d")
    return text


_ANSWER: Final = _pattern(
    wire.Submitted(
        id=_MARKS["id"],
        sequence=_MARKS["sequence"],
        received_ns=_MARKS["received"],
        sent_ns=_MARKS["sent"],
        time_ns=_MARKS["time"],
        events=(_EVENT,),
    ),
    "id", "sequence", "received", "sent", "time",
)  # fmt: skip
_PRIVATE: Final = _pattern(
    wire.PrivateEvents(
        sequence=_MARKS["sequence"],
        previous=_MARKS["previous"],
        time_ns=_MARKS["time"],
        events=(_EVENT,),
    ),
    "sequence", "previous", "time",
)  # fmt: skip


class PlainTexts:
    """Events of plain orders as JSON, each written once; the frames that show them."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, int, bytes]] = {}
        """By sequence: who sent the order, its time, its event."""

    def answer(
        self, request: int, applied: Applied, participant: int, received_ns: int, sent_ns: int
    ) -> bytes | None:
        """Return the `Submitted` of a plain order in JSON, None where it is not plain."""
        events = applied.events
        if len(events) != 1:
            return None
        event: Any = events[0]
        if event.__class__ not in _PLAIN or event.participant != participant:
            return None
        sequence, time_ns, text = applied.sequence, applied.time_ns, wire.encode(event)
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        self._kept[sequence] = participant, time_ns, text
        return _ANSWER % (request, sequence, received_ns, sent_ns, time_ns, text)

    def private(self, sequence: int, previous: int, participant: int) -> bytes | None:
        """Return the `PrivateEvents` of a plain order in JSON for its sender, None where it is not kept."""
        kept = self._kept.get(sequence)
        if kept is None or kept[0] != participant:
            return None
        return _PRIVATE % (sequence, previous, kept[1], kept[2])
