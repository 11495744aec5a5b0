"""The frame of every screen: header above, message, help line and keys below, one body between."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from terminal.desk import EVERYTHING, Painted, desk, word
from terminal.keys import Key
from terminal.widgets.footer import HelpLine, KeyLine, MessageLine
from terminal.widgets.header import StatusHeader
from terminal.widgets.table import PlainTable


class FrameScreen(Screen[None]):
    """A screen with header and footer; subclasses give a body, a help sentence and their keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", show=False)]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - declared by Textual
        (0, "-tiny"),
        (80, "-narrow"),
        (100, "-normal"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]  # noqa: RUF012 - declared by Textual
    NAME = ""
    TITLE_KEY = ""
    HELP_KEY = ""
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = ()

    def compose(self) -> ComposeResult:
        """Lay out the frame around the body."""
        yield Static(word(self, "too_small"), id="too-small", markup=False)
        yield StatusHeader(id="header")
        with Container(id="body"):
            yield from self.body()
        yield MessageLine(id="message-line")
        yield HelpLine()
        yield KeyLine()

    def body(self) -> ComposeResult:
        """Lay out what is this screen's own."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show the keys, start where the user will work, and paint once."""
        self.query_one(KeyLine).extra = self.EXTRA_KEYS
        self.call_after_refresh(self.repaint, EVERYTHING)
        self.begin()

    def begin(self) -> None:
        """Put the focus where work starts; tables by default."""
        for table in self.query(PlainTable):
            self.set_focus(table)
            return

    def on_screen_resume(self) -> None:
        """Paint all that changed while another screen was shown."""
        self.repaint(EVERYTHING)

    def on_resize(self) -> None:
        """Tables choose their columns by the width."""
        self.call_after_refresh(self.repaint, EVERYTHING)

    def repaint(self, topics: frozenset[str]) -> None:
        """Paint what these topics changed."""
        if not self.is_mounted:
            return
        for widget in self.query(Widget):
            if isinstance(widget, Painted) and widget.is_mounted:
                widget.repaint(topics)
        self.query_one(HelpLine).tell(self.help_sentence())
        if "*" in topics or "welcome" in topics:
            self.query_one(KeyLine).repaint(topics)

    def help_sentence(self) -> str:
        """Return what to do next here."""
        return word(self, self.HELP_KEY)

    def on_descendant_focus(self) -> None:
        """Let the sentence follow the focus."""
        if self.is_mounted:
            self.query_one(HelpLine).tell(self.help_sentence())

    async def on_key_line_pressed(self, event: KeyLine.Pressed) -> None:
        """Do on a click what the key does."""
        await self.run_action(event.action)

    def action_back(self) -> None:
        """Read a refusal first; then one step back."""
        if not desk(self).read_notice():
            self.step_back()

    def step_back(self) -> None:
        """Go one step back on this screen."""
