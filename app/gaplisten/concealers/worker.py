"""The process in which a plugin lives: reads requests from stdin, answers on stdout; notes what it reads.

Forked or started by `children.start`, so the host's ``__main__`` is not imported.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import tempfile
import threading
import warnings
from pathlib import Path
from typing import IO, Any

import numpy as np

from gaplisten.concealers import checked, confining, sealing, temporary, wire
from gaplisten.concealers.describing import describe
from gaplisten.concealers.errors import NotAPlugin
from gaplisten.concealers.form import BadOutput, Plugin, forms
from gaplisten.concealers.loading import (
    line_of,
    load,
    load_entry_point,
    one_line,
    own_traceback,
    sentence,
)
from gaplisten.concealers.opened import OpenedFiles, import_helpers_from_source, tell_of_sound_files

# Padded input, output, the same at another rate: what the host's own work may take, times the input.
_OWN_COPIES = 4

Request = tuple[dict[str, Any], list[wire.Array]]


class Worker:
    """Answers one request after the other; keeps loaded plugins warm between them."""

    def __init__(self, requests: IO[bytes], replies: IO[bytes], marks: int, offline: bool = False) -> None:
        self._requests, self._replies, self._marks, self._offline = requests, replies, marks, offline
        self._waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._plugins: dict[str, Plugin] = {}
        self._opened = OpenedFiles()
        self._pid = os.getpid()
        self._folder = os.getcwd()
        threading.Thread(target=self._listen, daemon=True).start()
        self._kept = temporary.Kept()
        self._leftovers, self._clocks = confining.Leftovers(), confining.Clocks()

    def run(self) -> None:
        """Answer until the host closes the pipe."""
        wire.write(self._replies, {"kind": "ready", "pid": self._pid})
        confining.lower_priority()  # only now: it should be there soon on a busy machine too
        while (request := self._waiting.get()) is not None:
            self._answer(*request)

    def _listen(self) -> None:
        try:
            while True:
                self._waiting.put(wire.read(self._requests))
        except wire.WireClosed:
            # The host is gone; a plugin may be running, and have children. The lifeline alone does not end
            # those: the system closes a dead host's pipes in no fixed order, and we may be gone before it.
            confining.end_group()
        finally:
            os._exit(0)  # a plugin has spoiled this process

    def _answer(self, header: dict[str, Any], arrays: list[wire.Array]) -> None:
        confining.set_backstop(header["seconds"])
        confining.fresh_streams(self._marks)
        try:
            reply, results = self._protected(header, arrays)
        finally:
            if os.getpid() != self._pid:
                os._exit(0)  # a plugin forked and its child came back to us: only the parent may answer
        confining.set_backstop(0)
        os.chdir(self._folder)
        confining.flush_streams()
        if not header.get("goes_on"):  # between packets that are asked for one by one, threads may go on
            reply["left_behind"] = self._leftovers.found(header["memory"])
            reply["keeps"] = self._kept.any
            reply["files"] = self._opened.files(header["path"])
        reply["deeds"] = [*self._opened.deeds(header["path"]), *self._clocks.replaced()]
        reply["offline"] = self._offline
        if (loaded := self._plugins.get(header["path"])) is not None:
            reply["digest"] = loaded.digest
        self._mark(header["mark"])
        wire.write(self._replies, reply, results)

    def _mark(self, mark: str) -> None:
        # Follows all that was printed during this request, so that the host knows that it has it.
        os.write(self._marks, b"\0" + mark.encode() + b"\0")

    def _protected(
        self, header: dict[str, Any], arrays: list[wire.Array]
    ) -> tuple[dict[str, Any], list[wire.Array]]:
        path = Path(header["path"])
        try:
            with warnings.catch_warnings(), np.errstate():
                return self._do(header, arrays)
        except MemoryError as error:
            return {**_failure(error, path), "kind": "memory"}, []
        except (BadOutput, NotAPlugin) as error:
            return {"kind": "contract", "fact": str(error), "details": ""}, []
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt too: it is a plugin's
            return _failure(error, path), []

    def _do(
        self, header: dict[str, Any], arrays: list[wire.Array]
    ) -> tuple[dict[str, Any], list[wire.Array]]:
        with confining.MemoryLimit(header["memory"]):
            plugin = self._loaded(header)
        own_copies = _OWN_COPIES * sum(array.nbytes for array in arrays)
        with confining.MemoryLimit(header["memory"], own_copies):
            if header["do"] == "describe":
                return {"kind": "done", "path": str(plugin.path), "description": describe(plugin)}, []
            if header["do"] == "load":
                return {"kind": "done"}, []
            return self._answered(plugin, header, arrays)

    def _loaded(self, header: dict[str, Any]) -> Plugin:
        key, value = header["path"], header.get("entry_point", "")
        known = self._plugins.get(key)
        if known is not None:
            return known
        module, _, below = value.partition(":")[0].partition(".")
        package = next(
            (Path(each, module) for each in sys.path if below and Path(each, module).is_dir()), None
        )
        checked.expect(header.get("checked", {}))
        with self._opened.recording(key, package):
            plugin = load_entry_point(value) if value else load(Path(key), header.get("target", ""))
        self._plugins[key] = plugin
        self._kept.accept()
        return plugin

    def _answered(
        self, plugin: Plugin, header: dict[str, Any], arrays: list[wire.Array]
    ) -> tuple[dict[str, Any], list[wire.Array]]:
        parameters = {
            name: Path(value) if name in header["paths"] and value is not None else value
            for name, value in header["parameters"].items()
        }
        with self._opened.recording(header["path"], look_through=not header.get("goes_on")):
            answered = plugin.form.answer(plugin, parameters, header, tuple(arrays), self._progress())
            self._opened.timed(answered.timed)
        return {**answered.facts, "kind": "done"}, list(answered.arrays)

    def _progress(self) -> Any:
        import time

        told = time.perf_counter()

        def report(fraction: float) -> None:
            nonlocal told
            now = time.perf_counter()
            if now - told > 0.1 and os.getpid() == self._pid:
                told = now
                wire.write(self._replies, {"kind": "progress", "fraction": fraction})

        return report


def _failure(error: BaseException, path: Path) -> dict[str, Any]:
    if getattr(error, "for_user", False) is True:
        return {"kind": "refused", "fact": sentence(error)}
    return {
        "kind": "raised",
        "fact": one_line(error),
        "line": line_of(error, path),
        "details": own_traceback(error, path),
    }


def main(lifeline: int = -1, *, told: bool = False) -> None:
    """Run one worker until its host is done with it.

    Parameters
    ----------
    told
        Whether the host says first in which environment: a forked process has another's.
    """
    streams = confining.take_over_pipes()
    confining.die_with(lifeline)
    offline = False
    if told:
        surroundings = wire.read(streams[0])[0]
        _settle(surroundings)
        if "sealed" in surroundings:
            offline = sealing.seal(surroundings["sealed"])
    import_helpers_from_source()
    tell_of_sound_files()
    forms()  # before any plugin can have changed what they import
    Worker(*streams, offline).run()


def _settle(surroundings: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(surroundings["environment"])
    tempfile.tempdir = None  # whatever the process that forked this one found
    os.umask(surroundings["umask"])
    with contextlib.suppress(OSError):
        os.chdir(surroundings["folder"])
