"""What the seeded streams must have reached between them, by the names of `tests/reached.py`."""

from typing import get_args

from engine.commands import AnyCommand
from engine.events import Answer, AnyEvent
from engine.reasons import PRECEDENCE, Reason

ORDER_STEPS = """
listing new standing
listing new part
listing new filled
listing new cancelled-OWN_LISTING
listing new cancelled-FILLS_LIMIT
listing standing part
listing standing reduced
listing standing filled
listing standing cancelled-OWNER
listing standing cancelled-CLOSE
listing standing cancelled-SUSPENSION
listing standing cancelled-BAND
listing standing cancelled-REMOVAL
listing standing cancelled-STOP
listing part part
listing part filled
listing part cancelled-OWNER
listing part cancelled-CLOSE
listing reduced part
listing reduced reduced
listing reduced filled
listing reduced cancelled-OWNER
listing reduced cancelled-CLOSE
offer new standing
offer standing filled
offer standing cancelled-OWNER
offer standing cancelled-CLOSE
offer standing cancelled-NEGOTIATION
offer standing cancelled-REMOVAL
offer standing cancelled-STOP
group-offer new standing
group-offer standing filled
group-offer standing cancelled-OWNER
group-offer standing cancelled-CLOSE
group-offer standing cancelled-NEGOTIATION
counter new standing
counter standing taken
counter standing cancelled-OWNER
counter standing cancelled-CLOSE
counter standing cancelled-NEGOTIATION
application new standing
application standing part
application part part
application part filled
application part cancelled-AUCTION
application standing cancelled-AUCTION
application standing cancelled-OWNER
application standing cancelled-CLOSE
bid new standing
bid standing taken
bid standing cancelled-AUCTION
bid standing cancelled-OWNER
bid standing cancelled-STOP
bid taken cancelled-AUCTION
"""
PHASE_STEPS = """
CLOSED PRE_OPEN
PRE_OPEN OPEN
OPEN BREAK
BREAK OPEN
OPEN ENDED
ENDED PRE_OPEN
"""
AUCTION_STEPS = """
APPLIED ANNOUNCED
APPLIED ENDED
ANNOUNCED SOLD NONE UNIFORM
ANNOUNCED SOLD NONE PAY_AS_BID
ANNOUNCED FAILED NO_BIDS UNIFORM
ANNOUNCED FAILED UNDERSUBSCRIBED UNIFORM
"""
NEVER = {
    *((name, Reason.NOT_OFFERED) for name in PRECEDENCE if "Block" in name),
    ("PlaceListing", Reason.NOT_OFFERED),
    ("PlaceListings", Reason.NOT_OFFERED),
    ("ApplyAuction", Reason.BUYING_RESTRICTED),
    ("PlaceBid", Reason.SELLING_RESTRICTED),
    ("ReduceOrder", Reason.ORDERS_FULL),
    ("ConfirmBlock", Reason.PRICE_OUTSIDE_BAND),
    ("ConfirmBlock", Reason.POSITION_LIMIT_EXCEEDED),
}
"""What no market refuses so, or no stream of a day's length does: proved by hand elsewhere."""
RARE = {
    ("ApplyAuction", Reason.KEY_EXPIRED),
    ("ConfirmBlock", Reason.CASH_NOT_AVAILABLE),
    ("ConfirmBlock", Reason.HOLDING_NOT_AVAILABLE),
    ("CounterBlock", Reason.QUANTITY_ABOVE_MAXIMUM),
    ("CounterBlock", Reason.QUANTITY_OFF_LOT),
}
"""What one of eighty streams meets, or none: too seldom to be asked of every long run."""


def wanted() -> set[str]:
    """Return what short streams on all markets reach between them."""
    names = {f"command {kind.__name__}" for kind in get_args(AnyCommand)}
    names |= {f"event {kind.__name__}" for kind in get_args(AnyEvent)}
    names |= {f"repeated {kind.__name__}" for kind in get_args(Answer)}
    names |= {f"reason {reason.name}" for reason in Reason if reason != Reason.NONE}
    names |= {f"order {step}" for step in ORDER_STEPS.strip().splitlines()}
    names |= {f"auction {step}" for step in AUCTION_STEPS.strip().splitlines()}
    for method in ("LISTED", "AUCTION"):
        names |= {f"phase {method} {step}" for step in PHASE_STEPS.strip().splitlines()}
    return names


def wanted_in_the_long_form() -> set[str]:
    """Return that and every refusal that the order of precedence knows of each command."""
    refusals = {
        f"refused {name} {reason.name}"
        for name, reasons in PRECEDENCE.items()
        for reason in reasons
        if (name, reason) not in NEVER | RARE
    }
    return wanted() | refusals
