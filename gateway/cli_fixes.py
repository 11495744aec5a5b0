"""What to do about an exchange's refusal of a command: mostly which key to use instead."""

from typing import Final

from gateway.words import Language

WHOSE: Final[dict[str, str]] = {
    "of an operator": "运营员",
    "of an operator or administrator": "运营员或企业管理员",
    "of an operator, auditor or administrator": "运营员、审计员或企业管理员",
    "of an operator, supervisor or administrator": "运营员、主管或企业管理员",
    "of an operator, clearing or auditor": "运营员、清算或审计员",
    "of its person, its administrator or an operator": "本人、本企业管理员或运营员",
    "that shall be followed": "要被接替",
}
"""Whose key a command takes, in English and Chinese."""
_ANOTHER: Final = (
    "请用 --key 换一把有效的密钥, 或请运营员或企业管理员发放开通码 (ceax keys code)",
    "take another key with --key, or ask an operator or administrator for a code (ceax keys code)",
)
FIXES: Final[dict[str, tuple[str, str]]] = {
    "KEY_REVOKED": _ANOTHER,
    "KEY_EXPIRED": _ANOTHER,
    "KEY_UNKNOWN": (
        "请先登记: ceax keys enrol 密钥文件 --code 开通码",
        "enrol it first: ceax keys enrol FILE --code CODE",
    ),
    "PARTICIPANT_REMOVED": (
        "恢复须由两位运营员办理: ceax participant restore",
        "two operators can restore it: ceax participant restore",
    ),
    "ROLE_NOT_PERMITTED": (
        "请用{whose}的密钥: --key 密钥文件",
        "use the key {whose}: --key FILE",
    ),
}
"""By code: what its reader can do, in Chinese and English."""


def with_fix(text: str, code: str, whose: str, language: Language) -> str:
    """Return the text of a refusal and, where there is one, what to do about it."""
    if code not in FIXES:
        return text
    fix = FIXES[code][language != "zh"]
    return f"{text}; {fix.format(whose=WHOSE[whose] if language == 'zh' else whose)}"
