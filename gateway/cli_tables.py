"""Tables that commands print for people: keys, participants, and a list of applicants before it is proposed."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.action_words import action_text, permissions_text
from gateway.expiry import WARNING_DAYS, code_state, days_left, ends_soon
from gateway.journal_lines import beijing_time
from gateway.words import PUBLIC_SHOWN, Language, plain, say, trading_code
from gateway.words import WORDS as SHARED

if TYPE_CHECKING:
    from engine.views import CodeView, KeyView, ParticipantView, ProposalView
    from gateway.admission import Applicants

WIDTH: Final = 240
ROWS_SHOWN: Final = 50
"""Most good rows, bad cells and refused rows of a list that are printed; counts tell of the others."""
ACTIONS_SHOWN: Final = 5
"""Most actions of a proposal that are shown."""
COLOURS: Final = {
    "active": "green",
    "suspended": "yellow",
    "stopped": "yellow",
    "revoked": "red",
    "expired": "red",
    "removed": "red",
    "waiting": "yellow",
    "claimed": "green",
}
WORDS: Final[dict[str, tuple[str, str]]] = {
    **SHARED,
    "any": ("不限", "any"),
    "open": ("不限", "open"),
    "number": ("编号", "number"),
    "person": ("人员", "person"),
    "role": ("角色", "role"),
    "participant": ("主体", "participant"),
    "permissions": ("权限", "permissions"),
    "addresses": ("地址", "addresses"),
    "on_disconnect": ("断线撤单", "cancels when lost"),
    "order_max_t": ("单笔上限 (吨)", "order limit (t)"),
    "valid_until": ("有效至", "valid until"),
    "days_left": ("剩余天数", "days left"),
    "end_soon": (
        "有 {n} 个密钥将在 {days} 天内到期; 请及时轮换或重新登记: ceax keys rotate, ceax keys code",
        "{n} {keys} for fewer than {days} days more; follow in time: ceax keys rotate, ceax keys code",
    ),
    "code_until": ("使用期限", "claim until"),
    "key": ("密钥", "key"),
    "state": ("状态", "state"),
    "public_key": ("公钥", "public key"),
    "row": ("行", "row"),
    "column": ("列", "column"),
    "value": ("内容", "value"),
    "problem": ("问题", "problem"),
    "reason": ("事由", "reason"),
    "actions": ("内容", "actions"),
    "name": ("单位名称", "name"),
    "credit_code": ("统一社会信用代码", "credit code"),
    "category": ("主体类别", "category"),
    "province": ("省份", "province"),
    "sector": ("行业", "sector"),
    "registry_account": ("登记账户", "registry account"),
    "funds_account": ("资金账户", "funds account"),
    "compliance_year": ("履约年度", "year"),
    "good": ("可准入的单位", "units to admit"),
    "bad": ("有问题的单元格", "bad cells"),
    "taken": ("各列取自", "columns taken"),
    "unused": ("未使用的列", "columns not used"),
    "outsiders": (
        "不是重点排放单位, 交易所将拒绝准入的行",
        "no key emitting units: rows that the exchange will refuse",
    ),
    "assigned": ("已分配", "assigned"),
    "others": ("另有 {n} 行未显示", "{n} more rows are not shown"),
    "counts": (
        "可准入 {good} 行, 有问题 {bad} 行",
        "{good} good rows, {bad} bad rows",
    ),
    "counts_refused": (
        "可准入 {good} 行, 交易所将拒绝 {refused} 行, 有问题 {bad} 行",
        "{good} good rows, {refused} rows that the exchange will refuse, {bad} bad rows",
    ),
}


def _console() -> Console:
    # A file or another program has no width: long cells stay whole there. `CN:A:1` is no letter A.
    return Console(width=None if sys.stdout.isatty() else WIDTH, emoji=False)


def word(key: str, lang: Language) -> str:
    """Return a word of a table in `zh` or `en`."""
    return WORDS[key][lang != "zh"]


def _table(lang: Language, columns: Iterable[str], title: str = "") -> Table:
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(word(column, lang), overflow="fold")
    return table


def _state(state: str, lang: Language) -> str:
    return f"[{COLOURS[state]}]{word(state, lang)}[/]"


def print_keys(rows: "Sequence[KeyView]", time_ns: int, lang: Language) -> None:
    """Print the enrolled keys with the days that each holds beyond a time (ns UTC), few ones in colour."""
    soon = 0
    table = _table(
        lang,
        (
            "number",
            "person",
            "role",
            "participant",
            "permissions",
            "addresses",
            "on_disconnect",
            "order_max_t",
            "valid_until",
            "days_left",
            "state",
            "public_key",
        ),
    )
    for row in rows:
        left = days_left(row.valid_until, time_ns) if row.state == "active" else None
        soon += ends_soon(left)
        table.add_row(
            str(row.key),
            _plain(row.person),
            say(lang, f"role_{row.role.value}"),
            trading_code(row.participant),
            permissions_text(row.permissions, lang),
            ", ".join(row.addresses) or word("any", lang),
            word(f"way_{row.on_disconnect.value}", lang),
            f"{row.order_max_t:,}" if row.order_max_t else "",
            row.valid_until or word("open", lang),
            _days(left),
            _state(row.state, lang),
            row.public_key[:PUBLIC_SHOWN],
        )
    console = _console()
    console.print(table)
    if soon:
        text = WORDS["end_soon"][lang != "zh"]
        keys = "key holds" if soon == 1 else "keys hold"
        console.print(f"[yellow]{text.format(n=soon, keys=keys, days=WARNING_DAYS)}[/]")


def _days(left: int | None) -> str:
    if left is None:
        return ""
    colour = "red" if left <= 0 else "yellow"
    return f"[{colour}]{left}[/]" if ends_soon(left) else str(left)


def print_codes(rows: "Sequence[CodeView]", time_ns: int, lang: Language) -> None:
    """Print the issued enrolment codes: for whom, how long, and the key that was claimed."""
    columns = ("number", "person", "role", "participant", "permissions", "code_until")
    table = _table(lang, (*columns, "state", "key"))
    for row in rows:
        table.add_row(
            str(row.code),
            _plain(row.person),
            say(lang, f"role_{row.role.value}"),
            trading_code(row.participant),
            permissions_text(row.permissions, lang),
            beijing_time(row.code_valid_until_ns)[:16],
            _state(code_state(row, time_ns), lang),
            str(row.key or ""),
        )
    _console().print(table)


def print_participants(rows: "Sequence[ParticipantView]", lang: Language) -> None:
    """Print participants with their status."""
    columns = ("number", "name", "credit_code", "province", "sector", "compliance_year", "state")
    table = _table(lang, columns)
    for row in rows:
        table.add_row(
            trading_code(row.participant),
            _plain(row.name),
            row.credit_code,
            _plain(row.province),
            _plain(row.sector),
            str(row.compliance_year),
            _state(row.status, lang),
        )
    _console().print(table)


def print_proposals(rows: "Sequence[ProposalView]", lang: Language) -> None:
    """Print what waits for a second person, with each action in words."""
    table = _table(lang, ("number", "person", "participant", "reason", "actions"))
    for row in rows:
        actions = [action_text(action, lang) for action in row.actions[:ACTIONS_SHOWN]]
        if len(row.actions) > ACTIONS_SHOWN:
            actions.append(say(lang, "actions_more", count=len(row.actions) - ACTIONS_SHOWN))
        table.add_row(
            str(row.proposal),
            _plain(row.person),
            trading_code(row.participant),
            _plain(row.reason),
            escape("\n".join(actions)),
        )
    _console().print(table)


def print_applicants(found: "Applicants", lang: Language) -> None:
    """Print what a list would propose: columns taken, good rows, every bad cell, counts."""
    console = _console()
    taken = ", ".join(
        f"{word(name, lang)} ← {_plain(heading)}" for name, heading in found.columns.items()
    )
    console.print(f"{word('taken', lang)}: {taken}")
    if found.unused:
        unused = ", ".join(_plain(heading) for heading in found.unused)
        console.print(f"[yellow]{word('unused', lang)}: {unused}[/]")
    for name, count in found.assigned.items():
        console.print(f"[cyan]{word('assigned', lang)}: {word(name, lang)} × {count}[/]")
    columns = (
        "row",
        "name",
        "credit_code",
        "province",
        "sector",
        "compliance_year",
        "registry_account",
        "funds_account",
    )
    good = _table(lang, columns, word("good", lang))
    outsiders = set(found.outsiders)
    for place, row in list(zip(found.places, found.rows, strict=True))[:ROWS_SHOWN]:
        cells = (str(getattr(row, column)) for column in columns[1:])
        style = "yellow" if place in outsiders else "green"
        good.add_row(str(place), *(_plain(cell) for cell in cells), style=style)
    console.print(good)
    _others(console, len(found.rows), lang)
    if outsiders:
        console.print(f"[yellow]{word('outsiders', lang)}: {rows_text(found.outsiders)}[/]")
    if found.bad:
        bad = _table(lang, ("row", "column", "value", "problem"), word("bad", lang))
        for cell in found.bad[:ROWS_SHOWN]:
            called = cell.heading or word(cell.column, lang)
            bad.add_row(
                str(cell.row), _plain(called), _plain(cell.value), _plain(cell.problem), style="red"
            )
        console.print(bad)
        _others(console, len(found.bad), lang)
    counts = word("counts_refused" if outsiders else "counts", lang)
    good_rows = len(found.expected)
    console.print(counts.format(good=good_rows, refused=len(outsiders), bad=found.bad_rows))


def rows_text(rows: Sequence[int]) -> str:
    """Return the numbers of the first rows, and dots where there are more."""
    text = ", ".join(map(str, rows[:ROWS_SHOWN]))
    return f"{text}, …" if len(rows) > ROWS_SHOWN else text


def _others(console: Console, count: int, lang: Language) -> None:
    if count > ROWS_SHOWN:
        console.print(word("others", lang).format(n=count - ROWS_SHOWN))


def _plain(text: str) -> str:
    """Return a text of others so that it is neither markup of the table nor repaints the terminal."""
    return escape(plain(text))
