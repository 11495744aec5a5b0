"""One SQLite file, opened safely: strict migrations, full sync, one writer, one process."""

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import IO, Final

from gateway.errors import UserError

BUSY_MS: Final = 5_000
MIGRATION_TABLE: Final = """
CREATE TABLE IF NOT EXISTS migration(
  number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL,
  applied_at_ns INTEGER NOT NULL) STRICT
"""


def open_directory(data: Path) -> None:
    """Make the data directory, readable by its owner alone; UserError says what to do."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UserError(
            f"cannot make the data directory {data}: {error.strerror}; choose another --data"
        ) from None
    if not os.access(data, os.W_OK | os.X_OK):
        raise UserError(f"cannot write to the data directory {data}; choose another --data")


def lock_directory(data: Path) -> IO[bytes]:
    """Keep every other process out of a data directory while the returned file is open."""
    try:
        handle = data.joinpath("lock").open("wb")
    except OSError as error:
        raise UserError(
            f"cannot write to {data}: {error.strerror}; choose another --data"
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise UserError(
            f"another process works in {data}; stop it first or choose another --data"
        ) from None
    return handle


class Database:
    """A SQLite file with its migrations applied; all writing goes through `write`."""

    def __init__(self, path: Path, schema: str, now_ns: Callable[[], int]) -> None:
        self.path = path
        try:
            self.connection = sqlite3.connect(path, isolation_level=None)
            self.connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.Error as error:
            raise UserError(f"cannot open the database {path}: {error}") from None
        path.chmod(0o600)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",  # without it INSERT OR REPLACE slips past the delete triggers
            f"busy_timeout={BUSY_MS}",
        ):
            self.connection.execute(f"PRAGMA {pragma}")
        self._migrate(schema, now_ns)

    def close(self) -> None:
        """Close the file; what is committed stays."""
        self.connection.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction: all of it or, on any exception, nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise

    def number(self, sql: str, *values: object) -> int:
        """Return the one integer of a query, 0 where there is no row or it is null."""
        row = self.connection.execute(sql, values).fetchone()
        return 0 if row is None or row[0] is None else int(row[0])

    def _migrate(self, schema: str, now_ns: Callable[[], int]) -> None:
        self.connection.execute(MIGRATION_TABLE)
        applied = {
            int(number): (str(name), str(digest))
            for number, name, digest in self.connection.execute(
                "SELECT number, name, sha256 FROM migration"
            )
        }
        known = _scripts(schema)
        if applied and max(applied) > max(known):
            raise UserError(f"{self.path} was written by a newer ceax; use that one")
        for number, (name, text) in sorted(known.items()):
            digest = hashlib.sha256(text.encode()).hexdigest()
            if number in applied:
                if applied[number] != (name, digest):
                    raise UserError(f"{self.path}: migration {name} differs from what was applied")
                continue
            row = f"INSERT INTO migration VALUES({number}, '{name}', '{digest}', {now_ns()});"
            try:
                self.connection.executescript(f"BEGIN IMMEDIATE;\n{text}\n{row}\nCOMMIT;")
            except sqlite3.Error:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise


def _scripts(schema: str) -> dict[int, tuple[str, str]]:
    folder = resources.files("clearing").joinpath("migrations", schema)
    return {
        int(file.name[:4]): (file.name, file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }
