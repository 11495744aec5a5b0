"""The client library without async: for scripts and notebooks, the same verbs, each waits for its answer.

Typical use::

    with SyncClient.connect("ws://127.0.0.1:7000", load("trader.key")) as market:
        print(market.book("CEA24").asks)
        answer = market.place_listing("CEA24", Side.SELL, 9_850, 100)
        market.subscribe("private")
        for message in market.messages(timeout_s=5):
            print(message)

A thread of its own keeps the line: it answers, reconnects and resumes while the script thinks. The object
may be used from one thread at a time.
"""

import asyncio
import atexit
import functools
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from engine.events import Refused
from gateway import wire
from gateway.client import Client, RequestFailed
from gateway.dialling import Patience
from gateway.inbox import Message
from gateway.keys import KeyFile
from gateway.local_book import LocalBook

P = ParamSpec("P")
T = TypeVar("T")


class _Line(threading.Thread):
    """An event loop in a thread, which ends with its program."""

    def __init__(self, language: wire.Language) -> None:
        super().__init__(name="ceax-client", daemon=True)
        self._language = language
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.loop = self._runner.get_loop()

    def run(self) -> None:
        with self._runner:  # its end lets what was given up half way close what it has open
            self.loop.run_forever()

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and return what it returns, here; RequestFailed when all is closed."""
        if self.loop.is_closed():
            coroutine.close()
            text = "the client was closed"
            raise RequestFailed.here("not_sent", "NOT_CONNECTED", self._language, text)
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def end(self) -> None:
        """Stop the loop and wait for the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join()


