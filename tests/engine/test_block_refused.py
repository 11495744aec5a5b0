"""Every reason for which a counter-offer, a confirmation or a refusal is not taken, with its figures."""

from typing import Any

import pytest
from msgspec import structs

from engine.commands import (
    ConfirmBlock,
    CorrectReferencePrice,
    CounterBlock,
    Halt,
    HaltScope,
    Method,
    OfferBlock,
    RefuseBlock,
    Restriction,
    RestrictParticipant,
    Resume,
    Side,
)
from engine.events import Refused
from engine.profile import FeeRates, Fees
from engine.reasons import Reason
from tests.engine.block_floor import LOT, BlockFloor, changed, told
from tests.markets import CLEARING, OPERATOR_ONE, OPERATOR_TWO, PRODUCT, national

NO_TERMS = "0" * 16
SAID: dict[Any, dict[str, Any]] = {
    CounterBlock: {"price_fen": 4_600, "quantity_t": LOT},
    ConfirmBlock: {"terms": NO_TERMS},
    RefuseBlock: {},
}
"""The three commands of a dialogue with plain contents."""
OFFERED: dict[str, Any] = {
    "product": PRODUCT,
    "side": Side.SELL,
    "counterparty": 2,
    "price_fen": 4_800,
    "quantity_t": LOT,
}
WORDS = (CounterBlock, ConfirmBlock)


def why(
    floor: BlockFloor, kind: Any, speaker: int, offer: int, to: int = 1, **fields: Any
) -> tuple[Reason, int, int]:
    """Return why a command of the dialogue is refused."""
    contents = {**SAID[kind], **fields}
    return floor.refused(speaker, kind, offer=offer, counterparty=to, **contents)


@pytest.mark.parametrize("kind", SAID)
def test_who_may_send(kind: Any) -> None:
    floor = BlockFloor()
    command = kind(offer=1, counterparty=1, client_order=1, **SAID[kind])
    for key, reason in ((99, Reason.KEY_UNKNOWN), (CLEARING, Reason.ROLE_NOT_PERMITTED)):
        event = floor.desk.one(key, command)
        assert isinstance(event, Refused)
        assert (event.reason, event.order) == (reason, 0)


@pytest.mark.parametrize("kind", SAID)
def test_the_offer_must_be_known_and_open(kind: Any) -> None:
    floor = BlockFloor()
    listing = floor.desk.listing(1, Side.SELL, 4_800, 10)
    (never,) = floor.send(1, OfferBlock, **{**OFFERED, "quantity_t": 1})
    offer = floor.offer()
    counter = floor.counter(2, offer, 4_600).order
    assert why(floor, kind, 2, 999) == (Reason.ORDER_UNKNOWN, 999, 0)
    assert why(floor, kind, 2, listing.order) == (Reason.ORDER_UNKNOWN, listing.order, 0)  # type: ignore[union-attr]
    assert why(floor, kind, 2, never.order) == (Reason.ORDER_UNKNOWN, never.order, 0)  # type: ignore[union-attr]
    assert why(floor, kind, 2, counter) == (Reason.ORDER_UNKNOWN, counter, 0)
    floor.refuse(2, offer)
    (traded,) = floor.accept(2, offer)
    assert why(floor, kind, 2, offer) == (Reason.ORDER_NOT_OPEN, offer, 0)
    assert why(floor, kind, 1, offer, to=2) == (Reason.ORDER_NOT_OPEN, offer, 0)
    acceptance = traded.order  # type: ignore[union-attr]
    assert why(floor, kind, 1, acceptance, to=2) == (Reason.ORDER_NOT_OPEN, acceptance, 0)


@pytest.mark.parametrize("kind", SAID)
def test_its_own_number_is_no_offer_yet(kind: Any) -> None:
    floor = BlockFloor()
    following = floor.offer() + 1
    assert why(floor, kind, 2, following) == (Reason.ORDER_UNKNOWN, following, 0)
    assert why(floor, kind, 2, following) == (Reason.ORDER_UNKNOWN, following, 0)


@pytest.mark.parametrize("kind", SAID)
def test_who_may_speak_with_whom(kind: Any) -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    floor.counter(2, offer, 4_600)
    assert why(floor, kind, 4, offer) == (Reason.NOT_OFFER_COUNTERPARTY, offer, 0)
    assert why(floor, kind, 2, offer, to=3) == (Reason.NOT_OFFER_COUNTERPARTY, offer, 0)
    assert why(floor, kind, 2, offer, to=2) == (Reason.NOT_OFFER_COUNTERPARTY, offer, 0)
    assert why(floor, kind, 1, offer, to=3) == (Reason.NEGOTIATION_UNKNOWN, offer, 3)
    assert why(floor, kind, 1, offer, to=1) == (Reason.NEGOTIATION_UNKNOWN, offer, 1)
    directed = floor.offer(to=2)
    assert why(floor, kind, 3, directed) == (Reason.NOT_OFFER_COUNTERPARTY, directed, 0)
    assert why(floor, kind, 1, directed, to=2) == (Reason.NEGOTIATION_UNKNOWN, directed, 2)


