"""Shapes of fades, and which parts of a clip they touch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples

Frames = npt.NDArray[np.int64]


def fade_frames(rate: int, milliseconds: float) -> int:
    """Return the length of a fade in frames, at least one."""
    return max(1, round(rate * milliseconds / 1000.0))


def raised_cosine(frames: int) -> Samples:
    """Return rising weights, shape ``(frames, 1)``, all strictly between 0 and 1.

    Symmetric (``ramp + ramp[::-1] == 1``), so that fading in, turning round midway and fading out again makes
    no step, and so that a cross-fade of a lane with itself is that lane.
    """
    steps = np.arange(1, frames + 1, dtype=np.float64) / (frames + 1)
    return (0.5 - 0.5 * np.cos(np.pi * steps)).astype(np.float32)[:, None]


def audible_spans(spans: Sequence[tuple[int, int]], fade: int) -> Frames:
    """Return spans, shape ``(n, 2)``, sorted, with those merged that leave no room for two fades.

    Spans are heard whole: they are faded in *before* their start and faded out *after* their stop, because
    the edge of a lost part is exactly what one wants to hear.
    """
    merged: list[list[int]] = []
    for start, stop in sorted((int(a), int(b)) for a, b in spans if b > a):
        if merged and start - merged[-1][1] <= 2 * fade:
            merged[-1][1] = max(merged[-1][1], stop)
        else:
            merged.append([start, stop])
    return np.array(merged, dtype=np.int64).reshape(-1, 2)
