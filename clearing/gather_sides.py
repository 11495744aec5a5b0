"""What reconciliation compares, read from the three sides as of one registry transaction."""

import asyncio
from functools import partial
from itertools import islice
from typing import Final

from msgspec import Struct

from clearing.exchange_port import ExchangePort
from clearing.instructions import PartyFacts
from clearing.lifecycle import State
from clearing.messages import Movement, Outcome, Snapshot
from clearing.movements import WINDOW, Mover
from clearing.reconcile import CASH, Check, InstructionSides, Key, Position, Sides
from clearing.registry_client import RegistryClient
from clearing.retry import StillPending, persist
from clearing.settle import batch_id
from clearing.store import Store
from engine.views import Account, TradeView
from gateway.client import RequestFailed

ROUNDS_MAX: Final = 20
"""Most tries to read a snapshot that no new movement overtakes."""


class Gathered(Struct, frozen=True, kw_only=True):
    """The sides and what the report says beside them."""

    sides: Sides
    snapshot: Snapshot
    waiting: tuple[Movement, ...]
    """Movements of accounts that are not admitted: on the registry's side only, and left out."""


async def gather_sides(
    exchange: ExchangePort,
    registry: RegistryClient,
    store: Store,
    mover: Mover,
    date: str,
) -> Gathered:
    """Read all three sides; movements are booked first and then held, so that all stand on one basis."""
    async with mover.turn:
        snapshot = await _quiet_snapshot(registry, store, mover)
        parties = store.parties()
        accounts = await _accounts(exchange, parties)
        waiting = tuple(movement for movement, _ in store.movements.in_state("WAITING"))
    outcomes = await _outcomes(registry, date)
    return Gathered(
        sides=Sides(
            date=date,
            checks=await _checks(registry, store, snapshot, outcomes, date),
            exchange=_exchange_side(parties, accounts),
            registry=_registry_side(snapshot, waiting),
            bank=_bank_side(snapshot, waiting),
            bank_pool_fen=snapshot.pool_fen - sum(row.amount_fen for row in waiting),
            instructions=_instructions(
                store, parties, outcomes, await _trades(exchange, date), date
            ),
        ),
        snapshot=snapshot,
        waiting=waiting,
    )


async def _trades(exchange: ExchangePort, date: str) -> tuple[TradeView, ...]:
    """Return the exchange's own list of a day's trades, empty where it no longer keeps that day."""
    try:
        return await persist("list of trades", lambda: exchange.trades(date=date))
    except RequestFailed:
        return ()


async def _quiet_snapshot(registry: RegistryClient, store: Store, mover: Mover) -> Snapshot:
    """Return a snapshot whose every movement of an admitted participant is booked."""
    for _ in range(ROUNDS_MAX):
        await persist("movements", mover.book_all)
        snapshot = await persist("snapshot", registry.snapshot)
        if snapshot.movement == store.movements.last():
            return snapshot
    raise StillPending("new movements overtook the snapshot each time; they will be counted later")


async def _accounts(exchange: ExchangePort, parties: dict[int, PartyFacts]) -> dict[int, Account]:
    numbers, found = iter(sorted(parties)), dict[int, Account]()
    while some := list(islice(numbers, WINDOW)):
        answers = await asyncio.gather(
            *(persist("account", partial(exchange.account, n)) for n in some)
        )
        found.update(zip(some, answers, strict=True))
    return found


async def _outcomes(registry: RegistryClient, date: str) -> list[Outcome]:
    found: list[Outcome] = []
    while page := await persist("outcomes", partial(registry.outcomes, batch_id(date), len(found))):
        found += page
    return found


def _exchange_side(
    parties: dict[int, PartyFacts], accounts: dict[int, Account]
) -> dict[Key, Position]:
    """Return settled positions: A + L + D + F + J per product, S in cash; I and R are not settled yet."""
    side: dict[Key, Position] = {}
    for number, account in accounts.items():
        name = parties[number].registry_account
        side[Key(name, CASH)] = Position(account.cash.settled_fen)
        for row in account.holdings:
            settled = row.available_t + row.locked_t + row.sold_t + row.delivered_t + row.frozen_t
            side[Key(name, row.product)] = Position(settled, row.frozen_t)
    return _without_nothing(side)


