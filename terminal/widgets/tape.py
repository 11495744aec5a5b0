"""The listed trades of the day, newest on top; the taker's side is a word and a colour."""

from rich.text import Text

from terminal import format as show
from terminal.desk import desk, word
from terminal.widgets.lines import Lines


class Tape(Lines):
    """Time, price, quantity and taker's side of each listed trade of one product."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Draw anew when this product traded."""
        product = desk(self).product
        if topics & {f"tape:{product}", f"quote:{product}", "trades", "*"}:
            self.border_title = word(self, "tape_title")
            super().repaint(topics)

    def rows(self, width: int, height: int) -> list[Text]:  # noqa: ARG002 - fixed columns
        """Return the newest trades, or when the product last had a price."""
        state, product = desk(self).state, desk(self).product
        quote = state.quote(product)
        trades = state.tape.get(product)
        if not trades:
            previous = show.price(quote.previous_close_fen if quote else 0)
            return [self.text((" " + word(self, "tape_empty", price=previous), "dim"))]
        base_fen = quote.reference_fen if quote else 0
        own = {trade.trade for trade in state.trades or ()}
        rows = []
        for time_ns, trade in list(trades)[:height]:
            look = "up" if trade.side == 1 else "down"
            rows.append(
                self.text(
                    (f" {show.clock(time_ns)}", "dim"),
                    (
                        show.fit(show.price(trade.price_fen), 9, "right"),
                        show.direction(trade.price_fen, base_fen),
                    ),
                    show.fit(show.quantity(trade.quantity_t), 9, "right"),
                    (f"  {show.side_text(trade.side, desk(self).language)}", look),
                    (" ◆" if trade.trade in own else "", "own"),
                )
            )
        return rows
