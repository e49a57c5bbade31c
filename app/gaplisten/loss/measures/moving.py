"""Measures over time: a curve for any of them."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job
from gaplisten.loss.measures.contract import Case, Curve, Measure
from gaplisten.loss.measures.windows import Frames, Places, Prepared, prepared
from gaplisten.loss.trace import LossTrace

HOP_MS = 5.0
_BLOCK = 512


def regular(signal: Prepared, every_ms: float) -> Frames:
    """Return places in frames, one every so many ms."""
    return np.arange(0, signal.row.size, max(1, round(every_ms * signal.rate / 1000)), dtype=np.int64)


def measure_curve(
    measure: Measure,
    reference: Signal | None,
    version: Signal,
    trace: LossTrace,
    others: dict[str, Signal] | None = None,
    job: Job | None = None,
) -> Curve:
    """Return one measure of one version over time, to be drawn under its waveform.

    Measures of what lies in a gap give the value of a gap of a fixed length (`Measure.window_ms`) that moves
    over the clip in steps of 5 ms, at its middle: so they show received sound, too. Others say in
    docs/measures.md what they show.

    Parameters
    ----------
    reference
        Clean speech; without it a measure that needs it has no points.
    trace
        The losses, for measures of what happens between them.
    others
        The other versions, for a measure that compares versions.

    Raises
    ------
    ValueError
        If a signal is at another rate than the trace.
    """
    given = [version, *([reference] if reference else []), *(others or {}).values()]
    if any(signal.rate != trace.rate for signal in given):
        raise ValueError(f"all signals must be at the trace's rate of {trace.rate} Hz")
    frames = reference.frames if reference else version.frames
    clean = prepared(reference, frames) if reference else None
    rows = {name: prepared(signal, frames) for name, signal in (others or {}).items()}
    places = Places.of(trace.gaps(frames), trace.rate, frames)
    case = Case(prepared(version, frames), clean, places, rows)
    if measure.needs_reference and clean is None:
        return Curve(np.zeros(0, np.int64), np.zeros(0))
    return measure.curve(case) if measure.curve else _moved(measure, case, job or Job())


def _moved(measure: Measure, case: Case, job: Job) -> Curve:
    rate, frames = case.version.rate, case.version.row.size
    size = min(round(measure.window_ms * rate / 1000), frames)
    starts = regular(case.version, HOP_MS)
    starts = starts[starts + size <= frames]
    parts = []
    for at in range(0, starts.size, _BLOCK):
        job.check(at / starts.size, f"measuring {measure.title}")
        some = starts[at : at + _BLOCK]
        places = Places(some, some + size, some * 0, some * 0 + frames, rate)
        parts.append(measure.values(Case(case.version, case.clean, places, case.others)))
    return Curve(starts + size // 2, np.concatenate(parts) if parts else np.zeros(0))
