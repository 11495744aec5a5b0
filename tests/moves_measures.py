"""Moves of the exchange itself: halts, voided trades, corrected references, phases, calendar, limits."""

from random import Random

from engine.commands import (
    Action,
    AddClosure,
    ChangePhase,
    CloseDay,
    CorrectReferencePrice,
    Halt,
    HaltScope,
    Method,
    RemoveClosure,
    Resume,
    Role,
    SetAllowance,
    VoidTrade,
)
from engine.events import Phase
from tests.moves_auction import AuctionMoves
from tests.moves_orders import DATES, UNKNOWN, Sent
from tests.oracle.records import Trade


class MeasureMoves(AuctionMoves):
    """Makes a measure of the exchange from what the oracle knows."""

    def operators(self) -> list[int]:
        """Return the keys of those who make the exchange's proposals, as far as they hold."""
        return self._held(Role.OPERATOR, Role.SUPERVISOR)

    def approvers(self) -> list[int]:
        """Return the keys of those who may approve them."""
        is_strict = self.state.profile.control.approvers == "supervisors"
        return self._held(Role.SUPERVISOR) if is_strict else self.operators()

    def _held(self, *roles: Role) -> list[int]:
        held = [key for key in self.state.keys.values() if key.holds and key.role in roles]
        return [key.number for key in held]

    # ------------------------------------------------------------ halts

    def halt(self, random: Random) -> Sent:
        """Halt something for a while: with a halt standing mostly its end, so that trading goes on."""
        key = random.choice((*self.operators(), *self.operators(), self.trader(random)))
        standing = list(self.state.halts.values())
        if standing and random.random() < 0.75:
            halt = random.choice(standing)
            number = halt.number if random.random() < 0.95 else random.choice((1, UNKNOWN))
            others = [row for row in self.operators() if self.state.keys[row].person != halt.person]
            if others and random.random() < 0.9:
                key = random.choice(others)
            return key, Resume(halt=number, explanation="演示"), self.later(random)
        (scope,) = random.choices(list(HaltScope), (1, 2, 4, 3))
        command = Halt(
            scope=scope,
            explanation="演示",
            method=random.choice(list(Method)),
            product=self.product(random),
            participant=random.choice((*self.state.participants, 0, UNKNOWN)),
        )
        return key, command, self.later(random)

    # ------------------------------------------------------------ actions of two operators

    def measure(self, random: Random) -> Action:
        """Return a measure that mostly has something to do."""
        kinds = (self.decision, self.voiding, self.correction, self.phase, self.closure)
        weights = (6 if self.state.profile.auction is not None else 1, 6, 3, 2, 2)
        if random.random() < 0.06:
            return self.allowance(random)
        if random.random() < 0.02:
            return CloseDay(explanation="演示")
        (kind,) = random.choices(kinds, weights)
        return kind(random)

    def voiding(self, random: Random) -> VoidTrade:
        """Return the voiding of a trade: of today mostly, else settled, voided, old or unknown."""
        today: list[Trade] = [row for row in self.state.day_trades if row.state == "unsettled"]
        trades = list(self.state.trades)
        number = random.choice((*trades[-20:], UNKNOWN))
        if today and random.random() < 0.85:
            number = random.choice((today[-1], today[0], random.choice(today))).number
        return VoidTrade(trade=number, explanation="演示")

    def correction(self, random: Random) -> CorrectReferencePrice:
        """Return a correction, mostly of a halted product, so far away that listings fall outside."""
        halted = [halt.product for halt in self.state.halts.values() if halt.product]
        product = random.choice(halted) if halted else self.product(random)
        record = self.state.products.get(product)
        before = record.reference_fen if record and record.reference_fen else 5_000
        shift = random.choice((0, 1, -1, before // 15, -before // 15, before // 4, 2, -before // 4))
        price = min(max(3_000, before + shift), 9_000)  # never so small that edges meet
        if random.random() < 0.03:
            price = 900_000
        return CorrectReferencePrice(product=product, price_fen=price, explanation="演示")

    def phase(self, random: Random) -> ChangePhase:
        """Return a change of phase by hand: mostly the other one than stands."""
        method = random.choice(list(Method))
        record = self.state.methods.get(method)
        is_open = record is not None and record.phase == Phase.OPEN
        return ChangePhase(method=method, is_open=not is_open if random.random() < 0.9 else is_open)

    def closure(self, random: Random) -> AddClosure | RemoveClosure:
        """Return a closure of a near date, or the end of one."""
        closed = list(self.state.closures)
        ahead = [date for date in DATES if date > self.state.date][:5]
        date = random.choice((*ahead, *closed, self.state.date or DATES[0], "2020-01-01"))
        if closed and random.random() < 0.45:
            return RemoveClosure(date=random.choice((*closed, date)))
        return AddClosure(date=date, explanation="演示")

    def allowance(self, random: Random) -> SetAllowance:
        """Return an allocation of the year."""
        number = random.choice((*self.state.participants, UNKNOWN))
        return SetAllowance(participant=number, quantity_t=random.choice((0, 1, 5_000, 300_000)))
