"""A client order number stands for one content, to the last field; its first answer comes again unchanged."""

from typing import Any

import pytest
from msgspec import structs

from engine.commands import (
    AcceptBlock,
    CancelOrder,
    OfferBlock,
    OrderCommand,
    PickListing,
    PlaceListing,
    ReduceOrder,
    Side,
)
from engine.events import AnyEvent, Refused, Repeated
from engine.reasons import Reason
from tests.markets import PRODUCT, Desk, Twins, first_day, national, trader

NUMBER = 2**63 - 1
UNKNOWN_CODES = (
    "A",
    "B",
    "NONE-1",
    "NONE-2",
    "ZZZZZZZZZZZZZZZZ",
    "ZZZZZZZZZZZZZZZY",
    "0ZZZZZZZZZZZZZZZ",
)
OTHERS: dict[str, tuple[Any, ...]] = {
    "product": ("CEA21", *UNKNOWN_CODES),
    "side": tuple(Side),
    "price_fen": (4_799, 4_801, 10**9),
    "quantity_t": (1, 99, 101, 10**9),
    "counterparty": (1, 3, 2**31 - 1),
    "listing": (2, 2**31 - 1),
    "offer": (1, 2**31 - 1),
    "order": (2, 2**31 - 1),
}
"""Other values of each field; a value that a command has already is left out."""
LISTING = PlaceListing(
    product=PRODUCT, side=Side.BUY, price_fen=4_800, quantity_t=100, client_order=NUMBER
)
OFFER = OfferBlock(
    product=PRODUCT,
    side=Side.BUY,
    counterparty=2,
    price_fen=4_800,
    quantity_t=100_000,
    client_order=NUMBER,
)
COMMANDS: tuple[OrderCommand, ...] = (
    LISTING,
    structs.replace(LISTING, product="NONE-1"),
    structs.replace(LISTING, price_fen=1),
    PickListing(listing=1, quantity_t=100, client_order=NUMBER),
    PickListing(listing=1, quantity_t=102, client_order=NUMBER),
    OFFER,
    structs.replace(OFFER, product="ZZZZZZZZZZZZZZZZ"),
    structs.replace(OFFER, counterparty=9),
    AcceptBlock(offer=2, client_order=NUMBER),
    AcceptBlock(offer=1, client_order=NUMBER),
    CancelOrder(order=3, client_order=NUMBER),
    CancelOrder(order=1, client_order=NUMBER),
    ReduceOrder(order=3, quantity_t=40, client_order=NUMBER),
    ReduceOrder(order=3, quantity_t=102, client_order=NUMBER),
)


def afternoon() -> Desk:
    """Return a desk at which 1 is a listing of 2, 2 an offer of 2 to 1, and 3 a listing of 1."""
    whole = national()
    listed = structs.replace(whole.listed, reduce=True)
    desk = first_day(Twins(structs.replace(whole, listed=listed)))
    desk.advance("13:00")
    desk.listing(2, Side.SELL, 4_800, 100)
    offer = structs.replace(OFFER, side=Side.SELL, counterparty=1, client_order=1_000_000)
    desk.send(trader(2), offer)
    desk.listing(1, Side.BUY, 4_700, 100)
    return desk


def others(command: OrderCommand) -> list[OrderCommand]:
    """Return the command with each one of its fields changed in each way, and other kinds."""
    changed = [
        structs.replace(command, **{name: value})
        for name in command.__struct_fields__
        if name != "client_order"
        for value in OTHERS[name]
        if value != getattr(command, name)
    ]
    return changed + [kind for kind in COMMANDS if type(kind) is not type(command)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_only_the_same_content_is_a_repeat(command: OrderCommand) -> None:
    desk = afternoon()
    first: AnyEvent = desk.one(trader(1), command)
    assert not isinstance(first, Repeated)
    for other in others(command):
        refused = desk.one(trader(1), other)
        assert isinstance(refused, Refused), other
        assert (refused.reason, refused.order) == (Reason.CLIENT_ORDER_REUSED, 0)
    for _ in range(2):
        again = desk.one(trader(1), command)
        assert isinstance(again, Repeated)
        assert again.answer == first
    desk.advance("15:00")
    late = desk.one(trader(1), command)
    assert isinstance(late, Repeated)
    assert late.answer == first


def test_a_number_belongs_to_one_key_and_one_day() -> None:
    desk = afternoon()
    assert not isinstance(desk.one(trader(1), LISTING), Repeated)
    assert not isinstance(desk.one(trader(2), LISTING), Repeated)
    desk.advance("15:00")
    desk.open_day("2021-07-19")
    answer = desk.one(trader(1), LISTING)
    assert isinstance(answer, Refused)
    assert answer.reason == Reason.PHASE_CLOSED


def test_a_listing_that_was_picked_meanwhile_still_answers_as_at_first() -> None:
    desk = afternoon()
    sale = structs.replace(LISTING, side=Side.SELL, price_fen=4_790)
    first = desk.one(trader(1), sale)
    number = getattr(first, "order", 0)
    pick = PickListing(listing=number, quantity_t=60, client_order=desk.next_client_order())
    desk.one(trader(2), pick)
    desk.one(trader(1), CancelOrder(order=number, client_order=desk.next_client_order()))
    again = desk.one(trader(1), sale)
    assert isinstance(again, Repeated)
    assert again.answer == first
