"""Negotiating a block: counter-offers with a text, locks that follow the terms, two words on one digest (R61)."""

import pytest

from engine.commands import (
    CancelCause,
    ConfirmBlock,
    CounterBlock,
    Method,
    OfferBlock,
    Side,
)
from engine.events import BlockConfirmed, BlockCountered, Cancelled, Refused, Repeated, Traded
from engine.reasons import Reason
from engine.terms import terms_digest
from tests.engine.block_floor import LOT, BlockFloor, told
from tests.markets import PRODUCT, trader


def test_a_counter_offer_opens_a_negotiation_with_its_own_lock() -> None:
    """R61, R63."""
    floor = BlockFloor()
    offer = floor.offer(4_800, 200_000)
    event = floor.counter(2, offer, 4_500, 150_000, text="四十五元可成交")
    negotiation = event.order
    terms = terms_digest(
        negotiation=negotiation,
        round_number=1,
        product=PRODUCT,
        side=Side.SELL,
        price_fen=4_500,
        quantity_t=150_000,
    )
    assert event == BlockCountered(
        sequence=event.sequence,
        time_ns=event.time_ns,
        order=negotiation,
        negotiation=negotiation,
        offer=offer,
        participant=2,
        counterparty=1,
        key=trader(2),
        client_order=event.client_order,
        product=PRODUCT,
        side=Side.BUY,
        price_fen=4_500,
        quantity_t=150_000,
        text="四十五元可成交",
        round=1,
        terms=terms,
    )
    assert floor.locked_fen(2) == 4_500 * 150_000
    assert floor.locked_t(1) == 200_000
    assert floor.open_orders(2) == [negotiation]
    view = floor.talk(offer, 2)
    assert (view.first_price_fen, view.first_quantity_t) == (4_800, 200_000)
    assert (view.price_fen, view.quantity_t, view.speaker) == (4_500, 150_000, 2)
    assert (view.text, view.round, view.terms, view.side) == (
        "四十五元可成交",
        1,
        terms,
        Side.SELL,
    )
    assert (view.is_confirmed_by_offerer, view.is_confirmed_by_counterparty) == (False, False)
    assert view.time_ns == event.time_ns
    assert floor.exchange.negotiations(3) == ()


@pytest.mark.parametrize("side", list(Side))
def test_each_lock_follows_what_its_own_side_names_up_and_down(side: Side) -> None:
    """A seller's tonnes and a buyer's cash, whoever of the two made the offer."""
    floor = BlockFloor()
    offer = floor.offer(4_800, 200_000, side=side)
    seller, buyer = (1, 2) if side is Side.SELL else (2, 1)
    prices_and_tonnes = {1: (4_800, 200_000)}
    talk = [(2, 4_500, 150_000), (1, 4_700, 300_000), (2, 4_600, 400_000), (1, 4_650, 100_000)]
    for round_number, (speaker, price_fen, quantity_t) in enumerate(talk, 1):
        text = f"第 {round_number} 轮"
        event = floor.counter(speaker, offer, price_fen, quantity_t, to=3 - speaker, text=text)
        view = floor.talk(offer, 2)
        assert (view.speaker, view.text, view.round) == (speaker, text, round_number)
        assert (view.price_fen, view.quantity_t) == (price_fen, quantity_t)
        assert (view.time_ns, view.terms) == (event.time_ns, event.terms)
        assert (event.round, event.participant, event.counterparty) == (
            round_number,
            speaker,
            3 - speaker,
        )
        assert (event.negotiation, event.order) == (offer + 1, offer + round_number)
        assert event.side == (side if speaker == 1 else Side.BUY + Side.SELL - side)
        prices_and_tonnes[speaker] = (price_fen, quantity_t)
        assert floor.locked_t(seller) == prices_and_tonnes[seller][1]
        assert floor.locked_fen(buyer) == prices_and_tonnes[buyer][0] * prices_and_tonnes[buyer][1]
        assert floor.locked_t(buyer) == floor.locked_fen(seller) == 0
    assert floor.shown(offer).price_fen == 4_650
    assert floor.shown(offer).quantity_t == 100_000
    assert floor.talk(offer, 2).first_price_fen == 4_800


