"""The daily client statement (客户日终报表, R87), computed from the account now and the log since.

Cash owned is settled + proceeds - payable; allowances owned are all but those sold. Both change only by
deposits, withdrawals, transfers, trades with their fees and failed trades, so an earlier state is today's
less what came after. A voided trade is of the day that it was made on and counts as if it had not been.
"""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from engine.commands import Method, Side
from engine.events import (
    AnyEvent,
    Deposited,
    Traded,
    TradeFailed,
    TradeVoided,
    TransferredIn,
    TransferredOut,
    Withdrawn,
)
from engine.fees import fee_of
from engine.profile import Profile
from engine.units import participant_code
from engine.views import Account, Holding, ParticipantView, TradeView
from gateway.codes import Fault
from gateway.feed import Feed
from gateway.wire import Statement, StatementHolding


class Books(Protocol):
    """The part of the exchange that a statement reads."""

    @property
    def time_ns(self) -> int:
        """Exchange time."""
        ...

    def account(self, participant: int) -> Account:
        """Return cash and holdings."""
        ...

    def trades(self, participant: int = 0, date: str = "") -> tuple[TradeView, ...]:
        """Return trades of a day."""
        ...


class _Moves(Struct):
    """What moved in a span of the log; quantities by product."""

    cash_in_fen: int = 0
    cash_out_fen: int = 0
    buy_fen: int = 0
    sell_fen: int = 0
    buy_fee_fen: int = 0
    sell_fee_fen: int = 0
    settlement_fee_fen: int = 0
    failed_fen: int = 0
    bought: dict[str, int] = {}
    sold: dict[str, int] = {}
    transferred_in: dict[str, int] = {}
    transferred_out: dict[str, int] = {}
    failed: dict[str, int] = {}

    @property
    def net_fen(self) -> int:
        """Net change of the cash owned."""
        moved = self.cash_in_fen - self.cash_out_fen + self.failed_fen
        fees = self.buy_fee_fen + self.sell_fee_fen + self.settlement_fee_fen
        return moved - self.buy_fen + self.sell_fen - fees

    def net_t(self, product: str) -> int:
        """Net change of the allowances owned."""
        return (
            self.bought.get(product, 0)
            - self.sold.get(product, 0)
            + self.transferred_in.get(product, 0)
            - self.transferred_out.get(product, 0)
            + self.failed.get(product, 0)
        )


def make_statement(
    books: Books, feed: Feed, profile: Profile, participant: ParticipantView, date: str
) -> Statement:
    """Return the statement of a kept trading day; Fault DATE_NOT_KEPT. Fees are by the profile's rates."""
    bounds = feed.day_bounds(date)
    if bounds is None:
        raise Fault("DATE_NOT_KEPT", date)
    first, last = bounds
    number = participant.participant
    reader = _Reader(profile, number)
    # From the first kept event on: a trade that fails may be of the day before.
    reader.read(feed.moves(number, 0, first - 1))
    of_day = reader.read(feed.moves(number, first, last))
    after_day = reader.read(feed.moves(number, last + 1, feed.sequence))
    account = books.account(number)
    cash = account.cash
    owned_fen = cash.settled_fen + cash.proceeds_fen - cash.payable_fen
    closing_fen = owned_fen - after_day.net_fen
    is_open_day = last == feed.sequence
    return Statement(
        date=date,
        time_ns=books.time_ns,
        participant=number,
        name=participant.name,
        trading_account=participant_code(number),
        registry_account=participant.registry_account,
        funds_account=participant.funds_account,
        opening_cash_fen=closing_fen - of_day.net_fen,
        cash_in_fen=of_day.cash_in_fen,
        cash_out_fen=of_day.cash_out_fen,
        buy_amount_fen=of_day.buy_fen,
        buy_fee_fen=of_day.buy_fee_fen,
        sell_amount_fen=of_day.sell_fen,
        sell_fee_fen=of_day.sell_fee_fen,
        settlement_fee_fen=of_day.settlement_fee_fen,
        failed_cash_fen=of_day.failed_fen,
        closing_cash_fen=closing_fen,
        # All locks lapse at the close, so at the end of a past day all cash owned was available.
        available_cash_fen=cash.available_fen if is_open_day else closing_fen,
        holdings=_holdings(account, of_day, after_day),
        trades=books.trades(number, date),
    )


