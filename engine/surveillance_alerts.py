"""What surveillance says: rules, severities, texts in both languages, and the bounded desk that raises alerts."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from engine.events import Event
from engine.units import format_yuan, participant_code


class Severity(StrEnum):
    """How soon a person should look; our own choice."""

    NOTICE = "notice"
    WARNING = "warning"
    ALARM = "alarm"


class Rule(StrEnum):
    """A pattern that surveillance looks for."""

    CLOSE_BY_FEW_TONNES = "close_by_few_tonnes"
    TRADE_AT_BAND_EDGE = "trade_at_band_edge"
    LATE_EXTREME = "late_extreme"
    FAR_LISTING_TAKEN = "far_listing_taken"
    CROSSING_LISTINGS = "crossing_listings"
    PAIRED_TRADES = "paired_trades"
    LIST_AND_CANCEL = "list_and_cancel"
    VOLUME_SHARE = "volume_share"
    HOLDING_SHARE = "holding_share"
    BLOCK_AT_BAND_EDGE = "block_at_band_edge"
    BLOCK_OFF_LISTED = "block_off_listed"
    ORDER_RATE = "order_rate"
    FEW_BIDDERS = "few_bidders"
    LARGE_HOLDER = "large_holder"
    WATCH_LIMIT = "watch_limit"


class Bounds(Struct, frozen=True, kw_only=True):
    """How much a watch remembers; what is past a bound is left out, and an alert says so."""

    listings: int = 262_144
    """Listings that stand at a time."""
    activities: int = 262_144
    """Participants with a product, of one day."""
    pairs: int = 131_072
    """Two participants with a product, of one day."""
    holdings: int = 524_288
    """Participants with a product, for the life of the market."""
    rates: int = 65_536
    """Participants whose order rate is counted, of one day."""
    prints: int = 262_144
    """Listed trades of one day: a voided one is taken out of the high and the low."""
    blocks: int = 4_096
    """Block trades of one day."""
    auctions: int = 4_096
    """Auctions of one day."""
    alerts: int = 1_000
    """Alerts of one rule and day."""
    proof: int = 16
    """Sequence numbers, and participants, that one alert or memory names."""


class Alert(Struct, frozen=True, kw_only=True):
    """One finding, with everything that a person needs to look it up in the journal."""

    rule: Rule
    severity: Severity
    date: str
    """Trading day, "" before the first."""
    time_ns: int
    """Exchange time of the event that raised it."""
    product: str
    """"" where the rule is about no single product."""
    participants: tuple[int, ...]
    figures: dict[str, int]
    """By name with the unit at its end: `_fen`, `_t`, `_bp`, `_s`, or a plain count."""
    zh: str
    en: str
    sequences: tuple[int, ...]
    """Commands of the journal that prove it, rising; the first or last ones where there are many."""


class _Words(Struct, frozen=True):
    severity: Severity
    zh: str
    en: str


RULES: Final[dict[Rule, _Words]] = {
    Rule.CLOSE_BY_FEW_TONNES: _Words(
        Severity.ALARM,
        "{product} 收盘价 {close_fen} 元仅由 {quantity_t} 吨({trades} 笔)挂牌成交决定,前收盘价 {previous_close_fen} 元",
        "the close of {product}, {close_fen} yuan, was decided by {quantity_t} t (trades: {trades}); "
        "the previous close is {previous_close_fen}",
    ),
    Rule.TRADE_AT_BAND_EDGE: _Words(
        Severity.WARNING,
        "{product} 挂牌成交价 {price_fen} 元达到涨跌幅边界 {edge_fen} 元,{quantity_t} 吨,{who}",
        "{product} traded at {price_fen} yuan, at the edge {edge_fen} of its band: {quantity_t} t, {who}",
    ),
    Rule.LATE_EXTREME: _Words(
        Severity.WARNING,
        "{product} 当日极值价 {price_fen} 元(此前 {before_fen} 元)在收市前 {window_s} 秒内由 {who} 打出",
        "{product} got its high or low of the day, {price_fen} yuan (before: {before_fen}), "
        "in the last {window_s} s by trades of {who}",
    ),
    Rule.FAR_LISTING_TAKEN: _Words(
        Severity.ALARM,
        "{product} 挂单价 {price_fen} 元偏离当日均价 {mean_fen} 元 {off_bp} %,{elapsed_s} 秒内被摘 {quantity_t} 吨,{who}",
        "a listing of {product} at {price_fen} yuan, {off_bp} % off the day's mean {mean_fen}, was taken "
        "after {elapsed_s} s: {quantity_t} t, {who}",
    ),
    Rule.CROSSING_LISTINGS: _Words(
        Severity.NOTICE,
        "{product} 买价 {bid_fen} 元与卖价 {ask_fen} 元交叉挂单已达 {crossing_s} 秒,{who}",
        "{product} listings cross, bid {bid_fen} and ask {ask_fen} yuan, for {crossing_s} s: {who}",
    ),
    Rule.PAIRED_TRADES: _Words(
        Severity.ALARM,
        "{product} 由 {who} 当日往返对敲成交:{trades} 笔,共 {quantity_t} 吨",
        "{who} traded {product} back and forth in one day: {trades} trades, {quantity_t} t in all",
    ),
    Rule.LIST_AND_CANCEL: _Words(
        Severity.WARNING,
        "{who} 连续挂单后撤单 {cancels} 次而无成交,{product} 共 {quantity_t} 吨",
        "{who} listed and cancelled {product} {cancels} times in a row without a trade, {quantity_t} t in all",
    ),
    Rule.VOLUME_SHARE: _Words(
        Severity.NOTICE,
        "{who} 参与 {product} 当日挂牌成交量的 {share_bp} %({quantity_t} / {volume_t} 吨)",
        "{who} was a party to {share_bp} % of the listed volume of {product} ({quantity_t} of {volume_t} t)",
    ),
    Rule.HOLDING_SHARE: _Words(
        Severity.WARNING,
        "{who} 持有 {product} 市场总量的 {share_bp} %({holding_t} / {total_t} 吨)",
        "{who} holds {share_bp} % of all {product} in the market ({holding_t} of {total_t} t)",
    ),
    Rule.BLOCK_AT_BAND_EDGE: _Words(
        Severity.WARNING,
        "{product} 大宗成交价 {price_fen} 元达到涨跌幅边界 {edge_fen} 元,{quantity_t} 吨,{who}",
        "a block of {product} traded at {price_fen} yuan, at the edge {edge_fen} of its band: "
        "{quantity_t} t, {who}",
    ),
    Rule.BLOCK_OFF_LISTED: _Words(
        Severity.WARNING,
        "{product} 大宗成交价 {price_fen} 元偏离当日挂牌均价 {mean_fen} 元 {off_bp} %,{quantity_t} 吨,{who}",
        "a block of {product} at {price_fen} yuan is {off_bp} % off the day's listed mean {mean_fen}: "
        "{quantity_t} t, {who}",
    ),
    Rule.ORDER_RATE: _Words(
        Severity.NOTICE,
        "{who} 在 {window_s} 秒内申报 {orders} 次",
        "{who} sent {orders} order commands within {window_s} s",
    ),
    Rule.FEW_BIDDERS: _Words(
        Severity.WARNING,
        "单向竞价 {auction} 号({product})仅 {bidders} 家报价({bids} 笔)即成交 {quantity_t} 吨,{who}",
        "auction {auction} of {product} sold {quantity_t} t with {bidders} bidders ({bids} bids): {who}",
    ),
    Rule.LARGE_HOLDER: _Words(
        Severity.NOTICE,
        "{who} 持有 {product} {holding_t} 吨,达到大户标准 {threshold_t} 吨",
        "{who} holds {holding_t} t of {product}, a large holder from {threshold_t} t on",
    ),
    Rule.WATCH_LIMIT: _Words(
        Severity.NOTICE,
        "监控容量已满({limit}),{what} 当日其余情况不再记录",
        "surveillance is full ({limit}): the rest of this day's {what} is not recorded",
    ),
}
"""How grave each rule is and what it says; `who` are the participants."""


def _words(name: str, value: int) -> str:
    if name.endswith(("_fen", "_bp")):
        return format_yuan(value)  # hundredths both: fen of a yuan, basis points of a percent
    return f"{value:,}"


class AlertDesk:
    """Raises alerts, at most so many of a rule and day, and keeps them until they are drained."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds: Final = bounds
        self.date = ""
        self._waiting: list[Alert] = []
        self._counts: dict[Rule, int] = {}
        self._said: set[tuple[object, ...]] = set()

    def open_day(self, date: str) -> None:
        """Forget what was said on the day before."""
        self.date = date
        self._counts.clear()
        self._said.clear()

    def drain(self) -> list[Alert]:
        """Hand over what was raised since the last time."""
        alerts, self._waiting = self._waiting, []
        return alerts

    def is_first(self, rule: Rule, *subject: object) -> bool:
        """Say whether a rule has not spoken of a subject today, and note it: its caller raises the alert.

        False past the bound of a rule's alerts, which so bounds what is noted too.
        """
        place = (rule, *subject)
        if place in self._said or self._counts.get(rule, 0) >= self.bounds.alerts:
            return False
        self._said.add(place)
        return True

    def raise_alert(
        self,
        rule: Rule,
        event: Event,
        product: str,
        participants: Iterable[int],
        figures: dict[str, int],
        proof: Iterable[int],
    ) -> None:
        """Raise an alert on the event in hand; the alert that reaches the bound says that it is one."""
        count = self._counts.get(rule, 0)
        if count >= self.bounds.alerts:
            return
        self._counts[rule] = count + 1
        self._put(rule, event, product, participants, figures, proof)
        if count + 1 == self.bounds.alerts:
            self.tell_limit(event, rule.value, self.bounds.alerts)

    def tell_limit(self, event: Event, what: str, limit: int) -> None:
        """Say once a day that a bound is reached."""
        place = (Rule.WATCH_LIMIT, what)
        if place not in self._said:
            self._said.add(place)
            self._put(Rule.WATCH_LIMIT, event, "", (), {"limit": limit}, (event.sequence,), what)

    def _put(
        self,
        rule: Rule,
        event: Event,
        product: str,
        participants: Iterable[int],
        figures: dict[str, int],
        proof: Iterable[int],
        what: str = "",
    ) -> None:
        words = RULES[rule]
        named = sorted(set(participants))[: self.bounds.proof]
        who = ", ".join(participant_code(number) for number in named)
        told = {name: _words(name, value) for name, value in figures.items()}
        facts = {"product": product, "who": who, "what": what} | told
        self._waiting.append(
            Alert(
                rule=rule,
                severity=words.severity,
                date=self.date,
                time_ns=event.time_ns,
                product=product,
                participants=tuple(named),
                figures=figures,
                zh=words.zh.format(**facts),
                en=words.en.format(**facts),
                sequences=tuple(sorted(set(proof))[-self.bounds.proof :]),
            )
        )
