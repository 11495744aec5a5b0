"""A market's whole state as canonical bytes, and back: what bounds the time of a recovery.

Stored are the rows in use (`digest.live_rows`) and what is plain Python; book, occupancy, client order
table and the look-ups by name are made again. The journal stays the truth, so nothing here is believed:
checksum, versions, profile, lengths, both digests and the invariants are compared, and ValueError names
what differs. Making the book again writes the links of the listings: that these are the stored ones is
asked of the rows themselves, which is cheaper than a second digest and as sharp.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine import auction_end, invariants
from engine.auction_book import Auction
from engine.block_state import Negotiation, Offer
from engine.commands import ClearingCommand
from engine.control import note_waiting
from engine.core.layout import TRADE, Rows
from engine.digest import event_digest, live_numbers, live_rows, state_digest
from engine.enrolment_codes import note_code
from engine.events import (
    Bulletin,
    ClosureAdded,
    CodeIssued,
    Halted,
    KeyEnrolled,
    KeyExpired,
    KeyRevoked,
    NoticePublished,
    ParticipantAdmitted,
    TradingStopped,
)
from engine.halts import mark_halts
from engine.keys import note_end, note_key
from engine.market import Market, Remembered, TradingDay
from engine.participants import note_participant
from engine.people import Proposal
from engine.prices import place_ladders
from engine.profile import Profile
from engine.switch_state import Arming, Switch

NAME: Final = "ceax snapshot"
FORMAT: Final = 4
"""Raised by whoever changes what a snapshot stores or how."""
WORD_BYTES: Final = 8


class _Envelope(Struct, array_like=True, forbid_unknown_fields=True):
    """What every format has: enough to say that the content is another format's, or damaged."""

    name: str
    format: int
    checksum: bytes
    content: memoryview


class _EarlierDay(Struct, array_like=True, forbid_unknown_fields=True):
    """The trades of one earlier day as rows of TRADE."""

    date: str
    first: int
    rows: memoryview


class _Content(Struct, kw_only=True, forbid_unknown_fields=True):
    """One state: what it belongs to, its digests, its rows, and what is plain Python."""

    semantics: int
    profile_name: str
    profile: bytes
    sequence: int
    event_digest: bytes
    state_digest: bytes
    numbers: dict[str, int]
    rows: dict[str, memoryview]
    """By name of the array; views of the snapshot's own bytes, like all rows here."""
    date: str
    is_day_open: bool
    agenda: list[int]
    sessions: list[list[tuple[int, int]]]
    closes_fen: list[int]
    previous_closes_fen: list[int]
    references_fen: list[int]
    keys: list[KeyEnrolled]
    key_ends: list[KeyRevoked | KeyExpired]
    own_limits_t: dict[int, int]
    enrolment_codes: list[CodeIssued]
    code_count: int
    stops: list[TradingStopped]
    participants: list[ParticipantAdmitted]
    proposals: list[Proposal]
    references: list[ClearingCommand]
    """The registry's words by kind and reference."""
    bulletins: list[Bulletin]
    days: list[_EarlierDay]
    unsettled: list[int]
    has_failed_trade: bool
    deposits_fen: str
    """As digits: the sum may pass 64 bits."""
    transfers_t: list[int]
    halts: list[Halted]
    halt_count: int
    notices: list[NoticePublished]
    notice_count: int
    switches: list[Switch]
    armings: dict[int, Arming]
    closures: list[ClosureAdded]
    allowances_t: dict[int, int]
    answers: dict[int, Remembered]
    groups: dict[tuple[int, str], tuple[int, ...]]
    offers: list[Offer]
    negotiations: list[Negotiation]
    auctions: list[Auction]


_PLAIN: Final = (
    "date",
    "is_day_open",
    "agenda",
    "sessions",
    "closes_fen",
    "previous_closes_fen",
    "references_fen",
    "bulletins",
    "has_failed_trade",
    "transfers_t",
    "code_count",
    "halt_count",
    "notices",
    "notice_count",
)
"""Attributes of the market that are stored as they are."""
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_envelope: Final = msgspec.msgpack.Decoder(_Envelope).decode
_decode_content: Final = msgspec.msgpack.Decoder(_Content).decode