class _Reader:
    """Reads a participant's events in the order of the log."""

    def __init__(self, profile: Profile, participant: int) -> None:
        self._profile = profile
        self._participant = participant
        self._methods: dict[int, Method] = {}
        """Of the trades so far: a failed trade gives its fees back by the rates of its method."""

    def read(self, events: Iterable[AnyEvent]) -> _Moves:
        """Return what the next events moved."""
        moves = _Moves()
        for event in events:
            match event:
                case Deposited():
                    moves.cash_in_fen += event.amount_fen
                case TransferredIn():
                    _add(moves.transferred_in, event.product, event.quantity_t)
                case Withdrawn():
                    moves.cash_out_fen += event.amount_fen
                case TransferredOut():
                    _add(moves.transferred_out, event.product, event.quantity_t)
                case Traded():
                    self._methods[event.trade] = event.method
                    is_buyer = (event.side is Side.BUY) == (event.participant == self._participant)
                    self._trade(moves, event, Side.BUY if is_buyer else Side.SELL, 1)
                case TradeVoided():
                    is_buyer = event.buyer == self._participant
                    self._trade(moves, event, Side.BUY if is_buyer else Side.SELL, -1)
                case TradeFailed():
                    self._fail(moves, event)
                case _:
                    pass
        return moves

    def _trade(self, moves: _Moves, event: Traded | TradeVoided, side: Side, sign: int) -> None:
        """Add a trade, or with sign -1 take one away."""
        amount_fen = event.price_fen * event.quantity_t
        fee = fee_of(self._profile, event.method, side, amount_fen)
        moves.settlement_fee_fen += sign * fee.settlement_fen
        if side is Side.BUY:
            moves.buy_fen += sign * amount_fen
            moves.buy_fee_fen += sign * fee.trading_fen
            _add(moves.bought, event.product, sign * event.quantity_t)
        else:
            moves.sell_fen += sign * amount_fen
            moves.sell_fee_fen += sign * fee.trading_fen
            _add(moves.sold, event.product, sign * event.quantity_t)

    def _fail(self, moves: _Moves, event: TradeFailed) -> None:
        """Give back what a trade of this or an earlier day moved."""
        method = self._methods.get(event.trade, Method.LISTED)
        side, sign = (Side.BUY, 1) if event.buyer == self._participant else (Side.SELL, -1)
        amount_fen = event.price_fen * event.quantity_t
        fee_fen = fee_of(self._profile, method, side, amount_fen).total_fen
        moves.failed_fen += sign * amount_fen + fee_fen
        _add(moves.failed, event.product, -sign * event.quantity_t)


def _add(table: dict[str, int], product: str, quantity_t: int) -> None:
    table[product] = table.get(product, 0) + quantity_t


def _holdings(account: Account, of_day: _Moves, after_day: _Moves) -> tuple[StatementHolding, ...]:
    owned_t = {holding.product: _owned_t(holding) for holding in account.holdings}
    moved = (
        of_day.bought,
        of_day.sold,
        of_day.transferred_in,
        of_day.transferred_out,
        of_day.failed,
    )
    products = sorted({*owned_t, *(product for table in moved for product in table)})
    rows = []
    for product in products:
        closing_t = owned_t.get(product, 0) - after_day.net_t(product)
        row = StatementHolding(
            product=product,
            opening_t=closing_t - of_day.net_t(product),
            bought_t=of_day.bought.get(product, 0),
            sold_t=of_day.sold.get(product, 0),
            transferred_in_t=of_day.transferred_in.get(product, 0),
            transferred_out_t=of_day.transferred_out.get(product, 0),
            failed_t=of_day.failed.get(product, 0),
            closing_t=closing_t,
        )
        rows.append(row)
    return tuple(rows)


def _owned_t(holding: Holding) -> int:
    return (
        holding.available_t
        + holding.locked_t
        + holding.bought_today_t
        + holding.delivered_t
        + holding.frozen_t
    )
