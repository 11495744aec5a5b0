"""The views of dialogues, auctions, halts and closures, compared between two exchanges."""

from collections.abc import Callable, Iterable
from typing import Any

from engine.exchange import Exchange
from tests.oracle.exchange import Oracle

Same = Callable[[str, object, object], None]


def compare_more_views(
    exchange: Exchange, oracle: Oracle, participants: Iterable[int], same: Same
) -> None:
    """Hand every view of both to `same`, which fails where they differ."""
    __tracebackhide__ = True
    dates = sorted({"", *(auction.date for auction in oracle.state.auctions.values())})
    for date in dates:
        same(f"auctions {date}", exchange.auctions(date), oracle.auctions(date))
    same("applications", exchange.applications(), oracle.applications())
    same("codes", exchange.codes(), oracle.codes())
    same("halts", exchange.halts(), oracle.halts())
    same("closures", exchange.closures(), oracle.closures())
    same("notices", exchange.notices(), oracle.notices())
    for product in oracle.state.products:
        for count in (1, 20):
            told, wanted = (market.depth(product, 3, count) for market in (exchange, oracle))
            same(f"depth of {product}", told, wanted)
    both: Any = (exchange, oracle)
    for number in participants:
        for name in ("groups", "offers", "negotiations", "applications"):
            told, wanted = (getattr(market, name)(number) for market in both)
            same(f"{name} of {number}", told, wanted)
