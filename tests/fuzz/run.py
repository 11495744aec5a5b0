"""Run a fuzzer for some seconds: `python -m tests.fuzz.run decoder|framing|journal SECONDS [FOLDER]` (`make fuzz`).

The corpus lies in FOLDER, by default in the system's folder for temporary files, and is used again; an
input that breaks the promise is written there as `crash-…` and ends the run with a code other than 0.
"""

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Final

TARGETS: Final = ("decoder", "framing", "journal")
INPUT_BYTES_MAX: Final = {"decoder": 4_096, "framing": 4_096, "journal": 16_384}


def main(arguments: list[str]) -> int:
    """Fuzz one target; returns only where the arguments are wrong."""
    if len(arguments) not in {2, 3} or arguments[0] not in TARGETS or not arguments[1].isdigit():
        print(__doc__, file=sys.stderr)
        return 2
    name, seconds = arguments[0], arguments[1]
    folder = Path(arguments[2]) if len(arguments) == 3 else Path(tempfile.gettempdir())
    corpus = folder / f"ceax-fuzz-{name}"
    corpus.mkdir(parents=True, exist_ok=True)

    import atheris

    with atheris.instrument_imports(include=["gateway"]):
        target = importlib.import_module(f"tests.fuzz.{name}")
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={INPUT_BYTES_MAX[name]}",
        f"-artifact_prefix={corpus}/",
        "-print_final_stats=1",
        "-verbosity=1",
        "-timeout=20",
        "-rss_limit_mb=2048",
    ]
    # The words of the wire are what a blind search would need years to find.
    words = corpus.parent / f"ceax-fuzz-{name}.dict"
    words.write_text(_dictionary(target.seeds()), encoding="ascii")
    options.append(f"-dict={words}")
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda data: target.check(data) and None)
    atheris.Fuzz()
    return 0


def _dictionary(seeds: list[bytes]) -> str:
    import re

    found = {word for seed in seeds for word in re.findall(rb"[A-Za-z_]{3,40}", seed)}
    lines = [f'"{word.decode()}"' for word in sorted(found)]
    return "\n".join(lines[:500]) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
