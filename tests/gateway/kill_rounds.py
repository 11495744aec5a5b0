"""Rounds of SIGKILL under load, through real sockets: what was told is never lost and never doubled."""

import asyncio
import random
from collections import Counter
from pathlib import Path

from msgspec import Struct

from engine.commands import (
    AnyCommand,
    CancelOrder,
    Deposit,
    EnrolKey,
    OrderCommand,
    PickListing,
    PlaceListing,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    Side,
    TransferIn,
)
from engine.events import ListingPlaced, ProposalMade, Repeated
from engine.units import midnight_ns, parse_clock
from gateway import keys
from gateway.client import Answer, Client, ConnectionFailed, RequestFailed
from gateway.disk import FolderDisk
from gateway.history import Applied
from gateway.journal_scan import scan_journal
from gateway.keys import KeyFile
from gateway.market import make_market
from gateway.replay import Replayed, replay_journal
from tests.gateway.exchange_process import ExchangeProcess
from tests.markets import FIRST_DATE, PRODUCT, admission

TRADERS = 5
SNAPSHOT_EVERY = 400
LANES = 4
"""Commands that each trader keeps in flight."""
Place = tuple[int, int]
"""Key and client order number."""


class Sent(Struct):
    """One command of a client, and what it was told."""

    command: OrderCommand
    answer: Answer | None = None
    outcome: str = "unknown"


