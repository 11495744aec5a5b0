"""Help (F1): what this screen is for, its keys, and the market's words in plain sentences."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from terminal import format as show
from terminal.desk import desk, word
from terminal.glossary import GLOSSARY
from terminal.keys import BACK, NEXT, Key, keys_of
from terminal.notices_batches import notice_text

KEY_CELLS = 8


class HelpScreen(ModalScreen[None]):
    """Scrolls with the arrows, closes with Esc or F1."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", show=False),
    ]

    def __init__(self, sentence: str, extra: tuple[Key, ...]) -> None:
        super().__init__()
        self._sentence, self._extra = sentence, extra

    def compose(self) -> ComposeResult:
        """Lay out sentence, keys, the day's notices and glossary."""
        with VerticalScroll(id="help-box") as box:
            box.border_title = word(self, "help_title")
            box.border_subtitle = word(self, "help_close")
            yield Static(self._text(), id="help-text")

    def on_mount(self) -> None:
        """Let the arrows scroll at once."""
        self.set_focus(self.query_one("#help-box"))

    def _text(self) -> Text:
        language = desk(self).language
        text = Text(self._sentence + "\n\n")
        text.append(word(self, "help_keys") + "\n", "bold")
        for key in keys_of(desk(self).state, (*self._extra, NEXT, BACK)):
            text.append(f"  {show.fit(key.label, KEY_CELLS)}{word(self, key.text_key)}\n")
        text.append("\n" + word(self, "help_notices") + "\n", "bold")
        published = desk(self).state.published or ()
        for notice in reversed(published):
            text.append(f"  {notice.notice}  {show.clock(notice.time_ns)}  ", "dim")
            text.append(notice_text(notice, language) + "\n")
        if not published:
            text.append(f"  {word(self, 'help_notices_none')}\n", "dim")
        text.append("\n" + word(self, "help_glossary") + "\n", "bold")
        for zh_name, en_name, zh_text, en_text in GLOSSARY:
            name = f"{zh_name} · {en_name}" if zh_name != en_name else zh_name
            text.append(f"  {name}\n", "bold")
            text.append(f"    {zh_text if language == 'zh' else en_text}\n")
        text.append("\n" + word(self, "independent") + "\n", "dim")
        return text
