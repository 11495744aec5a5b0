"""What the registry and the bank say: cash and allowances in and out, trades delivered or failed.

Rules R16, R57, R91 and R92. A reference that came before with the same content does nothing and says nothing, so a repeat is safe.
"""

from typing import Any

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
from engine.core.layout import FAILED, SETTLED, UNSETTLED, VOIDED
from engine.events import (
    AnyEvent,
    Deposited,
    TradeFailed,
    TradeSettled,
    TransferredIn,
    TransferredOut,
    Withdrawn,
)
from engine.keys import role_broken
from engine.market import OK, Figures, Market
from engine.postings import settle, terms_of, unwind
from engine.reasons import Reason
from engine.units import AMOUNT_FEN_MAX


def take_clearing(market: Market, command: ClearingCommand) -> list[AnyEvent]:
    """Answer the word of the registry."""
    broken = role_broken(market, Role.CLEARING)
    if broken != OK:
        return [market.refused(broken)]
    place = (type(command).__name__, command.reference)
    if place in market.references:
        if market.references[place] == command:
            return []
        return [market.refused((Reason.REFERENCE_REUSED, 0, 0))]
    broken = _broken(market, command)
    if broken != OK:
        return [market.refused(broken)]
    market.references[place] = command
    match command:
        case Deposit() | Withdraw():
            return [_move_cash(market, command)]
        case TransferIn() | TransferOut():
            return [_move_tonnes(market, command)]
        case SettleTrade() | FailTrade():
            return [_finish(market, command)]


def _broken(market: Market, command: ClearingCommand) -> Figures:
    if isinstance(command, SettleTrade | FailTrade):
        found = market.trade_row(command.trade)
        if found is None:
            return Reason.TRADE_UNKNOWN, command.trade, 0
        state = int(found[1]["state"][0])
        if state == VOIDED:
            return Reason.TRADE_ALREADY_VOIDED, command.trade, 0
        if state != UNSETTLED:
            return Reason.TRADE_ALREADY_SETTLED, command.trade, 0
        return OK
    if not market.is_participant(command.participant):
        return Reason.PARTICIPANT_UNKNOWN, command.participant, 0
    if isinstance(command, TransferIn | TransferOut):
        return _transfer_broken(market, command)
    return _cash_broken(market, command)


def _cash_broken(market: Market, command: Deposit | Withdraw) -> Figures:
    """Say whether cash may move; only settled money that nothing holds may leave (R57)."""
    row = market.core.state.cash[command.participant]
    settled, held = int(row["settled_fen"]), int(row["locked_fen"]) + int(row["payable_fen"])
    if isinstance(command, Deposit):
        if settled + command.amount_fen > AMOUNT_FEN_MAX:
            return Reason.AMOUNT_ABOVE_MAXIMUM, AMOUNT_FEN_MAX, 0
        return OK
    withdrawable = max(0, settled - held)
    if command.amount_fen > withdrawable:
        return Reason.CASH_NOT_WITHDRAWABLE, withdrawable, command.amount_fen
    return OK


def _transfer_broken(market: Market, command: TransferIn | TransferOut) -> Figures:
    """Say whether allowances may move; only what is available may leave (R16, R56)."""
    if market.profile.product_index(command.product) < 0:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    if isinstance(command, TransferIn):
        return OK
    row = market.holding_row(command.participant, command.product)
    available = int(market.core.state.holdings[row]["available_t"])
    if command.quantity_t > available:
        return Reason.HOLDING_NOT_AVAILABLE, available, command.quantity_t
    return OK


def _move_cash(market: Market, command: Deposit | Withdraw) -> AnyEvent:
    is_in = isinstance(command, Deposit)
    amount = command.amount_fen if is_in else -command.amount_fen
    market.core.state.cash[command.participant]["settled_fen"] += amount
    market.deposits_fen += amount
    kind: type[Deposited | Withdrawn] = Deposited if is_in else Withdrawn
    return market.event(
        kind,
        participant=command.participant,
        amount_fen=command.amount_fen,
        reference=command.reference,
    )


def _move_tonnes(market: Market, command: TransferIn | TransferOut) -> AnyEvent:
    is_in = isinstance(command, TransferIn)
    quantity = command.quantity_t if is_in else -command.quantity_t
    row = market.holding_row(command.participant, command.product)
    market.core.state.holdings[row]["available_t"] += quantity
    market.transfers_t[market.profile.product_index(command.product)] += quantity
    kind: type[TransferredIn | TransferredOut] = TransferredIn if is_in else TransferredOut
    return market.event(
        kind,
        participant=command.participant,
        product=command.product,
        quantity_t=command.quantity_t,
        reference=command.reference,
    )


def _finish(market: Market, command: SettleTrade | FailTrade) -> AnyEvent:
    found = market.trade_row(command.trade)
    assert found is not None
    row = found[1]
    terms = terms_of(row)
    fields: dict[str, Any] = {
        "trade": command.trade,
        "product": market.codes[terms.product],
        "buyer": terms.buyer,
        "seller": terms.seller,
        "price_fen": terms.price_fen,
        "quantity_t": terms.quantity_t,
        "reference": command.reference,
    }
    if isinstance(command, SettleTrade):
        market.settle_row(command.trade, row, SETTLED)
        settle(market, terms)
        return market.event(TradeSettled, **fields)
    market.settle_row(command.trade, row, FAILED)
    market.has_failed_trade = True
    unwind(market, terms)
    return market.event(TradeFailed, reason=command.reason, **fields)
