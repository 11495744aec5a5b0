"""Reference prices (基准价): the maker types a price twice; another operator approves it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import DataTable

from engine.commands import Propose, ReferenceBasis, SetReferencePrice
from engine.units import BASIS_POINTS
from engine.views import ProductView
from terminal import format as show
from terminal.desk import desk, word
from terminal.keys import OPEN, Key
from terminal.screens.base import FrameScreen
from terminal.screens.phases import ReferencesPanel
from terminal.widgets.dialogs import TypedDialog


class ReferenceScreen(FrameScreen):
    """All products with the price that the system computes and the one that stands."""

    NAME = "reference"
    TITLE_KEY = "reference_title"
    HELP_KEY = "reference_help"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (OPEN,)

    def body(self) -> ComposeResult:
        """Lay out the table."""
        yield ReferencesPanel(id="references")

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Begin with the chosen product."""
        self._ask(str(event.row_key.value))

    def action_open(self) -> None:
        """Begin with the product under the cursor."""
        self._ask(self.query_one(ReferencesPanel).chosen())

    def _ask(self, product: str) -> None:
        quote = desk(self).state.quote(product)
        if quote is None:
            return
        if quote.has_reference or not quote.is_listed:
            desk(self).note("reference_done" if quote.has_reference else "reference_unlisted")
            return
        ask = word(self, "reference_first", price=show.price(quote.reference_fen))
        dialog = TypedDialog(
            word(self, "reference_dialog", product=product),
            f"{word(self, 'reference_basis')}: {word(self, f'basis_{self._basis(quote).value}')}",
            ask,
            lambda text: "" if show.parse_price(text) else word(self, "ticket_price_needed"),
        )
        self.app.push_screen(dialog, lambda text: self._again(quote, text))

    def _again(self, quote: ProductView, typed: str | None) -> None:
        """Ask for the same price once more; only then is it proposed."""
        if typed is None:
            return
        price_fen = show.parse_price(typed)
        profile = desk(self).state.profile
        assert profile is not None  # the screen is shown only after login
        text = word(
            self,
            "reference_bands",
            listed=show.percent(BASIS_POINTS + profile.listed.band_bp, BASIS_POINTS)[1:-1],
            block=show.percent(BASIS_POINTS + profile.block.band_bp, BASIS_POINTS)[1:-1],
            difference=show.percent(price_fen, quote.reference_fen),
        )
        dialog = TypedDialog(
            word(self, "reference_dialog", product=quote.product),
            text,
            word(self, "reference_again"),
            lambda again: (
                "" if show.parse_price(again) == price_fen else word(self, "reference_differs")
            ),
        )
        self.app.push_screen(dialog, lambda again: self._propose(quote, price_fen, again))

    def _propose(self, quote: ProductView, price_fen: int, again: str | None) -> None:
        if again is None:
            return
        action = SetReferencePrice(
            product=quote.product, price_fen=price_fen, basis=self._basis(quote)
        )
        reason = word(self, "reference_reason", product=quote.product, price=show.price(price_fen))
        desk(self).send(lambda _: Propose(actions=(action,), reason=reason))

    def _basis(self, quote: ProductView) -> ReferenceBasis:
        """Return where the price comes from by what the exchange shows; the exchange checks it."""
        state = desk(self).state
        if quote.previous_close_fen:
            return ReferenceBasis.PREVIOUS_CLOSE
        assert state.profile is not None  # the screen is shown only after login
        assert state.market is not None
        terms = state.profile.products[state.profile.product_index(quote.product)]
        if terms.first_reference == "composite_close" and state.market.composite_previous_close_fen:
            return ReferenceBasis.COMPOSITE_CLOSE
        return ReferenceBasis.ADMINISTRATIVE
