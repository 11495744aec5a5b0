"""Settlement at the registry: sealed batches, the clearing result, and delivery versus payment (R91–R92)."""

from typing import Final

import msgspec

from clearing.database import Database
from clearing.instructions import (
    Delivery,
    InstructionFault,
    body_hash,
    chain_hash,
    deliver,
    encode,
)
from clearing.messages import (
    PAGE_MAX,
    BatchConfirm,
    BatchSeal,
    BatchView,
    ClearingResult,
    InstructionPage,
    Outcome,
    PageReceived,
    Rejection,
)
from clearing.registry_ledger import CASH, Ledger, Refused, move
from clearing.sese023 import Envelope
from clearing.settle import (
    MONY,
    SAFE,
    Balances,
    blame,
    clearing_result,
    outcome_hash,
    shortfall,
)

DEPOSITORY: Final = "DEMO-REG"
DELIVERY_COLUMNS: Final = "tx_id, trade, product, quantity_t, price_fen, amount_fen, seller, buyer, seller_funds, buyer_funds"


class Batches:
    """Receives, clears and settles batches; every step may be repeated and resumes after a crash."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self.database = database
        self.ledger = ledger

    # ------------------------------------------------------------ receiving

    def receive(self, page: InstructionPage) -> PageReceived:
        """Store a page; REFE where a TxId came before with another content, another batch or place."""
        with self.database.write() as connection:
            row = connection.execute(
                "SELECT date, state FROM batch WHERE batch = ?", (page.batch,)
            ).fetchone()
            if row is None:
                connection.execute(
                    "INSERT INTO batch(batch, date, state) VALUES(?, ?, 'RECEIVING')",
                    (page.batch, page.date),
                )
            elif row[0] != page.date:
                text = f"batch {page.batch} is of {row[0]}"
                raise Refused("REFE", text, "$.date", status=409)
            for index, envelope in enumerate(page.instructions):
                self._store(page, index, envelope)
            received = self.database.number(
                "SELECT count(*) FROM instruction WHERE batch = ?", page.batch
            )
            return PageReceived(batch=page.batch, received=received)

    def _store(self, page: InstructionPage, index: int, envelope: Envelope) -> None:
        path = f"$.instructions[{index}]"
        try:
            delivery = deliver(envelope)
        except InstructionFault as fault:
            raise Refused("DATA", str(fault).replace("`$", f"`{path}"), path) from None
        number = page.first + index
        if delivery.date != page.date or envelope.SeqNb != number:
            raise Refused("DATA", f"{delivery.tx_id}: not of this day and place", path)
        body = encode(envelope)
        digest = body_hash(body)
        row = self.database.connection.execute(
            "SELECT batch, number, body_hash FROM instruction WHERE tx_id = ?", (delivery.tx_id,)
        ).fetchone()
        if row is not None:
            if tuple(row) != (page.batch, number, digest):
                text = f"{delivery.tx_id} stands for another content"
                raise Refused("REFE", text, f"{path}.SctiesSttlmTxInstr.TxId", status=409)
            return
        state = self.database.connection.execute(
            "SELECT state FROM batch WHERE batch = ?", (page.batch,)
        ).fetchone()
        if state[0] != "RECEIVING":
            raise Refused("STATE", f"batch {page.batch} is sealed", path, status=409)
        self.database.connection.execute(
            "INSERT INTO instruction(tx_id, batch, number, body, body_hash, trade, product, quantity_t,"
            " price_fen, amount_fen, seller, buyer, seller_funds, buyer_funds)"
            " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                delivery.tx_id,
                page.batch,
                number,
                body,
                digest,
                delivery.trade,
                delivery.product,
                delivery.quantity_t,
                delivery.price_fen,
                delivery.amount_fen,
                delivery.seller,
                delivery.buyer,
                delivery.seller_funds,
                delivery.buyer_funds,
            ),
        )

    # ------------------------------------------------------------ clearing

    def seal(self, sealed: BatchSeal) -> ClearingResult:
        """Check counts, sums and hash, validate every instruction, return the result (R92)."""
        with self.database.write() as connection:
            row = connection.execute(
                "SELECT date, seal, result FROM batch WHERE batch = ?", (sealed.batch,)
            ).fetchone()
            body = msgspec.json.encode(sealed)
            if row is None:
                connection.execute(
                    "INSERT INTO batch(batch, date, state) VALUES(?, ?, 'RECEIVING')",
                    (sealed.batch, sealed.date),
                )
            elif row[0] != sealed.date or (row[1] is not None and row[1] != body):
                text = f"batch {sealed.batch} stands for another content"
                raise Refused("REFE", text, status=409)
            elif row[2] is not None:
                return msgspec.json.decode(row[2], type=ClearingResult)
            self._check_sums(sealed)
            result = self._validate(sealed)
            connection.execute(
                "UPDATE batch SET state = 'CLEARED', seal = ?, result = ?, result_hash = ?"
                " WHERE batch = ?",
                (body, msgspec.json.encode(result), result.hash, sealed.batch),
            )
            return result

    def _check_sums(self, sealed: BatchSeal) -> None:
        rows = self.database.connection.execute(
            "SELECT number, body_hash, quantity_t, amount_fen FROM instruction WHERE batch = ?"
            " ORDER BY number",
            (sealed.batch,),
        ).fetchall()
        found = BatchSeal(
            batch=sealed.batch,
            date=sealed.date,
            count=len(rows),
            quantity_t=sum(row[2] for row in rows),
            amount_fen=sum(row[3] for row in rows),
            hash=chain_hash(row[1] for row in rows),
        )
        if [row[0] for row in rows] != list(range(1, len(rows) + 1)):
            raise Refused("DATA", f"batch {sealed.batch} has gaps in its numbers")
        for name in ("count", "quantity_t", "amount_fen", "hash"):
            if getattr(found, name) != getattr(sealed, name):
                text = f"the batch has {name} {getattr(found, name)}"
                raise Refused("DATA", text, f"$.{name}")

    def _validate(self, sealed: BatchSeal) -> ClearingResult:
        rejections: list[Rejection] = []
        accepted: list[tuple[int, int]] = []
        for delivery in self._deliveries(sealed.batch, "RECEIVED", -1):
            is_known = self._is_known(delivery.seller, delivery.seller_funds) and self._is_known(
                delivery.buyer, delivery.buyer_funds
            )
            state, code = ("ACCEPTED", "") if is_known else ("REJECTED", SAFE)
            if is_known:
                accepted.append((delivery.quantity_t, delivery.amount_fen))
            else:
                rejections.append(Rejection(tx_id=delivery.tx_id, code=code))
            self.database.connection.execute(
                "UPDATE instruction SET state = ?, code = ? WHERE tx_id = ?",
                (state, code, delivery.tx_id),
            )
        return clearing_result(sealed, accepted, rejections)

    def _is_known(self, account: str, funds_account: str) -> bool:
        found = self.ledger.find_account(account)
        return found is not None and found.funds_account == funds_account

    def confirm(self, confirm: BatchConfirm) -> BatchView:
        """Take the exchange side's confirmation of exactly this result (R92); delivery may begin."""
        with self.database.write() as connection:
            row = connection.execute(
                "SELECT state, result_hash FROM batch WHERE batch = ?", (confirm.batch,)
            ).fetchone()
            if row is None:
                raise Refused("NRGN", f"no batch {confirm.batch}", "$.batch", status=404)
            if row[0] == "RECEIVING":
                raise Refused("STATE", f"batch {confirm.batch} is not sealed", status=409)
            if row[1] != confirm.result_hash:
                text = f"batch {confirm.batch} has the result {row[1]}"
                raise Refused("REFE", text, "$.result_hash", status=409)
            if row[0] == "CLEARED":
                connection.execute(
                    "UPDATE batch SET state = 'CONFIRMED' WHERE batch = ?", (confirm.batch,)
                )
        return self.view(confirm.batch)

    # ------------------------------------------------------------ delivery versus payment

    def settle_some(self, limit: int) -> int:
        """Settle up to `limit` instructions of the oldest confirmed batch; return how many were decided.

        One database transaction; inside it each trade is both legs or nothing, in execution order.
        0 means that nothing is left to do.
        """
        with self.database.write() as connection:
            row = connection.execute(
                "SELECT batch, date FROM batch WHERE state = 'CONFIRMED' ORDER BY date, batch LIMIT 1"
            ).fetchone()
            if row is None:
                return 0
            batch, date = str(row[0]), str(row[1])
            deliveries = self._deliveries(batch, "ACCEPTED", limit)
            for delivery in deliveries:
                self._settle(batch, date, delivery)
            if len(deliveries) < limit:
                outcomes = self._outcomes(batch, 0, -1)
                connection.execute(
                    "UPDATE batch SET state = 'DONE', outcome_hash = ? WHERE batch = ?",
                    (outcome_hash(outcomes), batch),
                )
            return max(1, len(deliveries))

    def _settle(self, batch: str, date: str, delivery: Delivery) -> None:
        seller, buyer = self.ledger.account(delivery.seller), self.ledger.account(delivery.buyer)
        free_fen = self.ledger.balance("registry", delivery.buyer, CASH, "settlement")
        balances = Balances(
            seller_free_t=self.ledger.balance(
                "registry", delivery.seller, delivery.product, "trading"
            ),
            buyer_free_fen=free_fen,
            is_blocked=seller.is_blocked or buyer.is_blocked,
        )
        code = shortfall(delivery, balances)
        if code:
            because = self._blame(batch, delivery, free_fen) if code == MONY else ()
            self.database.connection.execute(
                "UPDATE instruction SET state = 'FAILED', code = ?, because_of = ? WHERE tx_id = ?",
                (code, " ".join(because), delivery.tx_id),
            )
            return
        tonnes, fen = delivery.quantity_t, delivery.amount_fen
        sold, bought = (delivery.seller, "trading"), (delivery.buyer, "trading")
        paid, earned = (delivery.buyer, "settlement"), (delivery.seller, "settlement")
        lines = (
            *move("registry", delivery.product, tonnes, sold, bought),
            *move("registry", CASH, fen, paid, earned),
            *move("bank", CASH, fen, (delivery.buyer, "pool"), (delivery.seller, "pool")),
        )
        txn = self.ledger.post("SETTLE", delivery.tx_id, date, lines)
        self.database.connection.execute(
            "UPDATE instruction SET state = 'SETTLED', txn = ? WHERE tx_id = ?",
            (txn, delivery.tx_id),
        )

    def _blame(self, batch: str, delivery: Delivery, free_fen: int) -> tuple[str, ...]:
        failed = self.database.connection.execute(
            "SELECT tx_id, amount_fen FROM instruction"
            " WHERE batch = ? AND seller = ? AND state = 'FAILED' ORDER BY number",
            (batch, delivery.buyer),
        ).fetchall()
        return blame(delivery.amount_fen - free_fen, failed)

    def _deliveries(self, batch: str, state: str, limit: int) -> list[Delivery]:
        rows = self.database.connection.execute(
            f"SELECT {DELIVERY_COLUMNS} FROM instruction WHERE batch = ? AND state = ?"  # noqa: S608
            " ORDER BY number LIMIT ?",
            (batch, state, limit),
        ).fetchall()
        names = DELIVERY_COLUMNS.split(", ")
        return [
            Delivery(**dict(zip(names, row, strict=True)), date="", depository=DEPOSITORY)
            for row in rows
        ]

    # ------------------------------------------------------------ answers

    def view(self, batch: str) -> BatchView:
        """Return where a batch stands; Refused NRGN where there is none."""
        row = self.database.connection.execute(
            "SELECT date, state, outcome_hash FROM batch WHERE batch = ?", (batch,)
        ).fetchone()
        if row is None:
            raise Refused("NRGN", f"no batch {batch}", status=404)
        counts = dict(
            self.database.connection.execute(
                "SELECT state, count(*) FROM instruction WHERE batch = ? GROUP BY state", (batch,)
            ).fetchall()
        )
        return BatchView(
            batch=batch,
            date=row[0],
            state=row[1],
            count=sum(counts.values()),
            settled=counts.get("SETTLED", 0),
            failed=counts.get("FAILED", 0),
            rejected=counts.get("REJECTED", 0),
            outcome_hash=row[2],
        )

    def outcomes(self, batch: str, after: int) -> tuple[Outcome, ...]:
        """Return a page of outcomes in execution order; STATE (409) while delivery runs."""
        if self.view(batch).state != "DONE":
            raise Refused("STATE", f"batch {batch} is not settled yet", status=409)
        return tuple(self._outcomes(batch, after, PAGE_MAX))

    def _outcomes(self, batch: str, after: int, limit: int) -> list[Outcome]:
        rows = self.database.connection.execute(
            "SELECT number, tx_id, state, quantity_t, amount_fen, code, because_of, txn"
            " FROM instruction WHERE batch = ? AND number > ? ORDER BY number LIMIT ?",
            (batch, after, limit),
        ).fetchall()
        return [
            Outcome(
                number=row[0],
                tx_id=row[1],
                state=row[2],
                quantity_t=row[3],
                amount_fen=row[4],
                code=row[5],
                because_of=tuple(row[6].split()),
                txn=row[7] or 0,
            )
            for row in rows
        ]
