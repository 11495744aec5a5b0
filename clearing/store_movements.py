"""The inbox of the registry's movements: each is taken over once and booked at the exchange once."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from clearing.database import Database
from clearing.messages import Movement

MOVEMENT_COLUMNS: Final = ", ".join(Movement.__struct_fields__)


class Movements:
    """Movements as clearing keeps them: WAITING, BOOKED or REFUSED by the exchange."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def last(self) -> int:
        """Return the number of the last movement taken over, 0 before the first."""
        return self.database.number("SELECT max(number) FROM movement")

    def take(self, movements: Sequence[Movement]) -> None:
        """Keep a page of the registry's outbox; repeats change nothing, a gap is refused."""
        with self.database.write():
            for movement in movements:
                expected = self.last() + 1
                if movement.number < expected:
                    continue
                if movement.number > expected:
                    message = f"movement {expected} is missing before {movement.number}"
                    raise AssertionError(message)
                values = msgspec.structs.astuple(movement)
                marks = ", ".join("?" * len(values))
                self._do(f"INSERT INTO movement({MOVEMENT_COLUMNS}) VALUES({marks})", *values)

    def in_state(self, state: str, limit: int = -1) -> list[tuple[Movement, int]]:
        """Return movements in a state with the participant of their account, 0 if not admitted."""
        rows = self.database.connection.execute(
            f"SELECT {MOVEMENT_COLUMNS}, coalesce(participant, 0) FROM movement"  # noqa: S608
            " LEFT JOIN participant ON registry_account = account WHERE state = ?"
            " ORDER BY number LIMIT ?",
            (state, limit),
        ).fetchall()
        names = Movement.__struct_fields__
        return [(Movement(**dict(zip(names, row[:-1], strict=True))), int(row[-1])) for row in rows]

    def bookable(self, limit: int) -> list[tuple[Movement, int]]:
        """Return waiting movements whose account belongs to an admitted participant."""
        rows = self.database.connection.execute(
            f"SELECT {MOVEMENT_COLUMNS}, participant FROM movement"  # noqa: S608
            " JOIN participant ON registry_account = account WHERE state = 'WAITING'"
            " ORDER BY number LIMIT ?",
            (limit,),
        ).fetchall()
        names = Movement.__struct_fields__
        return [(Movement(**dict(zip(names, row[:-1], strict=True))), int(row[-1])) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return how many movements are in each state."""
        return dict(
            self.database.connection.execute(
                "SELECT state, count(*) FROM movement GROUP BY state"
            ).fetchall()
        )

    def finish(self, rows: Iterable[tuple[str, str]]) -> None:
        """Note the exchange's answers: (reference, empty or the text of its refusal)."""
        with self.database.write():
            for reference, refusal in rows:
                if refusal:
                    self._do(
                        "UPDATE movement SET state = 'REFUSED', text = ?"
                        " WHERE reference = ? AND state = 'WAITING'",
                        refusal,
                        reference,
                    )
                else:
                    self.mark_booked(reference)

    def mark_booked(self, reference: str) -> None:
        """Note that the exchange has booked a movement; a repeat changes nothing."""
        self._do(
            "UPDATE movement SET state = 'BOOKED', text = '' WHERE reference = ? AND state <> 'BOOKED'",
            reference,
        )

    def _do(self, sql: str, *values: object) -> None:
        self.database.connection.execute(sql, values)
