"""Forms by keys alone: bids and applications, total quantities, blocks in talk, the operators' measures."""

from pathlib import Path
from typing import Any

import pytest

from engine.commands import (
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    HaltScope,
    OfferBlock,
    PlaceBid,
    PriceMode,
    Propose,
    Side,
)
from engine.events import AuctionState
from terminal.forms import choice, clock_ns, is_valid, number, participant
from terminal.measures import MEASURES, RESTRICTIONS, SCOPES
from terminal.texts import Language
from terminal.widgets.form import FormDialog
from tests.gateway.gateway_world import World, serving
from tests.markets import FIRST_DATE, PRODUCT
from tests.terminal.rig import Seat, seat

LANGUAGES: list[Language] = ["zh", "en"]


async def fill(person: Seat, *values: str) -> None:
    """Type into the fields of a form, one behind the other, and let it check them."""
    await person.until(lambda: isinstance(person.app.screen, FormDialog), "for the form")
    for place, value in enumerate(values):
        await person.press(*(["tab"] if place else []))
        await person.type(value)  # what stood there is selected, so it is replaced
    await person.press("enter")


async def send(person: Seat) -> None:
    """Send the checked form with F8."""
    form = person.app.screen
    assert isinstance(form, FormDialog)
    await person.until(lambda: form.checked is not None, "for the check")
    await person.press("f8")
    await person.until(lambda: person.app.screen is not form, "for the form to close")


def applied(world: World, tonnes: int = 100_000) -> int:
    """Let participant 1 apply and two operators announce 10:00-10:30; return the auction."""
    command = ApplyAuction(
        product=PRODUCT,
        quantity_t=tonnes,
        floor=AuctionFloor.LOWER_LIMIT,
        price_mode=PriceMode.UNIFORM,
        client_order=900,
    )
    return int(getattr(world.send(world.trader_key(1), command).events[0], "auction"))  # noqa: B009


def announced(world: World) -> int:
    auction = applied(world)
    window = {"begin_ns": world.clock("10:00"), "end_ns": world.clock("10:30")}
    world.approve(AnnounceAuction(auction=auction, **window))
    return auction


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_bid_is_typed_checked_and_sent(tmp_path: Path, language: Language) -> None:
    async with serving(clock="09:45") as world:
        auction = announced(world)
        world.go_to("10:00")
        async with seat(world, world.traders[1], tmp_path, language=language) as person:
            await person.press("f9")
            await person.rows("auctions")
            await person.sees("100,000", "10:00–10:30", "43.20")
            await person.press("enter")
            await fill(person, "47", "600")
            await person.press("8")  # another quantity is another check
            await person.press("f8")
            assert isinstance(person.app.screen, FormDialog), "what changed is not sent"
            await person.press("backspace", "enter")
            await send(person)
            await person.until(lambda: person.state.orders, "for the bid")
            (bid,) = world.exchange.orders(2)
            assert (bid.auction, bid.price_fen, bid.quantity_t) == (auction, 4_700, 600)
            world.go_to("10:30")
            await person.until(
                lambda: (
                    person.state.auctions and person.state.auctions[0].state is AuctionState.SOLD
                ),
                "for the result",
            )
            await person.sees("已成交" if language == "zh" else "sold", "600")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_application_is_made_announced_and_approved_by_keys(
    tmp_path: Path, language: Language
) -> None:
    async with serving(clock="09:45") as world:
        folder = tmp_path
        async with (
            seat(world, world.traders[0], folder, language=language) as seller,
            seat(world, world.operators[0], folder, language=language) as maker,
            seat(world, world.operators[1], folder, language=language) as checker,
        ):
            await seller.press("f9", "f8")
            await fill(seller, "", "100000", "2", "1", "10:15", "10:45")
            await send(seller)
            await seller.until(lambda: seller.state.applications, "for the application")
            await maker.press("f9")
            await maker.rows("auctions")
            await maker.press("enter")
            await fill(maker, "", "")  # the window that the seller wished
            await send(maker)
            await checker.press("f4")
            await checker.rows("proposals")
            await checker.sees("10:15:00")
            await checker.press("enter")
            await checker.type("1")
            await checker.press("enter")
            await checker.until(world.exchange.auctions, "for the announcement")
            (view,) = world.exchange.auctions()
            assert view.end_ns == world.clock("10:45")
            await seller.sees("10:15–10:45", "已公告" if language == "zh" else "announce")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_total_is_taken_level_by_level(tmp_path: Path, language: Language) -> None:
    async with serving() as world:
        world.list(1, Side.SELL, 4_810, 100)
        world.list(3, Side.SELL, 4_820, 100)
        async with seat(world, world.traders[1], tmp_path, language=language) as person:
            await person.press("enter")
            await person.focus("ladder")
            await person.press("f8")
            await fill(person, "1", "48.20", "150")
            await send(person)
            await person.until(lambda: len(world.exchange.trades()) == 2, "for the trades")
            assert [trade.quantity_t for trade in world.exchange.trades()] == [100, 50]
            await person.sees("按总量摘取" if language == "zh" else "Taken")


