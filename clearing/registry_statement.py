"""The registry's settlement statement of one participant and day (结算数据, R93)."""

from typing import Final

from clearing.database import Database
from clearing.messages import (
    Statement,
    StatementAsset,
    StatementInstruction,
    StatementLine,
)
from clearing.registry_ledger import Ledger, Refused

MARK: Final = "演示/仿真 simulation, not a document of the real registry"
OBJECTION: Final = "before the next trading day opens, in writing; silence is acceptance (R93)"
BUCKETS: Final = "('trading', 'trading_frozen', 'settlement', 'settlement_frozen')"


def statement(database: Database, ledger: Ledger, account: str, date: str) -> Statement:
    """Return all that moved on the trading side and in settlement cash; opening + lines = closing."""
    facts = ledger.account(account)
    lines = _lines(database, account, date)
    assets = _assets(database, account, date)
    for asset in assets:
        moved = sum(line.amount for line in lines if line.asset == asset.asset)
        if asset.opening + moved != asset.closing:
            raise Refused("STATE", f"the statement of {asset.asset} does not add up", status=409)
    return Statement(
        mark=MARK,
        account=account,
        funds_account=facts.funds_account,
        name=facts.name,
        date=date,
        assets=assets,
        lines=lines,
        instructions=_instructions(database, account, date),
        objection=OBJECTION,
    )


def _lines(database: Database, account: str, date: str) -> tuple[StatementLine, ...]:
    rows = database.connection.execute(
        "SELECT txn, kind, reference, asset, bucket, amount FROM posting JOIN txn USING(txn)"  # noqa: S608
        f" WHERE account = ? AND date = ? AND book = 'registry' AND bucket IN {BUCKETS}"
        " ORDER BY txn, line",
        (account, date),
    ).fetchall()
    names = StatementLine.__struct_fields__
    return tuple(StatementLine(**dict(zip(names, row, strict=True))) for row in rows)


def _assets(database: Database, account: str, date: str) -> tuple[StatementAsset, ...]:
    rows = database.connection.execute(
        "SELECT asset, coalesce(sum(amount) FILTER (WHERE date < ?), 0), sum(amount),"  # noqa: S608
        " coalesce(sum(amount) FILTER (WHERE bucket GLOB '*_frozen'), 0)"
        " FROM posting JOIN txn USING(txn)"
        f" WHERE account = ? AND date <= ? AND book = 'registry' AND bucket IN {BUCKETS}"
        " GROUP BY asset ORDER BY asset",
        (date, account, date),
    ).fetchall()
    return tuple(
        StatementAsset(asset=row[0], opening=row[1], closing=row[2], frozen=row[3]) for row in rows
    )


def _instructions(database: Database, account: str, date: str) -> tuple[StatementInstruction, ...]:
    rows = database.connection.execute(
        "SELECT tx_id, trade, buyer, product, quantity_t, price_fen, amount_fen, instruction.state, code"
        " FROM instruction JOIN batch USING(batch)"
        " WHERE (buyer = ?1 OR seller = ?1) AND date = ?2 ORDER BY number",
        (account, date),
    ).fetchall()
    return tuple(
        StatementInstruction(
            tx_id=row[0],
            trade=row[1],
            direction="BUY" if row[2] == account else "SELL",
            product=row[3],
            quantity_t=row[4],
            price_fen=row[5],
            amount_fen=row[6],
            state=row[7],
            code=row[8],
        )
        for row in rows
    )
