"""Surveillance of orders: crossing listings that rest, listings cancelled untouched, the rate of commands."""

from collections import deque
from typing import Final

from msgspec import Struct

from engine.commands import (
    CancelCause,
    HaltScope,
    Method,
    Side,
)
from engine.events import (
    AnyEvent,
    AuctionApplied,
    BidPlaced,
    BlockConfirmed,
    BlockCountered,
    BlockOffered,
    BlockOfferedToGroup,
    BlockRefused,
    Cancelled,
    Halted,
    ListingPlaced,
    ListingsTaken,
    Phase,
    PhaseChanged,
    Reduced,
    Refused,
    Repeated,
    Resumed,
    Traded,
)
from engine.surveillance_alerts import Rule
from engine.surveillance_day import WatchedDay
from engine.units import NANOSECONDS_PER_SECOND


class Streak(Struct):
    """Listings of one participant in one product that ended untouched, one after the other."""

    proof: deque[int]
    cancels: int = 0
    quantity_t: int = 0


_OF_SENDER = (
    ListingPlaced
    | Reduced
    | Refused
    | ListingsTaken
    | BlockOffered
    | BlockOfferedToGroup
    | BlockCountered
    | BlockConfirmed
    | BlockRefused
    | AuctionApplied
    | BidPlaced
)
_OWN_ENDS = (CancelCause.OWNER, CancelCause.OWN_LISTING, CancelCause.FILLS_LIMIT)
"""Why a command of the owner's own ended an order; the system's endings are nobody's command."""


def sender(event: AnyEvent) -> int:
    """Return the participant whose order command an event answers, 0 if it answers none."""
    if isinstance(event, Repeated):
        return event.answer.participant
    if isinstance(event, Cancelled):
        return event.participant if event.cause in _OWN_ENDS else 0
    if isinstance(event, Traded):
        return event.participant if event.method != Method.AUCTION else 0
    return event.participant if isinstance(event, _OF_SENDER) else 0


