from pathlib import Path

import pytest

from gaplisten.bench.document import Document
from gaplisten.bench.state import Choice, GapChoices, Loop, LossEdit, Note, Sources
from kit import traces


def trace(drawing):
    return traces.trace(drawing, 320, 16000)


def test_every_edit_can_be_undone_and_done_again():
    document = Document()
    document.show_clip("a")
    start = document.work
    document.switch_on("repeat_fade")
    document.set_parameter(0, "hold", 5.0)
    document.set_loss("a", trace("..xx."), "painted")
    document.add_note("a", Note(100, "click", "at the exit", "repeat_fade", (40, 60)))
    document.set_loop("a", Loop(10, 20))
    document.set_order(["repeat_fade"])
    end = document.work
    labels = []
    while label := document.undo():
        labels.append(label)
    assert document.work == start
    assert labels[-1] == "switch on repeat_fade"
    while document.redo():
        pass
    assert document.work == end
    assert end.clip("a").loss == LossEdit(5, 20.0, ((2, 4),), "painted")
    assert end.choices == (Choice("repeat_fade", (("hold", 5.0),)),)


def test_turning_a_knob_is_one_step():
    document = Document()
    document.switch_on("x")
    for value in (1.0, 2.0, 3.0):
        document.set_parameter(0, "order", value)
    document.undo()
    assert document.work.choices == (Choice("x"),)


def test_how_gaps_are_judged_is_work_and_one_run_of_changes_is_one_step():
    document = Document()
    for limit in (9.0, 10.0, 11.0):
        document.judge_gaps(document.work.gaps.with_threshold("click_exit", limit))
    assert document.unsaved
    assert document.work.gaps.thresholds == {"click_exit": 11.0}
    assert document.undo() == "gap measures"
    assert document.work.gaps == GapChoices()


def test_undo_shows_the_clip_in_which_it_changes_something():
    document = Document()
    document.show_clip("a")
    document.add_note("a", Note(1, "click"))
    document.show_clip("b")
    document.undo()
    assert document.work.current == "a"
    assert document.work.clip("a").notes == ()


def test_showing_a_clip_is_no_edit():
    document = Document()
    document.show_clip("a")
    assert document.undo() == ""
    assert not document.unsaved


def test_undo_keeps_the_sources():
    document = Document()
    document.switch_on("x")
    document.set_sources(Sources((Path("/clips"),)))
    document.undo()
    assert document.work.sources.paths == (Path("/clips"),)


def test_unsaved_means_different_from_what_was_saved():
    document = Document()
    document.add_note("a", Note(1, "click"))
    assert document.unsaved
    document.mark_saved(Path("w.toml"))
    assert not document.unsaved
    document.undo()
    assert document.unsaved
    document.redo()
    assert not document.unsaved


def test_rescued_work_counts_as_unsaved():
    document = Document()
    document.add_note("a", Note(1, "click"))
    other = Document()
    other.renew(document.work, Path("w.toml"), unsaved=True)
    assert other.unsaved
    assert other.undo() == ""


def test_notes_stay_in_order_of_time_and_leave_no_empty_clip_behind():
    document = Document()
    for frame in (300, 100, 200):
        document.add_note("a", Note(frame, "mute"))
    assert [note.frame for note in document.work.clip("a").notes] == [100, 200, 300]
    document.change_note("a", 0, Note(250, "click"))
    assert [note.frame for note in document.work.clip("a").notes] == [200, 250, 300]
    for _ in range(3):
        document.remove_note("a", 0)
    assert document.work.clips == {}


def test_listeners_see_before_and_after_and_nothing_when_nothing_changes():
    document, seen = Document(), []
    document.listeners.append(lambda before, after: seen.append((len(before.choices), len(after.choices))))
    document.switch_on("x")
    document.set_parameters(0, {})
    document.undo()
    assert seen == [(0, 1), (1, 0)]


@pytest.mark.parametrize("index", [0, 1])
def test_switching_off_removes_that_lane_only(index):
    document = Document()
    document.switch_on("x", {"a": 1})
    document.switch_on("x", {"a": 2})
    kept = document.work.choices[1 - index]
    document.switch_off(index)
    assert document.work.choices == (kept,)


def test_after_a_pause_the_same_knob_is_another_step():
    now = [100.0]
    document = Document(clock=lambda: now[0])
    document.switch_on("x")
    for value, later in ((1.0, 0.1), (2.0, 0.1), (3.0, 5.0)):
        now[0] += later
        document.set_parameter(0, "order", value)
    document.undo()
    assert document.work.choices == (Choice("x", (("order", 2.0),)),)
    document.undo()
    assert document.work.choices == (Choice("x"),)
