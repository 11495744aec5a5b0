"""The one owner of the client: it sends what is meant, fetches what is needed, and delivers messages.

It touches no widget and no model: everything goes through `deliver`, in the event loop of the terminal.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from engine.commands import AnyCommand, Role
from gateway import keys
from gateway.client import Client
from gateway.client_errors import ClientError, RequestFailed, SubmitFailed
from gateway.enrolling import enrol
from gateway.enrolment_code import BadCode
from gateway.errors import UserError
from gateway.inbox import Disconnected
from gateway.keys import KeyFile
from terminal.messages import (
    Fetched,
    Heard,
    IntentAnswered,
    IntentFailed,
    IntentSent,
    LevelFetched,
    LevelKey,
    Message,
    StatusHeard,
    Welcomed,
)
from terminal.texts import Language, say

CLOCK_SECONDS: Final = 0.5
FETCH_PAUSE_SECONDS: Final = 0.1
"""Least time between two rounds of queries, so that a busy market cannot spend the query allowance."""
IN_FLIGHT_MAX: Final = 16
BOOKS_MAX: Final = 24
"""Most books that are followed at once; the market has six products."""

Connect = Callable[..., Awaitable[Client]]


ROLES: Final = frozenset(
    {Role.TRADER, Role.RISK, Role.ADMINISTRATOR, Role.OPERATOR, Role.SUPERVISOR}
)
"""Whom the terminal serves."""


def read_key(path: str, language: Language, passphrase: str = "") -> KeyFile:
    """Read the key file of a person; UserError says what is wrong, PassphraseNeeded where it is locked."""
    key = keys.load(Path(path).expanduser(), passphrase or None)
    if key.role not in ROLES:
        role = say(language, f"role_{key.role.value}")
        raise UserError(say(language, "login_no_role", role=role))
    return key


async def claim(url: str, key: KeyFile, code: str, language: Language) -> None:
    """Enrol the key with a code; UserError for a typing error, LoginRefused, ConnectionFailed."""
    try:
        await enrol(url, key, code, language=language)
    except BadCode as error:
        name = "login_code_wrong" if error.group else "login_code_bad"
        raise UserError(say(language, name, group=error.group)) from None


class Busy(Exception):
    """Too many commands wait for their answers."""


class Link:
    """A logged-in connection and everything that runs on it."""

    def __init__(self, client: Client, deliver: Callable[[Message], None]) -> None:
        self.client = client
        self.deliver = deliver
        self.level: LevelKey | None = None
        self._wanted: set[str] = set()
        self._wake = asyncio.Event()
        self._intents = 0
        self._orders: dict[int, int] = {}
        """Intent number -> client order number, of orders whose outcome is not known."""
        self._sends: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(
        cls,
        url: str,
        key: KeyFile,
        language: Language,
        deliver: Callable[[Message], None],
        connect: Connect = Client.connect,
    ) -> "Link":
        """Log in; LoginRefused and ConnectionFailed as the client raises them."""
        return cls(await connect(url, key, language=language), deliver)

    async def run(self) -> None:
        """Follow the exchange until the connection is closed for good."""
        self.deliver(Welcomed(self.client.welcome))
        # A command waits at least until it is answered or failed, however the rest ends.
        helpers = [asyncio.create_task(part) for part in (self._clock(), self._fetch())]
        try:
            await self._subscribe()
            async for message in self.client.messages():
                self.deliver(message)
        except ClientError as error:
            self.deliver(Disconnected(text=str(error), is_final=True))
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)

    async def close(self) -> None:
        """Log out; what is in flight is given up with outcome unknown."""
        await self.client.close()
        if self._sends:
            await asyncio.wait(self._sends, timeout=2)

    def want(self, *parts: str) -> None:
        """Ask for parts of the model in the next round of queries; repeats cost nothing."""
        self._wanted.update(parts)
        self._wake.set()

    def send(self, make: Callable[[int], AnyCommand]) -> int:
        """Send the command that `make` builds from a new client order number; return the intent's number."""
        if len(self._sends) >= IN_FLIGHT_MAX:
            raise Busy
        self._intents += 1
        number, client_order = self._intents, self.client.next_client_order()
        command = make(client_order)
        self.deliver(IntentSent(number, command))
        if getattr(command, "client_order", 0) == client_order:
            self._orders[number] = client_order
        task = asyncio.create_task(self._send(number, command))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)
        return number

    async def resolve(self) -> None:
        """Ask what became of the orders whose outcome is unknown."""
        for number, client_order in list(self._orders.items()):
            with contextlib.suppress(ClientError, RequestFailed):
                answer = await self.client.find_order(client_order)
                self._orders.pop(number, None)
                self.deliver(IntentAnswered(number, answer))

    # ------------------------------------------------------------ tasks

    async def _send(self, number: int, command: AnyCommand) -> None:
        try:
            answer = await self.client.submit(command)
        except SubmitFailed as error:
            self.deliver(IntentFailed(number, error.outcome, error.text))
            if error.outcome == "unknown":
                return
        except ClientError as error:
            self.deliver(IntentFailed(number, "not_sent", str(error)))
        else:
            self.deliver(IntentAnswered(number, answer))
        self._orders.pop(number, None)

    async def _subscribe(self) -> None:
        products = [product.code for product in self.client.welcome.profile.products]
        books = [f"book:{code}" for code in products[:BOOKS_MAX]]
        await self.client.subscribe("market", "private", *books)
        with contextlib.suppress(RequestFailed):
            # From the beginning of what the gateway still keeps, so that the tape starts with the day.
            await self.client.subscribe("trades", after=0)

    async def _clock(self) -> None:
        seen, changed_s, told = (0, 0), time.monotonic(), None
        while True:
            if (status := self.client.status) is not None and status is not told:
                told = status
                self.deliver(StatusHeard(status))
            now = (self.client.time_ns, self.client.sequence)
            if now != seen or self.client.welcome.clock == "driven":
                seen, changed_s = now, time.monotonic()
            self.deliver(Heard(*now, int(time.monotonic() - changed_s)))
            await asyncio.sleep(CLOCK_SECONDS)

    async def _fetch(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            parts, self._wanted = self._wanted, set()
            for part in sorted(parts):
                with contextlib.suppress(RequestFailed):  # a reconnect asks for everything again
                    await self._fetch_one(part)
            await asyncio.sleep(FETCH_PAUSE_SECONDS)

    async def _fetch_one(self, part: str) -> None:
        queries: dict[str, Callable[[], Awaitable[object]]] = {
            "market": self.client.market,
            "account": self.client.account,
            "orders": self.client.orders,
            "trades": self.client.trades,
            "proposals": self.client.proposals,
            "keys": self.client.keys,
            "codes": self.client.codes,
            "participants": self.client.participants,
            "auctions": self.client.auctions,
            "applications": self.client.applications,
            "offers": self.client.offers,
            "negotiations": self.client.negotiations,
            "halts": self.client.halts,
            "published": self.client.notices,
        }
        if part != "listings":
            self.deliver(Fetched(part, await queries[part]()))
        elif self.level is not None:
            key = self.level
            rows = await self.client.listings(key.product, key.side, key.price_fen)
            self.deliver(LevelFetched(key, rows))
