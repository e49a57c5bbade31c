"""Level matching and removed delays are edits: undone, redone and kept in the workbench file."""

from __future__ import annotations

from pathlib import Path

from gaplisten.bench.document import Document
from gaplisten.bench.store import read_work, write_work


def test_a_removed_delay_can_be_undone_and_put_back() -> None:
    document = Document()
    document.set_delay("a", "condition:mild", 1920)
    assert document.work.clip("a").delays == (("condition:mild", 1920),)
    document.undo()
    assert document.work.clip("a").delays == ()
    document.redo()
    document.set_delay("a", "condition:mild", 0)
    assert document.work.clip("a").delays == ()
    assert "a" not in document.work.clips


def test_levels_are_matched_in_one_clip_or_in_all() -> None:
    document = Document()
    document.match_levels("a", this=True, every=False)
    assert (document.work.clip("a").match_levels, document.work.match_levels) == (True, False)
    document.match_levels("a", this=False, every=True)
    assert (document.work.clip("a").match_levels, document.work.match_levels) == (False, True)
    document.undo()
    assert (document.work.clip("a").match_levels, document.work.match_levels) == (True, False)


def test_both_are_kept_in_the_workbench_file(tmp_path: Path) -> None:
    document = Document()
    document.match_levels("a", this=True, every=False)
    document.set_delay("a", "condition:good", -7)
    document.match_levels("b", this=False, every=True)
    path = tmp_path / "one.gaplisten.toml"
    write_work(path, document.work)
    assert read_work(path) == document.work
