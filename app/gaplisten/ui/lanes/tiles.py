"""The tiles of spectrograms: computed on threads, kept while they were seen lately."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.spectra import TILE, Levels, Rows, SpectrumSettings, decibels_of, fitted, tile
from gaplisten.audio.viewport import Viewport
from gaplisten.bench.derived import Derived, Inputs
from gaplisten.jobs import Job, give_way

POLL_MS = 12
MOST_TILES = 400
_WORKERS = 2
_REFINE_EVERY = 12
_COARSER = (2, 4, 8, 16, 32)

TileKey = tuple[int, int, int]


class SpectrogramStore(QObject):
    """Keeps the tiles most recently seen; asks threads for those that are missing.

    Signals
    -------
    progressed
        More tiles are there; repaint.
    """

    progressed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = SpectrumSettings()
        self._tiles: OrderedDict[TileKey, Levels] = OrderedDict()
        self._asked: dict[TileKey, Inputs] = {}
        self._coming: Derived[TileKey, Levels] = Derived(self._start)
        self._sources: dict[int, SampleSource] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._fresh = self._since = 0
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def busy(self) -> bool:
        """Whether tiles are being computed."""
        return bool(self._asked)

    def keep_only(self, sources: Sequence[SampleSource]) -> None:
        """Forget the tiles of sources that are not shown any more."""
        kept = {id(source): source for source in sources}
        for key in [key for key in self._tiles if key[0] not in kept]:
            del self._tiles[key]
        self._want({key: inputs for key, inputs in self._asked.items() if key[0] in kept})
        self._sources = kept

    def use(self, settings: SpectrumSettings) -> None:
        """Take spectra in another way; those that were taken are forgotten."""
        if settings != self.settings:
            self.settings = settings
            self._want({})
            self._tiles.clear()

    def level_db(self, source: SampleSource, view: Viewport, frame: int, hz: float) -> float | None:
        """Return the level at a place, dB (a full-scale sine is 0); None where none is known."""
        hop = self.settings.hop_for(view.frames_per_pixel, source.rate)
        known = self._tiles.get((id(source), hop, frame // hop // TILE))
        if known is None:
            return None
        level = known[
            frame // hop % TILE, min(round(hz / source.rate * 2 * (known.shape[1] - 1)), known.shape[1] - 1)
        ]
        return decibels_of(int(level)) if level else None

    def picture(
        self, source: SampleSource, view: Viewport, columns: int, rows: int, axis: Rows | None = None
    ) -> Levels:
        """Return what is known of the visible spectrogram, shape ``(rows, columns)``; 0 where nothing is.

        Tiles that are missing are asked for; coarser or finer ones stand in for them meanwhile.

        Parameters
        ----------
        axis
            Where each row begins, lowest first, as shares of the highest frequency there is; evenly over all
            of it by default.
        """
        self._sources[id(source)] = source
        hop = self.settings.hop_for(view.frames_per_pixel, source.rate)
        begin = view.grid_start / hop
        first = math.floor(max(begin - 1, 0) / TILE)
        last = math.floor(min(view.frame_at(columns), source.frames - 1) / hop / TILE)
        parts = [self._tile(source, number, hop) for number in range(first, max(last, first) + 1)]
        found = np.concatenate(parts)
        return fitted(found, begin - first * TILE, view.frames_per_pixel / hop, columns, rows, axis)

    def close(self) -> None:
        """Give up all computing."""
        self._want({})
        self._timer.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _tile(self, source: SampleSource, number: int, hop: int) -> Levels:
        key = (id(source), hop, number)
        if key in self._tiles:
            self._tiles.move_to_end(key)
            return self._tiles[key]
        self._ask(key, source)
        return self._stand_in(source, number, hop)

    def _ask(self, key: TileKey, source: SampleSource) -> None:
        if key in self._asked:
            return
        _, hop, number = key
        start = max(number * TILE * hop - 2 * hop, 0)
        if not source.loaded(start, min((number + 1) * TILE * hop, source.frames)):
            return
        self._want({**self._asked, key: (source, self.settings)})
        self._take(self._coming.poll())
        self._timer.start()

    def _want(self, asked: dict[TileKey, Inputs]) -> None:
        self._asked = asked
        self._coming.want(asked)

    def _start(self, asked: Mapping[TileKey, Inputs], job: Job) -> Future[Levels]:
        (((_, hop, number), (source, settings)),) = asked.items()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="spectra", initializer=give_way)
        return self._pool.submit(tile, source, number, hop, settings)

    def _stand_in(self, source: SampleSource, number: int, hop: int) -> Levels:
        for factor in _COARSER:
            coarse = self._tiles.get((id(source), hop * factor, number // factor))
            if coarse is not None:
                part = TILE // factor
                begin = number % factor * part
                return np.repeat(coarse[begin : begin + part], factor, axis=0)
        halves = [self._tiles.get((id(source), hop // 2, 2 * number + half)) for half in (0, 1)]
        shown = [half[::2] for half in halves if half is not None]
        if len(shown) == 2:
            return np.concatenate(shown)
        return self._nothing((id(source), hop, number))

    def _nothing(self, key: TileKey) -> Levels:
        bins = self.settings.window_frames(self._sources[key[0]].rate) // 2 + 1
        return np.zeros((TILE, bins), np.uint8)

    def _take(self, done: Collection[TileKey]) -> None:
        for key in done:
            found = self._coming.value(key)
            # A file that cannot be read leaves an empty place; the lane's header says why.
            self._tiles[key] = self._nothing(key) if found is None else found
        while len(self._tiles) > MOST_TILES:
            self._tiles.popitem(last=False)
        if done:
            self._fresh += len(done)
            self._want({key: inputs for key, inputs in self._asked.items() if key not in done})

    def _poll(self) -> None:
        self._take(self._coming.poll())
        self._since += 1
        if not self._asked:
            self._timer.stop()
        # Painting takes time from computing, so the picture is filled in a few strokes.
        if self._fresh and (not self._asked or self._since >= _REFINE_EVERY):
            self._fresh = self._since = 0
            self.progressed.emit()

    def drop_unseen(self, views: Sequence[tuple[SampleSource, Viewport]]) -> None:
        """Give up tiles that were asked for but are out of sight or of another zoom by now."""
        hops = {(id(s), self.settings.hop_for(v.frames_per_pixel, s.rate)): v for s, v in views}

        def seen(key: TileKey) -> bool:
            view = hops.get(key[:2])
            start, stop = key[2] * TILE * key[1], (key[2] + 1) * TILE * key[1]
            return view is not None and stop >= view.start and start <= view.stop

        self._want({key: inputs for key, inputs in self._asked.items() if seen(key)})
