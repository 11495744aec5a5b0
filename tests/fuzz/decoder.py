"""What the fuzzers throw at the frame decoder, in both formats, and what must hold of every input.

An input either decodes, and then what it decodes to is encoded and decoded to the same again, or it is
refused with `msgspec.DecodeError`; nothing else is raised, and an answer to it can always be written.
"""

import json
from typing import Final

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


def seeds() -> list[bytes]:
    """Return inputs to begin with: the first byte chooses the format."""
    found = [b"\x00" + json.dumps(seed, ensure_ascii=False).encode() for seed in SEEDS]
    return found + [b"\x01" + msgspec.msgpack.encode(seed) for seed in SEEDS]


def check(data: bytes) -> bool:
    """Hold the decoder to its word on one input; True where it was a frame."""
    form, body = FORMS[data[:1] == b"\x01"], data[1:]
    try:
        frame = wire.decode_inward(body, form)
    except msgspec.DecodeError as error:
        # The path and the words go out in an answer: they must be text that can be sent.
        str(error).encode()
        return False
    again = wire.encode(frame, form)
    assert wire.decode_inward(again, form) == frame, body
    return True
