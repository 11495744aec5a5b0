"""The model of the terminal: what each message changes, what is asked for again, and that all is bounded."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from engine.commands import (
    CancelCause,
    CancelOrder,
    Method,
    Side,
)
from engine.events import (
    AnyEvent,
    Cancelled,
    DayOpened,
    Phase,
    PhaseChanged,
    Refused,
    Repeated,
    Traded,
)
from engine.reasons import Reason
from engine.views import Book, DepthLevel, Level, ListingView, ShownListing
from gateway import wire
from gateway.client import Answer
from gateway.inbox import Disconnected, Gap, Reconnected
from terminal import model, store
from terminal.messages import (
    Fetched,
    Heard,
    IntentAnswered,
    IntentFailed,
    IntentSent,
    LevelFetched,
    LevelKey,
    Message,
    Noted,
    Welcomed,
)
from terminal.notices import Severity, words
from terminal.store import Connection, IntentState, State, follow_up, reduce
from tests.markets import PRODUCT
from tests.terminal.states import account, market, order, quote, standing, welcome

OWN_KEY, OTHER_KEY = 4, 9
CANCEL = CancelOrder(order=1, client_order=1)
LEVEL = LevelKey(PRODUCT, Side.SELL, 4_810)


def traded(key: int = OWN_KEY, number: int = 1) -> Traded:
    return Traded(
        sequence=5,
        time_ns=5,
        trade=number,
        method=Method.LISTED,
        product=PRODUCT,
        price_fen=4_800,
        quantity_t=10,
        side=Side.BUY,
        order=2,
        resting_order=1,
        participant=1 if key == OWN_KEY else 2,
        counterparty=2 if key == OWN_KEY else 1,
        key=key,
        client_order=7,
        left_t=0,
    )


def refused() -> Refused:
    return Refused(
        sequence=6,
        time_ns=6,
        key=OWN_KEY,
        participant=1,
        client_order=1,
        order=3,
        reason=Reason.PRICE_OUTSIDE_BAND,
        figure_a=4_320,
        figure_b=5_280,
    )


def cancelled(cause: CancelCause, key: int = OWN_KEY) -> Cancelled:
    return Cancelled(
        sequence=7,
        time_ns=7,
        order=1,
        participant=1,
        key=key,
        client_order=1,
        product=PRODUCT,
        side=Side.BUY,
        method=Method.LISTED,
        price_fen=4_800,
        quantity_t=10,
        cause=cause,
    )


def private(*events: AnyEvent) -> wire.PrivateEvents:
    return wire.PrivateEvents(sequence=5, previous=4, time_ns=5, events=events)


def answer(*events: AnyEvent) -> Answer:
    return Answer(sequence=5, time_ns=5, events=events)


def printed(*numbers: int) -> wire.TradesPrinted:
    trades = tuple(
        wire.PublicTrade(trade=n, product=PRODUCT, price_fen=4_800, quantity_t=1, side=Side.BUY)
        for n in numbers
    )
    return wire.TradesPrinted(sequence=5, previous=4, time_ns=5, trades=trades)


def book() -> Book:
    return Book(product=PRODUCT, bids=(Level(4_790, 10, 1),), asks=())


def snapshot() -> wire.BookSnapshot:
    listing = ShownListing(order=1, left_t=10, time_ns=1, owner="")
    bid = DepthLevel(price_fen=4_790, quantity_t=10, count=1, listings=(listing,))
    return wire.BookSnapshot(
        sequence=2,
        time_ns=2,
        product=PRODUCT,
        checksum=wire.book_checksum((bid,), ()),
        bids=(bid,),
        asks=(),
    )


def told(state: State) -> list[str]:
    return [words(notice, "zh", state.participant) for notice in state.notices]


def test_a_book_replaces_the_whole_book() -> None:
    state = standing()
    state.books[PRODUCT] = Book(product=PRODUCT, bids=(), asks=(Level(4_810, 5, 1),))
    topics = reduce(state, snapshot())
    assert topics == {f"book:{PRODUCT}", "market"}
    assert state.books[PRODUCT].asks == (), "a level that went empty is gone"


def test_a_quote_changes_its_row_and_the_composite() -> None:
    state = standing()
    changed = structs.replace(quote(), last_fen=4_850)
    message = wire.QuoteChanged(sequence=2, time_ns=2, quote=changed, composite_last_fen=4_849)
    assert reduce(state, message) == {"market", f"quote:{PRODUCT}"}
    assert state.market is not None
    assert (state.market.products[0].last_fen, state.market.composite_last_fen) == (4_850, 4_849)


def test_a_phase_changes_at_once_and_everything_is_asked_for_again() -> None:
    state = standing()
    event = PhaseChanged(
        sequence=3, time_ns=30, method=Method.LISTED, phase=Phase.BREAK, next_time_ns=99
    )
    message = wire.MarketChanged(sequence=3, previous=2, time_ns=30, events=(event,))
    assert {"phase", "notices"} <= reduce(state, message)
    view = state.method(Method.LISTED)
    assert view is not None
    assert (view.phase, view.next_time_ns, state.time_ns) == (Phase.BREAK, 99, 30)
    assert follow_up(state, message) >= {"market", "orders", "account"}
    assert told(state) == ["挂牌 午间休市"]


def test_a_new_day_begins_with_an_empty_tape() -> None:
    state = standing()
    reduce(state, printed(1, 2))
    event = DayOpened(sequence=3, time_ns=3, date="2021-07-19", products=(PRODUCT,))
    reduce(state, wire.MarketChanged(sequence=3, previous=2, time_ns=3, events=(event,)))
    assert not state.tape
    reduce(state, printed(3))
    tomorrow = structs.replace(market(), date="2021-07-20")
    reduce(state, wire.MarketSnapshot(sequence=4, market=tomorrow))
    assert not state.tape


def test_the_tape_is_newest_first_without_repeats_and_bounded() -> None:
    state = standing()
    for number in range(store.TAPE_MAX + 50):
        reduce(state, printed(number, number))
    shown = [trade.trade for _, trade in state.tape[PRODUCT]]
    assert shown == list(range(store.TAPE_MAX + 49, 49, -1))


def test_what_the_own_key_did_is_told_by_the_answer_alone() -> None:
    state = standing()
    reduce(state, IntentSent(1, CANCEL))
    reduce(state, IntentAnswered(1, answer(traded())))
    reduce(state, private(traded()))
    assert told(state) == ["成交 1: 买 CEA19-20 48.00 × 10 吨"]


def test_what_others_did_to_own_orders_is_told_from_the_private_stream() -> None:
    state = standing()
    message = private(traded(OTHER_KEY))
    reduce(state, message)
    assert told(state) == ["成交 1: 卖 CEA19-20 48.00 × 10 吨"]
    assert follow_up(state, message) >= {"orders", "account", "trades"}


def test_a_lapse_at_the_close_is_told_although_the_key_is_own() -> None:
    state = standing()
    reduce(state, private(cancelled(CancelCause.OWNER)))
    assert told(state) == []
    reduce(state, private(cancelled(CancelCause.CLOSE)))
    assert told(state) == ["收市自动撤销 1: CEA19-20 10 吨"]


def test_an_order_that_a_suspension_ended_is_told_although_the_key_is_own() -> None:
    state = standing()
    reduce(state, private(cancelled(CancelCause.SUSPENSION)))
    assert told(state) == ["因暂停交易,系统撤单 1: CEA19-20 10 吨"]


def test_refusals_wait_until_they_are_read_one_by_one() -> None:
    state = standing()
    for number in (1, 2):
        reduce(state, IntentSent(number, CANCEL))
        reduce(state, IntentAnswered(number, answer(refused())))
    assert [intent.state for intent in state.intents.values()] == [IntentState.REFUSED] * 2
    assert len(state.unread) == 2
    assert words(state.unread[0], "en", 1) == "Refused: the price is outside the band 43.20 – 52.80"
    assert store.read_one(state) == {"notices"}
    assert store.read_one(state)
    assert not store.read_one(state)


def test_a_repeated_answer_is_told_like_the_first() -> None:
    state = standing()
    reduce(state, IntentSent(1, CANCEL))
    repeat = Repeated(sequence=9, time_ns=9, answer=traded())
    reduce(state, IntentAnswered(1, answer(repeat)))
    assert state.intents[1].state is IntentState.DONE
    assert len(told(state)) == 1


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        ("rejected", IntentState.REFUSED),
        ("not_sent", IntentState.REFUSED),
        ("unknown", IntentState.UNKNOWN),
    ],
)
def test_each_failure_says_what_it_means(outcome: Any, left: IntentState) -> None:
    state = standing()
    reduce(state, IntentSent(1, CANCEL))
    reduce(state, IntentFailed(1, outcome, "line lost"))
    assert state.intents[1].state is left
    assert state.unknown_outcomes() == (left is IntentState.UNKNOWN)
    assert "line lost" in told(state)[0]


def test_an_unknown_outcome_is_resolved_as_done_or_as_never_taken_up() -> None:
    state = standing()
    for number, found in ((1, answer(traded())), (2, None)):
        reduce(state, IntentSent(number, CANCEL))
        reduce(state, IntentFailed(number, "unknown", "line lost"))
        reduce(state, IntentAnswered(number, found))
    assert [i.state for i in state.intents.values()] == [IntentState.DONE, IntentState.REFUSED]
    assert state.unknown_outcomes() == 0


def test_what_is_on_its_way_is_unknown_while_the_line_is_down() -> None:
    state = standing()
    reduce(state, IntentSent(1, CANCEL))
    assert state.unknown_outcomes() == 0
    reduce(state, Disconnected(text="gone", is_final=False))
    assert (state.connection, state.unknown_outcomes()) == (Connection.RECONNECTING, 1)
    back = Reconnected(sequence=9, attempts=2)
    reduce(state, back)
    assert (state.connection, state.unknown_outcomes()) == (Connection.LIVE, 0)
    assert follow_up(state, back) >= {"orders", "account", "market"}


def test_only_the_open_level_takes_listings_and_its_book_asks_for_them() -> None:
    state = standing()
    row = ListingView(order=1, side=Side.SELL, price_fen=4_810, left_t=5, time_ns=1)
    assert reduce(state, LevelFetched(LEVEL, (row,))) == frozenset()
    store.open_level(state, LEVEL)
    assert reduce(state, LevelFetched(LEVEL, (row,))) == {"listings"}
    shown = snapshot()
    assert follow_up(state, shown) == {"listings"}
    store.open_level(state, None)
    assert state.listings == ()
    assert follow_up(state, shown) == frozenset()


def test_own_quantity_at_a_level_counts_open_listings_only() -> None:
    state = standing()
    gone = structs.replace(order(3, Side.SELL, 4_810, 5), is_open=False)
    orders = (order(1, Side.SELL, 4_810, 20), order(2, Side.SELL, 4_810, 30), gone)
    reduce(state, Fetched("orders", orders))
    assert state.own_at(PRODUCT, Side.SELL, 4_810) == 50
    assert state.own_open() == {1, 2}


def test_everything_that_grows_is_bounded() -> None:
    state = standing()
    for number in range(500):
        reduce(state, IntentSent(number, CANCEL))
        reduce(state, IntentAnswered(number, answer(refused())))
    assert len(state.intents) == len(state.answered) == model.INTENTS_MAX
    assert len(state.notices) == model.NOTICES_MAX
    assert len(state.unread) == model.UNREAD_MAX


def test_time_never_runs_backwards_on_the_screen() -> None:
    state = standing()
    reduce(state, Heard(100, 5, 0))
    reduce(state, Heard(90, 4, 3))
    assert (state.time_ns, state.sequence, state.silent_s) == (100, 5, 3)


def test_an_operator_asks_for_proposals_and_not_for_an_account() -> None:
    state = State()
    message = Welcomed(welcome("operator", key=1, participant=0))
    reduce(state, message)
    assert state.is_operator
    assert follow_up(state, message) == {
        "market",
        "proposals",
        "participants",
        "auctions",
        "published",
        "applications",
        "halts",
        "keys",
        "codes",
    }
    assert follow_up(state, private(traded())) == {"proposals", "participants"}


MESSAGES: st.SearchStrategy[Message] = st.sampled_from(
    [
        snapshot(),
        wire.QuoteChanged(sequence=2, time_ns=2, quote=quote(), composite_last_fen=1),
        wire.MarketSnapshot(sequence=2, market=market(Phase.ENDED)),
        printed(1, 2),
        private(traded(OTHER_KEY), refused(), cancelled(CancelCause.CLOSE)),
        Disconnected(text="gone", is_final=False),
        Reconnected(sequence=5, attempts=1),
        Gap(channel="private", after=1, sequence=5),
        Welcomed(welcome()),
        Heard(5, 5, 6),
        Fetched("account", account()),
        Fetched("orders", (order(1, Side.SELL, 4_810, 20),)),
        Fetched("market", market()),
        Fetched(f"book:{PRODUCT}", book()),
        LevelFetched(LEVEL, ()),
        IntentSent(1, CANCEL),
        IntentAnswered(1, answer(traded())),
        IntentAnswered(8, None),
        IntentFailed(1, "unknown", "?"),
        Noted("busy"),
    ]
)


@given(st.lists(MESSAGES, max_size=30))
def test_no_order_of_messages_breaks_the_model(messages: list[Message]) -> None:
    state = State()
    for message in messages:
        topics = reduce(state, message)
        assert all(isinstance(topic, str) for topic in topics | follow_up(state, message))
        for notice in state.notices:
            assert words(notice, "zh", 1)
            assert words(notice, "en", 1)
    assert all(notice.severity is Severity.REFUSAL for notice in state.unread)
