"""Clearing's own database: the place in the drop copy, trades, instructions, movements, days."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from clearing.database import Database
from clearing.instructions import PartyFacts, TradeFacts, encode, tx_id
from clearing.lifecycle import (
    DAY_TABLE,
    INSTRUCTION_TABLE,
    DayState,
    DayStep,
    State,
    Step,
    advance,
)
from clearing.messages import BatchSeal, ClearingResult
from clearing.sese023 import Envelope
from clearing.store_movements import Movements
from engine.commands import Method

SCHEMA: Final = "clearing"
TRADE_COLUMNS: Final = ", ".join(TradeFacts.__struct_fields__)


class DayRow(Struct, frozen=True, kw_only=True):
    """How far a day has come and what is known of it."""

    date: str
    state: DayState
    quantity_t: int
    amount_fen: int
    outcome_hash: str
    problem: str
    breaks: int


class InstructionRow(Struct, frozen=True, kw_only=True):
    """An instruction as clearing keeps it; `told` is what the exchange has booked."""

    tx_id: str
    trade: int
    number: int
    state: State
    code: str
    because_of: tuple[str, ...]
    told: str
    product: str
    price_fen: int
    quantity_t: int
    buyer: int
    seller: int


class Store:
    """All reading and writing of clearing's state; one transaction per method that writes."""

    def __init__(self, path: Path, now_ns: Callable[[], int]) -> None:
        self.database = Database(path, SCHEMA, now_ns)
        self.now_ns = now_ns
        self.movements = Movements(self.database)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    # ------------------------------------------------------------ the drop copy (caller's transaction)

    def cursor(self) -> int:
        """Return the sequence of the last command whose events are stored."""
        return self.database.number("SELECT sequence FROM cursor WHERE name = 'drop'")

    def set_cursor(self, sequence: int) -> None:
        """Move the cursor, in the transaction that stored what it stands for."""
        self._do("UPDATE cursor SET sequence = ? WHERE name = 'drop'", sequence)

    def open_date(self) -> str:
        """Return the date of the newest day, empty before the first."""
        row = self.database.connection.execute("SELECT max(date) FROM day").fetchone()
        return str(row[0] or "")

    def add_participant(self, facts: PartyFacts) -> None:
        """Keep a participant's accounts; a repeat changes nothing."""
        self._do(
            "INSERT OR IGNORE INTO participant VALUES(?, ?, ?)",
            facts.participant,
            facts.registry_account,
            facts.funds_account,
        )

    def open_day(self, date: str) -> None:
        """Begin to collect a day; a repeat changes nothing."""
        self._do("INSERT OR IGNORE INTO day(date, state) VALUES(?, ?)", date, DayState.OPEN)

    def add_trade(self, trade: TradeFacts) -> None:
        """Keep a trade; a repeat changes nothing, a late one breaks the batch and is refused."""
        known = self.database.number("SELECT count(*) FROM trade WHERE trade = ?", trade.trade)
        if not known:
            values = msgspec.structs.astuple(trade)
            marks = ", ".join("?" * len(values))
            self._do(f"INSERT INTO trade({TRADE_COLUMNS}) VALUES({marks})", *values)

    def void_trade(self, trade: int) -> None:
        """Note that the exchange voided a trade (R81); a repeat changes nothing."""
        known = self.database.number("SELECT count(*) FROM voided WHERE trade = ?", trade)
        if not known:
            self._do("INSERT INTO voided VALUES(?, ?)", trade, self.now_ns())

    def close_day(self, date: str, quantity_t: int, amount_fen: int) -> None:
        """Close a day with the totals of its bulletin; a repeat changes nothing."""
        if self.day(date).state is not DayState.OPEN:
            return
        self._do(
            "UPDATE day SET quantity_t = ?, amount_fen = ? WHERE date = ?",
            quantity_t,
            amount_fen,
            date,
        )
        self._step_day(date, DayStep.CLOSE)

    def mark_told(self, reference: str, told: str) -> None:
        """Note that the exchange has booked an instruction's end (settled or failed)."""
        self._do("UPDATE instruction SET told = ? WHERE tx_id = ?", told, reference)

    # ------------------------------------------------------------ participants

    def parties(self) -> dict[int, PartyFacts]:
        """Return all participants by number."""
        rows = self.database.connection.execute(
            "SELECT participant, registry_account, funds_account FROM participant"
        )
        return {
            row[0]: PartyFacts(participant=row[0], registry_account=row[1], funds_account=row[2])
            for row in rows
        }

    # ------------------------------------------------------------ days

    def day(self, date: str) -> DayRow:
        """Return a day's row."""
        return self.days(date)[0]

    def days(self, date: str = "") -> list[DayRow]:
        """Return one day or all of them, oldest first."""
        rows = self.database.connection.execute(
            "SELECT date, state, quantity_t, amount_fen, outcome_hash, problem, breaks FROM day"
            " WHERE ?1 = '' OR date = ?1 ORDER BY date",
            (date,),
        ).fetchall()
        return [
            DayRow(
                date=row[0],
                state=DayState(row[1]),
                quantity_t=row[2],
                amount_fen=row[3],
                outcome_hash=row[4],
                problem=row[5],
                breaks=row[6],
            )
            for row in rows
        ]

    def trades(self, date: str) -> list[TradeFacts]:
        """Return a day's trades in execution order; voided ones are none."""
        rows = self.database.connection.execute(
            f"SELECT {TRADE_COLUMNS} FROM trade WHERE date = ?"  # noqa: S608
            " AND trade NOT IN (SELECT trade FROM voided) ORDER BY trade",
            (date,),
        ).fetchall()
        names = TradeFacts.__struct_fields__
        return [
            msgspec.structs.replace(
                TradeFacts(**dict(zip(names, row, strict=True))), method=Method(row[3])
            )
            for row in rows
        ]

    def set_problem(self, date: str, problem: str) -> None:
        """Say why a day does not go on, or that it does (empty)."""
        with self.database.write():
            self._do("UPDATE day SET problem = ? WHERE date = ?", problem, date)

    def step_day(self, date: str, step: DayStep) -> None:
        """Lead a day one step on."""
        with self.database.write():
            self._step_day(date, step)

    def seal_day(self, sealed: BatchSeal, rows: Sequence[tuple[TradeFacts, Envelope]]) -> None:
        """Make the day's batch a fixed list: its instructions are created here and nowhere else."""
        with self.database.write():
            for number, (trade, envelope) in enumerate(rows, 1):
                name = tx_id(trade.date, trade.trade)
                self._do(
                    "INSERT INTO instruction(tx_id, trade, date, number, body, state)"
                    " VALUES(?, ?, ?, ?, ?, ?)",
                    name,
                    trade.trade,
                    trade.date,
                    number,
                    encode(envelope),
                    State.CREATED,
                )
                self._note(name, "seal", State.CREATED)
            body = msgspec.json.encode(sealed)
            self._do("UPDATE day SET seal = ? WHERE date = ?", body, sealed.date)
            self._step_day(sealed.date, DayStep.SEAL)

    def sealed(self, date: str) -> BatchSeal:
        """Return the seal of a day's batch."""
        return msgspec.json.decode(self._blob("seal", date), type=BatchSeal)

    def cleared(self, date: str) -> ClearingResult:
        """Return the registry's clearing result of a day's batch."""
        return msgspec.json.decode(self._blob("result", date), type=ClearingResult)

    def clear_day(self, date: str, result: ClearingResult) -> None:
        """Keep the compared clearing result; instructions become cleared or rejected (R92)."""
        rejected = {row.tx_id: row.code for row in result.rejections}
        with self.database.write():
            for row in self.instructions(date):
                if row.tx_id in rejected:
                    self._step(row.tx_id, Step.REJECT, rejected[row.tx_id])
                else:
                    self._step(row.tx_id, Step.ACKNOWLEDGE)
                    self._step(row.tx_id, Step.CLEAR)
            body = msgspec.json.encode(result)
            self._do("UPDATE day SET result = ? WHERE date = ?", body, date)
            self._step_day(date, DayStep.CLEAR)

    def confirm_day(self, date: str) -> None:
        """Note that both sides have confirmed (R92)."""
        with self.database.write():
            for row in self.instructions(date):
                if row.state is State.CLEARED:
                    self._step(row.tx_id, Step.CONFIRM)
            self._step_day(date, DayStep.CONFIRM)

    def deliver_day(
        self, date: str, outcome_hash: str, rows: Iterable[tuple[str, bool, str, Sequence[str]]]
    ) -> None:
        """Keep the registry's outcomes: (TxId, settled?, code, because of)."""
        with self.database.write():
            for name, is_settled, code, because_of in rows:
                if is_settled:
                    self._step(name, Step.DELIVER)
                    continue
                if self.state(name) is not State.REJECTED:
                    self._step(name, Step.FALL_SHORT, code, " ".join(because_of))
                self._step(name, Step.GIVE_UP, code, " ".join(because_of))
            self._do("UPDATE day SET outcome_hash = ? WHERE date = ?", outcome_hash, date)
            self._step_day(date, DayStep.DELIVER)

    def keep_report(self, date: str, breaks: int, report: bytes) -> None:
        """Keep a reconciliation report; the day is reconciled only without a break."""
        with self.database.write():
            self._do("UPDATE day SET breaks = ?, report = ? WHERE date = ?", breaks, report, date)
            self._step_day(date, DayStep.FIND_BREAKS if breaks else DayStep.RECONCILE)

    def report(self, date: str) -> bytes:
        """Return a day's report as JSON, empty before there is one."""
        return self._blob("report", date)

    # ------------------------------------------------------------ instructions

    def instructions(self, date: str) -> list[InstructionRow]:
        """Return a day's instructions in execution order."""
        rows = self.database.connection.execute(
            "SELECT tx_id, trade, number, state, code, because_of, told, product, price_fen,"
            " quantity_t, buyer, seller FROM instruction JOIN trade USING(trade)"
            " WHERE instruction.date = ? ORDER BY number",
            (date,),
        ).fetchall()
        names = InstructionRow.__struct_fields__
        found = []
        for row in rows:
            values = dict(zip(names, row, strict=True))
            values["state"] = State(values["state"])
            values["because_of"] = tuple(str(values["because_of"]).split())
            found.append(InstructionRow(**values))
        return found

    def instruction_counts(self, date: str) -> dict[str, int]:
        """Return how many of a day's instructions are in each state."""
        return dict(
            self.database.connection.execute(
                "SELECT state, count(*) FROM instruction WHERE date = ? GROUP BY state", (date,)
            ).fetchall()
        )

    def told_count(self, date: str) -> int:
        """Return how many of a day's instructions the exchange has booked."""
        sql = "SELECT count(*) FROM instruction WHERE date = ? AND told <> ''"
        return self.database.number(sql, date)

    def bodies(self, date: str, first: int, limit: int) -> list[Envelope]:
        """Return a page of the day's messages from a number on."""
        rows = self.database.connection.execute(
            "SELECT body FROM instruction WHERE date = ? AND number >= ? ORDER BY number LIMIT ?",
            (date, first, limit),
        ).fetchall()
        return [msgspec.json.decode(row[0], type=Envelope) for row in rows]

    def state(self, name: str) -> State:
        """Return where an instruction stands."""
        row = self.database.connection.execute(
            "SELECT state FROM instruction WHERE tx_id = ?", (name,)
        ).fetchone()
        return State(row[0])

    def step_all(self, names: Iterable[str], step: Step) -> None:
        """Lead several instructions one step on."""
        with self.database.write():
            for name in names:
                self._step(name, step)

    def tell(self, rows: Iterable[tuple[str, str]]) -> None:
        """Note what the exchange has booked: (TxId, settled or failed)."""
        with self.database.write():
            for name, told in rows:
                self.mark_told(name, told)

    # ------------------------------------------------------------ inside

    def _step(self, name: str, step: Step, code: str = "", because_of: str = "") -> None:
        state = advance(INSTRUCTION_TABLE, self.state(name), step)
        self._do(
            "UPDATE instruction SET state = ?, code = ?, because_of = ? WHERE tx_id = ?",
            state,
            code,
            because_of,
            name,
        )
        self._note(name, step, state)

    def _note(self, name: str, step: str, state: State) -> None:
        self._do(
            "INSERT INTO instruction_event(tx_id, step, state, at_ns) VALUES(?, ?, ?, ?)",
            name,
            str(step),
            state,
            self.now_ns(),
        )

    def _step_day(self, date: str, step: DayStep) -> None:
        state = advance(DAY_TABLE, self.day(date).state, step)
        self._do("UPDATE day SET state = ?, problem = '' WHERE date = ?", state, date)
        self._do(
            "INSERT INTO day_event(date, step, state, at_ns) VALUES(?, ?, ?, ?)",
            date,
            step,
            state,
            self.now_ns(),
        )

    def _blob(self, column: str, date: str) -> bytes:
        row = self.database.connection.execute(
            f"SELECT {column} FROM day WHERE date = ?",  # noqa: S608 - a name of this file
            (date,),
        ).fetchone()
        return bytes(row[0] or b"") if row is not None else b""

    def _do(self, sql: str, *values: object) -> None:
        self.database.connection.execute(sql, values)
