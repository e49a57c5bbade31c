"""Turn columns of extremes into pixels with numpy: the same cost at every zoom."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.peaks import Columns

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
    low, high = np.nan_to_num(columns.low), np.nan_to_num(columns.high)
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


def blend(under: Pixels, over: Pixels, cover: Any) -> Pixels:
    """Return opaque pixels `over` laid on `under` with `cover` 0..1 (scalar or one per pixel)."""
    weight = np.asarray(np.asarray(cover) * 256.0, np.uint32)
    rest = np.uint32(256) - weight
    red_blue, green = np.uint32(0x00FF00FF), np.uint32(0x0000FF00)
    mixed = (((under & red_blue) * rest + (over & red_blue) * weight) >> np.uint32(8)) & red_blue
    mixed |= (((under & green) * rest + (over & green) * weight) >> np.uint32(8)) & green
    opaque: Pixels = mixed | np.uint32(0xFF000000)
    return opaque


def hatching(height: int, width: int, offset: int, period: int, thickness: int) -> npt.NDArray[np.bool_]:
    """Return a pattern of diagonal lines, True on a line, shape ``(height, width)``.

    `offset` shifts it to the left, so that it can move with the sound.
    """
    wide = np.arange(width + height + period) % period < thickness
    begin = offset % period
    rows = np.lib.stride_tricks.sliding_window_view(wide, width)
    return rows[begin : begin + height]
