"""The end of a day, step by step: seal, send, clear, confirm, deliver, book, reconcile (R91–R93, R97).

Every step is repeatable and its result is stored before the next begins, so a crash of any side at any
moment costs time and nothing else.
"""

import asyncio
import logging
from functools import partial
from typing import Final

from clearing.collector import trade_of_view
from clearing.exchange_port import ExchangePort
from clearing.gather_sides import gather_sides
from clearing.instructions import Market, PartyFacts, TradeFacts, instruct
from clearing.lifecycle import DayState, DayStep, State, Step
from clearing.messages import PAGE_MAX, BatchConfirm, InstructionPage, Outcome
from clearing.movements import WINDOW, Mover, refusal_text
from clearing.reconcile import reconcile
from clearing.registry_client import RegistryClient, RegistryRefused
from clearing.report import day_report, encode_report
from clearing.retry import StillPending, pause, persist
from clearing.sese023 import Envelope
from clearing.settle import batch_id, clearing_result, outcome_hash, seal
from clearing.store import InstructionRow, Store
from engine.commands import FailTrade, SettleTrade
from engine.units import midnight_ns
from gateway.client import RequestFailed

POLL_MS: Final = 50
POLLS_MAX: Final = 1_200
"""Polls without progress until delivery is said to be pending."""
AT_REST: Final = frozenset({DayState.OPEN, DayState.RECONCILED, DayState.BREAKS})
log = logging.getLogger("clearing")


class Disagreement(Exception):
    """The sides contradict each other: the day stops here until a person has looked."""


