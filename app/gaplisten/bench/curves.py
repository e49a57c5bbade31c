"""Curves over time under a version, computed a piece at a time: what the gap measures see, and its pitch."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.filemap import SampleSource, read_floats
from gaplisten.audio.signal import Signal
from gaplisten.loss.measures import Curve, measure_curve, measure_named
from gaplisten.loss.measures.moving import HOP_MS
from gaplisten.loss.measures.periodicity import WINDOW_MS, pitch
from gaplisten.loss.trace import LossTrace

PIECE_SECONDS = 4.0
AROUND_SECONDS = 0.6  # more than any of these looks at beyond a place
_NOTHING = Curve(np.zeros(0, np.int64), np.zeros(0))


def piece_frames(rate: int) -> int:
    """Return the length of a piece."""
    return round(PIECE_SECONDS * rate)


def measured_piece(
    key: str,
    version: SampleSource,
    reference: SampleSource | None,
    trace: LossTrace | None,
    number: int,
) -> Curve:
    """Return one piece of the curve of a measure.

    Parameters
    ----------
    key
        Of a measure that has a value at any place of a version.
    trace
        The losses that the version met; None where none are known.
    number
        Which piece: they follow each other from 0.
    """
    start, stop, first, last = _bounds(version, number)
    if stop <= start:
        return _NOTHING
    signal = _signal(version, first, last)
    clean = None if reference is None else _signal(reference, first, last)
    known = trace or LossTrace.of_spans(np.zeros((0, 2), np.int64), version.frames, version.rate)
    met = known.part(first, last)
    found = measure_curve(measure_named(key), clean, signal, met)
    return _cut(found, first, start, stop)


def pitch_piece(version: SampleSource, number: int) -> Curve:
    """Return one piece of the pitch of a version, Hz every 5 ms; NaN where it is not voiced."""
    start, stop, first, last = _bounds(version, number)
    if stop <= start:
        return _NOTHING
    row = _signal(version, first, last).mono.astype(np.float64)
    half = round(WINDOW_MS * version.rate / 2000)
    centres = np.arange(start - first, stop - first, round(HOP_MS * version.rate / 1000), dtype=np.int64)
    return _cut(Curve(centres, pitch(row, centres - half, version.rate)), first, start, stop)


def _bounds(source: SampleSource, number: int) -> tuple[int, int, int, int]:
    """Return where a piece begins and ends, and from where to where sound is needed for it."""
    size, around = piece_frames(source.rate), round(AROUND_SECONDS * source.rate)
    start, stop = number * size, min((number + 1) * size, source.frames)
    return start, stop, max(start - around, 0), min(stop + around, source.frames)


def _signal(source: SampleSource, start: int, stop: int) -> Signal:
    """Return a stretch of a sound, silent behind its end."""
    samples = np.zeros((stop - start, source.channels), np.float32)
    inside = min(stop, source.frames)
    if inside > start:
        samples[: inside - start] = np.nan_to_num(read_floats(source, start, inside))
    return Signal.of(samples, source.rate)


def _cut(found: Curve, first: int, start: int, stop: int) -> Curve:
    frames = found.frames + first
    seen = (frames >= start) & (frames < stop)
    return Curve(frames[seen], np.asarray(found.values, np.float64)[seen])
