"""Paint the lanes of a scene into an array of pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import Frames
from gaplisten.audio.peaks import Columns
from gaplisten.ui.views.colours import argb, readable
from gaplisten.ui.views.raster import Pixels, Spans, blend, hatching, paint_spans, spans_of
from gaplisten.ui.views.scene import Scene, SceneLane
from gaplisten.ui.views.values import Display, Mode
from gaplisten.ui.views.viewport import Viewport

HATCH_PERIOD = 8
# Below this many frames per pixel a line through the samples is drawn instead of columns.
CURVE_BELOW = 1.0


def paint_lanes(pixels: Pixels, scene: Scene) -> None:
    """Paint background, shading and waveforms of all lanes into `pixels`, shape ``(height, width)``."""
    edges = scene.view.edges()
    rows = 1 if scene.mode is Mode.OVERLAY else len(scene.lanes)
    left = pixels.shape[1] - scene.layout.columns
    heights = [bottom - top for top, bottom in map(scene.layout.lane_span, range(rows))]
    if not heights:
        return
    ground = shaded_ground(scene, edges, max(heights))
    for row in range(rows):
        top, bottom = scene.layout.lane_span(row)
        first, last = max(top, scene.layout.device(_ruler(scene))), min(bottom, pixels.shape[0])
        if last <= first:
            continue
        lane_pixels = ground[: bottom - top].copy()
        here = scene.lanes if scene.mode is Mode.OVERLAY else scene.lanes[row : row + 1]
        for lane in _active_last(here, scene.active):
            _paint_lane(lane_pixels, lane, scene, edges)
        pixels[first:last, left:] = lane_pixels[first - top : last - top]


def _ruler(scene: Scene) -> int:
    from gaplisten.ui.views.layout import RULER_HEIGHT

    return RULER_HEIGHT


def _active_last(lanes: tuple[SceneLane, ...], active: int | None) -> list[SceneLane]:
    return sorted(lanes, key=lambda lane: lane.key == active)


def shaded_ground(scene: Scene, edges: Frames, height: int) -> Pixels:
    """Return the background of a lane: loss tinted and hatched, zones tinted, the middle line."""
    colours = scene.colours
    base = np.full(scene.view.width, argb(colours.background), np.uint32)
    row, hatched = base, np.zeros(len(base), np.bool_)
    if scene.loss is not None:
        shading = scene.loss.shading(edges, scene.view.frames_per_pixel)
        row = np.where(shading.zone, np.uint32(argb(colours.zone)), row)
        row = blend(row, np.full(len(base), argb(colours.loss), np.uint32), shading.strength)
        hatched = shading.lost > 0
    ground = np.broadcast_to(row, (height, len(base))).copy()
    ground[height // 2] = np.where(hatched, row, argb(colours.grid))
    if hatched.any():
        _hatch(ground, scene, hatched)
    return ground


def _hatch(ground: Pixels, scene: Scene, hatched: npt.NDArray[np.bool_]) -> None:
    period = scene.layout.device(HATCH_PERIOD)
    thickness = max(scene.layout.device(1), 1)
    shift = round(scene.view.grid_start / scene.view.frames_per_pixel) % period
    lines = hatching(ground.shape[0], ground.shape[1], shift, period, thickness)
    np.copyto(ground, np.where(lines & hatched, np.uint32(argb(scene.colours.hatch)), ground))


def _paint_lane(pixels: Pixels, lane: SceneLane, scene: Scene, edges: Frames) -> None:
    if lane.peaks is None or lane.display is Display.SPECTROGRAM or is_curve(scene.view):
        return
    columns = lane.peaks.columns(edges)
    spans = spans_of(columns, pixels.shape[0], scene.gain)
    paint_spans(pixels, spans, column_colours(lane, scene, edges), columns.known)
    _paint_unknown(pixels, columns, edges, scene, lane)


def is_curve(view: Viewport) -> bool:
    """Whether the zoom is so close that a curve through the samples is drawn."""
    return view.frames_per_pixel < CURVE_BELOW


def column_colours(lane: SceneLane, scene: Scene, edges: Frames) -> npt.NDArray[np.uint32]:
    """Return the colour of each column of a lane.

    Where altered samples are looked for: grey where the sound is what was received, the lane's colour where
    the packet was lost, and the signal colour where a received sample was altered.
    """
    own = np.full(len(edges) - 1, argb(readable(lane.colour, scene.colours)), np.uint32)
    if lane.altered is None or scene.loss is None:
        return own
    lost = scene.loss.shading(edges, scene.view.frames_per_pixel).lost > 0
    changed = lane.altered.columns(edges).high > 0
    calm = np.where(lost, own, np.uint32(argb(scene.colours.same)))
    return np.where(changed, np.uint32(argb(scene.colours.altered)), calm)


def _paint_unknown(pixels: Pixels, columns: Columns, edges: Frames, scene: Scene, lane: SceneLane) -> None:
    missing = ~columns.known & (edges[:-1] < lane.source.frames) & (edges[:-1] >= 0)
    if missing.any():
        middle = pixels.shape[0] // 2
        pixels[middle - 1 : middle + 1, missing] = argb(scene.colours.unknown)


def lane_spans(lane: SceneLane, scene: Scene, edges: Frames, height: int) -> Spans:
    """Return the tops and bottoms of a lane's columns (for tests and export)."""
    assert lane.peaks is not None
    return spans_of(lane.peaks.columns(edges), height, scene.gain)
