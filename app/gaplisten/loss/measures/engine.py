"""Measuring all gaps of all versions of a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job, JobPart
from gaplisten.loss.measures.among import AMONG, measure_among
from gaplisten.loss.measures.catalogue import MEASURES
from gaplisten.loss.measures.contract import Case, ClipFact, Measure
from gaplisten.loss.measures.facts import gap_facts
from gaplisten.loss.measures.gap_table import GapTable, Values
from gaplisten.loss.measures.pieces import measured_in_pieces
from gaplisten.loss.measures.windows import Places, prepared
from gaplisten.loss.trace import Gap, LossTrace

WHOLE_SECONDS = 60.0
"""Longer clips are measured in pieces, with the values of the whole but for the last digits of sums."""
_AMONG_COLUMNS = [MEASURES.index(measure) for measure in AMONG]
_ORDER = {measure.key: number for number, measure in enumerate(MEASURES)}
_BLOCK = 512  # gaps measured at once, so that memory does not grow with the clip


def measure_gaps(
    reference: Signal | None,
    versions: Mapping[str, Signal],
    trace: LossTrace,
    job: Job | None = None,
    *,
    apart: bool = False,
) -> GapTable:
    """Measure every gap of every version; of a long clip only seconds are held at a time.

    Parameters
    ----------
    reference
        Clean speech; without it, measures that need it are missing.
    versions
        Signals by name, at the trace's rate. Channels are averaged; short versions end in silence.
    trace
        The losses, on the same clock.
    job
        Reports progress and can stop the work between two versions.
    apart
        Whether each version is measured as if it were alone; measures that compare versions tell nothing.

    Raises
    ------
    ValueError
        If a signal is at another rate than the trace.
    """
    given = [*versions.values(), *([reference] if reference else [])]
    if any(signal.rate != trace.rate for signal in given):
        raise ValueError(f"all signals must be at the trace's rate of {trace.rate} Hz")
    job = job or Job()
    frames = reference.frames if reference else max((signal.frames for signal in given), default=0)
    gaps = trace.gaps(frames)
    if versions and frames > WHOLE_SECONDS * trace.rate:
        return _of_pieces(reference, versions, trace, gaps, frames, job, apart)
    clean = prepared(reference, frames) if reference else None
    rows = {name: prepared(signal, frames) for name, signal in versions.items()}
    places = Places.of(gaps, trace.rate, frames)
    facts = gap_facts(gaps, places, clean, next(iter(rows.values()), None), trace)
    values, told = {}, {}
    blocks = places.blocks(_BLOCK)  # shared, so that what follows from the reference alone is made once
    for index, name in enumerate(rows):
        others = {} if apart else {other: row for other, row in rows.items() if other != name}
        cases = [Case(rows[name], clean, block, others) for block in blocks]
        found = []
        for number, case in enumerate(cases):
            job.check((index + number / len(cases)) / len(rows), f"measuring {name}")
            found.append(np.stack([measure.values(case) for measure in MEASURES], axis=1))
        values[name] = np.concatenate(found)
        whole = cases[0] if len(cases) == 1 else Case(rows[name], clean, places, others)
        told[name] = clip_facts(whole, MEASURES, values[name])
        for block in (*blocks, places):
            block.forget(rows[name])
        rows[name].forms.clear()
    job.check(1.0)
    return GapTable(facts, tuple(versions), values, clip=told)


def _of_pieces(
    reference: Signal | None,
    versions: Mapping[str, Signal],
    trace: LossTrace,
    gaps: Sequence[Gap],
    frames: int,
    job: Job,
    apart: bool,
) -> GapTable:
    compared = {} if apart or len(versions) < 2 else versions
    share = 0.9 if compared else 1.0
    found = measured_in_pieces(reference, versions, trace, gaps, frames, JobPart(job, 0.0, share))
    values, told = dict(found.values), dict[str, tuple[ClipFact, ...]]()
    among = measure_among(reference, compared, trace, JobPart(job, share, 1.0 - share)) if compared else {}
    for name in versions:
        facts = clip_facts(found.cases[name], MEASURES, values[name], among=False)
        if name in among:
            values[name][:, _AMONG_COLUMNS], more = among[name]
            facts = tuple(sorted((*facts, *more), key=lambda fact: _ORDER[fact.key]))
        told[name] = facts
    job.check(1.0)
    return GapTable(found.facts, tuple(versions), values, clip=told)


def clip_facts(
    case: Case, measures: Sequence[Measure], values: Values, *, among: bool = True
) -> tuple[ClipFact, ...]:
    """Return what some measures say of a version as a whole.

    Parameters
    ----------
    values
        Shape ``(gaps, measures)``.
    among
        Whether those are asked, too, that compare versions: they look at samples.
    """
    facts = []
    for column, measure in enumerate(measures):
        if not len(values) or (measure.needs_reference and case.clean is None):
            continue
        if measure.among is not None:
            if not among:
                continue
            fact = measure.among.told(measure.among.others(case))
        elif measure.clip is not None:
            fact = measure.clip(case, values[:, column])
        else:
            continue
        if fact is not None:
            facts.append(fact)
    return tuple(facts)


def measure_versions(
    reference: Signal | None,
    versions: Mapping[str, Signal],
    traces: Mapping[str, LossTrace],
    job: Job | None = None,
) -> tuple[GapTable, ...]:
    """Measure every version at its own gaps.

    Parameters
    ----------
    traces
        The losses that each version met, by its name. A version that is not named is left out.

    Returns
    -------
    tables
        One for each trace, with the versions that share it, in the order of `versions`.
    """
    known = {name: traces[name] for name in versions if name in traces}
    return tuple(
        measure_gaps(reference, {name: versions[name] for name in names}, trace, job)
        for trace, names in by_losses(known)
    )


def by_losses(traces: Mapping[str, LossTrace]) -> list[tuple[LossTrace, list[str]]]:
    """Return each trace with the names of those that met it: they are measured together."""
    groups: dict[int, tuple[LossTrace, list[str]]] = {}
    for name, trace in traces.items():
        groups.setdefault(id(trace), (trace, []))[1].append(name)
    return list(groups.values())
