"""A session killed at a system call, its file then rewritten by an editor, again and again: nothing is lost.

The session runs in a child of this process that counts the calls by which files are changed, and kills itself
before one of them, or after a part of what it was to write.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.session import Session
from gaplisten.panel.session_files import read_session
from gaplisten.panel.trial import Trial, Vote
from kit.forms import ALIVE
from kit.panels import NO_STEPS, listen, make_panel, vote
from kit.served import Remote, free_listener, uvicorn_server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")

CALLS = ("open", "write", "fsync", "ftruncate", "replace", "close", "unlink", "mkdir")
METHODS = {"acr": NO_STEPS, "mushra": NO_STEPS + '[mushra]\nanchors = ["lossy"]\n'}


def remote_vote(number: int, slot: int) -> Vote:
    """Return a vote that tells trial and slot."""
    return 1 + (7 * number + 3) % 5 if slot < 0 else (13 * number + 17 * slot) % 101


def own_vote(trial: Trial, slot: int) -> Vote:
    """Return the same."""
    return remote_vote(trial.number, slot)


def kill_at(call: int, share: float) -> None:
    """Let this process die at its so many-th change of a file, a share of what it writes written."""
    seen = 0

    def counted(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **more: object) -> object:
            nonlocal seen
            seen += 1
            if seen == call:
                if name == "write":
                    data = bytes(arguments[1])  # type: ignore[call-overload]
                    real(arguments[0], data[: int(share * len(data))])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)

        return run

    for name in CALLS:
        setattr(os, name, counted(name, getattr(os, name)))


def killed(panel: FrozenPanel, listener: str, call: int, share: float) -> tuple[list[int], int]:
    """Take a session in a child that dies; return the trials that it left, and how it ended."""
    read, write = os.pipe()
    say = os.write
    child = os.fork()
    if child == 0:
        status = 3
        try:
            os.close(read)
            kill_at(call, share)
            with Session.open(panel.folder, listener) as session:
                while (trial := session.trial) is not None:
                    listen(session)
                    vote(session, own_vote)
                    session.next()
                    say(write, b"%d\n" % trial.number)
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as said:
        left = [int(line) for line in said.read().split()]
    _, how = os.waitpid(child, 0)
    return left, how


def killed_at_the_server(panel: FrozenPanel, listener: str, call: int, share: float) -> tuple[list[int], int]:
    """Take a session over HTTP at a server that dies; return the trials whose end it answered, and how."""
    theirs, _, links = uvicorn_server(panel)
    (link,) = links.add([listener])
    with free_listener() as listening:
        port = listening.getsockname()[1]
        child = os.fork()
        if child == 0:
            status = 3
            try:
                kill_at(call, share)
                asyncio.run(theirs.serve(sockets=[listening]))
                status = 0
            finally:
                if status:
                    traceback.print_exc()
                os._exit(status)
    remote, left = Remote(port, link.token), list[int]()
    try:
        remote.open()
        while remote.screen["kind"] != "end":
            if remote.screen["kind"] == "message":
                remote.post("on", {})
                continue
            number = remote.screen["number"]
            answer = remote.send(lambda screen, slot: remote_vote(screen["number"], slot))
            assert answer.status == 200, answer
            left.append(number)
        os.kill(child, signal.SIGTERM)
    except (OSError, http.client.HTTPException):
        pass
    finally:
        remote.hang_up()
    _, how = os.waitpid(child, 0)
    return left, how


def rewritten(path: Path, form: str) -> None:
    """Rewrite a file of whole rows in another form; one that was cut in a row is no editor's to save."""
    data = path.read_bytes()
    if data.count(b"\r\n") > 1 and data.endswith(b"\r\n") and data.count(b"\r\n") == data.count(b"\n"):
        path.write_bytes(ALIVE[form](data))


FRONTS = {"program": killed, "server": killed_at_the_server}


