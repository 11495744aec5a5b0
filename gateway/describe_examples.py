"""An example of every struct on the wire, made from its types: for the reference page and for tests.

A field's example is the value that its name has below, where that fits its type and bounds; else the
simplest value of its type. So a new frame has an example without a line here, and it always decodes.
"""

from enum import Enum
from functools import cache
from importlib.resources import files
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from engine.commands import PlaceListing
from engine.events import ListingPlaced
from engine.profile import Profile, load_profile
from gateway import wire
from gateway.codes import FAULTS
from gateway.limits import LIMITS

NAMED: Final[dict[str, tuple[Any, ...]]] = {
    "id": (7,),
    "version": (1,),
    "product": ("CEA24",),
    "products": (("CEA24", "CEA25"),),
    "price_fen": (9_850,),
    "limit_price_fen": (9_850,),
    "quantity_t": (100,),
    "left_t": (100,),
    "client_order": (20_261_120_000_001,),
    "listing": (4,),
    "order": (5,),
    "orders": ((4, 5),),
    "resting_order": (4,),
    "trade": (17,),
    "offer": (6,),
    "negotiation": (8,),
    "auction": (2,),
    "proposal": (9,),
    "halt": (1,),
    "count": (3,),
    "parts": (1,),
    "role": ("trader",),
    "buyer": (3,),
    "seller": (4,),
    "buy_order": (5,),
    "sell_order": (4,),
    "last_fen": (9_850,),
    "reference_fen": (9_800,),
    "listed_floor_fen": (8_820,),
    "listed_cap_fen": (10_780,),
    "block_floor_fen": (6_860,),
    "block_cap_fen": (12_740,),
    "floor_fen": (8_820,),
    "cap_fen": (10_780,),
    "preferred": ((4,),),
    "participant": (3,),
    "participant_name": ("演示电力有限公司",),
    "counterparty": (4,),
    "members": ((4, 9),),
    "group": ("friends",),
    "key": (12,),
    "sequence": (48_213,),
    "previous": (48_207,),
    "after": (48_207, "2026-11-19", "friends"),
    "date": ("2026-11-20",),
    "valid_until": ("2027-06-30",),
    "time_ns": (1_795_138_245_000_000_000,),
    "received_ns": (1_795_138_245_000_120_000,),
    "sent_ns": (1_795_138_245_002_310_000,),
    "next_time_ns": (1_795_145_400_000_000_000,),
    "until_ns": (0,),
    "compliance_year": (2026,),
    "person": ("王五",),
    "name": ("演示电力有限公司",),
    "explanation": ("演示:核对行情",),
    "reason": ("演示:核对行情",),
    "document": ("(2026) 演示 1 号",),
    "text": ("演示",),
    "texts": ((),),
    "text_zh": ("明日 15:00 提前收市",),
    "text_en": ("tomorrow the market closes at 15:00",),
    "reference": ("BANK-20261120-17",),
    "channel": ("book:CEA24",),
    "province": ("湖北",),
    "sector": ("发电",),
    "credit_code": ("91420000000000001X",),
    "registry_account": ("R-0000003",),
    "funds_account": ("F-0000003",),
    "trading_account": ("0000003",),
    "clock": ("wall",),
    "nonce": ("5f" * 32,),
    "public_key": ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",),
    "signature": ("e5" * 64,),
    "amount_fen": (985_000,),
    "timeout_s": (60,),
    "checksum": (4_158_854_078,),
    "to_time_ns": (1_795_138_245_000_000_000,),
    "opening_t": (500,),
    "language": ("zh",),
}
"""Values by field name, the first that fits the field's type."""
OF_KIND: Final[dict[str, dict[str, Any]]] = {
    "Error": {
        "code": "RATE_LIMITED",
        "number": FAULTS["RATE_LIMITED"].number,
        "text": FAULTS["RATE_LIMITED"].zh,
        "outcome": "not_sent",
        "retry": "after",
        "retry_after_ms": 40,
        "place": -1,
    },
    "LoginRefused": {
        "code": "KEY_UNKNOWN",
        "number": 101,
        "text": FAULTS["KEY_UNKNOWN"].zh,
        "outcome": "rejected",
        "retry": FAULTS["KEY_UNKNOWN"].retry,
    },
    "StatusChanged": {"accepts": "cancels", "reason": "overload"},
    "Level": {"count": 1},
    "DepthLevel": {"count": 1},
    "LevelChanged": {"count": 1},
    "Hello": {"formats": tuple(wire.Format), "notice": wire.DEMO_NOTICE},
}
"""Values of single frames, by class and field."""
PATTERNED: Final = (
    "A" * 28,
    "CEA24",
    "2026-11-20",
    "09:30",
    "2026",
    "127.0.0.1",
    "friends",
    "0123456789abcdef",
    "5f" * 16,
    "5f" * 32,
    "5f" * 64,
    "演示",
)
"""Texts of which one fits each pattern of the wire."""


@cache
def national() -> Profile:
    """Return the profile of the national market, as `Welcome` carries it."""
    path = files("engine").joinpath("profiles", "national.toml")
    return load_profile(path.read_bytes())


def example(kind: type, **values: Any) -> Any:  # noqa: ANN401 - an instance of the kind
    """Return an instance of a struct with plausible content; `values` replace single fields."""
    values = OF_KIND.get(kind.__name__, {}) | values
    return kind(
        **{
            field.name: values.get(field.name, _field(field.name, field.type))
            for field in msgspec.structs.fields(kind)
        }
    )


def _field(name: str, annotation: Any) -> Any:  # noqa: ANN401
    for value in NAMED.get(name, ()):
        if _fits(value, annotation):
            return value
    return value_of(annotation)


def _fits(value: Any, annotation: Any) -> bool:  # noqa: ANN401
    try:
        msgspec.convert(value, annotation)
    except msgspec.ValidationError:
        return False
    return True


def value_of(annotation: Any) -> Any:  # noqa: ANN401 - one line per kind of type
    """Return the simplest value that an annotation allows."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _KINDS:
        return _KINDS[annotation]()
    if origin is Annotated:
        return _bounded(annotation)
    if origin is Literal:
        return arguments[0]
    if origin in (UnionType, Union):
        return None if NoneType in arguments else _of_union(arguments)
    if origin is tuple:
        is_row = arguments[-1] is Ellipsis
        return (value_of(arguments[0]),) if is_row else tuple(map(value_of, arguments))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        members = list(annotation)
        return members[0]
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return example(annotation)
    return {int: 0, str: "", bool: False}[annotation]


def _of_union(kinds: tuple[Any, ...]) -> Any:  # noqa: ANN401
    for preferred in (PlaceListing, ListingPlaced):
        if preferred in kinds:
            return example(preferred)
    return value_of(kinds[0])


def _bounded(annotation: Any) -> Any:  # noqa: ANN401
    plain = get_args(annotation)[0]
    least = [meta.ge for meta in annotation.__metadata__ if meta.ge is not None]
    candidates = {int: (0, 1, *least), str: ("", *PATTERNED)}.get(plain)
    for value in candidates or (value_of(plain), ()):
        if _fits(value, annotation):
            return value
    raise ValueError(f"no example fits {annotation}; add a text to PATTERNED")


_KINDS: Final[dict[Any, Any]] = {
    Profile: national,
    wire.Limits: lambda: LIMITS["trader"],
}
