"""What follows the historic day: clearing and settlement, the next trading day."""

from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct

from bench.demo_day import HistoricDay
from bench.demo_market import DemoFailed, Market, refusals, until
from bench.processes import LOOPBACK
from bench.robots import Robot
from engine.commands import ReferenceBasis, SetReferencePrice, Side
from engine.events import ListingPlaced, ReferencePriceSet, Traded
from engine.units import midnight_ns, parse_clock

CLEARING_SECONDS: Final = 60.0
"""Longest wait for a day's clearing to end."""
AT_REST: Final = frozenset({"RECONCILED", "BREAKS"})


class Cleared(Struct, frozen=True, kw_only=True):
    """What the report of a day's clearing says; read from its page."""

    date: str
    agrees: bool
    instructions: int
    settled: int
    failed: int
    breaks_found: int
    bank_pool_fen: int


async def await_clearing(market: Market, date: str) -> Cleared:
    """Wait until clearing has brought a day to its end and return its report."""
    days: dict[str, dict[str, Any]] = {}
    url = f"http://{LOOPBACK}:{market.clearing_status_port}"

    async with aiohttp.ClientSession() as session:

        async def is_done() -> bool:
            async with session.get(f"{url}/status") as response:
                status = await response.json()
            days.update({day["date"]: day for day in status["days"]})
            problem = days.get(date, {}).get("problem")
            if problem:
                raise DemoFailed(f"clearing of {date} stopped: {problem}")
            return date in days and days[date]["state"] in AT_REST

        await until(is_done, CLEARING_SECONDS, f"the clearing of {date}")
        async with session.get(f"{url}/reports/{date}") as response:
            return msgspec.json.decode(await response.read(), type=Cleared)


async def confirm_reference(
    market: Market, product: str, price_fen: int, basis: ReferenceBasis
) -> ReferencePriceSet:
    """Let one operator propose a product's reference price and the other approve it."""
    action = SetReferencePrice(product=product, price_fen=price_fen, basis=basis)
    answer = await market.carry_out([action], "演示:确认基准价")
    found = next((e for e in answer.events if isinstance(e, ReferencePriceSet)), None)
    if found is None:
        raise DemoFailed(f"the reference price was refused: {answer.text or refusals(answer)}")
    return found


async def open_next_day(market: Market, date: str) -> None:
    """Let the night pass: the next trading day opens and its market has not yet begun."""
    await market.maker.advance_clock(midnight_ns(date) + parse_clock("09:00"))
    view = await market.maker.market()
    if view.date != date:
        raise DemoFailed(f"the next trading day is {view.date or 'not open'}, not {date}")


async def trade_next_day(
    market: Market, day: HistoricDay, date: str, close_fen: int
) -> tuple[ReferencePriceSet, Traded, int]:
    """Let yesterday's buyer sell part of what it bought; another robot picks it (T+1, R56).

    Return the reference, the trade, and how much of it can only be yesterday's purchase.
    """
    seller = next(r for r in day.robots.values() if r.participant == day.seen.resale_participant)
    band = await confirm_reference(market, day.product, close_fen, ReferenceBasis.PREVIOUS_CLOSE)
    await market.maker.advance_clock(midnight_ns(date) + parse_clock("09:30"))
    bought_t = _bought(seller)
    account = await seller.client.account()
    held_t = next((h.available_t for h in account.holdings if h.product == day.product), 0)
    # More than what was left unsold yesterday, so that part of it is certainly yesterday's purchase.
    quantity_t = min(held_t, held_t - bought_t + (bought_t + 1) // 2)  # half of it, rounded up
    listed = await seller.client.place_listing(
        day.product, Side.SELL, close_fen, min(quantity_t, 99_999)
    )
    if not isinstance(listed.first, ListingPlaced):
        raise DemoFailed(f"the sale of yesterday's purchase was refused: {listed.text}")
    buyer = await _find_buyer(day, seller, close_fen * listed.first.quantity_t)
    picked = await buyer.client.pick_listing(listed.order, listed.first.quantity_t)
    if not isinstance(picked.first, Traded):
        raise DemoFailed(f"the pick was refused: {picked.text}")
    return band, picked.first, max(0, picked.first.quantity_t - (held_t - bought_t))


def _bought(robot: Robot) -> int:
    """Return the tonnes that a robot bought, from its own reports."""
    return sum(
        trade.quantity_t
        for trade in robot.reported.values()
        if (trade.side is Side.BUY) == (trade.participant == robot.participant)
    )


async def _find_buyer(day: HistoricDay, seller: Robot, amount_fen: int) -> Robot:
    for robot in day.robots.values():
        if robot is seller:
            continue
        account = await robot.client.account()
        if account.cash.available_fen >= amount_fen:
            return robot
    raise DemoFailed("nobody has the cash to buy")
