"""Address lists of keys: from which IPv4 and IPv6 addresses and prefixes a key may log in."""

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_within(address: str, allowed: tuple[str, ...]) -> bool:
    """Say whether a client's address is on a key's list; an empty list allows every address.

    An IPv4 address that a socket shows as IPv6 (`::ffff:192.0.2.1`) counts as itself. What is no
    address is on no list.
    """
    if not allowed:
        return True
    found = _parse(address)
    if found is None:
        return False
    return any(found in network for network in _networks(allowed))


def _parse(address: str) -> Address | None:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


@lru_cache(maxsize=1024)
def _networks(allowed: tuple[str, ...]) -> tuple[Network, ...]:
    # The engine took only what is an address or a prefix; a bit set behind the prefix is no harm.
    return tuple(ipaddress.ip_network(text, strict=False) for text in allowed)
