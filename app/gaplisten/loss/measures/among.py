"""Measures that compare versions with each other, by themselves: where versions are measured one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job
from gaplisten.loss.measures.catalogue import MEASURES
from gaplisten.loss.measures.contract import Case, ClipFact
from gaplisten.loss.measures.gap_table import Values
from gaplisten.loss.measures.windows import Places, Prepared, Row, prepared
from gaplisten.loss.trace import LossTrace

AMONG = tuple(measure for measure in MEASURES if measure.among is not None)
_KINDS = tuple(measure.among for measure in AMONG if measure.among is not None)

_STRETCH_SECONDS = 10.0  # some 4 MB of each version at 48 kHz
_AROUND_SECONDS = 1.0


def measure_among(
    reference: Signal | None, versions: Mapping[str, Signal], trace: LossTrace, job: Job | None = None
) -> dict[str, tuple[Values, tuple[ClipFact, ...]]]:
    """Return the measures that compare versions with each other, and what they say of each as a whole.

    They are part of what `measure_gaps` gives, to the bit. A long clip is gone through in stretches, each
    read once for all versions, so that memory grows with neither clip nor losses, but for a single gap that
    is longer than a stretch.

    Parameters
    ----------
    job
        Reports progress and can stop the work between two stretches.

    Returns
    -------
    found
        By version: values of shape ``(gaps, len(AMONG))``, and facts.
    """
    job = job or Job()
    frames = reference.frames if reference else max((each.frames for each in versions.values()), default=0)
    places = Places.of(trace.gaps(frames), trace.rate, frames)
    values: dict[str, list[Values]] = {name: [np.zeros((0, len(AMONG)))] for name in versions}
    others: dict[str, list[list[Mapping[str, Row]]]] = {name: [[] for _ in AMONG] for name in versions}
    for first, end, part in _stretches(places, frames):
        job.check(first / frames, "comparing versions")
        rows = {name: _cut(signal, first, end) for name, signal in versions.items()}
        clean = _cut(reference, first, end) if reference else None
        for name, row in rows.items():
            case = Case(row, clean, part, {other: each for other, each in rows.items() if other != name})
            values[name].append(np.stack([measure.values(case) for measure in AMONG], axis=1))
            for kind, found in zip(_KINDS, others[name], strict=True):
                found.append(kind.others(case))
            part.forget(row)
    return {name: (np.concatenate(values[name]), _told(others[name])) for name in versions}


def _stretches(places: Places, frames: int) -> Iterator[tuple[int, int, Places]]:
    """Yield from where to where a stretch is, with what is around its gaps, and their places in it."""
    size, around = round(_STRETCH_SECONDS * places.rate), round(_AROUND_SECONDS * places.rate)
    for _, numbers in groupby(range(places.starts.size), lambda number: int(places.starts[number]) // size):
        some = list(numbers)
        cut = slice(some[0], some[-1] + 1)
        first = max(int(places.starts[some[0]]) - around, 0)
        end = min(int(places.stops[some[-1]]) + around, frames)
        starts, stops = places.starts[cut] - first, places.stops[cut] - first
        before, after = places.before[cut] - first, places.after[cut] - first
        yield first, end, Places(starts, stops, before, after, places.rate)


def _cut(signal: Signal, first: int, end: int) -> Prepared:
    return prepared(Signal(signal.samples[first:end], signal.rate), end - first)


def _told(others: list[list[Mapping[str, Row]]]) -> tuple[ClipFact, ...]:
    """Return what is to be said of a version, from all stretches."""
    facts = []
    for kind, found in zip(_KINDS, others, strict=True):
        if found:
            whole = {name: np.concatenate([each[name] for each in found]) for name in found[0]}
            facts.append(kind.told(whole))
    return tuple(fact for fact in facts if fact is not None)