def test_both_confirm_the_same_digest_and_the_block_is_traded() -> None:
    """R61."""
    floor = BlockFloor()
    offer = floor.offer(4_800, 200_000)
    negotiation = floor.counter(2, offer, 4_500, 150_000).order
    own = floor.counter(2, offer, 4_550, 150_000)
    (word,) = floor.confirm(1, offer, to=2)
    assert isinstance(word, BlockConfirmed)
    assert (word.negotiation, word.offer, word.participant, word.counterparty, word.terms) == (
        negotiation,
        offer,
        1,
        2,
        own.terms,
    )
    assert floor.locked_t(1) == 150_000, "whose word is given has the terms locked"
    assert floor.talk(offer, 2).is_confirmed_by_offerer
    assert not floor.talk(offer, 2).is_confirmed_by_counterparty
    second, traded = floor.confirm(2, offer)
    assert isinstance(second, BlockConfirmed)
    assert isinstance(traded, Traded)
    assert (traded.method, traded.price_fen, traded.quantity_t) == (Method.BLOCK, 4_550, 150_000)
    assert (traded.order, traded.resting_order, traded.side) == (negotiation, offer, Side.BUY)
    assert (traded.participant, traded.counterparty, traded.left_t) == (2, 1, 0)
    assert (traded.key, traded.client_order) == (trader(2), own.client_order - 1)
    assert floor.exchange.negotiations(1) == floor.exchange.negotiations(2) == ()
    assert floor.exchange.offers(1) == floor.exchange.offers(2) == ()
    assert floor.open_orders(1) == floor.open_orders(2) == []
    assert floor.locked_t(1) == floor.locked_fen(2) == 0
    assert floor.exchange.account(2).cash.payable_fen == 4_550 * 150_000
    assert floor.exchange.account(1).cash.proceeds_fen == 4_550 * 150_000
    assert floor.exchange.account(2).holdings[0].bought_today_t == 150_000
    (row,) = floor.exchange.trades()
    assert (row.buyer, row.seller, row.buy_order, row.sell_order) == (2, 1, negotiation, offer)


def test_whoever_confirms_first_the_trade_is_the_same() -> None:
    found = []
    for first, second in ((1, 2), (2, 1)):
        floor = BlockFloor()
        offer = floor.offer(4_800, LOT, side=Side.BUY)
        floor.counter(2, offer, 5_000)
        floor.confirm(first, offer, to=second)
        events = floor.confirm(second, offer, to=first)
        assert told(events) == ["BlockConfirmed", "Traded"]
        traded = events[1]
        assert isinstance(traded, Traded)
        found.append((traded.participant, traded.key, traded.client_order, traded.price_fen))
        assert traded.side is Side.SELL
    assert found[0] == found[1]


def test_any_change_clears_both_words() -> None:
    """R61."""
    for speaker in (1, 2):
        floor = BlockFloor()
        offer = floor.offer()
        floor.counter(2, offer, 4_500)
        floor.confirm(2, offer)
        floor.counter(speaker, offer, 4_600, to=3 - speaker)
        floor.confirm(1, offer, to=2)
        assert floor.talk(offer, 2).is_confirmed_by_offerer
        floor.counter(speaker, offer, 4_600, to=3 - speaker)
        view = floor.talk(offer, 2)
        assert not view.is_confirmed_by_offerer, "the same figures are another round"
        assert not view.is_confirmed_by_counterparty
        assert told(floor.confirm(2, offer)) == ["BlockConfirmed"]
        assert told(floor.confirm(1, offer, to=2)) == ["BlockConfirmed", "Traded"]


def test_a_stale_digest_is_refused_even_where_the_figures_came_back() -> None:
    floor = BlockFloor()
    offer = floor.offer()
    stale = floor.counter(2, offer, 4_500).terms
    floor.counter(1, offer, 4_600, to=2)
    fresh = floor.counter(2, offer, 4_500).terms
    assert stale != fresh
    (event,) = floor.confirm(1, offer, to=2, terms=stale)
    assert isinstance(event, Refused)
    assert event.reason is Reason.TERMS_DIFFER
    assert told(floor.confirm(1, offer, to=2, terms=fresh)) == ["BlockConfirmed"]
    (event,) = floor.confirm(1, offer, to=2, terms=fresh)
    assert isinstance(event, Refused)
    assert event.reason is Reason.ALREADY_CONFIRMED


