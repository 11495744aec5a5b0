"""Key files under a passphrase, and the rights that every file with a secret must have."""

import json
import os
from pathlib import Path

import pytest

import ceax
from engine.commands import Role
from gateway import cli_parts, keys, passphrase
from gateway.errors import UserError
from gateway.private_file import read_private

WORDS = "正确的马电池订书钉"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "OPERATIONS", 1)
    monkeypatch.setattr(passphrase, "MEMORY_BYTES", 8 * 1024)
    monkeypatch.delenv(passphrase.VARIABLE, raising=False)


def sealed(tmp_path: Path) -> tuple[keys.KeyFile, Path]:
    key = keys.new_key("演示交易员", "trader")
    path = tmp_path / "sealed.key"
    key.save(path, WORDS)
    return key, path


def test_a_sealed_key_opens_with_its_passphrase_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, path = sealed(tmp_path)
    text = path.read_text()
    assert key.secret_key not in text
    assert "secret_key" not in text
    assert keys.load(path, WORDS) == key
    assert keys.load(path, lambda: WORDS) == key
    with pytest.raises(passphrase.WrongPassphrase, match="passphrase is wrong"):
        keys.load(path, WORDS + "x")
    with pytest.raises(keys.PassphraseNeeded, match=passphrase.VARIABLE):
        keys.load(path)
    monkeypatch.setenv(passphrase.VARIABLE, WORDS)
    assert keys.load(path) == key


def test_one_passphrase_however_a_keyboard_writes_it(tmp_path: Path) -> None:
    key = keys.new_key("演示", "trader")
    path = tmp_path / "a.key"
    key.save(path, "caf\u00e9 au lait")
    assert keys.load(path, "cafe\u0301 au lait") == key


def test_every_changed_byte_of_a_sealed_key_is_noticed(tmp_path: Path) -> None:
    _, path = sealed(tmp_path)
    good = json.loads(path.read_text())
    box = good["sealed"]["box"]
    for place in range(0, len(box), 6):
        digit = "0" if box[place] != "0" else "1"
        changed = good["sealed"] | {"box": box[:place] + digit + box[place + 1 :]}
        path.write_text(json.dumps(good | {"sealed": changed}))
        with pytest.raises(passphrase.WrongPassphrase):
            keys.load(path, WORDS)


def test_a_file_cannot_ask_for_all_memory_or_for_ever(tmp_path: Path) -> None:
    _, path = sealed(tmp_path)
    good = json.loads(path.read_text())
    for change in (
        {"memory_bytes": 2**40},
        {"operations": 10_000},
        {"derivation": "none"},
        {"salt": "00"},
        {"box": "00" * 4},
        {"extra": 1},
    ):
        path.write_text(json.dumps(good | {"sealed": good["sealed"] | change}))
        with pytest.raises(UserError, match="not a key file"):
            keys.load(path, WORDS)
    for both in (good | {"secret_key": "00" * 32}, {k: good[k] for k in good if k != "sealed"}):
        path.write_text(json.dumps(both))
        with pytest.raises(UserError, match="either secret_key or sealed"):
            keys.load(path, WORDS)


def test_the_cost_of_a_guess_is_what_was_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert passphrase.MEMORY_BYTES >= 19 * 1024 * 1024, "the least that OWASP asks for"
    assert passphrase.OPERATIONS >= 2


def test_short_and_endless_passphrases_are_refused(tmp_path: Path) -> None:
    key = keys.new_key("演示", "trader")
    for words in ("1234567", "密" * 400):
        with pytest.raises(UserError, match="a passphrase has at"):
            key.save(tmp_path / "a.key", words)
    assert not (tmp_path / "a.key").exists()


