"""The listings of an opened level: choose a counterparty's listing freely inside the level (R42)."""

from engine.commands import Side
from terminal import format as show
from terminal.desk import desk, word
from terminal.widgets.colours import coloured
from terminal.widgets.ladder import OWN_MARK
from terminal.widgets.table import Column, TablePanel


class Listings(TablePanel):
    """Number, tonnes left, time and own mark of each listing, oldest first."""

    COLUMNS = (
        Column("order", 7, "right"),
        Column("quantity", 8, "right"),
        Column("time", 8),
        Column("own", 5),
    )

    def __init__(self) -> None:
        super().__init__(id="listings")

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the listings as they are now."""
        if "*" in topics:
            self.relabel()
        if not topics & {"listings", "own", "*"}:
            return
        state = desk(self).state
        own = state.own_open()
        rows = [
            (
                str(row.order),
                (
                    str(row.order),
                    show.quantity(row.left_t),
                    show.clock(row.time_ns),
                    coloured(self, OWN_MARK + word(self, "own"), "own")
                    if row.order in own
                    else word(self, "listings_pick"),
                ),
            )
            for row in state.listings
        ]
        self.border_title = self._title()
        self.border_subtitle = word(self, "listings_rule") if rows else ""
        self.show_rows(rows, word(self, "listings_gone" if state.level else "listings_empty"))

    def _title(self) -> str:
        state = desk(self).state
        if state.level is None:
            return word(self, "listings_title_none")
        side = "buy" if state.level.side is Side.BUY else "sell"
        return word(
            self,
            "listings_title",
            level=word(self, side),
            price=show.price(state.level.price_fen),
            count=len(state.listings),
        )
