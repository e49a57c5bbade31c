"""Measuring clips of any length: a long one piece by piece, so that memory does not grow with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job
from gaplisten.loss.measures import MEASURES, GapFacts, GapTable, measure_gaps
from gaplisten.loss.trace import Gap, LossTrace

WHOLE_SECONDS = 60.0
PIECE_SECONDS = 30.0
AROUND_SECONDS = 1.0  # longer than anything a measure looks at beyond a gap's edges


class _Part(Job):
    """A share of another job's progress."""

    def __init__(self, whole: Job, begin: float, share: float) -> None:
        super().__init__()
        self._whole, self._begin, self._share = whole, begin, share

    def check(self, fraction: float, message: str = "") -> None:
        """Report to the whole job."""
        self._whole.check(self._begin + self._share * fraction, message)


def measured(
    reference: Signal | None, versions: Mapping[str, Signal], trace: LossTrace, job: Job
) -> GapTable:
    """Measure all gaps as `measure_gaps` does.

    A clip of more than a minute is measured in pieces of half a minute: whether speech is active is then
    judged by the loudness of the piece that a gap lies in.
    """
    given = [*versions.values(), *([reference] if reference else [])]
    frames = reference.frames if reference else max((signal.frames for signal in given), default=0)
    if frames <= WHOLE_SECONDS * trace.rate:
        return measure_gaps(reference, versions, trace, job)
    pieces = _pieces(trace.gaps(frames), trace.rate)
    tables = []
    for number, gaps in enumerate(pieces):
        part = _Part(job, number / len(pieces), 1.0 / len(pieces))
        tables.append(_piece(reference, versions, trace, gaps, frames, part))
    return _joined(tables, tuple(versions))


def _pieces(gaps: tuple[Gap, ...], rate: int) -> list[list[Gap]]:
    size, pieces = round(PIECE_SECONDS * rate), dict[int, list[Gap]]()
    for gap in gaps:
        pieces.setdefault(gap.start // size, []).append(gap)
    return list(pieces.values())


def _piece(
    reference: Signal | None,
    versions: Mapping[str, Signal],
    trace: LossTrace,
    gaps: list[Gap],
    frames: int,
    job: Job,
) -> GapTable:
    size, around = trace.grid.length if trace.grid else 1, round(AROUND_SECONDS * trace.rate)
    # Facts need a piece of speech to compare with, not just what surrounds a lonely gap.
    usual = round(PIECE_SECONDS * trace.rate)
    first = max(min(gaps[0].start - around, gaps[0].start // usual * usual), 0) // size
    last = max(gaps[-1].stop + around, (gaps[0].start // usual + 1) * usual)
    end = min(-(-last // size) * size, frames)

    def cut(signal: Signal) -> Signal:
        return Signal(signal.samples[first * size : end], signal.rate)

    part = trace.part(first * size, end)
    found = measure_gaps(
        cut(reference) if reference else None, {n: cut(s) for n, s in versions.items()}, part, job
    )
    return _back(found, gaps, first * size, trace)


def _back(found: GapTable, gaps: list[Gap], begin: int, trace: LossTrace) -> GapTable:
    """Keep the rows of the piece's own gaps, and say them on the whole clip's clock."""
    places = {facts.gap.start + begin: place for place, facts in enumerate(found.gaps)}
    rows = [places[gap.start] for gap in gaps]
    facts = tuple(
        replace(found.gaps[row], gap=gap, start_s=gap.start / trace.rate)
        for row, gap in zip(rows, gaps, strict=True)
    )
    return GapTable(facts, found.versions, {name: values[rows] for name, values in found.values.items()})


def _joined(tables: list[GapTable], versions: tuple[str, ...]) -> GapTable:
    facts: list[GapFacts] = [each for table in tables for each in table.gaps]
    numbered = tuple(replace(each, index=index) for index, each in enumerate(facts, 1))
    values = {
        name: np.concatenate([table.values[name] for table in tables])
        if tables
        else np.zeros((0, len(MEASURES)))
        for name in versions
    }
    return GapTable(numbered, versions, values)
