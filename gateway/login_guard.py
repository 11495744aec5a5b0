"""Too many refused logins: an address, or whoever claims one key, is turned away for a while."""

from typing import Final

from gateway.limits import Bucket

SUBJECTS_MAX: Final = 20_000
"""Most addresses, and most keys, whose failures are remembered; the longest quiet goes first."""
KNOWN_MAX: Final = 20_000
"""Most pairs of key and address that are remembered as having come in."""


class LoginGuard:
    """Counts failures per address and per claimed key; times are seconds of a monotonic clock.

    Knowing somebody's public key must not be enough to shut that person out: a key that came in from
    an address before is asked for its signature there whatever others failed with. A signature
    cannot be guessed; the guard spares the log and the machine.
    """

    def __init__(self, failures: int, per_minute: float) -> None:
        self._burst = float(failures)
        self._rate = per_minute / 60
        self._addresses: dict[str, Bucket] = {}
        self._keys: dict[str, Bucket] = {}
        self._known: dict[tuple[str, str], None] = {}

    def wait_s(self, address: str, public_key: str, now_s: float) -> float:
        """Return how long a login must wait, 0 where it may be tried now; `public_key` "" = none claimed."""
        if (public_key, address) in self._known:
            return 0.0
        buckets = self._addresses.get(address), self._keys.get(public_key)
        return max((b.missing_s(now_s) for b in buckets if b is not None), default=0.0)

    def failed(self, address: str, public_key: str, now_s: float) -> None:
        """Count a refused login; "" stands for an address or a key that is not to blame."""
        for subject, table in ((address, self._addresses), (public_key, self._keys)):
            if subject:
                self._bucket(table, subject, now_s).take(now_s)

    def came_in(self, address: str, public_key: str) -> None:
        """Remember from where a key came in."""
        self._known.pop((public_key, address), None)
        if len(self._known) >= KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[public_key, address] = None

    def _bucket(self, table: dict[str, Bucket], subject: str, now_s: float) -> Bucket:
        bucket = table.pop(subject, None) or Bucket(self._rate, self._burst, now_s)
        if len(table) >= SUBJECTS_MAX:
            del table[next(iter(table))]
        table[subject] = bucket
        return bucket
