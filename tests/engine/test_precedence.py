"""Of two broken rules the earlier one of `PRECEDENCE` is told: a table over the commands of the core.

`build` makes a market and a command in which exactly the named rules are broken. The table asks for
each rule alone and for each pair of neighbours; both exchanges answer, and must agree. Dialogues and
auctions have tables of their own (test_take_refused, test_block_refused, test_auction_refused).
"""

from dataclasses import dataclass
from enum import Enum
from itertools import combinations, pairwise
from typing import Any

import pytest
from msgspec import structs

from engine.commands import (
    AcceptBlock,
    CancelOrder,
    CounterBlock,
    Halt,
    HaltScope,
    Method,
    OfferBlock,
    OfferBlockToGroup,
    OrderCommand,
    PickListing,
    PlaceListing,
    ReduceOrder,
    ReferenceBasis,
    SetBlockGroup,
    Side,
)
from engine.events import AnyEvent, BlockCountered, Refused
from engine.profile import Position, Profile
from engine.reasons import PRECEDENCE, Reason
from tests.engine.barred import BARS, bar, limit, sending_key
from tests.markets import OPERATOR_ONE, Desk, Twins, coarse_profile, trader, with_product

TAKER, LISTER, POOR, THIRD = 1, 2, 3, 4
DATE = "2021-07-19"
PRODUCT, WITHOUT_REFERENCE, NOT_LISTED = "CEA19-20", "CEA21", "CEA22"
ORDERS_PER_DAY = 12
UNKNOWN = 2**31 - 1
CLIENT_ORDER = 777


class Second(Enum):
    """The rule that stands twice in `PRECEDENCE`, where it stands for the second time."""

    HALTED = Reason.HALTED
    """A halt of the product; the first one is of the market, the method or the participant."""


Rule = Reason | Second
Broken = frozenset[Rule]
KINDS = (
    "PlaceListing",
    "PickListing",
    "OfferBlock",
    "AcceptBlock",
    "CancelOrder",
    "ReduceOrder",
)
ELSEWHERE = {
    *((kind, Reason.NOT_OFFERED) for kind in ("PlaceListing", "OfferBlock", "AcceptBlock")),
    *((kind, Reason.ORDERS_FULL) for kind in ("CancelOrder", "ReduceOrder")),
    ("CancelOrder", Reason.AUCTION_ANNOUNCED),
    ("CancelOrder", Reason.BID_IRREVOCABLE),
}
"""What every market offers, what only thousands of cancels reach, and what only auctions have."""
EXCLUSIVE: set[tuple[Rule, Rule]] = {
    (Reason.PARTICIPANT_SUSPENDED, Reason.BUYING_RESTRICTED),
    (Reason.PARTICIPANT_SUSPENDED, Reason.SELLING_RESTRICTED),
    (Reason.BUYING_RESTRICTED, Reason.SELLING_RESTRICTED),
    (Reason.BUYING_RESTRICTED, Reason.ORDER_UNKNOWN),
    (Reason.SELLING_RESTRICTED, Reason.ORDER_UNKNOWN),
    (Reason.ROLE_NOT_PERMITTED, Reason.CLIENT_ORDER_REUSED),
    (Reason.KEY_REVOKED, Reason.KEY_EXPIRED),
    (Reason.QUANTITY_BELOW_MINIMUM, Reason.QUANTITY_ABOVE_MAXIMUM),
    (Reason.CASH_NOT_AVAILABLE, Reason.HOLDING_NOT_AVAILABLE),
    (Reason.BETTER_LEVEL_EXISTS, Reason.LEVEL_TOO_DEEP),
}
"""Nothing breaks both: only traders' numbers are remembered, and a quantity, a side, a restriction or the
choice of levels is one thing; who names no order takes no side."""
IS_POOR = {Reason.CASH_NOT_AVAILABLE, Reason.HOLDING_NOT_AVAILABLE}
LIMIT_T = 250_000
"""The position limit, where it is to be broken; everybody but the sender holds less."""


