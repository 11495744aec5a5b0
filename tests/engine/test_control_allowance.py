"""The position limit (R73) with Beijing's figures: 1,000,000 t, widened by the allocation of the year."""

from pathlib import Path

from msgspec import structs

from engine.commands import CancelOrder, PlaceListing, ReferenceBasis, SetAllowance, Side
from engine.events import AllowanceSet, AnyEvent, Cancelled, ListingPlaced, Refused
from engine.profile import Profile, load_profile
from engine.reasons import Reason
from tests.engine.control_desk import Watched, exchange_of, refused_action
from tests.markets import FIRST_DATE, Desk, trader
from tests.restarts import back, market_of

PRODUCT = "BEA"
HELD_T = 995_000


def beijing(**position: int | bool) -> Profile:
    path = Path(__file__).parents[1] / "profiles" / "beijing.toml"
    rules = load_profile(path.read_bytes(), path.name)
    return structs.replace(rules, position=structs.replace(rules.position, **position))


def morning(profile: Profile) -> Desk:
    """Return a desk at 09:30; P1 holds 995,000 t, everybody has cash."""
    watched = Watched(profile)
    desk = Desk(watched)
    desk.found(2)
    desk.open_day(FIRST_DATE)
    desk.endow(1, 10**11, HELD_T, PRODUCT)
    desk.endow(2, 10**11, HELD_T, PRODUCT)
    desk.set_reference(5_000, PRODUCT, ReferenceBasis.ADMINISTRATIVE)
    desk.advance("09:30")
    watched.has_begun = True
    return desk


def buy(desk: Desk, quantity_t: int) -> AnyEvent:
    command = PlaceListing(
        product=PRODUCT,
        side=Side.BUY,
        price_fen=5_000,
        quantity_t=quantity_t,
        client_order=desk.next_client_order(),
    )
    return desk.one(trader(1), command)


def allow(desk: Desk, quantity_t: int) -> None:
    (event,) = desk.approve(SetAllowance(participant=1, quantity_t=quantity_t))
    assert isinstance(event, AllowanceSet)
    assert (event.participant, event.quantity_t) == (1, quantity_t)


def assert_over(event: AnyEvent, limit_t: int, reached_t: int) -> None:
    assert isinstance(event, Refused), event
    told = event.reason, event.figure_a, event.figure_b
    assert told == (Reason.POSITION_LIMIT_EXCEEDED, limit_t, reached_t)


def test_the_own_allocation_widens_the_limit() -> None:
    desk = morning(beijing())
    assert_over(buy(desk, 5_001), 1_000_000, 1_000_001)
    allow(desk, 1)
    placed = buy(desk, 5_001)
    assert isinstance(placed, ListingPlaced)
    assert_over(buy(desk, 1), 1_000_001, 1_000_002)  # what it is about to buy counts
    cancel = CancelOrder(order=placed.order, client_order=desk.next_client_order())
    assert isinstance(desk.one(trader(1), cancel), Cancelled)
    allow(desk, 2_000)
    assert isinstance(buy(desk, 7_000), ListingPlaced)
    allow(desk, 0)  # what stands keeps standing, more is refused
    assert_over(buy(desk, 1), 1_000_000, 1_002_001)
    assert [row.allowance_t for row in exchange_of(desk).participants()] == [0, 0]


def test_without_widening_an_allowance_is_only_noted() -> None:
    desk = morning(beijing(is_widened_by_allowance=False))
    allow(desk, 500)
    assert_over(buy(desk, 5_001), 1_000_000, 1_000_001)
    assert isinstance(buy(desk, 5_000), ListingPlaced)
    assert [row.allowance_t for row in exchange_of(desk).participants()] == [500, 0]


def test_without_a_limit_nobody_is_stopped() -> None:
    desk = morning(beijing(limit_t=0))
    allow(desk, 500)
    assert isinstance(buy(desk, 9_999), ListingPlaced)
    assert not market_of(exchange_of(desk)).core.state.limits.any()


def test_a_limit_outlives_the_day_and_a_restart() -> None:
    desk = morning(beijing())
    allow(desk, 100)
    desk.advance("15:00")
    assert isinstance(desk.market, Watched)
    desk.market.exchange = back(desk.market.exchange)
    desk.open_day("2021-07-19")
    desk.set_reference(5_000, PRODUCT)
    desk.advance("09:30")
    assert_over(buy(desk, 5_101), 1_000_100, 1_000_101)
    assert isinstance(buy(desk, 5_100), ListingPlaced)


def test_an_allowance_of_nobody_is_refused() -> None:
    desk = morning(beijing())
    told = refused_action(desk, SetAllowance(participant=3, quantity_t=5))
    assert told == (Reason.PARTICIPANT_UNKNOWN, 3, 0)
