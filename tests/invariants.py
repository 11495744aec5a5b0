"""The laws of the ledger, restated over what an exchange shows, never by calling what it computes with.

Numbers INV-… are those of the clearing notes, section 5.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from engine.commands import Method, Side
from engine.events import (
    AnyEvent,
    DayClosed,
    Deposited,
    Traded,
    TradeSettled,
    TransferredIn,
    TransferredOut,
    Withdrawn,
)
from engine.profile import Profile
from engine.views import Account, OrderView, ParticipantView, TradeView
from tests.oracle.rules import fee_fen


class Shown(Protocol):
    """The views that the laws speak of."""

    def participants(self) -> tuple[ParticipantView, ...]:
        """Return who is admitted."""

    def account(self, participant: int) -> Account:
        """Return cash and holdings."""

    def orders(self, participant: int) -> tuple[OrderView, ...]:
        """Return the orders of the day."""

    def unsettled(self) -> tuple[TradeView, ...]:
        """Return the trades that wait for the registry."""


class Laws:
    """Watches an exchange's events and compares its views with what must follow from them."""

    def __init__(self, shown: Shown, profile: Profile) -> None:
        self.shown = shown
        self.profile = profile
        self.deposited_fen = 0
        """Less what was withdrawn and the fees of settled trades."""
        self.fees_fen: dict[int, int] = {}
        """Both sides' fees of every trade."""
        self.transferred_t: Counter[str] = Counter()
        self.is_closed = False

    def watch(self, events: Sequence[AnyEvent]) -> None:
        """Count what came in from outside and what left."""
        for event in events:
            if isinstance(event, Deposited):
                self.deposited_fen += event.amount_fen
            if isinstance(event, Traded):
                amount = event.price_fen * event.quantity_t
                self.fees_fen[event.trade] = sum(
                    fee_fen(self.profile, event.method, side, amount) for side in Side
                )
            if isinstance(event, TradeSettled):
                self.deposited_fen -= self.fees_fen[event.trade]
            if isinstance(event, TransferredIn):
                self.transferred_t[event.product] += event.quantity_t
            if isinstance(event, Withdrawn):
                self.deposited_fen -= event.amount_fen
            if isinstance(event, TransferredOut):
                self.transferred_t[event.product] -= event.quantity_t
            self.is_closed = isinstance(event, DayClosed) or (
                self.is_closed and type(event).__name__ != "DayOpened"
            )

    def check(self) -> None:
        """Hold every law against the present state."""
        numbers = [row.participant for row in self.shown.participants()]
        accounts = [self.shown.account(number) for number in numbers]
        waiting = self.shown.unsettled()
        self._cash(accounts, waiting)
        self._units(accounts, waiting)
        for account in accounts:
            self._locks(account, self.shown.orders(account.participant))

    def _cash(self, accounts: list[Account], waiting: Sequence[TradeView]) -> None:
        owed = sum(trade.price_fen * trade.quantity_t for trade in waiting)
        paid = owed + sum(trade.buyer_fee_fen for trade in waiting)
        received = owed - sum(trade.seller_fee_fen for trade in waiting)
        assert sum(a.cash.settled_fen for a in accounts) == self.deposited_fen, "INV-2"
        assert sum(a.cash.payable_fen for a in accounts) == paid, "INV-4"
        assert sum(a.cash.proceeds_fen for a in accounts) == received, "INV-4"
        for account in accounts:
            cash = account.cash
            free = cash.settled_fen + cash.proceeds_fen - cash.locked_fen - cash.payable_fen
            assert cash.available_fen == free, "INV-6"
            leaves = cash.settled_fen - cash.locked_fen - cash.payable_fen
            assert cash.withdrawable_fen == (max(0, leaves)), "INV-6"
            assert min(cash.locked_fen, cash.payable_fen, cash.proceeds_fen) >= 0, "INV-5"

    def _units(self, accounts: list[Account], waiting: Sequence[TradeView]) -> None:
        owned: Counter[str] = Counter()
        bought: Counter[str] = Counter()
        sold: Counter[str] = Counter()
        for account in accounts:
            for row in account.holdings:
                settled = row.available_t + row.locked_t + row.sold_t
                owned[row.product] += settled + row.delivered_t + row.frozen_t
                bought[row.product] += row.bought_today_t
                sold[row.product] += row.sold_t
                assert min(row.available_t, row.locked_t, row.sold_t) >= 0, "INV-5"
                assert min(row.bought_today_t, row.delivered_t, row.frozen_t) >= 0, "INV-5"
        undelivered: Counter[str] = Counter()
        for trade in waiting:
            undelivered[trade.product] += trade.quantity_t
        assert owned == self.transferred_t, "INV-1"
        assert bought == undelivered, "INV-3"
        assert sold == undelivered, "INV-3"

    def _locks(self, account: Account, orders: Sequence[OrderView]) -> None:
        locked_fen = 0
        locked_t: Counter[str] = Counter()
        for order in orders:
            if order.is_open and order.side == Side.BUY:
                amount = order.price_fen * order.left_t
                locked_fen += amount + fee_fen(self.profile, order.method, Side.BUY, amount)
            elif order.is_open:
                locked_t[order.product] += order.left_t
            assert not (order.is_open and self.is_closed), "INV-11"
            assert order.method in Method
        shown = Counter({row.product: row.locked_t for row in account.holdings})
        assert account.cash.locked_fen == locked_fen, "INV-7"
        assert shown == locked_t, "INV-7"