def rules_of(kind: str) -> tuple[Rule, ...]:
    """Return the rules of a command in their order, as far as they are asked for here."""
    found: list[Rule] = []
    for reason in PRECEDENCE[kind]:
        if (kind, reason) in ELSEWHERE:
            continue
        found.append(Second.HALTED if reason in found else reason)
    return tuple(found)


def profile(broken: Broken) -> Profile:
    rules = coarse_profile()
    rules = structs.replace(
        rules,
        capacity=structs.replace(rules.capacity, orders_per_day=ORDERS_PER_DAY, halts=9),
        listed=structs.replace(rules.listed, **switches(broken)),
        position=Position(limit_t=LIMIT_T if Reason.POSITION_LIMIT_EXCEEDED in broken else 0),
    )
    return with_product(rules, 1, listed_from=DATE, first_reference="administrative")


def switches(broken: Broken) -> dict[str, Any]:
    """Return how the market trades, where a rule is broken that only some markets have."""
    told: dict[str, Any] = {"reduce": Reason.NOT_OFFERED not in broken}
    if Reason.NOT_OFFERED in broken:
        told |= {"picks": False, "crossing_listings": "match"}
    if Reason.LEVEL_TOO_DEEP in broken:
        told |= {"level_choice": "any_of_five_levels", "levels_shown": 1}
    if Reason.EARLIER_LISTING_EXISTS in broken:
        told["same_price_choice"] = "time"
    return told


@dataclass
class Case:
    """A market, and who sends what into it."""

    desk: Desk
    key: int
    command: OrderCommand

    def answer(self) -> AnyEvent:
        """Send it; the last event is the command's own answer."""
        return self.desk.send(self.key, self.command)[-1]


def build(kind: str, broken: Broken) -> Case:
    desk = Desk(Twins(profile(broken)))
    desk.found(4)
    key = sending_key(desk, broken, POOR if IS_POOR & broken else TAKER)
    desk.open_day(DATE)
    for participant in (TAKER, LISTER, THIRD):
        desk.endow(participant, 10**11, 200_000)
    desk.set_reference(5_000, basis=ReferenceBasis.ADMINISTRATIVE)
    desk.advance("13:00")
    sender = POOR if IS_POOR & broken else TAKER
    if Reason.POSITION_LIMIT_EXCEEDED in broken:
        desk.endow(sender, 0, LIMIT_T)
    resting = surround(desk, kind, broken, sender)
    command = make_command(kind, broken, sender, resting)
    bar(desk, broken, sender)
    limit(desk, broken, key)
    halt(desk, kind, broken)
    if Reason.CLIENT_ORDER_REUSED in broken:
        desk.send(key, CancelOrder(order=UNKNOWN - 1, client_order=CLIENT_ORDER))
    if Reason.ORDERS_FULL in broken:
        for _ in range(ORDERS_PER_DAY):
            desk.listing(THIRD, Side.BUY, 1, 1)
    if Reason.PHASE_CLOSED in broken:
        desk.advance("15:30")
    return Case(desk, key, command)


def halt(desk: Desk, kind: str, broken: Broken) -> None:
    """Halt every product first and then the method, so that the two have different numbers."""
    if Second.HALTED in broken:
        for code in (PRODUCT, WITHOUT_REFERENCE, NOT_LISTED):
            halted = Halt(scope=HaltScope.PRODUCT, product=code, explanation="演示")
            desk.send(OPERATOR_ONE, halted)
    if Reason.HALTED in broken:
        method = Method.BLOCK if kind.endswith("Block") else Method.LISTED
        halted = Halt(scope=HaltScope.METHOD, method=method, explanation="演示")
        desk.send(OPERATOR_ONE, halted)


def acting_side(broken: Broken) -> Side:
    """Return the side on which the command acts: it buys, unless selling is to fail."""
    sells = {Reason.HOLDING_NOT_AVAILABLE, Reason.SELLING_RESTRICTED} & broken
    return Side.SELL if sells else Side.BUY


