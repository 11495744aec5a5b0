"""Compares what the historic demo saw with what was published, and checks what nobody publishes."""

from typing import TYPE_CHECKING, Final

from bench.demo_day import thousands
from bench.demo_market import DemoFailed
from bench.demo_report import Check, figure, latency
from engine.commands import Method
from engine.reasons import Reason
from engine.units import band_fen, format_yuan
from engine.views import TradeView

if TYPE_CHECKING:
    from bench.demo_historic import HistoricDemo

PARTICIPANTS_MIN: Final = 40
TRADES_MIN: Final = 300
PRICES_MIN: Final = 20
REFUSED: Final = {
    "institution": Reason.NOT_KEY_EMITTING_UNIT,
    "login": "KEY_UNKNOWN",
    "same_person": Reason.SAME_PERSON,
    "reference_missing": Reason.REFERENCE_PRICE_MISSING,
    "break_order": Reason.PHASE_CLOSED,
    "resale": Reason.HOLDING_NOT_AVAILABLE,
}
"""What the demo provokes, and the reason that must come."""


async def prove(demo: "HistoricDemo") -> None:
    """Fill in the figures and the checks of a demo's result, from the running processes."""
    date = demo.result.date
    trades = await demo.market.maker.trades(date=date)
    _compare(demo, trades)
    _count(demo, trades)
    await _check_reports(demo, trades)
    _check_end(demo, trades)


def _compare(demo: "HistoricDemo", trades: tuple[TradeView, ...]) -> None:
    """Compare with the published figures; the sums are made anew from the single trades."""
    published, bulletin = demo.plan.figures, demo.result.bulletin
    assert bulletin is not None
    if not trades:
        raise DemoFailed("the day has no trade")
    listed = [t for t in trades if t.method is Method.LISTED]
    quantity_t = sum(t.quantity_t for t in listed)
    amount_fen = sum(t.quantity_t * t.price_fen for t in listed)
    day, following = demo.day.seen, demo.next_band
    next_band = (following.listed_floor_fen, following.listed_cap_fen)
    demo.result.figures = [
        figure("reference", format_yuan(published.reference_fen), format_yuan(day.reference_fen)),
        figure("band", _band(band_fen(published.reference_fen, 1_000)), _band(day.band)),
        figure("open", format_yuan(published.open_fen), format_yuan(bulletin.open_fen)),
        figure("first_trade", format_yuan(published.first_trade_fen), format_yuan(listed[0].price_fen)),
        figure("quantity", f"{published.listed_quantity_t:,}", f"{quantity_t:,}"),
        figure("amount", thousands(published.listed_amount_fen), thousands(amount_fen)),
        figure("close", format_yuan(published.close_fen), format_yuan(bulletin.close_fen)),
        figure("block", "0", f"{bulletin.block_quantity_t:,}"),
        figure("next_reference_price", format_yuan(published.close_fen), format_yuan(following.price_fen)),
        figure("next_band", _band(band_fen(published.close_fen, 1_000)), _band(next_band)),
    ]  # fmt: skip


def _band(band: tuple[int, int]) -> str:
    return f"{format_yuan(band[0])} – {format_yuan(band[1])}"


def _count(demo: "HistoricDemo", trades: tuple[TradeView, ...]) -> None:
    result, log = demo.result, demo.log
    result.participants = len({n for t in trades for n in (t.buyer, t.seller)})
    result.trades = len(trades)
    result.prices = len({t.price_fen for t in trades})
    result.listings, result.picks, result.cancels = log.listings, log.picks, log.cancels
    result.orders = log.listings + log.picks + log.refused
    result.lapsed = demo.day.seen.lapsed
    result.in_flight = log.in_doubt
    result.latency = latency(log.latencies_ns)
    planned = len(demo.plan.listed_trades)
    result.checks = [
        _check("check_participants", result.participants, result.participants >= PARTICIPANTS_MIN),
        _check("check_trades", result.trades, result.trades >= TRADES_MIN and result.trades == planned),
        _check("check_prices", result.prices, result.prices >= PRICES_MIN),
        _check("check_partial", log.partial_picks, log.partial_picks > 0),
        _check("check_later", log.later_picks, log.later_picks > 0),
        _check("check_cancels", log.cancels, log.cancels > 0 and demo.day.seen.break_cancelled > 0),
    ]  # fmt: skip
    found = demo.refused | demo.day.seen.refusals
    text = f"{len(found) + log.refused} / {len(REFUSED) + demo.plan.refused}"
    is_right = found == REFUSED and log.refused == demo.plan.refused
    result.checks.append(_check("check_refused", text, is_right))


async def _check_reports(demo: "HistoricDemo", trades: tuple[TradeView, ...]) -> None:
    """Compare each robot's own reports and the public feed with the trades: no gap, no repeat."""
    by_number = {t.trade: t for t in trades}
    complete = 0
    for robot in demo.day.robots.values():
        own = {n for n, t in by_number.items() if robot.participant in (t.buyer, t.seller)}
        # The next day's trade may have been reported too; its number is not of this day.
        complete += own == set(robot.reported) & set(by_number) and not robot.gaps
    robots = len(demo.day.robots)
    found = f"{complete} / {robots}"
    demo.result.checks.append(_check("check_reports", found, complete == robots))
    public = [(p.price_fen, p.quantity_t) for p in demo.day.seen.prints]
    is_same = public == [(t.price_fen, t.quantity_t) for t in trades]
    demo.result.checks.append(_check("check_feed", len(public), is_same))


def _check_end(demo: "HistoricDemo", trades: tuple[TradeView, ...]) -> None:
    result, cleared, sale = demo.result, demo.cleared, demo.next_sale
    was_found = len(result.in_flight) == demo.day.seen.in_flight >= 1
    result.checks += [
        _check("check_in_flight", len(result.in_flight), was_found),
        _check(
            "check_settled",
            cleared.settled,
            cleared.settled == cleared.instructions == len(trades) and not cleared.failed,
        ),
        _check(
            "check_differences", cleared.breaks_found, cleared.agrees and not cleared.breaks_found
        ),
        _check(
            "check_t1",
            f"{demo.next_sale_t:,}",
            demo.next_sale_t > 0 and demo.day.seen.resale_participant == sale.counterparty,
        ),
    ]


def _check(name: str, found: object, ok: bool) -> Check:  # noqa: FBT001 - the check itself
    return Check(name=name, found=str(found), ok=ok)
