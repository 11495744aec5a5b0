"""What another process has used of the machine, read from Linux' /proc."""

from pathlib import Path
from typing import Final

KIB: Final = 1024


def cpu_ns(pid: int) -> int:
    """Return the CPU time of all threads of a process, in ns; those that have ended are not in it."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        total += int((thread / "schedstat").read_text(encoding="ascii").split()[0])
    return total


def memory_bytes(pid: int) -> int:
    """Return the memory that is the process's own: resident pages, shared ones in part (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, *figures = line.split()
        if name == "Pss:":
            return int(figures[0]) * KIB
    raise AssertionError(f"process {pid} has no Pss")