def test_a_confirmation_needs_a_negotiation_with_its_own_sender() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    terms = floor.counter(2, offer, 4_600).terms
    assert why(floor, ConfirmBlock, 3, offer) == (Reason.NEGOTIATION_UNKNOWN, offer, 1)
    assert why(floor, ConfirmBlock, 2, offer) == (Reason.TERMS_DIFFER, 0, 0)
    floor.confirm(2, offer)
    assert why(floor, ConfirmBlock, 2, offer, terms=terms) == (Reason.ALREADY_CONFIRMED, 0, 0)
    assert why(floor, ConfirmBlock, 2, offer) == (Reason.TERMS_DIFFER, 0, 0), "asked before it"


@pytest.mark.parametrize("kind", WORDS)
def test_the_phase_comes_first(kind: Any) -> None:
    floor = BlockFloor(clock="09:30")
    phase, next_ns = 1, floor.desk.clock("13:00")
    assert why(floor, kind, 2, 999) == (Reason.PHASE_CLOSED, phase, next_ns)
    assert why(floor, RefuseBlock, 2, 999) == (Reason.ORDER_UNKNOWN, 999, 0)
    floor.desk.advance("15:00")
    for word in (kind, RefuseBlock):
        assert why(floor, word, 2, 999) == (Reason.PHASE_CLOSED, 4, 0)


@pytest.mark.parametrize("kind", WORDS)
def test_halts_of_method_and_participant_come_before_the_offer_that_of_the_product_after(
    kind: Any,
) -> None:
    floor = BlockFloor()
    floor.offer()

    def halt(**fields: Any) -> int:
        event = floor.desk.one(OPERATOR_ONE, Halt(explanation="演示", **fields))
        return event.halt  # type: ignore[union-attr]

    def resume(number: int) -> None:
        assert told(floor.desk.send(OPERATOR_TWO, Resume(halt=number, explanation="演示")))

    for fields in (
        {"scope": HaltScope.METHOD, "method": Method.BLOCK},
        {"scope": HaltScope.PARTICIPANT, "participant": 2},
        {"scope": HaltScope.MARKET},
    ):
        number = halt(**fields)
        assert why(floor, kind, 2, 999) == (Reason.HALTED, number, 0)
        assert why(floor, RefuseBlock, 2, 999) == (Reason.ORDER_UNKNOWN, 999, 0)
        resume(number)
    number = halt(scope=HaltScope.PRODUCT, product=PRODUCT)
    offer = floor.exchange.offers(1)[0].order
    assert why(floor, kind, 2, 999) == (Reason.ORDER_UNKNOWN, 999, 0)
    assert why(floor, kind, 4, offer) == (Reason.HALTED, number, 0)
    assert why(floor, RefuseBlock, 4, offer) == (Reason.NOT_OFFER_COUNTERPARTY, offer, 0)


@pytest.mark.parametrize("kind", WORDS)
def test_a_restricted_side_may_not_speak_but_may_refuse(kind: Any) -> None:
    floor = BlockFloor()
    offer = floor.offer(side=Side.SELL)
    floor.counter(2, offer, 4_600)

    def restrict(participant: int, restriction: Restriction) -> None:
        floor.desk.approve(RestrictParticipant(participant=participant, restriction=restriction))

    restrict(2, Restriction.NO_BUYING)
    assert why(floor, kind, 2, offer) == (Reason.BUYING_RESTRICTED, 0, 0)
    restrict(1, Restriction.NO_SELLING)
    assert why(floor, kind, 1, offer, to=2) == (Reason.SELLING_RESTRICTED, 0, 0)
    restrict(2, Restriction.NO_SELLING)
    assert (
        why(floor, kind, 2, offer)[0] is not Reason.SELLING_RESTRICTED
        if kind is (ConfirmBlock)
        else told([floor.counter(2, offer, 4_610)]) == ["BlockCountered"]
    )
    assert why(floor, kind, 2, 999) == (Reason.ORDER_UNKNOWN, 999, 0), "no offer, no side"
    restrict(2, Restriction.NO_BUYING)
    assert told(floor.refuse(2, offer)) == ["BlockRefused", "Cancelled"]
    restrict(3, Restriction.SUSPENDED)
    assert why(floor, kind, 3, 999) == (Reason.PARTICIPANT_SUSPENDED, 0, 0)


