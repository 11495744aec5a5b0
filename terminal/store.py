"""What the terminal knows: one plain model and `reduce(state, message)`, without Textual and without a socket.

`reduce` returns the topics that changed; the screens repaint those, and `follow_up` says which queries a
message makes necessary. Balances are never worked out here: the exchange is asked again (R6).
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec

from engine import events as happened
from engine.commands import (
    CancelCause,
    Method,
)
from engine.events import AnyEvent
from engine.views import Book, MarketView
from gateway import wire
from gateway.expiry import days_left, ends_soon
from gateway.inbox import Disconnected, Gap, Reconnected
from gateway.routing import is_public
from terminal.messages import (
    Fetched,
    Heard,
    IntentAnswered,
    IntentFailed,
    IntentSent,
    LevelFetched,
    LevelKey,
    Message,
    Noted,
    StatusHeard,
    Welcomed,
)
from terminal.model import INTENTS_MAX, Connection, Intent, IntentState, State
from terminal.notices import Notice, Severity, notice_of

TAPE_MAX: Final = 200
LATE_SECONDS: Final = 2
STALE_SECONDS: Final = 5

Topics = frozenset[str]
NOTHING: Final[Topics] = frozenset()
OWN: Final[Topics] = frozenset({"market", "account", "orders", "trades", "listings"})
"""What a trader asks for again whenever something happened to it."""
TALKS: Final[Topics] = frozenset({"offers", "negotiations"})
AUCTIONS: Final[Topics] = frozenset({"auctions", "applications"})
CONTROL: Final[Topics] = frozenset({"market", "proposals", "participants"})
"""What an operator asks for again."""
KEYS: Final[Topics] = frozenset({"keys", "codes", "proposals"})
"""What who manages keys asks for again; who only lists them reads neither codes nor proposals."""


def reduce(state: State, message: Message) -> Topics:  # noqa: C901 - one arm a message
    """Take one message into the model and return the topics that it changed."""
    match message:
        case wire.BookSnapshot():
            state.books[message.book.product] = message.book
            return frozenset({f"book:{message.book.product}", "market"})
        case wire.QuoteChanged():
            return _quote(state, message)
        case wire.TradesPrinted():
            return _print(state, message)
        case wire.MarketSnapshot():
            return _market(state, message.market)
        case wire.MarketChanged():
            return _market_events(state, message)
        case wire.PrivateEvents():
            return _private(state, message)
        case wire.DropCopy():
            return NOTHING
        case Heard():
            return _heard(state, message)
        case StatusHeard():
            state.status = message.status
            return frozenset({"status"})
        case Fetched():
            return _fetched(state, message)
        case LevelFetched():
            return _level(state, message)
        case IntentSent() | IntentAnswered() | IntentFailed():
            return _intent(state, message)
        case Welcomed():
            told = _tell(state, _ends_soon(state, message.welcome))
            state.welcome = message.welcome
            state.connection = Connection.LIVE
            state.time_ns, state.sequence = message.welcome.time_ns, message.welcome.sequence
            return told | {"welcome", "connection", "clock"}
        case Disconnected() | Reconnected() | Gap():
            return _line(state, message)
        case Noted():
            return _tell(state, Notice(state.time_ns, Severity.REFUSAL, key=message.text_key))


def follow_up(state: State, message: Message) -> Topics:
    """Return the parts of the model that must be asked for again after a message."""
    match message:
        case Welcomed() | Reconnected() | Gap():
            everything = CONTROL | {"halts"} if state.is_operator else OWN | TALKS
            return everything | _keys(state) | AUCTIONS | {"published"}
        case wire.PrivateEvents():
            whole = CONTROL if state.is_operator else OWN
            return (whole - {"market"}) | _asked_by(state, message.events)
        case IntentAnswered():
            whole = frozenset({"proposals"}) if state.is_operator else OWN - {"market"}
            return whole | _asked_by(state, message.answer.events if message.answer else ())
        case wire.MarketChanged():
            whole = frozenset({"market"}) if state.is_operator else OWN
            return whole | _asked_by(state, message.events)
        case wire.BookSnapshot():
            opened = state.level
            touched = opened is not None and opened.product == message.book.product
            return frozenset({"listings"}) if touched else NOTHING
        case _:
            return NOTHING


def _asked_by(state: State, events: Iterable[AnyEvent]) -> Topics:
    """Return what these events make necessary beside the usual: talks, auctions, halts, keys."""
    found: set[str] = set()
    for event in events:
        method = getattr(event, "method", None)
        if isinstance(event, _OF_TALKS) or method is Method.BLOCK:
            found |= TALKS
        if isinstance(event, _OF_AUCTIONS) or method is Method.AUCTION:
            found |= AUCTIONS
        if isinstance(event, happened.Halted | happened.Resumed):
            found.add("halts")
        if isinstance(event, happened.NoticePublished | happened.DayOpened):
            found.add("published")
        if isinstance(event, _OF_KEYS):
            found |= KEYS
    others = TALKS if state.is_operator else frozenset({"halts"})
    return frozenset(found) - others - (KEYS - _keys(state))


def _keys(state: State) -> Topics:
    """Return what of keys this connection may ask for."""
    if state.manages_keys:
        return KEYS
    return frozenset({"keys"}) if state.lists_keys else NOTHING


_OF_KEYS: Final = (
    happened.CodeIssued
    | happened.KeyEnrolled
    | happened.KeyRevoked
    | happened.KeyExpired
    | happened.OwnLimitsSet
    | happened.ProposalMade
    | happened.ProposalApproved
    | happened.ProposalRejected
    | happened.DayOpened
)
"""An opening day ends keys and forgets codes."""
_OF_TALKS: Final = (
    happened.BlockOffered
    | happened.BlockOfferedToGroup
    | happened.BlockCountered
    | happened.BlockConfirmed
    | happened.BlockRefused
)
_OF_AUCTIONS: Final = (
    happened.AuctionApplied
    | happened.AuctionAnnounced
    | happened.AuctionRefused
    | happened.AuctionEnded
    | happened.BidPlaced
    | happened.DayOpened
)


def open_level(state: State, key: LevelKey | None) -> Topics:
    """Open a level of the book; its listings are asked for by the caller."""
    if state.level != key:
        state.level, state.listings = key, ()
    return frozenset({"listings"})


def read_one(state: State) -> Topics:
    """Mark the oldest refusal or warning as read."""
    if not state.unread:
        return NOTHING
    state.unread.popleft()
    return frozenset({"notices"})


def intent_state(state: State, number: int) -> IntentState | None:
    """Return what became of an intent, None where it is forgotten."""
    intent = state.intents.get(number)
    return intent.state if intent else None


# ---------------------------------------------------------------- one arm each


def _quote(state: State, message: wire.QuoteChanged) -> Topics:
    if state.market is None:
        return NOTHING
    rows = tuple(
        message.quote if row.product == message.quote.product else row
        for row in state.market.products
    )
    state.market = msgspec.structs.replace(
        state.market, products=rows, composite_last_fen=message.composite_last_fen
    )
    return frozenset({"market", f"quote:{message.quote.product}"})


def _print(state: State, message: wire.TradesPrinted) -> Topics:
    topics = set()
    for trade in message.trades:
        rows = state.tape.setdefault(trade.product, deque(maxlen=TAPE_MAX))
        if all(trade.trade != shown.trade for _, shown in rows):
            rows.appendleft((message.time_ns, trade))
            topics.add(f"tape:{trade.product}")
    return frozenset(topics)


def _market(state: State, market: MarketView) -> Topics:
    if state.market is not None and state.market.date != market.date:
        state.tape.clear()
    state.market = market
    state.time_ns = max(state.time_ns, market.time_ns)
    return frozenset({"market", "phase", "clock"} | {f"quote:{r.product}" for r in market.products})


def _market_events(state: State, message: wire.MarketChanged) -> Topics:
    topics: set[str] = {"market", "phase"}
    state.time_ns = max(state.time_ns, message.time_ns)
    for event in message.events:
        if isinstance(event, happened.PhaseChanged) and state.market is not None:
            state.market = _with_phase(state.market, event)
        if isinstance(event, happened.DayOpened):
            state.tape.clear()
        if event.sequence not in state.answered:
            topics |= _tell(state, notice_of(event))
    return frozenset(topics)


def _with_phase(market: MarketView, event: happened.PhaseChanged) -> MarketView:
    rows = tuple(
        msgspec.structs.replace(row, phase=event.phase, next_time_ns=event.next_time_ns)
        if row.method is event.method
        else row
        for row in market.methods
    )
    return msgspec.structs.replace(market, methods=rows)


def _private(state: State, message: wire.PrivateEvents) -> Topics:
    topics: set[str] = set()
    for event in message.events:
        if not is_public(event) and not _is_answered(state, event):
            topics |= _tell(state, notice_of(event))
    return frozenset(topics)


def _is_answered(state: State, event: AnyEvent) -> bool:
    # What this key did itself is told by the answer: the private copy would be a second telling.
    if event.sequence in state.answered:
        return True
    if isinstance(event, happened.Refused):
        return True  # a colleague's mistake, whom it was answered to
    if isinstance(event, happened.Cancelled) and event.cause is not CancelCause.OWNER:
        return False
    own_key = state.welcome.key if state.welcome else 0
    return bool(own_key) and getattr(event, "key", 0) == own_key


def _heard(state: State, message: Heard) -> Topics:
    state.time_ns = max(state.time_ns, message.time_ns)
    state.sequence = max(state.sequence, message.sequence)
    state.silent_s = message.silent_s
    return frozenset({"clock"})


def _fetched(state: State, message: Fetched) -> Topics:
    if isinstance(message.value, MarketView):
        return _market(state, message.value)
    if message.part.startswith("book:") and isinstance(message.value, Book):
        state.books[message.value.product] = message.value
        return frozenset({message.part, "market"})
    setattr(state, message.part, message.value)
    return (
        frozenset({message.part, "own"}) if message.part == "orders" else frozenset({message.part})
    )


def _level(state: State, message: LevelFetched) -> Topics:
    if message.key != state.level:
        return NOTHING
    state.listings = message.rows
    return frozenset({"listings"})


def _intent(state: State, message: IntentSent | IntentAnswered | IntentFailed) -> Topics:
    if isinstance(message, IntentSent):
        while len(state.intents) >= INTENTS_MAX:
            del state.intents[next(iter(state.intents))]
        state.intents[message.number] = Intent(message.command)
        return frozenset({"intents"})
    intent = state.intents.get(message.number)
    topics = {"intents"}
    if isinstance(message, IntentFailed):
        outcome = IntentState.UNKNOWN if message.outcome == "unknown" else IntentState.REFUSED
        key = f"told_{message.outcome}"
        notice = Notice(state.time_ns, Severity.REFUSAL, key=key, value=message.text)
        topics |= _tell(state, notice)
    elif message.answer is None:
        outcome = IntentState.REFUSED
        topics |= _tell(state, Notice(state.time_ns, Severity.REFUSAL, key="told_never"))
    else:
        outcome = IntentState.REFUSED if message.answer.refused else IntentState.DONE
        state.answered.append(message.answer.sequence)
        for event in message.answer.events:
            topics |= _tell(state, notice_of(event))
    if intent is not None:
        intent.state = outcome
    return frozenset(topics)


def _line(state: State, message: Disconnected | Reconnected | Gap) -> Topics:
    if isinstance(message, Gap):
        return NOTHING
    now = state.time_ns
    if isinstance(message, Reconnected):
        state.connection, state.silent_s = Connection.LIVE, 0
        notice = Notice(now, Severity.NORMAL, key="told_back")
    elif message.is_final:
        state.connection = Connection.CLOSED
        notice = Notice(now, Severity.WARNING, key="told_ended", value=message.text)
    else:
        state.connection = Connection.RECONNECTING
        notice = Notice(now, Severity.NORMAL, key="told_lost")
    return _tell(state, notice) | {"connection", "intents", "clock"}


def _ends_soon(state: State, welcome: wire.Welcome) -> Notice | None:
    """Return the warning that this key ends soon, once a login."""
    left = days_left(welcome.valid_until, welcome.time_ns)
    if left is None or not ends_soon(left) or state.welcome is not None:
        return None
    value = str(max(0, left))  # below 0 are the last operators' keys, which hold on
    return Notice(welcome.time_ns, Severity.WARNING, key="told_key_ends", value=value)


def _tell(state: State, notice: Notice | None) -> Topics:
    if notice is None:
        return NOTHING
    state.notices.appendleft(notice)
    if notice.severity >= Severity.REFUSAL:
        state.unread.append(notice)
    return frozenset({"notices"})


def first_product(market: MarketView) -> str:
    """Return the product to begin with: the newest listed vintage."""
    listed = [row.product for row in market.products if row.is_listed]
    return listed[-1] if listed else market.products[-1].product


__all__ = [
    "LATE_SECONDS",
    "STALE_SECONDS",
    "TAPE_MAX",
    "Connection",
    "Intent",
    "IntentState",
    "State",
    "Topics",
    "first_product",
    "follow_up",
    "intent_state",
    "open_level",
    "read_one",
    "reduce",
]
