"""The historic demo as a sequence of stages: set-up, the day, close and clearing, the next day, the table."""

import time
from pathlib import Path
from typing import Final

from bench.chart import Sketch, find_cjk_font, sketch, terminal_lines, write_png
from bench.demo_after import Cleared, await_clearing, open_next_day, trade_next_day
from bench.demo_day import HistoricDay, thousands
from bench.demo_guard import cores, guarded, seconds_since
from bench.demo_market import DemoFailed, Funds, Market, admitted, ceax_json, refusals
from bench.demo_proof import prove
from bench.demo_report import (
    Check,
    Result,
    show_bulletin,
    show_figures,
    show_in_flight,
    show_statement,
)
from bench.demo_texts import Words
from bench.emitters import Emitter, invent_emitters, invent_institution, write_emitters
from bench.flow import DayFigures, DayPlan, plan_day
from bench.robots import DayLog, Robot
from bench.screen import Screen
from engine.events import ReferencePriceSet, Traded
from engine.profile import Profile, load_profile
from engine.reasons import Reason
from engine.units import format_yuan, participant_code
from gateway.admission import read_applicants
from gateway.client_errors import LoginRefused
from gateway.explain import explain
from gateway.keys import KeyFile, new_key
from gateway.market import built_in_profile

FIGURES: Final = DayFigures(
    date="2021-07-16",
    product="CEA19-20",
    reference_fen=4_800,
    open_fen=4_800,
    first_trade_fen=5_278,
    close_fen=5_123,
    listed_quantity_t=4_103_953,
    listed_amount_fen=21_023_005_325,
)
"""Published of the first day (R37, G2; 上海环境能源交易所)."""
NEXT_DATE: Final = "2021-07-19"
SEED: Final = 20_210_716
TRADERS: Final = 44
"""Participants that trade; one more is the director's."""
TRADES: Final = 450
PRICES: Final = 20
CASH_STEP_FEN: Final = 1_000_000
ISSUED_IN_PERCENT: Final = 110
"""What the registry books for a participant, in percent of what moves to the trading side."""
CLOCK_START: Final = "2021-07-16T08:30"


