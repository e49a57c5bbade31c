"""How processes of ours are started: so that Python looks into no folder of the user's for its modules.

A ``typing.py`` or ``numpy.py`` that lies in the folder in which somebody works, in a downloaded data set say,
must not be run because ours was to be imported.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess

_SAFE_PATH = "PYTHONSAFEPATH"
_starting = threading.Lock()


def python(*words: str) -> list[str]:
    """Return the command that starts this Python with these words, without the current folder in its path."""
    return [sys.executable, "-P", *words]


def spawning() -> SpawnContext:
    """Return a context of multiprocessing that spawns processes as `python` would start them."""
    track_memory()
    return _Context()


def track_memory() -> None:
    """Start Python's process that frees forgotten shared memory and locks.

    Python would start it by itself with the first of these, but with the current folder in its path.
    """
    if os.name == "posix":
        with _safe_path():
            resource_tracker.ensure_running()


class _Process(SpawnProcess):
    _keep = False  # whether the user's own environment holds the variable

    def start(self) -> None:
        """Start the process."""
        self._keep = _SAFE_PATH in os.environ
        with _safe_path():
            super().start()

    def run(self) -> None:
        """Do the work, in the new process: what that starts for the user has the user's environment."""
        if not self._keep:
            os.environ.pop(_SAFE_PATH, None)
        super().run()


class _Context(SpawnContext):
    Process = _Process


@contextmanager
def _safe_path() -> Iterator[None]:
    # multiprocessing hands -P on where this process has it, and offers no other way to ask for it. The
    # variable does not stay: a program that the user has us run is started as it always is.
    with _starting:
        before = os.environ.get(_SAFE_PATH)
        os.environ[_SAFE_PATH] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_SAFE_PATH]
            else:
                os.environ[_SAFE_PATH] = before
