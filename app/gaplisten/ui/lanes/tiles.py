"""The tiles of spectrograms: computed on threads, kept while they were seen lately."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.spectra import (
    TILE,
    Levels,
    Rows,
    SpectrumSettings,
    decibels_of,
    fitted_columns,
    fitted_rows,
    tile,
)
from gaplisten.audio.viewport import Viewport
from gaplisten.bench.derived import Inputs
from gaplisten.ui.lanes.pieces import KeptPieces, Key

_MOST_BYTES = 16 << 20  # of tiles at the height of a picture
_COARSER = (2, 4, 8, 16, 32)


class SpectrogramStore(KeptPieces[Levels]):
    """Keeps the tiles most recently seen, by their sound, hop and number."""

    poll_ms = 12
    refine_every = 12
    most = 400

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(tile, parent)
        self.settings = SpectrumSettings()
        # Panning changes nothing about a tile's height, which is the dearer part of a picture.
        self._high: OrderedDict[tuple[Key, int, bytes], tuple[Levels, Levels]] = OrderedDict()
        self._bytes = 0

    def use(self, settings: SpectrumSettings) -> None:
        """Take spectra in another way; those that were taken are forgotten."""
        if settings != self.settings:
            self.settings = settings
            self._want({})
            self._pieces.clear()

    def level_db(self, source: SampleSource, view: Viewport, frame: int, hz: float) -> float | None:
        """Return the level at a place, dB (a full-scale sine is 0); None where none is known."""
        hop = self.settings.hop_for(view.frames_per_pixel, source.rate)
        known = self._known((id(source), hop, frame // hop // TILE), source)
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
        hop = self.settings.hop_for(view.frames_per_pixel, source.rate)
        begin = view.grid_start / hop
        first = math.floor(max(begin - 1, 0) / TILE)
        last = math.floor(min(view.frame_at(columns), source.frames - 1) / hop / TILE)
        parts, wanted = [], dict[Key, Inputs]()
        for number in range(first, max(last, first) + 1):
            key = (id(source), hop, number)
            known = self._known(key, source)
            if known is not None:
                self._pieces.move_to_end(key)
                parts.append(self._at_height(key, known, rows, axis))
                continue
            start = max(number * TILE * hop - 2 * hop, 0)
            if key not in self._asked and source.loaded(start, min((number + 1) * TILE * hop, source.frames)):
                wanted[key] = (source, number, hop, self.settings)
            parts.append(fitted_rows(self._stand_in(source, number, hop), rows, axis))
        self._ask(wanted)
        found = np.concatenate(parts, axis=1)
        return fitted_columns(found, begin - first * TILE, view.frames_per_pixel / hop, columns)

    def _at_height(self, key: Key, known: Levels, rows: int, axis: Rows | None) -> Levels:
        """Return a tile at the height of the picture."""
        name = (key, rows, b"" if axis is None else axis.tobytes())
        kept = self._high.get(name)
        if kept is not None and kept[0] is known:
            self._high.move_to_end(name)
            return kept[1]
        if kept is not None:
            self._bytes -= kept[1].nbytes
        found = fitted_rows(known, rows, axis)
        self._high[name] = (known, found)
        self._bytes += found.nbytes
        while self._bytes > _MOST_BYTES and len(self._high) > 1:
            _, (_, old) = self._high.popitem(last=False)
            self._bytes -= old.nbytes
        return found

    def _known(self, key: Key, source: SampleSource) -> Levels | None:
        """Return a tile that is there; an empty one where it could not be computed."""
        if key not in self._pieces:
            return None
        found = self._pieces[key][1]
        return self._nothing(source) if found is None else found

    def _stand_in(self, source: SampleSource, number: int, hop: int) -> Levels:
        for factor in _COARSER:
            coarse = self._known((id(source), hop * factor, number // factor), source)
            if coarse is not None:
                part = TILE // factor
                begin = number % factor * part
                return np.repeat(coarse[begin : begin + part], factor, axis=0)
        halves = [self._known((id(source), hop // 2, 2 * number + half), source) for half in (0, 1)]
        shown = [half[::2] for half in halves if half is not None]
        if len(shown) == 2:
            return np.concatenate(shown)
        return self._nothing(source)

    def _nothing(self, source: SampleSource) -> Levels:
        bins = self.settings.window_frames(source.rate) // 2 + 1
        return np.zeros((TILE, bins), np.uint8)

    def drop_unseen(self, views: Sequence[tuple[SampleSource, Viewport]]) -> None:
        """Give up tiles that were asked for but are out of sight or of another zoom by now."""
        settings = self.settings
        hops: dict[Key, Viewport] = {
            (id(source), settings.hop_for(view.frames_per_pixel, source.rate)): view for source, view in views
        }

        def seen(key: Key) -> bool:
            view = hops.get(key[:2])
            start, stop = key[2] * TILE * key[1], (key[2] + 1) * TILE * key[1]
            return view is not None and stop >= view.start and start <= view.stop

        self._want({key: inputs for key, inputs in self._asked.items() if seen(key)})
