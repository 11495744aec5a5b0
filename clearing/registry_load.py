"""`ceax registry load`: open accounts and move allowances and cash to the exchange, from a CSV table."""

import asyncio
import csv
import hashlib
import sys
from pathlib import Path
from typing import Final

from msgspec import Struct

from clearing.registry_client import RegistryClient, RegistryRefused, RegistryUnavailable
from engine.units import AMOUNT_FEN_MAX, QUANTITY_T_MAX, format_yuan, parse_yuan
from gateway.errors import UserError

COLUMNS: Final = ("registry_account", "funds_account", "name", "credit_code", "cash_yuan")
"""Needed columns; every other column is a product code and holds tonnes."""
ROWS_MAX: Final = 20_000
SURPLUS: Final = "(surplus)"
"""Where the reader puts the cells of a row that is longer than the headers."""


class FundedAccount(Struct, frozen=True, kw_only=True):
    """One row: an account, the yuan it deposits and the tonnes of each product that it transfers in."""

    line: int
    account: str
    funds_account: str
    name: str
    credit_code: str
    cash_fen: int
    tonnes: tuple[tuple[str, int], ...]


def read_funding(path: Path) -> list[FundedAccount]:
    """Return the rows of a table; UserError names file, row and column of the first bad cell."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, restkey=SURPLUS, restval="")
            headers = [header.strip() for header in table.fieldnames or ()]
            missing = [name for name in COLUMNS if name not in headers]
            if missing:
                raise UserError(
                    f"{path}: no column {', '.join(missing)}; found {', '.join(headers)}"
                )
            table.fieldnames = headers
            rows = [_row(path, table.line_num, cells) for cells in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read as a UTF-8 CSV table: {error}") from error
    if not 1 <= len(rows) <= ROWS_MAX:
        raise UserError(f"{path}: {len(rows)} rows; a table has 1 to {ROWS_MAX}")
    return rows


def _row(path: Path, line: int, cells: dict[str, str]) -> FundedAccount:
    if SURPLUS in cells:
        raise UserError(f"{path}: row {line}: has more cells than there are columns")
    texts = {name: cell.strip() for name, cell in cells.items()}
    for name in COLUMNS[:4]:
        if not texts[name]:
            raise UserError(f"{path}: row {line}, column {name}: is empty")
    try:
        cash_fen = parse_yuan(texts["cash_yuan"] or "0")
    except ValueError as error:
        raise UserError(f"{path}: row {line}, column cash_yuan: {error}") from error
    if not 0 <= cash_fen <= AMOUNT_FEN_MAX:
        raise UserError(f"{path}: row {line}, column cash_yuan: outside 0 … the largest amount")
    products = [name for name in texts if name not in COLUMNS]
    tonnes = [(name, _tonnes(path, line, name, texts[name] or "0")) for name in products]
    return FundedAccount(
        line=line,
        account=texts["registry_account"],
        funds_account=texts["funds_account"],
        name=texts["name"],
        credit_code=texts["credit_code"],
        cash_fen=cash_fen,
        tonnes=tuple((name, quantity_t) for name, quantity_t in tonnes if quantity_t),
    )


def _tonnes(path: Path, line: int, column: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > QUANTITY_T_MAX:
        raise UserError(
            f"{path}: row {line}, column {column}: {text!r} is not a number of tonnes up to "
            f"{QUANTITY_T_MAX}"
        )
    return int(text)


async def load(rows: list[FundedAccount], url: str, token: str, date: str) -> tuple[int, int, int]:
    """Send every row to the registry and return accounts, fen and tonnes sent.

    The reference of each request is made from the row and the date, so the same table may be loaded
    again after a failure: what was done is not done twice.
    """
    cash_fen = quantity_t = 0
    async with RegistryClient(url, token) as registry:
        for row in rows:
            try:
                await _load_row(registry, row, date)
            except RegistryRefused as error:
                raise UserError(f"row {row.line}, {row.account}: {error}") from error
            except RegistryUnavailable as error:
                raise UserError(
                    f"{url} does not answer ({error}); is the registry serving?"
                ) from error
            cash_fen += row.cash_fen
            quantity_t += sum(quantity for _, quantity in row.tonnes)
    return len(rows), cash_fen, quantity_t


async def _load_row(registry: RegistryClient, row: FundedAccount, date: str) -> None:
    account = row.account
    try:
        await registry.open_account(
            account,
            funds_account=row.funds_account,
            name=row.name,
            credit_code=row.credit_code,
            date=date,
            reference=_reference("open", account, "", 0, ""),
        )
    except RegistryRefused as error:
        if error.code != "REFE":  # it stands already, opened by an earlier table
            raise
    if row.cash_fen:
        for kind, send in (("credit", registry.credit_bank), ("deposit", registry.deposit)):
            reference = _reference(kind, account, "CNY", row.cash_fen, date)
            await send(account, row.cash_fen, date=date, reference=reference)
    for product, quantity_t in row.tonnes:
        for kind, move in (("issue", registry.issue), ("transfer", registry.transfer_in)):
            reference = _reference(kind, account, product, quantity_t, date)
            await move(account, product, quantity_t, date=date, reference=reference)


def _reference(kind: str, account: str, asset: str, quantity: int, date: str) -> str:
    text = f"{kind}|{account}|{asset}|{quantity}|{date}".encode()
    return f"load-{kind}-{hashlib.sha256(text).hexdigest()[:24]}"


def run_load(path: Path, url: str, token_file: Path, date: str) -> str:
    """Load a table and return one line that says what was sent; UserError for whatever stops it."""
    rows = read_funding(path)
    try:
        token = token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UserError(f"{token_file}: cannot be read: {error.strerror}") from error
    print(f"{len(rows)} rows to {url}", file=sys.stderr)
    accounts, cash_fen, quantity_t = asyncio.run(load(rows, url, token, date))
    return (
        f"{accounts} accounts (演示/仿真): {format_yuan(cash_fen)} yuan deposited and {quantity_t} t "
        "transferred in; clearing brings them to the exchange"
    )
