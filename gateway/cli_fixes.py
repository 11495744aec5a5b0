"""What to do about a refusal: of a login, of a command by the exchange, or of the words of the command line."""

from typing import Final

from gateway.client_errors import ClientError, RequestFailed
from gateway.errors import Declined, UserError
from gateway.words import Language

WHOSE: Final[dict[str, str]] = {
    "of an operator": "运营员",
    "of an operator or administrator": "运营员或企业管理员",
    "of an operator, auditor or administrator": "运营员、审计员或企业管理员",
    "of an operator, supervisor or administrator": "运营员、主管或企业管理员",
    "of an operator, clearing or auditor": "运营员、清算或审计员",
    "of a risk officer, administrator or operator": "风控员、企业管理员或运营员",
    "of its person, its administrator or an operator": "本人、本企业管理员或运营员",
    "that shall be followed": "要被接替",
}
"""Whose key a command takes, in English and Chinese."""
_ANOTHER: Final = (
    "请用 --key 换一把有效的密钥, 或请运营员或企业管理员发放开通码 (ceax keys code)",
    "take another key with --key, or ask an operator or administrator for a code (ceax keys code)",
)
_NEW_CODE: Final = (
    "请运营员或企业管理员另发一个: ceax keys code",
    "ask an operator or administrator for another: ceax keys code",
)
_RESTORE: Final = (
    "恢复须由两位运营员办理: ceax participant restore",
    "two operators can restore it: ceax participant restore",
)
_UNITS: Final = ("请核对: ceax participant list", "see the numbers: ceax participant list")
_WAITING: Final = ("请核对: ceax proposals list", "see what waits: ceax proposals list")
FIXES: Final[dict[str, tuple[str, str]]] = {
    "KEY_REVOKED": _ANOTHER,
    "KEY_EXPIRED": _ANOTHER,
    "KEY_UNKNOWN": (
        "请先登记: ceax keys enrol 密钥文件 --code 开通码",
        "enrol it first: ceax keys enrol FILE --code CODE",
    ),
    "KEY_ALREADY_ENROLLED": (
        "请直接用它登录, 或另做一把: ceax keys new",
        "log in with it, or make another: ceax keys new",
    ),
    "PARTICIPANT_REMOVED": _RESTORE,
    "ROLE_NOT_PERMITTED": (
        "请用{whose}的密钥: --key 密钥文件",
        "use the key {whose}: --key FILE",
    ),
    "CODE_UNKNOWN": (
        "请核对开通码, 并确认另一人已批准其提议 (ceax proposals list)",
        "check it, and that another person has approved its proposal (ceax proposals list)",
    ),
    "CODE_EXPIRED": _NEW_CODE,
    "CODE_USED": _NEW_CODE,
    "CLOCK_OFF": ("请先校准本机时钟", "set the clock of this machine first"),
    "ADDRESS_NOT_LISTED": (
        "请从约定的地址登录, 或申请含该地址的开通码: ceax keys code --address",
        "log in from a listed address, or ask for a code with this one: ceax keys code --address",
    ),
    "HOST_UNKNOWN": (
        "请用运营方告知的主机名: --exchange 地址",
        "use the host name that the operators told: --exchange URL",
    ),
    "CONNECTIONS_FULL": (
        "请先关闭该密钥的其他连接",
        "close another connection of this key first",
    ),
}
"""By code, of a login or of a request: what its reader can do, in Chinese and English."""
ANSWERS: Final[dict[str, tuple[str, str]]] = {
    "KEY_UNKNOWN": ("请核对编号: ceax keys list", "see the numbers: ceax keys list"),
    "KEY_REVOKED": ("无需再吊销; 其余见 ceax keys list", "nothing is left to do: ceax keys list"),
    "KEY_EXPIRED": (
        "请写较晚的 --valid-until, 或见 ceax keys list",
        "choose a later --valid-until, or see ceax keys list",
    ),
    "KEY_ADDRESS_INVALID": (
        "请写地址或网段, 如 --address 192.0.2.0/24",
        "write an address or prefix such as --address 192.0.2.0/24",
    ),
    "DATE_INVALID": ("请写历法上有的日期", "write a date of the calendar such as 2026-12-31"),
    "KEYS_FULL": (
        "须由运营方调高规则文件的 capacity.keys",
        "the operators have to raise capacity.keys of the profile",
    ),
    "PERSON_KEYS_FULL": (
        "编号见 ceax keys list, 再执行 ceax keys revoke",
        "see ceax keys list, then ceax keys revoke",
    ),
    "CODES_FULL": (
        "未使用的见 ceax keys code --list, 过期自行失效",
        "they end by themselves: ceax keys code --list",
    ),
    "LAST_OPERATORS": (
        "请先登记另一名运营员: ceax keys code --role operator",
        "enrol another operator first: ceax keys code --role operator",
    ),
    "ROLE_NOT_PERMITTED": (
        "企业管理员只能办理本企业的交易员、风控员和管理员; 其余请用运营员的密钥: --key 密钥文件",
        "an administrator acts for its own company's people alone; else use the key of an operator: --key FILE",
    ),
    "SAME_PERSON": (
        "须由另一人用自己的密钥批准: --key 密钥文件",
        "another person approves it with a key of their own: --key FILE",
    ),
    "PROPOSAL_UNKNOWN": _WAITING,
    "PROPOSAL_NOT_OPEN": _WAITING,
    "PROPOSALS_FULL": (
        "请先批准或拒绝一些: ceax proposals list",
        "approve or reject some first: ceax proposals list",
    ),
    "PARTICIPANT_UNKNOWN": _UNITS,
    "PARTICIPANT_NOT_REMOVED": _UNITS,
    "ALREADY_ADMITTED": _UNITS,
    "NOT_KEY_EMITTING_UNIT": (
        "请改正该行后重新提出: ceax admit 名录 --preview",
        "mend the row and propose it again: ceax admit CSV --preview",
    ),
    "INVALID_CREDIT_CODE": (
        "请改正该行后重新提出: ceax admit 名录 --preview",
        "mend the row and propose it again: ceax admit CSV --preview",
    ),
}
"""By reason, of the exchange's answer to a command, where it means another thing than at a login."""
_LOOK: Final = (
    "请先查看是否已办理 (ceax proposals list, ceax keys list), 再决定是否重发",
    "look whether it was done (ceax proposals list, ceax keys list) before you send it again",
)
_LATER: Final = ("请稍后重试", "try again in a moment")
_REACH: Final = (
    "请核对 --exchange 的地址, 并确认交易系统在运行",
    "check the address of --exchange, and that the exchange runs",
)
_MEND: Final = (
    "请按上述原因改正后重新执行, 代码 {code} 的说明见 gateway/api/REFERENCE.md",
    "mend what it names and run it again; {code} is explained in gateway/api/REFERENCE.md",
)
MISTAKES: Final[dict[str, tuple[str, str]]] = {
    "no_exchange": (
        "请指明交易所与密钥: --exchange URL --key 密钥文件",
        "say where and as whom: --exchange URL --key FILE",
    ),
    "not_reached": ("未能连接交易系统 ({text})", "{text}"),
    "not_done": ("交易所没有办理", "the exchange did not do it"),
    "order_max_t": (
        "--order-max-t 须在 0 与 {most} 之间",
        "--order-max-t is between 0 and {most}",
    ),
    "whose_terms": (
        "请指明姓名与角色: --person 姓名 --role 角色",
        "say whose key it is and what for: --person NAME --role ROLE",
    ),
    "whose_company": (
        "--participant N 只用于且必须用于 trader、risk 和 administrator",
        "--participant N goes with trader, risk and administrator, and only there",
    ),
    "whose_permissions": (
        "--permission 只用于 trader; 其他角色的权限由角色而定",
        "--permission goes with trader alone; what other roles may do is fixed",
    ),
    "no_address": (
        "--address {told} 不是地址或网段; 请写如 192.0.2.7 或 192.0.2.0/24",
        "--address {told} is no address or prefix; write such as 192.0.2.7 or 192.0.2.0/24",
    ),
    "no_date": (
        "--valid-until {told} 不是日期; 请写如 2026-12-31",
        "--valid-until {told} is no date; write such as 2026-12-31",
    ),
    "hours": ("--hours 须在 1 与 {most} 之间", "--hours is between 1 and {most}"),
    "terms_bad": (
        "不能发放这样的开通码, 请改正该项: {problem}",
        "no such code can be issued; mend that option: {problem}",
    ),
    "key_bad": (
        "不能登记该密钥, 请改正该项: {problem}",
        "the key cannot be enrolled; mend that option: {problem}",
    ),
    "not_admitted": (
        "交易主体 {participant} 未准入; 编号见 ceax participant list",
        "participant {participant} is not admitted; see `ceax participant list` for the numbers",
    ),
    "not_barred": (
        "交易主体 {participant} ({name}) 既未暂停也未移出, 无需恢复; 见 ceax participant list",
        "participant {participant} ({name}) is neither suspended nor removed; see: ceax participant list",
    ),
    "one_way": (
        "请指明本人的密钥文件 (及 --code), 或指明 --public-key HEX",
        "say either one's own key FILE (with its --code), or --public-key HEX",
    ),
    "code_group": (
        "开通码第 {group} 组有误; 请按告知的内容重新输入",
        "the code has a typing error (group {group}); type the code again as it was told",
    ),
    "code_bad": (
        "这不是完整的开通码; 请按告知的内容重新输入",
        "this is no whole code; type the code again as it was told",
    ),
    "not_enrolled": ("未登记: {problem}", "not enrolled: {problem}"),
    "passphrase_asked": (
        "--passphrase 须在终端输入; 程序请用 --passphrase-file",
        "--passphrase asks at a terminal; programs use --passphrase-file",
    ),
    "passphrases_differ": (
        "两次输入的口令不同; 未写入任何文件, 请重新执行",
        "the two passphrases differ; nothing was written, run it again",
    ),
    "key_by_number": (
        "该角色不能按姓名查找密钥; 请写编号, 本密钥的编号是 {key}",
        "this role may not look keys up by name; say the number: that of this key is {key}",
    ),
    "key_none": (
        "没有有效的密钥属于 {told}; 编号与姓名见 ceax keys list",
        "no key that holds is of {told}; see ceax keys list for numbers and names",
    ),
    "key_many": (
        "{told} 有多个有效的密钥: {keys}; 请写编号",
        "{told} has more than one key that holds: {keys}; say the number",
    ),
}
"""What is wrong with the words of a command, and what to write instead, in Chinese and English."""


