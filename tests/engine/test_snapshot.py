"""A market that comes back from its snapshot is the market that never stopped."""

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from bench.workload import Flow, Shape, Stage
from engine import snapshot
from engine.commands import Approve, Deposit, PlaceListing, SettleTrade, Side
from engine.core.layout import State
from engine.digest import live_rows
from engine.events import Refused, Repeated, TradeSettled
from engine.exchange import Exchange
from engine.market import Market
from engine.profile import Profile, load_profile
from engine.reasons import Reason
from engine.units import AMOUNT_FEN_MAX
from tests.markets import (
    CLEARING,
    OPERATOR_TWO,
    PRODUCT,
    Desk,
    Twins,
    compare_events,
    first_day,
    small_profile,
    trader,
)
from tests.markets_profiles import STREAMED
from tests.restarts import (
    FLEETING,
    OF_AUCTIONS,
    RESTART_EVERY,
    SITUATIONS,
    Mortal,
    back,
    exchange_of,
    market_of,
    middle_of_a_day,
    same_inside,
)
from tests.streams import replay_in_batches, run_stream

SHORT = bool(os.environ.get("CEAX_SHORT"))
COMMANDS = 500 if SHORT else 4_000
MADE_AGAIN = {
    *("keys", "levels", "ladders", "bits", "groups", "blocks", "slots"),
    *("halts", "limits", "wanted"),
}
"""Arrays that follow from the rows that are stored."""
LOOKED_UP = {
    *("key_numbers", "person_keys", "control_keys", "dated_keys", "code_numbers", "claims"),
    *("identities", "open_proposals", "company_proposals", "bids", "deadlines"),
}
"""Attributes that follow from those that are stored."""
FROM_PROFILE = {"rules", "profile", "codes", "methods"}


@pytest.mark.parametrize(
    ("seed", "name"), [(11, "small"), (19, "rich"), (14, "matching"), (16, "auction-pro-rata")]
)
def test_restarts_from_snapshots_are_never_noticed(seed: int, name: str) -> None:
    """The oracle never stops; at the end an exchange that never stopped has the same digests."""
    profile = STREAMED[name]()
    recorder = run_stream(seed, COMMANDS, profile, Mortal)
    twins = recorder.twins
    assert isinstance(twins, Mortal)
    assert twins.restarts > COMMANDS // (2 * RESTART_EVERY)
    replay_in_batches(recorder, seed, profile)
    if not SHORT:
        auctions = OF_AUCTIONS if name in ("rich", "auction-pro-rata") else set()
        assert (SITUATIONS | auctions) - twins.seen == set()


def test_a_snapshot_and_its_tail_are_the_whole_log() -> None:
    profile, random = small_profile(), Random(5)
    recorder = run_stream(21, COMMANDS, profile)
    count, end = len(recorder.entries), recorder.twins.exchange
    live, place = Exchange(profile), 0
    for cut in sorted(random.sample(range(count), 6 if SHORT else 25)):
        live.apply_entries(recorder.entries[place:cut])
        place = cut
        restored = back(live)
        for start in range(cut, count, 64):
            tail = recorder.entries[start : start + 64]
            answers = restored.apply_entries(tail)
            wanted = recorder.answers[start : start + 64]
            for entry, told, expected in zip(tail, answers, wanted, strict=True):
                compare_events(entry, told, expected)
        assert restored.event_digest() == end.event_digest(), f"cut at {cut}"
        assert restored.state_digest() == end.state_digest(), f"cut at {cut}"
        same_inside(market_of(end), market_of(restored))
        restored.check()


def test_batches_leave_no_mark_in_the_bytes() -> None:
    recorder = run_stream(22, 600)
    whole = Exchange(small_profile())
    whole.apply_entries(recorder.entries)
    assert whole.snapshot() == recorder.twins.exchange.snapshot()


def test_an_exchange_that_has_seen_nothing_comes_back() -> None:
    restored = back(Exchange(small_profile()))
    assert restored.sequence == 0
    first_day(restored)
    restored.check()


