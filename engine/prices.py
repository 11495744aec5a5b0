"""Reference prices, closing prices and the composite (R31-R37, R48-R53, R85)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.commands import Method, ReferenceBasis, SetReferencePrice
from engine.core.layout import VOIDED
from engine.events import AnyEvent, Bulletin, ProductDay, ReferencePriceSet
from engine.market import OK, Figures, Market
from engine.profile import Composite
from engine.reasons import Reason
from engine.units import band_fen, divide_half_up


def composite_weights(market: Market) -> list[int]:
    """Return each product's weight in the composite on the open (or last) day, 0 for others (R52).

    A retired vintage weighs nothing, whatever the table says, so that the running composite and the
    composite close are made of the same products.
    """
    in_force: Composite | None = None
    for row in market.profile.composite:
        if row.effective_from <= market.date:
            in_force = row
    weights = [0] * len(market.codes)
    if in_force is not None and market.date:
        for code, weight in zip(in_force.members, in_force.weights, strict=True):
            index = market.profile.product_index(code)
            weights[index] += weight if market.is_listed(index) else 0
    return weights


def _weighted_mean(weights: list[int], prices_fen: list[int]) -> int:
    """Return the mean of those that have a price, half up to the fen; 0 if none has one."""
    pairs = [(w, p) for w, p in zip(weights, prices_fen, strict=True) if w and p]
    if not pairs:
        return 0
    return divide_half_up(sum(w * p for w, p in pairs), sum(w for w, _ in pairs))


def base_fen(market: Market, index: int) -> int:
    """Return a product's price before its first trade of the day (R36, R48, R53)."""
    return market.previous_closes_fen[index] or market.references_fen[index]


def weigh(market: Market) -> None:
    """Set the running composite's sums from each product's latest price of the day (R53)."""
    core = market.core
    weights = composite_weights(market)
    core.state.products["composite_weight"] = weights
    total = total_weight = 0
    for index, weight in enumerate(weights):
        tally = core.state.tallies[index]
        if tally["listed_trades"] == 0:
            tally["last_fen"] = base_fen(market, index)
        if weight and tally["last_fen"]:
            total += weight * int(tally["last_fen"])
            total_weight += weight
    core.market["composite_sum"] = total
    core.market["composite_weight"] = total_weight


def composite_last_fen(market: Market) -> int:
    """Return the running composite, 0 before its first trade of the day (R53)."""
    row = market.core.market
    if row["composite_count"] == 0:
        return 0
    return divide_half_up(int(row["composite_sum"]), int(row["composite_weight"]))


def composite_close_fen(market: Market) -> int:
    """Return the composite close of the last closed day, 0 before the first."""
    return market.bulletins[-1].close_fen if market.bulletins else 0


# ---------------------------------------------------------------- reference prices


def computed_reference(market: Market, index: int) -> tuple[ReferenceBasis, int]:
    """Return where a product's reference must come from and what it must be; 0 = operators choose."""
    if market.previous_closes_fen[index]:
        return ReferenceBasis.PREVIOUS_CLOSE, market.previous_closes_fen[index]
    product = market.profile.products[index]
    composite = composite_close_fen(market)
    if product.first_reference == "composite_close" and composite:
        return ReferenceBasis.COMPOSITE_CLOSE, composite
    is_first_day = product.listed_from == market.date
    return ReferenceBasis.ADMINISTRATIVE, product.first_reference_fen if is_first_day else 0


def _reference_broken(market: Market, action: SetReferencePrice) -> Figures:
    index = market.profile.product_index(action.product)
    if not market.is_day_open:
        return Reason.DAY_NOT_OPEN, 0, 0
    if index < 0:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    if not market.is_listed(index):
        return Reason.PRODUCT_NOT_LISTED, 0, 0
    if market.references_fen[index]:
        return Reason.REFERENCE_PRICE_ALREADY_SET, market.references_fen[index], 0
    basis, price = computed_reference(market, index)
    if action.basis != basis or (price and action.price_fen != price):
        return Reason.REFERENCE_PRICE_MISMATCH, price, 0
    return band_broken(market, action.price_fen)


