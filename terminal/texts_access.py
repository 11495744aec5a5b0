"""Words of keys, enrolment codes, removals and the stop of own trading, in Chinese and English."""

from typing import Final

ACCESS: Final[dict[str, tuple[str, str]]] = {
    "told_key_revoked": (
        "密钥 {key} 已由 {person} 吊销: {reason}",
        "Key {key} was revoked by {person}: {reason}",
    ),
    "told_key_expired": ("密钥 {key} 已过有效期", "Key {key} is past its last day"),
    "told_key_ends": (
        "本密钥再过 {reason} 天到期,请及时轮换 (ceax keys rotate) 或请管理员登记新密钥",
        "This key ends in {reason} days: follow it by another in time (ceax keys rotate)",
    ),
    "told_code": (
        "第 {code} 号开通码已发给 {person} ({role})",
        "Enrolment code {code} is issued for {person} ({role})",
    ),
    "told_removed": (
        "{participant} 已被移出市场: {reason}",
        "{participant} is removed from the market: {reason}",
    ),
    "told_restored": (
        "{participant} 已恢复交易资格 ({year} 年度)",
        "{participant} takes part again (compliance year {year})",
    ),
    "told_stopped": (
        "{participant} 由 {person} 停止交易: {reason}",
        "{person} stopped the trading of {participant}: {reason}",
    ),
    "told_allowed": (
        "{participant} 由 {person} 恢复交易: {reason}",
        "{person} allowed the trading of {participant} again: {reason}",
    ),
    "told_access": (
        "接入记录 {kind}: {person} {address} {code} ×{count}",
        "Access {kind}: {person} {address} {code} ×{count}",
    ),
    "told_restart": ("交易系统已重新启动", "The exchange has started again"),
    "access_login": ("登录", "login"),
    "access_login_refused": ("登录被拒", "login refused"),
    "access_logout": ("退出", "logout"),
    "access_enrol_refused": ("开通被拒", "enrolment refused"),
    "access_cut": ("被断开", "cut"),
    "measure_notice": ("发布公告", "Publish a notice"),
    "measure_remove": ("移出交易主体", "Remove a participant"),
    "measure_restore": ("恢复交易资格", "Let one take part again"),
    "measure_revoke": ("吊销密钥", "Revoke a key"),
    "measure_code": ("发放开通码", "Issue an enrolment code"),
    "notice_zh": ("中文公告", "Chinese"),
    "notice_en": ("英文公告", "English"),
    "compliance_year": ("履约年度", "Year"),
    "code_person": ("姓名", "Person"),
    "key_number": ("密钥编号", "Key No."),
    "role": ("角色", "Role"),
    "revoke_sum": (
        "立即吊销密钥 {key} 并断开其连接: {reason}",
        "revokes key {key} at once and ends its connections: {reason}",
    ),
    "code_once": (
        "开通码 {code}\n只显示这一次: 请现在抄下,当面或电话告知本人。经另一位复核后使用,{hours} 小时内有效。",
        "Code {code}\nShown this once: write it down, tell the person yourself. Approved, it holds {hours} h.",
    ),
}
"""In every text the same names in braces in both languages."""
