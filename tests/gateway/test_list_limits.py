"""Every list that a client may send has a limit: the last size that is taken and the first that is not."""

from typing import Any

import msgspec
import pytest

from engine.commands import (
    ADDRESSES_MAX,
    ITEMS_MAX,
    MEMBERS_MAX,
    PREFERRED_MAX,
    SWITCH_S_MAX,
    ArmSwitch,
    CancelAll,
    CancelOrders,
    EnrolKey,
    NewListing,
    PlaceListings,
    Propose,
    Role,
    SetBlockGroup,
    Side,
    TakeListings,
)
from gateway import wire
from gateway.protocol import path_of

NUMBERS = tuple(range(1, 101))


def listings(count: int) -> PlaceListings:
    row = NewListing(product="CEA24", side=Side.BUY, price_fen=9_850, quantity_t=1, client_order=1)
    return PlaceListings(orders=(row,) * count)


def cancels(count: int) -> CancelOrders:
    return CancelOrders(orders=NUMBERS[:count], client_order=1)


def taking(count: int) -> TakeListings:
    return TakeListings(
        product="CEA24",
        side=Side.BUY,
        quantity_t=1,
        limit_price_fen=9_850,
        client_order=1,
        preferred=NUMBERS[:count],
    )


def group(count: int) -> SetBlockGroup:
    return SetBlockGroup(group="all", members=NUMBERS[:count])


def key(count: int) -> Propose:
    addresses = tuple(f"192.0.2.{number}" for number in range(count))
    enrol = EnrolKey(
        public_key="0" * 64, role=Role.TRADER, person="演示", participant=1, addresses=addresses
    )
    return Propose(actions=(enrol,), reason="演示")


LIMITS = [
    (listings, ITEMS_MAX, 20, "$.command.orders"),
    (cancels, ITEMS_MAX, 20, "$.command.orders"),
    (taking, PREFERRED_MAX, 20, "$.command.preferred"),
    (group, MEMBERS_MAX, 50, "$.command.members"),
    (key, ADDRESSES_MAX, 8, "$.command.actions[0].addresses"),
]


def decoded(command: Any, form: wire.Format) -> Any:
    return wire.decode_inward(wire.encode(wire.Submit(id=7, command=command), form), form)


def refused_path(command: Any, form: wire.Format) -> str:
    with pytest.raises(msgspec.ValidationError) as caught:
        decoded(command, form)
    return path_of(str(caught.value))


@pytest.mark.parametrize("form", wire.Format)
@pytest.mark.parametrize(
    ("make", "limit", "told", "path"), LIMITS, ids=lambda value: getattr(value, "__name__", None)
)
def test_lists_are_taken_up_to_their_limit(
    make: Any, limit: int, told: int, path: str, form: wire.Format
) -> None:
    assert limit == told
    command = make(limit)
    assert decoded(command, form).command == command
    assert refused_path(make(limit + 1), form) == path


@pytest.mark.parametrize("form", wire.Format)
@pytest.mark.parametrize("make", [listings, cancels])
def test_a_batch_of_nothing_is_refused(make: Any, form: wire.Format) -> None:
    assert refused_path(make(0), form) == "$.command.orders"


@pytest.mark.parametrize("form", wire.Format)
def test_a_switch_waits_at_most_an_hour_and_a_side_is_one_or_both(form: wire.Format) -> None:
    assert SWITCH_S_MAX == 3_600
    for timeout_s in (0, SWITCH_S_MAX):
        command = ArmSwitch(timeout_s=timeout_s, client_order=1)
        assert decoded(command, form).command == command
    for timeout_s in (-1, SWITCH_S_MAX + 1):
        path = refused_path(ArmSwitch(timeout_s=timeout_s, client_order=1), form)
        assert path == "$.command.timeout_s"
    assert refused_path(CancelAll(client_order=1, side=3), form) == "$.command.side"
