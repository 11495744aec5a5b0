"""The journal's benchmark says its rows by their names, with the limit of the same run beside each."""

import json

import pytest

import ceax
from bench import journal_bench


def test_a_small_run_has_every_row_and_its_conditions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_bench, "BATCHES", {4_096: 2, 1: 3})
    monkeypatch.setattr(journal_bench, "COPIED_BATCHES", 5)
    monkeypatch.setattr(journal_bench, "RECOVERED_IN", {4_096: ""})
    arguments = ["bench", "journal", "--commands", "20000", "--runs", "1", "--json"]
    assert ceax.main(arguments) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert list(rows) == [
        "journal/records_per_s",
        "journal/ratio_to_fdatasync",
        "journal/records_per_s/batch-1",
        "journal/ratio_to_fdatasync/batch-1",
        "journal/copy_behind_ms",
        "journal/recovery_s/20000",
        "journal/recovery_with_snapshot_s/20000",
    ]
    assert rows["journal/records_per_s"]["conditions"]["records_per_batch"] == 4_096
    assert rows["journal/records_per_s"]["conditions"]["raw_fdatasync_per_s"] > 0
    assert rows["journal/records_per_s"]["at_least"] == 1_000_000
    assert rows["journal/records_per_s/batch-1"]["at_least"] is None
    for name in ("recovery_s", "recovery_with_snapshot_s"):
        assert rows[f"journal/{name}/20000"]["goal"] is None, "the goals are of a day of a million"
    assert rows["journal/recovery_with_snapshot_s/20000"]["conditions"]["snapshot_behind"] == 17_500
    assert rows["journal/copy_behind_ms"]["goal"] == 1_000
    # A slow disk lets the copy keep up between two appends, and one in memory leaves no ratio of two digits.
    measured = [name for name in rows if name.endswith("_per_s") or "recovery" in name]
    assert all(rows[name]["median"] > 0 for name in measured)


@pytest.mark.parametrize("wrong", [["--runs", "0"], ["--commands", "10"], ["--commands", "1e6"]])
def test_a_wrong_number_is_told(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ceax.main(["bench", "journal", *wrong])
    assert "a whole number from" in capsys.readouterr().err
