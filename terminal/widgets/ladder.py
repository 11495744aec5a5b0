"""The five-level book: asks above, bids below, own listings marked; Enter opens a level into its listings."""

from typing import ClassVar

from rich.cells import set_cell_size
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from engine.commands import Side
from engine.views import Book, Level
from terminal import format as show
from terminal.desk import desk, word
from terminal.messages import LevelKey
from terminal.widgets.lines import Lines, Part

OWN_MARK = "◆"
BAR = "▇"
LABEL_CELLS, PRICE_CELLS, QUANTITY_CELLS, OWN_CELLS = 5, 9, 9, 3


class Ladder(Lines, can_focus=True):
    """Best levels of one product on both sides, as many as the profile shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("home", "best('sell')", show=False),
        Binding("end", "best('buy')", show=False),
        Binding("enter", "open", show=False),
    ]

    class Opened(Message):
        """A level was chosen."""

        def __init__(self, key: LevelKey) -> None:
            super().__init__()
            self.key = key

    def __init__(self) -> None:
        super().__init__(id="ladder")
        self.chosen: LevelKey | None = None

    def repaint(self, topics: frozenset[str]) -> None:
        """Draw anew when this product's book, its quote or own orders changed."""
        product = desk(self).product
        if topics & {f"book:{product}", f"quote:{product}", "own", "listings", "phase", "*"}:
            self.border_title = word(self, "ladder_title")
            super().repaint(topics)

    # ------------------------------------------------------------ the levels as rows

    def _depth(self) -> int:
        profile = desk(self).state.profile
        return profile.listed.levels_shown if profile else 5

    def _book(self) -> Book:
        product = desk(self).product
        return desk(self).state.books.get(product) or Book(product=product, bids=(), asks=())

    def _keys(self) -> list[LevelKey]:
        """Return the levels from the top of the screen to the bottom."""
        book = self._book()
        asks = [LevelKey(book.product, Side.SELL, level.price_fen) for level in reversed(book.asks)]
        bids = [LevelKey(book.product, Side.BUY, level.price_fen) for level in book.bids]
        return asks + bids

    def rows(self, width: int, height: int) -> list[Text]:
        """Return asks from far to near, the last price, bids from near to far; the day's range below."""
        book, depth = self._book(), self._depth()
        most_t = max((level.quantity_t for level in book.asks + book.bids), default=1)
        asks = [self._level(book, Side.SELL, n, most_t, width) for n in range(depth - 1, -1, -1)]
        bids = [self._level(book, Side.BUY, n, most_t, width) for n in range(depth)]
        rows = [*asks, self._middle(book, width), *bids]
        gap = [self.text("")] * max(0, height - len(rows) - 1)
        return [*rows, *gap, *self._day(book.product)]

    def _level(self, book: Book, side: Side, place: int, most_t: int, width: int) -> Text:
        levels = book.asks if side is Side.SELL else book.bids
        label = level_name(self, side, place)
        open_key = desk(self).state.level
        level = levels[place] if place < len(levels) else None
        marker = "▶" if level and open_key == LevelKey(book.product, side, level.price_fen) else " "
        start: list[Part] = [marker, (show.fit(label, LABEL_CELLS), "dim")]
        if level is None:
            # A level that went empty is written empty, never left standing.
            return self.text(*start, (show.fit(show.MISSING, PRICE_CELLS, "right"), "dim"))
        return self.text(*start, *self._figures(book.product, side, level, most_t, width))

    def _figures(
        self, product: str, side: Side, level: Level, most_t: int, width: int
    ) -> list[Part]:
        state = desk(self).state
        quote = state.quote(product)
        base_fen = quote.reference_fen if quote else 0
        own_t = state.own_at(product, side, level.price_fen)
        room = width - 1 - LABEL_CELLS - PRICE_CELLS - QUANTITY_CELLS - OWN_CELLS
        # rounds up, so that a small level is still seen
        cells = -(-level.quantity_t * max(0, room) // most_t)
        return [
            (
                show.fit(show.price(level.price_fen), PRICE_CELLS, "right"),
                show.direction(level.price_fen, base_fen),
            ),
            show.fit(show.quantity(level.quantity_t), QUANTITY_CELLS, "right"),
            (f" {OWN_MARK} " if own_t else "   ", "own"),
            (BAR * cells, "up" if side is Side.BUY else "down"),
        ]

    def _middle(self, book: Book, width: int) -> Text:
        quote = desk(self).state.quote(book.product)
        if not book.asks and not book.bids:
            has_reference = quote is None or quote.has_reference
            key = "ladder_empty" if has_reference else "ladder_wait"
            return self.text((show.fit(word(self, key), width, "centre"), "dim"))
        last_fen = quote.last_fen if quote else 0
        text = f"{word(self, 'last')} {show.price(last_fen)}"
        if book.asks and book.bids:
            spread_fen = book.asks[0].price_fen - book.bids[0].price_fen
            text += f"  {word(self, 'spread')} {show.amount(spread_fen)}"
        return self.text((set_cell_size(f"── {text} " + "─" * width, width), "dim"))

    def _day(self, product: str) -> list[Text]:
        """Return the day's range, shown where the panel has a line left for it."""
        quote = desk(self).state.quote(product)
        if quote is None or not quote.open_fen:
            return []
        base_fen = quote.reference_fen
        parts: list[Part] = []
        for key, value_fen in (
            ("open", quote.open_fen),
            ("high", quote.high_fen),
            ("low", quote.low_fen),
        ):
            parts.append((f" {word(self, key)} ", "dim"))
            parts.append((show.price(value_fen), show.direction(value_fen, base_fen)))
        return [self.text(*parts)]

    # ------------------------------------------------------------ choosing a level

    def cursor_row(self) -> int:
        """Return the line of the chosen level while the book has the focus."""
        if not self.has_focus:
            return -1
        keys = self._keys()
        if self.chosen not in keys:
            return -1
        place, asks = keys.index(self.chosen), len(self._book().asks)
        return place + self._depth() - asks + (1 if place >= asks else 0)

    def on_focus(self) -> None:
        """Choose the best ask, or the best bid, when nothing is chosen yet."""
        keys = self._keys()
        if keys and self.chosen not in keys:
            self.chosen = keys[max(0, len(self._book().asks) - 1)]
        super().repaint(frozenset())

    def on_blur(self) -> None:
        """Draw without the cursor."""
        super().repaint(frozenset())

    def action_move(self, step: int) -> None:
        """Move to the next level that stands."""
        keys = self._keys()
        if not keys:
            return
        if self.chosen not in keys:
            self.on_focus()
            return
        place = min(max(0, keys.index(self.chosen) + step), len(keys) - 1)
        self.chosen = keys[place]
        super().repaint(frozenset())

    def action_best(self, side: str) -> None:
        """Go to the best level of a side."""
        book = self._book()
        levels = book.asks if side == "sell" else book.bids
        if levels:
            chosen_side = Side.SELL if side == "sell" else Side.BUY
            self.chosen = LevelKey(book.product, chosen_side, levels[0].price_fen)
        super().repaint(frozenset())

    def action_open(self) -> None:
        """Open the chosen level."""
        if self.chosen in self._keys() and self.chosen is not None:
            self.post_message(self.Opened(self.chosen))

    def on_click(self, event: events.Click) -> None:
        """Choose with the first click, open with the second."""
        asks, depth = len(self._book().asks), self._depth()
        line = event.y - 1  # below the border
        place = line - depth + asks if line < depth else line - depth - 1 + asks
        keys = self._keys()
        if line == depth or not 0 <= place < len(keys):
            return
        if self.chosen == keys[place]:
            self.action_open()
        self.chosen = keys[place]
        super().repaint(frozenset())


def level_name(node: Lines, side: Side, place: int) -> str:
    """Return 卖一 or S1 for a place counted from the best, 0 first."""
    numbers = word(node, "levels")
    key = "ladder_buy" if side is Side.BUY else "ladder_sell"
    return word(node, key, level=numbers[min(place, len(numbers) - 1)])
