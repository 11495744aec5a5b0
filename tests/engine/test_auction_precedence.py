"""An application and a bid that break every rule at once are put right rule by rule, in the order told.

Each step sends a command that still breaks all the rules further down (as far as they can be broken
together), so the reason that is told shows which rule is asked first (`reasons.PRECEDENCE`).
"""

from msgspec import structs

from engine.commands import (
    ApplyAuction,
    Halt,
    HaltScope,
    Method,
    PlaceBid,
    Restriction,
    RestrictParticipant,
    Resume,
    SetOwnLimits,
    Withdraw,
)
from engine.events import AuctionApplied, BidPlaced
from engine.profile import Profile
from engine.reasons import PRECEDENCE, Reason
from tests.engine.auction_desk import (
    CASH_FEN,
    CLOSE,
    LOWER,
    PAY_AS_BID,
    UNIFORM,
    House,
    auction_rules,
    broken,
    with_capacity,
)
from tests.markets import CLEARING, OPERATOR_ONE, OPERATOR_TWO, PRODUCT, trader

OWNER, BIDDER = 2, 3


def narrow(**capacity: int) -> Profile:
    """Return rules that are easily broken: coarse steps, half a share, a position limit."""
    rules = auction_rules(
        bid_lot_t=500, bid_t_min=1_000, bidder_share_bp=5_000, price_modes=(UNIFORM,)
    )
    position = structs.replace(rules.position, limit_t=1_020_000)
    whole = structs.replace(rules, tick_size_fen=10, lot_size_t=10, position=position)
    return with_capacity(whole, participants=16, keys=32, orders_per_day=400, **capacity)


def halt(house: House, scope: HaltScope) -> None:
    """Halt the method of auctions or the product."""
    command = Halt(scope=scope, method=Method.AUCTION, product=PRODUCT, explanation="演示")
    house.send(OPERATOR_ONE, command)


def halt_both(house: House) -> None:
    """Halt the method first and then the product."""
    halt(house, HaltScope.METHOD)
    halt(house, HaltScope.PRODUCT)


def resume(house: House, number: int) -> None:
    """Resume."""
    house.send(OPERATOR_TWO, Resume(halt=number, explanation="演示"))


def restrict(house: House, restriction: Restriction) -> None:
    """Restrict the one who sells its own auction, or lift it."""
    house.desk.approve(RestrictParticipant(participant=OWNER, restriction=restriction))


def limit(house: House, participant: int, tonnes: int) -> None:
    """Limit the orders of a participant's key, or lift it."""
    command = SetOwnLimits(key=trader(participant), order_max_t=tonnes, explanation="演示")
    house.send(OPERATOR_ONE, command)


def in_order(command: str, told: list[Reason]) -> None:
    """Hold the reasons told against the documented order."""
    documented = iter(PRECEDENCE[command])
    assert all(reason in documented for reason in told), told


def test_the_rules_of_a_bid_are_asked_in_the_documented_order() -> None:
    house = House(narrow(bids=1))
    house.open()
    for _ in range(2):
        assert isinstance(house.apply(100_000, participant=OWNER), AuctionApplied)
    house.announce(1, "13:00", "14:00")
    restrict(house, Restriction.NO_BUYING)
    halt_both(house)
    house.desk.advance("12:00")
    told: list[Reason] = []

    def tell(participant: int, price_fen: int, quantity_t: int, auction: int) -> None:
        told.append(broken(house.try_bid(participant, price_fen, quantity_t, auction))[0])

    tell(OWNER, 9_999, 150_250, 9)
    house.desk.advance("13:00")
    tell(OWNER, 9_999, 150_250, 9)
    resume(house, 1)
    tell(OWNER, 9_999, 150_250, 9)
    restrict(house, Restriction.NONE)
    tell(OWNER, 9_999, 150_250, 9)
    tell(OWNER, 9_999, 150_250, 2)
    tell(OWNER, 9_999, 150_250, 1)
    resume(house, 2)
    tell(OWNER, 9_999, 150_250, 1)
    standing = house.bid(4, 5_000, 1_000)
    leaves = Withdraw(participant=BIDDER, amount_fen=CASH_FEN - 1_000, reference="OUT-1")
    house.send(CLEARING, leaves)
    limit(house, BIDDER, 59_999)
    for price_fen in (9_999, 9_990, 5_000):
        tell(BIDDER, price_fen, 150_250, 1)
    for tonnes in (500, 150_000, 60_000):
        tell(BIDDER, 5_000, tonnes, 1)
    limit(house, BIDDER, 0)
    tell(BIDDER, 5_000, 60_000, 1)
    tell(BIDDER, 5_000, 50_000, 1)
    house.cancel(4, standing)
    tell(BIDDER, 5_000, 50_000, 1)
    tell(BIDDER, 5_000, 20_000, 1)
    assert told == [
        Reason.PHASE_CLOSED,
        Reason.HALTED,
        Reason.BUYING_RESTRICTED,
        Reason.AUCTION_UNKNOWN,
        Reason.AUCTION_NOT_OPEN,
        Reason.HALTED,
        Reason.OWN_AUCTION,
        Reason.PRICE_OFF_TICK,
        Reason.PRICE_OUTSIDE_BAND,
        Reason.QUANTITY_OFF_LOT,
        Reason.QUANTITY_BELOW_MINIMUM,
        Reason.QUANTITY_ABOVE_MAXIMUM,
        Reason.OWN_LIMIT,
        Reason.BIDDER_SHARE_EXCEEDED,
        Reason.BIDS_FULL,
        Reason.POSITION_LIMIT_EXCEEDED,
        Reason.CASH_NOT_AVAILABLE,
    ]
    in_order("PlaceBid", told)
    assert isinstance(house.try_bid(4, 5_000, 20_000), BidPlaced)


