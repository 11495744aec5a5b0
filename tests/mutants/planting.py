"""The list of planted bugs, a scratch copy of the repository, and the engine's tests run inside it."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from tests.mutants.witness import FILE_NAME, ROOT_NAME

ROOT: Final = Path(__file__).resolve().parents[2]
LIST: Final = Path(__file__).with_name("mutants.toml")
SECONDS_MAX: Final = 300
"""For one mutant; the whole suite takes a tenth of it."""
TEST_SECONDS_MAX: Final = 60
"""For one test: a mutant may loop for ever."""
FIRST: Final = (
    "scenarios",
    "edges",
    "golden_vectors",
    "digests",
    "precedence",
    "units",
    "invariants",
)
LAST: Final = ("every_reason", "against_oracle", "core")
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$", re.MULTILINE)


class Mutant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One planted bug: where, what instead of what, and which rule it breaks."""

    name: str
    file: str
    rule: str
    says: str
    source: str
    replacement: str
    is_quick: bool = False
    tests: tuple[str, ...] = ()
    """Files of tests that are to find it; none means those of the engine."""


class _List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mutants: tuple[Mutant, ...]


NOTHING: Final = Mutant(
    name="(nothing planted)", file="", rule="", says="", source="", replacement=""
)
"""The control: the same copy and the same tests without a bug must pass."""


class Verdict(StrEnum):
    """What became of a mutant; only KILLED is good, and PASSED of the control."""

    KILLED = "killed"
    PASSED = "SURVIVED"
    TOO_SLOW = "TIME LIMIT"
    BROKEN = "BROKEN"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of the tests said about a mutant."""

    mutant: Mutant
    verdict: Verdict
    killer: str
    """The test that failed, or for a broken run what went wrong."""
    seconds: float


class PlantingError(Exception):
    """The list does not fit the sources any more; the message names the mutant."""


def load(path: Path = LIST) -> tuple[Mutant, ...]:
    """Return the planted bugs in the order of a list."""
    return msgspec.toml.decode(path.read_bytes(), type=_List).mutants


def mutated(mutant: Mutant, root: Path = ROOT) -> str:
    """Return the whole text of the file with the bug in it; PlantingError if it is not found once."""
    path = root / mutant.file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = text.count(mutant.source)
    if found != 1:
        message = f"{mutant.name}: its source text stands {found} times in {mutant.file}, not once"
        raise PlantingError(message)
    return text.replace(mutant.source, mutant.replacement)


def copy_sources(target: Path) -> None:
    """Copy the repository's files as they are in the work tree, new ones too, ignored ones not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in set(filter(None, listed.split("\0"))):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)


def ordered_tests(root: Path) -> list[str]:
    """Return the engine's test files, those that find most in least time first."""
    stems = {path.stem.removeprefix("test_") for path in (root / "tests/engine").glob("test_*.py")}
    middle = sorted(stems.difference(FIRST, LAST))
    ordered = [name for name in (*FIRST, *middle, *LAST) if name in stems]
    return [f"tests/engine/test_{name}.py" for name in ordered]


def _environment(scratch: Path, seed: int) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV", "CEAX_"))}
    return kept | {
        "NUMBA_DISABLE_JIT": "1",
        "CEAX_SHORT": "1",
        "CEAX_CACHE": str(scratch / ".cache"),
        "PYTHONPATH": str(scratch),
        "PYTHONHASHSEED": str(seed),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(scratch),  # what a killed test leaves goes with the copy
        ROOT_NAME: str(scratch),
    }


class Children:
    """The runs that live now, each its own process group; all end when the runner is stopped."""

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._groups: Final[set[int]] = set()
        self._is_stopped = False

    @contextlib.contextmanager
    def child(self, command: list[str], cwd: Path, seed: int) -> Iterator["subprocess.Popen[str]"]:
        """Start a child that does not outlive the block."""
        with self._lock:
            if self._is_stopped:
                raise KeyboardInterrupt
            child = subprocess.Popen(
                command,
                cwd=cwd,
                env=_environment(cwd, seed),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._groups.add(child.pid)
        try:
            yield child
        finally:
            self._end(child.pid)
            child.communicate()

    def _end(self, group: int) -> None:
        with self._lock:
            self._groups.discard(group)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def stop(self) -> None:
        """End every child and start no more."""
        with self._lock:
            self._is_stopped = True
            for group in self._groups:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)


def try_one(mutant: Mutant, sources: Path, seed: int, children: Children) -> Outcome:
    """Plant one bug in a fresh copy and run its tests, or the engine's, there until one fails.

    `sources` is a copy too, made once for all: somebody may edit the work tree meanwhile.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ceax-mutant-") as name:
        scratch = Path(name).resolve()
        shutil.copytree(sources, scratch, dirs_exist_ok=True)
        if mutant is not NOTHING:
            (scratch / mutant.file).write_text(mutated(mutant, scratch), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--tb=line", "--color=no"]
        command += ["--timeout", str(TEST_SECONDS_MAX), "-p", "no:xdist"]
        command += ["-p", "tests.mutants.witness", *(mutant.tests or ordered_tests(scratch))]
        with children.child(command, scratch, seed) as child:
            try:
                output, _ = child.communicate(timeout=SECONDS_MAX)
            except subprocess.TimeoutExpired:
                verdict, killer = Verdict.TOO_SLOW, f"no answer in {SECONDS_MAX} s"
            else:
                verdict, killer = _judge(mutant, scratch, child.returncode, output)
    seconds = time.monotonic() - started
    return Outcome(mutant=mutant, verdict=verdict, killer=killer, seconds=seconds)


def _judge(mutant: Mutant, scratch: Path, code: int, output: str) -> tuple[Verdict, str]:
    """Say what a finished run proves: a red test kills, a run that did not get so far proves nothing."""
    wrong = _imported_elsewhere(mutant, scratch)
    if wrong:
        return Verdict.BROKEN, f"{wrong}: {' / '.join(output.splitlines()[-3:])}"
    failed = FAILED.findall(output)
    if code == 1 and failed:
        return Verdict.KILLED, failed[0]
    if code == 0:
        return Verdict.PASSED, ""
    return Verdict.BROKEN, f"pytest ended with {code}: " + " / ".join(output.splitlines()[-3:])


def _imported_elsewhere(mutant: Mutant, scratch: Path) -> str:
    """Prove that the tests ran on the copy: the project is also installed from its own place."""
    witness = scratch / FILE_NAME
    if not witness.exists():
        return "the tests did not start"
    seen: dict[str, str] = json.loads(witness.read_text(encoding="utf-8"))
    strangers = [file for file in seen.values() if not Path(file).is_relative_to(scratch)]
    if strangers:
        return f"imported from outside the copy: {strangers[0]}"
    if seen.get("engine") != str(scratch / "engine/__init__.py"):
        return "the engine of the copy was not imported"
    if mutant is not NOTHING and str(scratch / mutant.file) not in seen.values():
        return f"{mutant.file} was not imported"
    return ""
