"""The reference page of the wire in Markdown: every frame, command, event and struct with its example."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from engine.commands import Role
from engine.reasons import EXPLANATIONS, Reason
from gateway import describe, roles, wire
from gateway.codes import FAULTS, CloseCode
from gateway.describe import Field, fields_of, text_of
from gateway.describe_examples import example
from gateway.frames_book import LISTINGS_SHOWN

HEAD: Final = """\
# The wire of ceax: every frame, with one example each

**{notice}**

Generated from the types by `ceax describe --write`; `ceax describe --check` fails where this page is stale.
Machine-readable: [asyncapi.json](asyncapi.json), [openapi.json](openapi.json) (the HTTP mirror),
[vectors.json](vectors.json) (login, book checksum, money). For who comes from ccxt: [CCXT.md](CCXT.md).

## Conventions

- One websocket, `/` or `/v1`. Subprotocol `{json}` or none: JSON text frames. Subprotocol `{packed}`: binary
  MessagePack frames with the same names. Another subprotocol: HTTP 400. A frame of the other kind: close 1003.
- A frame is one object; `type` names it. Of a name that comes twice the last value counts.
- Money is a string of yuan with exactly two decimals, `"98.50"`: no sign, exponent, space, or third decimal.
  Tonnes, numbers and times are integers; times are ns UTC. Numbers up to 2^63 occur: read them as integers.
- Inwards every field is bounded and an unknown field is refused with its path. Outwards ignore what you do not
  know: fields, frames and events are added without a new version.
