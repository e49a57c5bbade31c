"""Derived values: wanted, rested, made, cancelled when stale, collected; the clock is the test's."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future

import pytest

from gaplisten.bench.derived import Derived, same
from gaplisten.errors import GaplistenError
from gaplisten.jobs import JobCancelled


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Works:
    """Notes what is started; the test finishes it."""

    def __init__(self):
        self.started = []
        self.refuses = None

    def __call__(self, asked, job):
        if self.refuses is not None:
            raise self.refuses
        self.started.append((dict(asked), job, Future()))
        return self.started[-1][-1]

    @property
    def keys(self):
        return [sorted(asked) for asked, _, _ in self.started]

    def finish(self, number, value):
        self.started[number][-1].set_result(value)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def works():
    return Works()


@pytest.fixture
def derived(works, clock):
    return Derived(works, clock=clock)


ONE, OTHER, THIRD = object(), object(), object()


def test_a_wanted_value_is_made_told_once_and_kept(derived, works):
    derived.want({"a": (ONE,)})
    assert derived.pending == {"a"}
    assert derived.poll() == frozenset()
    assert works.started[0][0] == {"a": (ONE,)}
    works.finish(0, 7)
    assert (derived.value("a"), derived.poll()) == (None, {"a"})
    assert (derived.value("a"), derived.pending, derived.busy) == (7, frozenset(), False)
    derived.want({"a": (ONE,)})
    assert (derived.poll(), len(works.started)) == (frozenset(), 1)


def test_other_inputs_make_the_value_stale_at_once_and_cancel_its_work(derived, works):
    derived.want({"a": (ONE,)})
    derived.poll()
    works.finish(0, 1)
    derived.poll()
    derived.want({"a": (OTHER,)})
    assert (derived.value("a"), derived.last("a"), derived.pending) == (None, 1, {"a"})
    derived.poll()
    derived.want({"a": (THIRD,)})
    assert works.started[1][1].cancelled
    assert works.started[1][2].cancelled()
    derived.poll()
    works.finish(2, 3)
    derived.poll()
    assert (derived.value("a"), derived.last("a")) == (3, 3)


def test_work_that_finished_too_late_for_its_inputs_is_not_taken(derived, works):
    derived.want({"a": (ONE,)})
    derived.poll()
    works.finish(0, 1)  # done, but not collected when other inputs come
    derived.want({"a": (OTHER,)})
    derived.poll()
    assert derived.value("a") is None
    assert derived.last("a") is None


def test_inputs_that_come_back_need_no_work_while_the_value_is_still_the_last(derived, works):
    derived.want({"a": (ONE,)})
    derived.poll()
    works.finish(0, 1)
    derived.poll()
    derived.want({"a": (OTHER,)})
    derived.want({"a": (ONE,)})
    assert (derived.value("a"), derived.busy) == (1, False)


def test_objects_are_compared_by_identity_and_plain_values_by_what_they_are():
    signal, twin = [1.0], [1.0]
    assert same((signal, ("order", 10)), (signal, ("order", 10)))
    assert not same((signal,), (twin,))
    assert not same((1,), (True,))
    assert not same((1, 2), (1,))
    assert same((b"\0" * 1000, None), (b"\0" * 1000, None))


def test_work_begins_when_the_inputs_have_rested(works, clock):
    derived = Derived(works, rest=0.4, clock=clock)
    derived.want({"a": (ONE,)})
    clock.now = 0.3
    derived.want({"a": (OTHER,), "b": (ONE,)})
    clock.now = 0.69
    derived.poll()
    assert (works.keys, derived.busy) == ([], True)
    clock.now = 0.75
    derived.want({"a": (OTHER,), "b": (THIRD,)})
    derived.poll()
    assert works.keys == [["a"]]
    clock.now = 1.2
    derived.poll()
    assert works.keys == [["a"], ["b"]]


def test_what_is_wanted_no_more_is_cancelled_and_forgotten_and_what_is_to_be_kept_stays(derived, works):
    derived.want({"a": (ONE,), "b": (ONE,), "c": (ONE,)})
    derived.poll()
    works.finish(0, 1)
    works.finish(1, 2)
    derived.poll()
    derived.want({}, keep=["a", "c"])
    assert (derived.value("a"), derived.value("b"), derived.value("c")) == (1, None, None)
    assert works.started[2][1].cancelled
    derived.want({"b": (ONE,)})
    assert derived.value("a") is None
    assert derived.pending == {"b"}


def test_so_many_at_a_time_and_the_most_urgent_first(works, clock):
    derived = Derived(works, most=2, clock=clock)
    derived.want({"c": (ONE,), "a": (ONE,), "b": (ONE,)})
    derived.poll()
    assert works.keys == [["c"], ["a"]]
    derived.want({"d": (ONE,), "b": (ONE,), "a": (ONE,)})
    assert works.started[0][1].cancelled
    derived.poll()
    assert works.keys[2:] == [["d"]]
    works.finish(1, 1)
    derived.poll()
    assert works.keys[3:] == [["b"]]


def test_together_is_one_piece_of_work_and_what_came_later_waits_for_it(works, clock):
    derived = Derived(works, rest=0.1, together=True, clock=clock)
    derived.want({"a": (ONE,)})
    clock.now = 0.05
    derived.want({"a": (ONE,), "b": (ONE,)})
    clock.now = 0.1
    derived.poll()
    assert works.keys == []  # b has not rested yet
    clock.now = 0.2
    derived.poll()
    assert works.keys == [["a", "b"]]
    derived.want({"a": (ONE,), "b": (OTHER,)})
    assert not works.started[0][1].cancelled  # it still makes a
    clock.now = 0.4
    derived.poll()
    assert works.keys == [["a", "b"]]
    works.finish(0, {"a": 1, "b": 2})
    assert derived.poll() == {"a", "b"}
    assert (derived.value("a"), derived.value("b")) == (1, None)
    assert works.keys[1:] == [["b"]]
    derived.want({"b": (THIRD,)})
    assert works.started[1][1].cancelled


def test_a_failure_is_told_once_kept_and_tried_again_only_with_other_inputs(derived, works, caplog):
    derived.want({"a": (ONE,), "b": (ONE,)})
    derived.poll()
    works.started[0][-1].set_exception(RuntimeError("odd"))
    works.finish(1, 2)
    assert derived.poll() == {"a", "b"}
    assert str(derived.failure("a")) == "odd"
    assert "a cannot be made" in caplog.text
    assert (derived.value("b"), derived.busy) == (2, False)
    derived.want({"a": (ONE,)})
    assert not derived.busy
    derived.want({"a": (OTHER,)})
    assert derived.failure("a") is None
    assert derived.pending == {"a"}


def test_what_cannot_even_be_started_has_failed_and_a_users_mistake_is_not_logged(derived, works, caplog):
    works.refuses = GaplistenError("burg", "is not known", "choose another")
    derived.want({"a": (ONE,)})
    assert derived.poll() == {"a"}
    assert derived.failure("a") is works.refuses
    assert caplog.text == ""


@pytest.mark.parametrize("error", [CancelledError(), JobCancelled()])
def test_work_that_ends_as_cancelled_by_itself_is_a_failure(derived, works, error):
    derived.want({"a": (ONE,)})
    derived.poll()
    works.started[0][-1].set_exception(error)
    derived.poll()
    assert derived.failure("a") is error
    assert not derived.stopped


def test_who_cancels_the_job_stops_it_all_until_it_is_resumed(derived, works):
    derived.want({"a": (ONE,)})
    derived.poll()
    works.started[0][1].cancel()
    assert derived.poll() == {"a"}
    assert (derived.stopped, derived.pending, derived.busy) == (True, frozenset(), False)
    derived.poll()
    assert len(works.started) == 1
    derived.resume()
    assert (derived.stopped, derived.pending) == (False, {"a"})
    derived.poll()
    works.finish(1, 5)
    derived.poll()
    assert derived.value("a") == 5


def test_stopping_cancels_and_dropping_forgets(derived, works):
    derived.want({"a": (ONE,), "b": (ONE,)})
    derived.poll()
    works.finish(0, 1)
    derived.poll()
    derived.stop()
    assert works.started[1][1].cancelled
    assert (derived.value("a"), derived.stopped) == (1, True)
    derived.want({"a": (ONE,), "b": (ONE,)})
    assert derived.pending == {"b"}
    derived.drop()
    assert (derived.last("a"), derived.pending, derived.busy) == (None, frozenset(), False)
