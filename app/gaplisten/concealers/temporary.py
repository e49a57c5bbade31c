"""The temporary folder that a process of plugins has to itself, and that goes with it.

Nothing that a plugin puts there is met by another process: not by one that runs the same plugin later, and
not by a codec's other half.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PREFIX = "gaplisten-plugin-"
_NAMES = ("TMPDIR", "TEMP", "TMP")
_ROUNDS = 50

Stamp = tuple[str, int, int]


def make() -> str:
    """Return a new one; nothing where none can be made."""
    try:
        return tempfile.mkdtemp(prefix=_PREFIX)
    except OSError:
        return ""


def forget(folder: str) -> None:
    """Remove one, if there is one."""
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def end_users(folder: str) -> None:
    """End the programs that were started with this folder for a temporary one (Linux): nobody else has it."""
    wanted = os.fsencode(f"{_NAMES[0]}={folder}")
    if not folder or sys.platform != "linux":
        return
    for _ in range(_ROUNDS):  # some may start others while they are ended
        users = [int(name) for name in os.listdir("/proc") if name.isdigit() and _has(name, wanted)]
        for number in users:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        if not users:
            return


def _has(number: str, variable: bytes) -> bool:
    try:
        return variable in Path("/proc", number, "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is somebody else's
        return False


def environment(folder: str) -> dict[str, str]:
    """Return the variables that have Python, C libraries and programs take this one."""
    return dict.fromkeys(_NAMES, folder) if folder else {}


def own() -> str:
    """Return that of this process; nothing where it has none."""
    folder = tempfile.gettempdir()
    return folder if os.path.basename(folder).startswith(_PREFIX) else ""


class Kept:
    """Notices files that a run leaves in the folder of this process."""

    def __init__(self) -> None:
        self._folder = own()
        self._known: frozenset[Stamp] = frozenset()

    def accept(self) -> None:
        """Take what lies there now for what belongs to a plugin that was just imported."""
        self._known = self._found()

    @property
    def any(self) -> bool:
        """Whether anything lies there that is not known, or is no longer as it was."""
        return self._found() != self._known

    def _found(self) -> frozenset[Stamp]:
        return frozenset(_below(self._folder)) if self._folder else frozenset()


def _below(folder: str) -> Iterator[Stamp]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield entry.path, 0, 0
                yield from _below(entry.path)
            else:
                with suppress(OSError):  # it goes just now
                    status = entry.stat(follow_symlinks=False)
                    yield entry.path, status.st_size, status.st_mtime_ns
