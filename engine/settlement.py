"""What the registry and the bank answer: cash and allowances in, trades delivered or failed (R16, R91, R92).

A reference that came before with the same content does nothing and says nothing, so a repeat is safe.
"""

from typing import Any

from engine.commands import ClearingCommand, Deposit, FailTrade, Role, SettleTrade, TransferIn
from engine.control import role_broken
from engine.core.layout import FAILED, SETTLED, UNSETTLED
from engine.events import AnyEvent, Deposited, TradeFailed, TradeSettled, TransferredIn
from engine.market import OK, Figures, Market
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
        case Deposit():
            return [_deposit(market, command)]
        case TransferIn():
            return [_transfer_in(market, command)]
        case SettleTrade() | FailTrade():
            return [_finish(market, command)]


def _broken(market: Market, command: ClearingCommand) -> Figures:
    if isinstance(command, SettleTrade | FailTrade):
        found = market.trade_row(command.trade)
        if found is None:
            return Reason.TRADE_UNKNOWN, command.trade, 0
        if int(found[1]["state"][0]) != UNSETTLED:
            return Reason.TRADE_ALREADY_SETTLED, command.trade, 0
        return OK
    if not market.is_participant(command.participant):
        return Reason.PARTICIPANT_UNKNOWN, command.participant, 0
    if isinstance(command, TransferIn):
        is_known = market.profile.product_index(command.product) >= 0
        return OK if is_known else (Reason.PRODUCT_UNKNOWN, 0, 0)
    settled = int(market.core.state.cash[command.participant]["settled_fen"])
    if settled + command.amount_fen > AMOUNT_FEN_MAX:
        return Reason.AMOUNT_ABOVE_MAXIMUM, AMOUNT_FEN_MAX, 0
    return OK


def _deposit(market: Market, command: Deposit) -> AnyEvent:
    market.core.state.cash[command.participant]["settled_fen"] += command.amount_fen
    market.deposits_fen += command.amount_fen
    return market.event(
        Deposited,
        participant=command.participant,
        amount_fen=command.amount_fen,
        reference=command.reference,
    )


def _transfer_in(market: Market, command: TransferIn) -> AnyEvent:
    index = market.profile.product_index(command.product)
    row = command.participant * len(market.codes) + index
    market.core.state.holdings[row]["available_t"] += command.quantity_t
    market.transfers_t[index] += command.quantity_t
    return market.event(
        TransferredIn,
        participant=command.participant,
        product=command.product,
        quantity_t=command.quantity_t,
        reference=command.reference,
    )


def _finish(market: Market, command: SettleTrade | FailTrade) -> AnyEvent:
    found = market.trade_row(command.trade)
    assert found is not None
    row = found[1]
    names = ("buyer", "seller", "product", "price_fen", "quantity_t")
    buyer, seller, product, price, quantity = (int(row[name][0]) for name in names)
    fields: dict[str, Any] = {
        "trade": command.trade,
        "product": market.codes[product],
        "buyer": buyer,
        "seller": seller,
        "price_fen": price,
        "quantity_t": quantity,
        "reference": command.reference,
    }
    if isinstance(command, SettleTrade):
        market.settle_row(command.trade, row, SETTLED)
        _settle(market, buyer, seller, product, quantity, price * quantity)
        return market.event(TradeSettled, **fields)
    market.settle_row(command.trade, row, FAILED)
    market.has_failed_trade = True
    _unwind(market, buyer, seller, product, quantity, price * quantity)
    return market.event(TradeFailed, reason=command.reason, **fields)


def _settle(
    market: Market, buyer: int, seller: int, product: int, quantity: int, amount: int
) -> None:
    """Post the delivery against payment: the buyer may sell it from the next trading day (R56)."""
    state, products = market.core.state, len(market.codes)
    state.holdings[seller * products + product]["sold_t"] -= quantity
    state.holdings[buyer * products + product]["bought_t"] -= quantity
    state.stored[buyer * products + product]["delivered_t"] += quantity
    state.cash[buyer]["settled_fen"] -= amount
    state.cash[buyer]["payable_fen"] -= amount
    state.cash[seller]["proceeds_fen"] -= amount
    state.cash[seller]["settled_fen"] += amount


def _unwind(
    market: Market, buyer: int, seller: int, product: int, quantity: int, amount: int
) -> None:
    """Take a failed trade back; a seller who spent the proceeds has less than nothing, and it shows."""
    state, products = market.core.state, len(market.codes)
    state.holdings[seller * products + product]["sold_t"] -= quantity
    state.holdings[seller * products + product]["available_t"] += quantity
    state.holdings[buyer * products + product]["bought_t"] -= quantity
    state.cash[buyer]["payable_fen"] -= amount
    state.cash[seller]["proceeds_fen"] -= amount
