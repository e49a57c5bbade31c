"""Which files a plugin reads, so that a result made from them is not shown after they change."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Python itself and installed libraries do not count.
_LIBRARIES = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_OWN_PREFIXES = tuple(os.path.realpath(folder) + os.sep for folder in (*_LIBRARIES, "/proc", "/dev"))
_WRITING = os.O_WRONLY | os.O_RDWR


class OpenedFiles:
    """Collects the files that a plugin opens for reading, and the programs that it starts."""

    def __init__(self) -> None:
        self._by_plugin: dict[str, set[str]] = {}
        self._current: set[str] | None = None
        sys.addaudithook(self._hook)

    @contextmanager
    def recording(self, plugin: str, *, fresh: bool = False) -> Iterator[None]:
        """Count what is opened inside as the plugin's; `fresh` forgets what it opened before."""
        if fresh:
            self._by_plugin[plugin] = set()
        current = self._current = self._by_plugin.setdefault(plugin, set())
        try:
            yield
        finally:
            self._current = None
            current.discard(os.path.realpath(plugin))  # known by its digest already

    def files(self, plugin: str) -> list[list[Any]]:
        """Return ``[path, size, modification time in ns]`` of the files that still exist."""
        described = (describe_file(path) for path in sorted(self._by_plugin.get(plugin, ())))
        return [file for file in described if file is not None]

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._current is None:
            return
        if event == "open" and not (arguments[2] or 0) & _WRITING:
            self._add(arguments[0])
        elif event == "subprocess.Popen":
            words = arguments[1] if isinstance(arguments[1], list | tuple) else ()
            for word in (shutil.which(os.fspath(arguments[0])), *words):
                self._add(word)

    def _add(self, name: Any) -> None:
        if not isinstance(name, str | bytes):
            return
        path = os.path.realpath(os.fsdecode(name))
        if self._current is not None and not path.startswith(_OWN_PREFIXES) and not path.endswith(".pyc"):
            self._current.add(path)


def describe_file(path: str) -> list[Any] | None:
    """Return ``[path, size, modification time in ns]``, or None when it is no regular file any more."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [path, found.st_size, found.st_mtime_ns] if os.path.isfile(path) else None
