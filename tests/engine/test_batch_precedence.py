"""Of two broken rules of a batch the earlier one of `PRECEDENCE` is told, and of two items the first."""

import pytest
from msgspec import structs

from engine.commands import (
    ArmSwitch,
    BatchCommand,
    CancelAll,
    CancelOrders,
    Halt,
    HaltScope,
    PlaceListings,
    Restriction,
    RestrictParticipant,
    Side,
)
from engine.events import Refused
from engine.reasons import PRECEDENCE, Reason
from tests.engine.batch_desk import FIRST, item
from tests.engine.control_desk import roomy_profile
from tests.markets import OPERATOR_ONE, Desk, Twins, first_day, trader

BUY, SELL = Side.BUY, Side.SELL
USED = FIRST
"""A client order number that stands for a listing already."""
ORDERS_PER_DAY = 6


def desk() -> Desk:
    """Return a desk with four orders of six, of which the second is P2's and the third is cancelled."""
    rules = roomy_profile()
    capacity = structs.replace(rules.capacity, orders_per_day=ORDERS_PER_DAY, switches=1)
    made = first_day(Twins(structs.replace(rules, capacity=capacity)), cash_fen=10**8, tonnes=100)
    made.send(trader(1), PlaceListings(orders=(item(0, BUY, 4_700, 1),)))
    made.listing(2, BUY, 4_700, 1)
    made.listing(1, BUY, 4_700, 1)
    made.listing(1, BUY, 4_700, 1)
    made.send(trader(1), CancelOrders(orders=(3,), client_order=FIRST + 90))
    return made


def told(made: Desk, key: int, command: BatchCommand) -> tuple[Reason, int]:
    """Send a batch that is refused; return the reason, which `PRECEDENCE` has to name, and the place."""
    answer = made.one(key, command)
    assert isinstance(answer, Refused)
    assert answer.reason in PRECEDENCE[type(command).__name__]
    return answer.reason, answer.place


def listings(*numbers: int, price_fen: int = 4_700, quantity_t: int = 1) -> PlaceListings:
    rows = (item(0, BUY, price_fen, quantity_t, client_order=number) for number in numbers)
    return PlaceListings(orders=tuple(rows))


def test_sender_then_numbers_then_room_then_the_listings_themselves() -> None:
    made = desk()
    bad = {"price_fen": 9_999, "quantity_t": 10**8}
    full = (FIRST + 1, FIRST + 2, FIRST + 3)
    assert told(made, OPERATOR_ONE, listings(USED, *full, **bad)) == (Reason.ROLE_NOT_PERMITTED, -1)
    assert told(made, trader(1), listings(*full, USED, **bad)) == (Reason.CLIENT_ORDER_REUSED, 3)
    assert told(made, trader(1), listings(*full, **bad)) == (Reason.ORDERS_FULL, 2)
    assert told(made, trader(1), listings(*full[:2], **bad)) == (Reason.PRICE_OUTSIDE_BAND, 0)


def test_an_earlier_item_is_told_before_an_earlier_rule() -> None:
    """The first listing is too large, the second one's product is unknown, which is asked for before."""
    made = desk()
    made.send(OPERATOR_ONE, Halt(scope=HaltScope.PRODUCT, product="CEA21", explanation="演示"))
    orders = (
        item(1, BUY, 4_700, 10**8),
        item(2, BUY, 4_700, 1, product="NONE-1"),
    )
    assert told(made, trader(1), PlaceListings(orders=orders)) == (Reason.QUANTITY_ABOVE_MAXIMUM, 0)


@pytest.mark.parametrize(
    ("restriction", "side", "reason", "place"),
    [
        (Restriction.SUSPENDED, BUY, Reason.PARTICIPANT_SUSPENDED, 0),
        (Restriction.NO_SELLING, SELL, Reason.SELLING_RESTRICTED, 1),
        (Restriction.NO_BUYING, BUY, Reason.BUYING_RESTRICTED, 0),
    ],
)
def test_each_item_is_asked_whether_its_side_may_act(
    restriction: Restriction, side: Side, reason: Reason, place: int
) -> None:
    made = desk()
    made.approve(RestrictParticipant(participant=1, restriction=restriction))
    orders = (item(1, BUY, 4_700, 1), item(2, side, 4_700, 1))
    assert told(made, trader(1), PlaceListings(orders=orders)) == (reason, place)


def test_cancels_of_a_closed_method_are_refused_before_any_order_is_looked_for() -> None:
    made = desk()
    made.advance("15:00")
    for orders in ((99,), (2,), (3,), (1,)):
        command = CancelOrders(orders=orders, client_order=made.next_client_order() + FIRST)
        assert told(made, trader(1), command) == (Reason.PHASE_CLOSED, 0)


def test_owner_before_state_and_known_before_owner() -> None:
    made = desk()
    for place, (orders, reason) in enumerate(
        (
            ((99, 2, 3), Reason.ORDER_UNKNOWN),
            ((2, 3, 99), Reason.NOT_ORDER_OWNER),
            ((3, 99, 2), Reason.ORDER_NOT_OPEN),
        )
    ):
        command = CancelOrders(orders=orders, client_order=FIRST + 100 + place)
        assert told(made, trader(1), command) == (reason, 0)


def test_a_used_number_is_told_before_what_a_command_names() -> None:
    made = desk()
    assert told(made, trader(1), CancelAll(client_order=USED, product="NONE-1"))[0] is (
        Reason.CLIENT_ORDER_REUSED
    )
    assert told(made, trader(1), CancelOrders(orders=(99,), client_order=USED))[0] is (
        Reason.CLIENT_ORDER_REUSED
    )


def test_a_switch_needs_a_number_of_its_own_then_a_day_then_room() -> None:
    made = desk()
    made.one(trader(2), ArmSwitch(timeout_s=5, client_order=FIRST))
    assert told(made, trader(1), ArmSwitch(timeout_s=5, client_order=USED))[0] is (
        Reason.CLIENT_ORDER_REUSED
    )
    assert told(made, trader(1), ArmSwitch(timeout_s=5, client_order=FIRST + 7))[0] is (
        Reason.SWITCHES_FULL
    )
    made.advance("15:00")
    assert told(made, trader(1), ArmSwitch(timeout_s=5, client_order=USED))[0] is (
        Reason.CLIENT_ORDER_REUSED
    )
    assert told(made, trader(1), ArmSwitch(timeout_s=5, client_order=FIRST + 7))[0] is (
        Reason.DAY_NOT_OPEN
    )
