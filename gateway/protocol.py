"""The conversation with one client, without sockets: frames and times in, effects out.

    GREETING --Login, Observe--> READY --request--> READY
    GREETING --anything else, a refused login--> CLOSED

It knows who may ask what and how often; it knows nothing of prices.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, get_args

import msgspec
from msgspec import Struct

from engine.commands import (
    CancelOrder,
    ClearingCommand,
    Command,
    Halt,
    OperatorCommand,
    ReduceOrder,
    RefuseBlock,
    SystemCommand,
    TraderCommand,
)
from gateway import wire
from gateway.access import OBSERVER, Access, Identity
from gateway.codes import CloseCode, Fault, text_of
from gateway.limits import Bucket, Buckets, Settings


class State(Enum):
    """Where a conversation stands."""

    GREETING = "greeting"
    READY = "ready"
    CLOSED = "closed"


class Send(Struct, frozen=True):
    """Send a frame."""

    frame: wire.Outward


class Welcomed(Struct, frozen=True):
    """The client is in: count it, widen its limits, send it the `Welcome`."""

    identity: Identity


class Perform(Struct, frozen=True):
    """Carry out a request that passed all checks of the conversation."""

    request: wire.Request


class Close(Struct, frozen=True):
    """Close the connection."""

    code: CloseCode
    reason: str


Effect = Send | Welcomed | Perform | Close

_ALL: Final = frozenset({"trader", "operator", "clearing", "observer"})
_KEYS: Final = frozenset({"trader", "operator", "clearing"})
_TRADER: Final = frozenset({"trader"})
_OPERATOR: Final = frozenset({"operator"})
_CLEARING: Final = frozenset({"clearing"})
_STAFF: Final = frozenset({"operator", "clearing"})
_SYSTEM: Final[frozenset[str]] = frozenset()

REQUEST_ROLES: Final[dict[type[wire.Request], frozenset[str]]] = {
    wire.Submit: _KEYS,
    wire.FindOrder: _TRADER,
    wire.Subscribe: _ALL,
    wire.Unsubscribe: _ALL,
    wire.Ping: _ALL,
    wire.AdvanceClock: _OPERATOR,
    wire.QueryMarket: _ALL,
    wire.QueryBook: _ALL,
    wire.QueryListings: _ALL,
    wire.QueryAccount: _KEYS,
    wire.QueryOrders: _KEYS,
    wire.QueryTrades: _KEYS,
    wire.QueryUnsettled: _STAFF,
    wire.QueryParticipants: _KEYS,
    wire.QueryKeys: _OPERATOR,
    wire.QueryProposals: _OPERATOR,
    wire.QueryBulletins: _ALL,
    wire.QueryStatement: _KEYS,
    wire.QueryGroups: _TRADER,
    wire.QueryOffers: _KEYS,
    wire.QueryNegotiations: _KEYS,
    wire.QueryAuctions: _ALL,
    wire.QueryApplications: frozenset({"trader", "operator"}),
    wire.QueryHalts: _ALL,
    wire.QueryClosures: _ALL,
}
"""Who may send a request."""
COMMAND_ROLES: Final[dict[type[Command], frozenset[str]]] = {
    kind: roles
    for union, roles in (
        (TraderCommand, _TRADER),
        (OperatorCommand, _OPERATOR),
        (ClearingCommand, _CLEARING),
        (SystemCommand, _SYSTEM),
    )
    for kind in get_args(union)
}
"""Who may submit a command; the engine checks it again, so that a replay proves it."""
_WITHDRAWALS: Final = CancelOrder | ReduceOrder | RefuseBlock | Halt
"""Commands that take back or stop something: they have a rate of their own, so that orders never stop them."""
CHANNEL_ROLES: Final[dict[str, frozenset[str]]] = {
    "market": _ALL,
    "trades": _ALL,
    "book": _ALL,
    "private": frozenset({"trader", "operator"}),
    "drop": _STAFF,
}
"""Who may subscribe to a channel."""
REASON_BYTES_MAX: Final = 120
"""A websocket close reason has at most 123 bytes."""


class Conversation:
    """One client's conversation; times are seconds of a monotonic clock and ns of the wall clock."""

    def __init__(self, access: Access, settings: Settings, *, host: str, nonce: str) -> None:
        self.state = State.GREETING
        self.identity = OBSERVER
        self.language = "en"
        self.limits = settings.of("observer")
        self._access = access
        self._settings = settings
        self._host = host
        self._nonce = nonce
        self._buckets: Buckets | None = None
        self._malformed = 0
        self._limited = 0

    def hello(self, now_ns: int) -> wire.Hello:
        """Return the first frame of the connection."""
        return wire.Hello(version=wire.PROTOCOL_VERSION, nonce=self._nonce, time_ns=now_ns)

    def receive(
        self,
        text: str,
        now_s: float,
        now_ns: int,
        buckets: Callable[[Identity, wire.Limits], Buckets],
    ) -> Effect:
        """Take one frame and return what to do about it."""
        assert self.state is not State.CLOSED, "a closed conversation takes no frames"
        try:
            frame = self._decode(text)
        except Fault as fault:
            return self._malformed_frame(text, fault)
        if self.state is State.GREETING:
            return self._greet(frame, now_s, now_ns, buckets)
        if not isinstance(frame, wire.Request):
            return Send(Fault("ALREADY_LOGGED_IN").frame(0, self.language))
        try:
            self._check_role(frame)
            self._check_rate(frame, now_s)
        except Fault as fault:
            if self._limited > self._settings.limited_in_a_row:
                return self._close(CloseCode.RATE_LIMIT, fault)
            return Send(fault.frame(frame.id, self.language))
        return Perform(frame)

    def refuse_login(self, fault: Fault, now_ns: int) -> wire.LoginRefused:
        """Return the refusal of a login; the caller closes the connection."""
        self.state = State.CLOSED
        number = REASON_NUMBERS.get(fault.code, 0)
        text = text_of(fault.code, self.language, fault.detail)
        return wire.LoginRefused(code=fault.code, number=number, text=text, time_ns=now_ns)

    # ------------------------------------------------------------ steps

    def _decode(self, text: str) -> wire.AnyInward:
        if len(text) > self.limits.frame_bytes or len(text.encode()) > self.limits.frame_bytes:
            raise Fault("FRAME_TOO_LARGE", len(text.encode()), path="$")
        try:
            return wire.decode_inward(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Fault("MALFORMED", str(error), path=path_of(str(error))) from error

    def _malformed_frame(self, text: str, fault: Fault) -> Effect:
        self._malformed += 1
        if self.state is State.GREETING or self._malformed > self._settings.malformed_frames:
            return self._close(CloseCode.MALFORMED, fault)
        return Send(fault.frame(request_id_of(text), self.language))

    def _greet(
        self,
        frame: wire.AnyInward,
        now_s: float,
        now_ns: int,
        buckets: Callable[[Identity, wire.Limits], Buckets],
    ) -> Effect:
        if not isinstance(frame, wire.Login | wire.Observe):
            return self._close(CloseCode.LOGIN_REFUSED, Fault("NOT_LOGGED_IN"))
        self.language = frame.language
        if isinstance(frame, wire.Login):
            try:
                self.identity = self._access.check_login(frame, self._host, self._nonce, now_ns)
            except Fault as fault:
                return Send(self.refuse_login(fault, now_ns))
        self.state = State.READY
        self.limits = self._settings.of(self.identity.role)
        if self.identity.key:
            self._buckets = buckets(self.identity, self.limits)
        else:
            self._buckets = Buckets(self.limits, now_s)
        return Welcomed(self.identity)

    def _check_role(self, frame: wire.Request) -> None:
        role = self.identity.role
        is_permitted = role in REQUEST_ROLES[type(frame)]
        if isinstance(frame, wire.Submit):
            is_permitted = role in COMMAND_ROLES[type(frame.command)]
        elif isinstance(frame, wire.Subscribe):
            is_permitted = role in CHANNEL_ROLES[frame.channel.partition(":")[0]]
        if not is_permitted:
            raise Fault("ROLE_NOT_PERMITTED")

    def _check_rate(self, frame: wire.Request, now_s: float) -> None:
        bucket = self._bucket_of(frame)
        if bucket is None:
            return
        wait_s = bucket.take(now_s)
        if not wait_s:
            self._limited = 0
            return
        self._limited += 1
        retry_after_ms = int(wait_s * 1000) + 1
        raise Fault("RATE_LIMITED", outcome="not_sent", retry_after_ms=retry_after_ms)

    def _bucket_of(self, frame: wire.Request) -> Bucket | None:
        assert self._buckets is not None, "a login gives its buckets"
        if isinstance(frame, wire.Ping | wire.AdvanceClock):
            return None  # bounded by the byte bucket of the connection
        if isinstance(frame, wire.Submit):
            is_withdrawal = isinstance(frame.command, _WITHDRAWALS)
            return self._buckets.cancels if is_withdrawal else self._buckets.orders
        return self._buckets.queries

    def _close(self, code: CloseCode, fault: Fault) -> Close:
        self.state = State.CLOSED
        text = f"{fault.code}: {text_of(fault.code, self.language, fault.detail)}"
        return Close(code, text.encode()[:REASON_BYTES_MAX].decode(errors="ignore"))


REASON_NUMBERS: Final = {"KEY_UNKNOWN": 101, "PARTICIPANT_UNKNOWN": 104}
"""Numbers of the refusals of a login that are also a `Reason`."""


class _RequestId(Struct):
    """The id of a frame that is otherwise not understood."""

    id: wire.RequestId = 0


_request_id = msgspec.json.Decoder(_RequestId)


def request_id_of(text: str) -> int:
    """Return the id of a malformed frame, 0 where even that cannot be read."""
    try:
        return _request_id.decode(text).id
    except (msgspec.DecodeError, RecursionError):
        return 0


def path_of(message: str) -> str:
    """Return the JSON path that a decoding error names, an unknown or missing field included."""
    found = re.search(r" - at `([^`]*)`\Z", message)
    path = found.group(1) if found else "$"
    field = re.match(r"Object (?:contains unknown|missing required) field `([^`]*)`", message)
    return f"{path}.{field.group(1)}" if field else path
