"""Control moves: operators, the registry, the sequencer and the clock."""

from collections.abc import Callable
from random import Random

from engine.commands import (
    Action,
    AdmitParticipant,
    AdvanceTime,
    AnnounceAuction,
    AnyCommand,
    Approve,
    Category,
    CorrectReferencePrice,
    Deposit,
    EnrolKey,
    FailTrade,
    FreezeHolding,
    OpenDay,
    Propose,
    ReferenceBasis,
    RefuseAuction,
    Reject,
    ReleaseHolding,
    Restriction,
    RestrictParticipant,
    Role,
    SetReferencePrice,
    SettleTrade,
    TransferIn,
    TransferOut,
    VoidTrade,
    Withdraw,
)
from engine.events import AuctionState
from engine.units import AMOUNT_FEN_MAX, QUANTITY_T_MAX, parse_clock
from tests.markets import admission, public_key
from tests.moves_block import BlockMoves
from tests.moves_orders import DATES, UNKNOWN, Sent
from tests.moves_who import WhoMoves
from tests.oracle.control import computed_reference
from tests.oracle.records import ProductRecord
from tests.oracle.rules import midnight
from tests.oracle.state import State

SOON = (AnnounceAuction, RefuseAuction, CorrectReferencePrice, VoidTrade)
"""Measures that lose their sense when their approval waits."""


