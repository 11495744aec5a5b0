"""How often an address may come: new connections are counted before a handshake is answered."""

from typing import Final

from gateway.limits import Bucket, Settings

ADDRESSES_MAX: Final = 20_000
"""Most addresses that are remembered; the longest absent goes first."""
FLOODS: Final = 8
"""So many connections that were cut for a flood use up what an address may open at once."""


class Arrivals:
    """A bucket per address; times are seconds of a monotonic clock.

    As many as an address may hold at once may come at once, after an outage say; then the rate holds.
    Behind a proxy the address is the client's (`Settings.proxies`).
    """

    def __init__(self, settings: Settings) -> None:
        self._rate = settings.connections_per_second
        self._burst = float(settings.connections_per_address)
        self._buckets: dict[str, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_s(self, address: str, now_s: float) -> float:
        """Count a new connection and return 0, or count none and return the seconds until one may come."""
        return self._bucket(address, now_s).take(now_s)

    def flooded(self, address: str, now_s: float) -> None:
        """Count a connection that was cut for a flood as many: who dials again at once shall not go on."""
        self._bucket(address, now_s).owe(now_s, self._burst / FLOODS)

    def _bucket(self, address: str, now_s: float) -> Bucket:
        bucket = self._buckets.pop(address, None)
        if bucket is None:
            if len(self._buckets) >= ADDRESSES_MAX:
                del self._buckets[next(iter(self._buckets))]
            bucket = Bucket(self._rate, self._burst, now_s)
        self._buckets[address] = bucket
        return bucket
