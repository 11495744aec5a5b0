"""The registry's database enforces its own rules: balanced, sealed, append-only, never overdrawn."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearing.database import Database, lock_directory, open_directory
from clearing.registry_ledger import CASH, ISSUER, SCHEMA, Ledger, Line, move
from gateway.errors import UserError


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    database = Database(tmp_path / "registry.sqlite", SCHEMA, time.time_ns)
    made = Ledger(database, time.time_ns)
    with database.write():
        for letter in "AB":
            made.open_account(letter, f"F{letter}", f"演示{letter}", "CODE")
        made.post("ISSUE", "1", "2026-01-05", issue("A", 100))
    yield made
    database.close()


def issue(account: str, tonnes: int) -> tuple[Line, ...]:
    return move("registry", "CEA24", tonnes, (ISSUER, "issued"), (account, "registry"))


def post(ledger: Ledger, reference: str, *lines: Line) -> int:
    with ledger.database.write():
        return ledger.post("TEST", reference, "2026-01-05", lines)


def held(ledger: Ledger, account: str, bucket: str = "registry") -> int:
    return ledger.balance("registry", account, "CEA24", bucket)


def test_what_does_not_add_up_is_refused(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="unbalanced"):
        post(ledger, "2", Line("registry", "A", "CEA24", "registry", 5))
    with pytest.raises(
        sqlite3.IntegrityError, match="unbalanced"
    ):  # each book, each asset by itself
        post(
            ledger,
            "3",
            Line("registry", "A", "CEA24", "registry", -5),
            Line("bank", "A", "CEA24", "registry", 5),
        )
    with pytest.raises(sqlite3.IntegrityError, match="empty"):
        post(ledger, "4")
    assert held(ledger, "A") == 100
    assert ledger.verify() == []


def test_nothing_is_overdrawn_and_half_a_transaction_leaves_no_trace(ledger: Ledger) -> None:
    lines = (
        *move("registry", "CEA24", 40, ("A", "registry"), ("B", "registry")),
        *move("registry", CASH, 1, ("B", "settlement"), ("A", "settlement")),
    )
    with pytest.raises(sqlite3.IntegrityError, match="ck_not_negative"):
        post(ledger, "2", *lines)
    assert (held(ledger, "A"), held(ledger, "B")) == (100, 0)


def test_a_posted_transaction_is_sealed_and_stays(ledger: Ledger) -> None:
    attempts = {
        "INSERT INTO posting VALUES(1, 9, 'registry', 'A', 'CEA24', 'registry', 1)": "sealed",
        "UPDATE posting SET amount = 7 WHERE txn = 1": "append-only",
        "DELETE FROM posting WHERE txn = 1": "append-only",
        "UPDATE txn SET kind = 'X'": "append-only",
        "DELETE FROM txn": "append-only",
        "INSERT OR REPLACE INTO txn SELECT * FROM txn WHERE txn = 1": "append-only",
        "DELETE FROM balance": "append-only",
    }
    for sql, message in attempts.items():
        with pytest.raises(sqlite3.IntegrityError, match=message), ledger.database.write() as db:
            db.execute(sql)
    assert ledger.verify() == []


def test_postings_without_a_header_do_not_commit(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), ledger.database.write() as db:
        db.execute("INSERT INTO posting VALUES(2, 1, 'registry', 'A', 'CEA24', 'registry', 1)")
    assert held(ledger, "A") == 100


def test_the_same_reference_posts_once(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"), ledger.database.write():
        ledger.post("ISSUE", "1", "2026-01-05", issue("A", 100))
    assert held(ledger, "A") == 100


def test_whole_numbers_only(ledger: Ledger) -> None:
    half = "INSERT INTO posting VALUES(2, 1, 'registry', 'A', 'CEA24', 'x', 0.5)"
    with (
        pytest.raises(sqlite3.IntegrityError, match="cannot store REAL"),
        ledger.database.write() as db,
    ):
        db.execute(half)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE posting SET amount = amount * 2",
        "UPDATE txn SET date = '2026-01-06'",
        "UPDATE balance SET amount = 99 WHERE account = 'A'",
        "DELETE FROM balance WHERE account = 'A'",
    ],
)
def test_verify_finds_what_somebody_did_behind_the_triggers(ledger: Ledger, damage: str) -> None:
    db = ledger.database.connection
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    db.execute(damage)
    assert ledger.verify()


def test_a_database_that_was_changed_or_is_newer_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    database = Database(path, SCHEMA, time.time_ns)
    database.connection.execute("INSERT INTO migration VALUES(9999, '9999_later.sql', '', 0)")
    database.close()
    with pytest.raises(UserError, match="newer ceax"):
        Database(path, SCHEMA, time.time_ns)
    other = Database(tmp_path / "y.sqlite", SCHEMA, time.time_ns)
    other.connection.execute("UPDATE migration SET sha256 = 'x' WHERE number = 1")
    other.close()
    with pytest.raises(UserError, match=r"0001_ledger\.sql differs"):
        Database(tmp_path / "y.sqlite", SCHEMA, time.time_ns)


def test_the_file_is_synced_fully_and_private(ledger: Ledger) -> None:
    db = ledger.database.connection
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
    told = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    assert told == ["wal", 2, 1, 1]
    assert ledger.database.path.stat().st_mode & 0o777 == 0o600


def test_one_process_per_directory(tmp_path: Path) -> None:
    with lock_directory(tmp_path), pytest.raises(UserError, match="another process works"):
        lock_directory(tmp_path)


def test_a_directory_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UserError, match="choose another --data"):
        open_directory(file / "registry")