def test_an_offer_in_negotiation_cannot_be_accepted_as_it_stands() -> None:
    floor = BlockFloor()
    offer = floor.offer()
    floor.counter(2, offer, 4_500)
    (event,) = floor.accept(2, offer)
    assert isinstance(event, Refused)
    assert (event.reason, event.figure_a) == (Reason.OFFER_IN_NEGOTIATION, offer)
    floor.refuse(2, offer)
    assert told(floor.accept(2, offer)) == ["Traded"]


def test_every_word_is_a_row_of_its_speaker() -> None:
    floor = BlockFloor()
    offer = floor.offer(4_800, 200_000)
    floor.counter(2, offer, 4_500, 150_000)
    floor.counter(1, offer, 4_700, 160_000, to=2)
    floor.confirm(2, offer)
    floor.refuse(1, offer, to=2)
    floor.refuse(2, offer)
    rows = sorted(
        (row.order, row.side, row.price_fen, row.quantity_t, row.is_pick)
        for who in (1, 2)
        for row in floor.exchange.orders(who)
    )
    assert rows == [
        (offer, Side.SELL, 4_700, 160_000, False),
        (offer + 1, Side.BUY, 4_700, 160_000, False),
        (offer + 2, Side.SELL, 4_700, 160_000, True),
        (offer + 3, Side.BUY, 4_700, 160_000, True),
        (offer + 4, Side.SELL, 4_700, 160_000, True),
        (offer + 5, Side.BUY, 4_700, 160_000, True),
    ]
    assert all(
        row.method is Method.BLOCK and not row.is_open
        for who in (1, 2)
        for row in floor.exchange.orders(who)
    )


# ---------------------------------------------------------------- parallel negotiations


def test_a_group_offer_is_negotiated_in_parallel_and_the_first_deal_ends_the_others() -> None:
    """R62."""
    floor = BlockFloor()
    offer = floor.offer_to(2, 3, 4)
    numbers = {who: floor.counter(who, offer, 4_400 + 100 * who).order for who in (4, 2, 3)}
    assert floor.talks() == sorted(numbers.values())
    floor.confirm(3, offer)
    events = floor.confirm(1, offer, to=3)
    assert told(events) == ["BlockConfirmed", "Traded", "Cancelled", "Cancelled"]
    ended = [event for event in events if isinstance(event, Cancelled)]
    assert [event.order for event in ended] == sorted([numbers[4], numbers[2]])
    for event in ended:
        owner = 4 if event.order == numbers[4] else 2
        assert (event.participant, event.key, event.cause, event.method) == (
            owner,
            trader(owner),
            CancelCause.NEGOTIATION,
            Method.BLOCK,
        )
        assert event.quantity_t == LOT
    assert floor.talks() == []
    assert [floor.locked_fen(who) for who in (2, 3, 4)] == [0, 0, 0]
    assert floor.exchange.account(3).cash.payable_fen == 4_700 * LOT


def test_a_word_of_the_offerer_falls_where_its_lock_goes_elsewhere() -> None:
    """One row carries the offerer's lock: what it moves to covers only one of two words."""
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    floor.counter(2, offer, 4_600)
    floor.counter(3, offer, 4_700, 300_000)
    floor.confirm(1, offer, to=2)
    assert floor.talk(offer, 2).is_confirmed_by_offerer
    floor.confirm(1, offer, to=3)
    assert floor.talk(offer, 3).is_confirmed_by_offerer
    assert not floor.talk(offer, 2).is_confirmed_by_offerer
    assert floor.locked_t(1) == 300_000
    floor.counter(1, offer, 4_650, to=2)
    assert not floor.talk(offer, 3).is_confirmed_by_offerer
    assert told(floor.confirm(3, offer)) == ["BlockConfirmed"], "one word alone is no deal"
    assert floor.locked_t(1) == LOT


@pytest.mark.parametrize(("price_fen", "quantity_t"), [(4_700, LOT), (4_600, LOT + 1)])
def test_one_other_figure_is_enough_to_move_the_lock(price_fen: int, quantity_t: int) -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3, side=Side.BUY)
    floor.counter(2, offer, 4_600)
    floor.counter(3, offer, price_fen, quantity_t)
    floor.confirm(1, offer, to=2)
    floor.confirm(1, offer, to=3)
    assert floor.locked_fen(1) == price_fen * quantity_t
    assert not floor.talk(offer, 2).is_confirmed_by_offerer


