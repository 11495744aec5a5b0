"""Surveillance of prices: the close, the band's edges, late extremes, listings and blocks far from the rest."""

from collections import deque
from typing import Final

from msgspec import Struct

from engine.commands import Method
from engine.events import DayClosed, ProductDay, Traded, TradeVoided
from engine.surveillance_alerts import Rule
from engine.surveillance_day import WatchedDay
from engine.units import BASIS_POINTS, NANOSECONDS_PER_SECOND, divide_half_up


class Extreme(Struct):
    """The high or the low of a product's day; what is late came in the last minutes."""

    late_proof: deque[int]
    price_fen: int = 0
    before_fen: int = 0
    """As it stood when the last minutes began, 0 where nothing had traded."""
    parties: frozenset[int] = frozenset()
    """Who was a party to every trade that printed it late."""

    def take(self, trade: Traded, *, is_beyond: bool, is_late: bool) -> None:
        """Take a trade; `is_beyond` says that its price is a new extreme."""
        both = frozenset((trade.participant, trade.counterparty))
        if is_beyond or self.price_fen == 0:
            self.price_fen = trade.price_fen
            self.late_proof.clear()
            self.parties = both if is_late else frozenset()
            if is_late:
                self.late_proof.append(trade.sequence)
            else:
                self.before_fen = trade.price_fen
        elif trade.price_fen == self.price_fen and self.late_proof:
            self.parties &= both
            self.late_proof.append(trade.sequence)


def is_off(price_fen: int, amount_fen: int, quantity_t: int, limit_bp: int) -> bool:
    """Say whether a price is at least so far from the mean amount ÷ quantity; exact, nothing is divided."""
    return abs(price_fen * quantity_t - amount_fen) * BASIS_POINTS >= limit_bp * amount_fen


def off_bp(price_fen: int, amount_fen: int, quantity_t: int) -> int:
    """Return how far a price is from the mean, in basis points half up."""
    return divide_half_up(abs(price_fen * quantity_t - amount_fen) * BASIS_POINTS, amount_fen)