def _profile_digest(profile: Profile) -> bytes:
    return hashlib.sha256(_encode(profile)).digest()


# ---------------------------------------------------------------- taking


def take(market: Market, semantics: int) -> bytes:
    """Return the state between two entries; `semantics` is the version of the answers (exchange.py)."""
    return seal(gather(market, semantics))


def gather(market: Market, semantics: int) -> bytes:
    """Return a copy of the state between two entries, of which `seal` makes the snapshot."""
    numbers = live_numbers(market)
    return _encode(
        _Content(
            semantics=semantics,
            profile_name=market.profile.name,
            profile=_profile_digest(market.profile),
            sequence=numbers["sequence"],
            event_digest=event_digest(market),
            state_digest=state_digest(market),
            numbers=numbers,
            rows={name: _bytes_of(rows) for name, rows in live_rows(market).items()},
            keys=market.keys,
            participants=market.participants,
            proposals=list(market.proposals.values()),
            references=[market.references[place] for place in sorted(market.references)],
            days=[_EarlierDay(day.date, day.first, _bytes_of(day.rows)) for day in market.days],
            unsettled=list(market.unsettled),
            deposits_fen=str(market.deposits_fen),
            own_limits_t=_in_order(market.own_limits_t),
            allowances_t=_in_order(market.allowances_t),
            answers=_in_order(market.answers),
            groups=_in_order(market.groups),
            armings=_in_order(market.armings),
            switches=_by_key(market.switches),
            key_ends=_by_key(market.key_ends),
            enrolment_codes=_by_key(market.enrolment_codes),
            stops=_by_key(market.stops),
            halts=_by_key(market.halts),
            closures=_by_key(market.closures),
            offers=_by_key(market.offers),
            negotiations=_by_key(market.negotiations),
            auctions=_by_key(market.auctions),
            **{name: getattr(market, name) for name in _PLAIN},
        )
    )


def seal(content: bytes) -> bytes:
    """Return the snapshot of a state that was gathered; half the work of taking one, and for any thread."""
    checksum = hashlib.sha256(content).digest()
    return _encode(_Envelope(NAME, FORMAT, checksum, memoryview(content)))


def _bytes_of(rows: Rows) -> memoryview:
    """Return rows as the bytes that they are, without a copy."""
    return rows.view(np.uint8).data


def _in_order(table: dict[Any, Any]) -> dict[Any, Any]:
    """Return a table in the order of its keys, so that the same state gives the same bytes."""
    return dict(sorted(table.items()))


def _by_key(table: dict[Any, Any]) -> list[Any]:
    """Return the rows of a table in the order of their keys, which every row holds itself."""
    return [row for _, row in sorted(table.items())]


# ---------------------------------------------------------------- loading


def load(market: Market, data: bytes, semantics: int) -> None:
    """Bring a new market to the state of a snapshot; after a ValueError the market is to be dropped."""
    content = _open(data)
    _same("semantics version", content.semantics, semantics)
    _same("profile's name", content.profile_name, market.profile.name)
    _same("profile", content.profile.hex(), _profile_digest(market.profile).hex())
    try:
        _put_plain(market, content)
        _put_rows(market, content)
        _same("sequence", content.sequence, int(market.core.market["sequence"]))
        _same("event digest", content.event_digest.hex(), event_digest(market).hex())
        _same("state digest", content.state_digest.hex(), state_digest(market).hex())
        _rebuild(market)
        invariants.check(market)
    except (AssertionError, IndexError, OverflowError) as error:
        message = f"snapshot: it holds a state that cannot be: {error}"
        raise ValueError(message) from error
    for name, rows in live_rows(market).items():
        if not _is_same(rows.view(np.uint8), np.frombuffer(content.rows[name], np.uint8)):
            message = f"snapshot: the {name} are others with the book made again"
            raise ValueError(message)


