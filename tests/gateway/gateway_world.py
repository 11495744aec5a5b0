"""A whole gateway for tests: a market with admitted traders on its first day, behind a real socket."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import websockets
from msgspec import structs
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from engine.commands import (
    AnyCommand,
    Approve,
    Deposit,
    EnrolKey,
    OpenDay,
    PickListing,
    PlaceListing,
    Propose,
    RecordAccess,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    Side,
    TransferIn,
)
from engine.exchange import Exchange
from engine.profile import Profile
from engine.units import midnight_ns, parse_clock
from gateway import keys, wire
from gateway.audit import Audit, SubmitMany
from gateway.client import Client, Patience
from gateway.connection import Connection
from gateway.history import Applied
from gateway.keys import KeyFile
from gateway.limits import LIMITS, Settings
from gateway.server import Server
from tests.fakes import MemorySequencer
from tests.markets import FIRST_DATE, PRODUCT, admission, national

OPERATOR_ONE, OPERATOR_TWO, CLEARING, FIRST_TRADER = 1, 2, 3, 4
QUICK = Patience(dial_s=60.0, first_pause_s=0.01, longest_pause_s=0.05, reconnect_s=60.0)
REFERENCE_FEN = 4_800


async def eventually(condition: Callable[[], object]) -> None:
    """Return when something has become true; TimeoutError after a minute."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for lies behind a socket
            await asyncio.sleep(0.005)


def settings(**changes: Any) -> Settings:
    """Return settings with other limits for every role, e.g. `orders_per_second=1`."""
    own = {
        name: changes.pop(name) for name in list(changes) if name in wire.Limits.__struct_fields__
    }
    limits = {role: structs.replace(limits, **own) for role, limits in LIMITS.items()}
    return Settings(limits=limits, **{"book_interval_s": 0.0, **changes})


class Heard(Audit):
    """An audit that writes nothing: tests that count sequences have nobody coming and going in between."""

    def __init__(self, submit_many: SubmitMany, limits: Settings) -> None:
        super().__init__(submit_many, limits)
        self.entries: list[RecordAccess] = []

    def record(self, entry: RecordAccess) -> None:
        self.entries.append(entry)


