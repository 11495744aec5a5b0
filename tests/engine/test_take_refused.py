"""Why a taking order is refused, with the figures, in the order of precedence."""

from msgspec import structs

from engine.commands import (
    Halt,
    HaltScope,
    Method,
    Restriction,
    RestrictParticipant,
    SetOwnLimits,
    Side,
    Withdraw,
)
from engine.profile import FeeRates, Fees
from engine.reasons import Reason
from tests.engine.take_floor import CASH_FEN, TONNES, TakeFloor, listed
from tests.markets import (
    CLEARING,
    OPERATOR_ONE,
    PRODUCT,
    coarse_profile,
    national,
    trader,
)


def test_nothing_to_take_is_refused() -> None:
    floor = TakeFloor()
    nothing = (Reason.NOTHING_TO_TAKE, 0, 0)
    assert floor.why(10, 4_800) == nothing
    floor.sell(4_801)
    floor.sell(4_800, who=1)
    floor.buy(4_700)
    assert floor.why(10, 4_800) == nothing
    assert floor.why(10, 4_701, side=Side.SELL) == nothing
    assert len(floor.fills(10, 4_801)) == 1


def test_the_means_are_asked_for_the_sum_with_its_fees_and_nothing_more() -> None:
    """What is not taken needs no means: two listings for 96,100,000 yuan, a thousandth in fees."""
    fees = Fees(trading=FeeRates(listed_buyer_bp=10))
    listed_rules = structs.replace(national().listed, quantity_t_max=10**9)
    profile = structs.replace(national(), fees=fees, listed=listed_rules)
    floor = TakeFloor(profile)
    floor.desk.endow(2, 0, 20_000_000)
    floor.desk.endow(3, 0, 10_000_000)
    floor.sell(4_800, 10_000_000)
    floor.sell(4_810, 10_000_000, who=3)
    sum_fen = 4_800 * 10_000_000 + 4_810 * 10_000_000
    assert floor.fills(10_000_000 + 1, 5_280) == [
        (floor.exchange.orders(2)[0].order, 10_000_000, 4_800),
        (floor.exchange.orders(3)[0].order, 1, 4_810),
    ]
    assert sum_fen < CASH_FEN
    left_fen = CASH_FEN - 4_800 * 10_000_000 - 48_000_000 - 4_810 - 4
    assert floor.exchange.account(1).cash.available_fen == left_fen
    floor.sell(4_805, 10_000_000)
    rest_fen = 4_805 * 10_000_000
    need_fen = rest_fen + rest_fen // 1_000 + 4_810 * 900_000 + 4_810 * 900
    assert floor.why(10_900_000, 5_280) == (Reason.CASH_NOT_AVAILABLE, left_fen, need_fen)
    assert floor.exchange.account(1).cash.available_fen == left_fen


def test_each_fee_is_rounded_down_by_itself() -> None:
    """R60: two trades of 48.00 yuan cost 0.04 each and not 0.09 together."""
    fees = Fees(trading=FeeRates(listed_buyer_bp=10))
    floor = TakeFloor(structs.replace(national(), fees=fees))
    floor.sell(4_800, 1)
    floor.sell(4_800, 1, who=3)
    need_fen = 2 * 4_800 + 2 * 4
    leaving = Withdraw(participant=1, amount_fen=CASH_FEN - need_fen + 1, reference="less")
    floor.desk.send(CLEARING, leaving)
    assert floor.why(2, 4_800) == (Reason.CASH_NOT_AVAILABLE, need_fen - 1, need_fen)
    floor.desk.endow(1, 1, 0)
    assert len(floor.fills(2, 4_800)) == 2
    assert floor.exchange.account(1).cash.available_fen == 0


def test_a_seller_needs_the_tonnes_that_it_would_sell() -> None:
    """R55."""
    profile = listed(quantity_t_max=10**9)
    floor = TakeFloor(profile)
    floor.buy(4_800, 400_000)
    floor.buy(4_790, 400_000, who=3)
    assert floor.why(700_000, 4_700, side=Side.SELL) == (
        Reason.HOLDING_NOT_AVAILABLE,
        TONNES,
        700_000,
    )
    assert len(floor.exchange.trades()) == 0
    assert len(floor.fills(700_000, 4_800, Side.SELL)) == 1, "only what is inside the limit counts"


def test_the_position_limit_holds_for_the_sum() -> None:
    """R73."""
    position = structs.replace(national().position, limit_t=TONNES + 150)
    floor = TakeFloor(structs.replace(national(), position=position))
    floor.sell(4_800)
    floor.sell(4_810)
    floor.buy(4_700, 20, who=1)
    limit = TONNES + 150
    assert floor.why(131, 4_900) == (Reason.POSITION_LIMIT_EXCEEDED, limit, limit + 1)
    assert len(floor.fills(130, 4_900)) == 2
    assert floor.why(10, 4_900) == (Reason.POSITION_LIMIT_EXCEEDED, limit, limit + 10)


