"""Every reason of this issue is reached: by the seeded stream where it is common, else on purpose."""

from typing import Any

from msgspec import structs

from engine.commands import (
    AdvanceTime,
    Approve,
    CancelOrder,
    Category,
    Deposit,
    FreezeHolding,
    OpenDay,
    PlaceListing,
    Propose,
    ReferenceBasis,
    Reject,
    ReleaseHolding,
    SetReferencePrice,
    SettleTrade,
    Side,
    TransferIn,
    TransferOut,
    Withdraw,
)
from engine.events import Refused, Repeated
from engine.reasons import Reason
from engine.units import AMOUNT_FEN_MAX
from tests.engine.test_companies import COMPANY_SCENES
from tests.engine.test_enrolment_codes import CODE_SCENES
from tests.engine.test_keys import KEY_SCENES
from tests.engine.test_own_limits import LIMIT_SCENES
from tests.engine.test_precedence import rows
from tests.engine.test_reasons_of_dialogues import DIALOGUE_SCENES
from tests.heard import HEARD, refusals
from tests.markets import (
    CLEARING,
    FIRST_DATE,
    OPERATOR_ONE,
    OPERATOR_ONE_AGAIN,
    OPERATOR_TWO,
    Desk,
    Twins,
    admission,
    coarse_profile,
    first_day,
    small_profile,
    trader,
    trader_key,
)
from tests.streams import run_stream

COMMON = {
    Reason.KEY_UNKNOWN,
    Reason.ROLE_NOT_PERMITTED,
    Reason.CLIENT_ORDER_REUSED,
    Reason.PHASE_CLOSED,
    Reason.PRODUCT_NOT_LISTED,
    Reason.REFERENCE_PRICE_MISSING,
    Reason.PRICE_OUTSIDE_BAND,
    Reason.QUANTITY_ABOVE_MAXIMUM,
    Reason.CASH_NOT_AVAILABLE,
    Reason.HOLDING_NOT_AVAILABLE,
    Reason.ORDER_UNKNOWN,
    Reason.ORDER_NOT_OPEN,
    Reason.NOT_ORDER_OWNER,
    Reason.OWN_LISTING,
    Reason.BETTER_LEVEL_EXISTS,
    Reason.LISTING_QUANTITY_NOT_AVAILABLE,
    Reason.NOT_OFFER_COUNTERPARTY,
    Reason.TRADE_ALREADY_SETTLED,
    Reason.CASH_NOT_WITHDRAWABLE,
    Reason.PARTICIPANT_SUSPENDED,
    Reason.BUYING_RESTRICTED,
    Reason.SELLING_RESTRICTED,
    Reason.PROPOSALS_FULL,
}


def test_the_stream_reaches_the_common_reasons() -> None:
    told = refusals(*run_stream(11, 8_000).answers)
    assert COMMON - set(told) == set()


def test_who_and_admission() -> None:
    desk = Desk(Twins(small_profile()))
    desk.found(2)
    assert refusals(
        desk.approve(
            admission(3, category=Category.INSTITUTION),
            admission(3, credit_code="919900000000000011"),
            admission(3, credit_code=admission(1).credit_code),
            admission(3, registry_account=admission(2).registry_account),
            admission(3, funds_account=admission(1).funds_account),
            structs.replace(trader_key(1), participant=9),
            trader_key(1),
        )
    ) == [
        Reason.NOT_KEY_EMITTING_UNIT,
        Reason.INVALID_CREDIT_CODE,
        Reason.ALREADY_ADMITTED,
        Reason.ALREADY_ADMITTED,
        Reason.ALREADY_ADMITTED,
        Reason.KEY_ALREADY_ENROLLED,
        Reason.KEY_ALREADY_ENROLLED,
    ]


def test_capacity() -> None:
    """The limits of participants, keys and proposals; orders are in the table of precedence."""
    desk = Desk(Twins(small_profile()))
    desk.found(2)
    many = desk.approve(*(admission(number) for number in range(3, 9)))
    assert refusals(many) == [Reason.PARTICIPANTS_FULL]
    left = small_profile().capacity.keys - 4 - 2
    keys = desk.approve(
        *(structs.replace(trader_key(50 + n), participant=1) for n in range(left + 1))
    )
    assert refusals(keys) == [Reason.KEYS_FULL]
    unknown = structs.replace(trader_key(90), participant=9)
    assert refusals(desk.approve(unknown)) == [Reason.PARTICIPANT_UNKNOWN]
    propose = Propose(actions=(admission(1),), reason="演示")
    answers = [desk.one(OPERATOR_ONE, propose) for _ in range(4)]
    assert refusals(answers) == [Reason.PROPOSALS_FULL]
    assert isinstance(answers[3], Refused)
    assert answers[3].figure_a == 3


