"""Cash, holdings and trades of the own participant, as the exchange keeps them."""

from rich.text import Text

from engine.commands import Side
from engine.views import Holding, TradeView
from terminal import format as show
from terminal.desk import desk, word
from terminal.widgets.colours import coloured
from terminal.widgets.lines import Lines
from terminal.widgets.table import Column, Row, TablePanel

LABEL_CELLS, AMOUNT_CELLS = 21, 20


class CashPanel(Lines):
    """What can be spent, what is bound and by what (letters S, L, P, R of design section 6)."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Draw anew when the account changed."""
        if topics & {"account", "*"}:
            self.border_title = word(self, "cash_title")
            super().repaint(topics)

    def rows(self, width: int, height: int) -> list[Text]:  # noqa: ARG002 - three lines
        """Return all figures; two of them stand on a line."""
        account = desk(self).state.account
        if account is None:
            return [self.text((" " + show.MISSING, "dim"))]
        cash = account.cash
        figures = [
            ("cash_available", cash.available_fen),
            ("cash_withdrawable", cash.withdrawable_fen),
            ("cash_settled", cash.settled_fen),
            ("cash_locked", cash.locked_fen),
            ("cash_proceeds", cash.proceeds_fen),
            ("cash_payable", cash.payable_fen),
        ]
        cells = [self._figure(*figure) for figure in figures]
        pairs = zip(cells[::2], cells[1::2], strict=True)
        return [left.copy().append(" " * 2).append_text(right) for left, right in pairs]

    def _figure(self, key: str, value_fen: int) -> Text:
        look = "strong" if key == "cash_available" else "flat"
        return self.text(
            (" " + show.fit(word(self, key), LABEL_CELLS - 4), "dim"),
            (show.fit(show.amount(value_fen), AMOUNT_CELLS - 2, "right"), look),
        )


class HoldingsPanel(TablePanel):
    """One row a product: held = sellable + locked + bought + from tomorrow + frozen."""

    COLUMNS = (
        Column("product", 9),
        Column("held", 9, "right"),
        Column("sellable", 9, "right"),
        Column("locked", 7, "right"),
        Column("bought_today", 11, "right"),
        Column("delivered", 13, "right"),
        Column("frozen", 6, "right"),
    )

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the holdings as they are now."""
        if "*" in topics:
            self.relabel()
        if topics & {"account", "*"}:
            account = desk(self).state.account
            rows = [self._row(holding) for holding in (account.holdings if account else ())]
            self.border_title = word(self, "holdings_title")
            self.show_rows(rows, word(self, "holdings_empty"))

    def _row(self, holding: Holding) -> Row:
        return holding.product, (
            holding.product,
            show.quantity(held_t(holding)),
            show.quantity(holding.available_t),
            show.quantity(holding.locked_t),
            show.quantity(holding.bought_today_t),
            show.quantity(holding.delivered_t),
            show.quantity(holding.frozen_t),
        )


def held_t(holding: Holding) -> int:
    """Return all that a participant has or has bought of a product; what it has sold is gone."""
    return (
        holding.available_t
        + holding.locked_t
        + holding.bought_today_t
        + holding.delivered_t
        + holding.frozen_t
    )


class TradesPanel(TablePanel):
    """The own trades of the day with the state of their settlement."""

    COLUMNS = (
        Column("trade_number", 7, "right"),
        Column("time", 8),
        Column("product", 9),
        Column("side", 4),
        Column("price", 8, "right"),
        Column("quantity", 9, "right"),
        Column("state", 9),
    )

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the trades as they are now."""
        if "*" in topics:
            self.relabel()
        if topics & {"trades", "*"}:
            trades = desk(self).state.trades or ()
            self.border_title = word(self, "trades_title", count=len(trades))
            rows = [self._row(trade) for trade in reversed(trades)]
            self.show_rows(rows, word(self, "trades_empty"))

    def _row(self, trade: TradeView) -> Row:
        bought = trade.buyer == desk(self).state.participant
        side = Side.BUY if bought else Side.SELL
        language = desk(self).language
        return str(trade.trade), (
            str(trade.trade),
            show.clock(trade.time_ns),
            trade.product,
            coloured(self, show.side_text(side, language), "up" if bought else "down"),
            show.price(trade.price_fen),
            show.quantity(trade.quantity_t),
            word(self, f"settle_{trade.state}"),
        )
