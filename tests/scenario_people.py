"""Words of the scenario language about keys and companies; `K9` is whoever has key 9.

| words | meaning |
| --- | --- |
| `enrol administrator name P1`, `enrol trader name P1 listed,cancel`, `enrol reader name - until DATE` | a key, by two persons |
| `code 1 trader name P1 until 10:00` | an enrolment code, by two persons; its number stands for its text |
| `claim 1` | the clock tells that somebody knows code 1 and shows a new key |
| `rotate`, `revoke 9` | a new key for the same person, the end of a key |
| `limit 5 100` | no order of key 5 has more than 100 t from now on; 0 lifts it |
| `stop`, `allow` | the stop of one's own trading, its end |
| `remove P1`, `restore P1 2022` | two operators |
"""

from collections.abc import Callable
from itertools import count

from engine.commands import (
    Action,
    AllowTrading,
    AnyCommand,
    ClaimKey,
    EnrolKey,
    IssueCode,
    Permission,
    RemoveParticipant,
    RestoreParticipant,
    RevokeKey,
    Role,
    RotateKey,
    SetOwnLimits,
    StopTrading,
)
from tests.markets import public_key

NOBODY = "-"
_FRESH = count(6_000)


def _party(text: str) -> int:
    return 0 if text == NOBODY else int(text.removeprefix("P"))


def _fresh() -> str:
    return public_key(next(_FRESH))


def _code(number: str) -> str:
    return public_key(7_000 + int(number))


def people_action(words: list[str], moment: Callable[[str], int]) -> Action | None:
    """Return the action of two persons that words mean, None for other words."""
    match words:
        case ["enrol", role, person, named, *more]:
            until = more[more.index("until") + 1] if "until" in more else ""
            few = more[0].split(",") if more and more[0] != "until" else []
            return EnrolKey(
                public_key=_fresh(),
                role=Role(role),
                person=person,
                participant=_party(named),
                permissions=tuple(Permission(text) for text in few),
                valid_until=until,
            )
        case ["code", number, role, person, named, "until", clock]:
            return IssueCode(
                code_hash=_code(number),
                code_valid_until_ns=moment(clock),
                role=Role(role),
                person=person,
                participant=_party(named),
            )
        case ["remove", named]:
            return RemoveParticipant(participant=_party(named), explanation="演示")
        case ["restore", named, year]:
            return RestoreParticipant(participant=_party(named), compliance_year=int(year))
    return None


def people_command(words: list[str]) -> AnyCommand | None:
    """Return the command about keys or one's own company that words mean, None for other words."""
    match words:
        case ["claim", number]:
            return ClaimKey(code_hash=_code(number), public_key=_fresh())
        case ["rotate"]:
            return RotateKey(public_key=_fresh())
        case ["revoke", key]:
            return RevokeKey(key=int(key), explanation="演示")
        case ["limit", key, tonnes]:
            return SetOwnLimits(key=int(key), order_max_t=int(tonnes), explanation="演示")
        case ["stop"]:
            return StopTrading(explanation="演示")
        case ["allow"]:
            return AllowTrading(explanation="演示")
    return None