def _registry_side(snapshot: Snapshot, waiting: tuple[Movement, ...]) -> dict[Key, Position]:
    side: dict[Key, Position] = {}
    for row in snapshot.holdings:
        settled = row.trading_t + row.trading_frozen_t
        side[Key(row.account, row.product)] = Position(settled, row.trading_frozen_t)
    for cash in snapshot.cash:
        settled = cash.settlement_fen + cash.settlement_frozen_fen
        side[Key(cash.account, CASH)] = Position(settled, cash.settlement_frozen_fen)
    for movement in waiting:
        key = Key(movement.account, movement.product or CASH)
        before = side[key]
        amount = movement.quantity_t + movement.amount_fen  # one of the two is zero
        side[key] = Position(before.settled - amount, before.frozen)
    return _without_nothing(side)


def _bank_side(snapshot: Snapshot, waiting: tuple[Movement, ...]) -> dict[Key, int]:
    side = {Key(row.account, CASH): row.bank_pool_fen for row in snapshot.cash}
    for movement in waiting:
        if movement.amount_fen:
            side[Key(movement.account, CASH)] -= movement.amount_fen
    return {key: amount for key, amount in side.items() if amount}


def _without_nothing(side: dict[Key, Position]) -> dict[Key, Position]:
    return {key: position for key, position in side.items() if position != Position(0)}


def _instructions(
    store: Store,
    parties: dict[int, PartyFacts],
    outcomes: list[Outcome],
    views: tuple[TradeView, ...],
    date: str,
) -> tuple[InstructionSides, ...]:
    theirs = {outcome.tx_id: outcome for outcome in outcomes}
    told = {view.trade: view.state for view in views}
    found = []
    for row in store.instructions(date):
        outcome = theirs.get(row.tx_id)
        # The exchange lists the last day's trades; of an older day its drop copy has told.
        exchange = told.get(row.trade, row.told)
        found.append(
            InstructionSides(
                tx_id=row.tx_id,
                product=row.product,
                quantity_t=row.quantity_t,
                amount_fen=row.quantity_t * row.price_fen,
                seller=parties[row.seller].registry_account,
                buyer=parties[row.buyer].registry_account,
                clearing="settled" if row.state is State.SETTLED else "failed",
                registry=_word(outcome),
                registry_quantity_t=outcome.quantity_t if outcome else 0,
                registry_amount_fen=outcome.amount_fen if outcome else 0,
                exchange=exchange,
            )
        )
    return tuple(found)


def _word(outcome: Outcome | None) -> str:
    if outcome is None:
        return "unknown"
    return "settled" if outcome.state == "SETTLED" else "failed"


async def _checks(
    registry: RegistryClient,
    store: Store,
    snapshot: Snapshot,
    outcomes: list[Outcome],
    date: str,
) -> tuple[Check, ...]:
    """Return level 0: what was sent, cleared and answered, each as the sides counted it."""
    sealed, result, row = store.sealed(date), store.cleared(date), store.day(date)
    batch = await persist("batch", lambda: registry.batch(batch_id(date)))
    quantity_t = sum(outcome.quantity_t for outcome in outcomes)
    amount_fen = sum(outcome.amount_fen for outcome in outcomes)
    counts = store.movements.counts()
    figures = (
        ("instructions", sealed.count, batch.count),
        ("outcomes", sealed.count, len(outcomes)),
        ("quantity_t", row.quantity_t, quantity_t),
        ("amount_fen", row.amount_fen, amount_fen),
        ("seal hash", sealed.hash, result.seal_hash),
        ("outcome hash", row.outcome_hash, batch.outcome_hash),
        ("movements", sum(counts.values()), snapshot.movement),
        ("refused movements", counts.get("REFUSED", 0), 0),
    )
    return tuple(
        Check(level=0, name=name, sides={"exchange": str(here), "registry": str(there)})
        for name, here, there in figures
    )
