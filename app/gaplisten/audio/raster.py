"""Turn columns of extremes, and the curve through samples seen one by one, into pixels with numpy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import SampleSource, read_floats
from gaplisten.audio.peaks import Columns
from gaplisten.audio.signal import Samples
from gaplisten.audio.viewport import Viewport

HALF_WIDTH = 16
_KAISER = 8.0
_PHASES = 1024
_TAPS = np.arange(1 - HALF_WIDTH, HALF_WIDTH + 1)
# Points are drawn when samples are at least this many device pixels apart.
POINTS_FROM = 5.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve in frames and levels, and the samples it goes through.

    `x`, shape ``(n,)``; `y`, shape ``(n, channels)``; `frames` and `samples` likewise.
    """

    x: Floats
    y: Floats
    frames: npt.NDArray[np.int64]
    samples: npt.NDArray[np.float32]


def curve(source: SampleSource, view: Viewport) -> Curve | None:
    """Return the band-limited curve of the visible stretch.

    It goes through a point per device pixel and through every sample, so that no sample's value is missed.
    """
    first, last = int(np.floor(view.grid_start)) - 1, int(np.ceil(view.frame_at(view.width))) + 2
    first, last = max(first, 0), min(last, source.frames)
    if last - first < 1 or not source.loaded(first, last):
        return None
    begin, end = max(first - HALF_WIDTH, 0), min(last + HALF_WIDTH, source.frames)
    around = _finite(read_floats(source, begin, end))
    frames = np.arange(first, last)
    pixels = view.grid_start + np.arange(view.width + 1) * view.frames_per_pixel
    inside = pixels[(pixels > first) & (pixels < last - 1)]
    x = np.unique(np.concatenate((inside, frames)))
    return Curve(x, interpolated(around, x - begin), frames, around[first - begin : last - begin])


def interpolated(samples: npt.NDArray[np.float32], places: Floats) -> Floats:
    """Return the value between samples by a Kaiser-windowed sinc, to 1/1024 of a frame; exact at the samples.

    Parameters
    ----------
    samples
        Shape ``(frames, channels)``; outside there is silence.
    places
        Positions in frames, shape ``(n,)``.

    Returns
    -------
    numpy.ndarray
        Shape ``(n, channels)``.
    """
    base = np.floor(places).astype(np.int64)
    weights = _weights()[np.round((places - base) * _PHASES).astype(np.int64)]
    padded = np.pad(samples, ((HALF_WIDTH, HALF_WIDTH), (0, 0)))
    rows = np.clip(base[:, None] + _TAPS + HALF_WIDTH, 0, len(padded) - 1)
    values: Floats = np.einsum("nt,ntc->nc", weights, padded[rows].astype(np.float64))
    return values


@cache
def _weights() -> Floats:
    """Return the windowed sinc at each phase between two frames, shape ``(phases + 1, taps)``."""
    distance = np.linspace(0.0, 1.0, _PHASES + 1)[:, None] - _TAPS
    inside = np.maximum(1.0 - (distance / HALF_WIDTH) ** 2, 0.0)
    weights: Floats = np.sinc(distance) * np.i0(_KAISER * np.sqrt(inside)) / np.i0(_KAISER)
    return weights


Pixels = npt.NDArray[np.uint32]
Spans = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
Colour = int | npt.NDArray[np.uint32]


def spans_of(columns: Columns, height: int, gain: float, *, joined: bool = True) -> Spans:
    """Return the top and bottom of each column's line in pixels from the lane's top.

    Parameters
    ----------
    columns
        Extremes, full scale ±1.0.
    height
        Height of the lane in pixels; full scale fills it at `gain` 1.
    joined
        Stretch columns towards their left neighbour until they touch, so that steep sound is one line. A
        column is never stretched beyond its neighbour's extremes.
    """
    low, high = _finite(columns.low), _finite(columns.high)
    if joined and len(low) > 1:
        low, high = _join(low, high, columns.known)
    middle, reach = height / 2.0, height / 2.0 * gain
    top = np.clip(middle - high * reach, 0.0, height - 1.0).astype(np.float32)
    bottom = np.clip(middle - low * reach, 1.0, height).astype(np.float32)
    return _thickened(top, bottom, height)


