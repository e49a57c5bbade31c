"""Pyramids of the lanes, filled in the background and polled by a timer."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Hashable, Mapping
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.peaks import CHUNK, PeakPyramid
from gaplisten.bench.derived import Derived, Inputs
from gaplisten.jobs import Job, give_way

WORKERS = 2
POLL_MS = 20
REFINE_EVERY = 16
# So many chunks are read in a row: beginning somewhere in a compressed file costs a search.
RUN = 8
# Sound in memory of up to this length is reduced at once: it takes a few milliseconds.
AT_ONCE = 2 * CHUNK


class PyramidStore(QObject):
    """Keeps a pyramid for each key that is wanted; fills them on two threads.

    Parameters
    ----------
    source_of
        Gives the sound that a pyramid is of, from what it follows from.
    in_memory
        Whether that sound lies in memory: a short one is then reduced at once.

    Signals
    -------
    progressed
        More of some pyramid is known; repaint.
    failed
        ``(key, sentence)``: a source could not be read.
    """

    progressed = Signal()
    failed = Signal(object, str)

    def __init__(
        self,
        source_of: Callable[[Inputs], SampleSource],
        in_memory: Callable[[Inputs], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._source_of, self._in_memory = source_of, in_memory
        self._pyramids: dict[Hashable, PeakPyramid] = {}
        self._filling: Derived[Hashable, PeakPyramid] = Derived(self._start)
        self._pool: ThreadPoolExecutor | None = None
        self._glances: ThreadPoolExecutor
        self._seen, self._since = (0, 0), 0
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)

    def want(self, wanted: Mapping[Hashable, Inputs]) -> None:
        """Keep these pyramids and no others; begin to fill those that are missing or stale."""
        self._filling.want(wanted)
        self._pyramids = {key: kept for key, kept in self._pyramids.items() if key in wanted}
        self._report(self._filling.poll())

    def get(self, key: Hashable) -> PeakPyramid | None:
        """Return the pyramid kept under `key`, complete or not."""
        return self._pyramids.get(key)

    def error(self, key: Hashable) -> str:
        """Return why the source of a pyramid could not be read; empty when it could."""
        return str(self._filling.failure(key) or "")

    @property
    def busy(self) -> bool:
        """Whether anything is still being read."""
        return self._filling.busy

    def close(self) -> None:
        """Give up all reading; the store may be used again afterwards."""
        self._filling.stop()
        self._timer.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._glances.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _start(self, asked: Mapping[Hashable, Inputs], job: Job) -> Future[PeakPyramid]:
        ((key, inputs),) = asked.items()
        pyramid = self._pyramids[key] = PeakPyramid(self._source_of(inputs))
        if self._in_memory(inputs) and pyramid.source.frames <= AT_ONCE:
            filled: Future[PeakPyramid] = Future()
            filled.set_result(pyramid.fill_all())
            return filled
        self._seen = (0, 0)
        self._timer.start()
        return self._fill(pyramid, job)

    def _fill(self, pyramid: PeakPyramid, job: Job) -> Future[PeakPyramid]:
        if self._pool is None:
            workers = min(WORKERS, os.cpu_count() or 1)
            self._pool = ThreadPoolExecutor(workers, thread_name_prefix="peaks", initializer=give_way)
            self._glances = ThreadPoolExecutor(1, thread_name_prefix="glances")
        filled: Future[PeakPyramid] = Future()

        def over() -> bool:
            return job.cancelled or filled.done()

        # First, coarse pictures do not wait behind the thorough reading of other lanes.
        parts: list[Future[None]] = [self._glances.submit(_glimpse, pyramid, over)]
        for first in range(0, pyramid.chunks, RUN):
            chunks = range(first, min(first + RUN, pyramid.chunks))
            parts.append(self._pool.submit(_fill_chunks, pyramid, chunks, over))
        for part in parts:
            part.add_done_callback(partial(_settle, filled, parts, pyramid))
        return filled

    def _report(self, changed: Collection[Hashable]) -> None:
        for key in changed:
            if error := self.error(key):
                self.failed.emit(key, error)

    def _poll(self) -> None:
        self._report(self._filling.poll())
        pyramids = self._pyramids.values()
        seen = (sum(int(p.ready.sum()) for p in pyramids), sum(p.glimpsed for p in pyramids))
        self._since += 1
        busy = self.busy
        if not busy:
            self._timer.stop()
        # Repainting takes time from reading, so while it goes on the picture is refined only now and then.
        if seen != self._seen and (not busy or self._since >= REFINE_EVERY or self._seen == (0, 0)):
            self._seen, self._since = seen, 0
            self.progressed.emit()


def _glimpse(pyramid: PeakPyramid, over: Callable[[], bool]) -> None:
    if not over():
        pyramid.glimpse()


def _fill_chunks(pyramid: PeakPyramid, chunks: range, over: Callable[[], bool]) -> None:
    for chunk in chunks:
        if over():
            return
        pyramid.fill(chunk)


def _settle(
    filled: Future[PeakPyramid], parts: list[Future[None]], pyramid: PeakPyramid, part: Future[None]
) -> None:
    """Say that a pyramid is filled once all its parts are, or what broke one of them."""
    error = None if part.cancelled() else part.exception()
    with suppress(InvalidStateError):  # another part broke, or nobody wants it any more
        if error is not None:
            filled.set_exception(error)
        elif all(each.done() for each in parts):
            filled.set_result(pyramid)