class HistoricDemo:
    """The first day of the national market, stage by stage."""

    def __init__(self, market: Market, words: Words, screen: Screen, speed: float) -> None:
        self.market = market
        self.words = words
        self.screen = screen
        self.speed = speed
        self.began = time.monotonic()
        self.profile: Profile = load_profile(built_in_profile("national"))
        self.plan: DayPlan = plan_day(
            FIGURES, self.profile, SEED, participants=TRADERS, trades=TRADES, prices=PRICES
        )
        self.emitters = invent_emitters(TRADERS + 1, 2020)
        self.institution = invent_institution(TRADERS + 2, 2020)
        self.funds = self._plan_funds()
        self.keys: list[KeyFile] = []
        self.log = DayLog()
        self.refused: dict[str, Reason | str] = {}
        self.day: HistoricDay
        self.cleared: Cleared
        self.next_band: ReferencePriceSet
        self.next_sale: Traded
        self.next_sale_t = 0
        self.result = Result(date=FIGURES.date, next_date=NEXT_DATE)

    def _plan_funds(self) -> list[Funds]:
        """Return what each participant brings: what the plan needs, and a little for the spare one."""
        funds = [
            Funds(
                cash_fen=(need.cash_fen // CASH_STEP_FEN + 1) * CASH_STEP_FEN,
                holdings={FIGURES.product: need.quantity_t} if need.quantity_t else {},
            )
            for need in self.plan.needs
        ]
        return [*funds, Funds(cash_fen=CASH_STEP_FEN)]

    @property
    def rows(self) -> list[tuple[Emitter, Funds]]:
        """Each applicant with its funds, the spare one last."""
        return list(zip(self.emitters, self.funds, strict=True))

    # ------------------------------------------------------------ 1 set-up

    async def set_up(self) -> None:
        """Start everything, admit the participants, bring their funds, log the robots in."""
        self.screen.title(self.words("part_setup"))
        await self._start()
        await self._open_accounts()
        participants = await self._admit()
        await self._fund(participants)
        await self._log_in(participants)

    async def _start(self) -> None:
        market, words, screen = self.market, self.words, self.screen
        with screen.stage(words("making_market")) as stage:
            await market.make_market()
            for emitter in self.emitters:
                key = new_key(f"{emitter.name}操作员", "trader")
                key.save(market.places.keys / f"{emitter.registry_account}.key")
                self.keys.append(key)
            stage.done(words("market_made", keys=len(market.places.key_files())))
        with screen.stage(words("starting", name="registry")) as stage:
            await market.start_registry()
            stage.done(words("registry_up", url=market.registry_url))
        with screen.stage(words("starting_exchange")) as stage:
            await market.start_exchange(CLOCK_START, "0")
            stage.done(words("exchange_up", url=market.exchange_url))
        with screen.stage(words("starting", name="clearing")) as stage:
            await market.start_clearing()
            stage.done(words("clearing_up"))

    async def _open_accounts(self) -> None:
        words = self.words
        with self.screen.stage(words("opening_accounts")) as stage:
            issued = [
                (
                    emitter,
                    Funds(
                        cash_fen=_more(funds.cash_fen),
                        holdings={p: _more(q) for p, q in funds.holdings.items()},
                    ),
                )
                for emitter, funds in self.rows
            ]
            await self.market.open_accounts(issued, FIGURES.date)
            quantity_t = sum(sum(funds.holdings.values()) for _, funds in issued)
            amount_fen = sum(funds.cash_fen for _, funds in issued)
            text = words(
                "accounts_opened",
                accounts=len(issued),
                quantity=f"{quantity_t:,}",
                amount=thousands(amount_fen),
            )
            stage.done(text)

    async def _admit(self) -> list[int]:
        """Admit the list of a file; show the two refusals (R12). Return the participants' numbers."""
        market, words, screen = self.market, self.words, self.screen
        with screen.stage(words("admitting")) as stage:
            path = market.places.folder / "applicants.csv"
            write_emitters(path, [*self.emitters, self.institution])
            applicants = read_applicants(path)
            if applicants.bad:
                raise DemoFailed(f"the list of applicants is wrong: {applicants.bad[0]}")
            answer = await market.carry_out(applicants.rows, "演示:准入重点排放单位")
            numbers = admitted(answer)
            participants = [numbers[e.credit_code] for e in self.emitters]
            maker, checker = market.maker.welcome.person, market.checker.welcome.person
            stage.done(words("admitted", count=len(numbers), maker=maker, checker=checker))
        refused = refusals(answer)
        if [r.reason for r in refused] != [Reason.NOT_KEY_EMITTING_UNIT]:
            raise DemoFailed(f"one refusal was due, there came: {answer.texts}")
        self.refused["institution"] = refused[0].reason
        text = explain(refused[0].reason, 0, 0, market.language)
        screen.tick(words("institution_refused", name=self.institution.name, text=text))
        await self._knock_without_admission()
        await market.enrol(list(zip(self.keys, participants, strict=True)))
        return participants

    async def _knock_without_admission(self) -> None:
        try:
            await self.market.connect(new_key(f"{self.institution.name}操作员", "trader"))
        except LoginRefused as error:
            self.refused["login"] = error.code
            self.screen.tick(self.words("login_refused", text=error.text))
            return
        raise DemoFailed("a login without admission was accepted")

    async def _fund(self, participants: list[int]) -> None:
        words = self.words
        with self.screen.stage(words("funding")) as stage:
            await self.market.move_funds(self.rows, FIGURES.date)
            await self.market.wait_for_funds(dict(zip(participants, self.funds, strict=True)))
            quantity = f"{sum(sum(f.holdings.values()) for f in self.funds):,}"
            amount = thousands(sum(f.cash_fen for f in self.funds))
            stage.done(words("funded", quantity=quantity, amount=amount))

    async def _log_in(self, participants: list[int]) -> None:
        market, words = self.market, self.words
        with self.screen.stage(words("connecting")) as stage:
            robots = []
            for key, number in zip(self.keys, participants, strict=True):
                client = await market.connect(key)
                robot = Robot(participant_code(number), client, FIGURES.product, self.log)
                await robot.start()
                robots.append(robot)
            stage.done(words("connected", count=len(robots)))
        # The plan numbers its participants 1.. in the order of the file.
        *traders, spare = robots
        self.day = HistoricDay(
            market,
            self.plan,
            dict(enumerate(traders, start=1)),
            spare,
            words=words,
            screen=self.screen,
            speed=self.speed,
        )

    # ------------------------------------------------------------ 2 the day, 3 its end, 4 the next

    async def pass_day(self) -> None:
        """Let 2021-07-16 pass."""
        self.screen.title(self.words("part_day", date=FIGURES.date))
        await self.day.open_market()
        await self.day.trade()
        await self.day.close_market()
        log = self.log
        text = self.words("day_over", orders=log.listings, trades=log.picks, cancels=log.cancels)
        self.screen.tick(text)

    async def settle(self) -> None:
        """Show the bulletin and a statement; wait for clearing."""
        words, screen, market = self.words, self.screen, self.market
        screen.title(words("part_close"))
        bulletin = (await market.maker.bulletins())[-1]
        self.result.bulletin = bulletin
        close = format_yuan(bulletin.close_fen)
        screen.tick(words("lapsed", count=self.day.seen.lapsed, price=close))
        show_bulletin(bulletin, self.day.seen.reference_fen, words, screen)
        with screen.stage(words("clearing")) as stage:
            self.cleared = await await_clearing(market, FIGURES.date)
            stage.done(words("cleared", count=self.cleared.settled))
        screen.tick(words("reconciled", count=self.cleared.breaks_found))
        robot = next(
            r for r in self.day.robots.values() if r.participant == self.day.seen.resale_participant
        )
        self.result.statement = await robot.client.statement(FIGURES.date)
        show_statement(self.result.statement, words, screen)

    async def pass_next_day(self) -> None:
        """Open Monday and let yesterday's buyer sell."""
        words, screen, market = self.words, self.screen, self.market
        screen.title(words("part_next", date=NEXT_DATE))
        assert self.result.bulletin is not None
        await open_next_day(market, NEXT_DATE)
        close_fen = self.result.bulletin.close_fen
        band, sale, bought_t = await trade_next_day(market, self.day, NEXT_DATE, close_fen)
        self.next_band, self.next_sale, self.next_sale_t = band, sale, bought_t
        text = words(
            "next_reference",
            maker=market.maker.welcome.person,
            checker=market.checker.welcome.person,
            price=format_yuan(band.price_fen),
            floor=format_yuan(band.listed_floor_fen),
            cap=format_yuan(band.listed_cap_fen),
        )
        screen.tick(text)
        text = words(
            "next_sale",
            time="09:30",
            seller=participant_code(sale.counterparty),
            quantity=f"{sale.quantity_t:,}",
            bought=f"{bought_t:,}",
            price=format_yuan(sale.price_fen),
        )
        screen.tick(text)

    # ------------------------------------------------------------ 5 the table

    async def play(self) -> None:
        """Go through all stages that need the processes."""
        await self.set_up()
        await self.pass_day()
        await self.settle()
        await self.pass_next_day()
        await prove(self)

    async def verify(self) -> None:
        """Stop the processes, replay the journal and check the registry's ledger."""
        words, market = self.words, self.market
        codes = market.supervisor.stop_all()
        if any(codes.values()):
            raise DemoFailed(f"not every process stopped cleanly: {codes}")
        with self.screen.stage(words("replaying")) as stage:
            replayed = await ceax_json("journal", "replay", str(market.places.exchange))
            self.result.commands = replayed["sequence"]
            self.result.event_digest = replayed["event_digest"]
            self.result.state_digest = replayed["state_digest"]
            stage.done(words("replayed", count=f"{replayed['sequence']:,}"))
        short = f"{self.result.event_digest[:12]}…"
        is_proved = replayed["digests_compared"] > 0
        self.result.checks.append(Check(name="check_digest", found=short, ok=is_proved))
        with self.screen.stage(words("verifying_registry")) as stage:
            found = await ceax_json("registry", "verify", "--data", str(market.places.registry))
            stage.done(words("registry_verified"))
        count = len(found["problems"])
        self.result.checks.append(Check(name="check_registry", found=str(count), ok=not count))


def _more(value: int) -> int:
    """Return what the registry books for a value that moves to the trading side."""
    return value * ISSUED_IN_PERCENT // 100  # rounds down


async def play_historic_day(
    market: Market, words: Words, screen: Screen, *, speed: float, keep: Path | None
) -> Result:
    """Play the demo and show what came out; errors are raised."""
    screen.title(words("title", date=FIGURES.date), words("disclaimer"))
    demo = HistoricDemo(market, words, screen, speed)
    await guarded(market, demo.play)
    await demo.verify()
    result = demo.result
    result.seconds = seconds_since(demo.began)
    result.data = str(market.places.folder) if keep else ""
    result.close()
    _show(demo, keep)
    return result


def _sketch(demo: HistoricDemo, words: Words) -> Sketch:
    labels = (
        words("chart_title", product=FIGURES.product, date=FIGURES.date),
        words("chart_price"),
        words("chart_volume"),
    )
    return sketch(demo.day.seen.prints, FIGURES.date, demo.profile, labels=labels)


def _draw_png(demo: HistoricDemo, path: Path) -> None:
    """Write the chart as a picture, in English where no font has Chinese characters."""
    font = find_cjk_font() if demo.words.language == "zh" else ""
    words = demo.words if font else Words("en")
    write_png(_sketch(demo, words), path, font)


def _show(demo: HistoricDemo, keep: Path | None) -> None:
    words, screen, result = demo.words, demo.screen, demo.result
    screen.show(f"\n[bold]{words('part_result')}[/bold]")
    drawing = _sketch(demo, words)
    labels = (drawing.title, drawing.price_label, drawing.volume_label)
    price, volume = terminal_lines(drawing, screen.results.width)
    screen.show(f"[dim]{' · '.join(labels)}[/dim]")
    screen.show("[cyan]" + "\n".join(price) + "[/cyan]")
    screen.show("[blue]" + "\n".join(volume) + "[/blue]\n")
    show_figures(result, words, screen)
    show_in_flight(result.in_flight, words, screen)
    if result.latency is not None:
        row = result.latency
        text = words(
            "latency", orders=row.orders, median=row.median_ms, p99=row.p99_ms, cores=cores()
        )
        screen.show(text)
    if keep is not None:
        _draw_png(demo, keep / "day.png")
        screen.show(words("data_kept", path=str(keep)))
    else:
        screen.show(words("data_removed"))
    name, style = ("all_match", "green") if result.all_match else ("not_all_match", "red")
    screen.show(f"[bold {style}]{words(name, seconds=result.seconds)}[/bold {style}]")