class PriceRules:
    """Sees each trade before the day's tallies have it."""

    def __init__(self, day: WatchedDay) -> None:
        self._day: Final = day
        self._highs: Final[dict[str, Extreme]] = {}
        self._lows: Final[dict[str, Extreme]] = {}
        self._blocks: Final[dict[int, Traded]] = {}

    def held(self) -> dict[str, int]:
        """Return how much is remembered, by name of its bound."""
        return {"blocks": len(self._blocks)}

    def open_day(self) -> None:
        """Forget the day before."""
        for memory in (self._highs, self._lows, self._blocks):
            memory.clear()

    def trade(self, event: Traded) -> None:
        """Look at a trade; auctions have a price of their own and move no other."""
        if event.method == Method.AUCTION:
            return
        self._edge(event)
        if event.method == Method.BLOCK:
            self._day.keep(self._blocks, event.trade, event, event, "blocks")
        else:
            self._extremes(event)
            self._far_listing(event)

    def void(self, event: TradeVoided) -> None:
        """After the day: high and low are what the other trades made them."""
        self._blocks.pop(event.trade, None)
        if event.method != Method.LISTED:
            return
        for extremes in (self._highs, self._lows):
            extremes.pop(event.product, None)
        for trade in self._day.prints.values():
            if trade.product == event.product:
                self._extremes(trade)

    def close(self, event: DayClosed) -> None:
        """Look at the day that ended."""
        for row in event.bulletin.products:
            self._few_tonnes(event, row)
            self._late_extreme(event, row.product)
        self._blocks_off(event)

    def _edge(self, event: Traded) -> None:
        bands = self._day.references.get(event.product)
        if bands is None:
            return
        is_block = event.method == Method.BLOCK
        floor = bands.block_floor_fen if is_block else bands.listed_floor_fen
        cap = bands.block_cap_fen if is_block else bands.listed_cap_fen
        near = self._day.rules.band_edge_fen
        if floor + near < event.price_fen < cap - near:
            return
        edge = floor if event.price_fen <= floor + near else cap
        rule = Rule.BLOCK_AT_BAND_EDGE if is_block else Rule.TRADE_AT_BAND_EDGE
        both = (event.participant, event.counterparty)
        if is_block or self._day.desk.is_first(rule, event.product, edge, *sorted(both)):
            figures = {
                "price_fen": event.price_fen,
                "edge_fen": edge,
                "quantity_t": event.quantity_t,
            }
            proof = (bands.sequence, event.sequence)
            self._day.desk.raise_alert(rule, event, event.product, both, figures, proof)

    def _extremes(self, event: Traded) -> None:
        is_late = event.time_ns >= self._day.late_from_ns
        for extremes, sign in ((self._highs, 1), (self._lows, -1)):
            extreme = extremes.get(event.product)
            if extreme is None:
                extreme = extremes[event.product] = Extreme(self._day.proof())
            is_beyond = sign * (event.price_fen - extreme.price_fen) > 0
            extreme.take(event, is_beyond=is_beyond, is_late=is_late)

    def _late_extreme(self, event: DayClosed, product: str) -> None:
        bands = self._day.references.get(product)
        for extremes in (self._highs, self._lows):
            extreme = extremes.get(product)
            if extreme is None or bands is None:
                continue
            if not extreme.before_fen or not extreme.late_proof or not extreme.parties:
                continue
            moved_fen = abs(extreme.price_fen - extreme.before_fen)
            if moved_fen * BASIS_POINTS < self._day.rules.late_extreme_bp * bands.price_fen:
                continue
            figures = {
                "price_fen": extreme.price_fen,
                "before_fen": extreme.before_fen,
                "window_s": self._day.rules.late_window_s,
            }
            self._day.desk.raise_alert(
                Rule.LATE_EXTREME, event, product, extreme.parties, figures, extreme.late_proof
            )

    def _far_listing(self, event: Traded) -> None:
        """Compare a listing with the listed mean before this trade, by its time in the book."""
        listing = self._day.listings.get(event.resting_order)
        amount, quantity = self._day.mean(event.product)
        if listing is None or not amount:
            return
        elapsed_ns = event.time_ns - listing.time_ns
        if elapsed_ns > self._day.rules.far_listing_s * NANOSECONDS_PER_SECOND:
            return
        if not is_off(event.price_fen, amount, quantity, self._day.rules.far_listing_bp):
            return
        if self._day.desk.is_first(Rule.FAR_LISTING_TAKEN, listing.order):
            figures = {
                "price_fen": event.price_fen,
                "mean_fen": divide_half_up(amount, quantity),
                "off_bp": off_bp(event.price_fen, amount, quantity),
                "elapsed_s": elapsed_ns // NANOSECONDS_PER_SECOND,  # whole seconds, down
                "quantity_t": event.quantity_t,
            }
            both = (event.participant, event.counterparty)
            proof = (listing.sequence, event.sequence)
            self._day.desk.raise_alert(
                Rule.FAR_LISTING_TAKEN, event, event.product, both, figures, proof
            )

    def _few_tonnes(self, event: DayClosed, row: ProductDay) -> None:
        if not 0 < row.listed_quantity_t < self._day.rules.close_quantity_t_min:
            return
        tally = self._day.tallies.get(row.product)
        if tally is None:
            return
        figures = {
            "close_fen": row.close_fen,
            "previous_close_fen": row.previous_close_fen,
            "quantity_t": row.listed_quantity_t,
            "trades": row.listed_trades,
        }
        self._day.desk.raise_alert(
            Rule.CLOSE_BY_FEW_TONNES,
            event,
            row.product,
            tally.parties,
            figures,
            (*tally.proof, event.sequence),
        )

    def _blocks_off(self, event: DayClosed) -> None:
        """Compare each block with the mean of the whole day; without listed trades there is none."""
        for block in self._blocks.values():
            tally = self._day.tallies.get(block.product)
            if tally is None:
                continue
            amount, quantity = tally.amount_fen, tally.quantity_t
            limit = self._day.rules.block_off_listed_bp_max
            if abs(block.price_fen * quantity - amount) * BASIS_POINTS <= limit * amount:
                continue
            figures = {
                "price_fen": block.price_fen,
                "mean_fen": divide_half_up(amount, quantity),
                "off_bp": off_bp(block.price_fen, amount, quantity),
                "quantity_t": block.quantity_t,
            }
            both = (block.participant, block.counterparty)
            proof = (block.sequence, event.sequence)
            self._day.desk.raise_alert(
                Rule.BLOCK_OFF_LISTED, event, block.product, both, figures, proof
            )