- A request has an `id` of your choice; exactly one reply carries it, with `sequence` (last number of the log
  that it tells of), `received_ns` and `sent_ns` (the gateway's machine). Pushed frames have no `id`.
- A command is durable before its reply `Submitted` leaves. A refusal by a rule of the market is an event
  `Refused` inside it; a request that was not carried out gets `Error`.
- `client_order` is your number of an order command, unique per key and trading day. Send the same again as often
  as you like: the answer of the first time comes, as `Repeated`.
- Events inside `Submitted`, `PrivateEvents` and `DropCopy` are the same structs.

"""
FOOT_OF_LOGIN: Final = """\
## A conversation

1. The gateway says `Hello` with a nonce.
2. `Login` within 3 s: the Ed25519 signature over five lines joined by `\\n`: `{domain}`, host as dialled
   (`name:port`), nonce, public key, the client's `time_ns`. Or `Enrol` a new key with a one-time code; or
   `Observe` without a key.
3. `Welcome` with role, profile and limits, or `LoginRefused` and close 4001. Then `StatusChanged`, and again
   whenever it changes; `Beat` every second with the last sequence.
4. `Subscribe` to channels; `after` = the last sequence in hand replays what followed, without gap or repeat.

"""

READING: Final = """\
`trades`, `market`, `private` and `drop` are streams of the log of this trading day and the last: each frame names
the one before it (`previous`; on `drop` every sequence has a frame), one that would be very long comes in `parts`.
`after` 0 replays all that is kept, from the `floor` that `Subscribed` tells; an `after` below it is `RESUME_TOO_OLD`.

`book:<product>` is a state. First a `BookSnapshot`: five levels a side, of each the oldest listings one by one (at
most {listings}) and the `count` of all; then `BookChanged`, at once and then at most every 20 ms. A level that is told
again has new totals and only those listings that differ, `left_t` 0 for one that is gone. `sequence` is the last
command that touched the book, so batching never shows; apply a change only to the state that `previous` names.
`checksum` is the CRC-32 over the ASCII text `price:quantity_t:count:` of all bids, best first, then of all asks,
the price in whole fen (the yuan text without its dot). Who missed a publication gets the whole book with `is_gap`
in the same subscription. With `after` the snapshot is spared where nothing changed since.

## What is taken, and what a lost connection leaves

`StatusChanged` tells phases, halts and what the gateway takes: `all`; `cancels` (what takes back or reduces) when
three quarters of its inbox are full, until one quarter is left, or less than 5 % of its disk is free; `nothing` when
less than 2 % is free or it is being stopped. Then it closes with 1012 and `retry_ms=…` in the reason, another
pause for each client. Limits stand in `Welcome`, what is left of them in each `Pong`; a batch costs as many tokens
as it has orders.

Orders of a key are taken back as its terms say (`on_disconnect`): `none` never; `connection` as soon as any of its
connections has ended; `key` when the last one has been gone for 5 s. A gateway that stops does so at once. One that
starts treats every such key whose company has open orders as just lost, before it listens.

"""


def make_reference() -> str:
    """Return the page."""
    formats = wire.Format
    parts = [
        HEAD.format(
            notice=describe.NOTICE, json=formats.JSON.value, packed=formats.MESSAGEPACK.value
        ),
        FOOT_OF_LOGIN.format(domain=wire.LOGIN_DOMAIN),
        "## Channels\n\n",
        _table(
            ("channel", "roles"),
            ((f"`{_channel(name)}`", _roles(who)) for name, who in roles.CHANNEL_ROLES.items()),
        ),
        READING.format(listings=LISTINGS_SHOWN),
        "## Frames from the client\n\n",
        *map(_inward, describe.INWARD),
        "## Frames from the gateway\n\n",
        *map(_outward, describe.OUTWARD),
        "## Commands\n\nInside `Submit`; what each does is told by events.\n\n",
        *map(_command, describe.COMMANDS),
        "## Actions\n\nInside `Propose`; they run when another person approves.\n\n",
        *(_struct(kind) for kind in describe.ACTIONS if kind not in describe.COMMANDS),
        "## Commands of the gateway itself\n\nNobody sends them; they stand in the drop copy.\n\n",
        *map(_struct, describe.SYSTEM_COMMANDS),
        "## Events\n\n",
        *map(_struct, describe.EVENTS),
        "## Structs inside frames\n\n",
        *map(_inner, describe.structs_reached()),
        _faults(),
        _reasons(),
        _closes(),
    ]
    return "".join(parts).rstrip("\n") + "\n"


def _channel(name: str) -> str:
    return "book:<product>" if name == "book" else name


def _roles(who: Iterable[str]) -> str:
    found = set(who)
    if found >= {role.value for role in Role}:
        return "everybody" if roles.OBSERVER in found else "every key"
    return ", ".join(sorted(found)) or "nobody"


def _inward(kind: type) -> str:
    lines = []
    if describe.is_request(kind):
        (reply,) = describe.replies_of(kind)
        lines.append(
            f"Roles: {_roles(roles.REQUEST_ROLES[kind])}. Reply: {_link(reply)} or [Error](#error)."
        )
    return _section(kind, lines, _frame_example(kind))


def _outward(kind: type) -> str:
    return _section(kind, [], _frame_example(kind))


def _command(kind: type) -> str:
    permission = roles.PERMISSIONS.get(kind)
    lines = [f"Roles: {_roles(roles.COMMAND_ROLES[kind])}."]
    if permission is not None:
        lines.append(f"Permission: `{permission.value}`.")
    return _section(kind, lines, _frame_example(wire.Submit, command=example(kind)))


def _struct(kind: type) -> str:
    return _section(kind, [], _json(wire.encode(example(kind))))


def _inner(kind: type) -> str:
    return _section(kind, [], "")


def _section(kind: type, lines: list[str], shown: str) -> str:
    told = re.sub(r"<(\w+)>", r"&lt;\1&gt;", text_of(kind))
    text = f"### {kind.__name__}\n\n{told}\n\n"
    if lines:
        text += " ".join(lines) + "\n\n"
    is_sent = _is_strict(kind)
    text += _fields(fields_of(kind), is_sent=is_sent)
    return text + (f"```json\n{shown}\n```\n\n" if shown else "")


def _fields(fields: tuple[Field, ...], *, is_sent: bool) -> str:
    """Return the table of fields; what may be left out concerns only what a client sends."""
    if not fields:
        return ""
    heads = ("field", "type", "unit", *(("left out",) if is_sent else ()), "meaning")
    rows = []
    for field in fields:
        left_out = f"`{field.default}`" if field.default else "never"
        unit = "" if field.unit == "yuan" else field.unit
        middle = (left_out,) if is_sent else ()
        rows.append((f"`{field.name}`", field.kind, unit, *middle, field.text))
    return _table(heads, rows)


def _is_strict(kind: type) -> bool:
    """Say whether a client may send this: unknown fields are refused then."""
    return bool(kind.__struct_config__.forbid_unknown_fields)  # type: ignore[attr-defined]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    lines += ["| " + " | ".join(cell.replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n\n"


def _link(kind: type) -> str:
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


def _frame_example(kind: type, **values: Any) -> str:  # noqa: ANN401 - values of fields
    return _json(wire.encode(example(kind, **values)))


def _json(data: bytes) -> str:
    """Return an example on one line."""
    return json.dumps(json.loads(data), ensure_ascii=False)


def _faults() -> str:
    rows = (
        (str(row.number), f"`{code}`", row.retry, str(row.retry_after_ms or ""), row.en, row.zh)
        for code, row in sorted(FAULTS.items(), key=lambda item: item[1].number)
    )
    heads = ("number", "code", "retry", "after ms", "text", "说明")
    text = "## Codes of errors\n\nOf `Error` and of the HTTP mirror; from 2060 on the client library says them. Numbers never change.\n\n"
    return text + _table(heads, rows)


def _reasons() -> str:
    rows = (
        (
            str(reason.value),
            f"`{reason.name}`",
            *EXPLANATIONS[reason].figures,
            EXPLANATIONS[reason].en,
            EXPLANATIONS[reason].zh,
        )
        for reason in Reason
        if reason
    )
    text = (
        "## Reasons of refusals\n\nOf the event `Refused`, in `reason`; `figure_a` and `figure_b` are integers, also where "
        "they are money: `fen` (100 to the yuan), `t`, `time_ns` (UTC, 0 = not today), `moment` (likewise, of any "
        "day), `phase` (number of a Phase), `number` of what the text names; 0 where none is named here.\n\n"
    )
    return text + _table(("number", "name", "figure_a", "figure_b", "text", "说明"), rows)


def _closes() -> str:
    texts = describe.member_texts(CloseCode)
    rows = ((str(code.value), code.name, texts[code.name]) for code in CloseCode)
    text = (
        "## Close codes\n\nBeside those of the websocket itself. Who does not read what comes, or floods, is cut "
        "without any: a closing frame would wait for it too.\n\n"
    )
    return text + _table(("number", "name", "meaning"), rows)
