"""The two digests: one rolled over every event in order, one over the whole state in canonical form.

The event digest does not depend on how commands were batched. The state digest covers live rows only,
each byte of which is a named field, and the rare state as MessagePack of sorted values.
"""

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from engine.commands import MEMBERS_MAX
from engine.core.layout import NEVER, Rows
from engine.events import Event

if TYPE_CHECKING:
    from engine.market import Market

MASK: Final = (1 << 64) - 1
FOLD: Final = 0x9E3779B97F4A7C15
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_EVENT_LABEL: Final = b"ceax events 1 "
_STATE_LABEL: Final = b"ceax state 4 "


def fold_event(market: Any, event: Event) -> None:  # noqa: ANN401 - one row of the core
    """Roll an event that has no record into the digest: the first word of its SHA-256."""
    first = int.from_bytes(hashlib.sha256(_ENCODE(event)).digest()[:8], "little")
    rolled = (int(market["digest"]) + first) * FOLD & MASK
    market["digest"] = rolled ^ (rolled >> 32)
    market["event_count"] += 1


def event_digest(market: "Market") -> bytes:
    """Return the digest of every event so far."""
    row = market.core.market
    words = int(row["event_count"]).to_bytes(8, "little") + int(row["digest"]).to_bytes(8, "little")
    return hashlib.sha256(_EVENT_LABEL + words).digest()


def state_digest(market: "Market") -> bytes:
    """Return the digest of the whole state."""
    digest = hashlib.sha256(_STATE_LABEL)
    digest.update(
        _ENCODE(
            [
                list(live_numbers(market).values()),
                market.date,
                market.is_day_open,
                market.agenda,
                market.closes_fen,
                market.previous_closes_fen,
                market.references_fen,
                market.keys,
                market.participants,
                list(market.proposals.values()),
                sorted((kind, reference) for kind, reference in market.references),
                market.bulletins,
                list(market.unsettled),
                *_rare(market),
            ]
        )
    )
    live = live_rows(market)
    assert not (live["orders"]["state"] == NEVER).any()
    for rows in live.values():
        digest.update(len(rows).to_bytes(8, "little"))
        digest.update(rows.view("u1").data)
    for day in market.days:
        digest.update(day.rows["state"].tobytes())
    return digest.digest()


def _rare(market: "Market") -> list[Any]:
    """Return what few markets have much of, each table in the order of its keys."""
    tables: tuple[dict[Any, Any], ...] = (
        market.key_ends,
        market.own_limits_t,
        market.enrolment_codes,
        market.stops,
        market.halts,
        market.closures,
        market.allowances_t,
        market.answers,
        market.switches,
        market.armings,
        market.groups,
        market.offers,
        market.negotiations,
        market.auctions,
    )
    counts = [market.code_count, market.halt_count, market.notice_count, market.notices]
    return [*counts, *(sorted(table.items()) for table in tables)]


def live_numbers(market: "Market") -> dict[str, int]:
    """Return the fields of the market row that are state."""
    row = market.core.market
    return {name: int(row[name]) for name in row.dtype.names if name not in _FLEETING}


def live_rows(market: "Market") -> dict[str, Rows]:
    """Return the rows that are in use, as views of their arrays and in the order of the digest.

    What follows from them is left out: book, occupancy, keys, the table of client order numbers, what
    standing orders may still buy, and the rows that mark limits and halts of participants.
    """
    state, row = market.core.state, market.core.market
    participants, products = len(market.participants) + 1, len(market.codes)
    return {
        "methods": state.methods,
        "products": state.products,
        "tallies": state.tallies,
        "restrictions": state.restrictions[:participants],
        "cash": state.cash[:participants],
        "holdings": state.holdings[: participants * products],
        "stored": state.stored[: participants * products],
        "orders": state.orders[1 : int(row["order_count"]) + 1],
        "cancels": state.cancels[1 : int(row["cancel_count"]) + 1],
        "refusals": state.refusals[1 : int(row["refusal_count"]) + 1],
        "trades": state.trades[: int(row["trade_count"])],
        "members": state.members[: int(row["group_count"]) * MEMBERS_MAX],
    }


_FLEETING: Final = ("follow", "figure_a", "figure_b", "boundary_ns")
"""Fields of the market row that tell of the last run, or again what the agenda says."""
