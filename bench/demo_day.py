"""The historic day of the demo: robots trade it while a director breaks things on purpose.

The director acts as one more participant (the spare one) and as the two operators: an order before the
reference price is approved, an order and a cancel in the lunch break, a sale of what was bought today, and
in the afternoon the sudden death of the exchange with orders in flight.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from bench.chart import Print
from bench.conductor import Conductor, wall_pace
from bench.demo_market import DemoFailed, Market, unpacked
from bench.demo_texts import Words
from bench.flow import DayPlan, PlannedAction
from bench.robots import DayLog, Robot, agendas, play
from bench.screen import DayBar, Screen
from engine.commands import CancelOrder, PlaceListing, ReferenceBasis, SetReferencePrice, Side
from engine.events import Cancelled, ListingPlaced, ReferencePriceSet, Refused
from engine.reasons import Reason
from engine.units import FEN_PER_YUAN, band_fen, format_yuan, midnight_ns, parse_clock
from gateway.client import Answer, Client
from gateway.frames_pushed import TradesPrinted

DAY_WALL_SECONDS: Final = 60.0
"""Wall time of 09:30-15:00 at speed 1."""
SPARE_QUANTITY_T: Final = 10
LISTING_MAX_T: Final = 99_999
FREEZE_AFTER_SECONDS_MAX: Final = 0.001
LATE_ORDER_SECONDS: Final = 0.02
CLOCK_SLACK_NS: Final = 1_000_000
"""Time rises by a nanosecond per batch while the clock stands."""
TURNS_MAX: Final = 1_000
"""Most turns of the event loop until robots that are due have sent; a handful is usual."""
KILL_FROM: Final = "14:00"
BREAK_AT: Final = "12:00"
RESALE_AT: Final = "14:40"


class Seen(Struct, kw_only=True):
    """What the director made happen and saw, for the closing table."""

    refusals: dict[str, Reason] = {}
    """Reason of each refusal that was provoked, by name."""
    resale_participant: int = 0
    break_cancelled: int = 0
    in_flight: int = 0
    down_seconds: float = 0.0
    clock_stood_ns: int = 0
    recovered_sequence: int = 0
    prints: list[Print] = []
    """The public feed."""
    reference_fen: int = 0
    band: tuple[int, int] = (0, 0)
    lapsed: int = 0


class HistoricDay:
    """Plays one planned day against a running market."""

    def __init__(
        self,
        market: Market,
        plan: DayPlan,
        robots: dict[int, Robot],
        spare: Robot,
        *,
        words: Words,
        screen: Screen,
        speed: float,
    ) -> None:
        self.market = market
        self.plan = plan
        self.robots = robots
        self.spare = spare
        self.words = words
        self.screen = screen
        self.speed = speed
        self.log: DayLog = spare.log
        self.seen = Seen()
        self.orders: dict[int, int] = {}
        self.product = plan.figures.product
        self.midnight_ns = midnight_ns(plan.figures.date)
        self._floor_fen = band_fen(plan.figures.reference_fen, 1_000)[0]

    def at(self, clock: str) -> int:
        """Return a moment of the day in ns."""
        return self.midnight_ns + parse_clock(clock)

    def clock(self, time_ns: int) -> str:
        """Return the time of day of a moment."""
        return clock_text(time_ns - self.midnight_ns)

    # ------------------------------------------------------------ before the open

    async def open_market(self) -> None:
        """Show that nothing opens without a second operator's approval, then open (R37, four eyes)."""
        market, words, figures = self.market, self.words, self.plan.figures
        await market.maker.advance_clock(self.at("09:15"))
        action = SetReferencePrice(
            product=self.product,
            price_fen=figures.reference_fen,
            basis=ReferenceBasis.ADMINISTRATIVE,
        )
        proposal = await market.propose([action], "演示:首日基准价")
        makers = {"maker": market.maker.welcome.person, "checker": market.checker.welcome.person}
        price = format_yuan(figures.reference_fen)
        self.screen.tick(words("reference_proposed", time="09:15", price=price, **makers))
        answer = await market.maker.approve(proposal)
        self._refused("same_person", answer, Reason.SAME_PERSON)
        self.screen.tick(words("same_person", text=answer.text, **makers))
        await market.maker.advance_clock(self.at("09:30"))
        answer = await self.spare.send(self._spare_listing())
        self._refused("reference_missing", answer, Reason.REFERENCE_PRICE_MISSING)
        self.screen.tick(words("reference_missing", time="09:30", text=answer.text))
        answer = await market.approve(proposal)
        band = next((e for e in answer.events if isinstance(e, ReferencePriceSet)), None)
        if band is None:
            raise DemoFailed(f"the reference price was not set: {answer.text}")
        self.seen.reference_fen = band.price_fen
        self.seen.band = (band.listed_floor_fen, band.listed_cap_fen)
        floor, cap = format_yuan(band.listed_floor_fen), format_yuan(band.listed_cap_fen)
        text = words("reference_set", time="09:30", price=price, floor=floor, cap=cap, **makers)
        self.screen.tick(text)

    # ------------------------------------------------------------ trading

    async def trade(self) -> None:
        """Let the day pass from 09:30 to just before 15:00."""
        begin_ns, end_ns = self.at("09:30"), self.at("15:00")
        pace = wall_pace(begin_ns, end_ns, DAY_WALL_SECONDS, self.speed)
        parts = agendas(self.plan, self.midnight_ns)
        feed = await self.market.connect(None)
        await feed.subscribe("trades")
        reading = asyncio.create_task(self._read_feed(feed))
        with self.screen.day(self.words("trading")) as bar, unpacked():
            conductor = Conductor(
                begin_ns, self.market.maker.advance_clock, pace, self._shower(bar, begin_ns, end_ns)
            )
            director = {
                "break": self._lunch_break(conductor),
                "outage": self._outage(conductor, parts),
                "resale": self._resale(conductor),
            }
            for name in (*director, *(self.robots[number].name for number in parts)):
                conductor.enter(name)
            async with asyncio.TaskGroup() as group:
                for work in director.values():
                    group.create_task(work)
                for number, agenda in parts.items():
                    group.create_task(play(self.robots[number], agenda, self.orders, conductor))
                await conductor.run()
        await self._await_feed(feed)
        reading.cancel()

    def _shower(self, bar: DayBar, begin_ns: int, end_ns: int) -> Callable[[int], None]:
        def show(now_ns: int) -> None:
            prints = self.seen.prints
            text = self.words(
                "bar",
                time=self.clock(now_ns)[:5],
                price=format_yuan(prints[-1].price_fen) if prints else "-",
                quantity=f"{sum(p.quantity_t for p in prints):,}",
                trades=len(prints),
            )
            bar.show((now_ns - begin_ns) / (end_ns - begin_ns), text)

        return show

    async def _read_feed(self, feed: Client) -> None:
        async for message in feed.messages():
            if isinstance(message, TradesPrinted):
                self.seen.prints += [
                    Print(message.time_ns, trade.price_fen, trade.quantity_t)
                    for trade in message.trades
                ]

    async def _await_feed(self, feed: Client) -> None:
        """Give the feed a moment to bring what was traded; what is missing shows in the table."""
        deadline = time.monotonic() + 5.0
        while len(self.seen.prints) < self.log.picks and time.monotonic() < deadline:
            await feed.market()  # a question and its answer: everything pushed before has come
            await asyncio.sleep(0.01)

    # ------------------------------------------------------------ what the director does

    async def _lunch_break(self, conductor: Conductor) -> None:
        """Show that the break refuses an order and accepts a cancel (R26, R54)."""
        await conductor.wait_until("break", self.at("11:29"))
        listed = await self.spare.send(self._spare_listing())
        if not isinstance(listed.first, ListingPlaced):
            raise DemoFailed(f"the spare participant could not list: {listed.text}")
        await conductor.wait_until("break", self.at(BREAK_AT))
        answer = await self.spare.send(self._spare_listing())
        self._refused("break_order", answer, Reason.PHASE_CLOSED)
        self.screen.tick(self.words("break_order", time=BREAK_AT, text=answer.text))
        number = self.spare.client.next_client_order()
        answer = await self.spare.send(CancelOrder(order=listed.order, client_order=number))
        if not isinstance(answer.first, Cancelled):
            raise DemoFailed(f"a cancel in the break was answered: {answer.text or answer.first}")
        self.seen.break_cancelled = listed.order
        self.screen.tick(self.words("break_cancel", time=BREAK_AT, order=listed.order))
        conductor.leave("break")

    async def _resale(self, conductor: Conductor) -> None:
        """Somebody tries to sell what it bought today (R56)."""
        await conductor.wait_until("resale", self.at(RESALE_AT))
        robot, quantity_t = await self._pick_reseller()
        command = PlaceListing(
            product=self.product,
            side=Side.SELL,
            price_fen=self.seen.prints[-1].price_fen,
            quantity_t=quantity_t,
            client_order=robot.client.next_client_order(),
        )
        answer = await robot.send(command)
        self._refused("resale", answer, Reason.HOLDING_NOT_AVAILABLE)
        self.seen.resale_participant = robot.participant
        name = robot.client.welcome.participant_name
        text = self.words("resale_refused", time=RESALE_AT, name=name, text=answer.text)
        self.screen.tick(text)
        conductor.leave("resale")

    async def _pick_reseller(self) -> tuple[Robot, int]:
        """Return a robot that bought today, and all that it has and bought: more than it may sell.

        Of those that bought, the one with the least of its own left shows best what may not be sold.
        """
        found: list[tuple[int, int, Robot]] = []
        for robot in self.robots.values():
            account = await robot.client.account()
            for holding in account.holdings:
                wished_t = holding.available_t + holding.bought_today_t
                if holding.bought_today_t > SPARE_QUANTITY_T and wished_t <= LISTING_MAX_T:
                    found.append((holding.available_t, robot.participant, robot))
        if not found:
            raise DemoFailed("no participant bought anything that it could try to sell again")
        robot = min(found)[2]
        holding = (await robot.client.account()).holdings[0]
        return robot, holding.available_t + holding.bought_today_t

    async def _outage(
        self, conductor: Conductor, parts: dict[int, list[tuple[int, PlannedAction]]]
    ) -> None:
        """Kill the exchange while orders are in flight, start it again, and let time go on."""
        moment_ns, numbers = self._crowded_moment(parts)
        await conductor.wait_until("outage", moment_ns)
        senders = [self.robots[number] for number in numbers]
        for _ in range(TURNS_MAX):
            if all(robot.is_sending for robot in senders):
                break
            await asyncio.sleep(0)
        await asyncio.sleep(random.uniform(0.0, FREEZE_AFTER_SECONDS_MAX))  # noqa: S311 - a moment
        exchange = self.market.exchange
        # Frozen first, so that one more order is certainly on its way when the process dies.
        exchange.freeze()
        late = asyncio.create_task(self.spare.send(self._spare_listing()))
        await asyncio.sleep(LATE_ORDER_SECONDS)
        self.seen.in_flight = sum(r.is_sending for r in (*senders, self.spare))
        began = time.monotonic()
        await asyncio.to_thread(exchange.kill)
        time_text = self.clock(moment_ns)
        self.screen.tick(self.words("killed", time=time_text, count=self.seen.in_flight))
        await exchange.start()
        market = await self.market.maker.market()
        await late
        self.seen.down_seconds = time.monotonic() - began
        self.seen.clock_stood_ns = market.time_ns
        self.seen.recovered_sequence = market.sequence
        if not 0 <= market.time_ns - conductor.now_ns <= CLOCK_SLACK_NS:
            raise DemoFailed(f"the clock did not stand still: {self.clock(market.time_ns)}")
        seconds = f"{self.seen.down_seconds:.1f}"
        stood, sequence = self.clock(market.time_ns), market.sequence
        text = self.words("restarted", seconds=seconds, time=stood, sequence=sequence)
        self.screen.tick(text)
        conductor.leave("outage")

    def _crowded_moment(
        self, parts: dict[int, list[tuple[int, PlannedAction]]]
    ) -> tuple[int, list[int]]:
        """Return the first moment of mid-afternoon at which the most robots act at once."""
        from_ns, to_ns = self.at(KILL_FROM), self.at("14:20")
        moments: dict[int, list[int]] = {}
        for number, agenda in parts.items():
            for moment_ns, _ in agenda:
                if from_ns <= moment_ns <= to_ns:
                    moments.setdefault(moment_ns, []).append(number)
        if not moments:
            raise DemoFailed("nobody acts in the middle of the afternoon")
        return max(moments.items(), key=lambda item: (len(item[1]), -item[0]))

    # ------------------------------------------------------------ the close

    async def close_market(self) -> None:
        """Let 15:00 come: open orders lapse (R54)."""
        self.seen.lapsed = await self._open_orders()
        await self.market.maker.advance_clock(self.at("15:00"))
        if await self._open_orders():
            raise DemoFailed("an order is still open after the close")

    async def _open_orders(self) -> int:
        """Return how many orders are open, each robot counting its own."""
        robots = (*self.robots.values(), self.spare)
        found = await asyncio.gather(*(robot.client.orders() for robot in robots))
        return sum(order.is_open for orders in found for order in orders)

    def _spare_listing(self) -> PlaceListing:
        return PlaceListing(
            product=self.product,
            side=Side.BUY,
            price_fen=self._floor_fen,
            quantity_t=SPARE_QUANTITY_T,
            client_order=self.spare.client.next_client_order(),
        )

    def _refused(self, name: str, answer: Answer, reason: Reason) -> None:
        refused = answer.refused
        if not isinstance(refused, Refused) or refused.reason is not reason:
            told = answer.text or answer.first
            raise DemoFailed(f"{name}: expected {reason.name}, the answer was: {told}")
        self.seen.refusals[name] = refused.reason


def clock_text(time_of_day_ns: int) -> str:
    """Return a time of day as HH:MM:SS."""
    seconds = time_of_day_ns // 1_000_000_000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def thousands(value_fen: int) -> str:
    """Return an amount in fen as yuan with separators: 21023005325 is 210,230,053.25."""
    yuan, fen = divmod(abs(value_fen), FEN_PER_YUAN)
    return f"{'-' if value_fen < 0 else ''}{yuan:,}.{fen:02d}"
