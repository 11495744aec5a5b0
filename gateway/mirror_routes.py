"""The table of the HTTP mirror: paths, bounded parameters and answers, from which OpenAPI is generated."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from engine.commands import IsoDate, ProductCode, Side
from engine.events import Bulletin, NoticePublished
from engine.views import MarketView
from gateway.frames_book import BookSnapshot
from gateway.frames_pushed import StatusChanged
from gateway.frames_replies import Outcome, Retry

METHODS: Final = ("GET", "HEAD")
"""What is taken over HTTP, by the mirror and for metrics."""
TRADES_MAX: Final = 1_000
"""Most trades of one answer."""
CANDLES_MAX: Final = 1_000
"""Most candles of one answer."""
BULLETINS_MAX: Final = 250
"""Most bulletins of one answer: a year of trading days."""
INTERVALS: Final[dict[str, int]] = {"1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "1d": 86_400}
"""Seconds of a candle by its name; days are trading days of Beijing time."""
NUMBER_MAX: Final = 2**53 - 1
"""Largest number that every JSON reader keeps exactly."""


BAD: Final = (400, "a parameter is unknown, missing, doubled or outside its bounds")
UNKNOWN: Final = (404, "no such product")
LIMITED: Final = (429, "too many requests from this address; Retry-After says when")
NOT_READY: Final = (503, "not ready")


class Parameter(Struct, frozen=True, kw_only=True):
    """One parameter of a path or query; `type` bounds it."""

    name: str
    place: Literal["path", "query"]
    type: Any
    """A type that msgspec converts the text to, with its bounds."""
    summary: str
    summary_zh: str
    default: Any = None
    """Of an optional parameter that was left out."""
    is_required: bool = False


class Route(Struct, frozen=True, kw_only=True):
    """One address of the mirror for `GET`; `HEAD` is answered likewise, without a body."""

    name: str
    path: str
    """With `{name}` where a path parameter stands."""
    summary: str
    summary_zh: str
    reply: type[Struct]
    parameters: tuple[Parameter, ...] = ()
    cache_s: int = 1
    """How long a cache may keep the answer, 0 = not at all."""
    is_free: bool = False
    """It costs no tokens of the caller's bucket."""

    @property
    def statuses(self) -> tuple[tuple[int, str], ...]:
        """Other answers than 200, each a HTTP status and when it comes; all but 503 of `/readyz` are `HttpError`."""
        has_product = any(parameter.name == "product" for parameter in self.parameters)
        return (
            BAD,
            *((UNKNOWN,) if has_product else ()),
            *(() if self.is_free else (LIMITED,)),
            *((NOT_READY,) if self.reply is Readiness else ()),
        )


class HttpError(Struct, frozen=True, kw_only=True):
    """Every refusal of the mirror: the same stable codes as on the websocket."""

    code: str
    number: int
    """As on the websocket (`codes.FAULTS`)."""
    text: str
    place: str = ""
    """Name of the parameter that is meant, "" where none is."""
    outcome: Outcome
    retry: Retry
    retry_after_ms: int = 0
    """When, where `retry` is `after`; else 0."""


class MarketsAnswer(Struct, frozen=True, kw_only=True):
    """The market with its phases and the quote of every product."""

    sequence: int
    time_ns: int
    notice: str
    """That this is a demonstration."""
    market: MarketView


class MirrorTrade(Struct, frozen=True, kw_only=True):
    """One listed trade without its parties (R65)."""

    trade: int
    sequence: int
    time_ns: int
    product: str
    price_fen: int
    quantity_t: int
    side: Side
    """The taker's side."""
    is_voided: bool
    """It counts no more (R81)."""


class TradesAnswer(Struct, frozen=True, kw_only=True):
    """Listed trades by rising number; ask on with `after` = the last number while `has_more`."""

    sequence: int
    product: str
    trades: tuple[MirrorTrade, ...]
    has_more: bool


class Candle(Struct, frozen=True, kw_only=True):
    """Prices and quantity of the listed trades of one interval; an interval without a trade has no candle."""

    begin_ns: int
    open_fen: int
    high_fen: int
    low_fen: int
    close_fen: int
    quantity_t: int
    amount_fen: int
    trades: int


class CandlesAnswer(Struct, frozen=True, kw_only=True):
    """Candles by rising time; intraday ones of the open and the last trading day, days from the bulletins."""

    sequence: int
    product: str
    interval: str
    candles: tuple[Candle, ...]


class BulletinsAnswer(Struct, frozen=True, kw_only=True):
    """Daily bulletins by rising date (R85)."""

    sequence: int
    bulletins: tuple[Bulletin, ...]
    has_more: bool


class NoticesAnswer(Struct, frozen=True, kw_only=True):
    """The exchange's notices of the open or last trading day."""

    sequence: int
    notices: tuple[NoticePublished, ...]


