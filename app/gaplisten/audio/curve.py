"""The curve through the samples, seen when zoomed in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import SampleSource, read_floats
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
    around = np.nan_to_num(read_floats(source, begin, end))
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
