"""The conversation with one client, without sockets: frames and times in, effects out.

    GREETING --Login, Observe--> READY --request--> READY
    GREETING --Enrol, anything else, a refused login--> CLOSED

It knows who may ask what and how often; it knows nothing of prices.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import msgspec
from msgspec import Struct

from engine.commands import (
    AnyCommand,
    CancelOrders,
    Permission,
    PlaceListings,
    Role,
    StopTrading,
)
from engine.reasons import Reason
from gateway import wire
from gateway.access import OBSERVER, Access, Identity, Visit
from gateway.codes import FAULTS, CloseCode, Fault, text_of
from gateway.door import WITHDRAWALS
from gateway.limits import Bucket, Buckets, Settings
from gateway.roles import CHANNEL_ROLES, COMMAND_ROLES, PERMISSIONS, REQUEST_ROLES


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
    login: wire.Login | None
    """None for an observer."""


class Claim(Struct, frozen=True):
    """Let the exchange decide on the claim of a code; the proof of possession was given."""

    frame: wire.Enrol
    code_hash: str


class Refuse(Struct, frozen=True):
    """Refuse a login or the claim of a code, note it, and close the connection."""

    fault: Fault
    frame: wire.Login | wire.Enrol


class Perform(Struct, frozen=True):
    """Carry out a request that passed all checks of the conversation."""

    request: wire.Request


class Close(Struct, frozen=True):
    """Close the connection."""

    code: CloseCode
    reason: str


Effect = Send | Welcomed | Claim | Refuse | Perform | Close

Terms = tuple[bool, Bucket, bool]
"""Whether a command may be sent, the bucket that it takes from, and whether it costs as much as it has orders."""
_WITHDRAWALS: Final = frozenset(WITHDRAWALS)
REASON_BYTES_MAX: Final = 120
"""A websocket close reason has at most 123 bytes."""


class Conversation:
    """One client's conversation; times are seconds of a monotonic clock and ns of the wall clock."""

    def __init__(
        self,
        access: Access,
        settings: Settings,
        *,
        host: str,
        nonce: str,
        address: str = "",
        form: wire.Format = wire.Format.JSON,
    ) -> None:
        self.state = State.GREETING
        self.identity = OBSERVER
        self.language = "en"
        self.limits = settings.of("observer")
        self._access = access
        self._settings = settings
        self._form = form
        self.visit = Visit(host=host, nonce=nonce, address=address)
        self.greeted_s = 0.0
        """When the login or claim came."""
        self._buckets: Buckets | None = None
        self._terms: dict[type[AnyCommand], Terms] = {}
        """By class of a command: on which terms this key may send it; they never change."""
        self._malformed = 0
        self._limited = 0

    def hello(self, now_ns: int) -> wire.Hello:
        """Return the first frame of the connection."""
        return wire.Hello(
            version=wire.PROTOCOL_VERSION,
            formats=tuple(wire.Format),
            nonce=self.visit.nonce,
            time_ns=now_ns,
            notice=wire.DEMO_NOTICE,
        )

    def receive(
        self,
        data: str | bytes,
        now_s: float,
        now_ns: int,
        buckets: Callable[[Identity, wire.Limits], Buckets],
    ) -> Effect:
        """Take one frame and return what to do about it."""
        assert self.state is not State.CLOSED, "a closed conversation takes no frames"
        try:
            frame = self._decode(data)
        except Fault as fault:
            return self._malformed_frame(data, fault)
        if self.state is State.GREETING:
            return self._greet(frame, now_s, now_ns, buckets)
        if not isinstance(frame, wire.Request):
            return Send(Fault("ALREADY_LOGGED_IN").frame(0, self.language))
        try:
            if isinstance(frame, wire.Submit):
                self._check_command(frame.command, now_s)
            else:
                self._check_role(frame)
                self._check_rate(self._bucket_of(frame), 1, now_s)
        except Fault as fault:
            if self._limited > self._settings.limited_in_a_row:
                return self.close(CloseCode.RATE_LIMIT, fault)
            return Send(fault.frame(frame.id, self.language))
        return Perform(frame)

    def refuse_login(self, fault: Fault, now_ns: int) -> wire.LoginRefused:
        """Return the refusal of a login; the caller closes the connection."""
        self.state = State.CLOSED
        reason = Reason.__members__.get(fault.code)
        text = text_of(fault.code, self.language, fault.detail)
        return wire.LoginRefused(
            code=fault.code,
            number=reason.value if reason is not None else FAULTS[fault.code].number,
            text=text,
            time_ns=now_ns,
            outcome=fault.outcome,
            retry=FAULTS[fault.code].retry,
            retry_after_ms=fault.retry_after_ms,
        )

    # ------------------------------------------------------------ steps

    def _decode(self, data: str | bytes) -> wire.AnyInward:
        size = len(data)
        if isinstance(data, str) and not data.isascii():
            size = len(data.encode())
        if size > self.limits.frame_bytes:
            raise Fault("FRAME_TOO_LARGE", size, path="$")
        try:
            return wire.decode_inward(data, self._form)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Fault("MALFORMED", str(error), path=path_of(str(error))) from error

    def _malformed_frame(self, data: str | bytes, fault: Fault) -> Effect:
        self._malformed += 1
        if self.state is State.GREETING or self._malformed > self._settings.malformed_frames:
            return self.close(CloseCode.MALFORMED, fault)
        return Send(fault.frame(request_id_of(data, self._form), self.language))

    def _greet(
        self,
        frame: wire.AnyInward,
        now_s: float,
        now_ns: int,
        buckets: Callable[[Identity, wire.Limits], Buckets],
    ) -> Effect:
        if not isinstance(frame, wire.Login | wire.Enrol | wire.Observe):
            return self.close(CloseCode.LOGIN_REFUSED, Fault("NOT_LOGGED_IN"))
        self.language = frame.language
        self.greeted_s = now_s
        if not isinstance(frame, wire.Observe):
            # One try per connection: whatever comes of it, nothing more is taken before the answer.
            self.state = State.CLOSED
            try:
                if isinstance(frame, wire.Enrol):
                    return Claim(frame, self._access.check_enrol(frame, self.visit, now_ns))
                self.identity = self._access.check_login(frame, self.visit, now_ns)
            except Fault as fault:
                return Refuse(fault, frame)
        self.state = State.READY
        self.limits = self._settings.of(self.identity.role)
        if self.identity.key:
            self._buckets = buckets(self.identity, self.limits)
        else:
            self._buckets = Buckets(self.limits, now_s)
        return Welcomed(self.identity, frame if isinstance(frame, wire.Login) else None)

    def _check_role(self, frame: wire.Request) -> None:
        role = self.identity.role
        is_permitted = role in REQUEST_ROLES[type(frame)]
        if isinstance(frame, wire.Subscribe):
            is_permitted = role in CHANNEL_ROLES[frame.channel.partition(":")[0]]
        if not is_permitted:
            raise Fault("ROLE_NOT_PERMITTED")

    def _has_permission(self, command: AnyCommand) -> bool:
        """Say whether the key may do this of all that its role may; risk officers' keys cancel alone."""
        held = self.identity.permissions or tuple(Permission)
        if isinstance(command, StopTrading) and self.identity.role == Role.TRADER:
            return set(held) == set(Permission)  # whoever may trade everything may stop everything
        needed = PERMISSIONS.get(type(command))
        return needed is None or needed in held

    def _check_command(self, command: AnyCommand, now_s: float) -> None:
        kind = type(command)
        terms = self._terms.get(kind)
        if terms is None:
            terms = self._terms[kind] = self._terms_of(command)
        is_permitted, bucket, is_batch = terms
        if not is_permitted:
            raise Fault("ROLE_NOT_PERMITTED")
        self._check_rate(bucket, len(command.orders) if is_batch else 1, now_s)  # type: ignore[union-attr]

    def _terms_of(self, command: AnyCommand) -> "Terms":
        role, kind = self.identity.role, type(command)
        assert self._buckets is not None, "a login gives its buckets"
        is_permitted = (
            role in REQUEST_ROLES[wire.Submit]
            and role in COMMAND_ROLES[kind]
            and self._has_permission(command)
        )
        # A rate of their own, so that orders never stand in the way of what takes them back.
        is_withdrawal = kind in _WITHDRAWALS
        bucket = self._buckets.cancels if is_withdrawal else self._buckets.orders
        return is_permitted, bucket, isinstance(command, (PlaceListings, CancelOrders))

    def _check_rate(self, bucket: Bucket | None, cost: int, now_s: float) -> None:
        if bucket is None:
            return
        wait_s = bucket.take(now_s, cost)
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
        return self._buckets.queries

    def left(self, now_s: float) -> tuple[int, int, int]:
        """Return how many orders, cancels and queries could be sent at once now."""
        assert self._buckets is not None, "a login gives its buckets"
        buckets = self._buckets
        rows = (buckets.orders, buckets.cancels, buckets.queries)
        orders, cancels, queries = (bucket.left(now_s) for bucket in rows)
        return orders, cancels, queries

    def close(self, code: CloseCode, fault: Fault) -> Close:
        """Take no more frames and return how the connection is closed."""
        self.state = State.CLOSED
        text = f"{fault.code}: {text_of(fault.code, self.language, fault.detail)}"
        return Close(code, text.encode()[:REASON_BYTES_MAX].decode(errors="ignore"))


class _RequestId(Struct):
    """The id of a frame that is otherwise not understood."""

    id: wire.RequestId = 0


_request_ids: Final[dict[wire.Format, Any]] = {
    wire.Format.JSON: msgspec.json.Decoder(_RequestId),
    wire.Format.MESSAGEPACK: msgspec.msgpack.Decoder(_RequestId),
}


def request_id_of(data: str | bytes, form: wire.Format = wire.Format.JSON) -> int:
    """Return the id of a malformed frame, 0 where even that cannot be read."""
    try:
        found: _RequestId = _request_ids[form].decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return 0
    return found.id


def path_of(message: str) -> str:
    """Return the JSON path that a decoding error names, an unknown or missing field included."""
    found = re.search(r" - at `([^`]*)`\Z", message)
    path = found.group(1) if found else "$"
    field = re.match(r"Object (?:contains unknown|missing required) field `([^`]*)`", message)
    return f"{path}.{field.group(1)}" if field else path
