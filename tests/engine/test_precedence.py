"""Of two broken rules the earlier one of `PRECEDENCE` is told: a table over all order commands.

`build` makes a market and a command in which exactly the named rules are broken. The table asks for
each rule alone and for each pair of neighbours; both exchanges answer, and must agree.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from msgspec import structs

from engine.commands import (
    AcceptBlock,
    CancelOrder,
    OfferBlock,
    OrderCommand,
    PickListing,
    PlaceListing,
    ReferenceBasis,
    Restriction,
    RestrictParticipant,
    Side,
)
from engine.events import AnyEvent, Refused
from engine.profile import Profile
from engine.reasons import PRECEDENCE, Reason
from tests.markets import OPERATOR_ONE, Desk, Twins, coarse_profile, trader, with_product

TAKER, LISTER, POOR, THIRD = 1, 2, 3, 4
DATE = "2021-07-19"
PRODUCT, WITHOUT_REFERENCE, NOT_LISTED = "CEA19-20", "CEA21", "CEA22"
ORDERS_PER_DAY = 12
UNKNOWN = 2**31 - 1
CLIENT_ORDER = 777
RESTRICTIONS = {
    Reason.PARTICIPANT_SUSPENDED: Restriction.SUSPENDED,
    Reason.BUYING_RESTRICTED: Restriction.NO_BUYING,
    Reason.SELLING_RESTRICTED: Restriction.NO_SELLING,
}
EXCLUSIVE = {
    (Reason.PARTICIPANT_SUSPENDED, Reason.BUYING_RESTRICTED),
    (Reason.BUYING_RESTRICTED, Reason.SELLING_RESTRICTED),
    (Reason.BUYING_RESTRICTED, Reason.ORDER_UNKNOWN),
    (Reason.SELLING_RESTRICTED, Reason.ORDER_UNKNOWN),
    (Reason.ROLE_NOT_PERMITTED, Reason.CLIENT_ORDER_REUSED),
    (Reason.QUANTITY_BELOW_MINIMUM, Reason.QUANTITY_ABOVE_MAXIMUM),
    (Reason.CASH_NOT_AVAILABLE, Reason.HOLDING_NOT_AVAILABLE),
}
"""Nothing breaks both: only traders' numbers are remembered, and a quantity, a side or a restriction is
one thing; who names no order takes no side."""
Broken = frozenset[Reason]


def profile() -> Profile:
    rules = coarse_profile()
    capacity = structs.replace(rules.capacity, orders_per_day=ORDERS_PER_DAY)
    rules = structs.replace(rules, capacity=capacity)
    return with_product(rules, 1, listed_from=DATE, first_reference="administrative")


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
    desk = Desk(Twins(profile()))
    desk.found(4)
    desk.open_day(DATE)
    for participant in (TAKER, LISTER, THIRD):
        desk.endow(participant, 10**11, 200_000)
    desk.set_reference(5_000, basis=ReferenceBasis.ADMINISTRATIVE)
    desk.advance("13:00")
    is_poor = {Reason.CASH_NOT_AVAILABLE, Reason.HOLDING_NOT_AVAILABLE} & broken
    sender = POOR if is_poor else TAKER
    resting = surround(desk, kind, broken, sender)
    command = make_command(kind, broken, sender, resting)
    restriction = next((RESTRICTIONS[r] for r in RESTRICTIONS if r in broken), None)
    if restriction:
        desk.approve(RestrictParticipant(participant=sender, restriction=restriction))
    key = trader(sender)
    if Reason.ROLE_NOT_PERMITTED in broken:
        key = OPERATOR_ONE
    if Reason.KEY_UNKNOWN in broken:
        key = 999
    if Reason.CLIENT_ORDER_REUSED in broken:
        desk.send(key, CancelOrder(order=UNKNOWN - 1, client_order=CLIENT_ORDER))
    if Reason.ORDERS_FULL in broken:
        for _ in range(ORDERS_PER_DAY):
            desk.listing(THIRD, Side.BUY, 1, 1)
    if Reason.PHASE_CLOSED in broken:
        desk.advance("15:30")
    return Case(desk, key, command)


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
    if kind == "CancelOrder" and Reason.NOT_ORDER_OWNER not in broken:
        owner = sender
    if kind == "AcceptBlock":
        named = THIRD if Reason.NOT_OFFER_COUNTERPARTY in broken else sender
        order = offer(desk, owner, side, named)
    else:
        order = getattr(desk.listing(owner, side, 5_000, 100), "order", 0)
    if Reason.BETTER_LEVEL_EXISTS in broken:
        desk.listing(THIRD, side, 4_900 if side == Side.SELL else 5_100, 100)
    if Reason.ORDER_NOT_OPEN in broken:
        cancel = CancelOrder(order=order, client_order=desk.next_client_order())
        desk.send(trader(owner), cancel)
    return order


def offer(desk: Desk, owner: int, side: Side, named: int) -> int:
    command = OfferBlock(
        product=PRODUCT,
        side=side,
        counterparty=named,
        price_fen=5_000,
        quantity_t=1_000,
        client_order=desk.next_client_order(),
    )
    return getattr(desk.one(trader(owner), command), "order", 0)


def make_command(kind: str, broken: Broken, sender: int, resting: int) -> OrderCommand:
    target = UNKNOWN if Reason.ORDER_UNKNOWN in broken else resting
    if kind == "CancelOrder":
        return CancelOrder(order=target, client_order=CLIENT_ORDER)
    if kind == "AcceptBlock":
        return AcceptBlock(offer=target, client_order=CLIENT_ORDER)
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


def rows() -> list[tuple[str, Broken, Reason]]:
    """Return command, broken rules and the one that must be told."""
    table: list[tuple[str, Broken, Reason]] = []
    for kind, reasons in PRECEDENCE.items():
        table += [(kind, frozenset({reason}), reason) for reason in reasons]
        pairs = [*pairwise(reasons), *around_restrictions(reasons)]
        for earlier, later in dict.fromkeys(pairs):
            if (earlier, later) not in EXCLUSIVE:
                table.append((kind, frozenset({earlier, later}), earlier))
    return table


def around_restrictions(reasons: tuple[Reason, ...]) -> list[tuple[Reason, Reason]]:
    """Return each restriction with the rule before and the two rules after all three."""
    if Reason.PARTICIPANT_SUSPENDED not in reasons:
        return []
    place = reasons.index(Reason.PARTICIPANT_SUSPENDED)
    after = reasons[place + len(RESTRICTIONS) :][:2]
    before = [(reasons[place - 1], restriction) for restriction in RESTRICTIONS]
    return before + [(restriction, later) for restriction in RESTRICTIONS for later in after]


@pytest.mark.parametrize(
    ("kind", "broken", "told"),
    rows(),
    ids=lambda value: (
        "+".join(sorted(reason.name for reason in value))
        if isinstance(value, frozenset)
        else str(getattr(value, "name", value))
    ),
)
def test_the_earlier_rule_is_told(kind: str, broken: Broken, told: Reason) -> None:
    answer = build(kind, broken).answer()
    assert isinstance(answer, Refused), answer
    assert answer.reason == told


@pytest.mark.parametrize("kind", PRECEDENCE)
def test_the_unbroken_command_is_accepted(kind: str) -> None:
    answer = build(kind, frozenset()).answer()
    assert not isinstance(answer, Refused), answer


@pytest.mark.parametrize("kind", PRECEDENCE)
def test_a_command_that_breaks_everything_hears_of_each_rule_in_its_turn(kind: str) -> None:
    """Mend the rules one after the other from the front: always the next one is told."""
    both_sides = {
        Reason.QUANTITY_ABOVE_MAXIMUM,
        Reason.HOLDING_NOT_AVAILABLE,
        Reason.SELLING_RESTRICTED,
    }
    left = [r for r in PRECEDENCE[kind] if r not in both_sides]
    if Reason.OWN_LISTING in left:
        left.remove(Reason.CASH_NOT_AVAILABLE)  # who cannot pay cannot be made to list here
    while left:
        broken = frozenset(left)
        if Reason.CLIENT_ORDER_REUSED in broken and Reason.ROLE_NOT_PERMITTED in broken:
            broken -= {Reason.CLIENT_ORDER_REUSED}
        if left[0] == Reason.BUYING_RESTRICTED:
            broken -= {Reason.ORDER_UNKNOWN}
        answer = build(kind, broken).answer()
        assert isinstance(answer, Refused), (left, answer)
        assert answer.reason == left[0]
        del left[0]