class Moves(BlockMoves, WhoMoves):
    """Makes any next command from what the oracle knows."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.words: list[AnyCommand] = []

    # ------------------------------------------------------------ control

    def control(self, random: Random) -> Sent:
        """Propose, approve or reject; sometimes without the right to."""
        operators = self.operators()
        key = random.choice((*operators, *operators, self.trader(random)))
        waiting = [row.number for row in self.state.proposals.values() if row.is_open]
        if waiting and random.random() < 0.6:
            number = random.choice(waiting)
            if random.random() < 0.15:
                number = random.choice((*self.state.proposals, UNKNOWN))
            elif random.random() < 0.8:
                maker = self.state.proposals[number].person
                key = random.choice([row for row in self.approvers() if self.person(row) != maker])
            if random.random() < 0.85:
                return key, Approve(proposal=number), self.later(random)
            return key, Reject(proposal=number, reason="演示"), self.later(random)
        actions = tuple(self.action(random) for _ in range(random.choice((1, 1, 2, 4))))
        return key, Propose(actions=actions, reason="演示"), self.later(random)

    def decide(self, random: Random) -> Sent:
        """Let two operators do one measure, one after the other and soon."""
        operators = self.operators()
        waiting = [
            row
            for row in self.state.proposals.values()
            if row.is_open and isinstance(row.actions[0], SOON)
        ]
        if not waiting:
            propose = Propose(actions=(self.soon(random),), reason="演示")
            return random.choice(operators), propose, self.later(random)
        row = random.choice(waiting)
        others = [key for key in self.approvers() if self.person(key) != row.person]
        return random.choice(others), Approve(proposal=row.number), self.later(random)

    def soon(self, random: Random) -> Action:
        """Return what should not wait: a decision on an application, or the correction of what is halted."""
        choices: list[Callable[[Random], Action]] = [self.voiding]
        if any(halt.product for halt in self.state.halts.values()):
            choices += [self.correction] * 3
        if self.auctions_in(AuctionState.APPLIED):
            choices += [self.decision] * 6
        return random.choice(choices)(random)

    def person(self, key: int) -> str:
        """Return whose key it is."""
        return self.state.keys[key].person

    def action(self, random: Random) -> Action:
        """Return an action: a measure, a reference price, an admission or a key, right or wrong."""
        if random.random() < 0.45 and not self.waiting_products():
            return self.measure(random)
        if random.random() < 0.06:
            return random.choice((self.notice, self.notice, self.no_date))(random)
        if random.random() < (0.3 if self.state.removed else 0.06):
            return self.removal(random)
        if random.random() < 0.2:
            return self.restriction(random)
        if random.random() < 0.2:
            return self.freeze(random)
        chance = random.random()
        if chance < 0.75:
            return self.reference(random)
        if chance < 0.87:
            return self.applicant(random)
        return self.new_key(random)

    def restriction(self, random: Random) -> RestrictParticipant:
        """Return a restriction: mostly the end of one, so that most can trade most of the time."""
        restricted = list(self.state.restrictions)
        if restricted and random.random() < 0.75:
            number = random.choice(restricted)
            return RestrictParticipant(participant=number, restriction=Restriction.NONE)
        number = random.choice((*self.state.participants, *self.state.participants, UNKNOWN))
        return RestrictParticipant(participant=number, restriction=random.choice(list(Restriction)))

    def freeze(self, random: Random) -> FreezeHolding | ReleaseHolding:
        """Return a freeze or a release: a part, all that may move, or one tonne more."""
        participant = random.choice((*self.state.participants, *self.state.participants, UNKNOWN))
        shelves = self.state.ledger.shelves[participant]
        frozen = [code for code in self.state.products if shelves[code].frozen]
        is_release = random.random() < (0.7 if frozen else 0.1)
        product = random.choice(frozen) if is_release and frozen else self.product(random)
        there = 0
        if product in self.state.products:
            shelf = shelves[product]
            there = shelf.frozen if is_release else shelf.available
        quantity = random.choice((1, there // 3, there, there + 1))
        kind = ReleaseHolding if is_release else FreezeHolding
        return kind(
            participant=participant,
            product=product,
            quantity_t=min(max(1, quantity), QUANTITY_T_MAX),
            document="演示文书",
        )

    def applicant(self, random: Random) -> AdmitParticipant:
        """Return an applicant, some of whom may not be admitted."""
        fresh = 1 + len(self.state.participants)
        row = admission(random.choice((1, fresh, fresh, fresh + 1)))
        chance = random.random()
        if chance < 0.1:
            return admission(fresh, category=random.choice(list(Category)))
        if chance < 0.2:
            return admission(fresh, credit_code=row.credit_code[:-1] + random.choice("0AI"))
        if chance < 0.3:
            return admission(fresh, **{random.choice(("registry_account", "funds_account")): "X"})
        return row

    def waiting_products(self) -> list[ProductRecord]:
        """Return the products that wait for a reference price."""
        return [
            row
            for code, row in self.state.products.items()
            if not row.reference_fen and self.state.listed_on(code, self.state.date)
        ]

    def reference(self, random: Random) -> SetReferencePrice:
        """Return a reference price for a product that waits for one, mostly the right one."""
        waiting = self.waiting_products()
        record: ProductRecord = random.choice(waiting or list(self.state.products.values()))
        basis, price = computed_reference(self.state, record)
        price = price or 4_999
        if random.random() < 0.1:
            basis = random.choice(list(ReferenceBasis))
        if random.random() < 0.1:
            price += random.choice((-1, 1, 10_000))
        code = "NONE-1" if random.random() < 0.04 else record.code
        return SetReferencePrice(product=code, price_fen=price, basis=basis)

    # ------------------------------------------------------------ registry

    def registry(self, random: Random) -> Sent:
        """Let the registry speak: money, allowances, or what became of a trade; also again."""
        key = 4 if random.random() < 0.97 else self.trader(random)
        if self.words and random.random() < 0.08:
            return key, random.choice(self.words), self.later(random)
        fresh = len(self.words)
        reference = f"R-{fresh if random.random() < 0.93 else random.randint(0, fresh)}"
        command = self._word(random, reference)
        self.words.append(command)
        return key, command, self.later(random)

    def _word(self, random: Random, reference: str) -> AnyCommand:
        participant = random.choice((*self.state.participants, *self.state.participants, UNKNOWN))
        if random.random() < (0.7 if self.state.trades else 0.05):
            return self.outcome(random, reference)
        if random.random() < 0.3:
            return self.leaving(random, participant, reference)
        if random.random() < 0.5:
            amount = random.choice((1, 5_000, 2_000_000, 10**8, 10**9))
            is_rich = self.state.ledger.purses[participant].settled > 0
            if is_rich and random.random() < 0.05:
                amount = AMOUNT_FEN_MAX
            return Deposit(participant=participant, amount_fen=amount, reference=reference)
        return TransferIn(
            participant=participant,
            product=self.product(random),
            quantity_t=random.choice((1, 250, 1_000, 300_000)),
            reference=reference,
        )

    def leaving(self, random: Random, participant: int, reference: str) -> AnyCommand:
        """Let cash or allowances leave: a little, all that may leave, or one more than that."""
        if random.random() < 0.5:
            free = self.state.ledger.purses[participant].withdrawable
            amount = random.choice((1, free // 3, free, free + 1))
            return Withdraw(
                participant=participant,
                amount_fen=min(max(1, amount), AMOUNT_FEN_MAX),
                reference=reference,
            )
        product = self.product(random)
        free = 0
        if product in self.state.products:
            free = self.state.ledger.shelves[participant][product].available
        quantity = random.choice((1, 1, free // 3, free, free + 1))
        return TransferOut(
            participant=participant,
            product=product,
            quantity_t=min(max(1, quantity), QUANTITY_T_MAX),
            reference=reference,
        )

    def outcome(self, random: Random, reference: str) -> AnyCommand:
        """Settle or fail a trade: mostly one that waits, else an old or an unknown one."""
        waiting = [row.number for row in self.state.trades.values() if row.state == "unsettled"]
        if waiting and random.random() < 0.85:
            number = random.choice((waiting[0], random.choice(waiting)))
        else:
            number = random.choice((*list(self.state.trades)[:4], 10**9))
        if random.random() < 0.8:
            return SettleTrade(trade=number, reference=reference)
        return FailTrade(trade=number, reason="演示失败", reference=reference)

    # ------------------------------------------------------------ time

    def time(self, random: Random) -> Sent:
        """Carry time: to the next boundary, a moment before, a moment past, or backwards."""
        boundary = int(self.state.agenda[0]) if self.state.agenda else 0
        targets = [self.state.time_ns + random.randint(1, 600) * 10**9]
        if boundary:
            targets += [boundary, boundary - 1, boundary + 1]
        target = random.choice(targets)
        return 0, AdvanceTime(), max(target, self.state.time_ns)

    def late(self, random: Random) -> Sent:
        """Send an order at or after a boundary that nobody has announced yet."""
        moves = (self.place, self.cancel, self.pick, self.offer, self.bid, self.counter, self.take)
        key, command, _ = random.choice(moves)(random)
        boundary = int(self.state.agenda[0]) if self.state.agenda else 0
        return key, command, max(self.state.time_ns, boundary)

    def odd(self, random: Random) -> Sent:
        """Try what only the sequencer may, a day that must not open, or a time that is past."""
        if random.random() < 0.1:
            return 0, AdvanceTime(), max(0, self.state.time_ns - 1)
        command: AnyCommand = random.choice(
            (
                AdvanceTime(),
                OpenDay(date=self.state.date or DATES[0]),
                OpenDay(date="2020-01-01"),
                EnrolKey(
                    public_key=public_key(random.choice((1, 700 + len(self.state.keys)))),
                    role=Role.TRADER,
                    person="演示戊",
                    participant=random.choice((0, 1)),
                ),
            )
        )
        return random.choice((0, 1, 5, 999)), command, self.later(random)

    def day(self, random: Random) -> Sent:
        """Open the next day if there is none, else let its end come."""
        if self.state.is_day_open:
            last = max(record.sessions[-1][1] for record in self.state.methods.values())
            return 0, AdvanceTime(), max(self.state.time_ns, last + random.choice((0, 1, 10**9)))
        closed = self.state.closures if random.random() < 0.9 else {}
        following = [date for date in DATES if date > self.state.date and date not in closed]
        date = following[0] if following else next_year(self.state.date)
        return 0, OpenDay(date=date), max(self.state.time_ns, opening_ns(self.state, date))


def next_year(date: str) -> str:
    """Return the same day a year on."""
    return f"{int(date[:4]) + 1}{date[4:]}"


def opening_ns(state: State, date: str) -> int:
    """Return when the sequencer would open a date."""
    return midnight(date) + parse_clock(state.profile.day_opens_at)
