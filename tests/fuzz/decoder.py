"""What the fuzzers throw at the frame decoder, in both formats, and what must hold of every input.

An input either decodes, and then what it decodes to is encoded and decoded to the same again, or it is
refused with `msgspec.DecodeError`; nothing else is raised, and an answer to it can always be written.
"""

import copy
import json
from typing import Any, Final

import msgspec

from gateway import wire

FORMS: Final = tuple(wire.Format)
SEEDS: Final = (
    {"type": "Observe", "language": "zh"},
    {"type": "Ping", "id": 1},
    {"type": "Login", "public_key": "0" * 64, "time_ns": 1, "signature": "0" * 128},
    {"type": "Subscribe", "id": 1, "channel": "book:CEA19-20", "after": 7},
    {"type": "QueryStatement", "id": 9, "date": "2021-07-16"},
    {
        "type": "Submit",
        "id": 2,
        "command": {
            "type": "PlaceListing",
            "product": "CEA19-20",
            "side": 1,
            "price_yuan": "48.00",
            "quantity_t": 10,
            "client_order": 1,
        },
    },
    {
        "type": "Submit",
        "id": 3,
        "command": {
            "type": "Propose",
            "reason": "演示",
            "actions": [
                {
                    "type": "SetReferencePrice",
                    "product": "CEA19-20",
                    "price_yuan": "48.00",
                    "basis": "administrative",
                }
            ],
        },
    },
)


ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64 - 1, 0.5, 1e308, ""),
    *(
        "0",
        "48.00",
        "48.001",
        "-48.00",
        "4.8e1",
        "\uff14\uff18",
        "\x00",
        "\u202e",
        "x" * 300,
        "Ping",
    ),
    *(
        "2021-07-16",
        "2021-02-30",
        "CEA19-20",
        "zh",
        [],
        {},
        [[]],
        [{"type": "Halt"}],
        {"type": "Ping"},
    ),
    *([0] * 300, {"a" * 70: 1}, {"type": "CancelAll"}, [{"type": "EnrolKey"}]),
)
"""Values that a field seldom has."""


def seeds() -> list[bytes]:
    """Return inputs to begin with: the first byte says JSON, MessagePack or edits of a good frame."""
    found = [b"\x00" + json.dumps(seed, ensure_ascii=False).encode() for seed in SEEDS]
    found += [b"\x01" + msgspec.msgpack.encode(seed) for seed in SEEDS]
    return found + [bytes((form, place)) for form in (2, 3) for place in range(len(SEEDS))]


def edited(data: bytes) -> Any:
    """Return a good frame with values put in the place of others, fields added and taken away."""
    found: Any = copy.deepcopy(SEEDS[data[0] % len(SEEDS)]) if data else {}
    for place in range(1, len(data) - 2, 3):
        kind, where, what = data[place : place + 3]
        fields = _fields(found)
        holder, name = fields[where % len(fields)]
        odd = copy.deepcopy(ODD[what % len(ODD)])
        if kind % 4 == 0:
            holder.pop(name)
        elif kind % 4 == 1:
            holder[str(odd)[:40]] = holder[name]
        elif kind % 4 == 2:
            holder[name] = [holder[name], odd]
        else:
            holder[name] = odd
        if not found:
            return found
    return found


def _fields(value: Any) -> list[tuple[dict[str, Any], str]]:
    """Return every field of a frame with what holds it, never none."""
    found: list[tuple[dict[str, Any], str]] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            found += [(item, name) for name in item]
            waiting += item.values()
    return found


def check(data: bytes) -> bool:
    """Hold the decoder to its word on one input; True where it was a frame."""
    kind, body = (data[0] % 4 if data else 0), data[1:]
    form = FORMS[kind % 2]
    if kind > 1:
        value = edited(body[:64])
        write = json.dumps if form is wire.Format.JSON else msgspec.msgpack.encode
        made: str | bytes = write(value)
        body = made.encode() if isinstance(made, str) else made
    try:
        frame = wire.decode_inward(body, form)
    except msgspec.DecodeError as error:
        # The path and the words go out in an answer: they must be text that can be sent.
        str(error).encode()
        return False
    again = wire.encode(frame, form)
    assert wire.decode_inward(again, form) == frame, body
    return True
