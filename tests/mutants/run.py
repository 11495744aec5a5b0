"""Plant every bug of the list, one at a time, and say which test kills it (`make mutants`)."""

import argparse
import json
import os
import platform
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from tests.mutants.planting import (
    LIST,
    NOTHING,
    ROOT,
    Children,
    Mutant,
    Outcome,
    PlantingError,
    Verdict,
    copy_sources,
    load,
    mutated,
    try_one,
)

RESULTS: Final = LIST.with_name("RESULTS.md")
JOBS_MAX: Final = 16
PARTS: Final = ("engine", "tests", "bench", "pyproject.toml")
"""What the engine's tests are made of."""


def try_all(
    mutants: Sequence[Mutant],
    sources: Path,
    jobs: int,
    seed: int,
    tell: Callable[[Outcome], None],
) -> list[Outcome]:
    """Try mutants side by side and return their outcomes in the order given; Ctrl-C ends all children."""
    children = Children()
    pool = ThreadPoolExecutor(jobs)
    try:
        futures = [pool.submit(try_one, mutant, sources, seed, children) for mutant in mutants]
        for future in as_completed(futures):
            outcome = future.result()
            tell(outcome)
            if outcome.mutant is NOTHING and outcome.verdict != Verdict.PASSED:
                message = f"without any bug the tests do not pass: {outcome.killer}"
                raise PlantingError(message)
        return [future.result() for future in futures]
    finally:
        children.stop()
        pool.shutdown(cancel_futures=True)


def _is_good(outcome: Outcome) -> bool:
    wanted = Verdict.PASSED if outcome.mutant is NOTHING else Verdict.KILLED
    return outcome.verdict == wanted


def _line(outcome: Outcome) -> str:
    verdict = "passed" if _is_good(outcome) and outcome.mutant is NOTHING else outcome.verdict
    return f"{outcome.mutant.name:<38} {verdict:<10} {outcome.seconds:6.1f} s  {outcome.killer}"


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()

    changed = git("status", "--porcelain", "--", *PARTS, f":!{RESULTS.relative_to(ROOT)}")
    return git("rev-parse", "--short", "HEAD") + (" and uncommitted changes" if changed else "")


def results_text(outcomes: Sequence[Outcome], commit: str, seed: int, seconds: float) -> str:
    """Return the table of a whole run."""
    killed = sum(outcome.verdict == Verdict.KILLED for outcome in outcomes)
    planted = [outcome for outcome in outcomes if outcome.mutant is not NOTHING]
    control = [outcome for outcome in outcomes if outcome.mutant is NOTHING]
    rows = [
        f"| `{o.mutant.name}` | {o.mutant.file} | {o.mutant.rule} | {o.mutant.says} |"
        f" {o.verdict} | {o.killer.replace('tests/engine/', '').replace('|', '/')} | {o.seconds:.1f} |"
        for o in planted
    ]
    passed = [
        f" Without a bug the same tests pass in {o.seconds:.0f} s." for o in control if _is_good(o)
    ]
    head = f"""# Planted bugs

Written by `make mutants`; the bugs stand in `mutants.toml`. Each was planted alone in a scratch copy of
the repository, and the engine's tests ran there until one failed.{"".join(passed)}

- {killed} of {len(planted)} killed, in {seconds:.0f} s
- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit}
- seed {seed} (of hashing; the tests' own seeds stand in them)
- Python {platform.python_version()}, without the compiler

| bug | file | rule | what is wrong | verdict | first test that failed | seconds |
| --- | --- | --- | --- | --- | --- | ---: |"""
    return "\n".join([head, *rows, ""])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants.run",
        description=__doc__,
        epilog="example: python -m tests.mutants.run --only close_rounded_down",
    )
    parser.add_argument("--only", metavar="NAME", action="append", help="one bug (may be repeated)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default 2)")
    parser.add_argument("--seed", type=int, default=0, help="seed of hashing, 0 chooses one")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    if not 1 <= arguments.jobs <= JOBS_MAX:
        parser.error(f"--jobs must be 1 to {JOBS_MAX}")
    if not 0 <= arguments.seed < 2**32:
        parser.error("--seed must be 0 to 4294967295")
    unknown = set(arguments.only or ()) - {mutant.name for mutant in load()}
    if unknown:
        parser.error(f"no bug is called {', '.join(sorted(unknown))}; see {LIST.name}")
    return arguments


def _show(outcomes: Sequence[Outcome], commit: str, seed: int, *, is_json: bool) -> None:
    if not is_json:
        print("\n".join(_line(outcome) for outcome in outcomes))
        return
    rows = [
        {
            "name": outcome.mutant.name,
            "rule": outcome.mutant.rule,
            "verdict": outcome.verdict,
            "killer": outcome.killer,
            "seconds": round(outcome.seconds, 1),
            "is_good": _is_good(outcome),
        }
        for outcome in outcomes
    ]
    print(json.dumps({"commit": commit, "seed": seed, "mutants": rows}))


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run what the command line asks for: 0 if all are killed, 1 if one is not, 130 if stopped."""
    arguments = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):  # make may have left SIGINT ignored
        signal.signal(number, _stop)
    mutants = load()
    if arguments.only:
        mutants = tuple(mutant for mutant in mutants if mutant.name in arguments.only)
    seed = arguments.seed or int(os.environ.get("CEAX_SEED") or 0) or secrets.randbelow(2**31) + 1
    print(f"CEAX_SEED={seed}, {len(mutants)} planted bugs", file=sys.stderr, flush=True)
    done: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        done.append(outcome)
        place = f"[{len(done)}/{len(mutants) + 1}]"
        print(f"{place:>8} {_line(outcome)}", file=sys.stderr, flush=True)

    started, commit = time.monotonic(), _commit()
    try:
        with tempfile.TemporaryDirectory(prefix="ceax-mutants-") as name:
            sources = Path(name)
            copy_sources(sources)
            for mutant in mutants:
                mutated(mutant, sources)
            outcomes = try_all((NOTHING, *mutants), sources, arguments.jobs, seed, tell)
    except PlantingError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; every child has ended", file=sys.stderr)
        return 130
    _show(outcomes, commit, seed, is_json=arguments.json)
    if not arguments.only:
        text = results_text(outcomes, commit, seed, time.monotonic() - started)
        RESULTS.write_text(text, encoding="utf-8")
    bad = [outcome.mutant.name for outcome in outcomes if not _is_good(outcome)]
    if bad:
        print(f"not killed: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
