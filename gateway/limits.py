"""How much a connection may do: token buckets on the machine's own monotonic clock, and their settings."""

from typing import Final

from msgspec import Struct

from gateway.frames_replies import Limits


class Bucket:
    """A token bucket; times are seconds of a monotonic clock, given by the caller."""

    __slots__ = ("_burst", "_rate", "_time_s", "_tokens")

    def __init__(self, rate: float, burst: float, now_s: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._time_s = now_s

    def take(self, now_s: float, cost: float = 1.0) -> float:
        """Take tokens and return 0, or take none and return the seconds until there are enough.

        What costs more than the burst needs a full bucket and leaves it in debt.
        """
        burst, tokens = self._burst, self._tokens + (now_s - self._time_s) * self._rate
        self._time_s = now_s
        if tokens > burst:  # noqa: PLR1730 - a call for each order costs more than all else here
            tokens = burst
        needed = cost if cost < burst else burst  # noqa: FURB136 - likewise
        if tokens >= needed:
            self._tokens = tokens - cost
            return 0.0
        self._tokens = tokens
        return (needed - tokens) / self._rate

    def owe(self, now_s: float, cost: float) -> None:
        """Take tokens that may not be there; the debt is at most a burst."""
        self.take(now_s, 0.0)
        self._tokens = max(-self._burst, self._tokens - cost)

    def left(self, now_s: float) -> int:
        """Return the whole tokens that are there, 0 for a debt; nothing is taken."""
        tokens = self._tokens + (now_s - self._time_s) * self._rate
        return int(max(0.0, min(self._burst, tokens)))

    def missing_s(self, now_s: float) -> float:
        """Return the seconds until a token is there, 0 where one is; nothing is taken."""
        tokens = self._tokens + (now_s - self._time_s) * self._rate
        return max(0.0, (1.0 - tokens) / self._rate)


class Settings(Struct, frozen=True, kw_only=True):
    """All limits of a gateway; the defaults are for 3,600 participants (gateway-notes 1.4)."""

    connections: int = 10_000
    connections_per_address: int = 512
    connections_per_second: float = 10.0
    """New ones of an address, after a burst of as many as it may hold."""
    connections_per_participant: int = 16
    connections_per_key: int = 8
    login_s: float = 3.0
    open_s: float = 5.0
    """How long a client may take for its HTTP request."""
    ping_s: float = 15.0
    """How often the socket is asked whether it lives, and how long the answer may take."""
    login_failures: int = 20
    """Refused logins of one address, or with one key, after which it is turned away."""
    login_failures_per_minute: float = 10.0
    """How fast refused logins are forgiven."""
    refusal_delay_s: float = 0.1
    """Refused strangers wait so long for their answer, whatever was wrong."""
    audit_per_second: int = 50
    """Entries about strangers that the journal takes; ten times as many about enrolled keys."""
    beat_s: float = 1.0
    drain_s: float = 10.0
    """A client that takes nothing for so long while something waits for it is cut."""
    book_interval_s: float = 0.02
    """A book is published at once, and then at most once in this interval."""
    disconnect_grace_s: float = 5.0
    """How long a key with the terms `key` may be without a connection before its orders are taken back."""
    malformed_frames: int = 20
    """Malformed frames after which the connection is cut."""
    limited_in_a_row: int = 2_000
    """Requests refused for their rate, without one taken between, after which it is cut."""
    hosts: tuple[str, ...] = ()
    """Names under which clients dial this gateway, beside its own address and port."""
    origins: tuple[str, ...] = ()
    """Web origins that may connect; programs without an Origin header always may."""
    proxies: tuple[str, ...] = ()
    """Addresses of proxies in front, whose `X-Forwarded-For` is believed (its last entry)."""
    http_per_second: float = 10.0
    """Requests to the HTTP mirror per address."""
    http_burst: float = 40.0
    http_total: float = 500.0
    """Requests to the HTTP mirror per second of all addresses together."""
    limits: dict[str, Limits] = {}
    """Limits by role, where they differ from `LIMITS`."""

    def of(self, role: str) -> Limits:
        """Return the limits of a role."""
        return self.limits.get(role) or LIMITS[role]


_TRADER: Final = Limits(
    frame_bytes=16 * 1024,
    bytes_per_second=64 * 1024,
    bytes_burst=256 * 1024,
    orders_per_second=50,
    orders_burst=100,
    cancels_per_second=100,
    cancels_burst=200,
    queries_per_second=20,
    queries_burst=40,
    requests_in_flight=32,
    subscriptions=64,
    idle_seconds=30,
    unsent_bytes=256 * 1024,
    lag_frames=10_000,
)
_STAFF: Final = Limits(
    # A proposal of 200 admissions is some 80 KiB, an answer of the registry comes per trade.
    frame_bytes=256 * 1024,
    bytes_per_second=4 * 1024 * 1024,
    bytes_burst=8 * 1024 * 1024,
    orders_per_second=2_000,
    orders_burst=4_000,
    cancels_per_second=100,
    cancels_burst=200,
    queries_per_second=100,
    queries_burst=200,
    requests_in_flight=128,
    subscriptions=64,
    idle_seconds=30,
    unsent_bytes=1024 * 1024,
    lag_frames=100_000,
)
LIMITS: Final[dict[str, Limits]] = {
    "observer": _TRADER,
    "trader": _TRADER,
    "operator": _STAFF,
    "clearing": _STAFF,
    "administrator": _TRADER,
    "risk": _TRADER,
    "reader": _TRADER,
    "supervisor": _STAFF,
    "auditor": _STAFF,
}


class Buckets:
    """The buckets of one key, shared by all its connections."""

    def __init__(self, limits: Limits, now_s: float) -> None:
        self.orders = Bucket(limits.orders_per_second, limits.orders_burst, now_s)
        self.cancels = Bucket(limits.cancels_per_second, limits.cancels_burst, now_s)
        self.queries = Bucket(limits.queries_per_second, limits.queries_burst, now_s)