def _is_same(found: NDArray[np.uint8], stored: NDArray[np.uint8]) -> bool:
    """Compare bytes of one length, eight at a time as far as that goes."""
    whole = len(found) & -WORD_BYTES
    is_same = np.array_equal(found[:whole].view(np.uint64), stored[:whole].view(np.uint64))
    return is_same and np.array_equal(found[whole:], stored[whole:])


def _same(name: str, stored: object, wanted: object) -> None:
    if stored != wanted:
        message = f"snapshot: the {name} is {stored} where {wanted} is expected"
        raise ValueError(message)


def _decoded(
    decode: Callable[[bytes | memoryview], Any],
    data: bytes | memoryview,
    what: str,
) -> Any:  # noqa: ANN401 - the decoder's type
    try:
        return decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"snapshot: {what} cannot be read: {error}"
        raise ValueError(message) from error


def _open(data: bytes) -> _Content:
    envelope: _Envelope = _decoded(_decode_envelope, data, "the envelope (truncated or damaged)")
    _same("name", envelope.name, NAME)
    _same("format version", envelope.format, FORMAT)
    checksum = hashlib.sha256(envelope.content).hexdigest()
    _same("checksum of the content (damaged)", envelope.checksum.hex(), checksum)
    content: _Content = _decoded(_decode_content, envelope.content, "the content")
    return content


def _put_plain(market: Market, content: _Content) -> None:
    for name in (*_PLAIN, "own_limits_t", "allowances_t", "answers", "armings", "groups"):
        setattr(market, name, getattr(content, name))
    market.deposits_fen = int(content.deposits_fen)
    for key in content.keys:
        note_key(market, key)
    for end in content.key_ends:
        note_end(market, end)
    for code in content.enrolment_codes:
        note_code(market, code)
    market.stops = {row.participant: row for row in content.stops}
    for participant in content.participants:
        note_participant(market, participant)
    market.proposals = {proposal.number: proposal for proposal in content.proposals}
    for proposal in content.proposals:
        note_waiting(market, proposal, int(proposal.is_open))
    market.references = {(type(word).__name__, word.reference): word for word in content.references}
    market.unsettled = dict.fromkeys(content.unsettled)
    market.halts = {row.halt: row for row in content.halts}
    market.closures = {row.date: row for row in content.closures}
    market.switches = {row.key: row for row in content.switches}
    market.deadlines = sorted(
        (row.deadline_ns, row.key) for row in content.switches if row.deadline_ns
    )
    market.offers = {row.number: row for row in content.offers}
    market.negotiations = {row.number: row for row in content.negotiations}
    market.auctions = {row.number: row for row in content.auctions}
    for day in content.days:
        _whole_rows(f"trades of {day.date}", len(day.rows), TRADE.itemsize)
        rows = np.frombuffer(day.rows, TRADE).copy()
        market.days.append(TradingDay(date=day.date, first=day.first, rows=rows))


def _whole_rows(name: str, stored: int, size: int) -> None:
    if stored % size:
        message = f"snapshot: the {name} have {stored} bytes, not whole rows of {size}"
        raise ValueError(message)


def _put_rows(market: Market, content: _Content) -> None:
    """Fill the arrays in place; how many rows are in use follows from what was put before."""
    row = market.core.market
    _same("list of numbers", list(content.numbers), list(live_numbers(market)))
    for name, number in content.numbers.items():
        row[name] = number
    market.mark_boundary()
    live = live_rows(market)
    _same("list of arrays", list(content.rows), list(live))
    for name, rows in live.items():
        _same(f"length of {name} in bytes", len(content.rows[name]), rows.nbytes)
        rows.view(np.uint8)[:] = np.frombuffer(content.rows[name], np.uint8)


def _rebuild(market: Market) -> None:
    """Make what was not stored: halts in the rows, ladders' origins, book, client order table, bids."""
    mark_halts(market)
    for index in np.flatnonzero(market.core.state.products["has_reference"]).tolist():
        place_ladders(market, index)
    market.core.rebuild()
    auction_end.rebuild_bids(market)