def test_price_and_quantity_of_a_counter_offer() -> None:
    """R24, R32, R64."""
    floor = BlockFloor()
    offer = floor.offer()

    def broken(price_fen: int, quantity_t: int) -> tuple[Reason, int, int]:
        return why(floor, CounterBlock, 2, offer, price_fen=price_fen, quantity_t=quantity_t)

    assert broken(3_359, 1) == (Reason.PRICE_OUTSIDE_BAND, 3_360, 6_240)
    assert broken(6_241, 1) == (Reason.PRICE_OUTSIDE_BAND, 3_360, 6_240)
    assert broken(3_360, 99_999) == (Reason.QUANTITY_BELOW_MINIMUM, LOT, 0)
    assert told([floor.counter(2, offer, 6_240)]) == ["BlockCountered"]


def test_tick_lot_and_largest_size_of_a_counter_offer() -> None:
    block = structs.replace(national().block, quantity_t_max=300_000)
    profile = structs.replace(national(), tick_size_fen=5, lot_size_t=10, block=block)
    floor = BlockFloor(profile)
    offer = floor.offer()

    def broken(price_fen: int, quantity_t: int) -> tuple[Reason, int, int]:
        return why(floor, CounterBlock, 2, offer, price_fen=price_fen, quantity_t=quantity_t)

    assert broken(4_601, 5) == (Reason.PRICE_OFF_TICK, 5, 0)
    assert broken(4_600, 100_005) == (Reason.QUANTITY_OFF_LOT, 10, 0)
    assert broken(4_600, 300_010) == (Reason.QUANTITY_ABOVE_MAXIMUM, 300_000, 0)


def test_no_band_from_the_quantity_on_from_which_the_profile_has_none() -> None:
    block = structs.replace(national().block, free_from_t=200_000)
    floor = BlockFloor(structs.replace(national(), block=block))
    offer = floor.offer()
    assert why(floor, CounterBlock, 2, offer, price_fen=1, quantity_t=199_999) == (
        Reason.PRICE_OUTSIDE_BAND,
        3_360,
        6_240,
    )
    floor.counter(2, offer, 1, 200_000)
    floor.confirm(2, offer)
    assert told(floor.confirm(1, offer, to=2)) == ["BlockConfirmed", "Traded"]
    assert floor.exchange.offers(1) == ()
    assert floor.offer_to(3, price_fen=9_000, quantity_t=200_000)


# ---------------------------------------------------------------- means


def test_the_means_of_new_terms_count_what_the_own_row_holds() -> None:
    """The seller has 500,000 t; the buyer has 1,000,000,000.00 yuan, a million of them in fees."""
    floor = BlockFloor()
    offer = floor.offer(4_800, 300_000)
    assert why(floor, CounterBlock, 2, offer, price_fen=6_000, quantity_t=16_666_667) == (
        Reason.CASH_NOT_AVAILABLE,
        10**11,
        6_000 * 16_666_667,
    )
    floor.counter(2, offer, 6_000, 16_000_000)
    assert why(floor, CounterBlock, 2, offer, price_fen=6_000, quantity_t=16_666_667) == (
        Reason.CASH_NOT_AVAILABLE,
        10**11,
        6_000 * 16_666_667,
    )
    floor.counter(2, offer, 6_000, 16_666_666)
    assert floor.locked_fen(2) == 6_000 * 16_666_666
    assert why(floor, CounterBlock, 1, offer, to=2, price_fen=6_000, quantity_t=500_001) == (
        Reason.HOLDING_NOT_AVAILABLE,
        500_000,
        500_001,
    )
    floor.counter(1, offer, 6_000, 500_000, to=2)
    assert floor.locked_t(1) == 500_000


def test_a_word_needs_the_means_of_what_the_other_side_named() -> None:
    """R55, R63."""
    floor = BlockFloor()
    offer = floor.offer(4_800, 300_000)
    terms = floor.counter(2, offer, 4_800, 600_000).terms
    assert why(floor, ConfirmBlock, 1, offer, to=2, terms=terms) == (
        Reason.HOLDING_NOT_AVAILABLE,
        500_000,
        600_000,
    )
    assert floor.locked_t(1) == 300_000
    floor.desk.listing(1, Side.SELL, 4_800, 1)
    terms = floor.counter(2, offer, 4_800, 500_000).terms
    assert why(floor, ConfirmBlock, 1, offer, to=2, terms=terms) == (
        Reason.HOLDING_NOT_AVAILABLE,
        499_999,
        500_000,
    )