def offer(world: World) -> int:
    command = OfferBlock(
        product=PRODUCT,
        side=Side.SELL,
        counterparty=2,
        price_fen=4_800,
        quantity_t=100_000,
        client_order=901,
    )
    return int(getattr(world.send(world.trader_key(1), command).events[0], "order"))  # noqa: B009


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_block_is_talked_to_a_trade(tmp_path: Path, language: Language) -> None:
    async with serving(clock="13:00") as world:
        folder = tmp_path
        async with (
            seat(world, world.traders[0], folder, language=language) as seller,
            seat(world, world.traders[1], tmp_path, language=language) as buyer,
        ):
            await seller.press("f7", "insert")
            await fill(seller, "", "2", "P0002", "48", "100000")
            await send(seller)
            await buyer.press("f7")
            await buyer.rows("talks")
            await buyer.sees("P0001", "48.00", "100,000")
            await buyer.press("f8")
            await fill(buyer, "47", "", "ok")
            await send(buyer)
            for person in (seller, buyer):
                await person.until(lambda p=person: p.state.negotiations, "for the talk")  # type: ignore[misc]
                await person.sees("47.00")
                await person.press("enter")
                await person.focus("dialog-input")
                await person.type("46")  # not the price on the table
                await person.press("enter")
                assert not world.exchange.trades()
                await person.type("47")
                await person.press("enter")
                await person.until(lambda p=person: p.state.intents, "for the answer")  # type: ignore[misc]
            await buyer.until(world.exchange.trades, "for the trade")
            assert world.exchange.trades()[0].price_fen == 4_700
            await buyer.until(lambda: not buyer.state.offers, "for the end of the talk")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_block_is_refused_with_del_and_enter(tmp_path: Path, language: Language) -> None:
    async with serving(clock="13:00") as world:
        number_of_offer = offer(world)
        async with seat(world, world.traders[1], tmp_path, language=language) as person:
            await person.press("f7")
            await person.rows("talks")
            await person.press("delete", "delete")
            await person.sees(str(number_of_offer))
            assert world.exchange.offers(2), "Del shows and never sends"
            await person.press("enter")
            await person.until(lambda: not world.exchange.offers(2), "for the refusal")
            await person.until(lambda: not person.state.offers)


# ---------------------------------------------------------------- operators


async def pick(person: Seat, key: str) -> None:
    """Choose a measure, whose form then stands."""
    await person.press("f3")
    await person.rows("measures", len(MEASURES))
    place = [row.key for row in MEASURES].index(key)
    await person.press("home", *["down"] * place, "enter")


async def measure(person: Seat, key: str, *values: str) -> None:
    """Choose a measure and send its form."""
    await pick(person, key)
    await fill(person, *values)
    await send(person)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_halt_is_at_once_and_another_operator_ends_it(
    tmp_path: Path, language: Language
) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language=language) as maker,
        seat(world, world.operators[1], tmp_path, language=language) as other,
    ):
        await measure(maker, "measure_halt", "2", "1", "drill")
        await other.press("f3")
        await other.until(lambda: other.state.halts, "for the halt")
        (halt,) = world.exchange.halts()
        assert (halt.scope, halt.method) == (HaltScope.METHOD, 0)
        await other.sees("drill", "暂停" if language == "zh" else "halted")
        await other.press("tab", "enter")
        await fill(other, "over")
        await send(other)
        await other.until(lambda: not world.exchange.halts(), "for the resumption")
        await other.until(lambda: not other.state.halts)


