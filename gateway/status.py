"""What the exchange takes at the moment, as everybody is told it: phases, halts, the sequencer's door, a stop."""

from collections.abc import Callable

from engine.views import MarketView
from gateway.book_feed import Newest
from gateway.door import Acceptance
from gateway.frames_pushed import StatusChanged


class StatusBoard:
    """The status as it was told last; a new version only where something in it is different."""

    def __init__(self, newest: Newest, acceptance: Callable[[], Acceptance]) -> None:
        self.newest = newest
        self.is_stopping = False
        """The gateway is being stopped: it takes nothing more."""
        self._acceptance = acceptance
        self._told: StatusChanged | None = None

    def refresh(self, market: MarketView) -> bool:
        """Show the status of a state of the market; False where it tells nothing new."""
        frame = self.frame(market)
        told = self._told
        if told is not None and _content(told) == _content(frame):
            return False
        self._told = frame
        self.newest.show(frame)
        return True

    def frame(self, market: MarketView) -> StatusChanged:
        """Return the status of a state of the market."""
        acceptance = self._acceptance()
        return StatusChanged(
            sequence=market.sequence,
            time_ns=market.time_ns,
            date=market.date,
            phases=market.methods,
            accepts="nothing" if self.is_stopping else acceptance.mode,
            reason="shutdown" if self.is_stopping else acceptance.reason,
            until_ns=0 if self.is_stopping else acceptance.until_ns,
        )


def _content(frame: StatusChanged) -> tuple[object, ...]:
    """Return what a change of is told: not the moment itself."""
    return frame.date, frame.phases, frame.accepts, frame.reason, frame.until_ns