class World:
    """An exchange on 2021-07-16 with two operators, clearing and traders of participants 1.."""

    def __init__(self, traders: int = 3, profile: Profile | None = None) -> None:
        self.profile = profile or national()
        self.operators = [keys.new_key(f"演示运营员{n}", Role.OPERATOR) for n in "甲乙"]
        self.clearing = keys.new_key("演示清算", Role.CLEARING)
        self.traders = [keys.new_key(f"演示交易员{n}", Role.TRADER) for n in range(1, traders + 1)]
        self.exchange = Exchange(self.profile)
        self.sequencer = MemorySequencer(self.exchange, self.clock("08:00"))
        self.server: Server
        self.heard: Heard
        self._client_order = 0
        self._reference = 0
        self._found()

    def clock(self, text: str, date: str = FIRST_DATE) -> int:
        """Return the time of a Beijing clock text."""
        return midnight_ns(date) + parse_clock(text)

    def send(self, key: int, command: AnyCommand) -> Applied:
        """Apply one command past the sockets."""
        return self.sequencer.submit_now((key, command))[0]

    def trader_key(self, participant: int) -> int:
        """Return the key number of a participant's trader."""
        return FIRST_TRADER + participant - 1

    def approve(self, *actions: Any) -> Applied:
        """Let one operator propose and the other approve."""
        made = self.send(OPERATOR_ONE, Propose(actions=actions, reason="演示"))
        proposal = getattr(made.events[0], "proposal", 0)
        return self.send(OPERATOR_TWO, Approve(proposal=proposal))

    def _found(self) -> None:
        for key in (*self.operators, self.clearing):
            self.send(0, EnrolKey(public_key=key.public_key, role=key.role, person=key.person))
        count = len(self.traders)
        self.approve(*(admission(number) for number in range(1, count + 1)))
        self.approve(*(self.enrolment(key, n) for n, key in enumerate(self.traders, 1)))

    def enrolment(self, key: KeyFile, participant: int) -> EnrolKey:
        """Return the enrolment of a key."""
        return EnrolKey(
            public_key=key.public_key,
            role=key.role,
            person=key.person,
            participant=participant,
        )

    def endow(self, participant: int, cash_fen: int = 10**10, tonnes: int = 300_000) -> None:
        """Give a participant cash and allowances."""
        self._reference += 1
        number = self._reference
        self.send(
            CLEARING,
            Deposit(participant=participant, amount_fen=cash_fen, reference=f"D-{number}"),
        )
        self.send(
            CLEARING,
            TransferIn(
                participant=participant,
                product=PRODUCT,
                quantity_t=tonnes,
                reference=f"T-{number}",
            ),
        )

    def open(self, clock: str = "09:30") -> None:
        """Open the first day, set the reference price and go to a time of day."""
        self.sequencer.now_ns = self.clock("08:30")
        self.send(0, OpenDay(date=FIRST_DATE))
        for participant in range(1, len(self.traders) + 1):
            self.endow(participant)
        self.approve(
            SetReferencePrice(
                product=PRODUCT, price_fen=REFERENCE_FEN, basis=ReferenceBasis.ADMINISTRATIVE
            )
        )
        self.go_to(clock)

    def go_to(self, clock: str) -> None:
        """Let exchange time come to a time of the day, phase by phase."""
        from engine.commands import AdvanceTime

        target_ns = self.clock(clock)
        while 0 < (boundary_ns := self.exchange.next_boundary_ns()) <= target_ns:
            self.sequencer.now_ns = boundary_ns
            self.send(0, AdvanceTime())
        self.sequencer.now_ns = max(target_ns, self.exchange.time_ns + 1)
        self.send(0, AdvanceTime())

    def list(self, participant: int, side: Side, price_fen: int, quantity_t: int) -> Applied:
        """List past the sockets."""
        self._client_order += 1
        command = PlaceListing(
            product=PRODUCT,
            side=side,
            price_fen=price_fen,
            quantity_t=quantity_t,
            client_order=self._client_order,
        )
        return self.send(self.trader_key(participant), command)

    def pick(self, participant: int, listing: int, quantity_t: int) -> Applied:
        """Pick past the sockets."""
        self._client_order += 1
        command = PickListing(
            listing=listing, quantity_t=quantity_t, client_order=self._client_order
        )
        return self.send(self.trader_key(participant), command)

    # ------------------------------------------------------------ the gateway

    async def serve(
        self, limits: Settings | None = None, port: int = 0, *, is_audited: bool = False
    ) -> Server:
        """Start a gateway; the port is chosen by the system, and logins stay out of the log unless asked."""
        self.server = Server(
            self.sequencer,
            self.profile,
            clock_mode="driven",
            port=port,
            settings=limits or settings(),
        )
        if not is_audited:
            self.server.entrance.audit = self.heard = Heard(
                self.sequencer.submit_many, self.server.settings
            )
        await self.server.start()
        return self.server

    async def trader(self, participant: int = 1, **options: Any) -> Client:
        """Connect the trader of a participant."""
        return await self.connect(self.traders[participant - 1], **options)

    async def connect(self, key: KeyFile | None, **options: Any) -> Client:
        """Connect with a key."""
        options.setdefault("patience", QUICK)
        return await Client.connect(self.server.url, key, **options)


@contextlib.asynccontextmanager
async def serving(
    limits: Settings | None = None,
    *,
    traders: int = 3,
    clock: str = "09:30",
    profile: Profile | None = None,
    is_audited: bool = False,
) -> AsyncIterator[World]:
    """Yield a world on its first day with a running gateway."""
    world = World(traders, profile)
    world.open(clock)
    await world.serve(limits, is_audited=is_audited)
    try:
        yield world
    finally:
        await world.server.stop()


