"""The window's end of the audio process: start it, send it lines, hear its lines, notice its end."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gaplisten.processes import python

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]

Listener = Callable[[Mapping[str, Any]], None]


def _environment() -> dict[str, str]:
    """Return this process's environment, in which the child finds this very package."""
    paths = [str(_PACKAGE_PARENT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


class Link:
    """One running audio process.

    Parameters
    ----------
    settings
        What `gaplisten.playback.process` is started with.
    listener
        Called with each message, on a thread of the link's own; at the end with
        ``{"event": "gone", "status": exit status}``.
    """

    def __init__(self, settings: Mapping[str, Any], listener: Listener) -> None:
        self._listener = listener
        self._process = subprocess.Popen(
            python("-m", "gaplisten.playback.process", json.dumps(settings)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # ALSA prints page after page about devices that are not there. What matters comes as messages.
            stderr=None if os.environ.get("GAPLISTEN_SOUND_DEBUG") else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._listen, name="gaplisten-sound", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._process.kill()
            raise

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def send(self, do: str, **facts: Any) -> None:
        """Ask for something; a process that is gone is noticed by the listener, not here."""
        line = json.dumps({"do": do, **facts}) + "\n"
        with self._writing, suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError, OSError):
            for line in self._process.stdout:
                self._listener(json.loads(line))
        self._process.stdout.close()
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        self._listener({"event": "gone", "status": self._process.wait()})

    def close(self, seconds: float = 1.0) -> None:
        """End the process: by closing its input, and if that is not enough, by force."""
        with self._writing, suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if threading.current_thread() is not self._thread:
            self._thread.join(seconds)
