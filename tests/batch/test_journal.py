"""The journal: what is noted is on the disk; what is torn does not count."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.batch.journal import Journal, JournalError, key_of


def test_what_was_noted_is_known_after_opening_again(tmp_path: Path):
    path = tmp_path / "deep" / "journal.jsonl"
    with Journal(path) as journal:
        journal.note("a", {"value": 1.5})
        journal.note("b", {"value": None, "reason": "silent\n"})
    again = Journal(path)
    assert again.get("a") == {"value": 1.5}
    assert again.get("b") == {"value": None, "reason": "silent\n"}
    assert again.get("c") is None


def test_the_last_word_on_an_item_counts(tmp_path: Path):
    with Journal(tmp_path / "j") as journal:
        journal.note("a", {"value": 1})
        journal.note("a", {"value": 2})
    assert Journal(tmp_path / "j").get("a") == {"value": 2}


@settings(max_examples=40)
@given(cut=st.integers(1, 200))
def test_a_line_torn_at_any_place_is_ignored_and_harms_no_other(tmp_path_factory, cut: int):
    path = tmp_path_factory.mktemp("journal") / "j"
    with Journal(path) as journal:
        journal.note("a", {"value": 1})
        whole = path.stat().st_size
        journal.note("b", {"text": "x" * 80})
    torn = path.read_bytes()
    path.write_bytes(torn[: max(len(torn) - cut, whole)])
    with Journal(path) as journal:
        assert journal.get("a") == {"value": 1}
        assert journal.get("b") is None or cut == 1  # without its line end a whole line is whole
        journal.note("c", {"value": 3})
    again = Journal(path)
    assert again.get("a") == {"value": 1}
    assert again.get("c") == {"value": 3}


def test_foreign_lines_are_ignored(tmp_path: Path):
    path = tmp_path / "j"
    path.write_bytes(b'[1]\n{"no": "key"}\n{"key": 3}\n\xff\xfe\n{"key": "a"}\n')
    assert Journal(path).get("a") == {}


def test_each_note_is_on_the_disk_at_once(tmp_path: Path):
    journal = Journal(tmp_path / "j")
    journal.note("a", {})
    assert (tmp_path / "j").read_bytes() == b'{"key":"a"}\n'
    journal.close()


def test_a_folder_that_refuses_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be"):
        Journal(tmp_path / "file" / "j").note("a", {})


def test_a_full_disk_is_told_and_costs_no_later_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) > 10:
            return real(descriptor, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = Journal(tmp_path / "j")
    journal.note("a", {"value": 1})
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(JournalError, match=r"No space left on device\); make room"):
            journal.note("b", {"value": 2})
    assert journal.get("b") is None
    journal.note("c", {"value": 3})
    journal.close()
    again = Journal(tmp_path / "j")
    assert (again.get("a"), again.get("b"), again.get("c")) == ({"value": 1}, None, {"value": 3})


@pytest.mark.parametrize("way", ["a file in the way", "a folder in the way", "a full disk"])
def test_one_that_only_saves_time_knows_while_it_is_open_and_says_why_not_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
):
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "cache" / "j"
    if way == "a file in the way":
        path.parent.write_text("")
    elif way == "a folder in the way":
        path.mkdir(parents=True)
    else:
        monkeypatch.setattr(os, "write", full)
    with Journal(path, only_saves_time=True) as journal:
        journal.note("a", {"value": 1})
        journal.note("b", {"value": 2})
        assert (journal.get("a"), journal.get("b"), journal.get("c")) == ({"value": 1}, {"value": 2}, None)
        assert journal.problem.startswith(f"what is computed now is not kept for later: {path}: cannot be ")
        assert "GAPLISTEN_HOME" in journal.problem


def test_one_that_only_saves_time_has_no_problem_where_it_can_be_written(tmp_path: Path):
    with Journal(tmp_path / "j", only_saves_time=True) as journal:
        journal.note("a", {})
    assert (journal.problem, Journal(tmp_path / "j").get("a")) == ("", {})


def test_keys_depend_on_every_part_and_not_on_their_order():
    assert key_of(a=1, b="x") == key_of(b="x", a=1)
    assert len({key_of(a=1), key_of(a=2), key_of(b=1), key_of(a="1")}) == 4