MADE: list[tuple[str, tuple[str, ...], dict[str, Any]]] = [
    ("measure_void", ("1", "wrong"), {"trade": 1}),
    ("measure_correct", (PRODUCT, "47", "wrong"), {"price_fen": 4_700}),
    ("measure_restrict", ("P0002", "2"), {"participant": 2}),
    ("measure_freeze", ("2", PRODUCT, "1k", "D-1"), {"quantity_t": 1_000}),
    ("measure_release", ("2", PRODUCT, "10", "D-2"), {"document": "D-2"}),
    ("measure_phase", ("1", "2"), {"is_open": False}),
    ("measure_close", ("storm",), {"explanation": "storm"}),
    ("measure_closure", ("2021-07-20", "storm"), {"date": "2021-07-20"}),
    ("measure_reopen", ("2021-07-20",), {"date": "2021-07-20"}),
    ("measure_allowance", ("2", "500"), {"quantity_t": 500}),
    ("measure_notice", ("zh", "en"), {"text_zh": "zh", "text_en": "en"}),
    ("measure_remove", ("2", "left"), {"participant": 2, "explanation": "left"}),
    ("measure_restore", ("P0002", "2022"), {"compliance_year": 2_022}),
]


async def test_every_other_measure_is_proposed_by_keys(tmp_path: Path) -> None:
    assert {key for key, _, _ in MADE} | {"measure_halt"} == {row.key for row in MEASURES}
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        for count, (key, values, expected) in enumerate(MADE, 1):
            await measure(person, key, *values)
            await person.until(
                lambda n=count: len(world.exchange.proposals()) == n,  # type: ignore[misc]
                f"for {key}",
            )
            (action,) = world.exchange.proposals()[-1].actions
            assert {name: getattr(action, name) for name in expected} == expected


WRONG: list[tuple[str, tuple[str, ...], tuple[str, str]]] = [
    ("measure_closure", ("2021-02-30", "storm"), ("日期", "Date")),
    ("measure_phase", ("9", "1"), ("方式", "Method")),
    ("measure_restrict", ("nobody", "2"), ("主体", "Who")),
    ("measure_void", ("first", "wrong"), ("成交号", "Trade")),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("key", "values", "label"), WRONG)
async def test_a_form_names_the_field_that_is_wrong(
    tmp_path: Path,
    language: Language,
    key: str,
    values: tuple[str, ...],
    label: tuple[str, str],
) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language=language) as person,
    ):
        await pick(person, key)
        await fill(person, *values)
        told = f"请更正:{label[0]}" if language == "zh" else f"Not what is asked for: {label[1]}"
        await person.sees(told)
        form = person.app.screen
        assert isinstance(form, FormDialog)
        assert form.checked is None
        await person.press("f8")
        assert person.app.screen is form


async def test_an_auction_is_refused_by_keys(tmp_path: Path) -> None:
    async with (
        serving(clock="09:45") as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        applied(world)
        await person.press("f9")
        await person.rows("auctions")
        await person.press("delete")
        await fill(person, "not today")
        await send(person)
        await person.until(world.exchange.proposals, "for the proposal")
        (action,) = world.exchange.proposals()[0].actions
        assert type(action).__name__ == "RefuseAuction"


def test_what_is_typed_is_understood_and_what_is_not_is_none() -> None:
    assert [choice(text, SCOPES) for text in ("1", "２", "全市场", "Product", "5", "")] == [
        0,
        1,
        0,
        2,
        -1,
        -1,
    ]
    assert choice("暂停交易", RESTRICTIONS) == 3
    assert [participant(text) for text in ("P0002", "2", "p12", "x", "")] == [2, 2, 12, 0, 0]
    assert [number(text) for text in ("7", "７", "-1", "")] == [7, 7, 0, 0]
    assert clock_ns("10：00", FIRST_DATE) == clock_ns("10:00", FIRST_DATE) > 0
    assert clock_ns("ten", FIRST_DATE) == 0
    bid = {"auction": 1, "price_fen": 1, "client_order": 1}
    assert is_valid(PlaceBid(quantity_t=1, **bid))
    assert not is_valid(PlaceBid(quantity_t=0, **bid))
    assert not is_valid(None)
    assert not is_valid(Propose(actions=(), reason="x"))
