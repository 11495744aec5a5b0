"""What a demo shows while it runs: short stage lines with ticks on stderr, tables on stdout."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

COLUMNS_MAX: Final = 100
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
        self.progress.print(f"\n[bold]{text}[/bold]")
        if under:
            self.progress.print(f"[dim]{under}[/dim]")

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
        spent = f"  [dim]{seconds:.1f} s[/dim]" if seconds >= 0.1 else ""  # noqa: PLR2004
        self._line(TICK, f"{text}{spent}")

    def _line(self, mark: str, text: str) -> None:
        """Print a mark and its text, whose further lines stand under the first."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=3, justify="right", no_wrap=True)
        grid.add_column()
        grid.add_row(mark, text)
        self.progress.print(grid)

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


def _console(stream: object) -> Console:
    console = Console(file=stream, highlight=False, soft_wrap=False)  # type: ignore[arg-type]
    if console.width > COLUMNS_MAX or not console.is_terminal:
        console.width = COLUMNS_MAX
    return console
