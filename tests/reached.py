"""What streams have reached: commands, events, reasons, and every step of orders, phases, auctions and talks.

A counter of plain names, so that a report is a table and a gap is a name.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from engine.commands import Entry, Method
from engine.events import (
    AnyEvent,
    AuctionAnnounced,
    AuctionApplied,
    AuctionEnded,
    AuctionRefused,
    BidPlaced,
    BlockCountered,
    BlockOffered,
    BlockOfferedToGroup,
    Cancelled,
    DayOpened,
    ListingPlaced,
    Phase,
    PhaseChanged,
    Reduced,
    Refused,
    Repeated,
    Traded,
)


class Reached:
    """Counts what entries and their answers have brought about."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.orders: dict[int, tuple[str, str]] = {}
        """Kind and state of every order of the day that stood."""
        self.phases: dict[Method, Phase] = {}

    def watch(self, entry: Entry, events: Sequence[AnyEvent]) -> None:
        """Count a command and its answer."""
        command = type(entry.command).__name__
        self.counts[f"command {command}"] += 1
        if command == "PlaceListing" and events and isinstance(events[-1], Traded):
            self._step(events[-1].order, "listing", "filled")
        for event in events:
            self.counts[f"event {type(event).__name__}"] += 1
            if isinstance(event, Refused):
                self.counts[f"reason {event.reason.name}"] += 1
                if event.action < 0:
                    self.counts[f"refused {command} {event.reason.name}"] += 1
            elif isinstance(event, Repeated):
                self.counts[f"repeated {type(event.answer).__name__}"] += 1
            elif isinstance(event, DayOpened):
                self.orders.clear()
            elif isinstance(event, PhaseChanged):
                self._phase(event)
            else:
                self._order(event)
                self._auction(event)

    def _phase(self, event: PhaseChanged) -> None:
        before = self.phases.get(event.method, Phase.CLOSED)
        self.counts[f"phase {event.method.name} {before.name} {event.phase.name}"] += 1
        self.phases[event.method] = event.phase

    def _step(self, number: int, kind: str, state: str) -> None:
        _, before = self.orders.get(number, (kind, "new"))
        self.counts[f"order {kind} {before} {state}"] += 1
        self.orders[number] = (kind, state)

    def _order(self, event: AnyEvent) -> None:
        match event:
            case ListingPlaced():
                is_whole = event.left_t == event.quantity_t
                self._step(event.order, "listing", "standing" if is_whole else "part")
            case BlockOffered() | BlockOfferedToGroup():
                kind = "offer" if isinstance(event, BlockOffered) else "group-offer"
                self._step(event.order, kind, "standing")
            case BlockCountered() if event.round == 1:
                self._step(event.order, "counter", "standing")
            case AuctionApplied():
                self._step(event.order, "application", "standing")
            case BidPlaced():
                self._step(event.order, "bid", "standing")
            case Reduced():
                kind, state = self.orders[event.order]
                self._step(event.order, kind, "reduced" if state == "standing" else state)
            case Cancelled():
                kind, _ = self.orders.get(event.order, ("listing", "new"))
                self._step(event.order, kind, f"cancelled-{event.cause.name}")
            case Traded():
                self._traded(event)
            case _:
                pass

    def _traded(self, event: Traded) -> None:
        kind, _ = self.orders[event.resting_order]
        self._step(event.resting_order, kind, "part" if event.left_t else "filled")
        if event.order in self.orders:
            taker, _ = self.orders[event.order]
            self._step(event.order, taker, "taken")

    def _auction(self, event: AnyEvent) -> None:
        match event:
            case AuctionAnnounced():
                self.counts["auction APPLIED ANNOUNCED"] += 1
            case AuctionRefused():
                self.counts["auction APPLIED ENDED"] += 1
            case AuctionEnded():
                words = (event.state.name, event.cause.name, event.price_mode.name)
                self.counts[f"auction ANNOUNCED {' '.join(words)}"] += 1
            case _:
                pass

    def missing(self, wanted: Iterable[str]) -> list[str]:
        """Return what was wanted and never reached."""
        return sorted(name for name in wanted if not self.counts[name])

    def table(self) -> str:
        """Return all counts as lines."""
        return "\n".join(f"{count:7d} {name}" for name, count in sorted(self.counts.items()))
