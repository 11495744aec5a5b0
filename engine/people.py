"""Who the market knows: participants, keys and their ends, enrolment codes, stops, and proposals.

No rule stands here. What is said to be made again follows from the rest, so that no snapshot holds it.
"""

from msgspec import Struct

from engine.commands import Action, Role
from engine.events import (
    CodeIssued,
    KeyEnrolled,
    KeyExpired,
    KeyRevoked,
    ParticipantAdmitted,
    TradingStopped,
)


class Proposal(Struct, kw_only=True):
    """A proposal and whether it still waits."""

    number: int
    key: int
    person: str
    actions: tuple[Action, ...]
    reason: str
    time_ns: int
    is_open: bool = True
    participant: int = 0
    """Whose administrator made it, 0 where it is the exchange's."""


class People:
    """The part of a market's state that is about persons, keys and participants."""

    def __init__(self) -> None:
        self.keys: list[KeyEnrolled] = []
        self.key_numbers: dict[str, int] = {}
        self.key_ends: dict[int, KeyRevoked | KeyExpired] = {}
        """Why a key holds no more, by key."""
        self.person_keys: dict[tuple[str, Role, int], int] = {}
        """How many keys of a person in a role of a participant hold, made again from the keys."""
        self.control_keys: list[int] = []
        """Keys that hold of those who control the market, likewise."""
        self.dated_keys: dict[int, str] = {}
        """Last day of the keys that hold and have one, likewise."""
        self.own_limits_t: dict[int, int] = {}
        """Most tonnes of one order of a key, where its company or an operator limited it."""
        self.enrolment_codes: dict[int, CodeIssued] = {}
        """Codes that wait or were claimed, by number."""
        self.code_count = 0
        """Codes so far: numbers run on for the life of the market."""
        self.code_numbers: dict[str, int] = {}
        """Code by its hash, made again."""
        self.claims: dict[int, int] = {}
        """The key that was claimed with a code, made again from the keys."""
        self.stops: dict[int, TradingStopped] = {}
        """Who stopped the trading of its own participant, by participant."""
        self.participants: list[ParticipantAdmitted] = []
        self.identities: dict[tuple[str, str], int] = {}
        """Participant by credit code, registry account or funds account."""
        self.proposals: dict[int, Proposal] = {}
        self.open_proposals = 0
        self.company_proposals: dict[int, int] = {}
        """How many proposals of a participant's administrators wait, made again."""

    def key(self, number: int) -> KeyEnrolled | None:
        """Return an enrolled key."""
        return self.keys[number - 1] if 1 <= number <= len(self.keys) else None

    def participant_of(self, key: int) -> int:
        """Return the participant that a key acts for, 0 if none."""
        found = self.key(key)
        return found.participant if found else 0

    def is_participant(self, number: int) -> bool:
        """Say whether somebody was admitted under a number."""
        return 1 <= number <= len(self.participants)
