"""Which gap of a clip to look at first; no Qt."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gaplisten.audio.files import read_signal
from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.measures import MEASURES, Direction, GapTable, measure_gaps
from gaplisten.loss.trace import Gap, LossTrace

_VERSION = "version"


def worst_gap(
    reference: Signal | None, version: Signal | None, trace: LossTrace, frames: int, job: Job
) -> int | None:
    """Return the place (from 0) of the gap that most measures flag; None when there is no gap.

    Of gaps flagged alike, the one that goes farthest beyond the thresholds; where nothing can be measured or
    nothing is conspicuous, the longest.
    """
    gaps = trace.gaps(frames)
    if not gaps:
        return None
    if version is not None:
        found = measure_gaps(reference, {_VERSION: version}, trace, job)
        flags, excess = _findings(found)
        if flags.size == len(gaps) and flags.any():
            return int(np.lexsort((excess, flags))[-1])
    return max(range(len(gaps)), key=lambda place: _length(gaps[place]))


def _length(gap: Gap) -> int:
    return gap.frames


def _findings(found: GapTable) -> tuple[np.ndarray, np.ndarray]:
    """Return for each gap how many measures flag it, and by how much they do so in all."""
    flags, excess = np.zeros(len(found.gaps)), np.zeros(len(found.gaps))
    for measure in MEASURES:
        if measure.threshold is None:
            continue
        values = found.column(_VERSION, measure.key)
        size = np.abs(values) if measure.direction is Direction.BOTH else values
        beyond = np.nan_to_num(size / measure.threshold)
        on = found.flagged(_VERSION, measure.key)
        flags += on
        excess += np.where(on, beyond, 0.0)
    return flags, excess


def sound_at(path: Path, rate: int) -> Signal | None:
    """Return a version's file at the clip's rate; None when it cannot be read."""
    try:
        found = read_signal(path)
    except GaplistenError:
        return None
    return found if found.rate == rate else resample(found, rate)
