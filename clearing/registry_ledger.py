"""The registry's ledger on SQLite: every effect is one sealed, balanced, hash-chained transaction."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from clearing.database import Database
from clearing.messages import (
    CashRow,
    Fault,
    HoldingRow,
    Movement,
    Snapshot,
)

CASH: Final = "CNY"
SCHEMA: Final = "registry"
GENESIS_HASH: Final = b"\0" * 32
ISSUER, POOL, WORLD = "SYS-ISSUE", "SYS-POOL", "SYS-WORLD"
NUMBERS: Final = {
    "SAFE": 7020,
    "BLOC": 7025,
    "LACK": 7027,
    "NRGN": 7040,
    "REFE": 7101,
    "DATA": 7110,
    "MONY": 9001,
    "AUTH": 1001,
    "ROLE": 1002,
    "SIZE": 1003,
    "STATE": 7005,
}
"""Numbers of the refusal codes, after the ITL's response codes."""


class Refused(Exception):
    """A request that the registry does not carry out; nothing changed."""

    def __init__(self, code: str, text: str, path: str = "", status: int = 422) -> None:
        super().__init__(f"{code} {text}")
        self.status = status
        self.fault = Fault(code=code, number=NUMBERS[code], text=text, path=path)


class Line(Struct, frozen=True, array_like=True):
    """One posting: an amount (tonnes or fen, signed) into a bucket of an account in one book."""

    book: str
    account: str
    asset: str
    bucket: str
    amount: int


class AccountFacts(Struct, frozen=True, kw_only=True):
    """An account as it stands."""

    account: str
    funds_account: str
    name: str
    is_blocked: bool


def move(
    book: str, asset: str, amount: int, source: tuple[str, str], to: tuple[str, str]
) -> tuple[Line, ...]:
    """Return the two postings that carry an amount from one (account, bucket) to another."""
    return (
        Line(book, source[0], asset, source[1], -amount),
        Line(book, to[0], asset, to[1], amount),
    )


