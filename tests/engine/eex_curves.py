"""Bid curves with given totals: so many bids of so many tonnes, a clearing price, so many that win.

Everything is counted in tonnes that are whole lots; only the quantity offered need not be.
"""

from dataclasses import dataclass
from random import Random

TRIES = 40


@dataclass(frozen=True)
class CurveBid:
    """One bid of a curve, before anybody places it."""

    price_fen: int
    quantity_t: int


class NoCurveError(ValueError):
    """No curve of whole lots has the figures asked for."""


@dataclass(frozen=True)
class Figures:
    """What a curve must come to."""

    offered_t: int
    bid_t: int
    bids: int
    price_fen: int
    """What the lowest winner bids; where the offer is not covered, any price."""
    successful_bids: int | None
    lot_t: int

    def lots(self, tonnes: int) -> int:
        """Return whole lots, rounded down."""
        return tonnes // self.lot_t


def curve(figures: Figures, random: Random) -> list[CurveBid]:
    """Return bids in random order that meet the figures; NoCurveError where none can."""
    if figures.bid_t % figures.lot_t or figures.bid_t < figures.bids * figures.lot_t:
        message = f"{figures.bids} bids of whole lots cannot sum to {figures.bid_t} t"
        raise NoCurveError(message)
    if figures.bid_t < figures.offered_t:
        quantities = split(figures.lots(figures.bid_t), figures.bids, figures.bid_t, random)
        bids = [
            CurveBid(max(1, figures.price_fen + random.randint(-50, 50)), lots * figures.lot_t)
            for lots in quantities
        ]
    else:
        bids = _covered(figures, random)
    random.shuffle(bids)
    assert len(bids) == figures.bids
    assert sum(bid.quantity_t for bid in bids) == figures.bid_t
    return bids


def split(lots: int, parts: int, most: int, random: Random) -> list[int]:
    """Return a total in random parts of at least one lot and at most `most`."""
    if not parts <= lots <= parts * most and (lots or parts):
        message = f"{lots} lots cannot be split into {parts} bids of 1 to {most}"
        raise NoCurveError(message)
    if not parts:
        return []
    cuts = sorted(random.sample(range(1, lots), parts - 1)) if parts > 1 else []
    shares = [end - begin for begin, end in zip([0, *cuts], [*cuts, lots], strict=True)]
    while max(shares) > most:
        big, small = shares.index(max(shares)), shares.index(min(shares))
        moved = min(shares[big] - most, most - shares[small])
        shares[big] -= moved
        shares[small] += moved
    return shares


def _covered(figures: Figures, random: Random) -> list[CurveBid]:
    """Return a curve whose offer is covered, with or without a tie at its clearing price."""
    for successful in _successes(figures, random):
        for attempt in range(TRIES):
            shape = _tie(figures, successful, random) if attempt < TRIES // 2 else None
            shape = shape or _single(figures, successful, random)
            if shape is not None:
                return _bids(figures, successful, shape, random)
    message = f"no curve of whole lots comes to {figures}"
    raise NoCurveError(message)


@dataclass(frozen=True)
class _Shape:
    """Lots above the price, the equal bids at it, how many of them win, lots below it."""

    above: int
    level: int
    tied: int
    winners: int
    below: int


