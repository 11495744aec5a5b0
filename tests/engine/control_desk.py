"""A desk for what operators do: engine and oracle agree on every step, and a refusal changes nothing."""

from typing import Any

from msgspec import structs

from engine import snapshot
from engine.commands import AnyCommand, Entry, Halt, HaltScope, Resume
from engine.events import AnyEvent, ProposalApproved, Refused
from engine.exchange import Exchange
from engine.profile import Profile
from engine.reasons import Reason
from tests.markets import (
    FIRST_DATE,
    OPERATOR_ONE,
    OPERATOR_TWO,
    PRODUCT,
    Desk,
    Twins,
    first_day,
    small_profile,
)

OTHER = "CEA21"
STRANGER = "CEA22"
"""The second and the third product of the small markets."""
PASSING = (
    *("sequence", "time_ns", "digest", "event_count"),
    *("order_count", "refusal_count", "cancel_count"),
)
"""Numbers that every answer moves, a refusal too."""


def roomy_profile() -> Profile:
    """Return the small market with room for a few of everything that is rare."""
    rules = small_profile()
    room = {
        "halts": 9,
        "closures": 9,
        "notices": 9,
        "switches": 9,
        "proposals": 9,
        "auctions": 9,
        "bids": 20,
        "groups": 9,
        "group_offers": 9,
        "negotiations": 9,
        "rounds": 9,
    }
    return structs.replace(rules, capacity=structs.replace(rules.capacity, **room))


def two_products() -> Profile:
    """Return a market in which two products weigh 1 and 2 from the first day on, and a third nothing."""
    rules = roomy_profile()
    products = tuple(
        structs.replace(
            product,
            listed_from=FIRST_DATE,
            first_reference="administrative",
            first_reference_fen=price,
        )
        for product, price in zip(rules.products, (4_800, 6_000, 7_000), strict=True)
    )
    members = structs.replace(
        rules.composite[0], members=(PRODUCT, OTHER), weights=(1, 2), effective_from=FIRST_DATE
    )
    return structs.replace(rules, products=products, composite=(members,))


def inside(exchange: Exchange) -> dict[str, Any]:
    """Return all that a refused command may not change; proposals and order rows are left out."""
    content = structs.asdict(snapshot._open(exchange.snapshot()))
    for name in ("sequence", "event_digest", "state_digest", "proposals", "answers"):
        del content[name]
    for name in PASSING:
        del content["numbers"][name]
    for name in ("orders", "refusals", "cancels"):
        del content["rows"][name]
    return content


class Watched(Twins):
    """Engine and oracle that prove themselves after every entry, and that a refusal changed nothing."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile)
        self.has_begun = False

    def apply(self, entry: Entry) -> list[AnyEvent]:
        """Take one entry."""
        before = inside(self.exchange) if self.has_begun else {}
        self.looks_at_everything = self.has_begun
        events = super().apply(entry)
        told = [event for event in events if not isinstance(event, ProposalApproved)]
        if self.has_begun and told and all(isinstance(event, Refused) for event in told):
            assert inside(self.exchange) == before, f"a refusal changed something: {entry}"
        return events


def watched_day(profile: Profile, **endowed: int) -> Desk:
    """Return a desk on the first day at 09:30, everybody endowed, everything watched from here on."""
    watched = Watched(profile)
    desk = first_day(watched, **endowed)
    watched.has_begun = True
    return desk


def exchange_of(desk: Desk) -> Exchange:
    """Return the exchange behind a desk of `watched_day`."""
    assert isinstance(desk.market, Watched)
    return desk.market.exchange


def refusal(desk: Desk, key: int, command: AnyCommand) -> tuple[Reason, int, int]:
    """Send a command that is refused, and return the reason and both figures."""
    refused = desk.send(key, command)[-1]
    assert isinstance(refused, Refused), refused
    return refused.reason, refused.figure_a, refused.figure_b


def refused_action(desk: Desk, action: Any) -> tuple[Reason, int, int]:
    """Let two operators do what is refused, and return the reason and both figures."""
    (refused,) = desk.approve(action)
    assert isinstance(refused, Refused), refused
    assert refused.action == 0
    return refused.reason, refused.figure_a, refused.figure_b


def halt(desk: Desk, scope: HaltScope, **target: Any) -> AnyEvent:
    """Let the first operator halt something."""
    command = Halt(scope=scope, explanation="系统故障", **target)
    return desk.one(OPERATOR_ONE, command)


def resume(desk: Desk, number: int) -> AnyEvent:
    """Let the second operator end a halt."""
    return desk.one(OPERATOR_TWO, Resume(halt=number, explanation="故障排除"))