def surround(desk: Desk, kind: str, broken: Broken, sender: int) -> int:
    """Put the order into the market that a pick, an acceptance or a cancel names; return its number."""
    if kind in ("PlaceListing", "OfferBlock"):
        return 0
    side = Side.SELL if acting_side(broken) == Side.BUY else Side.BUY
    owner = LISTER
    if Reason.OWN_LISTING in broken:
        owner = sender
    if kind in ("CancelOrder", "ReduceOrder") and Reason.NOT_ORDER_OWNER not in broken:
        owner = sender
    if kind == "AcceptBlock":
        order = offer(desk, owner, side, sender, broken)
    else:
        if Reason.EARLIER_LISTING_EXISTS in broken:
            desk.listing(THIRD, side, 5_000, 100)
        order = getattr(desk.listing(owner, side, 5_000, 100), "order", 0)
    if {Reason.BETTER_LEVEL_EXISTS, Reason.LEVEL_TOO_DEEP} & broken:
        desk.listing(THIRD, side, 4_900 if side == Side.SELL else 5_100, 100)
    if Reason.ORDER_NOT_OPEN in broken:
        cancel = CancelOrder(order=order, client_order=desk.next_client_order())
        desk.send(trader(owner), cancel)
    return order


def offer(desk: Desk, owner: int, side: Side, sender: int, broken: Broken) -> int:
    """Offer a block to the sender, or to somebody else; a third party may talk about it already."""
    named = THIRD if Reason.NOT_OFFER_COUNTERPARTY in broken else sender
    fields: dict[str, Any] = {"product": PRODUCT, "price_fen": 5_000, "quantity_t": 1_000}
    number = desk.next_client_order()
    if Reason.OFFER_IN_NEGOTIATION not in broken:
        command = OfferBlock(side=side, counterparty=named, client_order=number, **fields)
        return getattr(desk.one(trader(owner), command), "order", 0)
    members = tuple({named, THIRD})
    desk.one(trader(owner), SetBlockGroup(group="all", members=members))
    to_group = OfferBlockToGroup(side=side, group="all", client_order=number, **fields)
    order = getattr(desk.one(trader(owner), to_group), "order", 0)
    counter = CounterBlock(
        offer=order,
        counterparty=owner,
        price_fen=5_000,
        quantity_t=1_000,
        client_order=desk.next_client_order(),
    )
    assert isinstance(desk.one(trader(THIRD), counter), BlockCountered)
    return order


def make_command(kind: str, broken: Broken, sender: int, resting: int) -> OrderCommand:
    target = UNKNOWN if Reason.ORDER_UNKNOWN in broken else resting
    if kind == "CancelOrder":
        return CancelOrder(order=target, client_order=CLIENT_ORDER)
    if kind == "AcceptBlock":
        return AcceptBlock(offer=target, client_order=CLIENT_ORDER)
    if kind == "ReduceOrder":
        quantity_t = 100 if Reason.REDUCTION_NOT_LESS in broken else 50
        quantity_t += 1 if Reason.QUANTITY_OFF_LOT in broken else 0
        return ReduceOrder(order=target, quantity_t=quantity_t, client_order=CLIENT_ORDER)
    quantity_t = 100 if kind != "OfferBlock" else 1_000
    quantity_t += 1 if Reason.QUANTITY_OFF_LOT in broken else 0
    if kind == "PickListing":
        quantity_t += 50 if Reason.LISTING_QUANTITY_NOT_AVAILABLE in broken else 0
        return PickListing(listing=target, quantity_t=quantity_t, client_order=CLIENT_ORDER)
    quantity_t -= 90 if Reason.QUANTITY_BELOW_MINIMUM in broken else 0
    quantity_t += 100_000 if Reason.QUANTITY_ABOVE_MAXIMUM in broken else 0
    price_fen = 5_000 + (3 if Reason.PRICE_OFF_TICK in broken else 0)
    price_fen += 10_000 if Reason.PRICE_OUTSIDE_BAND in broken else 0
    fields: dict[str, Any] = {
        "product": product(broken),
        "side": acting_side(broken),
        "price_fen": price_fen,
        "quantity_t": quantity_t,
        "client_order": CLIENT_ORDER,
    }
    if kind == "PlaceListing":
        return PlaceListing(**fields)
    return OfferBlock(counterparty=counterparty(broken, sender), **fields)