def mistake(language: Language, key: str, /, **values: object) -> UserError:
    """Return the error for words that cannot be, in a language."""
    return UserError(MISTAKES[key][language != "zh"].format(**values))


def told(error: ClientError | Declined, whose: str, language: Language) -> str:
    """Return what an exchange refused, or what kept one from it, and what to do about it."""
    text, code = getattr(error, "text", str(error)), getattr(error, "code", "")
    if isinstance(error, Declined):
        return answer_told(text, code, whose, language)
    if code in FIXES:
        fix = FIXES[code]
    elif isinstance(error, RequestFailed) and error.outcome == "unknown":
        fix = _LOOK
    elif getattr(error, "retry", "never") != "never":
        fix = _LATER
    elif code:
        fix = _MEND
    else:
        fix, text = _REACH, MISTAKES["not_reached"][language != "zh"].format(text=text)
    return _joined(text, fix, code, whose, language)


def answer_told(text: str, code: str, whose: str, language: Language) -> str:
    """Return why the exchange did not do a command or an action, and what to do about it."""
    text = text or MISTAKES["not_done"][language != "zh"]
    fix = ANSWERS.get(code) or FIXES.get(code) or (_MEND if code else _LOOK)
    return _joined(text, fix, code, whose, language)


def _joined(text: str, fix: tuple[str, str], code: str, whose: str, language: Language) -> str:
    by = WHOSE[whose] if language == "zh" else whose
    return f"{text}; {fix[language != 'zh'].format(whose=by, code=code)}"
