"""Registry and clearing as real processes: a whole day, SIGKILL of either in mid-batch, clean stops."""

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.clearing.house import CEA24, DATE, House
from tests.clearing.processes import Town, ceax, start, town, until

pytestmark = pytest.mark.process
LETTERS = "ABCDE"
ROUNDS_MAX = 5


async def traded(made: Town, random: Random, count: int) -> int:
    """Fund five participants through the registry, trade a day, close it; return the tonnes."""
    house, registry = made.house, made.registry()
    for letter in LETTERS:
        await registry.endow(letter, 500_000_000, CEA24=5_000)

    async def booked() -> bool:
        return (await made.movements()).get("BOOKED") == 2 * len(LETTERS)

    await until("movements are booked", booked)
    house.open(DATE, CEA24=9_500)
    total = 0
    for _ in range(count):
        seller, buyer = random.sample(LETTERS, 2)
        quantity_t = random.randint(1, 20)
        house.trade(seller, buyer, quantity_t, random.randint(9_300, 9_700), CEA24)
        total += quantity_t
    house.close()
    await registry.admin.close()
    await registry.exchange.close()
    return total


async def reconciled(made: Town) -> bool:
    return (await made.day(DATE)).get("state") == "RECONCILED"


async def check_day(made: Town, count: int, total: int) -> None:
    """Everything settled once, exchange and registry agree, the ledger's chain holds."""
    day = await made.day(DATE)
    assert (day["settled"], day["failed"], day["breaks"], day["told"]) == (count, 0, 0, count)
    assert {view.state for view in made.house.exchange.trades()} == {"settled"}
    registry = made.registry()
    held = await registry.holdings()
    for number, letter in enumerate(LETTERS, 1):
        account = made.house.exchange.account(number)
        (row,) = account.holdings
        assert (row.available_t + row.delivered_t, account.cash.settled_fen) == held[letter]
    view = await registry.exchange.batch("B2026010501")
    assert (view.state, view.settled) == ("DONE", count)
    await registry.admin.close()
    await registry.exchange.close()
    _, printed, _ = await ceax(
        "registry", "verify", "--json", "--data", str(made.folder / "registry")
    )
    assert json.loads(printed) == {"problems": []}
    folder = made.folder / "clearing" / "reports"

    async def written() -> bool:
        return folder.joinpath(f"{DATE}.en.txt").exists()

    await until("the reports are written", written)
    report = json.loads(folder.joinpath(f"{DATE}.json").read_text(encoding="utf-8"))
    assert (report["agrees"], report["settled_quantity_t"]) == (True, total)
    for language, words in (("zh", "零差异"), ("en", "zero differences")):
        text = folder.joinpath(f"{DATE}.{language}.txt").read_text(encoding="utf-8")
        assert words in text
        assert "演示/仿真" in text


async def test_a_whole_day_through_real_processes(tmp_path: Path) -> None:
    house = House()
    house.found(LETTERS)
    async with town(tmp_path, house) as made:
        await made.start_registry()
        await made.start_clearing()
        total = await traded(made, Random(1), 30)
        await until("the day is reconciled", lambda: reconciled(made))
        await check_day(made, 30, total)
        _, printed, _ = await ceax("clearing", "status", "--data", str(tmp_path / "clearing"))
        assert f"{DATE} RECONCILED: 30 settled, 0 failed, 0 breaks" in printed
        for name, child in made.children.items():
            assert await child.stop(signal.SIGINT if name == "registry" else signal.SIGTERM) == 0
            assert child.process.stdout is not None
            assert b"its data lies in" in await child.process.stdout.read()
        assert not tmp_path.joinpath("registry", "registry.port").exists()
        assert not tmp_path.joinpath("clearing", "clearing.port").exists()


def settled_on_disk(made: Town) -> int:
    """Return how many trades the registry's file holds as settled."""
    with closing(sqlite3.connect(made.folder / "registry" / "registry.sqlite")) as db:
        (count,) = db.execute("SELECT count(*) FROM instruction WHERE state = 'SETTLED'").fetchone()
    return int(count)


