"""Groups of counterparties and offers to them (群组, R62): who belongs, who may answer, who has it first."""

import pytest
from msgspec import structs

from engine.commands import (
    CancelCause,
    OfferBlockToGroup,
    SetBlockGroup,
    Side,
)
from engine.events import (
    AnyEvent,
    BlockGroupSet,
    BlockOfferedToGroup,
    Cancelled,
    Refused,
    Repeated,
    Traded,
)
from engine.reasons import Reason
from engine.views import GroupView, OfferView
from tests.engine.block_floor import LOT, BlockFloor, changed, told
from tests.markets import CLEARING, FIRST_DATE, PRODUCT, trader


def reason_of(events: list[AnyEvent]) -> tuple[Reason, int, int]:
    (event,) = events
    assert isinstance(event, Refused), event
    assert (event.order, event.client_order) == (0, 0)
    return event.reason, event.figure_a, event.figure_b


# ---------------------------------------------------------------- groups


def test_a_group_is_a_sorted_set_of_others() -> None:
    """R62."""
    floor = BlockFloor(clock="09:30")
    (event,) = floor.group(1, "friends", 4, 2, 4)
    assert isinstance(event, BlockGroupSet)
    assert (event.participant, event.key, event.group) == (1, trader(1), "friends")
    assert event.members == (2, 4)
    floor.group(1, "all", 2, 3, 4)
    floor.group(3, "friends", 1)
    assert floor.exchange.groups(1) == (
        GroupView(group="all", members=(2, 3, 4)),
        GroupView(group="friends", members=(2, 4)),
    )
    assert floor.exchange.groups(3) == (GroupView(group="friends", members=(1,)),)
    assert floor.exchange.groups(2) == ()


def test_a_group_set_twice_is_told_twice_and_nobody_removes_it() -> None:
    floor = BlockFloor(clock="09:30")
    (first,) = floor.group(1, "friends", 2)
    (second,) = floor.group(1, "friends", 2)
    assert isinstance(second, BlockGroupSet)
    assert second == structs.replace(first, sequence=second.sequence, time_ns=second.time_ns)
    (removed,) = floor.group(1, "friends")
    assert isinstance(removed, BlockGroupSet)
    assert removed.members == ()
    assert floor.exchange.groups(1) == ()
    assert reason_of(floor.group(1, "friends")) == (Reason.GROUP_UNKNOWN, 0, 0)


def test_groups_outlive_the_day_and_need_none() -> None:
    floor = BlockFloor()
    floor.group(1, "friends", 2)
    floor.desk.advance("15:00")
    assert told(floor.group(1, "later", 3)) == ["BlockGroupSet"]
    floor.desk.open_day("2021-07-19")
    assert [row.group for row in floor.exchange.groups(1)] == ["friends", "later"]


def test_why_a_group_is_refused() -> None:
    floor = BlockFloor(changed(groups=2), clock="09:30")
    command = SetBlockGroup(group="friends", members=(2,))
    assert reason_of(floor.desk.send(99, command)) == (Reason.KEY_UNKNOWN, 0, 0)
    assert reason_of(floor.desk.send(CLEARING, command)) == (Reason.ROLE_NOT_PERMITTED, 0, 0)
    assert reason_of(floor.desk.send(0, command)) == (Reason.ROLE_NOT_PERMITTED, 0, 0)
    assert reason_of(floor.group(1, "x", 9, 2, 7, 1)) == (Reason.COUNTERPARTY_UNKNOWN, 7, 0)
    assert reason_of(floor.group(1, "x", 2, 1)) == (Reason.OWN_COUNTERPARTY, 0, 0)
    assert reason_of(floor.group(1, "x")) == (Reason.GROUP_UNKNOWN, 0, 0)
    floor.group(1, "one", 2)
    floor.group(1, "two", 2)
    assert reason_of(floor.group(1, "three", 2)) == (Reason.GROUPS_FULL, 2, 0)
    assert told(floor.group(1, "two", 3)) == ["BlockGroupSet"], "a known one may change"
    assert told(floor.group(2, "three", 3)) == ["BlockGroupSet"], "each has its own"
    floor.group(1, "one")
    assert told(floor.group(1, "three", 2)) == ["BlockGroupSet"]


