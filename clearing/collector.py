"""From the drop copy into the store: every event that clearing needs, once, with the place it came from."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from clearing.exchange_port import ExchangePort
from clearing.instructions import PartyFacts, TradeFacts
from clearing.lifecycle import DayState
from clearing.store import Store
from engine.commands import Side
from engine.events import (
    AnyEvent,
    DayClosed,
    DayOpened,
    Deposited,
    ParticipantAdmitted,
    Traded,
    TradeFailed,
    TradeSettled,
    TradeVoided,
    TransferredIn,
)
from engine.views import TradeView
from gateway.client import Disconnected, Gap, Message, Reconnected
from gateway.wire import DropCopy

GROUP_MAX: Final = 200
"""Most drop copies that one transaction stores."""
log = logging.getLogger("clearing")


class Collector:
    """Reads the drop copy; `stirred` is called when something may be due."""

    def __init__(self, exchange: ExchangePort, store: Store, stirred: Callable[[], None]) -> None:
        self.exchange = exchange
        self.store = store
        self._stirred = stirred

    async def run(self) -> None:
        """Follow the drop copy from the stored cursor until the connection ends for good."""
        await self.take_participants()
        await self.exchange.subscribe("drop", after=self.store.cursor())
        waiting: asyncio.Queue[Message | None] = asyncio.Queue(GROUP_MAX)
        reading = asyncio.create_task(self._read(waiting))
        try:
            while (message := await waiting.get()) is not None:
                group = [message]
                while len(group) < GROUP_MAX and not waiting.empty():
                    following = waiting.get_nowait()
                    if following is None:
                        waiting.put_nowait(None)
                        break
                    group.append(following)
                await self._take(group)
        finally:
            reading.cancel()

    async def _read(self, waiting: "asyncio.Queue[Message | None]") -> None:
        while True:
            message = await self.exchange.next_message()
            await waiting.put(message)
            if message is None:
                return

    async def _take(self, group: list[Message]) -> None:
        run: list[DropCopy] = []
        for message in group:
            if isinstance(message, DropCopy):
                last = run[-1].sequence if run else self.store.cursor()
                if message.sequence > last + 1:  # a log that begins later, or a gap nobody told
                    self.store_copies(run)
                    run = []
                    await self.catch_up(message.sequence - 1)
                run.append(message)
            else:
                self.store_copies(run)
                run = []
                await self._notice(message)
        self.store_copies(run)

    async def _notice(self, message: Message) -> None:
        match message:
            case Disconnected():
                log.warning("the exchange is away: %s", message.text)
            case Reconnected():
                self._stirred()
            case Gap():
                log.warning("the exchange no longer keeps what followed %d", message.after)
                await self.catch_up(message.sequence)
            case _:
                pass

    def store_copies(self, copies: list[DropCopy]) -> None:
        """Store a run of drop copies and the cursor in one transaction; repeats change nothing."""
        if not copies:
            return
        is_due = False
        with self.store.database.write():
            cursor = self.store.cursor()
            for copy in copies:
                if copy.sequence <= cursor:
                    continue
                for event in copy.events:
                    is_due |= self._store_event(event)
                cursor = copy.sequence
            self.store.set_cursor(cursor)
        if is_due:
            self._stirred()

    def _store_event(self, event: AnyEvent) -> bool:
        """Store one event inside the open transaction; say whether work may be due."""
        store = self.store
        match event:
            case ParticipantAdmitted():
                store.add_participant(
                    PartyFacts(
                        participant=event.participant,
                        registry_account=event.registry_account,
                        funds_account=event.funds_account,
                    )
                )
                return True
            case DayOpened():
                store.open_day(event.date)
            case Traded():
                store.add_trade(trade_of(event, store.open_date()))
            case TradeVoided():
                store.void_trade(event.trade)
            case DayClosed():
                bulletin = event.bulletin
                store.open_day(bulletin.date)
                store.close_day(bulletin.date, bulletin.quantity_t, bulletin.amount_fen)
                return True
            case Deposited() | TransferredIn():
                store.movements.mark_booked(event.reference)
            case TradeSettled():
                store.mark_told(event.reference, "settled")
            case TradeFailed():
                store.mark_told(event.reference, "failed")
            case _:
                pass
        return False

    async def take_participants(self) -> None:
        """Store the accounts of all participants, also of those admitted before the kept log."""
        views = await self.exchange.participants()
        with self.store.database.write():
            for view in views:
                self.store.add_participant(
                    PartyFacts(
                        participant=view.participant,
                        registry_account=view.registry_account,
                        funds_account=view.funds_account,
                    )
                )

    async def catch_up(self, sequence: int) -> None:
        """Fill a gap up to `sequence` by questions: participants, unsettled trades, closed days.

        Answers to clearing's own commands need no question: the same command sent again is harmless.
        """
        await self.take_participants()
        views = await self.exchange.unsettled()
        bulletins = await self.exchange.bulletins()
        with self.store.database.write():
            for view in views:
                self.store.open_day(view.date)
                self.store.add_trade(trade_of_view(view))
            self._void_missing({view.trade for view in views})
            known = {row.date for row in self.store.days()}
            for bulletin in bulletins:
                if bulletin.date in known:
                    self.store.close_day(bulletin.date, bulletin.quantity_t, bulletin.amount_fen)
            self.store.set_cursor(max(sequence, self.store.cursor()))
        self._stirred()

    def _void_missing(self, unsettled: set[int]) -> None:
        """Find what was voided in the gap: nobody but clearing settles, and it has sent nothing yet."""
        for row in self.store.days():
            if row.state in (DayState.OPEN, DayState.CLOSED):
                for trade in self.store.trades(row.date):
                    if trade.trade not in unsettled:
                        self.store.void_trade(trade.trade)


def trade_of(event: Traded, date: str) -> TradeFacts:
    """Return a trade with its parties named as buyer and seller."""
    taker_buys = event.side is Side.BUY
    return TradeFacts(
        trade=event.trade,
        date=date,
        time_ns=event.time_ns,
        method=event.method,
        product=event.product,
        price_fen=event.price_fen,
        quantity_t=event.quantity_t,
        buyer=event.participant if taker_buys else event.counterparty,
        seller=event.counterparty if taker_buys else event.participant,
        buy_order=event.order if taker_buys else event.resting_order,
        sell_order=event.resting_order if taker_buys else event.order,
    )


def trade_of_view(view: TradeView) -> TradeFacts:
    """Return the same facts from the exchange's own list of trades."""
    return TradeFacts(
        trade=view.trade,
        date=view.date,
        time_ns=view.time_ns,
        method=view.method,
        product=view.product,
        price_fen=view.price_fen,
        quantity_t=view.quantity_t,
        buyer=view.buyer,
        seller=view.seller,
        buy_order=view.buy_order,
        sell_order=view.sell_order,
    )
