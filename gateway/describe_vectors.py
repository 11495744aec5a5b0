"""Published test vectors: with them a client in any language proves its login, checksum and money."""

import json
from typing import Any, Final

import msgspec
from nacl.signing import SigningKey

from engine.commands import PlaceListing
from engine.views import DepthLevel
from gateway import describe, enrolment_code, wire
from gateway.describe_examples import example
from gateway.money_text import yuan_of

SEED: Final = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
"""The secret key of the first test of RFC 8032: known to everybody, so that nobody enrols it."""
HOSTS: Final = ("127.0.0.1:7000", "exchange.example.org", "[::1]:7000")
TIME_NS: Final = 1_795_138_245_000_000_000
CODE: Final = "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"
"""All letters of value 0 check out, and nobody is ever given this one."""
REFUSED_MONEY: Final = (
    "",
    "98",
    "98.5",
    "98.500",
    ".50",
    "98.",
    "098.50",
    "+98.50",
    "-0.00",
    " 98.50",
    "98.50 ",
    "98,50",
    "9.85e1",
    "0x62.32",
    "NaN",
    "Infinity",
    "９８.５０",
    "98.50\u0000",
    "9\u202e8.50",
    "1_000.00",
    "92233720368547758.08",
)


def make_vectors() -> dict[str, Any]:
    """Return all vectors as they are published."""
    return {
        "notice": describe.NOTICE,
        "login": [
            _login(host, nonce) for host, nonce in zip(HOSTS, ("00", "5f", "ff"), strict=True)
        ],
        "enrol": [_enrol(HOSTS[0], "5f" * 32)],
        "checksum": [_checksum(*sides) for sides in _books()],
        "money": {
            "accepted": [
                {"text": yuan_of[fen], "fen": fen} for fen in (0, 1, 99, 100, 9_850, 10**18)
            ],
            "refused": list(REFUSED_MONEY),
        },
        "messagepack": [_packed(example(kind)) for kind in (wire.Ping, wire.Login, wire.Beat)]
        + [_packed(wire.Submit(id=7, command=example(PlaceListing)))],
    }


def _login(host: str, nonce_byte: str) -> dict[str, Any]:
    signer = SigningKey(bytes.fromhex(SEED))
    public_key = signer.verify_key.encode().hex()
    nonce = nonce_byte * 32
    text = wire.login_text(host, nonce, public_key, TIME_NS)
    return {
        "seed": SEED,
        "public_key": public_key,
        "host": host,
        "nonce": nonce,
        "time_ns": TIME_NS,
        "signed_text": text.decode(),
        "signature": signer.sign(text).signature.hex(),
    }


def _enrol(host: str, nonce: str) -> dict[str, Any]:
    signer = SigningKey(bytes.fromhex(SEED))
    public_key = signer.verify_key.encode().hex()
    code = enrolment_code.read_code(CODE)
    code_hash = enrolment_code.hash_of(code)
    text = wire.enrol_text(host, nonce, public_key, code_hash, TIME_NS)
    return {
        "seed": SEED,
        "public_key": public_key,
        "host": host,
        "nonce": nonce,
        "code": CODE,
        "code_hash": code_hash,
        "time_ns": TIME_NS,
        "signed_text": text.decode(),
        "signature": signer.sign(text).signature.hex(),
    }


def _books() -> list[tuple[tuple[DepthLevel, ...], tuple[DepthLevel, ...]]]:
    def levels(prices: tuple[int, ...]) -> tuple[DepthLevel, ...]:
        return tuple(
            DepthLevel(price_fen=price, quantity_t=100 * place, count=place, listings=())
            for place, price in enumerate(prices, 1)
        )

    five = (9_840, 9_839, 9_838, 9_820, 9_800), (9_850, 9_851, 9_860, 9_900, 10_000)
    return [
        ((), ()),
        (levels((9_840,)), ()),
        ((), levels((9_850,))),
        (levels(five[0]), levels(five[1])),
    ]


def _checksum(bids: tuple[DepthLevel, ...], asks: tuple[DepthLevel, ...]) -> dict[str, Any]:
    def rows(levels: tuple[DepthLevel, ...]) -> list[dict[str, Any]]:
        return [
            {
                "price_yuan": yuan_of[level.price_fen],
                "quantity_t": level.quantity_t,
                "count": level.count,
            }
            for level in levels
        ]

    text = "".join(f"{row.price_fen}:{row.quantity_t}:{row.count}:" for row in (*bids, *asks))
    checksum = wire.book_checksum(bids, asks)
    return {"bids": rows(bids), "asks": rows(asks), "summed_text": text, "checksum": checksum}


def _packed(frame: msgspec.Struct) -> dict[str, Any]:
    return {
        "json": json.loads(wire.encode(frame)),
        "messagepack_hex": wire.encode(frame, wire.Format.MESSAGEPACK).hex(),
    }
