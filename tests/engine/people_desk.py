"""A desk for keys and companies: who has which key is named once, and every step is watched."""

from typing import Any

from msgspec import structs

from engine.commands import (
    AnyCommand,
    EnrolKey,
    Permission,
    Role,
)
from engine.events import KeyEnrolled, Refused
from engine.exchange import Exchange
from engine.profile import Control, Profile
from tests.engine.control_desk import Watched, exchange_of, roomy_profile, watched_day
from tests.heard import refusals
from tests.markets import Desk, public_key

LISTED_ONLY = (Permission.LISTED,)


def people_profile(**changes: Any) -> Profile:
    """Return the roomy market with room for keys and codes; `approvers` names who approves."""
    rules = roomy_profile()
    control = Control(approvers=changes.pop("approvers", "operators"))
    capacity = structs.replace(
        rules.capacity, **{"keys": 60, "codes": 3, "company_proposals": 2} | changes
    )
    return structs.replace(rules, capacity=capacity, control=control)


class People:
    """A watched desk at 09:30 on the first day, and the keys that it has enrolled by name."""

    def __init__(self, **changes: Any) -> None:
        self.desk: Desk = watched_day(people_profile(**changes))
        self.count = 0

    @property
    def exchange(self) -> Exchange:
        """The engine behind the desk."""
        return exchange_of(self.desk)

    @property
    def watched(self) -> Watched:
        """The market, engine and oracle."""
        assert isinstance(self.desk.market, Watched)
        return self.desk.market

    def fresh(self) -> str:
        """Return a public key that nobody has."""
        self.count += 1
        return public_key(5_000 + self.count)

    def wish(self, role: Role, person: str, participant: int = 0, **terms: Any) -> EnrolKey:
        """Return the enrolment of a fresh key."""
        return EnrolKey(
            public_key=self.fresh(), role=role, person=person, participant=participant, **terms
        )

    def key(self, role: Role, person: str, participant: int = 0, **terms: Any) -> int:
        """Let two operators enrol a key; return its number."""
        (enrolled,) = self.desk.approve(self.wish(role, person, participant, **terms))
        assert isinstance(enrolled, KeyEnrolled), enrolled
        return enrolled.key

    def told(self, key: int, command: AnyCommand) -> list[str]:
        """Send a command; return the names of the events, of a refusal its reason."""
        events = self.desk.send(key, command)
        refusals(events)  # so that they count as heard
        return [
            event.reason.name if isinstance(event, Refused) else type(event).__name__
            for event in events
        ]
