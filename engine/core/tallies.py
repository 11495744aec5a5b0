"""Public prices of the day, kept trade by trade: a product's own (R48-R50) and the composite (R53)."""

from engine.core.layout import State
from engine.core.machine import at, kernel


@kernel
def _count_composite(S: State, product: int, price: int, before: int) -> None:
    """Move the running weighted mean of the latest prices and keep its open, high and low."""
    weight = S.products[at(product)]["composite_weight"]
    if weight == 0:
        return
    market = S.market
    total, weights = market["composite_sum"], market["composite_weight"]
    total += weight * (price - before)
    market["composite_sum"] = total
    value = (2 * total + weights) // (2 * weights)  # rounds half up (R52)
    count = market["composite_count"]
    market["composite_count"] = count + 1
    if count == 0:
        market["composite_open_fen"] = value
        market["composite_high_fen"] = value
        market["composite_low_fen"] = value
    elif value > market["composite_high_fen"]:
        market["composite_high_fen"] = value
    elif value < market["composite_low_fen"]:
        market["composite_low_fen"] = value


@kernel
def count_listed(S: State, product: int, price: int, quantity: int) -> None:
    """Count a listed trade in its product's open, high, low, last, volume and amount."""
    tally = S.tallies[at(product)]
    _count_composite(S, product, price, tally["last_fen"])
    if tally["listed_trades"] == 0:
        tally["open_fen"] = price
        tally["high_fen"] = price
        tally["low_fen"] = price
    elif price > tally["high_fen"]:
        tally["high_fen"] = price
    elif price < tally["low_fen"]:
        tally["low_fen"] = price
    tally["last_fen"] = price
    tally["listed_quantity_t"] += quantity
    tally["listed_amount_fen"] += price * quantity
    tally["listed_trades"] += 1


@kernel
def count_block(S: State, product: int, price: int, quantity: int) -> None:
    """Count a block trade; it moves no public price (R65)."""
    tally = S.tallies[at(product)]
    tally["block_quantity_t"] += quantity
    tally["block_amount_fen"] += price * quantity
    tally["block_trades"] += 1


@kernel
def count_auction(S: State, product: int, price: int, quantity: int) -> None:
    """Count an auction's trade; it moves no public price."""
    tally = S.tallies[at(product)]
    tally["auction_quantity_t"] += quantity
    tally["auction_amount_fen"] += price * quantity
    tally["auction_trades"] += 1
