"""Delivery versus payment as pure decisions: what a batch adds up to, who falls short, and why (R91)."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from clearing.instructions import Delivery, body_hash, chain_hash, deliver, encode
from clearing.messages import BatchSeal, ClearingResult, Outcome, Rejection
from clearing.sese023 import Envelope

LACK: Final = "LACK"
"""The seller's account lacks units."""
MONY: Final = "MONY"
"""The buyer's cash is short."""
BLOC: Final = "BLOC"
"""One of the accounts is blocked."""
SAFE: Final = "SAFE"
"""An account is unknown, or the funds account is not its own."""


class Balances(Struct, frozen=True, kw_only=True):
    """What counts at an instruction's turn: free of freezes, before the instruction."""

    seller_free_t: int
    buyer_free_fen: int
    is_blocked: bool


def shortfall(delivery: Delivery, balances: Balances) -> str:
    """Return why an instruction cannot settle at its turn, empty if it can; never settles in part."""
    if balances.is_blocked:
        return BLOC
    if balances.seller_free_t < delivery.quantity_t:
        return LACK
    if balances.buyer_free_fen < delivery.amount_fen:
        return MONY
    return ""


def blame(short_fen: int, failed_sales: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return the earlier failed sales whose proceeds would have covered a shortage, else nothing (X11)."""
    named: list[str] = []
    for tx_id, amount_fen in failed_sales:
        named.append(tx_id)
        short_fen -= amount_fen
        if short_fen <= 0:
            return tuple(named)
    return ()


def batch_id(date: str) -> str:
    """Return the name of a day's batch."""
    return f"B{date.replace('-', '')}01"


def seal(date: str, envelopes: Sequence[Envelope]) -> BatchSeal:
    """Return counts, sums and hash of a day's instructions in execution order."""
    deliveries = [deliver(envelope) for envelope in envelopes]
    return BatchSeal(
        batch=batch_id(date),
        date=date,
        count=len(envelopes),
        quantity_t=sum(delivery.quantity_t for delivery in deliveries),
        amount_fen=sum(delivery.amount_fen for delivery in deliveries),
        hash=chain_hash(body_hash(encode(envelope)) for envelope in envelopes),
    )


def clearing_result(
    sealed: BatchSeal, accepted: Iterable[tuple[int, int]], rejections: Sequence[Rejection]
) -> ClearingResult:
    """Return the clearing result of a batch: both sides compute it, so both can compare it (R92)."""
    count = quantity_t = amount_fen = 0
    for tonnes, fen in accepted:
        count, quantity_t, amount_fen = count + 1, quantity_t + tonnes, amount_fen + fen
    content = (sealed.batch, sealed.count, count, quantity_t, amount_fen, sealed.hash, rejections)
    return ClearingResult(
        batch=sealed.batch,
        count=sealed.count,
        accepted=count,
        quantity_t=quantity_t,
        amount_fen=amount_fen,
        seal_hash=sealed.hash,
        rejections=tuple(rejections),
        hash=hashlib.sha256(msgspec.msgpack.encode(content)).hexdigest(),
    )


def outcome_hash(outcomes: Iterable[Outcome]) -> str:
    """Return one SHA-256 over all outcomes of a batch in execution order."""
    rolled = hashlib.sha256()
    for row in outcomes:
        rolled.update(msgspec.msgpack.encode(row))
    return rolled.hexdigest()
