"""`ceax demo --stay`: a live market of today's vintages with robots, to try the terminal at any hour.

The clock is simulated: it begins at 13:00 of 2026-01-05, when listed and block trading are open, and runs at
true speed. After the close and its clearing it is moved through the night to the next day's 09:30.
"""

import asyncio
import json
import sys
from pathlib import Path
from random import Random
from typing import Final

from bench.demo_after import await_clearing
from bench.demo_day import clock_text
from bench.demo_guard import guarded
from bench.demo_market import DemoFailed, Funds, Market, admitted
from bench.demo_texts import Words
from bench.emitters import Emitter, invent_emitters, write_emitters
from bench.screen import Screen
from bench.stay_robots import Mood, StayRobot
from engine.commands import Method, ReferenceBasis, SetReferencePrice
from engine.events import Phase, ReferencePriceSet
from engine.units import DAY_NS, format_yuan, midnight_ns, parse_clock
from engine.views import MarketView, ProductView
from gateway.admission import read_applicants
from gateway.keys import KeyFile, new_key
from gateway.market import load_market

DATE: Final = "2026-01-05"
REFERENCES_FEN: Final = {
    "CEA19-20": 7_400,
    "CEA21": 7_452,
    "CEA22": 7_381,
    "CEA23": 7_443,
    "CEA24": 7_639,
    "CEA25": 7_463,
}
"""References of 2026-01-05: the closes of 2025-12-31 (G3) and the composite for CEA25 (G4)."""
ROBOTS: Final = 24
ROBOT_FUNDS: Final = Funds(
    cash_fen=50_000_000_000, holdings=dict.fromkeys(REFERENCES_FEN, 2_000_000)
)
TRADER_FUNDS: Final = Funds(cash_fen=10_000_000_000, holdings={"CEA24": 500_000, "CEA25": 300_000})
"""What the person at the terminal has: cash, and allowances of two vintages."""
SECTORS: Final = ("发电", "钢铁", "水泥", "铝冶炼")
SET_UP_AT: Final = f"{DATE}T12:00"
TICK_SECONDS: Final = 0.25
AFTER_CLOSE_SECONDS: Final = 20.0
"""How long the closed market can be looked at before the night passes."""