def test_proposals() -> None:
    desk = first_day(Twins(small_profile()))
    made = desk.one(OPERATOR_ONE, Propose(actions=(admission(4),), reason="演示"))
    number = getattr(made, "proposal", 0)
    assert refusals(
        desk.send(OPERATOR_TWO, Approve(proposal=number + 1)),
        desk.send(OPERATOR_ONE, Approve(proposal=number)),
        desk.send(OPERATOR_ONE_AGAIN, Approve(proposal=number)),
        desk.send(trader(1), Approve(proposal=number)),
        desk.send(OPERATOR_ONE, Reject(proposal=number, reason="演示")),
        desk.send(OPERATOR_TWO, Approve(proposal=number)),
    ) == [
        Reason.PROPOSAL_UNKNOWN,
        Reason.SAME_PERSON,
        Reason.SAME_PERSON,
        Reason.ROLE_NOT_PERMITTED,
        Reason.PROPOSAL_NOT_OPEN,
    ]


def test_days_and_time() -> None:
    desk = first_day(Twins(small_profile()))
    missing = SetReferencePrice(
        product="CEA19-20", price_fen=4_800, basis=ReferenceBasis.PREVIOUS_CLOSE
    )
    assert refusals(
        desk.send(0, OpenDay(date="2021-07-17")),
        desk.send(0, AdvanceTime(), desk.clock("15:00")),
        desk.send(0, OpenDay(date=FIRST_DATE)),
        desk.approve(missing),
        desk.send(0, AdvanceTime(), desk.time_ns - 1),
    ) == [
        Reason.DAY_STILL_OPEN,
        Reason.DATE_NOT_LATER,
        Reason.DAY_NOT_OPEN,
        Reason.TIME_BACKWARDS,
    ]


def test_reference_prices() -> None:
    desk = Desk(Twins(small_profile()))
    desk.found(0)
    desk.open_day("2021-07-19")

    def told(product: str, price: int, basis: ReferenceBasis) -> list[Reason]:
        action = SetReferencePrice(product=product, price_fen=price, basis=basis)
        return refusals(desk.approve(action))

    administrative = ReferenceBasis.ADMINISTRATIVE
    assert told("NONE-1", 4_800, administrative) == [Reason.PRODUCT_UNKNOWN]
    assert told("CEA21", 4_800, administrative) == [Reason.PRODUCT_NOT_LISTED]
    assert told("CEA19-20", 4_800, ReferenceBasis.PREVIOUS_CLOSE) == [
        Reason.REFERENCE_PRICE_MISMATCH
    ]
    assert told("CEA19-20", 10_001, administrative) == [Reason.BAND_TOO_WIDE]
    assert told("CEA19-20", 9_000, administrative) == []
    assert told("CEA19-20", 9_000, administrative) == [Reason.REFERENCE_PRICE_ALREADY_SET]


def test_registry() -> None:
    desk = first_day(Twins(small_profile()))
    far: dict[str, Any] = {"participant": 9, "reference": desk.next_reference()}
    full: dict[str, Any] = {"participant": 1, "reference": desk.next_reference()}
    assert refusals(
        desk.send(CLEARING, Deposit(amount_fen=1, **far)),
        desk.send(CLEARING, TransferIn(product="CEA19-20", quantity_t=1, **far)),
        desk.send(CLEARING, TransferIn(product="NONE-1", quantity_t=1, **full)),
        desk.send(CLEARING, Deposit(amount_fen=AMOUNT_FEN_MAX, **full)),
        desk.send(CLEARING, Deposit(amount_fen=1, **full)),
        desk.send(CLEARING, Deposit(amount_fen=2, **full)),
        desk.send(CLEARING, SettleTrade(trade=1, reference="S-1")),
        desk.send(CLEARING, Withdraw(amount_fen=1, **far)),
        desk.send(CLEARING, TransferOut(product="CEA19-20", quantity_t=1, **far)),
        desk.send(CLEARING, TransferOut(product="NONE-1", quantity_t=1, **full)),
        desk.send(CLEARING, TransferOut(product="CEA19-20", quantity_t=500_001, **full)),
        desk.send(CLEARING, Withdraw(amount_fen=10**11 + 2, **full)),
        desk.send(trader(1), Withdraw(amount_fen=1, **full)),
    ) == [
        Reason.PARTICIPANT_UNKNOWN,
        Reason.PARTICIPANT_UNKNOWN,
        Reason.PRODUCT_UNKNOWN,
        Reason.AMOUNT_ABOVE_MAXIMUM,
        Reason.REFERENCE_REUSED,
        Reason.TRADE_UNKNOWN,
        Reason.PARTICIPANT_UNKNOWN,
        Reason.PARTICIPANT_UNKNOWN,
        Reason.PRODUCT_UNKNOWN,
        Reason.HOLDING_NOT_AVAILABLE,
        Reason.CASH_NOT_WITHDRAWABLE,
        Reason.ROLE_NOT_PERMITTED,
    ]


