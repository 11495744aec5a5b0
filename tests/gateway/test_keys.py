"""Key files: made new, readable by their owner alone, never printed, refused where they are not right."""

import json
import os
from pathlib import Path

import pytest

import ceax
from engine.commands import Role
from gateway import keys
from gateway.errors import UserError


def test_a_key_signs_and_its_public_half_verifies(tmp_path: Path) -> None:
    key = keys.new_key("演示交易员", Role.TRADER)
    path = tmp_path / "trader.key"
    key.save(path)
    loaded = keys.load(path)
    assert loaded == key
    signature = loaded.sign(b"text")
    assert keys.verify(key.public_key, b"text", signature)
    assert not keys.verify(key.public_key, b"texu", signature)
    assert not keys.verify(keys.new_key("a", "trader").public_key, b"text", signature)


def test_a_key_file_is_for_its_owner_whatever_the_mask_says(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    before = os.umask(0)
    try:
        keys.new_key("演示", "operator").save(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    first = keys.new_key("演示", "operator")
    first.save(path)
    with pytest.raises(UserError, match="exists"):
        keys.new_key("演示", "operator").save(path)
    assert keys.load(path) == first


def test_the_secret_half_is_not_in_the_repr() -> None:
    key = keys.new_key("演示", "trader")
    assert key.secret_key not in repr(key)
    assert key.public_key in repr(key)


def test_bad_key_files_are_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    with pytest.raises(UserError, match="cannot read"):
        keys.load(path)
    keys.new_key("演示", "trader").save(path)
    path.chmod(0o640)
    with pytest.raises(UserError, match="chmod 600"):
        keys.load(path)
    path.chmod(0o600)
    good = json.loads(path.read_text())
    for change in ({"secret_key": "00" * 32}, {"role": "king"}, {"extra": 1}, {"public_key": "x"}):
        path.write_text(json.dumps(good | change))
        with pytest.raises(UserError):
            keys.load(path)
    path.write_text("not json")
    with pytest.raises(UserError, match="not a key file"):
        keys.load(path)


def test_an_unwritable_directory_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        keys.new_key("演示", "trader").save(tmp_path / "missing" / "a.key")


def test_small_order_and_malformed_keys_verify_nothing() -> None:
    identity = "01" + "00" * 31
    for signature in (identity + "00" * 32, "00" * 64, "zz", ""):
        assert not keys.verify(identity, b"anything", signature)
    assert not keys.verify("12", b"", "00" * 64)


def test_the_command_makes_and_shows_a_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.key"
    words = ["keys", "new", str(path), "--person", "演示交易员", "--role", "trader", "--json"]
    assert ceax.main(words) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["public_key"] == keys.load(path).public_key
    assert ceax.main(words) == 2
    assert "exists" in capsys.readouterr().err
    assert ceax.main(["keys", "show", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["person"] == "演示交易员"