def band_broken(market: Market, price_fen: int) -> Figures:
    """Say whether the listed band of a reference price has more levels than a ladder."""
    floor, cap = band_fen(price_fen, market.profile.listed.band_bp)
    levels, limit = cap - floor + 1, market.profile.capacity.levels
    return (Reason.BAND_TOO_WIDE, levels, limit) if levels > limit else OK


def set_reference(market: Market, action: SetReferencePrice, place: int) -> AnyEvent:
    """Set a product's reference and bands for the day; it opens at once (R31-R37)."""
    broken = _reference_broken(market, action)
    if broken != OK:
        return market.refused(broken, place)
    index = market.profile.product_index(action.product)
    bands = place_bands(market, index, action.price_fen)
    place_ladders(market, index)
    weigh(market)
    return market.event(
        ReferencePriceSet,
        product=action.product,
        price_fen=action.price_fen,
        basis=action.basis,
        **bands,
    )


def place_bands(market: Market, index: int, price_fen: int) -> dict[str, int]:
    """Take a reference price over and return the bands that it gives (R31, R32)."""
    listed = band_fen(price_fen, market.profile.listed.band_bp)
    block = band_fen(price_fen, market.profile.block.band_bp)
    market.references_fen[index] = price_fen
    row = market.core.state.products[index]
    row["has_reference"] = 1
    bands = {
        "listed_floor_fen": listed[0],
        "listed_cap_fen": listed[1],
        "block_floor_fen": block[0],
        "block_cap_fen": block[1],
    }
    for name, price in bands.items():
        row[name] = price
    return bands


