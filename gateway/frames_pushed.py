"""Frames that the gateway pushes to subscribers: book, trades, market, private events, drop copy."""

from typing import Literal

from msgspec import Struct

from engine.commands import AnyCommand, Side
from engine.events import (
    AnyEvent,
    AuctionAnnounced,
    AuctionEnded,
    ClosureAdded,
    ClosureRemoved,
    DayClosed,
    DayOpened,
    Halted,
    NoticePublished,
    PhaseChanged,
    ReferencePriceCorrected,
    ReferencePriceSet,
    Resumed,
    TradeVoided,
)
from engine.views import MarketView, MethodView, ProductView
from gateway.frames_replies import Outward

MarketEvent = (
    DayOpened
    | PhaseChanged
    | ReferencePriceSet
    | ReferencePriceCorrected
    | DayClosed
    | TradeVoided
    | Halted
    | Resumed
    | ClosureAdded
    | ClosureRemoved
    | NoticePublished
    | AuctionAnnounced
    | AuctionEnded
)
"""Events that everybody may read; who trades and who halts is not told in them (`gateway.routing`)."""


class PublicTrade(Struct, frozen=True, kw_only=True):
    """One listed trade without its parties; other trades are not public before the close (R65)."""

    trade: int
    product: str
    price_fen: int
    quantity_t: int
    side: Side
    """The taker's side."""


class TradesPrinted(Outward, frozen=True, kw_only=True):
    """Channel trades: listed trades of one command; `previous` is the frame before this one."""

    sequence: int
    previous: int
    time_ns: int
    trades: tuple[PublicTrade, ...]
    part: int = 0
    parts: int = 1
    """A command with very many trades comes in parts of one sequence, as on `private`."""


class MarketSnapshot(Outward, frozen=True, kw_only=True):
    """Channel market: the whole market, first at subscription and again where frames were skipped."""

    sequence: int
    market: MarketView


class MarketChanged(Outward, frozen=True, kw_only=True):
    """Channel market: phases, references with bands, halts, auctions, days and bulletins; never skipped."""

    sequence: int
    previous: int
    time_ns: int
    events: tuple[MarketEvent, ...]
    part: int = 0
    parts: int = 1


class QuoteChanged(Outward, frozen=True, kw_only=True):
    """Channel market: a product's live quote and the composite; a slow reader skips to the newest."""

    sequence: int
    time_ns: int
    quote: ProductView
    composite_last_fen: int


class PrivateEvents(Outward, frozen=True, kw_only=True):
    """Channel private: events of the own participant (of all control, for an operator), per command.

    `previous` is the sequence of the frame before in the same stream, so a reader can prove that it
    missed nothing. Repeated answers are not part of it. A command with very many events comes in
    `parts`; the client library joins them.
    """

    sequence: int
    previous: int
    time_ns: int
    events: tuple[AnyEvent, ...]
    part: int = 0
    parts: int = 1


class DropCopy(Outward, frozen=True, kw_only=True):
    """Channel drop (成交抄送): every command of the log with its events; operator and clearing."""

    sequence: int
    time_ns: int
    key: int
    command: AnyCommand
    events: tuple[AnyEvent, ...]
    part: int = 0
    parts: int = 1


class StatusChanged(Outward, frozen=True, kw_only=True):
    """What the exchange takes now: first after `Welcome`, then whenever it changes, without asking."""

    sequence: int
    """Last sequence of the log when this was so."""
    time_ns: int
    date: str
    """The open or last trading day, "" before the first."""
    phases: tuple[MethodView, ...]
    """Of each method: its phase, its next change, the halt that stands."""
    accepts: Literal["all", "cancels", "nothing"]
    """Of commands; `cancels` are all that take back or reduce (撤单等). Queries are always answered."""
    reason: str
    """Why not all: overload, disk_low, disk_full or shutdown; "" for all."""
    until_ns: int = 0
    """Until when, 0 where nobody knows."""


class Beat(Outward, frozen=True, kw_only=True):
    """Pushed every second: the gateway lives, its last sequence and exchange time."""

    sequence: int
    time_ns: int