class Ledger:
    """Accounts, balances, transactions and the outbox; the caller opens the database transaction."""

    def __init__(self, database: Database, now_ns: Callable[[], int]) -> None:
        self.database = database
        self.now_ns = now_ns

    # ------------------------------------------------------------ accounts and balances

    def find_account(self, account: str) -> AccountFacts | None:
        """Return a participant's account, None where there is none."""
        row = self.database.connection.execute(
            "SELECT account, funds_account, name, blocked FROM account WHERE account = ?"
            " AND account NOT GLOB 'SYS-*'",
            (account,),
        ).fetchone()
        if row is None:
            return None
        return AccountFacts(
            account=row[0], funds_account=row[1], name=row[2], is_blocked=bool(row[3])
        )

    def account(self, account: str) -> AccountFacts:
        """Return a participant's account; Refused SAFE where there is none."""
        found = self.find_account(account)
        if found is None:
            raise Refused("SAFE", f"account {account} is unknown", "$.account")
        return found

    def open_account(self, account: str, funds_account: str, name: str, credit_code: str) -> None:
        """Open an account; Refused REFE where the account or its funds account exists."""
        taken = self.database.number(
            "SELECT count(*) FROM account WHERE account = ? OR funds_account = ?",
            account,
            funds_account,
        )
        if taken or account.startswith("SYS-"):
            raise Refused("REFE", f"account {account} or {funds_account} exists", status=409)
        self.database.connection.execute(
            "INSERT INTO account VALUES(?, ?, ?, ?, 0, ?)",
            (account, funds_account, name, credit_code, self.now_ns()),
        )

    def balance(self, book: str, account: str, asset: str, bucket: str) -> int:
        """Return one balance in tonnes or fen."""
        return self.database.number(
            "SELECT amount FROM balance WHERE book = ? AND account = ? AND asset = ? AND bucket = ?",
            book,
            account,
            asset,
            bucket,
        )

    # ------------------------------------------------------------ transactions

    def post(self, kind: str, reference: str, date: str, lines: Iterable[Line]) -> int:
        """Write one transaction and return its number; the database refuses what does not balance."""
        connection = self.database.connection
        last = connection.execute("SELECT txn, hash FROM txn ORDER BY txn DESC LIMIT 1").fetchone()
        number, previous = (1, GENESIS_HASH) if last is None else (int(last[0]) + 1, bytes(last[1]))
        rows = tuple(lines)
        for index, line in enumerate(rows, 1):
            connection.execute(
                "INSERT INTO posting VALUES(?, ?, ?, ?, ?, ?, ?)",
                (number, index, line.book, line.account, line.asset, line.bucket, line.amount),
            )
        now = self.now_ns()
        content = transaction_hash(previous, number, kind, reference, date, now, rows)
        connection.execute(
            "INSERT INTO txn VALUES(?, ?, ?, ?, ?, ?, ?)",
            (number, kind, reference, date, now, previous, content),
        )
        return number

    def announce(self, movement: Movement, txn: int) -> None:
        """Put a movement into the outbox, in the transaction that made it."""
        self.database.connection.execute(
            "INSERT INTO movement VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                movement.number,
                movement.kind,
                movement.account,
                movement.product,
                movement.quantity_t,
                movement.amount_fen,
                movement.reference,
                movement.date,
                txn,
            ),
        )

    def last_movement(self) -> int:
        """Return the number of the last movement, 0 before the first."""
        return self.database.number("SELECT max(number) FROM movement")

    def movements(self, after: int, limit: int) -> tuple[Movement, ...]:
        """Return a page of the outbox."""
        rows = self.database.connection.execute(
            "SELECT number, kind, account, product, quantity_t, amount_fen, reference, date"
            " FROM movement WHERE number > ? ORDER BY number LIMIT ?",
            (after, limit),
        ).fetchall()
        names = Movement.__struct_fields__
        return tuple(Movement(**dict(zip(names, row, strict=True))) for row in rows)

    # ------------------------------------------------------------ what reconciliation sees

    def snapshot(self) -> Snapshot:
        """Return all balances of participants as of the last transaction."""
        last = self.database.connection.execute(
            "SELECT txn, hash FROM txn ORDER BY txn DESC LIMIT 1"
        ).fetchone()
        holdings: dict[tuple[str, str], dict[str, int]] = {}
        cash: dict[str, dict[str, int]] = {}
        for book, account, asset, bucket, amount in self.database.connection.execute(
            "SELECT book, account, asset, bucket, amount FROM balance"
            " WHERE account NOT GLOB 'SYS-*' ORDER BY account, asset"
        ):
            if asset == CASH:
                cash.setdefault(account, {})[f"{book}.{bucket}"] = amount
            else:
                holdings.setdefault((account, asset), {})[bucket] = amount
        funds = dict(
            self.database.connection.execute(
                "SELECT account, funds_account FROM account"
            ).fetchall()
        )
        return Snapshot(
            txn=0 if last is None else int(last[0]),
            hash=(GENESIS_HASH if last is None else bytes(last[1])).hex(),
            movement=self.last_movement(),
            pool_fen=self.database.number(
                "SELECT sum(amount) FROM balance WHERE book = 'bank' AND bucket = 'pool'"
            ),
            holdings=tuple(
                HoldingRow(
                    account=account,
                    product=product,
                    registry_t=buckets.get("registry", 0),
                    registry_frozen_t=buckets.get("registry_frozen", 0),
                    trading_t=buckets.get("trading", 0),
                    trading_frozen_t=buckets.get("trading_frozen", 0),
                )
                for (account, product), buckets in holdings.items()
            ),
            cash=tuple(
                CashRow(
                    account=account,
                    funds_account=str(funds[account]),
                    settlement_fen=buckets.get("registry.settlement", 0),
                    settlement_frozen_fen=buckets.get("registry.settlement_frozen", 0),
                    bank_pool_fen=buckets.get("bank.pool", 0),
                    bank_own_fen=buckets.get("bank.own", 0),
                )
                for account, buckets in cash.items()
            ),
        )

    def verify(self) -> list[str]:
        """Recompute the hash chain and fold all postings; return what does not agree, empty if all does."""
        connection = self.database.connection
        problems: list[str] = []
        previous = GENESIS_HASH
        for txn, kind, reference, date, at, stored_previous, stored in connection.execute(
            "SELECT txn, kind, reference, date, posted_at_ns, previous_hash, hash FROM txn ORDER BY txn"
        ):
            lines = tuple(
                Line(*row)
                for row in connection.execute(
                    "SELECT book, account, asset, bucket, amount FROM posting WHERE txn = ? ORDER BY line",
                    (txn,),
                )
            )
            wanted = transaction_hash(previous, txn, kind, reference, date, at, lines)
            if bytes(stored_previous) != previous or bytes(stored) != wanted:
                problems.append(f"transaction {txn}: the hash chain breaks")
            previous = bytes(stored)
        folded = "SELECT book, account, asset, bucket, sum(amount) FROM posting GROUP BY 1, 2, 3, 4"
        stored_rows = "SELECT book, account, asset, bucket, amount FROM balance"
        for one, other in ((folded, stored_rows), (stored_rows, folded)):
            problems += [
                f"balance {row}: differs from the fold of its postings"
                for row in connection.execute(f"{one} EXCEPT {other}")
            ]
        return problems


def transaction_hash(
    previous: bytes,
    number: int,
    kind: str,
    reference: str,
    date: str,
    posted_at_ns: int,
    lines: tuple[Line, ...],
) -> bytes:
    """Return the link of a transaction in the ledger's hash chain."""
    content = msgspec.msgpack.encode((number, kind, reference, date, posted_at_ns, lines))
    return hashlib.sha256(previous + content).digest()