def _successes(figures: Figures, random: Random) -> list[int]:
    """Return how many bids may win: the number given, or those that are possible in random order."""
    if figures.successful_bids is not None:
        return [figures.successful_bids]
    spare = figures.lots(figures.bid_t - figures.offered_t)
    least, most = (
        max(1, figures.bids - spare),
        min(figures.bids, -(-figures.offered_t // figures.lot_t)),
    )
    tries = sorted({least, most, *(random.randint(least, max(least, most)) for _ in range(8))})
    random.shuffle(tries)
    return tries


def _fits(figures: Figures, lots: int, bids: int) -> bool:
    """Say whether so many lots can be so many bids, none larger than the offer."""
    return bids <= lots <= bids * figures.lots(figures.offered_t)


def _tie(figures: Figures, successful: int, random: Random) -> _Shape | None:
    """Equal bids at the price: however they are drawn, as many of them win."""
    losers = figures.bids - successful
    winners = random.randint(1, max(1, min(successful, 4)))
    tied = winners + random.randint(0 if winners > 1 else 1, 4)
    below_bids = losers - (tied - winners)
    if below_bids < 0 or successful < 1:
        return None
    level = random.randint(1, max(1, 2 * figures.lots(figures.bid_t) // figures.bids))
    highest = figures.lots(figures.offered_t - (winners - 1) * level * figures.lot_t - 1)
    lowest = -(-(figures.offered_t - winners * level * figures.lot_t) // figures.lot_t)
    above_bids = successful - winners
    lowest = max(lowest, above_bids, 0)
    if lowest > highest:
        return None
    above = random.randint(lowest, highest) if above_bids else 0
    below = figures.lots(figures.bid_t) - above - tied * level
    is_met = lowest <= above and level <= figures.lots(figures.offered_t)
    if is_met and _fits(figures, above, above_bids) and _fits(figures, below, below_bids):
        return _Shape(above, level, tied, winners, below)
    return None


def _single(figures: Figures, successful: int, random: Random) -> _Shape | None:
    """One bid at the price, cut or not, and the losers below it."""
    total, below_bids = figures.lots(figures.bid_t), figures.bids - successful
    highest = figures.lots(figures.offered_t - 1)
    lowest = successful - 1
    if not below_bids:
        lowest = max(lowest, -(-(figures.bid_t - figures.offered_t) // figures.lot_t))
    if successful < 1 or lowest > highest:
        return None
    above = random.choice((random.randint(lowest, highest), highest)) if successful > 1 else 0
    short = -(-(figures.offered_t - above * figures.lot_t) // figures.lot_t)
    most = min(figures.lots(figures.offered_t), total - above - below_bids)
    least = max(short, total - above - below_bids * figures.lots(figures.offered_t))
    if least > most or not _fits(figures, above, successful - 1):
        return None
    level = random.randint(least, most) if below_bids else total - above
    below = total - above - level
    return _Shape(above, level, 1, 1, below) if _fits(figures, below, below_bids) else None


def _bids(figures: Figures, successful: int, shape: _Shape, random: Random) -> list[CurveBid]:
    price, lot = figures.price_fen, figures.lot_t
    most = figures.lots(figures.offered_t)
    above = split(shape.above, successful - shape.winners, most, random)
    below_bids = figures.bids - successful - (shape.tied - shape.winners)
    below = split(shape.below, below_bids, most, random)
    if below and price == 1:
        message = "no price is left below the clearing price"
        raise NoCurveError(message)
    span = max(1, price // 10)
    bids = [CurveBid(price + random.randint(1, span), lots * lot) for lots in above]
    bids += [CurveBid(price, shape.level * lot)] * shape.tied
    bids += [
        CurveBid(price - random.randint(1, min(span, price - 1)), lots * lot) for lots in below
    ]
    return bids


def bidders_of(bids: list[CurveBid], bidders: int, offered_t: int) -> list[int]:
    """Return a bidder 0.. for each bid: each has one, and nobody's bids sum to more than the offer."""
    loads_t = [0] * bidders
    given: dict[int, int] = {}
    for rank, place in enumerate(sorted(range(len(bids)), key=lambda i: -bids[i].quantity_t)):
        bidder = rank if rank < bidders else loads_t.index(min(loads_t))
        loads_t[bidder] += bids[place].quantity_t
        given[place] = bidder
    if max(loads_t) > offered_t:
        message = f"{bidders} bidders would bid for more than the {offered_t} t that are offered"
        raise NoCurveError(message)
    return [given[place] for place in range(len(bids))]