def product(broken: Broken) -> str:
    """Return a product; an unknown one is not listed either, an unlisted one has no reference."""
    if Reason.PRODUCT_UNKNOWN in broken:
        return "NONE-1"
    if Reason.PRODUCT_NOT_LISTED in broken:
        return NOT_LISTED
    return WITHOUT_REFERENCE if Reason.REFERENCE_PRICE_MISSING in broken else PRODUCT


def counterparty(broken: Broken, sender: int) -> int:
    if Reason.COUNTERPARTY_UNKNOWN in broken:
        return UNKNOWN
    return sender if Reason.OWN_COUNTERPARTY in broken else LISTER


def rows() -> list[tuple[str, Broken, Rule]]:
    """Return command, broken rules and the one that must be told."""
    table: list[tuple[str, Broken, Rule]] = []
    for kind in KINDS:
        rules = rules_of(kind)
        table += [(kind, frozenset({rule}), rule) for rule in rules]
        pairs = [*pairwise(rules), *around_restrictions(rules)]
        for earlier, later in dict.fromkeys(pairs):
            if (earlier, later) not in EXCLUSIVE:
                table.append((kind, frozenset({earlier, later}), earlier))
    return table


def around_restrictions(rules: tuple[Rule, ...]) -> list[tuple[Rule, Rule]]:
    """Return each bar with the rule before and the two rules after all five, and every two of them."""
    if BARS[0] not in rules:
        return []
    place = rules.index(BARS[0])
    after = rules[place + len(BARS) :][:2]
    before: list[tuple[Rule, Rule]] = [(rules[place - 1], rule) for rule in BARS]
    return [*before, *combinations(BARS, 2), *((bar, later) for bar in BARS for later in after)]


def assert_told(answer: AnyEvent, rule: Rule, broken: Broken) -> None:
    """Say that a refusal names the rule; of halts, the right one by its number."""
    assert isinstance(answer, Refused), answer
    assert answer.reason == (rule.value if isinstance(rule, Second) else rule)
    if rule is Second.HALTED:
        assert answer.figure_a in (1, 2)  # of the products, which were halted first
    if rule is Reason.HALTED:
        assert answer.figure_a == (4 if Second.HALTED in broken else 1)


@pytest.mark.parametrize(
    ("kind", "broken", "told"),
    rows(),
    ids=lambda value: (
        "+".join(sorted(str(rule) for rule in value))
        if isinstance(value, frozenset)
        else str(getattr(value, "name", value))
    ),
)
def test_the_earlier_rule_is_told(kind: str, broken: Broken, told: Rule) -> None:
    assert_told(build(kind, broken).answer(), told, broken)


@pytest.mark.parametrize("kind", KINDS)
def test_the_unbroken_command_is_accepted(kind: str) -> None:
    answer = build(kind, frozenset()).answer()
    assert not isinstance(answer, Refused), answer


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_that_breaks_everything_hears_of_each_rule_in_its_turn(kind: str) -> None:
    """Mend the rules one after the other from the front: always the next one is told."""
    both_sides = {
        Reason.QUANTITY_ABOVE_MAXIMUM,
        Reason.HOLDING_NOT_AVAILABLE,
        Reason.SELLING_RESTRICTED,
    }
    left = [rule for rule in rules_of(kind) if rule not in both_sides]
    if Reason.OWN_LISTING in left:
        left.remove(Reason.CASH_NOT_AVAILABLE)  # who cannot pay cannot be made to list here
    while left:
        broken = frozenset(left)
        if Reason.CLIENT_ORDER_REUSED in broken and Reason.ROLE_NOT_PERMITTED in broken:
            broken -= {Reason.CLIENT_ORDER_REUSED}
        if left[0] == Reason.BUYING_RESTRICTED:
            broken -= {Reason.ORDER_UNKNOWN}
        if Reason.BETTER_LEVEL_EXISTS in broken:
            broken -= {Reason.LEVEL_TOO_DEEP}
        assert_told(build(kind, broken).answer(), left[0], broken)
        del left[0]