def _join(low: Any, high: Any, known: npt.NDArray[np.bool_]) -> tuple[Any, Any]:
    both = known[1:] & known[:-1]
    low, high = low.copy(), high.copy()
    rising, falling = both & (low[1:] > high[:-1]), both & (high[1:] < low[:-1])
    before_high, before_low = high[:-1].copy(), low[:-1].copy()
    low[1:][rising] = before_high[rising]
    high[1:][falling] = before_low[falling]
    return low, high


def _thickened(top: Any, bottom: Any, height: int) -> Spans:
    """Make every line at least one pixel thick."""
    short = np.maximum(1.0 - (bottom - top), 0.0)
    top = np.maximum(top - short / 2, 0.0)
    return top.astype(np.float32), np.maximum(bottom, np.minimum(top + 1.0, height)).astype(np.float32)


def paint_spans(target: Pixels, spans: Spans, colour: Colour, shown: npt.NDArray[np.bool_]) -> None:
    """Paint one vertical line per column into `target`, its ends smoothed.

    Parameters
    ----------
    target
        Pixels of the lane, shape ``(height, columns)``, changed in place.
    spans
        Tops and bottoms, as `spans_of` makes them.
    colour
        One colour, or one per column.
    shown
        Columns to paint.
    """
    top, bottom = spans
    height = target.shape[0]
    first, last = np.ceil(top).astype(np.int32), np.floor(bottom).astype(np.int32)
    length = np.where(shown, np.maximum(last - first, 0), 0).astype(np.uint16)
    colours = np.broadcast_to(np.asarray(colour, np.uint32), (target.shape[1],))
    rows = np.arange(height, dtype=np.uint16)[:, None]
    inside = (rows - first.astype(np.uint16)) < length
    np.copyto(target, colours, where=inside)
    _blend_ends(target, np.clip(first - 1, 0, height - 1), first - top, colours, shown)
    _blend_ends(target, np.clip(last, 0, height - 1), bottom - last, colours, shown)


def _blend_ends(target: Pixels, rows: Any, cover: Any, colours: Pixels, shown: npt.NDArray[np.bool_]) -> None:
    at = np.flatnonzero(shown & (cover > 0.02))
    target[rows[at], at] = blend(target[rows[at], at], colours[at], cover[at])


def _finite(values: Samples) -> Samples:
    """Return a copy without what is no number: mostly there is none, and `numpy.nan_to_num` is slow."""
    found: Samples = values.copy() if np.isfinite(values).all() else np.nan_to_num(values)
    return found


def blend(under: Pixels, over: Pixels, cover: Any) -> Pixels:
    """Return opaque pixels `over` laid on `under` with `cover` 0..1 (scalar or one per pixel)."""
    weight = np.asarray(np.asarray(cover) * 256.0, np.uint32)
    rest = np.uint32(256) - weight
    red_blue, green = np.uint32(0x00FF00FF), np.uint32(0x0000FF00)
    mixed = (((under & red_blue) * rest + (over & red_blue) * weight) >> np.uint32(8)) & red_blue
    mixed |= (((under & green) * rest + (over & green) * weight) >> np.uint32(8)) & green
    opaque: Pixels = mixed | np.uint32(0xFF000000)
    return opaque


def standing_out(under: Pixels, one: int, other: int) -> Pixels:
    """Return for each pixel that of two opaque colours which has the greater contrast to it.

    If one is nearly black and the other nearly white, that is more than 3 to 1 (ratio of WCAG 2.1).
    """
    place = _luminance(under) + 0.05
    first, second = (_luminance(np.array(colour, np.uint32)) + 0.05 for colour in (one, other))
    # The ratio to either is the same at their geometric mean.
    farther: Pixels = np.where(
        (place * place < first * second) == (first > second), np.uint32(one), np.uint32(other)
    )
    return farther


def _luminance(pixels: Pixels) -> Any:
    red, green, blue = (_linear()[pixels >> np.uint32(shift) & np.uint32(255)] for shift in (16, 8, 0))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@cache
def _linear() -> Floats:
    """Return how much light each step of sRGB is, 0..1, shape ``(256,)``."""
    value = np.arange(256) / 255.0
    light: Floats = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return light


def hatching(height: int, width: int, offset: int, period: int, thickness: int) -> npt.NDArray[np.bool_]:
    """Return a pattern of diagonal lines, True on a line, shape ``(height, width)``.

    `offset` shifts it to the left, so that it can move with the sound.
    """
    wide = np.arange(width + height + period) % period < thickness
    begin = offset % period
    rows = np.lib.stride_tricks.sliding_window_view(wide, width)
    return rows[begin : begin + height]
