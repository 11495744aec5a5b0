"""The ticket as a value: its hints are the exchange's own reasons, in the exchange's own order."""

from dataclasses import replace

import pytest
from msgspec import structs

from engine.commands import Method, Permission, PickListing, PlaceListing, Side
from engine.events import Phase
from engine.reasons import Reason
from engine.views import Book, Level, ListingView, MethodView, OrderView
from terminal import draft as drafts
from terminal.draft import Draft
from terminal.messages import LevelKey
from terminal.store import State
from tests.markets import PRODUCT
from tests.terminal.states import order, standing

DRAFT = Draft(PRODUCT, Side.BUY, "48.00", "100")
LISTING = ListingView(order=7, side=Side.SELL, price_fen=4_815, left_t=300, time_ns=1)


def reasons(draft: Draft, state: State) -> list[Reason]:
    return [problem.reason for problem in drafts.problems(draft, state)]


def test_a_good_draft_becomes_its_command() -> None:
    state = standing()
    assert reasons(DRAFT, state) == []
    assert drafts.command(DRAFT, state, 5) == PlaceListing(
        product=PRODUCT, side=Side.BUY, price_fen=4_800, quantity_t=100, client_order=5
    )
    pick = replace(drafts.pick_of(PRODUCT, LISTING), quantity_text="120")
    assert pick.side is Side.BUY
    assert drafts.command(pick, state, 6) == PickListing(listing=7, quantity_t=120, client_order=6)


@pytest.mark.parametrize("draft", [replace(DRAFT, price_text=""), replace(DRAFT, quantity_text="")])
def test_an_unfinished_draft_is_no_command_and_no_mistake(draft: Draft) -> None:
    assert drafts.command(draft, standing(), 1) is None
    assert reasons(draft, standing()) == []


@pytest.mark.parametrize(
    ("draft", "reason", "figure_a"),
    [
        (replace(DRAFT, price_text="52.81"), Reason.PRICE_OUTSIDE_BAND, 4_320),
        (replace(DRAFT, price_text="43.19"), Reason.PRICE_OUTSIDE_BAND, 4_320),
        (replace(DRAFT, quantity_text="100000"), Reason.QUANTITY_ABOVE_MAXIMUM, 99_999),
        (replace(DRAFT, quantity_text="30000"), Reason.CASH_NOT_AVAILABLE, 100_000_000),
        (replace(DRAFT, side=Side.SELL, quantity_text="5001"), Reason.HOLDING_NOT_AVAILABLE, 5_000),
        (replace(DRAFT, product="CEA99"), Reason.PRODUCT_UNKNOWN, 0),
    ],
)
def test_each_limit_is_told_with_its_figure(draft: Draft, reason: Reason, figure_a: int) -> None:
    problem = drafts.problems(draft, standing())[0]
    assert (problem.reason, problem.figure_a) == (reason, figure_a)


def test_who_may_not_list_is_told_before_all_else() -> None:
    state = standing()
    assert state.welcome is not None
    state.welcome = structs.replace(state.welcome, permissions=(Permission.CANCEL,))
    assert reasons(replace(DRAFT, price_text="52.81"), state)[0] is Reason.ROLE_NOT_PERMITTED


def test_the_edges_of_the_band_and_of_the_quantity_are_allowed() -> None:
    for price, quantity in (("52.80", "1"), ("43.20", "20000")):
        assert reasons(replace(DRAFT, price_text=price, quantity_text=quantity), standing()) == []


def test_the_first_broken_rule_is_told_first() -> None:
    state = standing()
    assert state.market is not None
    closed = MethodView(method=Method.LISTED, phase=Phase.BREAK, next_time_ns=9)
    state.market = structs.replace(state.market, methods=(closed,))
    draft = replace(DRAFT, price_text="99.00", quantity_text="100000")
    assert reasons(draft, state) == [
        Reason.PHASE_CLOSED,
        Reason.PRICE_OUTSIDE_BAND,
        Reason.QUANTITY_ABOVE_MAXIMUM,
        Reason.CASH_NOT_AVAILABLE,
    ]


def test_without_a_reference_price_nothing_can_be_sent() -> None:
    state = standing()
    assert state.market is not None
    quote = structs.replace(state.market.products[0], has_reference=False)
    state.market = structs.replace(state.market, products=(quote,))
    assert reasons(replace(DRAFT, price_text="1.00"), state) == [Reason.REFERENCE_PRICE_MISSING]


def test_what_is_possible_follows_cash_holding_limit_and_listing() -> None:
    state = standing()
    assert drafts.possible_t(DRAFT, state) == 20_833, "100,000,000 fen at 48.00"
    assert drafts.possible_t(replace(DRAFT, price_text="0.01"), state) == 99_999
    assert drafts.possible_t(replace(DRAFT, side=Side.SELL), state) == 5_000
    assert drafts.possible_t(drafts.pick_of(PRODUCT, LISTING), state) == 300
    assert replace(DRAFT, side=Side.SELL, quantity_text="/2").quantity_t(state) == 2_500
    assert replace(DRAFT, side=Side.SELL, quantity_text="=").quantity_t(state) == 5_000


def book(*asks: tuple[int, int]) -> Book:
    levels = tuple(Level(price_fen, quantity_t, 1) for price_fen, quantity_t in asks)
    return Book(product=PRODUCT, bids=(Level(4_790, 10, 1),), asks=levels)


def test_a_better_level_must_be_picked_first_unless_it_is_own() -> None:
    state = standing()
    state.books[PRODUCT] = book((4_810, 50), (4_815, 300))
    pick = drafts.pick_of(PRODUCT, LISTING)
    problem = drafts.problems(pick, state)[0]
    assert (problem.reason, problem.figure_a) == (Reason.BETTER_LEVEL_EXISTS, 4_810)
    state.orders = (order(3, Side.SELL, 4_810, 50),)
    assert reasons(pick, state) == []


def test_a_listing_that_shrinks_or_goes_is_noticed() -> None:
    state = standing()
    state.books[PRODUCT] = book((4_815, 300))
    state.level = LevelKey(PRODUCT, Side.SELL, 4_815)
    pick = drafts.pick_of(PRODUCT, LISTING)
    state.listings = (structs.replace(LISTING, left_t=200),)
    assert reasons(drafts.refreshed(pick, state), state) == [Reason.LISTING_QUANTITY_NOT_AVAILABLE]
    state.listings = ()
    assert reasons(drafts.refreshed(pick, state), state) == [Reason.ORDER_NOT_OPEN]


def test_an_own_listing_cannot_be_picked() -> None:
    state = standing()
    mine: OrderView = order(7, Side.SELL, 4_815, 300)
    state.orders = (mine,)
    assert Reason.OWN_LISTING in reasons(drafts.pick_of(PRODUCT, LISTING), state)


@pytest.mark.parametrize(
    ("side", "price", "crossed"),
    [
        (Side.BUY, "48.09", (0, 0)),
        (Side.BUY, "48.10", (4_810, 50)),
        (Side.BUY, "50.00", (4_810, 50)),
        (Side.SELL, "47.91", (0, 0)),
        (Side.SELL, "47.90", (4_790, 10)),
    ],
)
def test_a_listing_that_crosses_is_pointed_at_the_pick(
    side: Side, price: str, crossed: tuple[int, int]
) -> None:
    state = standing()
    state.books[PRODUCT] = book((4_810, 50))
    assert drafts.crossing(replace(DRAFT, side=side, price_text=price), state) == crossed
