"""A market on the fake disk with a driven clock: started, killed and started again in one process."""

from collections.abc import Callable, Sequence
from importlib.resources import files

from engine.commands import (
    Action,
    AnyCommand,
    Approve,
    CancelOrder,
    Deposit,
    EnrolKey,
    PlaceListing,
    Propose,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    Side,
    TransferIn,
)
from engine.events import ProposalMade
from engine.units import midnight_ns, parse_clock
from gateway.calendar import Calendar, Timetable
from gateway.clock import Clock, SimulatedClock
from gateway.history import Applied
from gateway.journal import Journal
from gateway.recovery import Place, recover
from gateway.replay import Replayed, replay_journal
from gateway.sequencer import Sequencer
from gateway.snapshot_policy import EVERY, SnapshotPolicy
from tests.gateway.fake_disk import FakeDisk
from tests.markets import FIRST_DATE, PRODUCT, admission, national, public_key

OPERATOR_ONE, OPERATOR_TWO, CLEARING, TRADER = 1, 2, 3, 4
PROFILE_TEXT = files("engine").joinpath("profiles/national.toml").read_bytes()
DAYS = ("2021-07-15", FIRST_DATE, "2021-07-19", "2021-07-20", "2021-07-21")


def moment(clock: str, date: str = FIRST_DATE) -> int:
    """Return the time (ns) of a Beijing clock text."""
    return midnight_ns(date) + parse_clock(clock)


def genesis() -> list[AnyCommand]:
    """Return the keys that the market begins with."""
    return [
        EnrolKey(public_key=public_key(1), role=Role.OPERATOR, person="演示甲"),
        EnrolKey(public_key=public_key(2), role=Role.OPERATOR, person="演示乙"),
        EnrolKey(public_key=public_key(3), role=Role.CLEARING, person="演示清算"),
    ]


def listing(client_order: int, price_fen: int = 4_800, quantity_t: int = 10) -> PlaceListing:
    """Return a listing to sell."""
    return PlaceListing(
        product=PRODUCT,
        side=Side.SELL,
        price_fen=price_fen,
        quantity_t=quantity_t,
        client_order=client_order,
    )


class Rig:
    """The disk outlives the processes; `sequencer` is the process of the moment."""

    def __init__(self, disk: FakeDisk | None = None) -> None:
        self.disk = disk or FakeDisk()
        self.snapshots = FakeDisk()
        self.snapshot_every = EVERY
        self.lines: list[str] = []
        """What recoveries told."""
        self.recovered: tuple[int, bytes, bytes]
        """Sequence and digests that the last start found."""
        self.policy: SnapshotPolicy
        self.sequencer: Sequencer
        self.journal: Journal
        self.genesis = genesis()
        self.seen: list[Applied] = []
        self.batches: list[list[Applied]] = []

    async def start(
        self, clock: str = "08:00", make: Callable[[int], Clock] | None = None
    ) -> Sequencer:
        """Recover and start; the clock goes on from the last journaled time."""
        place = Place(
            journal=self.disk,
            snapshots=self.snapshots,
            profile=national(),
            profile_text=PROFILE_TEXT,
            chunk_bytes=65_536,
        )
        found = recover(place, self.lines.append)
        exchange, history, self.journal = found.exchange, found.history, found.journal
        self.recovered = (exchange.sequence, exchange.event_digest(), exchange.state_digest())
        start_ns = exchange.time_ns or moment(clock)
        calendar = Calendar(source="test", known_until=DAYS[-1], days=DAYS)
        timetable = Timetable(calendar, exchange.profile)
        own = make(start_ns) if make else SimulatedClock(start_ns, 0)
        self.policy = SnapshotPolicy(
            exchange, history, self.journal, found.snapshots, self.snapshot_every
        )
        self.sequencer = Sequencer(exchange, self.journal, history, own, timetable, self.policy)
        self.sequencer.listen(self._listen)
        await self.sequencer.start(self.genesis)
        return self.sequencer

    def _listen(self, batch: list[Applied]) -> None:
        assert self.journal.last == batch[-1].sequence, "told before it was durable"
        self.batches.append(batch)
        self.seen += batch

    async def approve(self, *actions: Action) -> Applied:
        """Let one operator propose and the other approve."""
        made = await self.sequencer.submit(
            OPERATOR_ONE, Propose(actions=tuple(actions), reason="演示")
        )
        proposal = made.events[0]
        assert isinstance(proposal, ProposalMade)
        return await self.sequencer.submit(OPERATOR_TWO, Approve(proposal=proposal.proposal))

    async def open_market(self, clock: str = "09:30") -> None:
        """Admit one participant with a trader, endow it, and open the first day."""
        await self.approve(admission(1))
        await self.approve(
            EnrolKey(public_key=public_key(4), role=Role.TRADER, person="演示", participant=1)
        )
        await self.sequencer.submit_many(
            CLEARING,
            [
                Deposit(participant=1, amount_fen=10**12, reference="D-1"),
                TransferIn(participant=1, product=PRODUCT, quantity_t=10**6, reference="T-1"),
            ],
        )
        await self.sequencer.advance_clock(moment("08:30"))
        price = SetReferencePrice(
            product=PRODUCT, price_fen=4_800, basis=ReferenceBasis.ADMINISTRATIVE
        )
        await self.approve(price)
        await self.sequencer.advance_clock(moment(clock))

    async def trade(self, first: int, count: int) -> list[Applied]:
        """List and cancel, in commands that may share batches."""
        commands: list[AnyCommand] = []
        for number in range(first, first + count):
            commands.append(listing(number, 4_320 + number % 900))
            if number % 3 == 0:
                commands.append(CancelOrder(order=1, client_order=10**6 + number))
        return await self.sequencer.submit_many(TRADER, commands)

    def replay(self) -> Replayed:
        """Replay the journal from the disk, cleanly."""
        return replay_journal(self.disk)

    def digests(self) -> tuple[int, bytes, bytes]:
        """Return sequence and digests of the running exchange."""
        exchange = self.sequencer.exchange
        return exchange.sequence, exchange.event_digest(), exchange.state_digest()


def kinds(applied: Sequence[Applied]) -> list[str]:
    """Return the names of the events in order."""
    return [type(event).__name__ for item in applied for event in item.events]