class TimeAnswer(Struct, frozen=True, kw_only=True):
    """Exchange time and the gateway's own, both ns UTC, and the last sequence of the log."""

    sequence: int
    time_ns: int
    server_time_ns: int


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether the exchange takes commands, and each thing that this needs."""

    is_ready: bool
    is_recovered: bool
    has_journal: bool
    """The journal can be written."""
    has_room: bool
    """Free disk is above the mark below which orders are refused."""


class ProcessStatus(Struct, frozen=True, kw_only=True):
    """What an operator's watch asks of the process."""

    version: str
    protocol: int
    role: str
    """primary: this process writes the log."""
    sequence: int
    time_ns: int
    date: str
    accepts: str
    """all, cancels or nothing."""
    reason: str
    clock: str
    connections: int
    uptime_s: int
    readiness: Readiness


class Alive(Struct, frozen=True, kw_only=True):
    """The event loop answers."""

    is_alive: bool = True


def _limit(maximum: int, default: int) -> Parameter:
    return Parameter(
        name="limit",
        place="query",
        type=Annotated[int, Meta(ge=1, le=maximum)],
        default=default,
        summary="most rows of the answer",
        summary_zh="最多返回行数",
    )


def _product(place: Literal["path", "query"]) -> Parameter:
    return Parameter(
        name="product",
        place=place,
        type=ProductCode,
        is_required=True,
        summary="code of a product",
        summary_zh="标的物代码",
    )


ROUTES: Final = (
    Route(
        name="markets",
        path="/v1/markets",
        summary="phases of the market and the quote of every product",
        summary_zh="市场阶段与全部标的物行情",
        reply=MarketsAnswer,
    ),
    Route(
        name="book",
        path="/v1/book/{product}",
        summary="the five best levels of a product",
        summary_zh="五档行情",
        parameters=(_product("path"),),
        reply=BookSnapshot,
    ),
    Route(
        name="trades",
        path="/v1/trades",
        summary="listed trades of the open and the last trading day, without parties",
        summary_zh="当日及上一交易日挂牌成交(不含成交双方)",
        parameters=(
            _product("query"),
            Parameter(
                name="after",
                place="query",
                type=Annotated[int, Meta(ge=0, le=NUMBER_MAX)],
                summary="number of a trade: only later ones; left out: the newest",
                summary_zh="成交编号,仅返回其后的成交;不填则返回最新成交",
            ),
            _limit(TRADES_MAX, 100),
        ),
        reply=TradesAnswer,
    ),
    Route(
        name="candles",
        path="/v1/candles/{product}",
        summary="open, high, low, close and quantity by interval",
        summary_zh="K线:开盘、最高、最低、收盘价及成交量",
        parameters=(
            _product("path"),
            Parameter(
                name="interval",
                place="query",
                type=Literal["1m", "5m", "15m", "1h", "1d"],
                default="1m",
                summary="length of a candle",
                summary_zh="周期",
            ),
            _limit(CANDLES_MAX, 500),
        ),
        reply=CandlesAnswer,
    ),
    Route(
        name="bulletins",
        path="/v1/bulletins",
        summary="daily bulletins by date",
        summary_zh="每日综合价格行情及成交信息",
        parameters=(
            Parameter(
                name="after",
                place="query",
                type=IsoDate,
                summary="a date: only later bulletins; left out: the newest",
                summary_zh="日期,仅返回其后的公告;不填则返回最新公告",
            ),
            _limit(BULLETINS_MAX, 30),
        ),
        reply=BulletinsAnswer,
    ),
    Route(
        name="notices",
        path="/v1/notices",
        summary="notices of the exchange",
        summary_zh="交易所公告",
        reply=NoticesAnswer,
    ),
    Route(
        name="time",
        path="/v1/time",
        summary="exchange time and the gateway's own",
        summary_zh="交易系统时间与服务器时间",
        reply=TimeAnswer,
        cache_s=0,
    ),
    Route(
        name="status",
        path="/v1/status",
        summary="what the exchange accepts now, and why",
        summary_zh="交易系统当前接受的指令及原因",
        reply=StatusChanged,
    ),
    Route(
        name="livez",
        path="/livez",
        summary="the process answers",
        summary_zh="进程存活",
        reply=Alive,
        cache_s=0,
        is_free=True,
    ),
    Route(
        name="readyz",
        path="/readyz",
        summary="the exchange takes commands",
        summary_zh="系统就绪(未就绪返回 503)",
        reply=Readiness,
        cache_s=0,
        is_free=True,
    ),
    Route(
        name="process",
        path="/status",
        summary="role, sequence, version and readiness of the process",
        summary_zh="进程角色、序号、版本与就绪状态",
        reply=ProcessStatus,
        cache_s=0,
    ),
)
