"""Replays journals given as JSON on its standard input and prints the digests: for another form of the core."""

import sys

import msgspec

from engine.commands import Entry
from engine.exchange import Exchange
from tests.markets_profiles import STREAMED


def digests(name: str, entries: list[Entry]) -> list[str]:
    """Return the event digest and the state digest after entries on a market."""
    exchange = Exchange(STREAMED[name]())
    exchange.apply_entries(entries)
    exchange.check()
    return [exchange.event_digest().hex(), exchange.state_digest().hex()]


if __name__ == "__main__":
    journals = msgspec.json.decode(sys.stdin.buffer.read(), type=dict[str, list[Entry]])
    told = {name: digests(name, entries) for name, entries in journals.items()}
    sys.stdout.buffer.write(msgspec.json.encode(told))
