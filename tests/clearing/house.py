"""An exchange inside the test: the oracle with its log, seen by clearing through a port with faults."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from msgspec import structs

from engine.commands import (
    AdmitParticipant,
    AdvanceTime,
    AnyCommand,
    Approve,
    Category,
    EnrolKey,
    Entry,
    OpenDay,
    PickListing,
    PlaceListing,
    Propose,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    Side,
)
from engine.events import AnyEvent, Bulletin, ListingPlaced, ParticipantAdmitted, Traded
from engine.profile import Profile, load_profile
from engine.units import midnight_ns, parse_clock
from engine.views import Account, ParticipantView, TradeView
from gateway.client import Answer, Gap, Message, SubmitFailed
from gateway.door import Acceptance, Watcher
from gateway.history import Applied, History
from gateway.keys import KeyFile, new_key
from gateway.sequencer import Tell
from gateway.wire import DropCopy
from tests.oracle.exchange import Oracle

DATE = "2026-01-05"
NEXT_DATE = "2026-01-06"
CEA24, CEA23 = "CEA24", "CEA23"
OPERATOR_ONE, OPERATOR_TWO, CLEARING = 1, 2, 3


@cache
def profile() -> Profile:
    """Return the national rules without the check of credit codes, which is not clearing's."""
    text = files("engine").joinpath("profiles/national.toml").read_bytes()
    return structs.replace(load_profile(text), credit_code_check=False)


class House:
    """The oracle behind the interface of the sequencer, so a gateway can serve it too."""

    def __init__(self) -> None:
        self.exchange = Oracle(profile())
        self.log: list[Applied] = []
        self.history = History(profile())
        self.listeners: list[Callable[[list[Any]], None]] = []
        self.failure: BaseException | None = None
        self.time_ns = 0
        self.client_order = 0
        self.keys: dict[int, KeyFile] = {}

    # ------------------------------------------------------------ as the sequencer

    async def submit(self, key: int, command: AnyCommand) -> Applied:
        """Apply a command of a client."""
        return self.apply(key, command)

    def post(self, key: int, command: AnyCommand, tell: Tell) -> None:
        """Apply a command of a client and tell what it did."""
        asyncio.get_running_loop().call_soon(tell, [self.apply(key, command)])

    async def submit_many(self, key: int, commands: Sequence[AnyCommand]) -> list[Applied]:
        """Apply commands of one key."""
        return [self.apply(key, command) for command in commands]

    async def advance_clock(self, time_ns: int) -> int:
        """Move the clock."""
        self.time_ns = max(self.time_ns, time_ns)
        return self.apply(0, AdvanceTime()).time_ns

    @property
    def acceptance(self) -> Acceptance:
        """Everything is always taken."""
        return Acceptance()

    def watch(self, watcher: Watcher) -> None:
        """Nothing to tell: `acceptance` never changes."""

    def listen(self, listener: Callable[[list[Any]], None]) -> None:
        """Call a listener after each command."""
        self.listeners.append(listener)

    def events_after(self, sequence: int) -> Iterable[Applied]:
        """Yield the log after a sequence."""
        return iter(self.log[sequence:])

    def history_floor(self) -> int:
        """Everything is kept."""
        return 0

    def apply(self, key: int, command: AnyCommand) -> Applied:
        """Apply one command, a nanosecond later than the last."""
        self.time_ns += 1
        entry = Entry(self.exchange.sequence + 1, self.time_ns, key, command)
        applied = Applied(
            entry.sequence, self.time_ns, key, command, tuple(self.exchange.apply(entry))
        )
        self.log.append(applied)
        self.history.add_control([applied])
        for listener in self.listeners:
            listener([applied])
        return applied

    # ------------------------------------------------------------ a market day

    def enrol(self, person: str, role: Role, participant: int = 0) -> int:
        """Make a key, enrol it as the sequencer, return its number."""
        key = new_key(person, role)
        command = EnrolKey(
            public_key=key.public_key, role=role, person=person, participant=participant
        )
        number = int(getattr(self.apply(0, command).events[0], "key"))  # noqa: B009
        self.keys[number] = key
        return number

    def found(self, accounts: str) -> None:
        """Enrol two operators and clearing; admit a participant per letter with a trader's key."""
        for person, role in (("演示甲", Role.OPERATOR), ("演示乙", Role.OPERATOR)):
            self.enrol(person, role)
        self.enrol("演示清算", Role.CLEARING)
        for letter in accounts:
            self.admit(letter)

    def admit(self, letter: str) -> int:
        """Admit a participant and enrol its trader."""
        action = AdmitParticipant(
            name=f"演示{letter}",
            credit_code=f"CODE-{letter}",
            category=Category.KEY_EMITTING_UNIT,
            province="演示省",
            sector="power",
            registry_account=f"R-{letter}",
            funds_account=f"F-{letter}",
            compliance_year=2025,
        )
        events = self.approve(action)
        admitted = events[-1]
        assert isinstance(admitted, ParticipantAdmitted), events
        self.enrol(f"演示交易员{letter}", Role.TRADER, admitted.participant)
        return admitted.participant

    def approve(self, *actions: Any) -> tuple[AnyEvent, ...]:
        """Let one operator propose and the other approve."""
        made = self.apply(OPERATOR_ONE, Propose(actions=actions, reason="演示"))
        number = int(getattr(made.events[0], "proposal"))  # noqa: B009
        return tuple(self.apply(OPERATOR_TWO, Approve(proposal=number)).events)

    def at(self, date: str, clock: str) -> None:
        """Let the clock come to a time of a day."""
        self.time_ns = midnight_ns(date) + parse_clock(clock)
        self.apply(0, AdvanceTime())

    def open(self, date: str = DATE, **references: int) -> None:
        """Open a day at 09:30 with references by product (CEA24=9500), or the last close where there is one."""
        self.time_ns = midnight_ns(date) + parse_clock("08:30")
        self.apply(0, OpenDay(date=date))
        closes = {row.product: row.previous_close_fen for row in self.exchange.market().products}
        for code, first_fen in references.items():
            basis = ReferenceBasis.PREVIOUS_CLOSE if closes[code] else ReferenceBasis.ADMINISTRATIVE
            price_fen = closes[code] or first_fen
            self.approve(SetReferencePrice(product=code, price_fen=price_fen, basis=basis))
        self.at(date, "09:30")

    def close(self, date: str = DATE) -> None:
        """Let trading end."""
        self.at(date, "15:00")

    def key_of(self, letter: str) -> int:
        """Return the trader's key of a participant."""
        return next(n for n, key in self.keys.items() if key.person == f"演示交易员{letter}")

    def trade(self, seller: str, buyer: str, quantity_t: int, price_fen: int, product: str) -> int:
        """Let a seller list and a buyer pick; return the number of the trade."""
        self.client_order += 2
        listed = self.apply(
            self.key_of(seller),
            PlaceListing(
                product=product,
                side=Side.SELL,
                price_fen=price_fen,
                quantity_t=quantity_t,
                client_order=self.client_order,
            ),
        ).events[-1]
        assert isinstance(listed, ListingPlaced), listed
        picked = self.apply(
            self.key_of(buyer),
            PickListing(
                listing=listed.order, quantity_t=quantity_t, client_order=self.client_order + 1
            ),
        ).events[-1]
        assert isinstance(picked, Traded), picked
        return picked.trade


