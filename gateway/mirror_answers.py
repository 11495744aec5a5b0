"""Makes the answers of the HTTP mirror from the exchange's views, the feed and the tape."""

import time
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from typing import TYPE_CHECKING

from engine.events import Bulletin
from engine.units import midnight_ns
from gateway import wire
from gateway.frames_book import BookSnapshot
from gateway.frames_pushed import StatusChanged
from gateway.mirror_routes import (
    INTERVALS,
    Alive,
    BulletinsAnswer,
    Candle,
    CandlesAnswer,
    MarketsAnswer,
    NoticesAnswer,
    ProcessStatus,
    Readiness,
    TimeAnswer,
    TradesAnswer,
)
from gateway.tape import Tape

if TYPE_CHECKING:
    from gateway.server import Server


class Answers:
    """One method per route, named as the route; what they return is converted and kept by `Mirror`."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self.tape = Tape(server.feed, server.sequencer.history)
        self._products = {view.product for view in server.sequencer.exchange.market().products}
        self._began_s = time.monotonic()

    def has_product(self, product: str) -> bool:
        """Say whether the market has a product of that code."""
        return product in self._products

    def markets(self) -> MarketsAnswer:
        """Return the market with all quotes."""
        market = self._server.sequencer.exchange.market()
        return MarketsAnswer(
            sequence=market.sequence,
            time_ns=self._server.now_ns(),
            notice=wire.DEMO_NOTICE,
            market=market,
        )

    def book(self, product: str) -> BookSnapshot:
        """Return a product's best levels."""
        return self._server.feed.book_snapshot(product)

    def status(self) -> StatusChanged:
        """Return what the exchange accepts now."""
        return self._server.publisher.status_frame()

    def trades(self, product: str, after: int | None, limit: int) -> TradesAnswer:
        """Return listed trades of a product."""
        self._whole_tape()
        rows, has_more = self.tape.of(product).rows(after, limit)
        return TradesAnswer(
            sequence=self._server.feed.sequence, product=product, trades=rows, has_more=has_more
        )

    def _whole_tape(self) -> None:
        while not self.tape.catch_up():
            pass  # behind a start a few times, else once

    def candles(self, product: str, interval: str, limit: int) -> CandlesAnswer:
        """Return candles of a product, days from its bulletins."""
        self._whole_tape()
        seconds = INTERVALS[interval]
        is_days = interval == "1d"
        candles = (
            self._days(product, limit) if is_days else self.tape.of(product).candles(seconds, limit)
        )
        return CandlesAnswer(
            sequence=self._server.feed.sequence,
            product=product,
            interval=interval,
            candles=candles,
        )

    def bulletins(self, after: str | None, limit: int) -> BulletinsAnswer:
        """Return daily bulletins."""
        exchange = self._server.sequencer.exchange
        rows = exchange.bulletins()
        if after is None:
            found, has_more = rows[-limit:], False
        else:
            later = tuple(islice((row for row in rows if row.date > after), limit + 1))
            found, has_more = later[:limit], len(later) > limit
        return BulletinsAnswer(sequence=exchange.sequence, bulletins=found, has_more=has_more)

    def notices(self) -> NoticesAnswer:
        """Return the notices of the open or last trading day."""
        exchange = self._server.sequencer.exchange
        return NoticesAnswer(sequence=exchange.sequence, notices=exchange.notices())

    def time(self) -> TimeAnswer:
        """Return exchange time and the gateway's own."""
        return TimeAnswer(
            sequence=self._server.sequencer.exchange.sequence,
            time_ns=self._server.now_ns(),
            server_time_ns=time.time_ns(),
        )

    def livez(self) -> Alive:
        """Return that the loop answers."""
        return Alive()

    def readyz(self) -> Readiness:
        """Return whether commands are taken; the server listens only when the log is recovered."""
        sequencer = self._server.sequencer
        has_journal = sequencer.failure is None
        has_room = sequencer.acceptance.reason not in {"disk_low", "disk_full"}
        return Readiness(
            is_ready=has_journal and has_room,
            is_recovered=True,
            has_journal=has_journal,
            has_room=has_room,
        )

    def process(self) -> ProcessStatus:
        """Return what an operator's watch asks of the process."""
        server = self._server
        exchange, acceptance = server.sequencer.exchange, server.sequencer.acceptance
        return ProcessStatus(
            version=_version(),
            protocol=wire.PROTOCOL_VERSION,
            role="primary",
            sequence=exchange.sequence,
            time_ns=server.now_ns(),
            date=exchange.market().date,
            accepts=acceptance.mode,
            reason=acceptance.reason,
            clock=server.clock_mode,
            connections=len(server.connections),
            uptime_s=int(time.monotonic() - self._began_s),
            readiness=self.readyz(),
        )

    def _days(self, product: str, limit: int) -> tuple[Candle, ...]:
        exchange = self._server.sequencer.exchange
        closed = exchange.bulletins()[-limit:]
        days = [_day(bulletin, product) for bulletin in closed]
        market = exchange.market()
        if market.date and not (closed and closed[-1].date == market.date):
            quote = next(view for view in market.products if view.product == product)
            days.append(
                Candle(
                    begin_ns=midnight_ns(market.date),
                    open_fen=quote.open_fen,
                    high_fen=quote.high_fen,
                    low_fen=quote.low_fen,
                    close_fen=quote.last_fen,
                    quantity_t=quote.listed_quantity_t,
                    amount_fen=quote.listed_amount_fen,
                    trades=quote.listed_trades,
                )
            )
        return tuple(day for day in days if day is not None and day.trades)[-limit:]


def _day(bulletin: Bulletin, product: str) -> Candle | None:
    row = next((row for row in bulletin.products if row.product == product), None)
    if row is None:
        return None
    return Candle(
        begin_ns=midnight_ns(bulletin.date),
        open_fen=row.open_fen,
        high_fen=row.high_fen,
        low_fen=row.low_fen,
        close_fen=row.close_fen,
        quantity_t=row.listed_quantity_t,
        amount_fen=row.listed_amount_fen,
        trades=row.listed_trades,
    )


def _version() -> str:
    try:
        return version("ceax")
    except PackageNotFoundError:
        return "0"
