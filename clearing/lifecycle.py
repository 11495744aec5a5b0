"""Life cycles as data: which step leads an instruction, a day or a movement from where to where."""

from enum import StrEnum
from typing import Final, TypeVar


class LifecycleError(AssertionError):
    """A step that the table does not know from this state: broken thought, never input."""


class State(StrEnum):
    """Where a settlement instruction stands (交收指令状态)."""

    CREATED = "CREATED"
    """The day's batch was sealed with it."""
    SENT = "SENT"
    """On its way to the registry; may be sent again, the TxId makes that harmless."""
    ACKED = "ACKED"
    """The registry found it valid (sese.024 AckdAccptd)."""
    REJECTED = "REJECTED"
    """The registry found it not valid (sese.024 Rjctd)."""
    CLEARED = "CLEARED"
    """The registry's clearing result was compared and is equal (R92)."""
    CONFIRMED = "CONFIRMED"
    """Both sides confirmed (R92)."""
    SETTLED = "SETTLED"
    """Delivered against payment (sese.025); final."""
    FAILING = "FAILING"
    """Short at its turn: LACK, MONY or BLOC (sese.024 Flng)."""
    UNWOUND = "UNWOUND"
    """Given up; both ledgers of the exchange go back; final."""


class Step(StrEnum):
    """What happens to an instruction."""

    SEND = "send"
    ACKNOWLEDGE = "acknowledge"
    REJECT = "reject"
    CLEAR = "clear"
    CONFIRM = "confirm"
    DELIVER = "deliver"
    FALL_SHORT = "fall_short"
    GIVE_UP = "give_up"


INSTRUCTION_TABLE: Final[dict[tuple[State, Step], State]] = {
    (State.CREATED, Step.SEND): State.SENT,
    (State.SENT, Step.SEND): State.SENT,
    (State.SENT, Step.ACKNOWLEDGE): State.ACKED,
    (State.SENT, Step.REJECT): State.REJECTED,
    (State.ACKED, Step.CLEAR): State.CLEARED,
    (State.CLEARED, Step.CONFIRM): State.CONFIRMED,
    (State.CONFIRMED, Step.DELIVER): State.SETTLED,
    (State.CONFIRMED, Step.FALL_SHORT): State.FAILING,
    (State.FAILING, Step.GIVE_UP): State.UNWOUND,
    (State.REJECTED, Step.GIVE_UP): State.UNWOUND,
}
FINAL: Final = frozenset({State.SETTLED, State.UNWOUND})


class DayState(StrEnum):
    """How far the end of a trading day has come (日终)."""

    OPEN = "OPEN"
    """Trading; trades are collected."""
    CLOSED = "CLOSED"
    """The exchange closed the day; no trade can come any more."""
    SEALED = "SEALED"
    """The batch is a fixed list with counts, sums and a hash."""
    SENT = "SENT"
    """The registry has all of it."""
    CLEARED = "CLEARED"
    """The registry's clearing result is equal to the batch."""
    CONFIRMED = "CONFIRMED"
    """Confirmed to the registry (R92); delivery runs."""
    DELIVERED = "DELIVERED"
    """The registry has settled or failed every instruction."""
    BOOKED = "BOOKED"
    """The exchange has booked every answer."""
    RECONCILED = "RECONCILED"
    """Exchange, registry and bank agree to the tonne and the fen."""
    BREAKS = "BREAKS"
    """They do not; the report names the differences."""


class DayStep(StrEnum):
    """What happens to a day."""

    CLOSE = "close"
    SEAL = "seal"
    SEND = "send"
    CLEAR = "clear"
    CONFIRM = "confirm"
    DELIVER = "deliver"
    BOOK = "book"
    RECONCILE = "reconcile"
    FIND_BREAKS = "find_breaks"


DAY_TABLE: Final[dict[tuple[DayState, DayStep], DayState]] = {
    (DayState.OPEN, DayStep.CLOSE): DayState.CLOSED,
    (DayState.CLOSED, DayStep.SEAL): DayState.SEALED,
    (DayState.SEALED, DayStep.SEND): DayState.SENT,
    (DayState.SENT, DayStep.CLEAR): DayState.CLEARED,
    (DayState.CLEARED, DayStep.CONFIRM): DayState.CONFIRMED,
    (DayState.CONFIRMED, DayStep.DELIVER): DayState.DELIVERED,
    (DayState.DELIVERED, DayStep.BOOK): DayState.BOOKED,
    (DayState.BOOKED, DayStep.RECONCILE): DayState.RECONCILED,
    (DayState.BOOKED, DayStep.FIND_BREAKS): DayState.BREAKS,
    (DayState.BREAKS, DayStep.RECONCILE): DayState.RECONCILED,
    (DayState.BREAKS, DayStep.FIND_BREAKS): DayState.BREAKS,
}

AnyState = TypeVar("AnyState", bound=StrEnum)
AnyStep = TypeVar("AnyStep", bound=StrEnum)


def advance(
    table: dict[tuple[AnyState, AnyStep], AnyState], state: AnyState, step: AnyStep
) -> AnyState:
    """Return the state after a step; LifecycleError names a pair that the table does not hold."""
    following = table.get((state, step))
    if following is None:
        message = f"no step {step.value!r} from {state.value!r}"
        raise LifecycleError(message)
    return following
