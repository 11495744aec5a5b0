"""What is wrong with a frame or a parameter, in words for people: decoders say it in their own terms."""

import re
from enum import Enum, IntEnum
from functools import cache
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from gateway.frames_inward import AnyInward
from gateway.wire_shapes import leaves, structs_in

SHOWN_MAX: Final = 64
"""Most characters that are told back of what a client sent."""

_CUT: Final = rf"(.{{0,{SHOWN_MAX}}}).*"
_PLACE: Final = re.compile(r"(.*?)(?: - at (?:`key` in )?`([^`]*)`)?\Z", re.DOTALL)
_OF_LIST: Final = ("Invalid enum value ", "Expected `int`, got ", "Expected `str`, got ")
"""What is said of a value that its enumeration does not have."""
_KINDS: Final[dict[str, tuple[str, str]]] = {
    "int": ("整数", "a whole number"),
    "float": ("小数", "a number with a fraction"),
    "str": ("文本", "text"),
    "bytes": ("字节串", "bytes"),
    "bool": ("真假值", "true or false"),
    "array": ("列表", "a list"),
    "object": ("对象", "an object"),
    "null": ("空值", "null"),
    "None": ("空值", "null"),
}
"""Types as the decoders name them, in Chinese and English; another name stands as it is."""
_RULES: Final[tuple[tuple[str, str, str], ...]] = (
    (
        r"Expected a string of yuan with exactly two decimals, such as (\S+)",
        "须为恰有两位小数的元金额文本,如 {0}",
        "must be a text of yuan with exactly two decimals, such as {0}",
    ),
    (r"Expected yuan from (\S+) to (\S+)", "须在 {0} 至 {1} 元之间", "must be {0} to {1} yuan"),
    (r"Expected `(.*)`, got `(.*)`", "须为{0},而不是{1}", "must be {0}, not {1}"),
    (r"Expected `int` >= (\S+)", "不得小于 {0}", "must be {0} or more"),
    (r"Expected `int` <= (\S+)", "不得大于 {0}", "must be {0} or less"),
    (
        r"Expected `str` of length >= (\d+)",
        "至少 {0} 个字符",
        "must have {0} or more characters",
    ),
    (r"Expected `str` of length <= (\d+)", "至多 {0} 个字符", "must have {0} characters or fewer"),
    (r"Expected `array` of length >= (\d+)", "至少 {0} 项", "must have {0} or more items"),
    (r"Expected `array` of length <= (\d+)", "至多 {0} 项", "must have {0} items or fewer"),
    (r"Expected `str` matching regex '(.*)'", "须符合格式 {0}", "must match {0}"),
    (r"Expected `(.*)`", "须为{0}", "must be {0}"),
    (r"one of (.*)", "须为下列之一:{0}", "must be one of {0}"),
    (rf"Invalid enum value {_CUT}", "不能是 {0}", "cannot be {0}"),
    (
        rf"Invalid value {_CUT}",
        "此处没有名为 {0} 的类型",
        "there is no type {0} here",
    ),
    (rf"Object contains unknown field `{_CUT}`", "没有字段 {0}", "there is no field {0}"),
    (r"Object missing required field `(.*)`", "缺少字段 {0}", "the field {0} is missing"),
    (r"(?:Number|Integer value) out of range", "数值过大", "the number is out of range"),
    (
        r"(JSON|MessagePack)(?: data)? is malformed: .* \(byte (\d+)\)",
        "从第 {1} 字节起不是 {0}",
        "no {0} from byte {1} on",
    ),
    (r"Input data was truncated", "内容不完整", "it ends too early"),
    (r"Invalid text: .*", "文本不是 UTF-8", "a text of it is no UTF-8"),
    (r"maximum recursion depth exceeded.*", "嵌套过深", "it is nested too deeply"),
    (r"is missing", "缺少该参数", "is missing"),
    (r"given twice", "该参数重复", "is given twice"),
    (r"no such parameter", "没有该参数", "there is no such parameter"),
    (r"more than (\d+) bytes", "超过 {0} 字节", "has more than {0} bytes"),
    (r"Max number of fields exceeded", "参数过多", "too many parameters"),
    (r"bad query field: .*", "须写作 名=值", "must read name=value"),
)
"""Pattern of a decoder's sentence, and the same in Chinese and English; the first that fits counts."""
_COMPILED: Final = tuple((re.compile(p, re.DOTALL), zh, en) for p, zh, en in _RULES)


def in_words(problem: str, language: str) -> str:
    """Return what a decoder found, in `zh` or `en`, behind the path of the value that is meant.

    A sentence that no rule knows comes back as it is.
    """
    match = _PLACE.match(problem)
    assert match is not None, "every text fits"
    sentence, path = match[1], match[2] or ""
    known = known_values(path) if sentence.startswith(_OF_LIST) else ""
    text = _sentence(f"one of {known}" if known else sentence, language)
    if not path:
        return text
    return f"{path} {text}" if language == "zh" else f"{path}: {text}"


def known_values(path: str) -> str:
    """Return the values that the field at the end of a path may have, "" where it has no such list."""
    name = path.rpartition(".")[2].partition("[")[0]
    kind = _enumerations().get(name)
    if kind is None:
        return ""
    if get_origin(kind) is Literal:
        return ", ".join(get_args(kind))
    if issubclass(kind, IntEnum):
        return ", ".join(f"{member.value} {member.name}" for member in kind)
    return ", ".join(str(member.value) for member in kind)


def _sentence(sentence: str, language: str) -> str:
    for pattern, zh, en in _COMPILED:
        match = pattern.fullmatch(sentence)
        if match is not None:
            is_of_types = sentence.startswith("Expected `")
            words = (_word(part, language) if is_of_types else part for part in match.groups())
            return (zh if language == "zh" else en).format(*words)
    return sentence


def _word(part: str, language: str) -> str:
    """Return types in words, and a pattern, which comes as Python's own text of it, as it is read."""
    kinds = [_KINDS.get(one) for one in part.split(" | ")]
    named = [kind[language != "zh"] for kind in kinds if kind is not None]
    if len(named) == len(kinds):
        return ("或" if language == "zh" else " or ").join(named)
    return part.replace(r"\\", "\\").replace(r"\Z", "$")


@cache
def _enumerations() -> dict[str, Any]:
    return dict(enumerated_fields())


def enumerated_fields() -> set[tuple[str, Any]]:
    """Return each field of a client's frames that has a list of values, with it: a name has but one."""
    found: set[tuple[str, Any]] = set()
    seen: set[type] = set()
    waiting = list(get_args(AnyInward))
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        for field in msgspec.structs.fields(kind):
            waiting += structs_in(field.type)
            found |= {(field.name, leaf) for leaf in leaves(field.type) if _has_list(leaf)}
    return found


def _has_list(leaf: Any) -> bool:  # noqa: ANN401 - a part of any annotation
    return get_origin(leaf) is Literal or (isinstance(leaf, type) and issubclass(leaf, Enum))
