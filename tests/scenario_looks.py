"""What a `look` row of a scenario shows: views as short texts, or one row whose figures are named.

Texts: `book`, `listings`, `ladder 1`, `groups P1`, `offers P1`, `halts`, `closures`, `notices`, `depth PRODUCT buy`. Rows: `cash P1`,
`holding P1 PRODUCT`, `order P1 3`, `bulletin`, `day PRODUCT`, `participant P1`, `quote PRODUCT`, `method
listed`, `market`, `trade 2`, `auction 1`, `application 1`, `negotiation P1 7 [P2]` (P1's on offer 7).
"""

from collections.abc import Callable

from engine.commands import Method, Side
from engine.exchange import Exchange
from engine.units import parse_yuan
from engine.views import Level
from tests.scenario_language import figure
from tests.scenario_words import participant


def _levels(levels: tuple[Level, ...]) -> str:
    return ", ".join(
        f"{figure(level, 'price')} {level.quantity_t} {level.count}" for level in levels
    )


def text_of(exchange: Exchange, kind: str, words: list[str]) -> str | None:
    """Return a view as a short text, None for a view whose figures are named."""
    match kind:
        case "book":
            book = exchange.book(words[0])
            return _levels(book.asks if words[1] == "sell" else book.bids)
        case "listings":
            side = Side[words[1].upper()]
            level = exchange.listings(words[0], side, parse_yuan(words[2]))
            return ", ".join(f"{listing.order} {listing.left_t}" for listing in level)
        case "ladder":
            auctions = exchange.auctions()
            return next(_levels(row.bids) for row in auctions if row.auction == int(words[0]))
        case "groups":
            groups = exchange.groups(participant(words[0]))
            return "; ".join(f"{row.group} {figure(row, 'members')}" for row in groups)
        case "offers":
            offers = exchange.offers(participant(words[0]))
            return ", ".join(str(row.order) for row in offers)
        case "halts":
            halts = exchange.halts()
            return ", ".join(f"{row.halt} {figure(row, 'scope')}" for row in halts)
        case "notices":
            return "; ".join(f"{row.notice} {row.text_en}" for row in exchange.notices())
        case "depth":
            depth = exchange.depth(words[0])
            levels = depth.asks if words[1] == "sell" else depth.bids
            return ", ".join(
                f"{figure(level, 'price')}: "
                + " ".join(f"{row.order}/{row.left_t}" for row in level.listings)
                for level in levels
            )
        case "closures":
            return ", ".join(row.date for row in exchange.closures())
    return None


def row_of(exchange: Exchange, kind: str, words: list[str]) -> object:
    """Return the row that a look is at; its figures are named."""
    views: dict[str, Callable[[Exchange, list[str]], object]] = {
        "cash": _cash,
        "holding": _holding,
        "order": _order,
        "bulletin": lambda market, _: market.bulletins()[-1],
        "day": _day,
        "participant": lambda market, told: market.participants()[participant(told[0]) - 1],
        "quote": _quote,
        "method": _method,
        "market": lambda market, _: market.market(),
        "trade": _trade,
        "auction": _auction,
        "application": _application,
        "negotiation": _negotiation,
    }
    if kind not in views:
        message = f"no view is called {kind}"
        raise ValueError(message)
    return views[kind](exchange, words)


def _cash(exchange: Exchange, words: list[str]) -> object:
    return exchange.account(participant(words[0])).cash


def _holding(exchange: Exchange, words: list[str]) -> object:
    holdings = exchange.account(participant(words[0])).holdings
    return next(row for row in holdings if row.product == words[1])


def _order(exchange: Exchange, words: list[str]) -> object:
    orders = exchange.orders(participant(words[0]))
    return next(row for row in orders if row.order == int(words[1]))


def _day(exchange: Exchange, words: list[str]) -> object:
    rows = exchange.bulletins()[-1].products
    return next(row for row in rows if row.product == words[0])


def _quote(exchange: Exchange, words: list[str]) -> object:
    return next(row for row in exchange.market().products if row.product == words[0])


def _method(exchange: Exchange, words: list[str]) -> object:
    method = Method[words[0].upper()]
    return next(row for row in exchange.market().methods if row.method == method)


def _trade(exchange: Exchange, words: list[str]) -> object:
    return next(row for row in exchange.trades() if row.trade == int(words[0]))


def _auction(exchange: Exchange, words: list[str]) -> object:
    return next(row for row in exchange.auctions() if row.auction == int(words[0]))


def _application(exchange: Exchange, words: list[str]) -> object:
    return next(row for row in exchange.applications() if row.auction == int(words[0]))


def _negotiation(exchange: Exchange, words: list[str]) -> object:
    others = [participant(text) for text in words[2:]]
    return next(
        row
        for row in exchange.negotiations(participant(words[0]))
        if row.offer == int(words[1])
        and (not others or others[0] in (row.offerer, row.counterparty))
    )
