"""The trading floor of a planned day: who lists, who picks whom, who cancels, and when.

Invariant: every bid rests at or below the last price and every ask at or above it, so the level that a
trade needs is the best of its side once the owners of better listings have taken them back; a pick
therefore never skips a better level (R45, strict best first).
"""

from random import Random
from typing import Final

from sortedcontainers import SortedDict

from bench.plan import ActionKind, DayFigures, PlannedAction
from bench.solver import Trade
from engine.commands import Side
from engine.profile import Profile, Sessions
from engine.units import band_fen, parse_clock

LEVELS_WISHED: Final = 7
"""Levels that the floor keeps filled on each side: more than the five that are shown (R44)."""
LEVELS_MAX: Final = 12
"""Levels at which the outermost listings are taken back."""
GRAIN_NS: Final = 1_000_000
"""Moments of the plan are whole milliseconds."""
NO_TARGET: Final = -1


class _Resting:
    """A listing on the floor."""

    __slots__ = ("left_t", "number", "owner", "price_fen", "side")

    def __init__(self, number: int, owner: int, side: Side, price_fen: int, left_t: int) -> None:
        self.number = number
        self.owner = owner
        self.side = side
        self.price_fen = price_fen
        self.left_t = left_t


class _Draft:
    """An action whose moment and final number are not yet known."""

    __slots__ = ("counterparty", "fields", "kind", "participant", "probe", "refused", "target")

    def __init__(
        self,
        kind: ActionKind,
        participant: int,
        fields: tuple[Side, int, int],
        *,
        target: int = NO_TARGET,
        counterparty: int = 0,
        probe: bool = False,
        refused: bool = False,
    ) -> None:
        self.kind = kind
        self.participant = participant
        self.fields = fields
        self.target = target
        self.counterparty = counterparty
        self.probe = probe
        self.refused = refused


class _Deck:
    """Deals participants evenly: everybody comes up once before anybody comes up again."""

    def __init__(self, participants: int, random: Random) -> None:
        self._all = list(range(1, participants + 1))
        self._random = random
        self._left: list[int] = []

    def draw(self, other_than: int = 0) -> int:
        """Deal the next participant, passing over one that may not be meant."""
        if all(participant == other_than for participant in self._left):
            self._left = self._random.sample(self._all, len(self._all)) + self._left
        if self._left[-1] == other_than:
            place = next(i for i, p in enumerate(self._left) if p != other_than)
            self._left[place], self._left[-1] = self._left[-1], self._left[place]
        return self._left.pop()


