"""The spectrogram: levels over time and frequency, in tiles that are computed on threads."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QPainter

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.raster import Pixels, blend
from gaplisten.audio.spectra import TILE, Levels, SpectrumSettings, fitted, level_colours, tile
from gaplisten.audio.viewport import Viewport
from gaplisten.bench.derived import Derived, Inputs
from gaplisten.jobs import Job, give_way
from gaplisten.ui.lanes.colours import argb
from gaplisten.ui.lanes.drawer import Drawer, Lanes
from gaplisten.ui.lanes.ground import Ground, draw_hatching
from gaplisten.ui.lanes.scene import SCALE_ROOM, SCALE_TEXT, Scene, Strip, round_step

POLL_MS = 12
MOST_TILES = 400
_WORKERS = 2
_REFINE_EVERY = 12
_COARSER = (2, 4, 8, 16, 32)

TileKey = tuple[int, int, int]

_HATCH_OVER = 0.45


class Spectrogram(Drawer):
    """Draws the levels in colours, frequency upwards."""

    name = "spectrogram"
    title = "Spectrogram"
    keys = "Ctrl+5"
    help = "Draw spectrograms"
    lane_help = "Draw the heard lane as spectrogram"
    place = 11
    shaded = False

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tiles = SpectrogramStore(self)
        self.tiles.progressed.connect(self.progressed)

    @property
    def busy(self) -> bool:
        """Whether tiles are being computed."""
        return self.tiles.busy

    def keep_only(self, sources: Sequence[SampleSource]) -> None:
        """Forget the tiles of other sources."""
        self.tiles.keep_only(sources)

    def drop_unseen(self, views: Sequence[tuple[SampleSource, Viewport]]) -> None:
        """Give up tiles that are out of sight or of another zoom by now."""
        self.tiles.drop_unseen(views)

    def close(self) -> None:
        """Give up all computing."""
        self.tiles.close()

    def scale(self, scene: Scene, strip: Strip) -> list[tuple[float, str]]:
        """Return the frequency scale, in kHz."""
        ratio, top_khz = scene.layout.ratio, scene.rate / 2000.0
        bottom, height = strip.bottom / ratio, strip.height / ratio
        step = round_step(max(SCALE_ROOM, height / 10) / height * top_khz)
        count = math.floor((1 - SCALE_TEXT / 2 / height) * top_khz / step)
        return [(bottom - n * step / top_khz * height, f"{n * step:g}k") for n in range(1, count + 1)]

    def paint(self, pixels: Pixels, ground: Ground, lanes: Lanes, strip: Strip) -> None:
        """Paint the levels; lost packets are hatched and have a line above."""
        scene = ground.scene
        painted = self._picture(scene, lanes, strip)
        if ground.lost.any():
            lines = ground.hatch_lines(strip.height)
            ink = np.array(argb(scene.colours.text), np.uint32)
            painted[lines] = blend(painted[lines], ink, _HATCH_OVER)
            band = max(scene.layout.device(3), 1)
            painted[:band, ground.lost] = ink
        pixels[:] = painted

    def draw(self, painter: QPainter, scene: Scene, lanes: Lanes, strip: Strip) -> None:
        """Draw the levels as a picture, and the lost packets hatched."""
        pixels = np.ascontiguousarray(self._picture(scene, lanes, strip))
        height, width = pixels.shape
        image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()
        painter.drawImage(scene.box(strip), image)
        draw_hatching(painter, scene, strip)

    def _picture(self, scene: Scene, lanes: Lanes, strip: Strip) -> Pixels:
        levels = self.tiles.picture(lanes[-1].source, scene.view, scene.view.width, strip.height)
        painted: Pixels = level_colours(scene.colours.dark)[levels]
        return painted


class Both(Drawer):
    """The waveform above the spectrogram."""

    name = "both"
    title = "Both"
    keys = "Ctrl+6"
    help = "Draw waveform over spectrogram"
    lane_help = "Draw the heard lane both ways"
    place = 12
    strips = ("waveform", "spectrogram")


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

    def picture(self, source: SampleSource, view: Viewport, columns: int, rows: int) -> Levels:
        """Return what is known of the visible spectrogram, shape ``(rows, columns)``; 0 where nothing is.

        Tiles that are missing are asked for; coarser or finer ones stand in for them meanwhile.
        """
        self._sources[id(source)] = source
        hop = self.settings.hop_for(view.frames_per_pixel, source.rate)
        begin = view.grid_start / hop
        first = math.floor(max(begin - 1, 0) / TILE)
        last = math.floor(min(view.frame_at(columns), source.frames - 1) / hop / TILE)
        parts = [self._tile(source, number, hop) for number in range(first, max(last, first) + 1)]
        found = np.concatenate(parts)
        return fitted(found, begin - first * TILE, view.frames_per_pixel / hop, columns, rows)

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


DRAWERS = (Spectrogram, Both)
