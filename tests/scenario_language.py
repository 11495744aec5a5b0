"""The language of `tests/scenarios/*.txt`: trading days as tables that a trader can read.

A row is `time | who | command | expected`, where expected lists the events of the command with the
figures worth telling, separated by `;`. Prices and amounts are yuan, quantities tonnes. `who` is
`P1` (the trader of participant 1), `K9` (key 9), `registry`, `clock`, `O1`, `O2`, `operators` (one proposes, the
other approves), or `look` (nothing is sent; a view must show the expected figures). A reader who
knows the market should need no more than this and the lists in `tests/scenario_words.py` and `scenario_people.py`.

Two kinds of line stand alone: `traders 3` and `profile NAME` (the national market with one rule
changed, `tests/scenario_profiles.py`).
"""

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from engine.commands import (
    AcceptBlock,
    Action,
    AdvanceTime,
    AnyCommand,
    Approve,
    CancelOrder,
    Deposit,
    FailTrade,
    FreezeHolding,
    OfferBlock,
    OpenDay,
    PickListing,
    PlaceListing,
    Propose,
    ReferenceBasis,
    Reject,
    ReleaseHolding,
    Restriction,
    RestrictParticipant,
    SetReferencePrice,
    SettleTrade,
    Side,
    TransferIn,
    TransferOut,
    Withdraw,
)
from engine.events import AnyEvent, Refused
from engine.reasons import EXPLANATIONS
from engine.units import format_yuan, parse_yuan
from tests.markets import CLEARING, OPERATOR_ONE, OPERATOR_TWO, trader
from tests.scenario_people import people_action, people_command
from tests.scenario_words import (
    application,
    dialogue,
    halt,
    measure,
    moment,
    participant,
    resume,
)

SENDERS = {"clock": 0, "O1": OPERATOR_ONE, "O2": OPERATOR_TWO, "registry": CLEARING}


@dataclass(frozen=True)
class Row:
    """One row of a scenario."""

    line: int
    time: str
    who: str
    text: str
    expected: str


@dataclass(frozen=True)
class Scenario:
    """A table with its title line, how many traders it needs, by which rules, and its rows."""

    name: str
    traders: int
    rows: tuple[Row, ...]
    profile: str = "national"


def read(path: Path) -> Scenario:
    """Read a scenario; ValueError names file and line."""
    traders, profile, rows = 0, "national", []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.split("#", 1)[0].rstrip()
        if not text:
            continue
        if text.startswith("traders "):
            traders = int(text.split()[1])
            continue
        if text.startswith("profile "):
            profile = text.split()[1]
            continue
        cells = [cell.strip() for cell in text.split("|")]
        if len(cells) != 4:
            message = f"{path.name}:{number}: a row is `time | who | command | expected`"
            raise ValueError(message)
        rows.append(Row(number, *cells))
    return Scenario(path.stem, traders, tuple(rows), profile)


def sender(who: str) -> int:
    """Return the key of `who`."""
    if who.startswith("K"):
        return int(who.removeprefix("K"))
    return SENDERS[who] if who in SENDERS else trader(participant(who))


def action(words: list[str], date: str = "") -> Action:
    """Return the action of `reference PRODUCT PRICE BASIS`, `restrict P1 RESTRICTION`, or a measure."""
    found = measure(words, date) or people_action(words, lambda clock: moment(date, clock))
    if found is not None:
        return found
    if words[0] in ("freeze", "release"):
        kind = FreezeHolding if words[0] == "freeze" else ReleaseHolding
        return kind(
            participant=participant(words[1]),
            product=words[2],
            quantity_t=int(words[3]),
            document=words[4],
        )
    if words[0] == "restrict":
        return RestrictParticipant(
            participant=participant(words[1]), restriction=Restriction(words[2])
        )
    assert words[0] == "reference", words
    return SetReferencePrice(
        product=words[1], price_fen=parse_yuan(words[2]), basis=ReferenceBasis(words[3])
    )