LONG = [pytest.param(front, 250, marks=pytest.mark.long) for front in FRONTS]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("front", "kills"), [("program", 12), ("server", 4), *LONG])
def test_no_kill_at_any_call_and_no_editor_loses_doubles_or_misplaces_a_rating(
    front: str, method: str, kills: int, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path, method, METHODS[method], clips=5, top="repeats = 4")
    chance, forms = random.Random(f"{method} {kills}"), list(ALIVE)
    listener, left, died = 0, list[int](), 0
    while died < kills:
        name = f"listener {listener}"
        told, how = FRONTS[front](panel, name, chance.randrange(1, 60), chance.random())
        assert how in (0, signal.SIGKILL), how  # no error: what was rewritten is gone on with
        died += how == signal.SIGKILL
        left += told
        found = [path for path in panel.ratings.glob("*.csv") if f"listener_{listener}-" in path.name]
        if not found:
            assert not left
            continue
        (path,) = found
        with Session.open(panel.folder, name) as session:  # sets aside what was cut, says how far it is
            done, finished = session.progress.done, session.finished
        rows = read_session(panel, path).rows if path.exists() and path.read_bytes() else ()
        saved = list(dict.fromkeys(int(row["trial"]) for row in rows))
        assert saved == list(range(1, done + 1))
        assert saved[: len(left)] == left
        assert len(saved) <= len(left) + 1  # at most one was on the disk and not yet told
        assert [int(row["order"]) for row in rows] == list(range(1, len(rows) + 1))
        assert len({(row["trial"], row["position"]) for row in rows}) == len(rows)
        for row in rows:
            number, slot = int(row["trial"]), int(row["position"]) - 1 if method == "mushra" else -1
            wanted = 1 + (7 * number + 3) % 5 if slot < 0 else (13 * number + 17 * slot) % 101
            assert int(row["vote"]) == wanted
        left = saved
        if finished:
            listener, left = listener + 1, []
        else:
            rewritten(path, forms[died % len(forms)])


WINDOW = Path(__file__).resolve().parents[1] / "kit" / "window_session.py"


def kill_window(panel: FrozenPanel, listener: str, trials: int, after: float) -> list[int]:
    """Take a session in a real window by keys and kill that; return the trials that it had left."""
    command = [sys.executable, str(WINDOW), str(panel.folder), listener]
    environment = {**os.environ, "PYTHONPATH": str(WINDOW.parents[1])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    left: list[int] = []
    for line in process.stdout:
        left += [int(line)] if line.strip().isdigit() else []
        if len(left) >= trials:
            break
    time.sleep(after)
    process.kill()
    left += [int(line) for line in process.stdout.read().split() if line.isdigit()]
    process.wait()
    process.stdout.close()
    return left


@pytest.mark.parametrize("kills", [1, pytest.param(12, marks=pytest.mark.long)])
def test_no_kill_of_the_window_and_no_editor_loses_a_rating(kills: int, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", NO_STEPS, clips=5, top="repeats = 20")
    chance, forms, done, listener = random.Random(kills), list(ALIVE), 0, 0
    for at in range(kills):
        name = f"listener {listener}"
        left = kill_window(panel, name, chance.randrange(1, 9), chance.uniform(0, 0.02))
        (path,) = [one for one in panel.ratings.glob("*.csv") if f"listener_{listener}-" in one.name]
        with Session.open(panel.folder, name) as session:
            before, done, finished = done, session.progress.done, session.finished
        assert left == list(range(before + 1, before + 1 + len(left)))
        assert before + len(left) <= done <= before + len(left) + 1
        rows = read_session(panel, path).rows
        assert [int(row["trial"]) for row in rows] == list(range(1, done + 1))
        assert [int(row["vote"]) for row in rows] == [1 + (7 * n + 3) % 5 for n in range(1, done + 1)]
        if finished:
            listener, done = listener + 1, 0
        else:
            rewritten(path, forms[at % len(forms)])