def _waits(
    verb: Callable[Concatenate[Client, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["SyncClient", P], T]:
    """Make a verb of the client one that waits; arguments, answer and errors stay the same."""

    @functools.wraps(verb)
    def waiting(self: "SyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._line.wait(verb(self._client, *args, **kwargs))

    return waiting


class SyncClient:
    """One connection with one key, or without one as an observer; see `gateway.client.Client`."""

    def __init__(self, client: Client, line: _Line) -> None:
        self._client = client
        self._line = line
        self._is_closed = False
        atexit.register(self.close)  # a script may end, or be stopped, without a word

    @classmethod
    def connect(
        cls,
        url: str,
        key: KeyFile | None,
        *,
        language: wire.Language = "en",
        reconnect: bool = True,
        patience: Patience | None = None,
        authorities: Path | None = None,
        form: wire.Format = wire.Format.JSON,
    ) -> "SyncClient":
        """Connect and log in; LoginRefused with the reason, ConnectionFailed where nobody answers."""
        line = _Line(language)
        line.start()
        try:
            client = line.wait(
                Client.connect(
                    url,
                    key,
                    language=language,
                    reconnect=reconnect,
                    patience=patience,
                    authorities=authorities,
                    form=form,
                )
            )
        except BaseException:
            line.end()
            raise
        return cls(client, line)

    def close(self) -> None:
        """Close the connection and end its thread; once is enough, twice does no harm."""
        if self._is_closed:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        try:
            self._line.wait(self._client.close())
        finally:
            self._line.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ------------------------------------------------------------ what is known without asking

    @property
    def welcome(self) -> wire.Welcome:
        """Profile, key, role, person, participant, clock mode and limits, as told at the last login."""
        return self._client.welcome

    @property
    def sequence(self) -> int:
        """Last sequence of the log that the gateway told, at least once a second."""
        return self._client.sequence

    @property
    def time_ns(self) -> int:
        """Exchange time that the gateway told last, at least once a second."""
        return self._client.time_ns

    @property
    def status(self) -> wire.StatusChanged | None:
        """What the exchange takes now (phases, halts, `accepts`), None before it was told."""
        return self._client.status

    @property
    def days_left(self) -> int | None:
        """Days that this key holds beyond today, None = until revoked; see `Client.days_left`."""
        return self._client.days_left

    @property
    def is_connected(self) -> bool:
        """A connection stands at the moment."""
        return self._client.is_connected

    def explain(self, refused: Refused) -> str:
        """Return a refusal with its figures in words."""
        return self._client.explain(refused)

    def next_client_order(self) -> int:
        """Return a client order number that this key has not used."""
        return self._client.next_client_order()

    def cursor(self, channel: str) -> int | None:
        """Return the last sequence of a channel that came in, to `subscribe(after=...)` with later."""
        return self._client.cursor(channel)

    def local_book(self, product: str) -> LocalBook | None:
        """Return a subscribed book as it is now, which stays so; None before its first snapshot."""
        return self._line.wait(self._book_now(product))

    async def _book_now(self, product: str) -> LocalBook | None:
        book = self._client.local_book(product)
        if book is None or not book.is_whole:
            return None
        copy = LocalBook(product)
        copy.apply(book.snapshot())
        return copy

    # ------------------------------------------------------------ pushed messages

    def next_message(self, timeout_s: float | None = None) -> Message | None:
        """Return the next pushed message or notice; None when nothing came in time or the line is over."""
        return self._line.wait(self._next(timeout_s))

    async def _next(self, timeout_s: float | None) -> Message | None:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._client.next_message()
        except TimeoutError:
            return None

    def messages(self, timeout_s: float | None = None) -> Iterator[Message]:
        """Yield pushed messages until none comes for `timeout_s` seconds, or for ever."""
        while (message := self.next_message(timeout_s)) is not None:
            yield message

    # ------------------------------------------------------------ verbs, as in Client

    subscribe = _waits(Client.subscribe)
    unsubscribe = _waits(Client.unsubscribe)
    submit = _waits(Client.submit)
    find_order = _waits(Client.find_order)

    place_listing = _waits(Client.place_listing)
    place_listings = _waits(Client.place_listings)
    pick_listing = _waits(Client.pick_listing)
    take_listings = _waits(Client.take_listings)
    reduce_order = _waits(Client.reduce_order)
    cancel_order = _waits(Client.cancel_order)
    cancel_orders = _waits(Client.cancel_orders)
    cancel_all = _waits(Client.cancel_all)
    arm_switch = _waits(Client.arm_switch)
    offer_block = _waits(Client.offer_block)
    accept_block = _waits(Client.accept_block)
    set_block_group = _waits(Client.set_block_group)
    offer_block_to_group = _waits(Client.offer_block_to_group)
    counter_block = _waits(Client.counter_block)
    confirm_block = _waits(Client.confirm_block)
    refuse_block = _waits(Client.refuse_block)
    apply_auction = _waits(Client.apply_auction)
    place_bid = _waits(Client.place_bid)

    propose = _waits(Client.propose)
    approve = _waits(Client.approve)
    reject = _waits(Client.reject)
    halt = _waits(Client.halt)
    resume = _waits(Client.resume)
    advance_clock = _waits(Client.advance_clock)
    rotate_key = _waits(Client.rotate_key)
    revoke_key = _waits(Client.revoke_key)
    set_own_limits = _waits(Client.set_own_limits)
    stop_trading = _waits(Client.stop_trading)
    allow_trading = _waits(Client.allow_trading)

    market = _waits(Client.market)
    book = _waits(Client.book)
    listings = _waits(Client.listings)
    account = _waits(Client.account)
    orders = _waits(Client.orders)
    trades = _waits(Client.trades)
    unsettled = _waits(Client.unsettled)
    participants = _waits(Client.participants)
    keys = _waits(Client.keys)
    codes = _waits(Client.codes)
    proposals = _waits(Client.proposals)
    bulletins = _waits(Client.bulletins)
    groups = _waits(Client.groups)
    offers = _waits(Client.offers)
    negotiations = _waits(Client.negotiations)
    auctions = _waits(Client.auctions)
    applications = _waits(Client.applications)
    halts = _waits(Client.halts)
    closures = _waits(Client.closures)
    notices = _waits(Client.notices)
    statement = _waits(Client.statement)
