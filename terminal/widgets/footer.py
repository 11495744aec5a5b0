"""The lines at the bottom of every screen: last message or refusal, what to do next, the keys."""

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message

from terminal import format as show
from terminal.desk import desk, word
from terminal.keys import Key, keys_of
from terminal.notices import Severity, words
from terminal.store import Connection
from terminal.widgets.lines import Lines, Part

UNREAD_LINES_MAX = 3
"""Most lines that a refusal or warning takes; the rest of it is cut."""


class MessageLine(Lines):
    """A refusal or warning until it is read, else the newest message; above it what is wrong with the line."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Draw anew, in as many lines as there is to tell."""
        if topics & {"notices", "connection", "intents", "*"}:
            self.styles.height = len(self.rows(self.app.size.width, 1 + UNREAD_LINES_MAX))
            super().repaint(topics)

    def rows(self, width: int, height: int) -> list[Text]:
        """Return the banner, if any, and the message."""
        banner = self._banner()
        rows = [self.text((show.fit(" " + banner, width), "badge"))] if banner else []
        return [*rows, *self._message(width)][:height]

    def _banner(self) -> str:
        state = desk(self).state
        unknown = state.unknown_outcomes()
        if unknown and state.connection is not Connection.CLOSED:
            return word(self, "banner_unknown", count=unknown)
        if state.connection is Connection.CLOSED:
            return word(self, "banner_closed")
        if state.connection is Connection.RECONNECTING:
            return word(self, "banner_lost")
        return ""

    def _message(self, width: int) -> list[Text]:
        state, language = desk(self).state, desk(self).language
        if state.unread:
            return self._unread(width)
        if not state.notices:
            return [self.text((" " + word(self, "no_message"), "dim"))]
        notice = state.notices[0]
        look = "good" if notice.severity is Severity.GOOD else "flat"
        told = words(notice, language, state.participant)
        moment = f" {show.clock(notice.time_ns)} "
        return [self.text((moment, "dim"), (show.fit(told, max(1, width - len(moment))), look))]

    def _unread(self, width: int) -> list[Text]:
        """Return what waits to be read whole, the way to the next at its end."""
        state = desk(self).state
        first, count = state.unread[0], len(state.unread)
        mark = "✗" if first.severity is Severity.REFUSAL else "!"
        more = f" (1/{count})" if count > 1 else ""
        tail = f"{more}  {word(self, 'esc_clears')} "
        told = Text(words(first, desk(self).language, state.participant))
        room = max(1, width - len(" ✗ ") - cell_len(tail))
        lines = [line.plain.rstrip() for line in told.wrap(self.app.console, room)]
        if len(lines) > UNREAD_LINES_MAX:
            lines = [*lines[: UNREAD_LINES_MAX - 1], lines[UNREAD_LINES_MAX - 1] + "…"]
        told_rows = [f" {mark} {lines[0]}", *(f"   {line}" for line in lines[1:])]
        rows = [show.fit(row, width - cell_len(tail)) for row in told_rows]
        rows[-1] += tail
        return [self.text((show.fit(row, width), "badge")) for row in rows]


class HelpLine(Lines):
    """One sentence that says what to do next on this screen."""

    def __init__(self) -> None:
        super().__init__(id="help-line")
        self.sentence = ""

    def tell(self, sentence: str) -> None:
        """Show another sentence."""
        if sentence != self.sentence:
            self.sentence = sentence
            super().repaint(frozenset())

    def rows(self, width: int, height: int) -> list[Text]:  # noqa: ARG002 - one line
        """Return the sentence."""
        return [self.text(("▸ ", "strong"), (show.fit(self.sentence, max(1, width - 2)), "flat"))]


class KeyLine(Lines):
    """The keys of this role and screen; the least important are dropped when there is no room."""

    class Pressed(Message):
        """A key was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        super().__init__(id="key-line")
        self.extra: tuple[Key, ...] = ()
        self._places: list[tuple[int, int, Key]] = []

    def rows(self, width: int, height: int) -> list[Text]:  # noqa: ARG002 - one line
        """Return as many keys as fit, in their order."""
        keys = keys_of(desk(self).state, self.extra)
        kept = sorted(keys, key=lambda key: key.rank)
        while sum(self._cells(key) for key in kept) > width:
            kept.pop()
        parts: list[Part] = []
        self._places, x = [], 0
        for key in sorted(kept, key=keys.index):
            cells = self._cells(key)
            self._places.append((x, x + cells, key))
            x += cells
            parts += [(f" {key.label} ", "key"), f"{word(self, key.text_key)} "]
        return [self.text(*parts)]

    def _cells(self, key: Key) -> int:
        return cell_len(f" {key.label} {word(self, key.text_key)} ")

    def on_click(self, event: events.Click) -> None:
        """Do what the clicked key does: nothing is by keyboard alone, and nothing by mouse alone."""
        for begin, end, key in self._places:
            if begin <= event.x < end:
                self.post_message(self.Pressed(key.action))
