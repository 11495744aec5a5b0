"""The style guide that bites: each failure names the place and what to do instead."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
WORD_LISTS = ("engine/commands.py", "engine/events.py", "engine/reasons.py")
"""The vocabulary: flat lists of declarations, looked up by name and read nowhere from top to bottom."""
WORD_LIST_LINES_MAX = 1_000
INTEGER_FOLDERS = ("engine", "clearing")
ROOT_DOCUMENTS = ("README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CHANGELOG.md")
FOLDERS = ("engine", "gateway", "terminal", "clearing", "bench", "tests")


def sources() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return [ROOT / name for name in sorted(set(listed)) if (ROOT / name).exists()]


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_and_functions_stay_small() -> None:
    crowded = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        is_list = str(path.relative_to(ROOT)) in WORD_LISTS
        if text.count("\n") > (WORD_LIST_LINES_MAX if is_list else FILE_LINES_MAX):
            crowded.append(f"{place(path, 1)}: {text.count(chr(10))} lines; split the file")
        for function in functions(ast.parse(text)):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > FUNCTION_LINES_MAX:
                crowded.append(
                    f"{place(path, function.lineno)}: {length} lines; split {function.name}"
                )
    assert not crowded, "\n".join(crowded)


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        place(path, 1)
        for path in sources()
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent, "\n".join(silent)


def test_money_and_quantity_are_integers() -> None:
    floats = []
    for path in sources():
        if path.relative_to(ROOT).parts[0] not in INTEGER_FOLDERS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                floats.append(f"{place(path, node.lineno)}: the float {node.value}")
            if (
                isinstance(node, ast.BinOp)
                and isinstance(node.op, ast.Div)
                and "path" not in ast.unparse(node).lower()  # pathlib joins with the same sign
                and path.name != "compile_cache.py"  # the one file of the engine that joins paths
            ):
                floats.append(
                    f"{place(path, node.lineno)}: `{ast.unparse(node)}` divides to a float"
                )
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"float", "round"}
            ):
                floats.append(f"{place(path, node.lineno)}: {node.func.id}()")
    assert not floats, "\n".join(floats)


def test_every_division_says_how_it_rounds() -> None:
    unsaid = []
    word = re.compile(r"#.*(round|floor|exact|half|up|down|ceil)", re.IGNORECASE)
    for path in sources():
        if path.relative_to(ROOT).parts[0] not in INTEGER_FOLDERS:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(node, ast.BinOp | ast.AugAssign) or not isinstance(
                node.op, ast.FloorDiv
            ):
                continue
            first, last = node.lineno - 2, node.end_lineno or node.lineno
            if not any(word.search(line) for line in lines[max(0, first) : last + 1]):
                unsaid.append(f"{place(path, node.lineno)}: say how this division rounds")
    assert not unsaid, "\n".join(unsaid)


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    left = [
        place(path, number)
        for path in sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert not left, "\n".join(left)


def test_no_test_sleeps_for_luck_or_asserts_nothing() -> None:
    bad = []
    proof = re.compile(r"assert|raises|check|expect|verify|compare|run_state_machine")
    for path in sources():
        if path.relative_to(ROOT).parts[0] != "tests":
            continue
        text = path.read_text(encoding="utf-8")
        if re.search(r"\btime\.sleep\(", text):
            bad.append(f"{place(path, 1)}: time.sleep in a test; wait for the thing itself")
        for function in functions(ast.parse(text)):
            source = ast.get_source_segment(text, function) or ""
            if function.name.startswith("test_") and not proof.search(source):
                bad.append(f"{place(path, function.lineno)}: {function.name} proves nothing")
    assert not bad, "\n".join(bad)


def test_root_documents_and_folder_readmes_stand() -> None:
    wanted = [ROOT / name for name in ROOT_DOCUMENTS] + [ROOT / f / "README.md" for f in FOLDERS]
    missing = [str(path.relative_to(ROOT)) for path in wanted if not path.exists()]
    assert not missing, missing
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "演示" in text, f"{name} must say 演示/仿真"
        assert "仿真" in text, f"{name} must say 演示/仿真"


def test_no_large_files() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    large = [n for n in listed if (ROOT / n).exists() and (ROOT / n).stat().st_size > 400_000]
    assert not large, large


@pytest.mark.parametrize("folder", FOLDERS[:-1])
def test_every_folder_says_what_it_is(folder: str) -> None:
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# "), folder
    lines = text.count("\n")
    assert lines <= 80, f"{folder}/README.md has {lines} lines; a folder README is short"
