"""Surveillance of parties: the same two back and forth, shares of volume and holdings, large holders."""

from collections import deque
from typing import Final

from msgspec import Struct

from engine.commands import Method, Side
from engine.events import (
    AllowanceSet,
    DayClosed,
    Traded,
    TradeFailed,
    TradeVoided,
    TransferredIn,
    TransferredOut,
)
from engine.surveillance_alerts import Rule
from engine.surveillance_day import WatchedDay
from engine.units import BASIS_POINTS, divide_half_up


class Pair(Struct):
    """The trades of two participants in one product and day."""

    proof: deque[int]
    down: int = 0
    """Trades in which the lower number sold."""
    up: int = 0
    quantity_t: int = 0


class Volume(Struct):
    """The listed trades that one participant was a party to, of one product and day."""

    proof: deque[int]
    quantity_t: int = 0


class Holding(Struct):
    """What one participant owns of one product, not yet settled purchases included."""

    proof: deque[int]
    quantity_t: int = 0
    is_told: bool = False
    """Above the share's threshold, and told."""
    is_large: bool = False
    """At the large holders' threshold, and told."""


def seller_buyer(event: Traded) -> tuple[int, int]:
    """Return who sells and who buys in a trade."""
    both = (event.counterparty, event.participant)
    return both if event.side == Side.BUY else both[::-1]


