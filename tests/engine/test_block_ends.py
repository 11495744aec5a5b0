"""How a negotiation ends without a deal: refusal, withdrawal, the close, suspension, another band."""

import pytest

from engine.commands import (
    CancelCause,
    CorrectReferencePrice,
    Halt,
    HaltScope,
    Restriction,
    RestrictParticipant,
    Side,
)
from engine.events import AnyEvent, BlockRefused, Cancelled, Refused
from engine.reasons import Reason
from tests.engine.block_floor import LOT, BlockFloor, told
from tests.markets import OPERATOR_ONE, PRODUCT, trader


def ends(events: list[AnyEvent]) -> list[tuple[int, CancelCause]]:
    """Return which orders ended, and why, in the order told."""
    return [(event.order, event.cause) for event in events if isinstance(event, Cancelled)]


def nothing_is_left(floor: BlockFloor, *participants: int) -> None:
    assert floor.talks() == []
    for participant in participants:
        assert floor.open_orders(participant) == []
        assert floor.exchange.negotiations(participant) == ()
        assert floor.locked_fen(participant) == floor.locked_t(participant) == 0


@pytest.mark.parametrize("speaker", [1, 2])
def test_a_refused_negotiation_leaves_the_offer(speaker: int) -> None:
    floor = BlockFloor()
    offer = floor.offer()
    negotiation = floor.counter(2, offer, 4_600).order
    floor.counter(1, offer, 4_700, 200_000, to=2)
    refused, cancelled = floor.refuse(speaker, offer, to=3 - speaker)
    assert isinstance(refused, BlockRefused)
    assert (refused.negotiation, refused.offer) == (negotiation, offer)
    assert (refused.participant, refused.counterparty) == (speaker, 3 - speaker)
    assert refused.key == trader(speaker)
    assert isinstance(cancelled, Cancelled)
    assert (cancelled.order, cancelled.participant, cancelled.key, cancelled.cause) == (
        negotiation,
        2,
        trader(2),
        CancelCause.NEGOTIATION,
    )
    assert (cancelled.price_fen, cancelled.quantity_t) == (4_600, LOT)
    assert floor.locked_fen(2) == 0
    assert floor.talks() == []
    assert floor.open_orders(1) == [offer]
    assert (floor.shown(offer).price_fen, floor.locked_t(1)) == (4_700, 200_000)


def test_a_negotiation_may_begin_anew_with_the_first_figures_kept() -> None:
    floor = BlockFloor()
    offer = floor.offer(4_800)
    first = floor.counter(2, offer, 4_600).order
    floor.counter(1, offer, 4_700, 200_000, to=2)
    floor.refuse(2, offer)
    event = floor.counter(2, offer, 4_650)
    assert event.negotiation == event.order > first
    assert event.round == 1
    view = floor.talk(offer, 2)
    assert (view.first_price_fen, view.first_quantity_t) == (4_800, LOT)
    floor.refuse(1, offer, to=2)
    (traded,) = floor.accept(2, offer)
    assert (traded.price_fen, traded.quantity_t) == (4_700, 200_000)  # type: ignore[union-attr]


def test_a_named_counterparty_refuses_the_offer_itself() -> None:
    floor = BlockFloor()
    offer = floor.offer()
    refused, cancelled = floor.refuse(2, offer)
    assert isinstance(refused, BlockRefused)
    assert refused.negotiation == 0
    assert ends([cancelled]) == [(offer, CancelCause.NEGOTIATION)]
    nothing_is_left(floor, 1, 2)


def test_a_refused_directed_offer_touches_the_members_of_no_group() -> None:
    floor = BlockFloor()
    groups = [floor.offer_to(3), floor.offer_to(3)]
    offer = floor.offer(to=2)
    floor.counter(2, offer, 4_600)
    floor.refuse(2, offer)
    assert ends(floor.refuse(2, offer)) == [(offer, CancelCause.NEGOTIATION)]
    for number in groups:
        assert told(floor.accept(3, number)) == ["Traded"]


def test_the_offerer_withdraws_and_every_talk_is_over() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3, 4)
    numbers = [floor.counter(who, offer, 4_600).order for who in (3, 2)]
    events = floor.cancel(1, offer)
    assert ends(events) == [
        (offer, CancelCause.OWNER),
        (numbers[0], CancelCause.NEGOTIATION),
        (numbers[1], CancelCause.NEGOTIATION),
    ]
    nothing_is_left(floor, 1, 2, 3, 4)
    (late,) = floor.accept(4, offer)
    assert isinstance(late, Refused)
    assert late.reason is Reason.ORDER_NOT_OPEN


def test_a_withdrawn_counter_offer_ends_its_own_talk_alone() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    mine = floor.counter(2, offer, 4_600).order
    others = floor.counter(3, offer, 4_700).order
    assert ends(floor.cancel(2, mine)) == [(mine, CancelCause.OWNER)]
    assert floor.talks() == [others]
    (busy,) = floor.accept(2, offer)
    assert isinstance(busy, Refused)
    assert busy.reason is Reason.OFFER_IN_NEGOTIATION
    floor.cancel(3, others)
    assert floor.talks() == []
    assert told(floor.accept(2, offer)) == ["Traded"]


