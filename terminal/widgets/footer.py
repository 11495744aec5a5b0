"""The lines at the bottom of every screen: last message or refusal, what to do next, the keys."""

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message

from terminal import format as show
from terminal.desk import desk, word
from terminal.keys import KEYS, Key
from terminal.notices import Severity, words
from terminal.store import Connection
from terminal.widgets.lines import Lines, Part


class MessageLine(Lines):
    """A refusal or warning until it is read, else the newest message; above it what is wrong with the line."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Draw anew, and take a second line while something is wrong with the connection."""
        if topics & {"notices", "connection", "intents", "*"}:
            self.styles.height = 2 if self._banner() else 1
            super().repaint(topics)

    def rows(self, width: int, height: int) -> list[Text]:
        """Return the banner, if any, and the message."""
        banner = self._banner()
        rows = [self.text((show.fit(" " + banner, width), "badge"))] if banner else []
        return [*rows, self._message(width)][:height]

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

    def _message(self, width: int) -> Text:
        state, language = desk(self).state, desk(self).language
        if state.unread:
            first = state.unread[0]
            told = words(first, language, state.participant)
            mark = "✗" if first.severity is Severity.REFUSAL else "!"
            more = f" (1/{len(state.unread)})" if len(state.unread) > 1 else ""
            tail = f"{more}  {word(self, 'esc_clears')} "
            line = show.fit(f" {mark} {told}", width - cell_len(tail)) + tail
            return self.text((line, "badge"))
        if not state.notices:
            return self.text((" " + word(self, "no_message"), "dim"))
        notice = state.notices[0]
        look = "good" if notice.severity is Severity.GOOD else "flat"
        told = words(notice, language, state.participant)
        return self.text((f" {show.clock(notice.time_ns)} ", "dim"), (told, look))


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
        role = "operator" if desk(self).state.is_operator else "trader"
        keys = [key for key in (*KEYS, *self.extra) if role in key.roles]
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