def test_a_word_stays_where_the_other_talk_moves_nothing() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    floor.counter(2, offer, 4_600)
    floor.counter(3, offer, 4_600)
    floor.confirm(1, offer, to=2)
    floor.confirm(1, offer, to=3)
    assert floor.talk(offer, 2).is_confirmed_by_offerer
    floor.counter(1, offer, 4_600, to=3)
    assert floor.talk(offer, 2).is_confirmed_by_offerer
    assert not floor.talk(offer, 3).is_confirmed_by_offerer
    floor.counter(2, offer, 4_500)
    floor.counter(1, offer, 4_600, to=3)
    assert told(floor.confirm(2, offer)) == ["BlockConfirmed"]
    assert told(floor.confirm(1, offer, to=2)) == ["BlockConfirmed", "Traded", "Cancelled"]


# ---------------------------------------------------------------- repeats


def test_repeats_are_answered_with_the_first_answer() -> None:
    floor = BlockFloor()
    offer = floor.offer()
    countered = floor.counter(2, offer, 4_500, text="一")
    floor.counter(1, offer, 4_600, to=2)
    again = CounterBlock(
        offer=offer,
        counterparty=1,
        price_fen=4_500,
        quantity_t=LOT,
        text="一",
        client_order=countered.client_order,
    )
    assert floor.desk.one(trader(2), again) == Repeated(
        sequence=floor.desk.sequence, time_ns=floor.desk.time_ns, answer=countered
    )
    other = CounterBlock(
        offer=offer,
        counterparty=1,
        price_fen=4_500,
        quantity_t=LOT,
        text="二",
        client_order=countered.client_order,
    )
    reused = floor.desk.one(trader(2), other)
    assert isinstance(reused, Refused)
    assert (reused.reason, reused.order) == (Reason.CLIENT_ORDER_REUSED, 0)
    terms = floor.talk(offer, 2).terms
    floor.confirm(2, offer)
    word, traded = floor.confirm(1, offer, to=2)
    assert isinstance(word, BlockConfirmed)
    command = ConfirmBlock(offer=offer, counterparty=2, terms=terms, client_order=word.client_order)
    told_again = floor.desk.one(trader(1), command)
    assert isinstance(told_again, Repeated)
    assert told_again.answer == traded


def test_a_refused_word_is_remembered_too() -> None:
    floor = BlockFloor()
    offer = floor.offer()
    terms = floor.counter(2, offer, 4_500).terms
    floor.counter(2, offer, 4_550)
    (refused,) = floor.confirm(1, offer, to=2, terms=terms)
    assert isinstance(refused, Refused)
    command = ConfirmBlock(
        offer=offer, counterparty=2, terms=terms, client_order=refused.client_order
    )
    again = floor.desk.one(trader(1), command)
    assert isinstance(again, Repeated)
    assert again.answer == refused


def test_a_deal_answers_its_repeat_without_the_talks_of_others() -> None:
    floor = BlockFloor()
    offer = floor.offer_to(2, 3)
    floor.counter(2, offer, 4_500)
    floor.counter(3, offer, 4_600)
    floor.confirm(1, offer, to=3)
    terms = floor.talk(offer, 3).terms
    events = floor.confirm(3, offer)
    assert told(events) == ["BlockConfirmed", "Traded", "Cancelled"]
    word = events[0]
    assert isinstance(word, BlockConfirmed)
    again = floor.desk.one(
        trader(3),
        ConfirmBlock(offer=offer, counterparty=1, terms=terms, client_order=word.client_order),
    )
    assert isinstance(again, Repeated)
    assert again.answer == events[1]


def test_the_moved_offer_still_answers_its_repeat_as_offered() -> None:
    floor = BlockFloor()
    command = OfferBlock(
        product=PRODUCT,
        side=Side.SELL,
        counterparty=2,
        price_fen=4_800,
        quantity_t=LOT,
        client_order=77_777,
    )
    offered = floor.desk.one(trader(1), command)
    floor.counter(2, offered.order, 4_500)  # type: ignore[union-attr]
    floor.counter(1, offered.order, 4_700, 200_000, to=2)  # type: ignore[union-attr]
    again = floor.desk.one(trader(1), command)
    assert isinstance(again, Repeated)
    assert again.answer == offered
