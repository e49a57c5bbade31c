"""Paint the lanes of a scene into an array of pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import Frames
from gaplisten.audio.raster import Pixels, blend, hatching, paint_spans, spans_of
from gaplisten.audio.viewport import Viewport
from gaplisten.loss.shading import Shading
from gaplisten.ui.lanes.colours import argb, readable
from gaplisten.ui.lanes.layout import RULER_HEIGHT
from gaplisten.ui.lanes.scene import Part, Scene, SceneLane

HATCH_PERIOD = 8
# Below this many frames per pixel a line through the samples is drawn instead of columns.
CURVE_BELOW = 1.0
_OVERLAY_FILL = 0.30
_HATCH_OVER_SPECTROGRAM = 0.45


def is_curve(view: Viewport) -> bool:
    """Whether the zoom is so close that a curve through the samples is drawn."""
    return view.frames_per_pixel < CURVE_BELOW


def paint_lanes(pixels: Pixels, scene: Scene) -> None:
    """Paint background, shading, waveforms and spectrograms into `pixels`, shape ``(height, width)``."""
    edges = scene.view.edges()
    shading = scene.loss.shading(edges, scene.view.frames_per_pixel) if scene.loss else None
    left = pixels.shape[1] - scene.layout.columns
    background, plot = argb(scene.colours.background), pixels[:, left:]
    roof = scene.layout.device(RULER_HEIGHT)
    grounds: dict[int, Pixels] = {}
    bare = np.ones(len(plot), np.bool_)
    for row in range(scene.rows):
        for part in scene.parts(row):
            first, last = max(part.top, roof), min(part.bottom, len(plot))
            if last <= first:
                continue
            bare[first:last] = False
            if part.spectrogram:
                painted = _spectrogram(scene.in_row(row)[-1], scene, part, shading)
                plot[first:last] = painted[first - part.top : last - part.top]
                continue
            if part.height not in grounds:
                grounds[part.height] = shaded_ground(scene, part.height, shading)
            if (first, last) == (part.top, part.bottom):
                plot[first:last] = grounds[part.height]
                _paint_waveforms(plot[first:last], scene.in_row(row), scene, edges, shading)
            else:
                painted = grounds[part.height].copy()
                _paint_waveforms(painted, scene.in_row(row), scene, edges, shading)
                plot[first:last] = painted[first - part.top : last - part.top]
    # Only what no lane covers: filling everything first would cost a tenth of the time.
    plot[bare] = background
    pixels[:, :left] = background


def shaded_ground(scene: Scene, height: int, shading: Shading | None) -> Pixels:
    """Return the background of a lane: loss tinted and hatched, zones tinted, the middle line."""
    colours, width = scene.colours, scene.view.width
    row = _tints(scene, shading)
    hatched = np.zeros(width, np.bool_) if shading is None else shading.lost > 0
    ground = np.broadcast_to(row, (height, width)).copy()
    ground[height // 2] = np.where(hatched, row, np.uint32(argb(colours.grid)))
    if shading is not None and hatched.any():
        lines = _hatch_lines(scene, height) & hatched
        # Where a pixel holds much and little of it was lost, the hatching is as faint as the tint.
        ink = blend(row, np.full(width, argb(colours.hatch), np.uint32), shading.strength)
        np.copyto(ground, np.where(lines, ink, ground))
    return ground


def _tints(scene: Scene, shading: Shading | None) -> Pixels:
    """Return the background of each column, before hatching."""
    colours, width = scene.colours, scene.view.width
    row = np.full(width, argb(colours.background), np.uint32)
    if shading is None:
        return row
    row = np.where(shading.zone, np.uint32(argb(colours.zone)), row)
    return blend(row, np.full(width, argb(colours.loss), np.uint32), shading.strength)


def _hatch_lines(scene: Scene, height: int) -> npt.NDArray[np.bool_]:
    period = scene.layout.device(HATCH_PERIOD)
    thickness = max(scene.layout.device(1), 1)
    # The lines are tied to the sound, so that they move with it.
    shift = round(scene.view.grid_start / scene.view.frames_per_pixel) % period
    return hatching(height, scene.view.width, shift, period, thickness)


def _paint_waveforms(
    pixels: Pixels, lanes: tuple[SceneLane, ...], scene: Scene, edges: Frames, shading: Shading | None
) -> None:
    if is_curve(scene.view):
        return
    if scene.overlaid:
        _paint_body(pixels, lanes[-1], scene, edges, shading)
        return
    for lane in lanes:
        _paint_waveform(pixels, lane, scene, edges)


def _paint_waveform(pixels: Pixels, lane: SceneLane, scene: Scene, edges: Frames) -> None:
    if lane.peaks is None:
        return
    columns = lane.peaks.columns(edges)
    spans = spans_of(columns, pixels.shape[0], scene.gain)
    paint_spans(pixels, spans, column_colours(lane, scene, edges), columns.known)
    # Not by colour alone: altered columns are underlined too.
    pixels[-scene.layout.device(3) :, changed_columns(lane, edges)] = argb(scene.colours.altered)
    if columns.coarse.any():
        # A first picture is pale, so that nobody takes it for the truth.
        paint_spans(pixels, spans, argb(scene.colours.unknown), columns.coarse)


def _paint_body(
    pixels: Pixels, lane: SceneLane, scene: Scene, edges: Frames, shading: Shading | None
) -> None:
    """Paint the active lane of an overlay faintly; the outlines of all lanes are drawn over it later."""
    if lane.peaks is None:
        return
    columns = lane.peaks.columns(edges)
    faint = blend(_tints(scene, shading), column_colours(lane, scene, edges), _OVERLAY_FILL)
    paint_spans(pixels, spans_of(columns, pixels.shape[0], scene.gain), faint, columns.known | columns.coarse)


def column_colours(lane: SceneLane, scene: Scene, edges: Frames) -> Pixels:
    """Return the colour of each column of a lane.

    Where altered samples are looked for: grey where the sound is what was received, the lane's colour where
    the packet was lost, and the signal colour where a received sample was altered.
    """
    own = np.full(len(edges) - 1, argb(readable(lane.colour, scene.colours)), np.uint32)
    if lane.altered is None or scene.loss is None:
        return own
    lost = scene.loss.shading(edges, scene.view.frames_per_pixel).lost > 0
    calm = np.where(lost, own, np.uint32(argb(scene.colours.same)))
    return np.where(changed_columns(lane, edges), np.uint32(argb(scene.colours.altered)), calm)


def changed_columns(lane: SceneLane, edges: Frames) -> npt.NDArray[np.bool_]:
    """Return in which columns a received sample was altered."""
    if lane.altered is None:
        return np.zeros(len(edges) - 1, np.bool_)
    columns = lane.altered.columns(edges)
    changed: npt.NDArray[np.bool_] = columns.known & (columns.high > 0)
    return changed


def _spectrogram(lane: SceneLane, scene: Scene, part: Part, shading: Shading | None) -> Pixels:
    levels = scene.spectra.picture(lane.source, scene.view, scene.view.width, part.height)
    painted: Pixels = scene.heat[levels]
    if shading is None or not (shading.lost > 0).any():
        return painted
    lines = _hatch_lines(scene, part.height) & (shading.lost > 0)
    ink = np.array(argb(scene.colours.text), np.uint32)
    painted[lines] = blend(painted[lines], ink, _HATCH_OVER_SPECTROGRAM)
    band = max(scene.layout.device(3), 1)
    painted[:band, shading.lost > 0] = ink
    return painted