class Port:
    """The exchange as clearing sees it; faults are drawn from a seed, or set by the test."""

    def __init__(self, house: House, seed: int = 0, *, faults: int = 0) -> None:
        self.house = house
        self.random = Random(seed)
        self.faults = faults
        """Per cent of submits that fail before or after they took effect, and of copies that repeat."""
        self.is_deaf = False
        self.messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self.submitted: list[AnyCommand] = []
        house.listen(self._hear)

    def _hear(self, batch: list[Any]) -> None:
        if self.is_deaf:
            return
        for row in batch:
            self.messages.put_nowait(copy_of(row))
            if self.random.randrange(100) < self.faults:
                old = self.house.log[self.random.randrange(len(self.house.log))]
                self.messages.put_nowait(copy_of(old))

    async def submit(self, command: AnyCommand) -> Answer:
        """Send as clearing; a fault loses the command or its answer."""
        fault = self.random.randrange(100) < self.faults
        if fault and self.random.randrange(2):
            raise SubmitFailed("not_sent", "BUSY", "the inbox is full")
        self.submitted.append(command)
        row = self.house.apply(CLEARING, command)
        await asyncio.sleep(0)
        if fault:
            raise SubmitFailed("unknown", "LOST", "the connection was lost")
        return Answer(sequence=row.sequence, time_ns=row.time_ns, events=tuple(row.events))

    async def subscribe(self, *channels: str, after: int | None = None) -> None:
        """Replay what followed a sequence."""
        assert channels == ("drop",)
        while not self.messages.empty():
            self.messages.get_nowait()
        self.is_deaf = False
        for row in self.house.events_after(after or 0):
            self.messages.put_nowait(copy_of(row))

    def skip(self, after: int, sequence: int) -> None:
        """Tell that the log is no longer kept."""
        self.messages.put_nowait(Gap(channel="drop", after=after, sequence=sequence))

    async def next_message(self) -> Message | None:
        """Return the next message."""
        return await self.messages.get()

    async def account(self, participant: int = 0) -> Account:
        """Return an account."""
        return self.house.exchange.account(participant)

    async def trades(self, participant: int = 0, date: str = "") -> tuple[TradeView, ...]:
        """Return trades."""
        return self.house.exchange.trades(participant, date)

    async def unsettled(self) -> tuple[TradeView, ...]:
        """Return trades without an answer."""
        return self.house.exchange.unsettled()

    async def participants(self) -> tuple[ParticipantView, ...]:
        """Return participants."""
        return self.house.exchange.participants()

    async def bulletins(self, after: str = "") -> tuple[Bulletin, ...]:
        """Return bulletins."""
        return tuple(row for row in self.house.exchange.bulletins() if row.date > after)

    async def close(self) -> None:
        """End the stream."""
        self.messages.put_nowait(None)


def copy_of(row: Applied) -> DropCopy:
    """Return a row of the log as the drop channel sends it."""
    return DropCopy(
        sequence=row.sequence,
        time_ns=row.time_ns,
        key=row.key,
        command=row.command,
        events=tuple(row.events),
    )
