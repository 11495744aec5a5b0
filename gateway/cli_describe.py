"""`ceax describe`: print or check what the wire speaks, generated from the types."""

import argparse
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.cli_parts import make_parser

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.cli_parts import Commands

STALE: Final = 1
"""Exit code where a file is not what the types say."""
LEVELS_INDENTED: Final = 3
EXAMPLE = """\
ceax describe asyncapi > asyncapi.json
  ceax describe reference | less
  ceax describe --check          in a checkout: are the files in gateway/api what the types say?
  ceax describe --write          write them anew"""


def documents() -> "dict[str, tuple[str, Callable[[], str]]]":
    """Return name → file and maker of each description."""
    from gateway.describe_asyncapi import make_asyncapi
    from gateway.describe_ccxt import make_ccxt
    from gateway.describe_openapi import make_openapi
    from gateway.describe_reference import make_reference
    from gateway.describe_vectors import make_vectors

    def text(make: "Callable[[], dict[str, object]]") -> "Callable[[], str]":
        return lambda: _written(make()) + "\n"

    return {
        "asyncapi": ("asyncapi.json", text(make_asyncapi)),
        "openapi": ("openapi.json", text(make_openapi)),
        "reference": ("REFERENCE.md", make_reference),
        "vectors": ("vectors.json", text(make_vectors)),
        "ccxt": ("CCXT.md", make_ccxt),
    }


def _written(value: object, depth: int = 0) -> str:
    """Return JSON with a line for each schema or message: small, and a change shows where it is."""
    pad, end = "\n" + " " * (depth + 1), "\n" + " " * depth
    if depth < LEVELS_INDENTED and isinstance(value, dict) and value:
        rows = (
            f"{json.dumps(key, ensure_ascii=False)}: {_written(inner, depth + 1)}"
            for key, inner in value.items()
        )
        return "{" + ",".join(pad + row for row in rows) + end + "}"
    if depth < LEVELS_INDENTED and isinstance(value, list) and value:
        return "[" + ",".join(pad + _written(inner, LEVELS_INDENTED) for inner in value) + end + "]"
    return json.dumps(value, ensure_ascii=False)


def folder() -> Path:
    """Return where the files are kept."""
    return Path(str(files("gateway").joinpath("api")))


def add_commands(commands: "Commands") -> None:
    """Add `ceax describe`."""
    summary = "print what the wire speaks: AsyncAPI, OpenAPI, reference, test vectors"
    parser = make_parser(commands, "describe", summary, EXAMPLE)
    names = ("asyncapi", "openapi", "reference", "vectors", "ccxt")
    parser.add_argument("document", nargs="?", choices=names, help="what to print")
    parser.add_argument("--check", action="store_true", help="compare the files with the types")
    parser.add_argument("--write", action="store_true", help="write the files anew")
    parser.set_defaults(run=_describe)


def _describe(arguments: argparse.Namespace) -> int:
    from gateway.errors import UserError

    made = documents()
    if arguments.document:
        print(made[arguments.document][1](), end="")
        return 0
    if arguments.write:
        folder().mkdir(exist_ok=True)
        for name, make in made.values():
            folder().joinpath(name).write_text(make(), encoding="utf-8")
            print(folder().joinpath(name))
        return 0
    if not arguments.check:
        raise UserError("name a document, or --check or --write; see ceax describe --help")
    stale = stale_files()
    for line in stale:
        print(line)
    return STALE if stale else 0


def stale_files() -> list[str]:
    """Return one line for each file that is not what the types say."""
    lines = []
    for name, make in documents().values():
        path = folder().joinpath(name)
        kept = path.read_text(encoding="utf-8") if path.exists() else ""
        if kept != make():
            lines.append(f"gateway/api/{name} is stale; run: ceax describe --write")
    return lines