def test_more_cash_than_64_bits_comes_back() -> None:
    desk = Desk(Twins(small_profile()))
    desk.found(5)
    for participant in range(1, 6):
        money = Deposit(
            participant=participant, amount_fen=AMOUNT_FEN_MAX, reference=desk.next_reference()
        )
        desk.send(CLEARING, money)
    market = market_of(exchange_of(desk))
    market.deposits_fen *= 9  # what 45 participants may bring in
    market.core.state.cash["settled_fen"] *= 9
    assert market.deposits_fen >= 1 << 64
    back(exchange_of(desk))


# ---------------------------------------------------------------- the middle of a day


def restart(desk: Desk) -> None:
    twins = desk.market
    assert isinstance(twins, Twins)
    twins.exchange = back(twins.exchange)
    twins.compare()


def test_first_answers_are_remembered() -> None:
    """A listing, an offer, a cancel and a refusal: the retry gets the first answer, also after a crash."""
    desk, remembered = middle_of_a_day(small_profile())
    restart(desk)
    for command, answer in remembered.items():
        again = desk.one(trader(1), command)
        assert isinstance(again, Repeated)
        assert again.answer == answer
        if isinstance(command, PlaceListing):
            reused = desk.one(trader(1), structs.replace(command, quantity_t=51))
            assert isinstance(reused, Refused)
            assert reused.reason == Reason.CLIENT_ORDER_REUSED
    restart(desk)


def test_the_middle_of_a_day_goes_on() -> None:
    """Time priority, the waiting proposal and the trade of the day before (T+1, R56)."""
    desk, _ = middle_of_a_day(small_profile())
    restart(desk)
    listed = exchange_of(desk).listings(PRODUCT, Side.SELL, 4_810)
    assert [row.order for row in listed] == [1, 2]
    (waiting,) = exchange_of(desk).proposals()
    assert len(desk.send(OPERATOR_TWO, Approve(proposal=waiting.proposal))) == 2
    settled = desk.one(CLEARING, SettleTrade(trade=1, reference="S-1"))
    assert isinstance(settled, TradeSettled)
    restart(desk)
    assert exchange_of(desk).account(2).holdings[0].delivered_t == 100
    assert desk.send(CLEARING, SettleTrade(trade=1, reference="S-1")) == []
    assert isinstance(desk.one(CLEARING, SettleTrade(trade=2, reference="S-1")), Refused)
    desk.advance("15:00")
    desk.open_day("2021-07-20")
    assert exchange_of(desk).account(2).holdings[0].available_t == 500_100


# ---------------------------------------------------------------- compiled and plain


def flow_profile() -> Profile:
    whole = load_profile(files("engine").joinpath("profiles/national.toml").read_bytes())
    capacity = structs.replace(whole.capacity, participants=60, keys=80, orders_per_day=2_000)
    return structs.replace(whole, capacity=capacity)


def flow(half: bytes = b"") -> tuple[bytes, bytes]:
    """Return the snapshots in the middle and at the end of a flow; `half` takes the first's place."""
    shape = Shape(participants=40, live=120, commands=500)
    stage = Stage(flow_profile(), shape)
    stage.open_day()
    rows = stage.stamp(Flow(flow_profile(), shape).records(shape.live, shape.commands))
    exchange, middle = stage.exchange, len(rows) // 2
    exchange.apply_records(rows[:middle])
    half = half or exchange.snapshot()
    exchange = Exchange.from_snapshot(flow_profile(), half)
    exchange.apply_records(rows[middle:])
    return half, exchange.snapshot()


def test_compiled_and_plain_read_each_other() -> None:
    source = (
        "import sys; from tests.engine.test_snapshot import flow; "
        "print(*(part.hex() for part in (flow()[0], flow(bytes.fromhex(sys.stdin.read()))[1])))"
    )
    half, whole = flow()
    plain = subprocess.run(
        [sys.executable, "-c", source],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        input=half.hex(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert [bytes.fromhex(part) for part in plain.stdout.split()] == [half, whole]


def test_whoever_adds_state_must_say_whether_a_snapshot_stores_it() -> None:
    market = Market(small_profile())
    arrays = set(live_rows(market)) | MADE_AGAIN | FROM_PROFILE | FLEETING | {"market"}
    assert arrays >= set(State._fields)
    named = {field.name for field in structs.fields(snapshot._Content)}
    assert named | LOOKED_UP | FROM_PROFILE | FLEETING | {"core"} >= set(vars(market))
