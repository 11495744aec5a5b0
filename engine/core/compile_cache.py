"""Where compiled kernels are kept: the one place of the engine that touches files.

It is the documented exception to the engine's purity: nothing here can change an answer, and numba
itself would write its cache next to the sources. The directory's name carries a hash of the core's
sources, options and versions, because numba's cache sees neither a change in an imported file nor
another option (kernel notes). `CEAX_CACHE` names the parent directory, else the user's cache directory.
"""

import fcntl
import hashlib
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numba

_STAMP: Final = "compiled"
_VOCABULARY: Final = ("commands", "events", "reasons", "units")
"""Modules whose constants are compiled in."""
_directory: list[Path] = []


def choose_directory(options: str) -> None:
    """Point numba's cache to the directory that belongs to these sources, options and versions."""
    digest = hashlib.sha256(options.encode())
    for package in ("numba", "numpy", "llvmlite"):
        digest.update(f"{package} {version(package)} ".encode())
    digest.update(f"{platform.python_version()} {platform.machine()}".encode())
    core = Path(__file__).parent
    vocabulary = [core.parent / f"{name}.py" for name in _VOCABULARY]
    for source in sorted(core.glob("*.py")) + vocabulary:
        digest.update(source.read_bytes())
    directory = _parent() / f"core-{digest.hexdigest()[:16]}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError:  # a read-only home: compile anew in each process, still correct
        directory = Path(tempfile.mkdtemp(prefix="ceax-core-"))
    _directory[:] = [directory]
    numba.config.CACHE_DIR = str(directory)  # type: ignore[attr-defined]


def _parent() -> Path:
    chosen = os.environ.get("CEAX_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if chosen:
        return Path(chosen) / "ceax"
    try:
        return Path.home() / ".cache" / "ceax"
    except RuntimeError:  # no home directory at all
        return Path(tempfile.gettempdir()) / "ceax"


def is_stamped() -> bool:
    """Say whether a process has compiled these sources before."""
    return (_directory[0] / _STAMP).exists()


@contextmanager
def compiling() -> Iterator[None]:
    """Let one process compile at a time: parallel first compiles crash (kernel notes)."""
    with (_directory[0] / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes, also by a kill
        yield
        (_directory[0] / _STAMP).touch()
