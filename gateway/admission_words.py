"""What is wrong with a list of applicants, in Chinese and English."""

from typing import Final

from gateway.words import Language

PROBLEMS: Final[dict[str, tuple[str, str]]] = {
    # ------------------------------------------------------------ of one cell
    "empty": ("为空", "empty"),
    "year": ("{text!r} 不是年份", "{text!r} is not a year"),
    "year_bounds": (
        "{text!r} 不在 {least} 至 {most} 年之间",
        "{text!r} is not between {least} and {most}",
    ),
    "long": ("有 {n} 个字, 最多 {most} 个", "has {n} signs; at most {most}"),
    "signs": ("{text!r} 含有控制字符", "{text!r} has control signs"),
    "token": (
        "{text!r} 只能由字母、数字和 . _ : - 组成, 最多 64 位",
        "{text!r}: write at most 64 letters, digits and . _ : -",
    ),
    "category": ("{text!r} 不是下列之一: {known}", "{text!r} is none of {known}"),
    "province_near": (
        "{text!r} 不是省级行政区; 是否为 {near}?",
        "{text!r} is no province; is {near} meant?",
    ),
    "province": (
        "{text!r} 不是省级行政区; 请写如 湖北 或 湖北省, 或 新疆生产建设兵团",
        "{text!r} is no province; write such as 湖北 or 湖北省, or 新疆生产建设兵团",
    ),
    "code_length": (
        "{text!r} 有 {n} 位; 统一社会信用代码为 {length} 位",
        "{text!r} has {n} signs; a unified social credit code has {length}",
    ),
    "code_signs": (
        "{text!r} 不是 GB 32100 的统一社会信用代码: 含有不允许的字符",
        "{text!r} is not a unified social credit code of GB 32100: it has a sign that none has",
    ),
    "code_region": (
        "{text!r} 不是 GB 32100 的统一社会信用代码: 第 3 至 8 位须为数字",
        "{text!r} is not a unified social credit code of GB 32100: signs 3 to 8 must be digits",
    ),
    "code_check": (
        "{text!r} 不是 GB 32100 的统一社会信用代码: 末位应为 {expected}",
        "{text!r} is not a unified social credit code of GB 32100: its last sign must be {expected}",
    ),
    "repeated": ("{text!r} 已出现在第 {row} 行", "{text!r} stands in row {row} already"),
    "cell": (
        "{file}: 第 {row} 行, {column} 列{named}: {problem}",
        "{file}: row {row}, column {column}{named}: {problem}",
    ),
    # ------------------------------------------------------------ of the whole file
    "unreadable": ("无法读取 {file}: {reason}", "cannot read {file}: {reason}"),
    "bytes": ("{file} 超过 {most} 字节; 请拆分", "{file} has more than {most} bytes; split it"),
    "rows": ("{file} 超过 {most} 行; 请拆分", "{file} has more than {most} rows; split it"),
    "encoding": (
        "{file} 既非 UTF-8 也非 GB 18030 编码; 请另存为其中之一",
        "{file} is neither UTF-8 nor GB 18030 text; save it as one of them",
    ),
    "torn": (
        "{file}: 到第 {row} 行为止不是完整的 CSV, 例如引号没有闭合",
        "{file}: row {row} ends no whole CSV row: a quote may not be closed",
    ),
    "no_year": (
        "{file} 没有履约年度列; 请用 --year 年份 补上",
        "{file} has no column compliance_year (履约年度); say --year YEAR",
    ),
    "no_sector": (
        "{file} 没有行业列; 请用 --sector 行业 补上",
        "{file} has no column sector (行业); say --sector NAME",
    ),
    "no_column": (
        "{file}: 表头没有{chinese}列 ({name}); 请用 --map {name}=表头 指明; 现有: {found}",
        "{file}: the heading has no column {name} ({chinese}); say --map {name}=HEADING; found: {found}",
    ),
    "no_field": (
        "--map {name}=…: 没有字段 {name}; 可用: {known}",
        "--map {name}=…: there is no field {name}; {known} are",
    ),
    "no_heading": (
        "{file} 没有 {wish!r} 列; 其表头为: {found}",
        "{file} has no column {wish!r}; its heading is: {found}",
    ),
    "nothing": ("无", "nothing"),
    # ------------------------------------------------------------ of the command
    "map_form": (
        "--map {pair}: 请写 字段=表头, 如 name=企业全称",
        "--map {pair}: write FIELD=HEADING, such as name=企业全称",
    ),
    "bad_cells": (
        "{n} 处有误; 未提议任何单位: 请改正表格, 或加 --skip-bad",
        "{n} bad cells; nothing was proposed: mend the table or --skip-bad",
    ),
    "refused_rows": (
        "第 {rows} 行不是重点排放单位, 交易所将拒绝; 未提议任何单位: 请删去这些行, 或加 --skip-bad",
        "rows {rows} are no key emitting units; nothing was proposed: take them out or --skip-bad",
    ),
}
"""Every text in Chinese and English with the same values."""


def say(language: Language, key: str, /, **values: object) -> str:
    """Return a problem in a language with its values filled in."""
    return PROBLEMS[key][language != "zh"].format(**values)