class EndOfDay:
    """Leads every closed day to its end, oldest first."""

    def __init__(
        self,
        exchange: ExchangePort,
        registry: RegistryClient,
        store: Store,
        mover: Mover,
        market: Market,
    ) -> None:
        self.exchange = exchange
        self.registry = registry
        self.store = store
        self.mover = mover
        self.market = market

    async def run(self, *, again: bool = False) -> None:
        """Finish every day that is closed; with `again`, reconcile days with breaks once more.

        What stops a day is stored as its problem; the days behind it wait.
        """
        for row in self.store.days():
            if row.state is DayState.BREAKS and again:
                await self._guarded(row.date, once=True)
            elif row.state not in AT_REST and not await self._guarded(row.date):
                return

    async def _guarded(self, date: str, *, once: bool = False) -> bool:
        try:
            if once:
                await self._reconcile(date)
            else:
                await self._finish(date)
        except (Disagreement, StillPending, RegistryRefused, RequestFailed) as error:
            log.error("%s stops: %s", date, error)  # noqa: TRY400 - a known stop needs no traceback
            self.store.set_problem(date, str(error))
            return False
        return True

    async def _finish(self, date: str) -> None:
        steps = {
            DayState.CLOSED: self._seal,
            DayState.SEALED: self._send,
            DayState.SENT: self._clear,
            DayState.CLEARED: self._confirm,
            DayState.CONFIRMED: self._deliver,
            DayState.DELIVERED: self._book,
            DayState.BOOKED: self._reconcile,
        }
        while (state := self.store.day(date).state) in steps:
            await steps[state](date)
            log.info("%s is %s", date, self.store.day(date).state)

    # ------------------------------------------------------------ the steps

    async def _seal(self, date: str) -> None:
        """Make the batch a fixed list, after proving that the drop copy brought every trade."""
        views = await persist("list of trades", self.exchange.unsettled)
        trades = self.store.trades(date)
        known = {trade.trade: trade for trade in trades}
        for view in views:
            if view.date == date and known.get(view.trade) != trade_of_view(view):
                raise Disagreement(f"trade {view.trade} differs from the drop copy or is missing")
        row = self.store.day(date)
        quantity_t = sum(trade.quantity_t for trade in trades)
        amount_fen = sum(trade.quantity_t * trade.price_fen for trade in trades)
        if (quantity_t, amount_fen) != (row.quantity_t, row.amount_fen):
            raise Disagreement(
                f"the trades add up to {quantity_t} t and {amount_fen} fen,"
                f" the bulletin to {row.quantity_t} t and {row.amount_fen} fen"
            )
        envelopes = self._instruct(date, trades, self.store.parties())
        sealed = seal(date, envelopes)
        self.store.seal_day(sealed, list(zip(trades, envelopes, strict=True)))

    def _instruct(
        self, date: str, trades: list[TradeFacts], parties: dict[int, PartyFacts]
    ) -> list[Envelope]:
        unknown = {n for trade in trades for n in (trade.buyer, trade.seller)} - parties.keys()
        if unknown:
            raise Disagreement(f"accounts of participants {sorted(unknown)} are not known")
        # A stamp that the log decides: made again after a loss, the same trade is the same message.
        created_ns = max((trade.time_ns for trade in trades), default=midnight_ns(date))
        return [
            instruct(
                trade, parties[trade.seller], parties[trade.buyer], self.market, number, created_ns
            )
            for number, trade in enumerate(trades, 1)
        ]

    async def _send(self, date: str) -> None:
        count = self.store.sealed(date).count
        for first in range(1, count + 1, PAGE_MAX):
            envelopes = tuple(self.store.bodies(date, first, PAGE_MAX))
            names = [envelope.SctiesSttlmTxInstr.TxId for envelope in envelopes]
            self.store.step_all(names, Step.SEND)
            page = InstructionPage(
                batch=batch_id(date), date=date, first=first, instructions=envelopes
            )
            await persist(f"page {first}", partial(self.registry.send_page, page))
        self.store.step_day(date, DayStep.SEND)

    async def _clear(self, date: str) -> None:
        """Get the clearing result and compare it with our own computation of it (R92)."""
        sealed = self.store.sealed(date)
        result = await persist("clearing", lambda: self.registry.seal_batch(sealed))
        rejected = {row.tx_id for row in result.rejections}
        rows = self.store.instructions(date)
        accepted = [
            (row.quantity_t, row.quantity_t * row.price_fen)
            for row in rows
            if row.tx_id not in rejected
        ]
        ours = clearing_result(sealed, accepted, result.rejections)
        if rejected - {row.tx_id for row in rows} or result != ours:
            raise Disagreement(f"the registry's clearing result {result.hash} is not {ours.hash}")
        self.store.clear_day(date, result)

    async def _confirm(self, date: str) -> None:
        confirm = BatchConfirm(batch=batch_id(date), result_hash=self.store.cleared(date).hash)
        await persist("confirmation", lambda: self.registry.confirm_batch(confirm))
        self.store.confirm_day(date)

    async def _deliver(self, date: str) -> None:
        """Wait until the registry has settled or failed each instruction; keep what it says."""
        batch = batch_id(date)
        decided, idle = -1, 0
        while True:
            view = await persist("delivery", lambda: self.registry.batch(batch))
            if view.state == "DONE":
                break
            progress = view.settled + view.failed
            decided, idle = progress, 0 if progress > decided else idle + 1
            if idle > POLLS_MAX:
                raise StillPending(f"delivery of {batch} stands at {progress} of {view.count}")
            await pause(POLL_MS)
        outcomes: list[Outcome] = []
        while len(outcomes) < view.count:
            page = await persist("outcomes", partial(self.registry.outcomes, batch, len(outcomes)))
            if not page:
                break
            outcomes += page
        rows = self.store.instructions(date)
        named = [row.tx_id for row in rows] == [outcome.tx_id for outcome in outcomes]
        if not named or outcome_hash(outcomes) != view.outcome_hash:
            raise Disagreement(f"the outcomes of {batch} are not those of its hash")
        self.store.deliver_day(
            date,
            view.outcome_hash,
            [(o.tx_id, o.state == "SETTLED", o.code, o.because_of) for o in outcomes],
        )

    async def _book(self, date: str) -> None:
        """Tell the exchange what became of each trade; the TxId is the reference, so once only."""
        untold = [row for row in self.store.instructions(date) if not row.told]
        for first in range(0, len(untold), WINDOW):
            rows = untold[first : first + WINDOW]
            self.store.tell(await asyncio.gather(*(self._tell(row) for row in rows)))
        self.store.step_day(date, DayStep.BOOK)

    async def _tell(self, row: InstructionRow) -> tuple[str, str]:
        command = answer_command(row)
        answer = await persist(f"answer {row.tx_id}", lambda: self.exchange.submit(command))
        if text := refusal_text(answer):
            raise Disagreement(f"the exchange refused the answer to {row.tx_id}: {text}")
        return row.tx_id, "settled" if row.state is State.SETTLED else "failed"

    async def _reconcile(self, date: str) -> None:
        """Compare exchange, registry and bank; keep the report."""
        gathered = await gather_sides(self.exchange, self.registry, self.store, self.mover, date)
        result = reconcile(gathered.sides)
        report = day_report(self.store, gathered, result)
        self.store.keep_report(date, result.breaks_found, encode_report(report))


def answer_command(row: InstructionRow) -> SettleTrade | FailTrade:
    """Return what the exchange must book for an instruction that has come to its end."""
    if row.state is State.SETTLED:
        return SettleTrade(trade=row.trade, reference=row.tx_id)
    because = f" because of {row.because_of[0]}" if row.because_of else ""
    return FailTrade(trade=row.trade, reason=f"{row.code}{because}", reference=row.tx_id)
