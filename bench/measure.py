"""What every benchmark of the project reports: the machine, the versions, and rows with their conditions.

A row says its name, its unit, median and worst of its runs, and under which conditions it holds. All
benches print the same object: ``{"machine", "versions", "rows": [{"name", "unit", "median", "worst",
"runs", "goal", "conditions"}]}``.
"""

import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

NANOSECONDS: Final = 1_000_000_000
PACKAGES: Final = ("numba", "numpy", "llvmlite", "msgspec")
DIGITS: Final = 2


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, memory and system."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": f"{platform.system()} {platform.release()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide speed."""
    found = {name: version(name) for name in PACKAGES}
    return {"python": platform.python_version(), **found}


def row(
    name: str,
    unit: str,
    samples: Sequence[float],
    conditions: dict[str, Any],
    *,
    goal: float | None = None,
    at_least: float | None = None,
) -> dict[str, Any]:
    """Return the row of one figure from the samples of its runs; the worst is the highest.

    `goal` is what the median should not pass, `at_least` what it should reach (the worst is then the
    lowest), None where there is none.
    """
    worst = max(samples) if at_least is None else min(samples)
    return {
        "name": name,
        "unit": unit,
        "median": round(statistics.median(samples), DIGITS),
        "worst": round(worst, DIGITS),
        "runs": len(samples),
        "goal": goal,
        "at_least": at_least,
        "conditions": conditions,
    }


def report(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole report of a benchmark."""
    return {"machine": machine(), "versions": versions(), "rows": list(rows)}


def print_report(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Print a report: one JSON object, or a line for each row and what all rows have in common."""
    found = report(rows)
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return
    told = found["machine"]
    texts = (f"{name} {number}" for name, number in found["versions"].items())
    sys.stdout.write(f"{told['processor']}, {told['cores']} cores; {', '.join(texts)}\n\n")
    head = ("row", "median", "worst", "of", "wall", "per second", "goal")
    sys.stdout.write(LINE.format(*head))
    for line in found["rows"]:
        sys.stdout.write(_line(line))


LINE: Final = "{:<36} {:>12} {:>12} {:>4} {:>12} {:>12}  {}\n"


def _line(line: dict[str, Any]) -> str:
    is_time = line["unit"] == "ns/command"
    unit = "ns" if is_time else line["unit"]
    wall = f"{line['conditions']['wall_median']:.2f} ns" if is_time else ""
    rate = f"{NANOSECONDS / line['median']:,.0f}" if is_time else ""
    goal = ""
    if line["goal"] is not None:
        verdict = "kept" if line["median"] <= line["goal"] else "MISSED"
        goal = f"<= {line['goal']} {unit}: {verdict}"
    elif line.get("at_least"):
        verdict = "kept" if line["median"] >= line["at_least"] else "MISSED"
        goal = f">= {line['at_least']} {unit}: {verdict}"
    if line["conditions"].get("is_limited_by_client"):
        goal += " (limited by the client)"
    median, worst = f"{line['median']:.2f} {unit}", f"{line['worst']:.2f} {unit}"
    return LINE.format(line["name"], median, worst, line["runs"], wall, rate, goal)


class Bars:
    """A progress bar on standard error, where a person looks; nothing where nobody does."""

    def __init__(self, *, is_shown: bool) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        console = Console(stderr=True)
        self._progress = Progress(*columns, console=console, transient=True, disable=not is_shown)
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Show what is prepared."""
        self._progress.update(self._task, description=text, completed=0, total=None)

    def step(self, text: str, done: int, total: int) -> None:
        """Show how many runs of a row are done; the first is not counted in its figure."""
        self._progress.update(self._task, description=text, completed=done, total=total)
