"""Work on threads: outcomes are handed over where somebody polls, progress is shown, cancelling ends it."""

from __future__ import annotations

import threading
import time

import pytest

from gaplisten.bench import tasks as module
from gaplisten.bench.tasks import Tasks
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from kit.timing import PATIENCE


@pytest.fixture
def tasks():
    made = Tasks(workers=2)
    yield made
    made.close()


def settle(tasks):
    deadline = time.monotonic() + PATIENCE
    while tasks.busy:
        assert time.monotonic() < deadline
        tasks.poll()
        time.sleep(0.001)


def test_an_outcome_is_handed_over_by_who_polls_and_on_no_other_thread(tasks):
    found = []
    tasks.run("adding", lambda _job: 1 + 1, lambda value: found.append((value, threading.current_thread())))
    time.sleep(0.05)
    assert found == []
    settle(tasks)
    assert found == [(2, threading.current_thread())]


def test_an_error_goes_to_who_asked_or_else_to_everybody_who_listens(tasks):
    def broken(_job):
        raise GaplistenError("a file", "cannot be read")

    own, others = [], []
    tasks.failed.connect(others.append)
    tasks.run("reading", broken, own.append, own.append)
    settle(tasks)
    tasks.run("reading", broken, own.append)
    settle(tasks)
    assert [error.fact for error in (*own, *others)] == ["cannot be read"] * 2


def test_a_surprise_is_logged_with_what_was_done(tasks, caplog):
    tasks.run("dividing", lambda _job: 1 / 0, print, lambda _error: None)
    settle(tasks)
    assert "dividing failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_cancelled_work_hands_nothing_over(tasks):
    go, found = threading.Event(), []

    def slow(job):
        go.wait(PATIENCE)
        job.check(0.5)
        return 1

    task = tasks.run("waiting", slow, found.append, found.append)
    tasks.cancel(task)
    go.set()
    settle(tasks)
    tasks.close()
    assert found == []
    assert task.job.cancelled


def test_progress_of_long_work_is_shown_until_it_ends_and_quiet_work_never(tasks, monkeypatch):
    go, shown = threading.Event(), []
    tasks.progressed.connect(lambda *told: shown.append(told))

    def slow(job):
        job.check(0.25, "half of a half")
        go.wait(PATIENCE)

    tasks.run("quiet", lambda _job: go.wait(PATIENCE), lambda _value: None, quiet=True)
    tasks.run("loud", slow, lambda _value: None)
    tasks.poll()
    assert shown == []
    monkeypatch.setattr(module, "SHOW_AFTER_SECONDS", -1.0)
    while not shown or shown[-1] != ("loud", 0.25, "half of a half"):
        tasks.poll()
        time.sleep(0.001)
    go.set()
    settle(tasks)
    assert shown[-1] == ("", 0.0, "")
    assert {title for title, *_ in shown} == {"loud", ""}


def test_work_that_somebody_else_looks_after_is_shown_and_can_be_cancelled_here(tasks):
    go, job = threading.Event(), Job()
    future = tasks.submit("measuring", lambda _job: go.wait(PATIENCE), job)
    tasks.cancel_shown()
    assert job.cancelled
    assert not tasks.busy
    go.set()
    assert future.result(PATIENCE) is True


def test_work_that_makes_way_starts_in_the_poll_after_the_one_that_showed_what_was_waited_for(tasks):
    order, ready = [], threading.Event()
    tasks.run("checking", lambda _job: order.append("checked"), print, quiet=True, later=True)
    tasks.run("opening", lambda _job: ready.wait(PATIENCE), lambda _: order.append("shown"))
    for _ in range(3):
        tasks.poll()
    assert order == []
    ready.set()
    deadline = time.monotonic() + PATIENCE
    while not order:
        assert time.monotonic() < deadline
        tasks.poll()
    assert order == ["shown"]
    settle(tasks)
    assert order == ["shown", "checked"]


def test_work_that_makes_way_to_nothing_starts_at_the_next_poll_and_can_be_cancelled_before(tasks):
    order = []
    tasks.run("warming", lambda _job: order.append("warm"), lambda _: None, later=True)
    gone = tasks.run("never", lambda _job: order.append("never"), print, later=True)
    assert tasks.busy
    tasks.cancel(gone)
    settle(tasks)
    assert order == ["warm"]
