"""From the registry's outbox to the exchange: deposits and transfers in, each booked exactly once (R16)."""

import asyncio
import logging
from typing import Final

from clearing.exchange_port import ExchangePort
from clearing.messages import Movement
from clearing.registry_client import RegistryClient
from clearing.retry import persist
from clearing.store import Store
from engine.commands import Deposit, TransferIn
from engine.reasons import EXPLANATIONS
from gateway.client import Answer

WINDOW: Final = 32
"""Most commands that wait for the exchange's answer at a time."""
log = logging.getLogger("clearing")


class Mover:
    """Takes movements over and books them; safe to stop and to repeat at any point."""

    def __init__(self, exchange: ExchangePort, registry: RegistryClient, store: Store) -> None:
        self.exchange = exchange
        self.registry = registry
        self.store = store
        self.turn = asyncio.Lock()
        """Held by whoever needs the booked movements to stand still."""

    async def book_waiting(self) -> int:
        """Take over what is new, book what can be booked; return how many were booked or refused."""
        async with self.turn:
            return await self.book_all()

    async def book_all(self) -> int:
        """Do a round; the caller holds `turn`."""
        while page := await self.registry.movements(self.store.movements.last()):
            self.store.movements.take(page)
        done = 0
        while rows := self.store.movements.bookable(WINDOW):
            answers = await asyncio.gather(
                *(self._book(movement, participant) for movement, participant in rows)
            )
            self.store.movements.finish(answers)
            done += len(answers)
        return done

    async def _book(self, movement: Movement, participant: int) -> tuple[str, str]:
        command = command_of(movement, participant)
        answer = await persist(
            f"movement {movement.reference}", lambda: self.exchange.submit(command)
        )
        text = refusal_text(answer)
        if text:
            log.error("the exchange refused movement %s: %s", movement.reference, text)
        return movement.reference, text


def command_of(movement: Movement, participant: int) -> Deposit | TransferIn:
    """Return the command that books a movement; its reference makes a repeat harmless."""
    if movement.kind == "deposit":
        return Deposit(
            participant=participant,
            amount_fen=movement.amount_fen,
            reference=movement.reference,
        )
    return TransferIn(
        participant=participant,
        product=movement.product,
        quantity_t=movement.quantity_t,
        reference=movement.reference,
    )


def refusal_text(answer: Answer) -> str:
    """Return why the exchange refused, empty where it booked or had booked before (no events)."""
    refused = answer.refused
    if refused is None:
        return ""
    return f"{refused.reason.name} {EXPLANATIONS[refused.reason].en}"
