"""What the demo prints fits the window, in both languages, and loses no character."""

import pytest
from rich.cells import cell_len

from bench.screen import Screen, wrap

ENGLISH = "09:30 演示运营员乙 approves: reference 48.00, band 43.20 – 52.80; the market opens"
CHINESE = "未准入者登录被拒:密钥未登记或签名不符;只有已准入的重点排放单位可以登录"


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, "one", "a-word-that-is-longer-than-its-line x"])
@pytest.mark.parametrize("columns", [20, 33, 76])
def test_lines_fit_and_nothing_is_lost(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        assert cell_len(line) <= columns or " " not in line.strip()


def test_english_is_cut_at_spaces_only() -> None:
    assert " ".join(wrap("the market opens again", 12)) == "the market opens again"
    assert wrap("the market opens again", 12) == ["the market", "opens again"]


def test_chinese_punctuation_begins_no_line() -> None:
    for columns in range(8, 60):
        assert not any(line[0] in ",。;:、)" for line in wrap(CHINESE, columns))


def test_a_quiet_screen_says_nothing_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(quiet=True)
    screen.title("a part", "under it")
    with screen.stage("doing [this]") as stage:
        stage.done("done [that]")
    screen.show("a result")
    caught = capsys.readouterr()
    assert caught.out == ""
    assert "✓ done [that]" in caught.err


def test_a_failed_stage_is_crossed(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(quiet=False)

    def fail() -> None:
        with screen.stage("doing"):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        fail()
    screen.show("a result")
    caught = capsys.readouterr()
    assert "✗ doing" in caught.err
    assert caught.out == "a result\n"