def test_locks_and_means_of_a_buyer_include_its_fees() -> None:
    """At 10 basis points 4,600 × 100,000 fen costs 460,000 fen more."""
    fees = Fees(trading=FeeRates(block_buyer_bp=6, block_seller_bp=3, listed_buyer_bp=99))
    settlement = FeeRates(block_buyer_bp=4, block_seller_bp=2)
    fees = structs.replace(fees, settlement=settlement)
    floor = BlockFloor(structs.replace(national(), fees=fees))
    offer = floor.offer()
    amount_fen = 4_600 * LOT
    floor.counter(2, offer, 4_600)
    assert floor.locked_fen(2) == amount_fen + 460_000
    dear = 16_666_666  # whose amount alone could be paid
    assert why(floor, CounterBlock, 2, offer, price_fen=6_000, quantity_t=dear) == (
        Reason.CASH_NOT_AVAILABLE,
        10**11,
        6_000 * dear + 59_999_997 + 39_999_998,
    )
    floor.confirm(2, offer)
    floor.confirm(1, offer, to=2)
    assert floor.locked_fen(2) == 0
    assert floor.exchange.account(2).cash.payable_fen == amount_fen + 460_000
    assert floor.exchange.account(1).cash.proceeds_fen == amount_fen - 230_000


def test_the_position_limit_counts_the_own_row_once() -> None:
    """R73."""
    position = structs.replace(national().position, limit_t=750_000)
    floor = BlockFloor(structs.replace(national(), position=position))
    offer = floor.offer()
    floor.counter(2, offer, 4_600, 200_000)
    assert why(floor, CounterBlock, 2, offer, quantity_t=250_001) == (
        Reason.POSITION_LIMIT_EXCEEDED,
        750_000,
        750_001,
    )
    floor.counter(2, offer, 4_600, 250_000)
    terms = floor.counter(1, offer, 4_600, 250_001, to=2).terms
    assert why(floor, ConfirmBlock, 2, offer, terms=terms) == (
        Reason.POSITION_LIMIT_EXCEEDED,
        750_000,
        750_001,
    )
    floor.counter(1, offer, 4_600, 250_000, to=2)
    assert told(floor.confirm(2, offer)) == ["BlockConfirmed"]


# ---------------------------------------------------------------- limits


def test_no_more_open_negotiations_than_the_market_has_room_for() -> None:
    floor = BlockFloor(changed(negotiations=2))
    offer = floor.offer_to(2, 3, 4)
    floor.counter(2, offer, 4_600)
    floor.counter(3, offer, 4_600)
    assert why(floor, CounterBlock, 4, offer, price_fen=1) == (Reason.NEGOTIATIONS_FULL, 2, 0)
    floor.counter(3, offer, 4_610)
    floor.refuse(3, offer)
    assert told([floor.counter(4, offer, 4_600)]) == ["BlockCountered"]


def test_no_more_rounds_than_the_profile_has() -> None:
    floor = BlockFloor(changed(rounds=3))
    offer = floor.offer()
    for place, speaker in enumerate((2, 1, 2), 1):
        assert floor.counter(speaker, offer, 4_600, to=3 - speaker).round == place
    for speaker in (1, 2):
        assert why(floor, CounterBlock, speaker, offer, to=3 - speaker, price_fen=1) == (
            Reason.ROUNDS_FULL,
            3,
            0,
        )
    floor.confirm(1, offer, to=2)
    assert told(floor.confirm(2, offer)) == ["BlockConfirmed", "Traded"]


def test_terms_that_a_corrected_band_left_outside_cannot_be_confirmed() -> None:
    """Both rows moved on with other talks, so only the words of this one lie outside."""
    floor = BlockFloor()
    offer = floor.offer_to(2, 3, price_fen=3_600)
    floor.counter(2, offer, 3_700)
    floor.counter(3, offer, 3_700)
    terms = floor.counter(1, offer, 4_500, to=2).terms
    floor.counter(1, offer, 3_650, to=3)
    floor.desk.one(OPERATOR_ONE, Halt(scope=HaltScope.PRODUCT, product=PRODUCT, explanation="演示"))
    floor.desk.approve(CorrectReferencePrice(product=PRODUCT, price_fen=3_000, explanation="演示"))
    floor.desk.send(OPERATOR_TWO, Resume(halt=1, explanation="演示"))
    assert len(floor.talks()) == 2
    for speaker in (1, 2):
        assert why(floor, ConfirmBlock, speaker, offer, to=3 - speaker, terms=terms) == (
            Reason.PRICE_OUTSIDE_BAND,
            2_100,
            3_900,
        )