class LiveMarket:
    """The market that stays: its robots, its operators' robots, its day and its night."""

    def __init__(self, market: Market, words: Words, screen: Screen) -> None:
        self.market = market
        self.words = words
        self.screen = screen
        self.robots: list[StayRobot] = []
        self.moods = [
            Mood(product=product, reference_fen=fen, value_fen=float(fen))
            for product, fen in REFERENCES_FEN.items()
        ]
        self.view: MarketView
        self._keys: list[KeyFile] = []

    @property
    def is_open(self) -> bool:
        """Whether listed trading is open."""
        return any(m.method is Method.LISTED and m.phase is Phase.OPEN for m in self.view.methods)

    # ------------------------------------------------------------ set-up

    async def play(self) -> None:
        """Set everything up, then go on until somebody stops it."""
        await self._start()
        await self._bring_in()
        self.view = await self.market.maker.market()
        await self._confirm_references()
        await self.market.maker.advance_clock(midnight_ns(DATE) + parse_clock("13:00"))
        self.view = await self.market.maker.market()
        self.invite()
        async with asyncio.TaskGroup() as group:
            for robot in self.robots:
                group.create_task(robot.run(lambda: self.is_open))
            group.create_task(self._lead_days())

    async def _start(self) -> None:
        market, words, screen = self.market, self.words, self.screen
        with screen.stage(words("making_market")) as stage:
            await market.make_market()
            stage.done(words("market_made", keys=len(market.places.key_files()) + ROBOTS + 1))
        with screen.stage(words("starting", name="registry")) as stage:
            await market.start_registry()
            stage.done(words("registry_up", url=market.registry_url))
        with screen.stage(words("starting_exchange")) as stage:
            await market.start_exchange(SET_UP_AT, "1")
            stage.done(words("exchange_up", url=market.exchange_url))
        with screen.stage(words("starting", name="clearing")) as stage:
            await market.start_clearing()
            stage.done(words("clearing_up"))

    async def _bring_in(self) -> None:
        """Admit the participants, bring their funds, log the robots in; the first is the person's."""
        market, words = self.market, self.words
        emitters = invent_emitters(ROBOTS + 1, 2025, SECTORS)
        rows = list(zip(emitters, [TRADER_FUNDS, *[ROBOT_FUNDS] * ROBOTS], strict=True))
        with self.screen.stage(words("admitting")) as stage:
            await market.open_accounts(rows, DATE)
            participants = await self._admit(emitters)
            maker, checker = market.maker.welcome.person, market.checker.welcome.person
            stage.done(words("admitted", count=len(emitters), maker=maker, checker=checker))
        with self.screen.stage(words("funding")) as stage:
            await market.move_funds(rows, DATE)
            funds = [row[1] for row in rows]
            await market.wait_for_funds(dict(zip(participants, funds, strict=True)))
            stage.done(words("stay_funded"))
        with self.screen.stage(words("connecting")) as stage:
            for number, key in enumerate(self._keys[1:]):
                client = await market.connect(key)
                random = Random(number)  # noqa: S311 - a market, not a secret
                self.robots.append(StayRobot(client, self.moods, random))
            stage.done(words("connected", count=len(self.robots)))

    async def _admit(self, emitters: list[Emitter]) -> list[int]:
        path = self.market.places.folder / "applicants.csv"
        write_emitters(path, emitters)
        answer = await self.market.carry_out(read_applicants(path).rows, "演示:准入重点排放单位")
        numbers = admitted(answer)
        participants = [numbers[emitter.credit_code] for emitter in emitters]
        for emitter in emitters:
            key = new_key(f"{emitter.name}操作员", "trader")
            key.save(self.market.places.keys / f"{emitter.registry_account}.key")
            self._keys.append(key)
        await self.market.enrol(list(zip(self._keys, participants, strict=True)))
        return participants

    # ------------------------------------------------------------ for the person

    def commands(self) -> dict[str, str]:
        """Return the command that opens the terminal, by who one is."""
        places, url = self.market.places, self.market.exchange_url
        own = places.exchange / "keys"
        files = {
            "trader": places.link("trader", places.keys / "DEMO-R0001.key"),
            "operator": places.link("operator", own / "operator-1.key"),
            "second_operator": places.link("second", own / "operator-2.key"),
        }
        # Whole paths: the other window may stand in another directory.
        program = Path(sys.executable).parent / "ceax"
        name = str(program) if program.exists() else f"{sys.executable} -m ceax"
        language = "" if self.words.language == "zh" else " --lang en"
        return {
            who: f"{name} terminal --url {url} --key {file}{language}"
            for who, file in files.items()
        }

    def invite(self) -> None:
        """Say how to come in and how to stop it."""
        words, commands = self.words, self.commands()
        if self.screen.quiet:
            found = {
                "exchange": self.market.exchange_url,
                "registry": self.market.registry_url,
                "date": self.view.date,
                "commands": commands,
                "processes": {c.name: c.pid for c in self.market.supervisor.children},
                "data": str(self.market.places.folder),
            }
            print(json.dumps(found, ensure_ascii=False), flush=True)
            return
        self.screen.show(f"\n[bold]{words('stay_open', date=self.view.date)}[/bold]")
        for who, command in commands.items():
            self.screen.show(f"\n  {words(f'stay_{who}')}")
            # Not folded: the line must be copied whole.
            self.screen.results.print(f"  {command}", soft_wrap=True, markup=False)
        self.screen.show(f"\n  {words('stay_stop')}\n")

    # ------------------------------------------------------------ days and nights

    async def _lead_days(self) -> None:
        """Watch the clock; after the close let clearing end, then move through the night."""
        with self.screen.progress.status("") as status:
            while True:
                self.view = await self.market.maker.market()
                status.update(self._line())
                if self._is_over():
                    await self._pass_night()
                else:
                    await asyncio.sleep(TICK_SECONDS)

    def _is_over(self) -> bool:
        return all(method.phase is Phase.ENDED for method in self.view.methods)

    def _line(self) -> str:
        product = self.view.products[-1]
        last_fen = product.last_fen or product.reference_fen
        return self.words(
            "stay_line",
            date=self.view.date,
            time=clock_text((self.view.time_ns - midnight_ns(self.view.date)) % DAY_NS),
            product=product.product,
            price=format_yuan(last_fen),
            trades=sum(p.listed_trades for p in self.view.products),
        )

    async def _pass_night(self) -> None:
        market, words, date = self.market, self.words, self.view.date
        cleared = await await_clearing(market, date)
        text = words(
            "stay_cleared", date=date, settled=cleared.settled, breaks=cleared.breaks_found
        )
        self.screen.tick(text)
        await asyncio.sleep(AFTER_CLOSE_SECONDS)
        following = self._next_date(date)
        await market.maker.advance_clock(midnight_ns(following) + parse_clock("09:00"))
        self.view = await market.maker.market()
        await self._confirm_references()
        await market.maker.advance_clock(midnight_ns(following) + parse_clock("09:30"))
        self.view = await market.maker.market()
        self.screen.tick(words("stay_morning", date=following))

    def _next_date(self, date: str) -> str:
        days = load_market(self.market.places.exchange).calendar.days
        following = next((day for day in days if day > date), "")
        if not following:
            raise DemoFailed(f"the calendar knows no trading day after {date}")
        return following

    async def _confirm_references(self) -> None:
        """Let both operators' robots confirm what a person at the terminal has not set already."""
        actions = [
            SetReferencePrice(product=row.product, price_fen=price_fen, basis=basis)
            for row in self.view.products
            if row.is_listed and not row.has_reference
            for price_fen, basis in [_reference(row)]
        ]
        if actions:
            answer = await self.market.carry_out(actions, "演示:确认基准价")
            if answer.refused:
                raise DemoFailed(f"a reference price was refused: {answer.text}")
            for event in answer.events:
                if isinstance(event, ReferencePriceSet):
                    mood = next(m for m in self.moods if m.product == event.product)
                    mood.anchor(event.price_fen)


def _reference(row: ProductView) -> tuple[int, ReferenceBasis]:
    """Return a product's reference: its previous close, or on the first day the real one."""
    if row.previous_close_fen:
        return row.previous_close_fen, ReferenceBasis.PREVIOUS_CLOSE
    return REFERENCES_FEN[row.product], ReferenceBasis.ADMINISTRATIVE


async def stay(market: Market, words: Words, screen: Screen) -> None:
    """Run the live market until it is stopped."""
    screen.title(words("stay_title"), words("disclaimer"))
    live = LiveMarket(market, words, screen)
    await guarded(market, live.play)