def place_ladders(market: Market, index: int) -> None:
    """Let a product's ladders begin at the best prices of its listed band."""
    tick, row = market.profile.tick_size_fen, market.core.state.products[index]
    floor, cap = int(row["listed_floor_fen"]), int(row["listed_cap_fen"])
    lowest = -(-floor // tick) * tick  # rounds up: the first price on the tick in the band
    highest = cap // tick * tick  # rounds down: the last one
    buyers, sellers = market.core.state.ladders[2 * index], market.core.state.ladders[2 * index + 1]
    buyers["origin_fen"], buyers["step_fen"] = highest, -tick
    sellers["origin_fen"], sellers["step_fen"] = lowest, tick


# ---------------------------------------------------------------- closing prices, bulletin


def published_open_fen(market: Market, index: int) -> int:
    """Return an opening price that was published by decision today, 0 if there is none (R48)."""
    for row in market.profile.published_open:
        if row.product == market.codes[index] and row.date == market.date:
            return row.price_fen
    return 0


def open_fen(market: Market, index: int) -> int:
    """Return a product's open, 0 while there is none (R48): published, by rule, or its first trade."""
    published = published_open_fen(market, index)
    if market.profile.listed.open_rule == "previous_close":
        return published or base_fen(market, index)
    tally = market.core.state.tallies[index]
    return (published or int(tally["open_fen"])) if tally["listed_trades"] else 0


def _close_fen(market: Market, index: int, opened_fen: int) -> int:
    """Return a product's close: the listed mean, or the open where too little traded (R49-R51)."""
    tally = market.core.state.tallies[index]
    quantity, amount = int(tally["listed_quantity_t"]), int(tally["listed_amount_fen"])
    if quantity == 0:
        return base_fen(market, index)
    if quantity <= market.profile.listed.close_threshold_t:
        return opened_fen
    return divide_half_up(amount, quantity)


def _product_day(market: Market, index: int) -> ProductDay:
    tally = market.core.state.tallies[index]
    opened = open_fen(market, index) or published_open_fen(market, index) or base_fen(market, index)
    return ProductDay(
        product=market.codes[index],
        previous_close_fen=market.previous_closes_fen[index],
        open_fen=opened,
        close_fen=_close_fen(market, index, opened),
        **{name: int(tally[name]) for name in _TOLD},
    )


_TOLD: Final = (
    "high_fen",
    "low_fen",
    *(
        f"{method}_{figure}"
        for method in ("listed", "block", "auction")
        for figure in ("quantity_t", "amount_fen", "trades")
    ),
)
"""Fields of a tally that the bulletin tells as they are."""


def _composite_open_fen(market: Market, weights: list[int]) -> int:
    members = [index for index, weight in enumerate(weights) if weight]
    if len(members) == 1 and published_open_fen(market, members[0]):
        return published_open_fen(market, members[0])
    if market.core.market["composite_count"]:
        return int(market.core.market["composite_open_fen"])
    return composite_close_fen(market)


def make_bulletin(market: Market) -> Bulletin:
    """Return the day's bulletin and take its closes over as the products' last closes (R49, R85)."""
    weights = composite_weights(market)
    listed = [index for index in range(len(market.codes)) if market.is_listed(index)]
    rows = tuple(_product_day(market, index) for index in listed)
    closes = [0] * len(market.codes)
    for index, row in zip(listed, rows, strict=True):
        closes[index] = row.close_fen
        market.closes_fen[index] = row.close_fen
    sums = {
        f"{method}_{figure}": sum(getattr(row, f"{method}_{figure}") for row in rows)
        for method in ("listed", "block", "auction")
        for figure in ("quantity_t", "amount_fen")
    }
    tonnes = sums["listed_quantity_t"] + sums["block_quantity_t"] + sums["auction_quantity_t"]
    amount = sums["listed_amount_fen"] + sums["block_amount_fen"] + sums["auction_amount_fen"]
    last = market.bulletins[-1] if market.bulletins else None
    return Bulletin(
        date=market.date,
        previous_close_fen=composite_close_fen(market),
        open_fen=_composite_open_fen(market, weights),
        high_fen=int(market.core.market["composite_high_fen"]),
        low_fen=int(market.core.market["composite_low_fen"]),
        close_fen=_weighted_mean(weights, closes),
        quantity_t=tonnes,
        amount_fen=amount,
        cumulative_quantity_t=(last.cumulative_quantity_t if last else 0) + tonnes,
        cumulative_amount_fen=(last.cumulative_amount_fen if last else 0) + amount,
        products=rows,
        **sums,
    )


# ---------------------------------------------------------------- counted again


def count_again(market: Market) -> None:
    """Count the day's trades anew, without the voided ones, as if today's references had always stood."""
    core = market.core
    core.state.tallies[:] = 0
    for name in ("count", "open_fen", "high_fen", "low_fen"):
        core.market[f"composite_{name}"] = 0
    weigh(market)
    rows = core.state.trades[: int(core.market["trade_count"])]
    rows = rows[rows["state"] != VOIDED]
    for method in market.methods:
        _sum_up(market, method, rows[rows["method"] == method])
    _walk(market, rows[rows["method"] == Method.LISTED])


def _sum_up(market: Market, method: Method, rows: NDArray[np.void]) -> None:
    """Add a method's trades to the tallies of their products."""
    tallies, name = market.core.state.tallies, method.name.lower()
    amounts = rows["price_fen"].astype(np.int64) * rows["quantity_t"]
    np.add.at(tallies[f"{name}_quantity_t"], rows["product"], rows["quantity_t"])
    np.add.at(tallies[f"{name}_amount_fen"], rows["product"], amounts)
    np.add.at(tallies[f"{name}_trades"], rows["product"], 1)


def _walk(market: Market, rows: NDArray[np.void]) -> None:
    """Walk the prices of listed trades in order, as the core does trade by trade (`core/tallies.py`)."""
    state, row = market.core.state, market.core.market
    products, prices = rows["product"], rows["price_fen"].astype(np.int64)
    before = np.zeros(len(rows), np.int64)
    for index in np.unique(products).tolist():
        places, tally = np.flatnonzero(products == index), state.tallies[index]
        own = prices[places]
        before[places] = [tally["last_fen"], *own[:-1]]
        tally["open_fen"], tally["last_fen"] = own[0], own[-1]
        tally["high_fen"], tally["low_fen"] = own.max(), own.min()
    weights = state.products["composite_weight"][products]
    sums = int(row["composite_sum"]) + np.cumsum((weights * (prices - before))[weights > 0])
    if len(sums) == 0:
        return
    total = int(row["composite_weight"])
    values = (2 * sums + total) // (2 * total)  # rounds half up (R52)
    row["composite_sum"], row["composite_count"] = sums[-1], len(values)
    row["composite_open_fen"] = values[0]
    row["composite_high_fen"], row["composite_low_fen"] = values.max(), values.min()
