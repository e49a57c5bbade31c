from gaplisten.bench.document import History, Step


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
