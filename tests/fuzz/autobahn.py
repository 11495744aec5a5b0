"""Autobahn's fuzzing client against our gates: `python -m tests.fuzz.autobahn [WSTEST] [FOLDER]`.

WSTEST is the `wstest` program of autobahntestsuite 0.8.2, which runs under Python 2.7 alone
(`python2.7 -m virtualenv py27 && py27/bin/pip install autobahntestsuite==0.8.2`); without the argument it is
looked for in the path. The server is the gateway's own gate with its own socket options and an echo in
the place of the conversation, and with room for the suite's largest messages. Left out are the cases of
compression (12, 13), which is off, and six that send 4 MiB in more fragments than a message may have.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from gateway.gate import Gate
from gateway.limits import LIMITS, Settings
from gateway.server import socket_options

OTHERS_MAX: Final = 4
"""Cases that may be neither OK nor non-strict: 245 of 249 are asked for, three can only inform."""
LEFT_OUT: Final = ["12.*", "13.*", *(f"9.{group}.{case}" for group in (3, 4) for case in (1, 2, 3))]
PASSED: Final = frozenset({"OK", "NON-STRICT", "INFORMATIONAL"})
RUN_S: Final = 600


async def echo(socket: ServerConnection) -> None:
    """Send back what comes, through the gate's own framing, as a conversation does."""
    assert isinstance(socket, Gate), "create_connection makes gates"
    gate = socket

    def answer(message: str | bytes) -> None:
        if isinstance(message, str):
            gate.push(message.encode())
        elif gate.is_open:  # a conversation has one kind of message, the suite both
            gate.protocol.send_binary(message)
            gate.send_data()

    try:
        while gate.has_messages:
            answer(await gate.recv())
        gate.listen(answer)
        await gate.wait_closed()
    except ConnectionClosed:
        return


def options() -> dict[str, Any]:
    """Return the gateway's socket options, but for limits that the suite itself is beyond."""
    from msgspec.structs import replace

    wide = replace(
        LIMITS["observer"],
        frame_bytes=16 * 2**20,
        bytes_per_second=2**30,
        bytes_burst=2**40,
        unsent_bytes=2**30,
    )
    found = socket_options(Settings(limits={"observer": wide}, ping_s=600.0))
    for name in ("subprotocols", "select_subprotocol"):
        found.pop(name, None)
    return found


async def run(program: str, folder: Path) -> Counter[str]:
    """Run the suite; return how many cases behaved how."""
    async with serve(echo, "127.0.0.1", 0, **options()) as server:
        port = server.sockets[0].getsockname()[1]
        spec = folder / "spec.json"
        spec.write_text(
            json.dumps(
                {
                    "outdir": str(folder / "report"),
                    "servers": [{"agent": "ceax", "url": f"ws://127.0.0.1:{port}"}],
                    "cases": ["*"],
                    "exclude-cases": LEFT_OUT,
                }
            ),
            encoding="ascii",
        )
        process = await asyncio.create_subprocess_exec(
            *(program, "-m", "fuzzingclient", "-s", str(spec)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            await asyncio.wait_for(process.wait(), RUN_S)
        finally:
            if process.returncode is None:
                process.kill()
    return read_report(folder / "report" / "index.json")


def read_report(path: Path) -> Counter[str]:
    """Return how many cases of a report behaved how; the others are told."""
    (cases,) = json.loads(path.read_text()).values()
    found: Counter[str] = Counter()
    for name, case in sorted(cases.items()):
        found[case["behavior"]] += 1
        if case["behavior"] not in PASSED:
            print(f"{name}: {case['behavior']}, close {case['behaviorClose']}", file=sys.stderr)
    return found


def main(arguments: list[str]) -> int:
    """Run the suite and say whether it is passed; 2 where there is no suite."""
    program = arguments[0] if arguments else shutil.which("wstest") or ""
    if not program:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    found = asyncio.run(run(program, folder))
    total = sum(found.values())
    good = found["OK"] + found["NON-STRICT"]
    told = ", ".join(f"{count} {name.lower()}" for name, count in sorted(found.items()))
    print(f"{total} cases: {told}; report in {folder / 'report' / 'index.html'}")
    return 0 if good and total - good <= OTHERS_MAX else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
