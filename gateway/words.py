"""Words that commands and the terminal share, once: roles, methods, restrictions, terms of keys, proposed actions."""

import unicodedata
from typing import Final, Literal

from engine.units import participant_code

Language = Literal["zh", "en"]

PUBLIC_SHOWN: Final = 16
"""Hexadecimal digits of a public key that people are shown, and find it by."""

WORDS: Final[dict[str, tuple[str, str]]] = {
    "listed": ("挂牌", "Listed"),
    "block": ("大宗", "Block"),
    "auction": ("竞价", "Auction"),
    "role_trader": ("交易员", "trader"),
    "role_operator": ("运营员", "operator"),
    "role_clearing": ("清算", "clearing"),
    "role_administrator": ("企业管理员", "administrator"),
    "role_risk": ("风控员", "risk officer"),
    "role_reader": ("行情读者", "reader"),
    "role_supervisor": ("交易所主管", "supervisor"),
    "role_auditor": ("审计员", "auditor"),
    "role_observer": ("观察", "observer"),
    "restriction_none": ("无限制", "no restriction"),
    "restriction_no_buying": ("限制买入", "no buying"),
    "restriction_no_selling": ("限制卖出", "no selling"),
    "restriction_suspended": ("暂停交易", "suspended"),
    "permission_listed": ("挂牌", "listed"),
    "permission_block": ("大宗", "block"),
    "permission_auction": ("竞价", "auction"),
    "permission_cancel": ("撤单", "cancel"),
    "way_none": ("不撤", "nothing"),
    "way_connection": ("任一连接断开", "any connection"),
    "way_key": ("全部连接断开", "last connection"),
    "active": ("有效", "active"),
    "revoked": ("已吊销", "revoked"),
    "expired": ("已过期", "expired"),
    "suspended": ("暂停交易", "suspended"),
    "stopped": ("自行停止", "stopped"),
    "removed": ("已移出", "removed"),
    "waiting": ("待使用", "waiting"),
    "claimed": ("已使用", "claimed"),
    "terms_permissions": ("权限 {permissions}", "may {permissions}"),
    "terms_addresses": ("地址 {addresses}", "from {addresses}"),
    "terms_until": ("有效至 {date}", "until {date}"),
    "terms_way": ("断线撤单: {way}", "orders cancelled when lost: {way}"),
    "actions_more": ("… 另 {count} 项", "… and {count} more"),
    "basis_previous_close": ("昨收盘价", "previous close"),
    "basis_composite_close": ("综合收盘价", "composite close"),
    "basis_administrative": ("行政确定", "administrative"),
    "action_reference": (
        "{product} 基准价 {price} ({basis})",
        "{product} reference {price} ({basis})",
    ),
    "action_admit": ("准入 {name} ({province} {sector})", "admit {name} ({province} {sector})"),
    "action_key": (
        "登记密钥 {person} ({role} {participant})",
        "key of {person} ({role} {participant})",
    ),
    "action_restrict": (
        "交易限制 {participant}: {restriction}",
        "restrict {participant}: {restriction}",
    ),
    "action_freeze": (
        "冻结 {participant} {product} {quantity} 吨 (文书 {document})",
        "freeze {participant} {product} {quantity} t (document {document})",
    ),
    "action_release": (
        "解冻 {participant} {product} {quantity} 吨 (文书 {document})",
        "release {participant} {product} {quantity} t (document {document})",
    ),
    "action_allowance": (
        "持仓限额加宽 {participant} {quantity} 吨",
        "widen the limit of {participant} by {quantity} t",
    ),
    "action_correct": (
        "更正基准价 {product} {price} ({reason})",
        "correct the reference of {product} to {price} ({reason})",
    ),
    "action_void": ("作废成交 {trade} ({reason})", "void trade {trade} ({reason})"),
    "action_phase_open": ("手动开市: {method}", "open by hand: {method}"),
    "action_phase_break": ("手动休市: {method}", "break by hand: {method}"),
    "action_close": ("提前收市 ({reason})", "close the day early ({reason})"),
    "action_closure": ("{date} 休市 ({reason})", "close the market on {date} ({reason})"),
    "action_reopen": ("取消休市 {date}", "take back the closure of {date}"),
    "action_announce": (
        "公告竞价 {auction}: {begin}–{end}",
        "announce auction {auction}: {begin}–{end}",
    ),
    "action_refuse_auction": (
        "不予公告竞价 {auction} ({reason})",
        "refuse auction {auction} ({reason})",
    ),
    "action_notice": ("发布公告: {text}", "publish a notice: {text}"),
    "action_code": (
        "发放开通码: {person} ({role}) {participant}",
        "issue an enrolment code: {person} ({role}) {participant}",
    ),
    "action_remove": (
        "移出交易主体 {participant}: {reason}",
        "remove {participant} from the market: {reason}",
    ),
    "action_restore": (
        "恢复交易主体 {participant} ({year} 年度)",
        "restore {participant} (compliance year {year})",
    ),
}
"""By key: Chinese and English with the same values."""


def say(language: Language, key: str, /, **values: object) -> str:
    """Return a text in a language with its values filled in."""
    return WORDS[key][language != "zh"].format(**values)


def plain(text: str) -> str:
    """Return untrusted text without control characters, which could repaint a terminal."""
    return "".join(mark for mark in text if unicodedata.category(mark)[0] != "C")


def trading_code(participant: int) -> str:
    """Return the trading code of a participant, 12 is `P0012`; "--" for none (0)."""
    return participant_code(participant) if participant else "--"
