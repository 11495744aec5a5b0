"""Prices made public: the day's figures of a product, closing prices, the composite, the bulletin."""

from fractions import Fraction

from engine.commands import Method
from engine.events import Bulletin, ProductDay
from tests.oracle.records import ProductRecord, Trade
from tests.oracle.rules import composite_row, nearest, weighted_mean
from tests.oracle.state import State


def day_trades(state: State, code: str, method: Method) -> list[Trade]:
    """Return the trades of a product and method that count today; a voided one does not (R81)."""
    return [
        trade
        for trade in state.day_trades
        if trade.state != "voided" and (trade.product, trade.method) == (code, method)
    ]


def publish(state: State, trade: Trade) -> None:
    """Let a listed trade move the composite; no other method moves public prices (R48, R49, R65)."""
    row = composite_row(state.profile, state.date)
    if trade.method == Method.LISTED and row is not None and trade.product in row.members:
        state.running_composite.append(weighted_mean(row, latest_fen(state)))


def latest_fen(state: State, until: int = 0) -> dict[str, int]:
    """Return the latest price of each product of the day, before its first trade its base (R53).

    With a trade's number, the prices are those right after it. A retired product has none.
    """
    latest = {}
    for code, record in state.products.items():
        if not state.listed_on(code, state.date):
            continue
        prices = [
            trade.price_fen
            for trade in day_trades(state, code, Method.LISTED)
            if not until or trade.number <= until
        ]
        latest[code] = prices[-1] if prices else record.base_fen()
    return latest


def publish_again(state: State) -> None:
    """Make the composite's course again after a trade was voided, from what stands."""
    state.running_composite.clear()
    row = composite_row(state.profile, state.date)
    if row is None:
        return
    for trade in state.day_trades:
        counts = trade.method == Method.LISTED and trade.state != "voided"
        if counts and trade.product in row.members:
            prices = latest_fen(state, trade.number)
            state.running_composite.append(weighted_mean(row, prices))


def closing_price(state: State, record: ProductRecord) -> int:
    """Return the listed VWAP of the whole day, or the price it began with (R49-R51)."""
    trades = day_trades(state, record.code, Method.LISTED)
    tonnes = sum(trade.quantity_t for trade in trades)
    if tonnes == 0:
        return record.base_fen()
    if tonnes <= state.profile.listed.close_threshold_t:
        return opening_price(state, record)
    return nearest(Fraction(sum(trade.amount_fen for trade in trades), tonnes))


def published_open(state: State, code: str) -> int:
    """Return an opening price that was published by decision, 0 if there is none (R48)."""
    for row in state.profile.published_open:
        if row.product == code and row.date == state.date:
            return row.price_fen
    return 0


def opening_price(state: State, record: ProductRecord) -> int:
    """Return the open of the day (R48): published, by rule the base, or the first listed trade's."""
    trades = day_trades(state, record.code, Method.LISTED)
    is_base = state.profile.listed.open_rule == "previous_close" or not trades
    first = record.base_fen() if is_base else trades[0].price_fen
    return published_open(state, record.code) or first


def _totals(trades: list[Trade]) -> tuple[int, int, int]:
    tonnes = sum(trade.quantity_t for trade in trades)
    return tonnes, sum(trade.amount_fen for trade in trades), len(trades)


def product_day(state: State, record: ProductRecord) -> ProductDay:
    """Return a product's row of the bulletin (R85)."""
    listed, block, auction = (day_trades(state, record.code, method) for method in Method)
    prices = [trade.price_fen for trade in listed]
    listed_t, listed_fen, listed_trades = _totals(listed)
    block_t, block_fen, block_trades = _totals(block)
    auction_t, auction_fen, auction_trades = _totals(auction)
    return ProductDay(
        product=record.code,
        previous_close_fen=record.previous_close_fen,
        open_fen=opening_price(state, record),
        high_fen=max(prices, default=0),
        low_fen=min(prices, default=0),
        close_fen=closing_price(state, record),
        listed_quantity_t=listed_t,
        listed_amount_fen=listed_fen,
        listed_trades=listed_trades,
        block_quantity_t=block_t,
        block_amount_fen=block_fen,
        block_trades=block_trades,
        auction_quantity_t=auction_t,
        auction_amount_fen=auction_fen,
        auction_trades=auction_trades,
    )


def _composite_open(state: State) -> int:
    """Return the composite's opening value (R53), a published one where it is its product's own."""
    row = composite_row(state.profile, state.date)
    if row is not None and len(row.members) == 1 and published_open(state, row.members[0]):
        return published_open(state, row.members[0])
    if state.running_composite:
        return state.running_composite[0]
    return state.composite_close_fen()


def make_bulletin(state: State) -> Bulletin:
    """Set the closing prices and return the bulletin of the day (R85)."""
    listed = [
        record for code, record in state.products.items() if state.listed_on(code, state.date)
    ]
    rows = tuple(product_day(state, record) for record in listed)
    for record, row in zip(listed, rows, strict=True):
        record.close_fen = row.close_fen
    closes = {record.code: record.close_fen for record in listed}
    listed_t = sum(row.listed_quantity_t for row in rows)
    listed_fen = sum(row.listed_amount_fen for row in rows)
    block_t = sum(row.block_quantity_t for row in rows)
    block_fen = sum(row.block_amount_fen for row in rows)
    auction_t = sum(row.auction_quantity_t for row in rows)
    auction_fen = sum(row.auction_amount_fen for row in rows)
    all_t, all_fen = listed_t + block_t + auction_t, listed_fen + block_fen + auction_fen
    last = state.bulletins[-1] if state.bulletins else None
    return Bulletin(
        date=state.date,
        previous_close_fen=state.composite_close_fen(),
        open_fen=_composite_open(state),
        high_fen=max(state.running_composite, default=0),
        low_fen=min(state.running_composite, default=0),
        close_fen=weighted_mean(composite_row(state.profile, state.date), closes),
        listed_quantity_t=listed_t,
        listed_amount_fen=listed_fen,
        block_quantity_t=block_t,
        block_amount_fen=block_fen,
        quantity_t=all_t,
        amount_fen=all_fen,
        cumulative_quantity_t=(last.cumulative_quantity_t if last else 0) + all_t,
        cumulative_amount_fen=(last.cumulative_amount_fen if last else 0) + all_fen,
        products=rows,
        auction_quantity_t=auction_t,
        auction_amount_fen=auction_fen,
    )