class Raw:
    """A client without the library: frames as they are, for tests of the gateway's manners."""

    def __init__(self, socket: ClientConnection, url: str) -> None:
        self.socket = socket
        self.url = url
        self.nonce = ""
        self.statuses: list[dict[str, Any]] = []
        """What the gateway told of its status while other frames were taken."""

    async def take(self) -> dict[str, Any]:
        """Return the next frame that came for a reason: neither a beat nor a status."""
        while True:
            data = await asyncio.wait_for(self.socket.recv(), 60)
            assert isinstance(data, bytes) is self.is_packed, "frames are of the agreed kind"
            frame: dict[str, Any] = (
                msgspec.msgpack.decode(data) if isinstance(data, bytes) else json.loads(data)
            )
            if frame["type"] == "StatusChanged":
                self.statuses.append(frame)
            elif frame["type"] != "Beat":
                return frame

    async def send(self, frame: dict[str, Any] | str) -> None:
        """Send a frame."""
        if self.is_packed and not isinstance(frame, str):
            await self.socket.send(msgspec.msgpack.encode(frame))
        else:
            await self.socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    @property
    def is_packed(self) -> bool:
        """Frames of this connection are MessagePack."""
        return self.socket.subprotocol == wire.Format.MESSAGEPACK.value

    async def ask(self, frame: dict[str, Any] | str) -> dict[str, Any]:
        """Send a frame and return what comes next."""
        await self.send(frame)
        return await self.take()

    def login(self, key: KeyFile, **changes: Any) -> dict[str, Any]:
        """Return a login frame, correct but for the changes."""
        parts = {
            "host": self.url.removeprefix("ws://"),
            "nonce": self.nonce,
            "time_ns": time.time_ns(),
            "public_key": key.public_key,
            **changes,
        }
        text = wire.login_text(parts["host"], parts["nonce"], parts["public_key"], parts["time_ns"])
        return {
            "type": "Login",
            "public_key": parts["public_key"],
            "time_ns": parts["time_ns"],
            "signature": key.sign(text),
            "language": changes.get("language", "en"),
        }


@contextlib.asynccontextmanager
async def raw(world: World, key: KeyFile | None = None, **options: Any) -> AsyncIterator[Raw]:
    """Yield a raw client, logged in where a key is given."""
    url = world.server.url
    options.setdefault("close_timeout", 0.1)
    async with websockets.connect(url, compression=None, proxy=None, **options) as socket:
        client = Raw(socket, url)
        client.nonce = (await client.take())["nonce"]
        if key is not None:
            assert (await client.ask(client.login(key)))["type"] == "Welcome"
        yield client


def stop_reading(client: Raw, connection: Connection) -> None:
    """Let a client take nothing more, with little room between it and the gateway."""
    ours, theirs = (
        transport.get_extra_info("socket")
        for transport in (connection.socket.transport, client.socket.transport)
    )
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.socket.transport.pause_reading()


def place(number: int = 1, **changes: Any) -> dict[str, Any]:
    command = {
        "type": "PlaceListing",
        "product": PRODUCT,
        "side": 1,
        "price_yuan": "48.00",
        "quantity_t": 10,
        "client_order": number,
    }
    return {"type": "Submit", "id": number, "command": command | changes}


async def closing(client: Raw) -> tuple[int, str]:
    """Return code and reason of the close that must come."""
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionClosed):
            async for _ in client.socket:
                pass
        await client.socket.wait_closed()
    return client.socket.close_code or 0, client.socket.close_reason or ""


async def pushed(client: Client, count: int) -> list[Any]:
    """Return the next frames that are pushed."""
    async with asyncio.timeout(60):
        return [await client.next_message() for _ in range(count)]


async def until(client: Client, kind: type[Any], sequence: int) -> list[Any]:
    """Return what is pushed up to a frame of a kind at a sequence."""
    found: list[Any] = []
    async with asyncio.timeout(60):
        while True:
            message = await client.next_message()
            found.append(message)
            if isinstance(message, kind) and message.sequence >= sequence:
                return found
