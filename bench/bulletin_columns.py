"""Finds the columns of a table of daily figures by their headers, English or Chinese, in any order.

`NAMES` is the whole list of what is understood; nothing is guessed from positions or values.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from gateway.errors import UserError

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "date": (
        "date",
        "day",
        "trade_date",
        "trading_day",
        "trading_date",
        "日期",
        "交易日",
        "交易日期",
    ),
    "product": (
        *("product", "code", "product_code", "instrument", "vintage", "subject", "allowance"),
        *("标的物", "标的物代码", "标的物名称", "品种", "产品", "年度", "配额年度", "配额", "代码"),
    ),
    "price_basis": ("price_basis", "basis", "价格口径", "价格类型"),
    "previous_close": (
        *(
            "previous_close",
            "prev_close",
            "pre_close",
            "last_close",
            "reference",
            "reference_price",
        ),
        *("前收盘价", "昨收", "昨收盘价", "前收", "基准价"),
    ),
    "open": ("open", "open_price", "opening_price", "开盘价", "开盘"),
    "high": ("high", "high_price", "highest", "highest_price", "最高价", "最高"),
    "low": ("low", "low_price", "lowest", "lowest_price", "最低价", "最低"),
    "close": ("close", "close_price", "closing_price", "收盘价", "收盘"),
    "listed_quantity": (
        *("listed_quantity", "listed_volume", "listed_vol", "listing_volume"),
        *("listed_agreement_volume", "listed_agreement_quantity", "vol_listed", "volume_listed"),
        *(
            "挂牌协议成交量",
            "挂牌协议交易成交量",
            "挂牌成交量",
            "挂牌协议交易量",
            "挂牌量",
        ),
    ),
    "listed_amount": (
        *("listed_amount", "listed_turnover", "listed_value", "listing_amount", "amount_listed"),
        *("listed_agreement_amount", "turnover_listed", "value_listed"),
        *(
            "挂牌协议成交额",
            "挂牌协议交易成交额",
            "挂牌成交额",
            "挂牌协议成交金额",
            "挂牌成交金额",
            "挂牌额",
        ),
    ),
    "block_quantity": (
        *("block_quantity", "block_volume", "block_vol", "vol_block", "volume_block"),
        *("block_agreement_volume", "block_agreement_quantity"),
        *(
            "大宗协议成交量",
            "大宗协议交易成交量",
            "大宗成交量",
            "大宗协议交易量",
            "大宗量",
        ),
    ),
    "block_amount": (
        *("block_amount", "block_turnover", "block_value", "amount_block", "turnover_block"),
        *("block_agreement_amount", "value_block"),
        *(
            "大宗协议成交额",
            "大宗协议交易成交额",
            "大宗成交额",
            "大宗协议成交金额",
            "大宗成交金额",
            "大宗额",
        ),
    ),
    "auction_quantity": (
        *("auction_quantity", "auction_volume", "auction_vol", "volume_auction"),
        *("单向竞价成交量", "竞价成交量"),
    ),
    "auction_amount": (
        *("auction_amount", "auction_turnover", "auction_value", "amount_auction"),
        *("单向竞价成交额", "单向竞价成交金额", "竞价成交额"),
    ),
}
"""Accepted headers of each column, without case, spaces, brackets and unit."""
FALLBACK_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "listed_quantity": ("quantity", "volume", "成交量"),
    "listed_amount": ("amount", "turnover", "成交额", "成交金额"),
}
"""Headers that mean listed trading only where the table says nothing of methods."""
NEEDED: Final = ("date", "close", "listed_quantity", "listed_amount")

METHOD_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "listed": ("listed", "listing", "挂牌"),
    "block": ("block", "bulk", "大宗"),
    "auction": ("auction", "竞价"),
}
AMOUNT_WORDS: Final = ("amount", "turnover", "value", "yuan", "cny", "rmb", "fen", "额", "元")
QUANTITY_WORDS: Final = (
    *("quantity", "volume", "vol", "t", "ton", "tons", "tonne", "tonnes", "tco2", "tco2e"),
    *("量", "吨"),
)
OTHER_WORDS: Final = (
    *("cumulative", "cum", "total", "average", "avg", "price", "vwap", "share", "count", "trades"),
    *("累计", "均价", "占比", "笔数", "总", "价"),
)
"""Words that make a column something else than a day's volume or amount of one method."""

