"""Reconciliation: X15 by figures, every single fault found and named, none invented (INV-19)."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from clearing.reconcile import (
    BREAKS_MAX,
    CASH,
    Check,
    InstructionSides,
    Key,
    Position,
    Sides,
    reconcile,
)


def side(**figures: tuple[int, int]) -> dict[Key, Position]:
    """Return positions by letter: tonnes of CEA24 and fen."""
    found = {}
    for letter, (tonnes, fen) in figures.items():
        found[Key(letter, "CEA24")] = Position(tonnes)
        found[Key(letter, CASH)] = Position(fen)
    return found


def instruction(
    number: int, seller: str, buyer: str, quantity_t: int, amount_fen: int, states: str = "sss"
) -> InstructionSides:
    """Return an instruction with the states of clearing, registry and exchange (s settled, f failed)."""
    words = {"s": "settled", "f": "failed"}
    return InstructionSides(
        tx_id=f"T{number}",
        product="CEA24",
        quantity_t=quantity_t,
        amount_fen=amount_fen,
        seller=seller,
        buyer=buyer,
        clearing=words[states[0]],
        registry=words[states[1]],
        registry_quantity_t=quantity_t,
        registry_amount_fen=amount_fen,
        exchange=words[states[2]],
    )


T1 = instruction(1, "A", "B", 600, 5_700_000, "sfs")
T2 = instruction(2, "B", "C", 400, 3_840_000)
T3 = instruction(3, "A", "C", 400, 3_780_000)
REGISTRY = side(A=(600, 3_780_000), B=(100, 13_840_000), C=(800, 380_000))


def sides(exchange: dict[Key, Position], registry: dict[Key, Position], **more: Any) -> Sides:
    bank = {key: p.settled for key, p in registry.items() if key.asset == CASH}
    values: dict[str, Any] = {
        "date": "2026-01-05",
        "checks": (Check(level=0, name="count", sides={"exchange": "3", "registry": "3"}),),
        "exchange": exchange,
        "registry": registry,
        "bank": bank,
        "bank_pool_fen": sum(bank.values()),
        "instructions": (T2, T3),
    }
    return Sides(**(values | more))


def test_x15_totals_agree_and_two_accounts_do_not() -> None:
    exchange = side(A=(0, 9_480_000), B=(700, 8_140_000), C=(800, 380_000))
    result = reconcile(sides(exchange, REGISTRY, instructions=(T1, T2, T3)))
    assert [(row.level, row.breaks) for row in result.levels] == [(0, 0), (1, 0), (2, 4), (3, 1)]
    found = {row.key: row.difference for row in result.breaks if row.level == 2}
    assert found == {
        "A CEA24": -600,
        "A CNY": 5_700_000,
        "B CEA24": 600,
        "B CNY": -5_700_000,
    }
    assert {row.suspects for row in result.breaks} == {("T1",)}
    assert result.breaks[-1].key == "T1"
    assert not result.agrees


def test_three_sides_that_agree_have_no_break() -> None:
    result = reconcile(sides(REGISTRY, REGISTRY))
    assert result.agrees
    assert [(row.level, row.compared) for row in result.levels] == [(0, 1), (1, 2), (2, 6), (3, 2)]


def test_one_fen_at_the_bank_is_a_break() -> None:
    bank = {key: p.settled for key, p in REGISTRY.items() if key.asset == CASH}
    bank[Key("A", CASH)] += 1
    result = reconcile(sides(REGISTRY, REGISTRY, bank=bank, bank_pool_fen=sum(bank.values())))
    assert [(row.level, row.kind, row.key) for row in result.breaks] == [
        (1, "QTY", "total CNY"),
        (2, "BANK", "A CNY"),
    ]


def test_a_frozen_part_that_one_side_does_not_know_is_a_break() -> None:
    registry = REGISTRY | {Key("A", "CEA24"): Position(600, 450)}
    result = reconcile(sides(REGISTRY, registry))
    assert [(row.kind, row.exchange, row.registry) for row in result.breaks] == [
        ("FROZEN", "0", "450")
    ]


def test_a_control_sum_that_differs_is_a_break_of_level_0() -> None:
    checks = (Check(level=0, name="count", sides={"exchange": "3", "registry": "2"}),)
    (found,) = reconcile(sides(REGISTRY, REGISTRY, checks=checks)).breaks
    assert (found.level, found.kind, found.key) == (0, "TRANSPORT", "count")


def test_a_report_lists_so_many_breaks_and_counts_all() -> None:
    crowd = {Key(f"X{n}", CASH): Position(1) for n in range(BREAKS_MAX + 5)}
    result = reconcile(sides(crowd, {}, instructions=(), bank={}, bank_pool_fen=0))
    assert len(result.breaks) == BREAKS_MAX
    assert result.breaks_found == BREAKS_MAX + 6  # all accounts and the total


@settings(max_examples=200)
@given(st.data())
def test_any_single_fault_is_found_and_named(data: st.DataObject) -> None:
    letters = "ABCDE"
    start = dict.fromkeys(letters, (10**6, 10**11))
    count = data.draw(st.integers(1, 8))
    rows = []
    for number in range(1, count + 1):
        seller, buyer = data.draw(st.permutations(letters))[:2]
        quantity_t = data.draw(st.integers(1, 9_999))
        price_fen = 5_000 + number  # no two trades with the same amounts by chance
        rows.append(instruction(number, seller, buyer, quantity_t, quantity_t * price_fen))
    settled = book(start, rows)
    assert reconcile(sides(settled, settled, instructions=tuple(rows))).agrees
    wrong = data.draw(st.integers(0, count - 1))
    kind = data.draw(st.sampled_from(["lost", "doubled", "quantity", "state"]))
    match kind:
        case "lost":
            registry = book(start, rows[:wrong] + rows[wrong + 1 :])
            changed = structs.replace(rows[wrong], registry="failed")
        case "doubled":
            registry, changed = book(start, [*rows, rows[wrong]]), rows[wrong]
        case "quantity":
            changed = structs.replace(
                rows[wrong], registry_quantity_t=rows[wrong].registry_quantity_t + 1
            )
            registry = settled
        case _:
            changed, registry = structs.replace(rows[wrong], exchange="failed"), settled
    told = (*rows[:wrong], changed, *rows[wrong + 1 :])
    result = reconcile(sides(settled, registry, instructions=told))
    assert not result.agrees
    assert changed.tx_id in {name for row in result.breaks for name in row.suspects}


def book(start: dict[str, tuple[int, int]], rows: list[InstructionSides]) -> dict[Key, Position]:
    now = {letter: list(both) for letter, both in start.items()}
    for row in rows:
        now[row.seller][0] -= row.quantity_t
        now[row.buyer][0] += row.quantity_t
        now[row.seller][1] += row.amount_fen
        now[row.buyer][1] -= row.amount_fen
    return side(**{letter: (both[0], both[1]) for letter, both in now.items()})