async def kill_in_mid_batch(made: Town, random: Random, count: int) -> bool:
    """Kill the registry in the middle of the batch and clearing at random moments around it.

    Return whether it was the middle: the batch may be over before the kill comes.
    """
    was_in_the_middle = False
    for _ in range(2):
        wanted = settled_on_disk(made) + random.randrange(1, 10)

        async def far_enough(wanted: int = wanted) -> bool:
            return settled_on_disk(made) >= min(wanted, count)

        await until("the batch settles", far_enough, pause_s=0)
        await made.children["registry"].kill()
        was_in_the_middle |= 0 < settled_on_disk(made) < count
        await made.children["clearing"].kill()
        await made.start_registry(group=1)
        await made.start_clearing()
        await asyncio.sleep(random.randrange(200) / 1000)
        await made.children["clearing"].kill()
        await made.start_clearing()
    await until("the day is reconciled", lambda: reconciled(made))
    return was_in_the_middle


async def one_round(folder: Path, seed: int, count: int) -> bool:
    """Trade a day, kill both sides, prove that everything took effect once; say if it was in mid-batch."""
    house, random = House(), Random(seed)
    house.found(LETTERS)
    async with town(folder, house) as made:
        await made.start_registry(group=1)
        await made.start_clearing()
        total = await traded(made, random, count)
        was_in_the_middle = await kill_in_mid_batch(made, random, count)
        await check_day(made, count, total)
        assert settled_on_disk(made) == count
    return was_in_the_middle


@pytest.mark.parametrize("seed", range(2))
async def test_sigkill_of_either_side_in_mid_batch(tmp_path: Path, seed: int) -> None:
    rounds = 1
    while not await one_round(tmp_path / str(rounds), seed, count=300):
        rounds += 1
        assert rounds <= ROUNDS_MAX, "the batch was always over before the kill"


async def test_a_registry_that_is_away_is_waited_for_and_said(tmp_path: Path) -> None:
    house = House()
    house.found(LETTERS)
    async with town(tmp_path, house) as made:
        await made.start_registry()
        await made.start_clearing()
        total = await traded(made, Random(3), 0)
        assert total == 0
        await until("the day is reconciled", lambda: reconciled(made))
        await made.children["registry"].kill()

        async def says_so() -> bool:
            return "no answer from the registry" in (await made.status())["registry"]["state"]

        await until("the status names the registry", says_so)
        await made.start_registry()

        async def is_back() -> bool:
            return bool((await made.status())["registry"]["state"] == "connected")

        await until("the status says connected", is_back)


# ---------------------------------------------------------------- mistakes of the caller


async def test_a_busy_port_a_second_process_and_a_bad_directory_get_one_line(
    tmp_path: Path,
) -> None:
    first = await start("registry", "serve", "--data", str(tmp_path / "one"), "--port", "0")
    try:
        port = tmp_path.joinpath("one", "registry.port").read_text(encoding="ascii").strip()
        tmp_path.joinpath("file").touch()
        for arguments, words in (
            (["--data", str(tmp_path / "two"), "--port", port], "choose another --port"),
            (["--data", str(tmp_path / "one"), "--port", "0"], "another process works in"),
            (["--data", str(tmp_path / "file" / "x"), "--port", "0"], "choose another --data"),
            (["--data", str(tmp_path / "two"), "--port", "0", "--group", "0"], "from 1 to 10000"),
        ):
            code, _, told = await ceax("registry", "serve", *arguments)
            assert code == 2
            assert words in told
            assert told.count("\n") == 1
    finally:
        assert await first.stop() == 0


async def test_clearing_names_what_is_missing(tmp_path: Path) -> None:
    house = House()
    house.found("A")
    async with town(tmp_path, house) as made:
        await made.start_registry()
        trader = tmp_path / "trader.key"
        house.keys[house.key_of("A")].save(trader)
        common = ["--data", str(tmp_path / "c"), "--exchange", made.url,
                  "--registry", f"http://127.0.0.1:{made.registry_port}"]  # fmt: skip
        good = str(tmp_path / "registry" / "exchange.token")
        for key, given, words in (
            (str(tmp_path / "none.key"), good, "cannot read the key file"),
            (str(trader), str(tmp_path / "none.token"), "cannot read the token"),
            (str(trader), good, "the key has role trader"),
        ):
            code, _, told = await ceax("clearing", "serve", *common, "--key", key, "--token", given)
            assert code == 2
            assert words in told
        code, _, told = await ceax("clearing", "status", "--data", str(tmp_path / "c"))
        assert (code, "no clearing process works in" in told) == (2, True)