_UNITS = re.compile(r"(_(yuan|cny|rmb|tco2e?|tonnes?|tons?|t|fen|per_t|yuan_per_t))+\Z")


def parse_columns(text: str) -> dict[str, str]:
    """Return the mapping of `--columns name=header,…`; UserError names the bad part."""
    mapping: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, header = part.partition("=")
        if not equals or name.strip() not in NAMES or not header.strip():
            raise UserError(f"--columns: {part!r} is not name=header; names are {', '.join(NAMES)}")
        mapping[name.strip()] = header.strip()
    return mapping


def normal_header(header: str) -> str:
    """Return a header without case, spaces, brackets and unit, for comparison."""
    text = unicodedata.normalize("NFKC", header).strip().casefold()
    text = re.sub(r"[(\[].*?[)\]]", lambda m: "_fen" if "分" in m[0] or "fen" in m[0] else "", text)
    text = re.sub(r"[\s\-/]+", "_", text).strip("_")
    return _UNITS.sub("", text)


def is_fen(header: str) -> bool:
    """Tell whether a header says that its column is in fen, not in yuan."""
    text = unicodedata.normalize("NFKC", header).strip().casefold()
    return text.endswith("_fen") or "(分" in text or "(fen" in text


def _is_scaled(header: str) -> bool:
    """Tell a unit such as 万吨 or 亿元, in which whole tonnes and fen cannot be written."""
    return re.search(r"[百千万亿]\s*(吨|元|t)", unicodedata.normalize("NFKC", header)) is not None


def meaning(header: str) -> str:
    """Return the column that a header names, empty where it names none.

    First by the list of accepted headers, then by words: a method with a word of volume or amount.
    """
    if _is_scaled(header):
        return ""
    text = normal_header(header)
    for name, accepted in NAMES.items():
        if text in accepted:
            return name
    full = re.sub(r"[\s\-/()\[\]]+", "_", unicodedata.normalize("NFKC", header).casefold())
    words = set(filter(None, full.split("_")))
    methods = [method for method, among in METHOD_WORDS.items() if _has(words, among)]
    if len(methods) != 1 or _has(words, OTHER_WORDS):
        return ""
    if _has(words, AMOUNT_WORDS):
        return f"{methods[0]}_amount"
    return f"{methods[0]}_quantity" if _has(words, QUANTITY_WORDS) else ""


def _has(words: set[str], among: Sequence[str]) -> bool:
    """Tell whether a word occurs: whole where it is Latin, anywhere where it is Chinese."""
    return any(
        word in words or (not word.isascii() and any(word in text for text in words))
        for word in among
    )


def find_columns(source: str, header: Sequence[str], wished: dict[str, str]) -> dict[str, int]:
    """Return the place of each column in the header; UserError says what is missing or doubtful."""
    places: dict[str, int] = {}
    for name, wanted in wished.items():
        if wanted not in header:
            raise UserError(
                f"{source}: --columns names {wanted!r}, the headers are {', '.join(header)}"
            )
        places[name] = header.index(wanted)
    meanings = [meaning(cell) for cell in header]
    _take(source, header, places, meanings)
    if not any(name.startswith(("block", "auction")) for name in places):
        # Where a table splits methods its totals are not the listed figures, else they are.
        plain = [normal_header(cell) for cell in header]
        names = {text: name for name, among in FALLBACK_NAMES.items() for text in among}
        _take(source, header, places, [names.get(text, "") for text in plain])
    missing = [name for name in NEEDED if name not in places]
    if missing:
        raise UserError(
            f"{source}: no column for {', '.join(missing)} among the headers"
            f" {', '.join(header)}; accepted: {accepted_names(missing)}; or use --columns name=header"
        )
    return places


def _take(
    source: str, header: Sequence[str], places: dict[str, int], meanings: Sequence[str]
) -> None:
    """Give every name that has no place yet the header that means it."""
    taken = set(places.values())
    chosen = set(places)
    for place, name in enumerate(meanings):
        if not name or place in taken or name in chosen:
            continue
        if name in places and name != "product":
            raise UserError(
                f"{source}: {header[places[name]]!r} and {header[place]!r} both mean {name};"
                " choose with --columns"
            )
        places.setdefault(name, place)


def accepted_names(names: Iterable[str] = NEEDED) -> str:
    """Return a line with every header that each column may have."""
    return "; ".join(f"{name}: {' | '.join(NAMES[name])}" for name in names)
