"""What the link tells the store: frames of the gateway as they are, and what happened on this side."""

from msgspec import Struct

from engine.commands import AnyCommand, Side
from engine.views import ListingView
from gateway import wire
from gateway.client import Answer
from gateway.inbox import Message as FromGateway


class LevelKey(Struct, frozen=True):
    """A price level whose listings are open on the screen."""

    product: str
    side: Side
    price_fen: int


class Welcomed(Struct, frozen=True):
    """The login was accepted."""

    welcome: wire.Welcome


class Heard(Struct, frozen=True):
    """The line was looked at: exchange time, and for how long nothing new has come."""

    time_ns: int
    sequence: int
    silent_s: int


class Fetched(Struct, frozen=True):
    """An answer to a query, by the name of the part of the model that it fills."""

    part: str
    value: object


class StatusHeard(Struct, frozen=True):
    """What the exchange takes now, and why not all."""

    status: wire.StatusChanged


class LevelFetched(Struct, frozen=True):
    """The listings of an open level."""

    key: LevelKey
    rows: tuple[ListingView, ...]


class IntentSent(Struct, frozen=True):
    """A command is on its way."""

    number: int
    command: AnyCommand


class IntentAnswered(Struct, frozen=True):
    """The exchange answered; `None` = it never took the command up."""

    number: int
    answer: Answer | None


class IntentFailed(Struct, frozen=True):
    """No answer: refused at the gate, never sent, or nobody knows."""

    number: int
    outcome: wire.Outcome
    text: str


class Noted(Struct, frozen=True):
    """Something of this side to tell the user, by its key in the table of texts."""

    text_key: str


Message = (
    FromGateway
    | Welcomed
    | Heard
    | StatusHeard
    | Fetched
    | LevelFetched
    | IntentSent
    | IntentAnswered
    | IntentFailed
    | Noted
)
