import pytest

from gaplisten.bench.document import Document, Edit, History, Step
from gaplisten.bench.state import Loop, Note, Work


def recorded(*steps):
    history = History(limit=3)
    for step in steps:
        history.record(step)
    return history


def test_undo_and_redo_walk_through_the_steps():
    history = recorded(Step("a", 0, 1), Step("b", 1, 2))
    assert [history.undo().before, history.undo().before, history.undo()] == [1, 0, None]
    assert [history.redo().after, history.redo().after, history.redo()] == [1, 2, None]


def test_a_new_edit_forgets_what_was_undone():
    history = recorded(Step("a", 0, 1), Step("b", 1, 2))
    history.undo()
    history.record(Step("c", 1, 5))
    assert history.redo() is None
    assert history.undo_label == "c"


def test_edits_that_belong_together_are_one_step_until_another_comes_between():
    history = recorded(Step("x", 0, 1, "k"), Step("x", 1, 2, "k"))
    assert (history.undo().before, history.undo()) == (0, None)
    history = recorded(Step("x", 0, 1, "k"), Step("y", 1, 2), Step("x", 2, 3, "k"))
    assert [history.undo().before for _ in range(3)] == [2, 1, 0]


def test_sealing_ends_a_run():
    history = recorded(Step("x", 0, 1, "k"))
    history.seal()
    history.record(Step("x", 1, 2, "k"))
    assert history.undo().before == 1


def test_only_the_newest_steps_are_kept():
    history = recorded(*(Step(str(n), n, n + 1) for n in range(5)))
    assert [history.undo().before for _ in range(3)] == [4, 3, 2]
    assert history.undo() is None


def _edited():
    document = Document(Work(current="a"))
    document.add_note("a", Note(10, "click"))
    document.show_clip("b")
    document.set_loop("b", Loop(0, 100))
    document.switch_on("wsola")
    return document


def test_edits_are_listed_with_their_clips_and_whether_they_are_done():
    document = _edited()
    document.undo()
    assert document.edits == (
        Edit("add note", "a", True), Edit("loop", "b", True), Edit("switch on wsola", "", False)
    )  # fmt: skip


@pytest.mark.parametrize("count", range(4))
def test_going_to_an_edit_is_undoing_or_redoing_up_to_it_in_one_step(count):
    went, stepped, changes = _edited(), _edited(), []
    went.listeners.append(lambda before, after: changes.append(after))
    went.go_to(count)
    for _ in range(3 - count):
        stepped.undo()
    assert went.work == stepped.work
    assert sum(edit.done for edit in went.edits) == count
    assert len(changes) == (0 if count == 3 else 1)
    went.go_to(3)
    for _ in range(3 - count):
        stepped.redo()
    assert went.work == stepped.work


def test_one_cannot_go_beyond_what_there_is():
    document = _edited()
    document.go_to(99)
    assert sum(edit.done for edit in document.edits) == 3
    document.go_to(-5)
    assert document.work.choices == ()