def test_freezing() -> None:
    desk = first_day(Twins(small_profile()))
    frozen = FreezeHolding(
        participant=1, product="CEA19-20", quantity_t=500_000, document="演示文书1号"
    )
    released = ReleaseHolding(
        participant=1, product="CEA19-20", quantity_t=500_001, document="演示文书2号"
    )
    assert refusals(
        desk.approve(structs.replace(frozen, participant=9)),
        desk.approve(structs.replace(frozen, product="NONE-1")),
        desk.approve(structs.replace(frozen, quantity_t=500_001)),
        desk.approve(frozen),
        desk.approve(released),
        desk.approve(structs.replace(released, participant=9)),
        desk.approve(structs.replace(released, product="NONE-1")),
        desk.approve(structs.replace(released, quantity_t=500_000)),
    ) == [
        Reason.PARTICIPANT_UNKNOWN,
        Reason.PRODUCT_UNKNOWN,
        Reason.HOLDING_NOT_AVAILABLE,
        Reason.FROZEN_NOT_ENOUGH,
        Reason.PARTICIPANT_UNKNOWN,
        Reason.PRODUCT_UNKNOWN,
    ]


def test_steps_of_price_and_quantity() -> None:
    desk = first_day(Twins(coarse_profile()))
    assert refusals(
        [desk.listing(1, Side.BUY, 4_801, 20)],
        [desk.listing(1, Side.BUY, 4_800, 21)],
        [desk.listing(1, Side.BUY, 4_800, 10)],
        [desk.listing(1, Side.BUY, 4_800, 1_000)],
    ) == [
        Reason.PRICE_OFF_TICK,
        Reason.QUANTITY_OFF_LOT,
        Reason.QUANTITY_BELOW_MINIMUM,
        Reason.QUANTITY_ABOVE_MAXIMUM,
    ]


def test_a_refusal_is_remembered_only_from_the_check_on() -> None:
    """A key without the right may use the number later; a full day is not held against a number."""
    desk = first_day(Twins(small_profile()))
    cancel = CancelOrder(order=77, client_order=1_000_005)
    assert refusals(desk.send(trader(1), cancel)) == [Reason.ORDER_UNKNOWN]
    (again,) = desk.send(trader(1), cancel)
    assert isinstance(again, Repeated)
    listing = PlaceListing(
        product="CEA19-20", side=Side.BUY, price_fen=4_800, quantity_t=1, client_order=1_000_006
    )
    assert refusals(desk.send(OPERATOR_ONE, listing)) == [Reason.ROLE_NOT_PERMITTED]
    assert refusals(desk.send(OPERATOR_ONE, cancel)) == [Reason.ROLE_NOT_PERMITTED]
    limit = small_profile().capacity.orders_per_day
    for _ in range(limit):
        desk.listing(1, Side.BUY, 1, 1)
    for _ in range(2):
        assert refusals(desk.send(trader(1), listing)) == [Reason.ORDERS_FULL]


def test_together_they_reach_every_reason() -> None:
    """Play all scenes once more and add the table of precedence, whose rows are tests of their own."""
    HEARD.clear()
    for scene in SCENES:
        scene()
    in_table = {told for _, _, told in rows()}
    assert set(Reason) - HEARD - in_table == {Reason.NONE}


SCENES = (
    test_the_stream_reaches_the_common_reasons,
    test_who_and_admission,
    test_capacity,
    test_proposals,
    test_days_and_time,
    test_reference_prices,
    test_registry,
    test_freezing,
    test_steps_of_price_and_quantity,
    test_a_refusal_is_remembered_only_from_the_check_on,
    *DIALOGUE_SCENES,
    *KEY_SCENES,
    *CODE_SCENES,
    *COMPANY_SCENES,
    *LIMIT_SCENES,
)
