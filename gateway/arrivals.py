"""How often an address may come: new connections are counted before a handshake is answered."""

from typing import Final

from gateway.limits import Bucket, Settings

ADDRESSES_MAX: Final = 20_000
"""Most addresses that are remembered; the longest absent goes first."""


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
        bucket = self._buckets.pop(address, None)
        if bucket is None:
            if len(self._buckets) >= ADDRESSES_MAX:
                del self._buckets[next(iter(self._buckets))]
            bucket = Bucket(self._rate, self._burst, now_s)
        self._buckets[address] = bucket
        return bucket.take(now_s)
