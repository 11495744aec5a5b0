"""What every benchmark of the project reports: the machine, the versions, and rows with their conditions.

A row says its name, its unit, median and worst of its runs, and under which conditions it holds. All
benches print the same object: ``{"machine", "versions", "rows": [{"name", "unit", "median", "worst",
"runs", "conditions"}]}``.
"""

import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

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
    name: str, unit: str, samples: Sequence[float], conditions: dict[str, Any]
) -> dict[str, Any]:
    """Return the row of one figure from the samples of its runs; the worst is the highest."""
    return {
        "name": name,
        "unit": unit,
        "median": round(statistics.median(samples), DIGITS),
        "worst": round(max(samples), DIGITS),
        "runs": len(samples),
        "conditions": conditions,
    }


def report(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole report of a benchmark."""
    return {"machine": machine(), "versions": versions(), "rows": list(rows)}


def print_report(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Print a report: one JSON object, or a line for each row."""
    found = report(rows)
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{found['machine']['processor']}, {found['machine']['cores']} cores\n")
    for line in found["rows"]:
        sys.stdout.write(
            f"{line['name']:<28} {line['median']:>10.2f} {line['unit']}"
            f"   worst {line['worst']:.2f} of {line['runs']} runs\n"
        )
        for key, value in line["conditions"].items():
            sys.stdout.write(f"    {key}: {value}\n")