def test_a_passphrase_file_is_private_and_one_line(tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_text(WORDS + "\n")
    path.chmod(0o644)
    with pytest.raises(UserError, match=r"passphrase file .* chmod 600") as caught:
        passphrase.from_program(path)
    assert caught.value.told("zh") == f"口令文件 {path} 他人可读; 请执行: chmod 600 {path}"
    path.chmod(0o600)
    assert passphrase.from_program(path) == WORDS
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(UserError, match="not UTF-8"):
        passphrase.from_program(path)
    path.write_bytes(b"x" * 2_000)
    with pytest.raises(UserError, match="more than"):
        passphrase.from_program(path)


def test_key_files_written_before_passphrases_still_load(tmp_path: Path) -> None:
    key = keys.new_key("演示", "operator")
    path = tmp_path / "old.key"
    old = {
        "person": "演示",
        "role": "operator",
        "public_key": key.public_key,
        "secret_key": key.secret_key,
    }
    path.write_text(json.dumps(old, indent=2))
    path.chmod(0o600)
    assert keys.load(path) == key


def test_only_a_plain_private_file_of_ones_own_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.key"
    keys.new_key("演示", "trader").save(path)
    link = tmp_path / "link.key"
    link.symlink_to(path)
    assert keys.load(link) == keys.load(path), "a link of one's own to a file of one's own"
    pipe = tmp_path / "pipe.key"
    os.mkfifo(pipe, 0o600)
    for place in (pipe, tmp_path):
        with pytest.raises(UserError, match="not a plain file"):
            keys.load(place)
    path.write_text("x" * (keys.KEY_FILE_BYTES_MAX + 1))
    with pytest.raises(UserError, match="more than"):
        keys.load(path)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    with pytest.raises(UserError, match="belongs to another user"):
        read_private(path, "key file", 10**6)
    if me:
        with pytest.raises(UserError, match="link that somebody else made"):
            read_private(link, "key file", 10**6)


# ---------------------------------------------------------------- passphrases at the command


def test_a_new_key_is_locked_or_warned_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = ["keys", "new", "--person", "演示", "--role", "administrator"]
    assert ceax.main([*new, str(tmp_path / "open.key")]) == 0
    assert "warning: no passphrase" in capsys.readouterr().err
    monkeypatch.setenv(passphrase.VARIABLE, WORDS)
    path = tmp_path / "locked.key"
    assert ceax.main([*new, str(path), "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out)["has_passphrase"]
    assert keys.load(path, WORDS).role is Role.ADMINISTRATOR
    monkeypatch.delenv(passphrase.VARIABLE)
    assert ceax.main(["keys", "show", str(path), "--lang", "zh"]) == 0
    assert "演示 的密钥 (企业管理员)" in capsys.readouterr().out, "it needs no passphrase"


def test_what_is_wrong_with_a_new_key_is_told_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = ("keys", "new", str(tmp_path / "a.key"), "--role", "trader", "--person")
    for person, words, zh, en in (
        ("", WORDS, "不能为该人员制作密钥", "no key can be made"),
        ("x" * 201, WORDS, "至多 200 个字符", "200 characters or fewer"),
        ("演示", "short", "口令至少 8 个字符", "at least 8 characters"),
        ("演示", os.fsdecode(b"\xff" * 9), "不是 UTF-8 文本", "not UTF-8 text"),
    ):
        monkeypatch.setenv(passphrase.VARIABLE, words)
        for lang, sign in (("zh", zh), ("en", en)):
            assert ceax.main([*new, person, "--lang", lang]) == 2
            assert sign in capsys.readouterr().err
        assert not (tmp_path / "a.key").exists()


def test_a_passphrase_is_asked_twice_at_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "asked.key"
    new = ["keys", "new", str(path), "--person", "演示", "--role", "trader", "--passphrase"]
    assert ceax.main(new) == 2
    assert "programs use --passphrase-file" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for typed, problem in (((WORDS, WORDS + "x"), "differ"), (("short", "short"), "at least")):
        answers = iter(typed)
        monkeypatch.setattr("getpass.getpass", lambda _, answers=answers: next(answers))
        assert ceax.main(new) == 2
        assert problem in capsys.readouterr().err
        assert not path.exists()
    monkeypatch.setattr("getpass.getpass", lambda _: WORDS)
    assert ceax.main(new) == 0
    assert keys.load(path, WORDS).person == "演示"
    assert cli_parts.open_key(path).person == "演示", "asked once to open it"


def test_a_locked_key_without_a_passphrase_is_told_to_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "locked.key"
    keys.new_key("演示", "operator").save(path, WORDS)
    words = ["keys", "list", "--exchange", "ws://127.0.0.1:1", "--key", str(path)]
    assert ceax.main(words) == 2
    assert passphrase.VARIABLE in capsys.readouterr().err