def test_the_rules_of_an_application_are_asked_in_the_documented_order() -> None:
    house = House(narrow(auctions=1))
    told: list[Reason] = []

    def tell(**fields: object) -> None:
        whole: dict[str, object] = {
            "participant": OWNER,
            "price_mode": UNIFORM,
            "product": PRODUCT,
            "quantity_t": 99_995,
            "wished_begin_ns": 1,
        }
        told.append(broken(house.apply(**{**whole, **fields}))[0])  # type: ignore[arg-type]

    restrict(house, Restriction.NO_SELLING)
    halt_both(house)
    tell(price_mode=PAY_AS_BID, product="CEA99")
    tell(product="CEA99")
    resume(house, 1)
    tell(product="CEA99")
    restrict(house, Restriction.NONE)
    tell(product="CEA99")
    tell(product="CEA24")
    tell()
    house.open()
    tell()
    resume(house, 2)
    tell()
    tell(quantity_t=99_990)
    limit(house, OWNER, 1_999_999)
    tell(quantity_t=2_000_000)
    limit(house, OWNER, 0)
    tell(quantity_t=2_000_000)
    house.apply(100_000, participant=4, floor=CLOSE)
    tell(quantity_t=2_000_000, wished_begin_ns=0)
    assert told == [
        Reason.NOT_OFFERED,
        Reason.HALTED,
        Reason.SELLING_RESTRICTED,
        Reason.PRODUCT_UNKNOWN,
        Reason.PRODUCT_NOT_LISTED,
        Reason.REFERENCE_PRICE_MISSING,
        Reason.HALTED,
        Reason.QUANTITY_OFF_LOT,
        Reason.QUANTITY_BELOW_MINIMUM,
        Reason.OWN_LIMIT,
        Reason.AUCTION_WINDOW_INVALID,
        Reason.AUCTIONS_FULL,
    ]
    in_order("ApplyAuction", told)


def test_the_sender_and_the_memory_come_before_every_other_rule() -> None:
    """Who may not send learns nothing more; a number used before is told even where nothing is offered."""
    house = House(narrow())
    house.open()
    bid = PlaceBid(auction=9, price_fen=9_999, quantity_t=1, client_order=1)
    apply = ApplyAuction(
        product="CEA99", quantity_t=1, floor=LOWER, price_mode=PAY_AS_BID, client_order=1
    )
    for command in (bid, apply):
        for key, reason in ((99, Reason.KEY_UNKNOWN), (CLEARING, Reason.ROLE_NOT_PERMITTED)):
            (refused,) = house.send(key, command)
            assert broken(refused) == (reason, 0, 0)
    (first,) = house.send(trader(OWNER), bid)
    assert broken(first)[0] is Reason.PHASE_CLOSED
    (other,) = house.send(trader(OWNER), apply)
    assert broken(other)[0] is Reason.CLIENT_ORDER_REUSED
