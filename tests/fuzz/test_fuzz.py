"""A short run of the fuzz harness: `run.py fuzz` goes on for as long as it is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fuzz import harness
from fuzz.mutations import mutated
from fuzz.reader import Reader
from fuzz.readers import all_readers
from gaplisten.errors import GaplistenError

READERS = {reader.name: reader for reader in all_readers()}


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_end_in_a_value_or_in_words(tmp_path: Path, name: str) -> None:
    reader = READERS[name]
    whole = harness.whole_file(reader, tmp_path)
    found = [harness.try_one(reader, whole, seed, tmp_path, None) for seed in range(40)]
    assert [each for each in found if each] == []


def test_damage_is_the_same_for_the_same_seed_and_nearly_always_damage() -> None:
    data = b"[a]\nb = 12\nc = 3.5\n" * 20
    changed = [mutated(data, seed, text=True) for seed in range(50)]
    assert changed == [mutated(data, seed, text=True) for seed in range(50)]
    assert sum(each != data for each in changed) > 45


def test_a_finding_is_told_made_smaller_and_kept(tmp_path: Path) -> None:
    def read(path: Path) -> None:
        if b"7" in path.read_bytes():
            raise ZeroDivisionError("seven")
        raise GaplistenError("x", "is refused")

    reader = Reader("sevens", ".bin", lambda path: path.write_bytes(b"0" * 100), read)
    kept = tmp_path / "found"
    said = harness.try_one(reader, b"0123456789" * 20, 1, tmp_path, kept)
    assert "ZeroDivisionError: seven" in said
    assert (kept / "sevens-1.bin").read_bytes() == b"7"
    assert "seed 1" in (kept / "sevens-1.bin.why.txt").read_text()


def test_what_an_independent_reader_calls_damaged_may_not_be_accepted(tmp_path: Path) -> None:
    wav = READERS["sound wav"]
    lenient = Reader("lenient", ".wav", wav.make, lambda _path: None, damaged=wav.damaged)
    path = tmp_path / "x.wav"
    wav.make(path)
    assert harness.surprise(lenient, path) == ""
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(GaplistenError):
        wav.read(path)
    assert wav.damaged is not None
    assert wav.damaged(path)


def test_what_is_slow_each_time_is_told_and_what_the_machine_held_up_once_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = iter([0.03, 0.0, 0.03, 0.03])
    slow = Reader("slow", ".bin", lambda path: path.write_bytes(b""), lambda _path: time.sleep(next(waits)))
    monkeypatch.setattr(harness, "SLOW_SECONDS", 0.02)
    assert harness.surprise(slow, tmp_path) == ""
    assert harness.surprise(slow, tmp_path) == "takes longer than 0.02 s"
