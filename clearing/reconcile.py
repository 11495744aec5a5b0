"""Three-way reconciliation of exchange, registry and bank: pure, zero tolerance, levels 0 to 3.

Level 0 compares transport (counts, control sums, hashes), level 1 totals, level 2 every account and
product, level 3 every instruction. Totals alone are blind: two wrong accounts can add up (example X15).
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from msgspec import Struct

CASH: Final = "CNY"
BREAKS_MAX: Final = 10_000
"""Most breaks that a report lists; past it the totals still count all of them."""
LEVELS: Final = (0, 1, 2, 3)

Kind = Literal[
    "TRANSPORT", "QTY", "AMOUNT", "FROZEN", "STATE", "MISSING_EXCH", "MISSING_REG", "BANK"
]


class Key(Struct, frozen=True, order=True):
    """One account and asset: a product code (tonnes) or CNY (fen)."""

    account: str
    asset: str


class Position(Struct, frozen=True):
    """What one side holds settled, frozen parts included, and how much of it is frozen."""

    settled: int
    frozen: int = 0


class InstructionSides(Struct, frozen=True, kw_only=True):
    """One instruction as the three tell it: settled, failed, or what else they say."""

    tx_id: str
    product: str
    quantity_t: int
    amount_fen: int
    seller: str
    buyer: str
    clearing: str
    registry: str
    registry_quantity_t: int
    registry_amount_fen: int
    exchange: str


class Check(Struct, frozen=True, kw_only=True):
    """One control figure of level 0 or 1 and the sides it was read on; sides that have none are absent."""

    level: int
    name: str
    sides: dict[str, str]


class Break(Struct, frozen=True, kw_only=True):
    """One difference; figures are empty where a side has none."""

    number: int
    level: int
    kind: Kind
    key: str
    exchange: str
    registry: str
    bank: str = ""
    difference: int = 0
    """Exchange − registry, in tonnes or fen."""
    suspects: tuple[str, ...] = ()
    """TxIds whose quantity and amount explain the difference."""


class Level(Struct, frozen=True, kw_only=True):
    """How many comparisons one level made and how many differed."""

    level: int
    compared: int
    breaks: int


class Sides(Struct, frozen=True, kw_only=True):
    """Everything that is compared, read as of the same registry transaction."""

    date: str
    checks: tuple[Check, ...]
    exchange: Mapping[Key, Position]
    registry: Mapping[Key, Position]
    bank: Mapping[Key, int]
    """Cash of each participant in the settlement-funds account, as the bank books it."""
    bank_pool_fen: int
    """The balance of that account as a whole."""
    instructions: tuple[InstructionSides, ...]


class Reconciliation(Struct, frozen=True, kw_only=True):
    """The result of a day: levels, differences, zero tolerance."""

    date: str
    levels: tuple[Level, ...]
    breaks: tuple[Break, ...]
    breaks_found: int

    @property
    def agrees(self) -> bool:
        """Exchange, registry and bank agree to the tonne and the fen."""
        return self.breaks_found == 0


def reconcile(sides: Sides) -> Reconciliation:
    """Compare all levels; every difference is a break, there is no tolerance."""
    found: list[Break] = []
    compared = {
        0: _compare_checks(0, sides.checks, found),
        1: _compare_checks(1, (*sides.checks, *_totals(sides)), found),
        2: _compare_positions(sides, found),
        3: _compare_instructions(sides.instructions, found),
    }
    return Reconciliation(
        date=sides.date,
        levels=tuple(
            Level(level=level, compared=count, breaks=sum(1 for row in found if row.level == level))
            for level, count in compared.items()
        ),
        breaks=tuple(found[:BREAKS_MAX]),
        breaks_found=len(found),
    )


def _totals(sides: Sides) -> list[Check]:
    """Return level 1: Σ per product on both ledgers, Σ cash on both ledgers and at the bank."""
    assets = sorted({key.asset for key in (*sides.exchange, *sides.registry)} | {CASH})
    checks = []
    for asset in assets:
        totals = {
            "exchange": str(_sum(sides.exchange, asset)),
            "registry": str(_sum(sides.registry, asset)),
        }
        if asset == CASH:
            totals["bank"] = str(sides.bank_pool_fen)
        checks.append(Check(level=1, name=f"total {asset}", sides=totals))
    return checks


def _sum(positions: Mapping[Key, Position], asset: str) -> int:
    return sum(position.settled for key, position in positions.items() if key.asset == asset)


def _compare_checks(level: int, checks: Iterable[Check], found: list[Break]) -> int:
    count = 0
    for check in checks:
        if check.level != level:
            continue
        count += 1
        if len(set(check.sides.values())) > 1:
            found.append(
                Break(
                    number=len(found) + 1,
                    level=level,
                    kind="TRANSPORT" if level == 0 else "QTY",
                    key=check.name,
                    exchange=check.sides.get("exchange", ""),
                    registry=check.sides.get("registry", ""),
                    bank=check.sides.get("bank", ""),
                )
            )
    return count


def _compare_positions(sides: Sides, found: list[Break]) -> int:
    nothing = Position(0)
    keys = sorted({*sides.exchange, *sides.registry, *sides.bank})
    differences = {
        key: sides.exchange.get(key, nothing).settled - sides.registry.get(key, nothing).settled
        for key in keys
    }
    for key in keys:
        there, here = sides.registry.get(key), sides.exchange.get(key)
        theirs, ours = there or nothing, here or nothing
        difference = differences[key]
        bank = str(sides.bank.get(key, 0)) if key.asset == CASH else ""
        kind: Kind | None = None
        if difference:
            missing: Kind = "MISSING_REG" if there is None else "MISSING_EXCH"
            plain: Kind = "AMOUNT" if key.asset == CASH else "QTY"
            kind = missing if there is None or here is None else plain
        elif bank and bank != str(theirs.settled):
            kind = "BANK"
        elif ours.frozen != theirs.frozen:
            kind = "FROZEN"
        if kind is None:
            continue
        of_frozen = kind == "FROZEN"
        found.append(
            Break(
                number=len(found) + 1,
                level=2,
                kind=kind,
                key=f"{key.account} {key.asset}",
                exchange=str(ours.frozen if of_frozen else ours.settled),
                registry=str(theirs.frozen if of_frozen else theirs.settled),
                bank=bank,
                difference=ours.frozen - theirs.frozen if of_frozen else difference,
                suspects=_suspects(key, differences, sides.instructions) if difference else (),
            )
        )
    return len(keys)


def _suspects(
    key: Key, differences: Mapping[Key, int], instructions: Iterable[InstructionSides]
) -> tuple[str, ...]:
    """Return the instructions that, booked on one side alone, make exactly these differences (X15)."""
    named = []
    for row in instructions:
        legs = {
            Key(row.seller, row.product): -row.quantity_t,
            Key(row.buyer, row.product): row.quantity_t,
            Key(row.seller, CASH): row.amount_fen,
            Key(row.buyer, CASH): -row.amount_fen,
        }
        if key not in legs:
            continue
        seen = {leg: differences.get(leg, 0) for leg in legs}
        if seen in (legs, {leg: -amount for leg, amount in legs.items()}):
            named.append(row.tx_id)
    return tuple(named)


def _compare_instructions(rows: Iterable[InstructionSides], found: list[Break]) -> int:
    count = 0
    for row in rows:
        count += 1
        same_state = row.clearing == row.registry == row.exchange
        same_figures = (row.quantity_t, row.amount_fen) == (
            row.registry_quantity_t,
            row.registry_amount_fen,
        )
        if same_state and same_figures:
            continue
        found.append(
            Break(
                number=len(found) + 1,
                level=3,
                kind="STATE" if not same_state else "QTY",
                key=row.tx_id,
                exchange=f"{row.exchange} {row.quantity_t} t {row.amount_fen} fen",
                registry=f"{row.registry} {row.registry_quantity_t} t {row.registry_amount_fen} fen",
                difference=row.quantity_t - row.registry_quantity_t,
                suspects=(row.tx_id,),
            )
        )
    return count