def command(text: str, client_order: int, reference: str, date: str = "") -> AnyCommand:
    """Return the command that a row's text means; `~7` and `ref X` give its numbers explicitly."""
    words = text.split()
    if words[-1].startswith("~"):
        client_order = int(words.pop()[1:])
    if len(words) > 2 and words[-2] == "ref":
        reference = words.pop()
        words.pop()
    match words:
        case ["list", side, product, quantity, "@", price]:
            return PlaceListing(
                product=product,
                side=Side[side.upper()],
                price_fen=parse_yuan(price),
                quantity_t=int(quantity),
                client_order=client_order,
            )
        case ["pick", listing, quantity]:
            return PickListing(
                listing=int(listing), quantity_t=int(quantity), client_order=client_order
            )
        case ["cancel", order]:
            return CancelOrder(order=int(order), client_order=client_order)
        case ["offer", side, product, quantity, "@", price, "to", named]:
            return OfferBlock(
                product=product,
                side=Side[side.upper()],
                counterparty=participant(named),
                price_fen=parse_yuan(price),
                quantity_t=int(quantity),
                client_order=client_order,
            )
        case ["accept", offer]:
            return AcceptBlock(offer=int(offer), client_order=client_order)
        case ["apply", *_]:
            return application(words, client_order, date)
    of_orders = dialogue(words, client_order) or people_command(words)
    return of_orders or _control(words, reference, date)


def _control(words: list[str], reference: str, date: str) -> AnyCommand:
    match words:
        case ["halt", *_]:
            return halt(words)
        case ["resume", _]:
            return resume(words)
        case ["open", date]:
            return OpenDay(date=date)
        case ["time"]:
            return AdvanceTime()
        case ["deposit", who, amount]:
            return Deposit(
                participant=participant(who), amount_fen=parse_yuan(amount), reference=reference
            )
        case ["transfer", who, product, quantity]:
            return TransferIn(
                participant=participant(who),
                product=product,
                quantity_t=int(quantity),
                reference=reference,
            )
        case ["withdraw", who, amount]:
            return Withdraw(
                participant=participant(who), amount_fen=parse_yuan(amount), reference=reference
            )
        case ["transfer-out", who, product, quantity]:
            return TransferOut(
                participant=participant(who),
                product=product,
                quantity_t=int(quantity),
                reference=reference,
            )
        case ["settle", trade]:
            return SettleTrade(trade=int(trade), reference=reference)
        case ["fail", trade]:
            return FailTrade(trade=int(trade), reason="演示", reference=reference)
        case ["approve", proposal]:
            return Approve(proposal=int(proposal))
        case ["reject", proposal]:
            return Reject(proposal=int(proposal), reason="演示")
        case ["propose", *what]:
            return Propose(actions=(action(what, date),), reason="演示")
    message = f"no such command: {' '.join(words)}"
    raise ValueError(message)


def expect(events: list[AnyEvent], expected: str) -> str:
    """Return what differs between events and a row's expectation, empty where nothing does."""
    wanted = [part.strip() for part in expected.split(";")] if expected != "nothing" else []
    told = [type(event).__name__ for event in events]
    if len(wanted) != len(events):
        return f"{len(wanted)} events expected, {told} came"
    for event, text in zip(events, wanted, strict=True):
        differs = _expect_one(event, text)
        if differs:
            return differs
    return ""


def _expect_one(event: AnyEvent, text: str) -> str:
    name, *words = text.split()
    if type(event).__name__ != name:
        return f"{name} expected, {event} came"
    if isinstance(event, Refused):
        reason, words = words[0], words[1:]
        if event.reason.name != reason:
            return f"{reason} expected, {event} came"
    if name == "Repeated":
        return _expect_one(event.answer, " ".join(words))  # type: ignore[union-attr]
    for field, value in zip(words[::2], words[1::2], strict=True):
        found = figure(event, field)
        if found != value:
            return f"{name}: {field} {value} expected, {found} came"
    return ""


def figure(row: Any, field: str) -> str:
    """Return a field of an event or view as a trader writes it: yuan, tonnes, clock, or its name."""
    if isinstance(row, Refused) and field in ("a", "b"):
        unit = EXPLANATIONS[row.reason].figures[field == "b"]
        return _shown(row.figure_a if field == "a" else row.figure_b, unit)
    for name in row.__struct_fields__:
        unit = name.rpartition("_")[2]
        if name == field or (
            unit in ("fen", "t", "ns") and re.sub(r"_(fen|t|ns)$", "", name) == field
        ):
            return _shown(getattr(row, name), unit)
    if hasattr(row, "bulletin"):
        return figure(row.bulletin, field)
    message = f"{type(row).__name__} has no figure {field}"
    raise ValueError(message)


def _shown(value: Any, unit: str) -> str:
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value) or "-"
    if value == "":
        return "-"
    if unit == "fen":
        return format_yuan(value)
    if unit == "phase":
        return ("closed", "pre_open", "open", "break", "ended")[value]
    if unit in ("ns", "time_ns"):
        return clock_text(value)
    return str(value)


def clock_text(time_ns: int) -> str:
    """Return Beijing's clock of a time, `-` for none."""
    if time_ns == 0:
        return "-"
    seconds = (time_ns + 8 * 3600 * 10**9) // 10**9 % 86_400
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