class OrderRules:
    """Sees each event before the day does; `look_at_cross` runs after."""

    def __init__(self, day: WatchedDay) -> None:
        self._day: Final = day
        self._streaks: Final[dict[tuple[int, str], Streak]] = {}
        self._rates: Final[dict[int, deque[tuple[int, int]]]] = {}
        self._crossed_ns: Final[dict[str, int]] = {}
        """Since when the listings of a product cross in the session in hand."""
        self._session_end_ns = 0
        """Of the open listed session, 0 while there is none."""
        self._halts: Final[dict[int, Halted]] = {}
        """Halts that stand, of the whole market, a method or a product."""
        self._counted = 0
        """Sequence of the last command that was counted: its other events count no more."""

    def held(self) -> dict[str, int]:
        """Return how much is remembered, by name of its bound."""
        return {"activities": len(self._streaks), "rates": len(self._rates)}

    def open_day(self) -> None:
        """Forget the day before."""
        self._session_end_ns = 0
        for memory in (self._streaks, self._rates, self._crossed_ns):
            memory.clear()

    # ------------------------------------------------------------ crossing

    def change_phase(self, event: PhaseChanged) -> None:
        """Crossing listings are timed anew in each session: in a break nobody could take them."""
        if event.method != Method.LISTED:
            return
        is_open = event.phase == Phase.OPEN
        self._session_end_ns = event.next_time_ns if is_open else 0
        self._crossed_ns.clear()
        if is_open:
            for product in self._day.references:
                self.look_at_cross(product, event.time_ns)

    def halt(self, event: Halted | Resumed) -> None:
        """In a halt nobody could take crossing listings, as in a break."""
        if event.scope == HaltScope.PARTICIPANT:
            return
        if isinstance(event, Halted):
            self._halts[event.halt] = event
        else:
            self._halts.pop(event.halt, None)
        for product in self._day.references:
            self.look_at_cross(product, event.time_ns)

    def _is_halted(self, product: str) -> bool:
        return any(
            halt.scope == HaltScope.MARKET
            or (halt.scope == HaltScope.METHOD and halt.method == Method.LISTED)
            or (halt.scope == HaltScope.PRODUCT and halt.product == product)
            for halt in self._halts.values()
        )

    def look_at_cross(self, product: str, time_ns: int) -> None:
        """Note whether the best listings of a product cross after an event."""
        bid = self._day.best(product, Side.BUY)
        ask = self._day.best(product, Side.SELL)
        is_crossed = bid is not None and ask is not None and bid.price_fen >= ask.price_fen
        if not is_crossed or not self._session_end_ns or self._is_halted(product):
            self._crossed_ns.pop(product, None)
        else:
            self._crossed_ns.setdefault(product, time_ns)

    def keep_time(self, event: AnyEvent) -> None:
        """Before an event: tell of listings that have crossed for too long by its time."""
        limit_ns = self._day.rules.crossing_s * NANOSECONDS_PER_SECOND
        now_ns = min(event.time_ns, self._session_end_ns)
        for product, since_ns in self._crossed_ns.items():
            bid = self._day.best(product, Side.BUY)
            ask = self._day.best(product, Side.SELL)
            if now_ns - since_ns < limit_ns or bid is None or ask is None:
                continue
            owners = (bid.participant, ask.participant)
            if not self._day.desk.is_first(Rule.CROSSING_LISTINGS, product, *owners):
                continue
            figures = {
                "bid_fen": bid.price_fen,
                "ask_fen": ask.price_fen,
                "crossing_s": (now_ns - since_ns) // NANOSECONDS_PER_SECOND,  # whole seconds, down
            }
            proof = (bid.sequence, ask.sequence)
            self._day.desk.raise_alert(
                Rule.CROSSING_LISTINGS, event, product, owners, figures, proof
            )

    # ------------------------------------------------------------ list and cancel

    def trade(self, event: Traded) -> None:
        """End the streaks of both parties to a listed trade."""
        if event.method != Method.LISTED:
            return
        for number in (event.participant, event.counterparty):
            self._streaks.pop((number, event.product), None)

    def cancel(self, event: Cancelled) -> None:
        """Count a listing that its owner takes back untouched."""
        listing = self._day.listings.get(event.order)
        if event.cause != CancelCause.OWNER or listing is None or listing.is_touched:
            return
        place = (event.participant, event.product)
        fresh = Streak(self._day.proof())
        streak = self._day.keep(self._streaks, place, fresh, event, "activities")
        if streak is None:
            return
        streak.cancels += 1
        streak.quantity_t += event.quantity_t
        streak.proof += (listing.sequence, event.sequence)
        if streak.cancels < self._day.rules.list_cancels:
            return
        if self._day.desk.is_first(Rule.LIST_AND_CANCEL, *place):
            figures = {"cancels": streak.cancels, "quantity_t": streak.quantity_t}
            self._day.desk.raise_alert(
                Rule.LIST_AND_CANCEL,
                event,
                event.product,
                (event.participant,),
                figures,
                streak.proof,
            )

    # ------------------------------------------------------------ rate

    def count(self, event: AnyEvent) -> None:
        """Count an order command, whatever became of it, in the window that ends with it."""
        number = sender(event)
        if not number or event.sequence == self._counted:
            return
        self._counted = event.sequence
        rules = self._day.rules
        fresh: deque[tuple[int, int]] = deque(maxlen=rules.order_rate_max + 1)
        recent = self._day.keep(self._rates, number, fresh, event, "rates")
        if recent is None:
            return
        recent.append((event.time_ns, event.sequence))
        window_ns = rules.order_rate_window_s * NANOSECONDS_PER_SECOND
        if len(recent) <= rules.order_rate_max or event.time_ns - recent[0][0] >= window_ns:
            return
        if self._day.desk.is_first(Rule.ORDER_RATE, number):
            figures = {"orders": len(recent), "window_s": rules.order_rate_window_s}
            proof = [sequence for _, sequence in recent]
            self._day.desk.raise_alert(Rule.ORDER_RATE, event, "", (number,), figures, proof)
