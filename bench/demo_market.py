"""A whole market for a demo: its processes, the keys of its people, accounts, admission and funds.

Everything goes through the public interfaces: the `ceax` command, the websocket client, the registry's
HTTP. Both demos use it, the historic day and the market that stays.
"""

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from bench.emitters import Emitter
from bench.processes import (
    LOOPBACK,
    READY_SECONDS,
    Child,
    ProcessFailed,
    Supervisor,
    ceax_command,
    free_port,
)
from clearing.registry_client import RegistryClient, RegistryUnavailable
from engine.commands import Action, EnrolKey, Role
from engine.events import KeyEnrolled, ParticipantAdmitted, ProposalMade, Refused
from engine.units import participant_code
from gateway import keys
from gateway.client import Answer, Client
from gateway.client_errors import ConnectionFailed
from gateway.keys import KeyFile
from gateway.wire import Language

COMMAND_SECONDS: Final = 60
ARRIVAL_SECONDS: Final = 60.0
"""Longest wait for what the registry moved to arrive at the exchange."""
REQUESTS_AT_A_TIME: Final = 8
POLL_SECONDS: Final = 0.05
LOGIN_ATTEMPTS: Final = 5


class DemoFailed(Exception):
    """Something came out otherwise than it must; the text says what."""


class Funds(Struct, frozen=True, kw_only=True):
    """What one participant starts with: money, and tonnes by product."""

    cash_fen: int
    holdings: dict[str, int] = {}


