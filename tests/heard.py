"""The reasons that tests have brought out in this process."""

from engine.events import AnyEvent, Refused
from engine.reasons import Reason

HEARD: set[Reason] = set()


def refusals(*answers: list[AnyEvent]) -> list[Reason]:
    """Return the reasons told by answers, and remember them."""
    told = [row.reason for answer in answers for row in answer if isinstance(row, Refused)]
    HEARD.update(told)
    return told
