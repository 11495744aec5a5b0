"""A snapshot that is damaged, cut, foreign or contradicts itself is refused with a text that says why."""

import hashlib
from random import Random

import msgspec
import numpy as np
import pytest
from msgspec import structs

from engine import snapshot
from engine.core.layout import STANDS
from engine.digest import live_numbers, live_rows
from engine.exchange import SEMANTICS_VERSION, Exchange
from engine.market import Market
from tests.engine.test_snapshot_rare import play
from tests.markets import small_profile
from tests.restarts import exchange_of, market_of, middle_of_a_day

ENVELOPE_BYTES = 64
"""Name, format, checksum and the head of the content."""


@pytest.fixture(scope="module")
def busy() -> Exchange:
    return exchange_of(middle_of_a_day(small_profile())[0])


def test_every_damaged_byte_is_refused(busy: Exchange) -> None:
    """Each byte once as a whole and once in a seeded bit; the envelope's own in every way there is."""
    data, market, random = busy.snapshot(), Market(small_profile()), Random(9)
    places = range(len(data))
    trials = [(place, 0xFF) for place in places]
    trials += [(place, 1 << random.randrange(8)) for place in places]
    trials += [(place, bits) for place in range(ENVELOPE_BYTES) for bits in range(1, 256)]
    for place, bits in trials:
        damaged = bytearray(data)
        damaged[place] ^= bits
        with pytest.raises(ValueError, match=r"^snapshot: "):
            snapshot.load(market, bytes(damaged), SEMANTICS_VERSION)
    assert live_numbers(market) == live_numbers(Market(small_profile())), (
        "refused before any change"
    )


def test_a_part_or_a_surplus_is_refused(busy: Exchange) -> None:
    data = busy.snapshot()
    lengths = [*range(64), *Random(4).sample(range(len(data)), 40), len(data) - 1]
    for length in lengths:
        with pytest.raises(ValueError, match="truncated or damaged"):
            Exchange.from_snapshot(small_profile(), data[:length])
    with pytest.raises(ValueError, match="truncated or damaged"):
        Exchange.from_snapshot(small_profile(), data + b"\0")


def test_another_profile_is_refused(busy: Exchange) -> None:
    data = busy.snapshot()
    renamed = structs.replace(small_profile(), name="other")
    with pytest.raises(ValueError, match="profile's name is national where other is expected"):
        Exchange.from_snapshot(renamed, data)
    with pytest.raises(ValueError, match=r"the profile is [0-9a-f]{64} where"):
        Exchange.from_snapshot(structs.replace(small_profile(), tick_size_fen=2), data)


def test_another_version_is_refused(busy: Exchange) -> None:
    later = SEMANTICS_VERSION + 1
    with pytest.raises(ValueError, match=f"semantics version is {later} where {later - 1} is"):
        Exchange.from_snapshot(small_profile(), snapshot.take(market_of(busy), later))
    envelope = msgspec.msgpack.decode(busy.snapshot())
    envelope[1] = later = snapshot.FORMAT + 1
    with pytest.raises(ValueError, match=f"format version is {later} where {later - 1} is"):
        Exchange.from_snapshot(small_profile(), msgspec.msgpack.encode(envelope))


def forged(data: bytes, path: str, change: object) -> bytes:
    """Return a snapshot with one part of its content changed and a checksum that holds again."""
    envelope = msgspec.msgpack.decode(data)
    content = msgspec.msgpack.decode(envelope[3])
    section, *inner = path.split(".")
    if inner:
        before = content[section][inner[0]]
        assert change != before
        content[section][inner[0]] = change
    else:
        assert change != content[section]
        content[section] = change
    envelope[3] = msgspec.msgpack.encode(content)
    envelope[2] = hashlib.sha256(envelope[3]).digest()
    return msgspec.msgpack.encode(envelope)


@pytest.mark.parametrize(
    ("path", "change", "text"),
    [
        ("sequence", 5, "the sequence is 5 where"),
        ("event_digest", b"\1", "the event digest is 01 where"),
        ("state_digest", b"\1", "the state digest is 01 where"),
        ("deposits_fen", "5", "settled cash and fees differ from deposits"),
        ("transfers_t", [1, 2, 3], "CEA19-20"),
        ("unsettled", [10**6], "the state digest is"),
        ("proposals", [], "the state digest is"),
        ("date", "2021-07-20", "the state digest is"),
        ("days", [["2021-07-16", 1, b"123"]], "trades of 2021-07-16 have 3 bytes"),
        ("rows.orders", b"", "length of orders in bytes is 0 where"),
        ("rows.cancels", b"", "length of cancels in bytes is 0 where"),
        ("rows", {}, "list of arrays is"),
        ("numbers", {}, "list of numbers is"),
        ("numbers.order_count", 10**9, "length of orders in bytes"),
        ("numbers.open_count", 10**9, "the state digest is"),
        ("numbers.event_count", 1, "the event digest is"),
        ("halt_count", 5, "the state digest is"),
        ("agenda", "soon", "the content cannot be read"),
        ("halts", [{"halt": 1}], "the content cannot be read"),
    ],
)
def test_a_content_that_contradicts_itself_is_refused(
    busy: Exchange, path: str, change: object, text: str
) -> None:
    """A right checksum over wrong content: a fault of a writer and not of a disk."""
    with pytest.raises(ValueError, match=text):
        Exchange.from_snapshot(small_profile(), forged(busy.snapshot(), path, change))


@pytest.mark.parametrize(
    "name",
    ["halts", "closures", "allowances_t", "answers", "groups", "offers", "auctions"],
)
def test_a_snapshot_without_what_is_rare_is_refused(name: str) -> None:
    rich = play()[0].exchange
    kept = getattr(snapshot._open(rich.snapshot()), name)
    assert kept, "there was something to lose"
    without = forged(rich.snapshot(), name, type(kept)())
    with pytest.raises(ValueError, match="the state digest is"):
        Exchange.from_snapshot(rich.profile, without)


@pytest.mark.parametrize("field", ["previous", "next", "position", "left_t", "participant"])
def test_a_listing_with_a_wrong_field_is_refused(busy: Exchange, field: str) -> None:
    rows = live_rows(market_of(busy))["orders"].copy()
    places = np.flatnonzero(rows["state"] == STANDS)
    assert len(places)
    rows[field][places[0]] += 1
    with pytest.raises(ValueError, match=r"^snapshot: "):
        Exchange.from_snapshot(
            small_profile(), forged(busy.snapshot(), "rows.orders", rows.tobytes())
        )


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("previous", "the orders are others with the book made again"),
        ("next", "the orders are others with the book made again"),
        ("left_t", "more is left of an order than was ordered"),
        ("participant", "locked tonnes differ from open sell orders"),
        ("product", "cannot be"),
    ],
)
def test_a_broken_market_is_not_brought_back(field: str, text: str) -> None:
    """All digests are right, but of a state that cannot be: it must not trade on."""
    broken = exchange_of(middle_of_a_day(small_profile())[0])
    listing = market_of(broken).core.state.orders[1]
    assert listing["state"] == STANDS
    listing[field] += 1
    with pytest.raises(ValueError, match=text):
        Exchange.from_snapshot(small_profile(), broken.snapshot())
