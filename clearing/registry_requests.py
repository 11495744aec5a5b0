"""What changes accounts and balances at the registry: each request once, its answer kept for ever."""

import hashlib
from typing import Final

import msgspec

from clearing.database import Database
from clearing.messages import (
    BlockAccount,
    CreditBank,
    FreezeCash,
    FreezeHolding,
    Issue,
    MoveIn,
    Movement,
    OpenAccount,
    PayIn,
    Posted,
    Release,
    Request,
)
from clearing.registry_ledger import CASH, ISSUER, POOL, WORLD, Ledger, Line, Refused, move
from engine.units import days_from_civil

REQUESTS: Final[dict[str, type[Request]]] = {
    kind.__name__: kind
    for kind in (
        OpenAccount,
        Issue,
        CreditBank,
        MoveIn,
        PayIn,
        FreezeHolding,
        FreezeCash,
        Release,
        BlockAccount,
    )
}


class Requests:
    """Carries out requests: the claim of the reference and the effect are one transaction."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self.database = database
        self.ledger = ledger

    def carry_out(self, sender: str, request: Request) -> Posted:
        """Do what a request asks, or return the answer of the first time.

        Refused REFE (409) where the sender used the reference for another content; other refusals
        leave no trace, so the same request may succeed later.
        """
        kind = type(request).__name__
        body_hash = hashlib.sha256(kind.encode() + b"\n" + msgspec.json.encode(request)).hexdigest()
        with self.database.write() as connection:
            row = connection.execute(
                "SELECT body_hash, answer FROM inbox WHERE sender = ? AND reference = ?",
                (sender, request.reference),
            ).fetchone()
            if row is not None:
                if row[0] != body_hash:
                    text = f"reference {request.reference} stands for another content"
                    raise Refused("REFE", text, "$.reference", status=409)
                first = msgspec.json.decode(row[1], type=Posted)
                return msgspec.structs.replace(first, replayed=True)
            _check_date(request.date)
            answer = self._effect(request)
            connection.execute(
                "INSERT INTO inbox VALUES(?, ?, ?, ?, ?)",
                (
                    sender,
                    request.reference,
                    body_hash,
                    msgspec.json.encode(answer),
                    self.ledger.now_ns(),
                ),
            )
            return answer

    def _effect(self, request: Request) -> Posted:
        match request:
            case OpenAccount():
                self.ledger.open_account(
                    request.account, request.funds_account, request.name, request.credit_code
                )
                return Posted(reference=request.reference, txn=0)
            case Issue():
                return self._issue(request)
            case CreditBank():
                return self._credit_bank(request)
            case MoveIn():
                return self._move_in(request)
            case PayIn():
                return self._pay_in(request)
            case FreezeHolding():
                bucket = request.side
                return self._freeze(request, request.product, bucket, request.quantity_t, "LACK")
            case FreezeCash():
                return self._freeze(request, CASH, "settlement", request.amount_fen, "MONY")
            case Release():
                return self._release(request)
            case BlockAccount():
                self.ledger.account(request.account)
                self.database.connection.execute(
                    "UPDATE account SET blocked = ? WHERE account = ?",
                    (int(request.blocked), request.account),
                )
                return Posted(reference=request.reference, txn=0)
            case _:
                raise AssertionError(request)

    def _post(self, kind: str, request: Request, lines: tuple[Line, ...]) -> int:
        return self.ledger.post(kind, request.reference, request.date, lines)

    def _issue(self, request: Issue) -> Posted:
        self.ledger.account(request.account)
        lines = move(
            "registry",
            request.product,
            request.quantity_t,
            (ISSUER, "issued"),
            (request.account, "registry"),
        )
        return Posted(reference=request.reference, txn=self._post("ISSUE", request, lines))

    def _credit_bank(self, request: CreditBank) -> Posted:
        self.ledger.account(request.account)
        lines = move("bank", CASH, request.amount_fen, (WORLD, "own"), (request.account, "own"))
        return Posted(reference=request.reference, txn=self._post("BANK_CREDIT", request, lines))

    def _move_in(self, request: MoveIn) -> Posted:
        self._not_blocked(request.account)
        held = self.ledger.balance("registry", request.account, request.product, "registry")
        if held < request.quantity_t:
            text = f"{held} t on the registry side, {request.quantity_t} t needed"
            raise Refused("LACK", text, "$.quantity_t")
        here, there = (request.account, "registry"), (request.account, "trading")
        lines = move("registry", request.product, request.quantity_t, here, there)
        txn = self._post("TRANSFER_IN", request, lines)
        number = self.ledger.last_movement() + 1
        movement = Movement(
            number=number,
            kind="transfer_in",
            account=request.account,
            product=request.product,
            quantity_t=request.quantity_t,
            amount_fen=0,
            reference=f"T{number:010d}",
            date=request.date,
        )
        self.ledger.announce(movement, txn)
        return Posted(reference=request.reference, txn=txn, movement=number)

    def _pay_in(self, request: PayIn) -> Posted:
        self._not_blocked(request.account)
        held = self.ledger.balance("bank", request.account, CASH, "own")
        if held < request.amount_fen:
            text = f"{held} fen in the own bank account, {request.amount_fen} fen needed"
            raise Refused("MONY", text, "$.amount_fen")
        account, amount = request.account, request.amount_fen
        lines = (
            *move("bank", CASH, amount, (account, "own"), (account, "pool")),
            *move("registry", CASH, amount, (POOL, "settlement"), (account, "settlement")),
        )
        txn = self._post("DEPOSIT", request, lines)
        number = self.ledger.last_movement() + 1
        movement = Movement(
            number=number,
            kind="deposit",
            account=account,
            product="",
            quantity_t=0,
            amount_fen=amount,
            reference=f"D{number:010d}",
            date=request.date,
        )
        self.ledger.announce(movement, txn)
        return Posted(reference=request.reference, txn=txn, movement=number)

    def _freeze(
        self,
        request: FreezeHolding | FreezeCash,
        asset: str,
        bucket: str,
        amount: int,
        code: str,
    ) -> Posted:
        self.ledger.account(request.account)
        held = self.ledger.balance("registry", request.account, asset, bucket)
        if held < amount:
            raise Refused(code, f"{held} free of {asset}, {amount} to freeze")
        here, there = (request.account, bucket), (request.account, f"{bucket}_frozen")
        txn = self._post("FREEZE", request, move("registry", asset, amount, here, there))
        self.database.connection.execute(
            "INSERT INTO freeze VALUES(?, ?, ?, ?, ?, NULL)",
            (request.reference, request.account, asset, bucket, amount),
        )
        return Posted(reference=request.reference, txn=txn)

    def _release(self, request: Release) -> Posted:
        row = self.database.connection.execute(
            "SELECT account, asset, bucket, amount FROM freeze"
            " WHERE reference = ? AND released_by IS NULL",
            (request.freeze,),
        ).fetchone()
        if row is None:
            raise Refused("NRGN", f"no freeze {request.freeze} stands", "$.freeze", status=404)
        account, asset, bucket, amount = row
        here, there = (account, f"{bucket}_frozen"), (account, bucket)
        txn = self._post("UNFREEZE", request, move("registry", asset, amount, here, there))
        self.database.connection.execute(
            "UPDATE freeze SET released_by = ? WHERE reference = ?",
            (request.reference, request.freeze),
        )
        return Posted(reference=request.reference, txn=txn)

    def _not_blocked(self, account: str) -> None:
        if self.ledger.account(account).is_blocked:
            raise Refused("BLOC", f"account {account} is blocked", "$.account")


def _check_date(date: str) -> None:
    try:
        days_from_civil(date)
    except ValueError as error:
        raise Refused("DATA", str(error), "$.date") from None
