"""What a demo shows while it runs: short stage lines with ticks on stderr, tables on stdout."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

COLUMNS_MAX: Final = 100
SECONDS_SHOWN: Final = 0.1
INDENT: Final = "    "
_PARTS: Final = re.compile(r"[\u2e80-\uffff](?:[,。;:、)]*)|[^\s\u2e80-\uffff]+\s*|\s+")
"""A wide character with the punctuation that may not begin a line, or a word with its spaces."""
TICK: Final = "[green]✓[/green]"
CROSS: Final = "[red]✗[/red]"


class Stage:
    """One line that is being worked on; `done` gives it its final words."""

    def __init__(self) -> None:
        self.text = ""

    def done(self, text: str) -> None:
        """Set what the line says when the stage has passed."""
        self.text = text


class DayBar:
    """The progress bar of a trading day."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def show(self, part: float, text: str) -> None:
        """Show which part of the day (0 to 1) has passed, and its latest figures."""
        self._progress.update(self._task, completed=part, description=text)


class Screen:
    """Two consoles: progress to stderr, results to stdout; with `quiet` nothing goes to stdout."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.progress = _console(sys.stderr)
        self.results = _console(sys.stdout)
        self._live: Progress | None = None

    def title(self, text: str, under: str = "") -> None:
        """Begin a part."""
        width = self.progress.width
        self.progress.print("")
        for line in wrap(text, width):
            self.progress.print(f"[bold]{escape(line)}[/bold]")
        for line in wrap(under, width) if under else ():
            self.progress.print(f"[dim]{escape(line)}[/dim]")

    @contextmanager
    def stage(self, doing: str) -> Iterator[Stage]:
        """Show a line while something long happens, then tick it with its time; a failure crosses it."""
        stage = Stage()
        began = time.monotonic()
        try:
            if self.progress.is_terminal and self._live is None:
                with self.progress.status(doing):
                    yield stage
            else:
                yield stage
        except BaseException:
            self._line(CROSS, doing)
            raise
        self.tick(stage.text or doing, time.monotonic() - began)

    def tick(self, text: str, seconds: float = 0.0) -> None:
        """Print a line for something that has passed."""
        self._line(TICK, text, f"{seconds:.1f} s" if seconds >= SECONDS_SHOWN else "")

    def _line(self, mark: str, text: str, spent: str = "") -> None:
        """Print a mark and its text, whose further lines stand under the first."""
        room = self.progress.width - len(INDENT) - len(spent) - 2 * bool(spent)
        first, *others = wrap(text, room)
        tail = f"  [dim]{spent}[/dim]" if spent else ""
        self.progress.print(f"  {mark} {escape(first)}{tail}")
        for line in others:
            self.progress.print(f"{INDENT}{escape(line)}")

    @contextmanager
    def day(self, text: str) -> Iterator[DayBar]:
        """Show a bar while a day passes; lines printed meanwhile stand above it."""
        columns = (BarColumn(bar_width=24), TextColumn("{task.description}"))
        with Progress(
            *columns, console=self.progress, transient=True, refresh_per_second=8
        ) as progress:
            self._live = progress
            try:
                yield DayBar(progress, progress.add_task(text, total=1.0))
            finally:
                self._live = None

    def show(self, *objects: object) -> None:
        """Print a result."""
        if not self.quiet:
            self.results.print(*objects)


def wrap(text: str, columns: int) -> list[str]:
    """Cut a text into lines that fit: at spaces, and beside any wide (Chinese) character."""
    lines, line = [], ""
    for part in _PARTS.findall(text):
        if cell_len((line + part).rstrip()) > columns and line.strip():
            lines.append(line.rstrip())
            line = ""
        line += part if line else part.lstrip()
    return [*lines, line.rstrip()]


def _console(stream: object) -> Console:
    console = Console(file=stream, highlight=False, soft_wrap=False)  # type: ignore[arg-type]
    if console.width > COLUMNS_MAX or not console.is_terminal:
        console.width = COLUMNS_MAX
    return console
