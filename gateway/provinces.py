"""The 31 provinces, municipalities and autonomous regions of the mainland, and the XPCC, by their names."""

import difflib
import unicodedata
from typing import Final

PROVINCES: Final[dict[str, str]] = {
    "北京": "市",
    "天津": "市",
    "河北": "省",
    "山西": "省",
    "内蒙古": "自治区",
    "辽宁": "省",
    "吉林": "省",
    "黑龙江": "省",
    "上海": "市",
    "江苏": "省",
    "浙江": "省",
    "安徽": "省",
    "福建": "省",
    "江西": "省",
    "山东": "省",
    "河南": "省",
    "湖北": "省",
    "湖南": "省",
    "广东": "省",
    "广西": "壮族自治区",
    "海南": "省",
    "重庆": "市",
    "四川": "省",
    "贵州": "省",
    "云南": "省",
    "西藏": "自治区",
    "陕西": "省",
    "甘肃": "省",
    "青海": "省",
    "宁夏": "回族自治区",
    "新疆": "维吾尔自治区",
}
"""By short name: what the full name adds to it."""
CORPS: Final = "新疆生产建设兵团"
"""The Xinjiang Production and Construction Corps lists its units as a province does."""
PLACEHOLDER: Final = "演示省"
"""Where units stand that a demonstration makes up: no list of a real office has it."""
_NAMES: Final[dict[str, str]] = {
    **{short: short for short in PROVINCES},
    **{short + rest: short for short, rest in PROVINCES.items()},
    **{f"{short}自治区": short for short, rest in PROVINCES.items() if rest.endswith("自治区")},
    CORPS: CORPS,
    "新疆兵团": CORPS,
    "兵团": CORPS,
    PLACEHOLDER: PLACEHOLDER,
}
_OFFERED: Final = [name for name in _NAMES if name not in (PLACEHOLDER, "兵团")]
_ALIKE: Final = 0.5
"""Least likeness of a name that is offered; one sign of two, or two of four, are right."""


def read_province(text: str) -> str:
    """Return the short name of a province (`湖北` for `湖北省`), "" where there is none so called."""
    return _NAMES.get("".join(unicodedata.normalize("NFKC", text).split()), "")


def near_province(text: str) -> str:
    """Return the full name of the province that a wrong text most likely means, "" where none is near."""
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    if plain.endswith("兵团"):
        return CORPS
    short = next((name for name in PROVINCES if plain.startswith(name)), "")
    if not short:
        near = difflib.get_close_matches(plain[:20], _OFFERED, n=1, cutoff=_ALIKE)
        short = _NAMES[near[0]] if near else ""
    return short + PROVINCES.get(short, "")
