"""The fuzz targets in their short form: drawn inputs here, two seconds of coverage guidance in a process."""

import importlib.util
import random
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.journal_format import HEAD_BYTES, HEADER_BYTES, JournalDamaged
from tests.fuzz import autobahn, decoder, framing, journal
from tests.fuzz.run import TARGETS, main
from tests.gateway.raw_socket import BINARY, frame

TARGET_MODULES = (decoder, framing, journal)
needs_atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris has no wheel for this Python or system; `make fuzz` needs one",
)


def changed(seed: bytes, source: random.Random) -> bytes:
    """Return a seed with some of its bytes changed, doubled or gone, as a fuzzer would."""
    data = bytearray(seed)
    for _ in range(source.randint(1, 6)):
        place = source.randrange(len(data) + 1)
        match source.randrange(4):
            case 0 if place < len(data):
                data[place] ^= 1 << source.randrange(8)
            case 1:
                data[place:place] = source.randbytes(source.randint(1, 4))
            case 2:
                del data[place : place + source.randint(1, 8)]
            case _:
                data += data[place : place + 40]
    return bytes(data)


@pytest.mark.parametrize("target", TARGET_MODULES, ids=TARGETS)
def test_seeds_are_what_they_shall_be(target: ModuleType) -> None:
    held = [target.check(seed) for seed in target.seeds()]
    assert any(held)
    if target is decoder:
        assert all(held)


def test_a_sealed_frame_with_no_payload_of_its_kind_is_named() -> None:
    edit = struct.pack("<IB", HEAD_BYTES + HEADER_BYTES, 0xFF)
    content = journal.file_of(bytes((journal.SEALED,)) + edit)
    with pytest.raises(JournalDamaged, match="payload of the frame is not one of its kind") as told:
        journal.read(content)
    assert (told.value.offset, told.value.sequence) == (HEAD_BYTES, 1)


def test_a_sealed_first_frame_of_no_sequence_is_named_with_the_first() -> None:
    """Found by ten minutes of guided fuzzing."""
    edits = [(HEAD_BYTES + HEADER_BYTES, 0xFF), (HEAD_BYTES + 23, 0xE0)]
    data = bytes((journal.SEALED,)) + b"".join(struct.pack("<IB", *edit) for edit in edits)
    assert not journal.check(data)
    with pytest.raises(JournalDamaged) as told:
        journal.read(journal.file_of(data))
    assert told.value.sequence == 1


@pytest.mark.parametrize("target", TARGET_MODULES, ids=TARGETS)
@settings(max_examples=300)
@given(source=st.randoms(use_true_random=False))
def test_changed_seeds_hold(target: ModuleType, source: random.Random) -> None:
    seeds = [seed for seed in target.seeds() if seed]
    assert target.check(changed(source.choice(seeds), source)) in {True, False}


@pytest.mark.parametrize("target", TARGET_MODULES, ids=TARGETS)
@settings(max_examples=300)
@given(data=st.binary(max_size=400))
def test_any_bytes_hold(target: ModuleType, data: bytes) -> None:
    assert target.check(data) in {True, False}


def test_what_comes_in_one_packet_behind_an_unreadable_text_is_not_taken() -> None:
    """Found by ten minutes of guided fuzzing."""
    stream = framing.FOREIGN_TEXT + frame(BINARY, b"\x00\x00")
    assert framing.by_gate([stream]) == (([], [], framing.UNREADABLE), 0)


@needs_atheris
@pytest.mark.process
@pytest.mark.parametrize("name", TARGETS)
def test_two_seconds_of_guided_fuzzing(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", name, "2", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    assert "DONE" in done.stderr
    assert not list(tmp_path.glob("**/crash-*"))


def test_the_runner_tells_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["nothing", "2"], ["decoder", "x"]):
        assert main(arguments) == 2
    assert "decoder|framing|journal" in capsys.readouterr().err


def test_a_report_of_autobahn_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "index.json"
    report.write_text(
        '{"ceax": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK"},'
        ' "7.1.5": {"behavior": "FAILED", "behaviorClose": "WRONG CODE"}}}'
    )
    assert autobahn.read_report(report) == {"OK": 1, "FAILED": 1}
    assert "7.1.5: FAILED" in capsys.readouterr().err