def test_everything_lapses_at_the_close() -> None:
    """R54."""
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    numbers = [floor.counter(who, offer, 4_600).order for who in (2, 3)]
    events = floor.desk.advance("15:00")
    assert ends(events) == [(number, CancelCause.CLOSE) for number in (offer, *numbers)]
    nothing_is_left(floor, 1, 2, 3)


def suspend(floor: BlockFloor, participant: int) -> list[AnyEvent]:
    action = RestrictParticipant(participant=participant, restriction=Restriction.SUSPENDED)
    return floor.desk.approve(action)


def test_a_suspended_offerer_takes_its_talks_along() -> None:
    """R76."""
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    numbers = [floor.counter(who, offer, 4_600).order for who in (2, 3)]
    assert ends(suspend(floor, 1)) == [
        (offer, CancelCause.SUSPENSION),
        (numbers[0], CancelCause.NEGOTIATION),
        (numbers[1], CancelCause.NEGOTIATION),
    ]
    nothing_is_left(floor, 1, 2, 3)


def test_a_suspended_member_leaves_the_offer_to_the_others() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    numbers = [floor.counter(who, offer, 4_600).order for who in (2, 3)]
    assert ends(suspend(floor, 2)) == [(numbers[0], CancelCause.SUSPENSION)]
    assert floor.talks() == [numbers[1]]
    floor.confirm(1, offer, to=3)
    assert told(floor.confirm(3, offer)) == ["BlockConfirmed", "Traded"]


def test_a_suspended_named_counterparty_ends_offer_and_talk() -> None:
    floor = BlockFloor()
    offer = floor.offer(to=2)
    negotiation = floor.counter(2, offer, 4_600).order
    assert ends(suspend(floor, 2)) == [
        (offer, CancelCause.SUSPENSION),
        (negotiation, CancelCause.SUSPENSION),
    ]
    nothing_is_left(floor, 1, 2)


def correct(floor: BlockFloor, price_fen: int) -> list[AnyEvent]:
    """Halt the product, correct its reference price, and resume."""
    halt = Halt(scope=HaltScope.PRODUCT, product=PRODUCT, explanation="演示")
    floor.desk.one(OPERATOR_ONE, halt)
    action = CorrectReferencePrice(product=PRODUCT, price_fen=price_fen, explanation="演示")
    return floor.desk.approve(action)


def test_another_band_ends_what_stands_outside_of_it() -> None:
    """At a reference of 30.00 the block band is 21.00 to 39.00."""
    floor = BlockFloor()
    offer = floor.offer_to(2, 3, price_fen=3_600)
    outside = floor.counter(2, offer, 4_000).order
    inside = floor.counter(3, offer, 3_900).order
    assert ends(correct(floor, 3_000)) == [(outside, CancelCause.BAND)]
    assert floor.talks() == [inside]
    assert floor.locked_fen(2) == 0


def test_an_offer_outside_the_new_band_takes_its_talks_along() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3, price_fen=4_800)
    outside = floor.counter(2, offer, 4_000).order
    inside = floor.counter(3, offer, 3_900).order
    assert ends(correct(floor, 3_000)) == [
        (offer, CancelCause.BAND),
        (outside, CancelCause.BAND),
        (inside, CancelCause.NEGOTIATION),
    ]
    nothing_is_left(floor, 1, 2, 3)


def test_a_halt_stops_words_but_neither_refusal_nor_withdrawal() -> None:
    """R80."""
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    for who in (2, 3):
        floor.counter(who, offer, 4_600)
    terms = floor.talk(offer, 2).terms
    floor.desk.one(OPERATOR_ONE, Halt(scope=HaltScope.PRODUCT, product=PRODUCT, explanation="演示"))
    (event,) = floor.confirm(2, offer, terms=terms)
    assert isinstance(event, Refused)
    assert (event.reason, event.figure_a) == (Reason.HALTED, 1)
    assert floor.counter(2, offer, 4_700).reason is Reason.HALTED
    assert told(floor.refuse(2, offer)) == ["BlockRefused", "Cancelled"]
    assert told(floor.group(1, "more", 4)) == ["BlockGroupSet"]
    assert told(floor.cancel(1, offer)) == ["Cancelled", "Cancelled"]
    nothing_is_left(floor, 1, 2, 3)


@pytest.mark.parametrize("side", list(Side))
def test_accepting_leaves_no_trace_of_earlier_talks(side: Side) -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3, side=side)
    floor.counter(2, offer, 4_600)
    floor.refuse(1, offer, to=2)
    assert told(floor.accept(2, offer)) == ["Traded"]
    nothing_is_left(floor, 1, 2, 3)
