"""The one table of words: complete in both languages, alike in their gaps, and wide enough nowhere to break."""

import re
import string
from pathlib import Path

import pytest
from rich.cells import cell_len

from gateway import action_words
from terminal import glossary, texts
from terminal.keys import (
    APPROVE,
    CANCEL,
    CODES,
    END,
    FILTER,
    ISSUE,
    KEYS,
    LIMIT,
    NEXT_PRODUCT,
    OPEN,
    PROPOSE,
    REJECT,
)
from terminal.screens import admission
from terminal.screens.phases import MethodsPanel, ReferencesPanel
from terminal.widgets import (
    account,
    auctions,
    code_list,
    key_list,
    listings,
    market_table,
    orders,
    participants,
    proposals,
)
from terminal.widgets.table import Column, fitting

FOLDER = Path(texts.__file__).parent
TABLES = {
    "texts_access.py",
    "texts_batches.py",
    "texts_dialogue.py",
    "texts_frame.py",
    "texts_trader.py",
    "texts_operator.py",
    "glossary.py",
}
COLUMN_SETS = (
    market_table.NARROW,
    market_table.NORMAL,
    market_table.WIDE,
    orders.NARROW,
    orders.WIDE,
    account.HoldingsPanel.COLUMNS,
    account.TradesPanel.COLUMNS,
    listings.Listings.COLUMNS,
    MethodsPanel.COLUMNS,
    ReferencesPanel.COLUMNS,
    key_list.NARROW,
    key_list.COMPANY_NARROW,
    key_list.WIDE,
    code_list.NARROW,
    code_list.WIDE,
    admission.NARROW,
    admission.WIDE,
    admission.BAD_WIDE,
    participants.NARROW,
    participants.WIDE,
    proposals.NARROW,
    proposals.WIDE,
)


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", texts.TEXTS)
def test_both_languages_say_the_same(key: str) -> None:
    zh, en = texts.TEXTS[key]
    assert zh.strip()
    assert en.strip()
    assert gaps(zh) == gaps(en)


def test_no_word_of_a_person_stands_outside_the_tables() -> None:
    found = [
        f"{path.name}:{number}"
        for path in sorted(FOLDER.rglob("*.py"))
        if path.name not in TABLES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r'"[^"]*[\u4e00-\u9fff][^"]*"', re.sub(r'""".*', "", line))
        and not re.search(
            r'"万|"亿|w\|万|万\]|。|（|演示/仿真', line
        )  # units, marks of input, the badge
    ]
    assert not found, "put these words into terminal/texts*.py: " + ", ".join(found)


def test_every_key_of_the_tables_is_used() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py") if path.name not in TABLES
    )
    made = re.compile(
        r"^(phase|left|role|state|clock|basis|settle|told|ticket|restriction|cause|scope|access|permission|way)_"
    )
    code += Path(action_words.__file__).read_text(encoding="utf-8")
    idle = [
        key
        for key in texts.TEXTS
        if not re.search(f"[\"']{key}[\"']", code) and not made.match(key)
    ]
    assert not idle, f"no screen says {idle}"


@pytest.mark.parametrize("columns", COLUMN_SETS)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_titles_fit_their_columns(columns: tuple[Column, ...], language: texts.Language) -> None:
    for column in columns:
        title = texts.say(language, column.key)
        assert cell_len(title) <= column.width, f"{title!r} in {column.width} cells"


@pytest.mark.parametrize(
    "columns",
    [
        market_table.NARROW,
        orders.NARROW,
        account.HoldingsPanel.COLUMNS,
        key_list.NARROW,
        key_list.COMPANY_NARROW,
        code_list.NARROW,
    ],
)
def test_narrow_tables_fit_eighty_columns(columns: tuple[Column, ...]) -> None:
    assert sum(column.width + 2 for column in columns) <= 78


@pytest.mark.parametrize(
    "sets",
    [
        (market_table.WIDE, market_table.NORMAL, market_table.NARROW),
        (orders.WIDE, orders.NARROW),
        (auctions.WIDE, auctions.NARROW),
        (proposals.WIDE, proposals.NARROW),
        (key_list.WIDE, key_list.NARROW),
        (code_list.WIDE, code_list.NARROW),
        (admission.WIDE, admission.NARROW),
        (participants.WIDE, participants.NARROW),
        (admission.BAD_WIDE, admission.BAD_NARROW),
    ],
)
def test_columns_are_as_wide_as_the_screen_has_room_for(sets: tuple[tuple[Column, ...]]) -> None:
    shown = {room: fitting(sets, room) for room in (80, *range(99, 201))}
    for room, columns in shown.items():
        assert sum(column.width + 2 for column in columns) + 2 <= room
    assert shown[80] == sets[-1]
    assert shown[200] == sets[0]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_help_lines_fit_eighty_columns(language: texts.Language) -> None:
    for key in texts.TEXTS:
        if re.search(r"_help($|_)", key) and key not in ("login_help", "key_help"):
            sentence = texts.say(language, key, key="F2")
            assert cell_len(sentence) <= 78, f"{key}: {cell_len(sentence)} cells"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_what_goes_wrong_on_this_side_is_told_whole_at_eighty_columns(
    language: texts.Language,
) -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))
    calls = re.findall(r"\.note\(([^)]*)\)", code)
    keys = {key for call in calls for key in re.findall(r'"([a-z_]+)"', call)}
    assert len(keys) > 15
    room = 80 - cell_len(" ✗ ") - cell_len(f"  {texts.say(language, 'esc_clears')} ")
    for key in keys:
        told = texts.say(language, key)
        assert cell_len(told) <= room, f"{key}: {cell_len(told)} cells, {room} are there"


def test_keys_have_ids_of_their_own_and_words() -> None:
    extra = (CANCEL, NEXT_PRODUCT, OPEN, PROPOSE, REJECT, ISSUE, APPROVE, END, FILTER, LIMIT, CODES)
    ids = [key.id for key in (*KEYS, *extra)]
    assert len(set(ids)) == len(ids)
    for key in (*KEYS, *extra):
        assert key.text_key in texts.TEXTS
    for role in ("trader", "operator"):
        pressed = [key.key for key in KEYS if role in key.roles]
        assert len(set(pressed)) == len(pressed), f"two meanings of one key for a {role}"


def test_the_glossary_explains_in_both_languages() -> None:
    for zh_name, en_name, zh_text, en_text in glossary.GLOSSARY:
        assert zh_name
        assert en_name
        assert re.search(r"[\u4e00-\u9fff]", zh_text)
        assert not re.search(r"[\u4e00-\u9fff]", en_text)