class Rounds:
    """One market over all its lives."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.dice = random.Random(seed)
        self.process = ExchangeProcess(
            folder, "--clock", "simulated", "--clock-rate", "0",
            "--clock-start", f"{FIRST_DATE}T09:00",
            "--snapshot-every", str(SNAPSHOT_EVERY), "--ship", str(folder.with_name("copy")),
        )  # fmt: skip
        self.traders = [keys.new_key(f"演示交易员{n}", Role.TRADER) for n in range(TRADERS)]
        self.sent: dict[Place, Sent] = {}
        self.clients: list[Client] = []
        self.listings: list[int] = []
        self.kills_in_flight = 0
        self.snapshots_used = 0
        self.copied = 0
        """How far the copy went after the last kill; a life shorter than a pause of it adds nothing."""
        self._next_number = 1

    # ------------------------------------------------------------ the market

    async def found(self) -> None:
        """Make the market, admit the traders, endow them, and open the first day."""
        make_market(self.folder)
        url = await self.process.start()
        own = self.folder / "keys"
        maker, checker, clearing = [
            await Client.connect(url, keys.load(own / name), reconnect=False)
            for name in ("operator-1.key", "operator-2.key", "clearing.key")
        ]
        for actions in (
            [admission(n) for n in range(1, TRADERS + 1)],
            [_enrolment(key, n) for n, key in enumerate(self.traders, 1)],
            [
                SetReferencePrice(
                    product=PRODUCT, price_fen=4_800, basis=ReferenceBasis.ADMINISTRATIVE
                )
            ],
        ):
            made = (await maker.propose(tuple(actions), "演示")).events[0]
            assert isinstance(made, ProposalMade)
            assert not (await checker.approve(made.proposal)).refused
        for number in range(1, TRADERS + 1):
            for command in _endowment(number):
                assert not (await clearing.submit(command)).refused
        await maker.advance_clock(midnight_ns(FIRST_DATE) + parse_clock("09:30"))
        for client in (maker, checker, clearing):
            await client.close()
        await self.connect()

    async def connect(self) -> None:
        """Connect every trader anew."""
        self.clients = [
            await Client.connect(self.process.url, key, reconnect=False) for key in self.traders
        ]

    # ------------------------------------------------------------ the load

    def _next_command(self) -> OrderCommand:
        self._next_number += 1
        number, kind = self._next_number, self.dice.random()
        if kind < 0.6 or not self.listings:
            return PlaceListing(
                product=PRODUCT,
                side=self.dice.choice((Side.BUY, Side.SELL)),
                price_fen=self.dice.randint(4_700, 4_900),
                quantity_t=self.dice.randint(1, 50),
                client_order=number,
            )
        target = self.dice.choice(self.listings[-40:])
        if kind < 0.8:
            return CancelOrder(order=target, client_order=number)
        return PickListing(listing=target, quantity_t=1, client_order=number)

    async def _lane(self, client: Client) -> None:
        """Send one command behind the other until the line is gone."""
        while True:
            command = self._next_command()
            sent = self.sent[client.welcome.key, command.client_order] = Sent(command)
            try:
                sent.answer = await client.submit(command)
            except (RequestFailed, ConnectionFailed) as error:
                sent.outcome = getattr(error, "outcome", "unknown")
                return
            if isinstance(sent.answer.first, ListingPlaced):
                self.listings.append(sent.answer.order)

    async def kill_under_load(self) -> None:
        """Let all traders send, and kill the process at a random moment."""
        lanes = [asyncio.create_task(self._lane(c)) for c in self.clients for _ in range(LANES)]
        await asyncio.sleep(self.dice.uniform(0.02, 0.7))  # the moment is what is random here
        await self.process.kill()
        await asyncio.wait_for(asyncio.gather(*lanes), 240)
        for client in self.clients:
            await client.close()

    # ------------------------------------------------------------ the proof

    async def one_round(self) -> None:
        """Kill, replay, start again, and compare all three."""
        await self.kill_under_load()
        replayed, log = self.replay()
        self.check_told(log)
        self.check_copy(replayed)
        await self.process.start()
        line = self.process.line("recovered ")
        digests = [replayed.exchange.event_digest()]
        if "from snapshot" in line:
            self.snapshots_used += 1
        else:
            digests.append(replayed.exchange.state_digest())
        for digest in digests:
            assert digest.hex()[:16] in line, line
        assert f"last sequence {replayed.exchange.sequence}," in line
        await self.connect()
        await self.send_again(log)

    def replay(self) -> tuple[Replayed, dict[Place, list[Applied]]]:
        """Replay what lies on the disk; return the order commands of the log by their number."""
        replayed = replay_journal(FolderDisk(self.folder / "journal"))
        log: dict[Place, list[Applied]] = {}
        for item in replayed.history.after(0):
            number = getattr(item.command, "client_order", 0)
            if number:
                log.setdefault((item.key, number), []).append(item)
        return replayed, log

    def check_told(self, log: dict[Place, list[Applied]]) -> None:
        """Compare what clients were told with the log: nothing lost, nothing doubled."""
        for place, sent in self.sent.items():
            found = log.get(place, [])
            first = [item for item in found if not _is_repeat(item)]
            assert len(first) <= 1, f"{place} was applied {len(first)} times"
            if sent.answer is not None:
                assert first, f"{place} was acknowledged and is lost"
                by_sequence = {item.sequence: item for item in found}
                told = by_sequence.get(sent.answer.sequence)
                assert told is not None, f"{place}: sequence {sent.answer.sequence} is lost"
                assert tuple(told.events) == sent.answer.events
                assert told.command == sent.command
            elif sent.outcome == "not_sent":
                assert not found, f"{place} was told not sent and is in the log"
        unknown = set(log) - set(self.sent)
        assert not unknown, f"the log holds what nobody sent: {unknown}"

    def check_copy(self, replayed: Replayed) -> None:
        """Prove that the shipped copy holds by itself, and no more than the journal."""
        sequence = self.copied_sequence()
        assert self.copied <= sequence <= replayed.exchange.sequence, (
            "a copy never loses what it had"
        )
        self.copied = sequence

    def copied_sequence(self) -> int:
        """Return how far the copy goes, which a scan of it alone has proved."""
        report, _, _ = scan_journal(FolderDisk(self.folder.with_name("copy") / "journal"))
        return report.last_sequence

    async def send_again(self, log: dict[Place, list[Applied]]) -> None:
        """Send again what had no answer: the exchange knows which it had and which not."""
        by_key = {client.welcome.key: client for client in self.clients}
        open_ = [(place, sent) for place, sent in self.sent.items() if sent.answer is None]
        self.kills_in_flight += bool(open_)
        for place, sent in open_:
            client = by_key[place[0]]
            had = place in log
            known = await client.find_order(place[1])
            assert (known is not None) == had
            sent.answer = await client.submit(sent.command)
            assert sent.answer.is_repeat == had
            if had:
                assert sent.answer.first == log[place][0].events[0]


async def run_rounds(folder: Path, rounds: int, seed: int) -> str:
    """Run the rounds and return a line that says what was proved."""
    market = Rounds(folder, seed)
    await market.found()
    try:
        for _ in range(rounds):
            await market.one_round()
        for client in market.clients:
            await client.close()
        assert await market.process.stop() == 0
    except BaseException:
        await market.process.kill()
        raise
    replayed, log = market.replay()
    market.check_told(log)
    if not any(" ends at sequence " in line for line in market.process.lines):  # a disk that hung
        assert market.copied_sequence() == replayed.exchange.sequence, (
            "a clean stop copies the rest"
        )
    assert replayed.digests_compared > rounds
    kinds = Counter(type(sent.command).__name__ for sent in market.sent.values())
    return (
        f"{rounds} kills, {market.kills_in_flight} with commands in flight, "
        f"{market.snapshots_used} starts from a snapshot, "
        f"{replayed.exchange.sequence} in the log, {len(market.sent)} sent: {dict(kinds)}, "
        f"{replayed.digests_compared} digests agree"
    )


def _is_repeat(item: Applied) -> bool:
    return bool(item.events) and isinstance(item.events[0], Repeated)


def _enrolment(key: KeyFile, participant: int) -> EnrolKey:
    return EnrolKey(
        public_key=key.public_key, role=key.role, person=key.person, participant=participant
    )


def _endowment(participant: int) -> list[AnyCommand]:
    return [
        Deposit(participant=participant, amount_fen=10**13, reference=f"D-{participant}"),
        TransferIn(
            participant=participant,
            product=PRODUCT,
            quantity_t=10**7,
            reference=f"T-{participant}",
        ),
    ]