class Places(Struct, frozen=True, kw_only=True):
    """Where the parts of a demo lie, all in one directory."""

    folder: Path

    @property
    def exchange(self) -> Path:
        """Data directory of the exchange."""
        return self.folder / "exchange"

    @property
    def registry(self) -> Path:
        """Data directory of the registry."""
        return self.folder / "registry"

    @property
    def clearing(self) -> Path:
        """Data directory of clearing."""
        return self.folder / "clearing"

    @property
    def keys(self) -> Path:
        """Keys of the traders."""
        return self.folder / "keys"

    @property
    def logs(self) -> Path:
        """What the processes printed."""
        return self.folder / "logs"

    def make(self) -> None:
        """Make the directories that no process makes for itself."""
        for folder in (self.folder, self.keys, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def link(self, name: str, key: Path) -> Path:
        """Return a short path to a key for people to type; the key itself stays where it is."""
        path = self.folder / f"{name}.key"
        path.symlink_to(key)
        return path

    def key_files(self) -> list[Path]:
        """Return every key file and token below."""
        return sorted((*self.folder.rglob("*.key"), *self.folder.rglob("*.token")))


class Market:
    """The three processes and the two operators of one market."""

    def __init__(self, places: Places, supervisor: Supervisor, language: Language) -> None:
        self.places = places
        self.supervisor = supervisor
        self.language: Language = language
        self.exchange_url = ""
        self.registry_url = ""
        self.exchange: Child
        self.clearing_status_port = 0
        self.maker: Client
        self.checker: Client
        self.registry: RegistryClient
        self._open: list[Client] = []

    # ------------------------------------------------------------ processes

    async def make_market(self) -> None:
        """Make the market's directory with its profile, calendar and keys (`ceax init`)."""
        await run_ceax("init", str(self.places.exchange))

    async def start_registry(self) -> None:
        """Start the registry and log in with its administrator's token."""
        port = free_port()
        folder = str(self.places.registry)
        await self.supervisor.start(
            "registry",
            ceax_command("registry", "serve", "--data", folder, "--port", str(port)),
            port,
        )
        self.registry_url = f"http://{LOOPBACK}:{port}"
        path = self.places.registry / "admin.token"
        # The port is taken before the first start makes its tokens.
        await until(lambda: _holds_text(path), READY_SECONDS, "the registry's token")
        self.registry = RegistryClient(self.registry_url, path.read_text(encoding="ascii").strip())
        await self.registry.health()

    async def start_exchange(self, start: str, rate: str) -> None:
        """Start the exchange on a simulated clock and log both operators in."""
        port = free_port()
        command = ceax_command(
            "exchange", "serve", "--data", str(self.places.exchange), "--port", str(port),
            "--clock", "simulated", "--clock-start", start, "--clock-rate", rate,
        )  # fmt: skip
        self.exchange = await self.supervisor.start("exchange", command, port)
        self.exchange_url = f"ws://{LOOPBACK}:{port}"
        own = self.places.exchange / "keys"
        self.maker = await self.connect(keys.load(own / "operator-1.key"))
        self.checker = await self.connect(keys.load(own / "operator-2.key"))

    async def start_clearing(self) -> None:
        """Start clearing between the two."""
        port = self.clearing_status_port = free_port()
        command = ceax_command(
            "clearing", "serve", "--data", str(self.places.clearing),
            "--exchange", self.exchange_url, "--registry", self.registry_url,
            "--key", str(self.places.exchange / "keys" / "clearing.key"),
            "--token", str(self.places.registry / "exchange.token"),
            "--status-port", str(port),
        )  # fmt: skip
        await self.supervisor.start("clearing", command, port)

    async def connect(self, key: KeyFile | None) -> Client:
        """Connect with a key, or without one; closed with the market.

        A machine that is too busy to finish a login in its three seconds gets another chance.
        """
        for attempt in range(LOGIN_ATTEMPTS):
            try:
                client = await Client.connect(self.exchange_url, key, language=self.language)
            except ConnectionFailed:
                if attempt == LOGIN_ATTEMPTS - 1:
                    raise
                continue
            self._open.append(client)
            return client
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def close(self) -> None:
        """Close all connections; the processes are the supervisor's."""
        if hasattr(self, "registry"):
            await self.registry.close()
        await asyncio.gather(*(c.close() for c in self._open), return_exceptions=True)

    async def watch(self) -> None:
        """Fail as soon as a process has ended that should be running."""
        while True:
            self.supervisor.check()
            await asyncio.sleep(POLL_SECONDS)

    # ------------------------------------------------------------ four eyes

    async def carry_out(self, actions: Sequence[Action], reason: str) -> Answer:
        """Let one operator propose and the other approve; return the answer to the approval."""
        return await self.approve(await self.propose(actions, reason))

    async def propose(self, actions: Sequence[Action], reason: str) -> int:
        """Let the first operator propose; return the proposal's number."""
        made = await self.maker.propose(actions, reason)
        if not isinstance(made.first, ProposalMade):
            raise DemoFailed(f"the proposal was answered: {made.text or made.first}")
        return made.first.proposal

    async def approve(self, proposal: int) -> Answer:
        """Let the second operator approve."""
        return await self.checker.approve(proposal)

    async def enrol(self, people: Sequence[tuple[KeyFile, int]]) -> Answer:
        """Enrol traders' keys for their participants; DemoFailed where one is refused."""
        actions = [
            EnrolKey(
                public_key=key.public_key, role=Role.TRADER, person=key.person, participant=number
            )
            for key, number in people
        ]
        answer = await self.carry_out(actions, "演示:登记操作员密钥")
        if sum(isinstance(event, KeyEnrolled) for event in answer.events) != len(people):
            raise DemoFailed(f"not every key was enrolled: {answer.text}")
        return answer

    # ------------------------------------------------------------ registry

    async def open_accounts(self, rows: Iterable[tuple[Emitter, Funds]], date: str) -> None:
        """Open registry accounts, issue allowances, let money arrive at the bank."""

        async def open_one(emitter: Emitter, funds: Funds) -> None:
            account = emitter.registry_account
            await self.registry.open_account(
                account,
                funds_account=emitter.funds_account,
                name=emitter.name,
                credit_code=emitter.credit_code,
                date=date,
                reference=f"open-{account}",
            )
            for product, quantity_t in funds.holdings.items():
                await self.registry.issue(
                    account, product, quantity_t, date=date, reference=f"issue-{account}-{product}"
                )
            await self.registry.credit_bank(
                account, funds.cash_fen, date=date, reference=f"bank-{account}"
            )

        await in_parallel(lambda e=e, f=f: open_one(e, f) for e, f in rows)  # type: ignore[misc]

    async def move_funds(self, rows: Iterable[tuple[Emitter, Funds]], date: str) -> None:
        """Move allowances to the trading side and money to the settlement account (R16, R96)."""

        async def move_one(emitter: Emitter, funds: Funds) -> None:
            account = emitter.registry_account
            for product, quantity_t in funds.holdings.items():
                await self.registry.transfer_in(
                    account, product, quantity_t, date=date, reference=f"in-{account}-{product}"
                )
            await self.registry.deposit(
                account, funds.cash_fen, date=date, reference=f"deposit-{account}"
            )

        await in_parallel(lambda e=e, f=f: move_one(e, f) for e, f in rows)  # type: ignore[misc]

    async def wait_for_funds(self, expected: dict[int, Funds]) -> None:
        """Wait until each participant's funds stand in its account at the exchange."""
        for number, funds in expected.items():
            await until(
                lambda n=number, f=funds: self._has_arrived(n, f),  # type: ignore[misc]
                ARRIVAL_SECONDS,
                f"the funds of {participant_code(number)} at the exchange",
            )

    async def _has_arrived(self, participant: int, funds: Funds) -> bool:
        account = await self.maker.account(participant)
        held = {holding.product: holding.available_t for holding in account.holdings}
        return account.cash.settled_fen == funds.cash_fen and held == funds.holdings


async def _holds_text(path: Path) -> bool:
    return await asyncio.to_thread(lambda: path.exists() and path.stat().st_size > 0)


def admitted(answer: Answer) -> dict[str, int]:
    """Return the participant number of each credit code that an approval admitted."""
    return {
        event.credit_code: event.participant
        for event in answer.events
        if isinstance(event, ParticipantAdmitted)
    }


def refusals(answer: Answer) -> list[Refused]:
    """Return the refused actions of an approval."""
    return [event for event in answer.events if isinstance(event, Refused)]


async def run_ceax(*arguments: str) -> str:
    """Run a `ceax` command to its end and return what it printed; ProcessFailed quotes its errors."""
    process = await asyncio.create_subprocess_exec(
        *ceax_command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        told = (errors.strip() or output.strip()).decode("utf-8", "replace")
        command = " ".join(arguments[:2])
        raise ProcessFailed(f"ceax {command} ended with exit code {process.returncode}:\n{told}")
    return output.decode("utf-8")


async def ceax_json(*arguments: str) -> dict[str, Any]:
    """Run a `ceax` command with --json and return its object."""
    found: dict[str, Any] = json.loads(await run_ceax(*arguments, "--json"))
    return found


async def in_parallel(makers: Iterable[Callable[[], Awaitable[object]]]) -> None:
    """Run a few requests at a time; the first failure ends them all."""
    room = asyncio.Semaphore(REQUESTS_AT_A_TIME)

    async def run(maker: Callable[[], Awaitable[object]]) -> None:
        async with room:
            await maker()

    with unpacked():
        async with asyncio.TaskGroup() as group:
            for maker in makers:
                group.create_task(run(maker))


async def until(condition: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    """Ask again and again until a condition holds; DemoFailed names what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await condition():
            return
        await asyncio.sleep(POLL_SECONDS)
    raise DemoFailed(f"waited {seconds:.0f} s in vain for {what}")


@contextlib.contextmanager
def unpacked() -> Iterator[None]:
    """Raise the first error of a task group itself, so that a person reads one line."""
    try:
        yield
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


__all__ = [
    "DemoFailed",
    "Funds",
    "Market",
    "Places",
    "RegistryUnavailable",
    "admitted",
    "ceax_json",
    "in_parallel",
    "refusals",
    "run_ceax",
    "unpacked",
    "until",
]