# ---------------------------------------------------------------- offers to groups


def test_an_offer_to_a_group_stands_for_each_member() -> None:
    """R62, R63."""
    floor = BlockFloor()
    floor.group(1, "friends", 2, 4)
    (event,) = floor.send(
        1,
        OfferBlockToGroup,
        product=PRODUCT,
        side=Side.SELL,
        group="friends",
        price_fen=4_700,
        quantity_t=LOT,
    )
    assert isinstance(event, BlockOfferedToGroup)
    assert (event.participant, event.key, event.side) == (1, trader(1), Side.SELL)
    assert (event.price_fen, event.quantity_t) == (4_700, LOT)
    assert (event.group, event.members) == ("friends", (2, 4))
    assert floor.locked_t(1) == LOT
    view = OfferView(
        order=event.order,
        participant=1,
        members=(2, 4),
        group="friends",
        product=PRODUCT,
        side=Side.SELL,
        price_fen=4_700,
        quantity_t=LOT,
        time_ns=event.time_ns,
    )
    assert floor.exchange.offers(1) == (view,)
    assert floor.exchange.offers(2) == (structs.replace(view, group=""),)
    assert floor.exchange.offers(4) == floor.exchange.offers(2)
    assert floor.exchange.offers(3) == ()


def test_a_directed_offer_is_seen_by_both_its_sides() -> None:
    floor = BlockFloor()
    offer = floor.offer(to=3)
    assert [row.order for row in floor.exchange.offers(1)] == [offer]
    assert floor.exchange.offers(1) == floor.exchange.offers(3)
    assert floor.shown(offer).members == (3,)
    assert floor.shown(offer).group == ""
    assert floor.exchange.offers(2) == ()


@pytest.mark.parametrize("side", list(Side))
def test_the_first_who_accepts_has_it(side: Side) -> None:
    """R62."""
    floor = BlockFloor()
    offer = floor.offer_to(2, 3, side=side)
    assert floor.accept(4, offer)[0].reason is Reason.NOT_OFFER_COUNTERPARTY  # type: ignore[union-attr]
    (traded,) = floor.accept(3, offer)
    assert isinstance(traded, Traded)
    assert (traded.participant, traded.counterparty, traded.quantity_t) == (3, 1, LOT)
    (late,) = floor.accept(2, offer)
    assert isinstance(late, Refused)
    assert (late.reason, late.figure_a) == (Reason.ORDER_NOT_OPEN, offer)
    assert floor.exchange.offers(2) == ()
    assert floor.locked_t(1) == floor.locked_fen(1) == 0


def test_a_group_changed_after_the_offer_does_not_change_the_offer() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    floor.group(1, "friends", 4)
    assert floor.shown(offer).members == (2, 3)
    assert floor.accept(4, offer)[0].reason is Reason.NOT_OFFER_COUNTERPARTY  # type: ignore[union-attr]
    floor.group(1, "friends")
    assert floor.shown(offer).group == "friends"
    assert told(floor.accept(2, offer)) == ["Traded"]


def test_members_leave_one_by_one_and_the_last_ends_the_offer() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    (first,) = floor.refuse(3, offer)
    assert told([first]) == ["BlockRefused"]
    assert (first.negotiation, first.participant, first.counterparty) == (0, 3, 1)  # type: ignore[union-attr]
    assert floor.shown(offer).members == (2,)
    assert floor.accept(3, offer)[0].reason is Reason.NOT_OFFER_COUNTERPARTY  # type: ignore[union-attr]
    second, cancelled = floor.refuse(2, offer)
    assert told([second]) == ["BlockRefused"]
    assert isinstance(cancelled, Cancelled)
    assert (cancelled.order, cancelled.participant, cancelled.key, cancelled.cause) == (
        offer,
        1,
        trader(1),
        CancelCause.NEGOTIATION,
    )
    assert floor.locked_t(1) == 0
    assert floor.open_orders(1) == []