class Floor:
    """Turns trades into a day's actions; one instance plans one day."""

    def __init__(
        self, figures: DayFigures, profile: Profile, participants: int, random: Random
    ) -> None:
        self._random = random
        self._profile = profile
        self._floor_fen, self._cap_fen = band_fen(figures.reference_fen, profile.listed.band_bp)
        self._most_t = profile.listed.quantity_t_max
        self._last_fen = figures.reference_fen
        self._drafts: list[_Draft] = []
        self._sides: dict[Side, SortedDict[int, list[_Resting]]] = {
            Side.BUY: SortedDict(),
            Side.SELL: SortedDict(),
        }
        self._listers = _Deck(participants, random)
        self._takers = _Deck(participants, random)

    def run(self, listed: list[Trade], blocks: list[Trade]) -> list[PlannedAction]:
        """Return all actions of the day in the order of time."""
        self._last_fen = listed[0][0] if listed else self._last_fen
        probes = sorted(self._random.randrange(len(listed) + 1) for _ in range(4))
        for index, trade in enumerate(listed):
            self._probe(probes.count(index), probes.index(index) if index in probes else 0)
            self._quote(listed, index)
            self._trade(*trade)
        self._probe(probes.count(len(listed)), 4 - probes.count(len(listed)))
        self._quote(listed, len(listed))
        moments = self._moments(len(self._drafts), session_times(self._profile.listed))
        moments += self._moments(2 * len(blocks), session_times(self._profile.block), set(moments))
        for trade in blocks:
            self._block(*trade)
        return _number(self._drafts, moments)

    # ------------------------------------------------------------ the book

    def _list(self, side: Side, price_fen: int, quantity_t: int, owner: int) -> _Resting:
        self._drafts.append(_Draft(ActionKind.LIST, owner, (side, price_fen, quantity_t)))
        resting = _Resting(len(self._drafts) - 1, owner, side, price_fen, quantity_t)
        self._sides[side].setdefault(price_fen, []).append(resting)
        return resting

    def _remove(self, resting: _Resting) -> None:
        level = self._sides[resting.side][resting.price_fen]
        level.remove(resting)
        if not level:
            del self._sides[resting.side][resting.price_fen]

    def _cancel(self, resting: _Resting) -> None:
        fields = (resting.side, resting.price_fen, resting.left_t)
        self._drafts.append(_Draft(ActionKind.CANCEL, resting.owner, fields, target=resting.number))
        self._remove(resting)

    def _clear_better(self, side: Side, price_fen: int) -> None:
        """Let the owners of listings better than the price take them back, best first."""
        levels = self._sides[side]
        while levels:
            best_fen = levels.peekitem(0 if side is Side.SELL else -1)[0]
            if best_fen == price_fen or (best_fen > price_fen) is (side is Side.SELL):
                return
            for resting in tuple(levels[best_fen]):
                self._cancel(resting)

    # ------------------------------------------------------------ trades

    def _trade(self, price_fen: int, quantity_t: int) -> None:
        """Have one participant pick a listing at the price; a partial pick leaves the rest resting."""
        side = self._resting_side(price_fen)
        self._clear_better(side, price_fen)
        resting = self._choose(side, price_fen, quantity_t)
        taker = self._takers.draw(resting.owner)
        taker_side = Side.BUY if side is Side.SELL else Side.SELL
        fields = (taker_side, price_fen, quantity_t)
        self._drafts.append(_Draft(ActionKind.PICK, taker, fields, target=resting.number))
        resting.left_t -= quantity_t
        if resting.left_t == 0:
            self._remove(resting)
        self._last_fen = price_fen

    def _resting_side(self, price_fen: int) -> Side:
        """Return whose listing is picked: an ask when the price rises, a bid when it falls."""
        if price_fen != self._last_fen:
            return Side.SELL if price_fen > self._last_fen else Side.BUY
        for side in (Side.BUY, Side.SELL):
            if price_fen in self._sides[side]:
                return side
        return self._random.choice((Side.BUY, Side.SELL))

    def _choose(self, side: Side, price_fen: int, quantity_t: int) -> _Resting:
        """Return a listing that holds enough: any one of the level (R42), or a new one."""
        level: list[_Resting] = self._sides[side].get(price_fen, [])
        able = [resting for resting in level if resting.left_t >= quantity_t]
        if able:
            return self._random.choice(able)
        if self._random.random() < 0.2:  # noqa: PLR2004 - an older neighbour that is passed over
            self._list(side, price_fen, self._size(quantity_t), self._listers.draw())
        kept_t = 0 if self._random.random() < 0.4 else self._size(quantity_t)  # noqa: PLR2004
        offered_t = min(quantity_t + kept_t, self._most_t)
        return self._list(side, price_fen, offered_t, self._listers.draw())

    def _size(self, like_t: int) -> int:
        """Return a quantity of the same order as another, mostly round."""
        size = min(max(int(like_t * self._random.uniform(0.3, 2.0)), 1), self._most_t)
        return size - size % 10 if size >= 100 else size  # noqa: PLR2004 - round from 100 t on

    # ------------------------------------------------------------ the market around

    def _quote(self, listed: list[Trade], index: int) -> None:
        """Fill and thin the book a little before the next trade; at the start fill it."""
        ahead = listed[index : index + 12]
        for side in (Side.SELL, Side.BUY):
            wished = LEVELS_WISHED if index == 0 else 1
            for _ in range(wished):
                if len(self._sides[side]) < LEVELS_WISHED:
                    self._add(side, ahead)
            if len(self._sides[side]) > LEVELS_MAX:
                worst = self._sides[side].peekitem(-1 if side is Side.SELL else 0)[1]
                self._cancel(worst[0])
        if self._random.random() < 0.08:  # noqa: PLR2004 - somebody thinks again
            levels = self._sides[self._random.choice((Side.BUY, Side.SELL))]
            if levels:
                self._cancel(self._random.choice(self._random.choice(levels.values())))

    def _add(self, side: Side, ahead: list[Trade]) -> None:
        """List away from the last price, often where a coming trade will find it."""
        sign = 1 if side is Side.SELL else -1
        coming = [trade for trade in ahead if (trade[0] - self._last_fen) * sign > 0]
        if coming and self._random.random() < 0.7:  # noqa: PLR2004 - most listings will be wanted
            price_fen, quantity_t = self._random.choice(coming)
            quantity_t = min(quantity_t * self._random.randint(1, 3), self._most_t)
        else:
            levels = self._sides[side]
            outer = levels.peekitem(-1 if side is Side.SELL else 0)[0] if levels else self._last_fen
            step_fen = self._random.randint(1, max(self._last_fen // 500, 2))  # floor: 0.2 percent
            price_fen = outer + sign * step_fen
            quantity_t = self._size(ahead[0][1] if ahead else 1_000)
        if not self._floor_fen <= price_fen <= self._cap_fen:
            return
        self._list(side, price_fen, quantity_t, self._listers.draw())

    # ------------------------------------------------------------ probes and blocks

    def _probe(self, count: int, first: int) -> None:
        """Send some of the day's four probes: each edge accepted and cancelled, a fen outside refused."""
        for which in range(first, first + count):
            side = Side.BUY if which % 2 == 0 else Side.SELL
            edge_fen = self._floor_fen if side is Side.BUY else self._cap_fen
            owner = self._listers.draw()
            if which < 2:  # noqa: PLR2004 - two probes inside, two outside
                fields = (side, edge_fen, 1)
                self._drafts.append(_Draft(ActionKind.LIST, owner, fields, probe=True))
                target = len(self._drafts) - 1
                self._drafts.append(
                    _Draft(ActionKind.CANCEL, owner, fields, target=target, probe=True)
                )
                continue
            outside_fen = edge_fen + (1 if side is Side.SELL else -1)
            fields = (side, outside_fen, 1)
            self._drafts.append(_Draft(ActionKind.LIST, owner, fields, probe=True, refused=True))

    def _block(self, price_fen: int, quantity_t: int) -> None:
        """Offer a block to one named counterparty, who accepts it whole (R61)."""
        maker = self._listers.draw()
        taker = self._takers.draw(maker)
        side = self._random.choice((Side.BUY, Side.SELL))
        other = Side.BUY if side is Side.SELL else Side.SELL
        fields = (side, price_fen, quantity_t)
        self._drafts.append(_Draft(ActionKind.OFFER, maker, fields, counterparty=taker))
        fields = (other, price_fen, quantity_t)
        target = len(self._drafts) - 1
        self._drafts.append(_Draft(ActionKind.ACCEPT, taker, fields, target=target))

    def _moments(
        self, count: int, sessions: list[tuple[int, int]], taken: set[int] | None = None
    ) -> list[int]:
        """Return distinct rising moments inside the sessions, busier at their first and last part."""
        taken = taken or set()
        grains = [(end - begin) // GRAIN_NS - 2 for begin, end in sessions]  # floor: whole grains
        total = sum(grains)
        moments: set[int] = set()
        while len(moments) < count:
            part = self._random.random()
            if self._random.random() < 0.3:  # noqa: PLR2004 - the busy ends of a day
                part = self._random.betavariate(0.7, 0.7)
            place = int(part * (total - 1))
            for (begin, _), length in zip(sessions, grains, strict=True):
                if place < length:
                    moment = begin + (place + 1) * GRAIN_NS
                    if moment not in taken:
                        moments.add(moment)
                    break
                place -= length
        return sorted(moments)


def _number(drafts: list[_Draft], moments: list[int]) -> list[PlannedAction]:
    """Sort drafts by moment, number them from 1 and turn draft indexes into these numbers."""
    order = sorted(range(len(drafts)), key=moments.__getitem__)
    numbers = {index: number for number, index in enumerate(order, start=1)}
    numbers[NO_TARGET] = 0
    actions = []
    for index in order:
        draft = drafts[index]
        side, price_fen, quantity_t = draft.fields
        actions.append(
            PlannedAction(
                number=numbers[index],
                kind=draft.kind,
                time_of_day_ns=moments[index],
                participant=draft.participant,
                side=side,
                price_fen=price_fen,
                quantity_t=quantity_t,
                target=numbers[draft.target],
                counterparty=draft.counterparty,
                is_probe=draft.probe,
                is_refused=draft.refused,
            )
        )
    return actions


def session_times(rules: Sessions) -> list[tuple[int, int]]:
    """Return begin and end of each session in ns since Beijing midnight."""
    return [(parse_clock(begin), parse_clock(end)) for begin, end in rules.sessions]
