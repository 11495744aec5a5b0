"""The oracle's registry and bank: what their word does to cash, allowances and trades."""

from engine.commands import (
    ClearingCommand,
    Deposit,
    FailTrade,
    Role,
    SettleTrade,
    TransferIn,
    TransferOut,
    Withdraw,
)
from engine.events import (
    AnyEvent,
    Deposited,
    TradeFailed,
    TradeSettled,
    TransferredIn,
    TransferredOut,
    Withdrawn,
)
from engine.reasons import Reason
from engine.units import AMOUNT_FEN_MAX
from tests.oracle.questions import OK
from tests.oracle.state import Figures, State
from tests.oracle.who import role_broken


def take_clearing(state: State, command: ClearingCommand) -> list[AnyEvent]:
    """Answer the registry's word: a reference that came before with the same content does nothing."""
    broken = role_broken(state, Role.CLEARING)
    if broken != OK:
        return [state.refused(broken)]
    place = (type(command).__name__, command.reference)
    if place in state.references:
        if state.references[place] == command:
            return []
        return [state.refused((Reason.REFERENCE_REUSED, 0, 0))]
    match command:
        case Deposit():
            broken = _deposit_broken(state, command)
        case TransferIn():
            broken = _transfer_broken(state, command)
        case Withdraw():
            broken = _withdrawal_broken(state, command)
        case TransferOut():
            broken = _transfer_out_broken(state, command)
        case SettleTrade() | FailTrade():
            broken = _trade_broken(state, command.trade)
    if broken != OK:
        return [state.refused(broken)]
    state.references[place] = command
    return [_post(state, command)]


def _deposit_broken(state: State, command: Deposit) -> Figures:
    if command.participant not in state.participants:
        return Reason.PARTICIPANT_UNKNOWN, command.participant, 0
    if state.ledger.purses[command.participant].settled + command.amount_fen > AMOUNT_FEN_MAX:
        return Reason.AMOUNT_ABOVE_MAXIMUM, AMOUNT_FEN_MAX, 0
    return OK


def _transfer_broken(state: State, command: TransferIn) -> Figures:
    if command.participant not in state.participants:
        return Reason.PARTICIPANT_UNKNOWN, command.participant, 0
    if command.product not in state.products:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    return OK


def _withdrawal_broken(state: State, command: Withdraw) -> Figures:
    if command.participant not in state.participants:
        return Reason.PARTICIPANT_UNKNOWN, command.participant, 0
    free = state.ledger.purses[command.participant].withdrawable
    if free < command.amount_fen:
        return Reason.CASH_NOT_WITHDRAWABLE, free, command.amount_fen
    return OK


def _transfer_out_broken(state: State, command: TransferOut) -> Figures:
    if command.participant not in state.participants:
        return Reason.PARTICIPANT_UNKNOWN, command.participant, 0
    if command.product not in state.products:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    free = state.ledger.shelves[command.participant][command.product].available
    if free < command.quantity_t:
        return Reason.HOLDING_NOT_AVAILABLE, free, command.quantity_t
    return OK


def _trade_broken(state: State, number: int) -> Figures:
    if number not in state.trades:
        return Reason.TRADE_UNKNOWN, number, 0
    if state.trades[number].state == "voided":
        return Reason.TRADE_ALREADY_VOIDED, number, 0
    if state.trades[number].state != "unsettled":
        return Reason.TRADE_ALREADY_SETTLED, number, 0
    return OK


def _post(state: State, command: ClearingCommand) -> AnyEvent:
    match command:
        case Deposit():
            state.ledger.purses[command.participant].settled += command.amount_fen
            return state.event(
                Deposited,
                participant=command.participant,
                amount_fen=command.amount_fen,
                reference=command.reference,
            )
        case TransferIn():
            shelf = state.ledger.shelves[command.participant][command.product]
            shelf.available += command.quantity_t
            return state.event(
                TransferredIn,
                participant=command.participant,
                product=command.product,
                quantity_t=command.quantity_t,
                reference=command.reference,
            )
        case Withdraw():
            state.ledger.purses[command.participant].settled -= command.amount_fen
            return state.event(
                Withdrawn,
                participant=command.participant,
                amount_fen=command.amount_fen,
                reference=command.reference,
            )
        case TransferOut():
            shelf = state.ledger.shelves[command.participant][command.product]
            shelf.available -= command.quantity_t
            return state.event(
                TransferredOut,
                participant=command.participant,
                product=command.product,
                quantity_t=command.quantity_t,
                reference=command.reference,
            )
        case SettleTrade() | FailTrade():
            return _finish(state, command)


def _finish(state: State, command: SettleTrade | FailTrade) -> TradeSettled | TradeFailed:
    trade = state.trades[command.trade]
    fields = {
        "trade": trade.number,
        "product": trade.product,
        "buyer": trade.buyer,
        "seller": trade.seller,
        "price_fen": trade.price_fen,
        "quantity_t": trade.quantity_t,
        "reference": command.reference,
    }
    if isinstance(command, SettleTrade):
        trade.state = "settled"
        state.ledger.settle(trade)
        return state.event(TradeSettled, **fields)
    trade.state = "failed"
    state.ledger.unwind(trade)
    return state.event(TradeFailed, reason=command.reason, **fields)
