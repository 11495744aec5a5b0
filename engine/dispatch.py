"""Which room of the engine answers a command that the compiled core does not take."""

from engine.commands import (
    AdvanceTime,
    AllowTrading,
    AnyCommand,
    ApplyAuction,
    Approve,
    ArmSwitch,
    CancelAll,
    CancelForKey,
    CancelOrders,
    ClaimKey,
    ConfirmBlock,
    CounterBlock,
    Deposit,
    EnrolKey,
    FailTrade,
    Halt,
    NoteRestart,
    OfferBlockToGroup,
    OpenDay,
    PlaceBid,
    PlaceListings,
    Propose,
    RecordAccess,
    RefuseBlock,
    Reject,
    Resume,
    RevokeKey,
    RotateKey,
    SetBlockGroup,
    SetOwnLimits,
    SettleTrade,
    StopTrading,
    TakeListings,
    TransferIn,
    TransferOut,
    Withdraw,
)
from engine.control import take_operator
from engine.dialogues import take_dialogue
from engine.events import AnyEvent
from engine.keys import take_access
from engine.market import Market
from engine.participants import take_own
from engine.settlement import take_clearing
from engine.system import take_system


def answer(market: Market, command: AnyCommand) -> list[AnyEvent]:
    """Answer the command in hand; order commands that the core takes as records never come here."""
    match command:
        case Propose() | Approve() | Reject() | Halt() | Resume():
            return take_operator(market, command)
        case Deposit() | TransferIn() | Withdraw() | TransferOut():
            return take_clearing(market, command)
        case SettleTrade() | FailTrade():
            return take_clearing(market, command)
        case (
            TakeListings()
            | SetBlockGroup()
            | OfferBlockToGroup()
            | CounterBlock()
            | ConfirmBlock()
            | RefuseBlock()
            | ApplyAuction()
            | PlaceBid()
            | PlaceListings()
            | CancelOrders()
            | CancelAll()
            | ArmSwitch()
        ):
            return take_dialogue(market, command)
        case RotateKey() | RevokeKey() | SetOwnLimits():
            return take_access(market, command)
        case StopTrading() | AllowTrading():
            return take_own(market, command)
        case OpenDay() | AdvanceTime() | EnrolKey() | ClaimKey():
            return take_system(market, command)
        case CancelForKey() | RecordAccess() | NoteRestart():
            return take_system(market, command)
        case _:
            message = f"{type(command).__name__} goes through the core"
            raise AssertionError(message)
