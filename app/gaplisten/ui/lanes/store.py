"""Pyramids of the lanes, filled in the background and polled by a timer."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.peaks import CHUNK, PeakPyramid
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job, give_way

WORKERS = 2
POLL_MS = 20
REFINE_EVERY = 16
# So many chunks are read in a row: beginning somewhere in a compressed file costs a search.
RUN = 8
# Sound in memory of up to this length is reduced at once: it takes a few milliseconds.
AT_ONCE = 2 * CHUNK


class PyramidStore(QObject):
    """Keeps one pyramid per key and source; fills them on two threads.

    Signals
    -------
    progressed
        More of some pyramid is known; repaint.
    failed
        ``(key, sentence)``: a source could not be read.
    """

    progressed = Signal()
    failed = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pyramids: dict[Hashable, PeakPyramid] = {}
        self._jobs: dict[Hashable, Job] = {}
        self._errors: dict[Hashable, str] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._glances: ThreadPoolExecutor
        self._seen, self._since = (0, 0), 0
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)

    def get(self, key: Hashable) -> PeakPyramid | None:
        """Return the pyramid kept under `key`, complete or not."""
        return self._pyramids.get(key)

    def put(self, key: Hashable, source: SampleSource, *, quick: bool) -> PeakPyramid:
        """Keep a pyramid of `source` under `key`, and begin to fill it.

        With `quick` (sound in memory) a short one is filled before this returns.
        """
        self.drop(key)
        pyramid = self._pyramids[key] = PeakPyramid(source)
        if quick and source.frames <= AT_ONCE:
            return pyramid.fill_all()
        self._begin(key, pyramid)
        return pyramid

    def drop(self, key: Hashable) -> None:
        """Forget a pyramid; what is still being read of it is given up."""
        if (job := self._jobs.pop(key, None)) is not None:
            job.cancel()
        self._pyramids.pop(key, None)
        self._errors.pop(key, None)

    def keys(self) -> list[Hashable]:
        """Return what pyramids are kept."""
        return list(self._pyramids)

    @property
    def busy(self) -> bool:
        """Whether anything is still being read."""
        return any(not pyramid.complete for key, pyramid in self._pyramids.items() if key not in self._errors)

    def close(self) -> None:
        """Give up all reading; the store may be used again afterwards."""
        for job in self._jobs.values():
            job.cancel()
        self._timer.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._glances.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _begin(self, key: Hashable, pyramid: PeakPyramid) -> None:
        job = self._jobs[key] = Job()
        if self._pool is None:
            workers = min(WORKERS, os.cpu_count() or 1)
            self._pool = ThreadPoolExecutor(workers, thread_name_prefix="peaks", initializer=give_way)
            self._glances = ThreadPoolExecutor(1, thread_name_prefix="glances")
        # First, coarse pictures do not wait behind the thorough reading of other lanes.
        self._glances.submit(self._guarded(key, job, pyramid.glimpse))
        for first in range(0, pyramid.chunks, RUN):
            chunks = range(first, min(first + RUN, pyramid.chunks))
            self._pool.submit(self._guarded(key, job, partial(_fill, pyramid, chunks, job)))
        self._seen = (0, 0)
        self._timer.start()

    def _guarded(self, key: Hashable, job: Job, work: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            if job.cancelled:
                return
            try:
                work()
            except (GaplistenError, OSError, RuntimeError) as error:
                if self._jobs.get(key) is job:
                    self._errors.setdefault(key, str(error))
                job.cancel()

        return guarded

    def _poll(self) -> None:
        pyramids = self._pyramids.values()
        seen = (sum(int(p.ready.sum()) for p in pyramids), sum(p.glimpsed for p in pyramids))
        for key, sentence in list(self._errors.items()):
            if (job := self._jobs.pop(key, None)) is not None:
                job.cancel()
                self.failed.emit(key, sentence)
        self._since += 1
        busy = self.busy
        if not busy:
            self._timer.stop()
        # Repainting takes time from reading, so while it goes on the picture is refined only now and then.
        if seen != self._seen and (not busy or self._since >= REFINE_EVERY or self._seen == (0, 0)):
            self._seen, self._since = seen, 0
            self.progressed.emit()


def _fill(pyramid: PeakPyramid, chunks: range, job: Job) -> None:
    for chunk in chunks:
        if job.cancelled:
            return
        pyramid.fill(chunk)