class PartyRules:
    """Sees trades, and what the registry brings in or could not deliver."""

    def __init__(self, day: WatchedDay) -> None:
        self._day: Final = day
        self._pairs: Final[dict[tuple[str, int, int], Pair]] = {}
        self._volumes: Final[dict[tuple[int, str], Volume]] = {}
        self._holdings: Final[dict[tuple[int, str], Holding]] = {}
        self._totals_t: Final[dict[str, int]] = {}
        self._allowances_t: Final[dict[int, int]] = {}

    def held(self) -> dict[str, int]:
        """Return how much is remembered, by name of its bound."""
        return {
            "pairs": len(self._pairs),
            "activities": len(self._volumes),
            "holdings": max(len(self._holdings), len(self._allowances_t)),
        }

    def open_day(self) -> None:
        """Forget the day before; holdings stay."""
        self._pairs.clear()
        self._volumes.clear()

    def trade(self, event: Traded) -> None:
        """Look at a trade."""
        seller, buyer = seller_buyer(event)
        self._pair(event, seller, buyer)
        self._move(event, event.product, seller, -event.quantity_t)
        self._move(event, event.product, buyer, event.quantity_t)
        if event.method == Method.LISTED:
            for number in (seller, buyer):
                fresh = Volume(self._day.proof())
                place = (number, event.product)
                volume = self._day.keep(self._volumes, place, fresh, event, "activities")
                if volume is not None:
                    volume.quantity_t += event.quantity_t
                    volume.proof.append(event.sequence)

    def transfer(self, event: TransferredIn | TransferredOut) -> None:
        """Add allowances that came from the registry, take away those that went back."""
        moved_t = event.quantity_t if isinstance(event, TransferredIn) else -event.quantity_t
        self._totals_t[event.product] = self._totals_t.get(event.product, 0) + moved_t
        self._move(event, event.product, event.participant, moved_t)

    def fail(self, event: TradeFailed) -> None:
        """Give the allowances of an unwound trade back to the seller."""
        self._move(event, event.product, event.seller, event.quantity_t)
        self._move(event, event.product, event.buyer, -event.quantity_t)

    def void(self, event: TradeVoided) -> None:
        """Before the day: undo what a trade did to holdings, volumes and the pair of its parties."""
        self._move(event, event.product, event.seller, event.quantity_t)
        self._move(event, event.product, event.buyer, -event.quantity_t)
        for number in (event.seller, event.buyer):
            volume = self._volumes.get((number, event.product))
            if volume is not None and event.trade in self._day.prints:
                volume.quantity_t -= event.quantity_t
        both = sorted((event.seller, event.buyer))
        pair = self._pairs.get((event.product, both[0], both[1]))
        if pair is None:
            return
        pair.quantity_t -= event.quantity_t
        if event.seller < event.buyer:
            pair.down -= 1
        else:
            pair.up -= 1

    def allow(self, event: AllowanceSet) -> None:
        """Note the allocation by which a participant's thresholds are widened."""
        place = event.participant
        if self._day.keep(self._allowances_t, place, 0, event, "holdings") is not None:
            self._allowances_t[place] = event.quantity_t

    def close(self, event: DayClosed) -> None:
        """Look at the shares and the large holders when the day ended."""
        self._volume_shares(event)
        self._holding_shares(event)
        if self._day.position.large_holder_t:
            self._large_holders(event)

    def _pair(self, event: Traded, seller: int, buyer: int) -> None:
        place = (event.product, min(seller, buyer), max(seller, buyer))
        pair = self._day.keep(self._pairs, place, Pair(self._day.proof()), event, "pairs")
        if pair is None:
            return
        pair.proof.append(event.sequence)
        pair.quantity_t += event.quantity_t
        if seller < buyer:
            pair.down += 1
        else:
            pair.up += 1
        if min(pair.down, pair.up) < self._day.rules.paired_trades:
            return
        if self._day.desk.is_first(Rule.PAIRED_TRADES, *place):
            figures = {"trades": pair.down + pair.up, "quantity_t": pair.quantity_t}
            self._day.desk.raise_alert(
                Rule.PAIRED_TRADES, event, event.product, (seller, buyer), figures, pair.proof
            )

    def _move(
        self,
        event: Traded | TransferredIn | TransferredOut | TradeFailed | TradeVoided,
        product: str,
        number: int,
        moved_t: int,
    ) -> None:
        fresh = Holding(self._day.proof())
        holding = self._day.keep(self._holdings, (number, product), fresh, event, "holdings")
        if holding is not None:
            holding.quantity_t += moved_t
            holding.proof.append(event.sequence)

    def _volume_shares(self, event: DayClosed) -> None:
        rules = self._day.rules
        for (number, product), volume in self._volumes.items():
            tally = self._day.tallies.get(product)
            whole_t = tally.quantity_t if tally is not None else 0
            if whole_t < rules.volume_share_t_min:
                continue
            if volume.quantity_t * BASIS_POINTS <= rules.volume_share_bp_max * whole_t:
                continue
            figures = {
                "share_bp": divide_half_up(volume.quantity_t * BASIS_POINTS, whole_t),
                "quantity_t": volume.quantity_t,
                "volume_t": whole_t,
            }
            self._day.desk.raise_alert(
                Rule.VOLUME_SHARE, event, product, (number,), figures, volume.proof
            )

    def _holding_shares(self, event: DayClosed) -> None:
        """Tell of a holder when a day ends above the threshold and the day before did not."""
        for (number, product), holding in self._holdings.items():
            total_t = self._totals_t.get(product, 0)
            limit_bp = self._day.rules.holding_share_bp_max
            is_above = holding.quantity_t * BASIS_POINTS > limit_bp * total_t > 0
            if is_above and not holding.is_told:
                figures = {
                    "share_bp": divide_half_up(holding.quantity_t * BASIS_POINTS, total_t),
                    "holding_t": holding.quantity_t,
                    "total_t": total_t,
                }
                self._day.desk.raise_alert(
                    Rule.HOLDING_SHARE, event, product, (number,), figures, holding.proof
                )
            holding.is_told = is_above

    def _large_holders(self, event: DayClosed) -> None:
        """Tell of a holder when a day ends at the threshold and the day before did not (R74)."""
        position = self._day.position
        for (number, product), holding in self._holdings.items():
            threshold_t = position.large_holder_t
            if position.is_widened_by_allowance:
                threshold_t += self._allowances_t.get(number, 0)
            is_large = holding.quantity_t >= threshold_t
            if is_large and not holding.is_large:
                figures = {"holding_t": holding.quantity_t, "threshold_t": threshold_t}
                self._day.desk.raise_alert(
                    Rule.LARGE_HOLDER, event, product, (number,), figures, holding.proof
                )
            holding.is_large = is_large