def test_a_member_that_gives_up_its_talk_stays_a_member() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    floor.counter(2, offer, 4_600)
    floor.refuse(2, offer)
    assert floor.shown(offer).members == (2, 3)
    floor.refuse(2, offer)
    assert floor.shown(offer).members == (3,)


def test_why_an_offer_to_a_group_is_refused() -> None:
    floor = BlockFloor()
    floor.group(1, "friends", 2)
    floor.group(2, "others", 1)
    right = {
        "product": PRODUCT,
        "side": Side.SELL,
        "group": "friends",
        "price_fen": 4_800,
        "quantity_t": LOT,
    }

    def why(**changes: object) -> tuple[Reason, int, int]:
        return floor.refused(1, OfferBlockToGroup, **{**right, **changes})

    assert why(product="CEA99") == (Reason.PRODUCT_UNKNOWN, 0, 0)
    assert why(product="CEA25") == (Reason.PRODUCT_NOT_LISTED, 0, 0)
    assert why(group="others", price_fen=1) == (Reason.GROUP_UNKNOWN, 0, 0)
    assert why(price_fen=6_241, quantity_t=1) == (Reason.PRICE_OUTSIDE_BAND, 3_360, 6_240)
    assert why(quantity_t=99_999) == (Reason.QUANTITY_BELOW_MINIMUM, LOT, 0)
    assert why(quantity_t=500_001) == (Reason.HOLDING_NOT_AVAILABLE, 500_000, 500_001)
    assert why(side=Side.BUY, quantity_t=10**9) == (
        Reason.CASH_NOT_AVAILABLE,
        10**11,
        4_800 * 10**9,
    )
    assert floor.open_orders(1) == []


def test_no_more_offers_to_groups_than_the_day_has_room_for() -> None:
    floor = BlockFloor(changed(group_offers=2))
    floor.offer_to(2)
    floor.offer_to(2)
    (event,) = floor.send(
        1,
        OfferBlockToGroup,
        product=PRODUCT,
        side=Side.SELL,
        group="friends",
        price_fen=4_800,
        quantity_t=LOT,
    )
    assert isinstance(event, Refused)
    assert (event.reason, event.figure_a, event.order) == (Reason.ORDERS_FULL, 2, 0)


def test_a_repeated_offer_to_a_group_is_answered_as_the_first_time() -> None:
    floor = BlockFloor()
    floor.group(1, "friends", 2, 3)
    command = OfferBlockToGroup(
        product=PRODUCT,
        side=Side.SELL,
        group="friends",
        price_fen=4_800,
        quantity_t=LOT,
        client_order=900,
    )
    offered = floor.desk.one(trader(1), command)
    floor.refuse(2, offered.order)  # type: ignore[union-attr]
    floor.group(1, "friends", 4)
    again = floor.desk.one(trader(1), command)
    assert isinstance(again, Repeated)
    assert again.answer == offered
    other = floor.desk.one(trader(1), structs.replace(command, group="others"))
    assert isinstance(other, Refused)
    assert other.reason is Reason.CLIENT_ORDER_REUSED


def test_the_next_day_begins_without_offers() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    floor.counter(2, offer, 4_600)
    closing = floor.desk.advance("15:00")
    assert "Cancelled" in told(closing)
    assert floor.exchange.offers(1) == ()
    assert floor.exchange.negotiations(1) == ()
    assert floor.desk.date == FIRST_DATE
    floor.desk.open_day("2021-07-19")
    assert floor.exchange.offers(1) == floor.exchange.offers(2) == ()