def test_reasons_come_in_the_order_of_precedence() -> None:
    """From a command that breaks every rule the breaks are taken away one by one."""
    floor = TakeFloor(listed(quantity_t_min=5))
    assert floor.desk.one(99, floor.command(1, 1)).reason is Reason.KEY_UNKNOWN  # type: ignore[union-attr]
    role = floor.desk.one(CLEARING, floor.command(1, 1))
    assert role.reason is Reason.ROLE_NOT_PERMITTED  # type: ignore[union-attr]
    assert floor.why(1, 1, product="CEA99") == (Reason.PRODUCT_UNKNOWN, 0, 0)
    assert floor.why(1, 1, product="CEA25") == (Reason.PRODUCT_NOT_LISTED, 0, 0)
    assert floor.why(1, 4_319) == (Reason.PRICE_OUTSIDE_BAND, 4_320, 5_280)
    assert floor.why(1, 5_281) == (Reason.PRICE_OUTSIDE_BAND, 4_320, 5_280)
    assert floor.why(4, 4_800) == (Reason.QUANTITY_BELOW_MINIMUM, 5, 0)
    assert floor.why(100_000, 4_800) == (Reason.QUANTITY_ABOVE_MAXIMUM, 99_999, 0)
    floor.desk.one(OPERATOR_ONE, SetOwnLimits(key=trader(1), order_max_t=4, explanation="演示"))
    assert floor.why(4, 4_800) == (Reason.QUANTITY_BELOW_MINIMUM, 5, 0)
    assert floor.why(100_000, 4_800) == (Reason.QUANTITY_ABOVE_MAXIMUM, 99_999, 0)
    assert floor.why(5, 4_800) == (Reason.OWN_LIMIT, 4, 5)
    floor.desk.one(OPERATOR_ONE, SetOwnLimits(key=trader(1), order_max_t=0, explanation="演示"))
    assert floor.why(5, 4_800) == (Reason.NOTHING_TO_TAKE, 0, 0)
    halt = Halt(scope=HaltScope.PRODUCT, product=PRODUCT, explanation="演示")
    floor.desk.one(OPERATOR_ONE, halt)
    assert floor.why(1, 1) == (Reason.HALTED, 1, 0)
    assert floor.why(1, 1, product="CEA25") == (Reason.PRODUCT_NOT_LISTED, 0, 0)
    restrict = RestrictParticipant(participant=1, restriction=Restriction.NO_BUYING)
    floor.desk.approve(restrict)
    assert floor.why(1, 1, product="CEA99") == (Reason.BUYING_RESTRICTED, 0, 0)
    assert floor.why(1, 1, side=Side.SELL) == (Reason.HALTED, 1, 0)
    suspended = RestrictParticipant(participant=1, restriction=Restriction.SUSPENDED)
    floor.desk.approve(suspended)
    assert floor.why(1, 1, side=Side.SELL) == (Reason.PARTICIPANT_SUSPENDED, 0, 0)
    method = Halt(scope=HaltScope.METHOD, method=Method.LISTED, explanation="演示")
    floor.desk.one(OPERATOR_ONE, method)
    assert floor.why(1, 1, product="CEA99") == (Reason.HALTED, 2, 0)
    floor.desk.advance("11:30")
    next_ns = floor.desk.clock("13:00")
    assert floor.why(1, 1, product="CEA99") == (Reason.PHASE_CLOSED, 3, next_ns)


def test_tick_and_lot_of_a_take() -> None:
    floor = TakeFloor(coarse_profile())
    assert floor.why(25, 4_801) == (Reason.PRICE_OFF_TICK, 5, 0)
    assert floor.why(25, 4_800) == (Reason.QUANTITY_OFF_LOT, 10, 0)
    assert floor.why(20, 4_800) == (Reason.NOTHING_TO_TAKE, 0, 0)


def test_where_picks_are_not_offered_takes_are_not_either() -> None:
    floor = TakeFloor(listed(picks=False, crossing_listings="match"))
    floor.desk.advance("11:30")
    assert floor.why(10, 4_800) == (Reason.NOT_OFFERED, 0, 0)


def test_where_time_decides_nobody_may_prefer() -> None:
    floor = TakeFloor(listed(same_price_choice="time"))
    first, second = floor.sell(4_800), floor.sell(4_800)
    assert floor.why(10, 4_800, preferred=(second,)) == (Reason.NOT_OFFERED, 0, 0)
    assert floor.fills(10, 4_800) == [(first, 10, 4_800)]
