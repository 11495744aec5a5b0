"""One line that says how a product stands: last price, change, band, average and volume."""

from rich.cells import cell_len
from rich.text import Text

from engine.units import divide_half_up
from engine.views import ProductView
from terminal import format as show
from terminal.desk import desk, word
from terminal.widgets.lines import Lines, Part


class ProductLine(Lines):
    """Code, name, last price against the reference, and as many figures as the width holds."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Draw anew when this product's quote changed."""
        if topics & {f"quote:{desk(self).product}", "market", "*"}:
            super().repaint(topics)

    def rows(self, width: int, height: int) -> list[Text]:  # noqa: ARG002 - one line
        """Return the line."""
        state, product = desk(self).state, desk(self).product
        quote, profile = state.quote(product), state.profile
        if quote is None or profile is None:
            return [self.text((" " + word(self, "market_empty"), "dim"))]
        terms = profile.products[profile.product_index(product)]
        name = terms.name_zh if desk(self).language == "zh" else terms.name_en
        parts: list[Part] = [(f" {product} ", "strong"), f"{name}  ", *self._price(quote)]
        used = sum(cell_len(part if isinstance(part, str) else part[0]) for part in parts)
        for key, value in self._figures(quote):
            label = f"  {word(self, key)} "
            used += cell_len(label) + cell_len(value)
            if used > width:
                break
            parts += [(label, "dim"), value]
        return [self.text(*parts)]

    def _price(self, quote: ProductView) -> list[Part]:
        look = show.direction(quote.last_fen, quote.reference_fen)
        arrow = {"up": "▲", "down": "▼", "flat": ""}[look]
        return [
            (f"{show.price(quote.last_fen)} {arrow}", look),
            (f"{show.change(quote.last_fen, quote.reference_fen)} ", look),
            (show.percent(quote.last_fen, quote.reference_fen), look),
        ]

    def _figures(self, quote: ProductView) -> list[tuple[str, str]]:
        average_fen = (
            divide_half_up(quote.listed_amount_fen, quote.listed_quantity_t)
            if quote.listed_quantity_t
            else 0
        )
        return [
            ("limit_up", show.price(quote.listed_cap_fen)),
            ("limit_down", show.price(quote.listed_floor_fen)),
            ("reference_state", show.price(quote.reference_fen)),
            ("average", show.price(average_fen)),
            ("volume", show.quantity(quote.listed_quantity_t)),
            ("turnover", show.amount_short(quote.listed_amount_fen, desk(self).language)),
        ]
