"""Measuring all gaps of all versions of a clip."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job
from gaplisten.loss.measures import edges, inside
from gaplisten.loss.measures.catalogue import MEASURES
from gaplisten.loss.measures.facts import gap_facts
from gaplisten.loss.measures.gap_table import GapTable, Values
from gaplisten.loss.measures.windows import Frames, Places, Prepared, Row, prepared, running_energy
from gaplisten.loss.trace import LossTrace

_BLOCK = 512  # gaps measured at once, so that memory does not grow with the clip


def measure_gaps(
    reference: Signal | None, versions: Mapping[str, Signal], trace: LossTrace, job: Job | None = None
) -> GapTable:
    """Measure every gap of every version.

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
    clean = prepared(reference, frames) if reference else None
    rows = {name: prepared(signal, frames) for name, signal in versions.items()}
    facts = gap_facts(gaps, clean, next(iter(rows.values()), None), trace)
    parts = [Places.of(gaps[at : at + _BLOCK], trace.rate) for at in range(0, max(1, len(gaps)), _BLOCK)]
    values = {}
    for index, (name, row) in enumerate(rows.items()):
        blocks = []
        difference = running_energy(row.row - clean.row) if clean else None
        for number, block in enumerate(parts):
            job.check((index + number / len(parts)) / len(rows), f"measuring {name}")
            blocks.append(_measured(row, clean, difference, block))
        values[name] = np.concatenate(blocks)
    job.check(1.0)
    return GapTable(facts, tuple(versions), values)


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
    groups: dict[int, dict[str, Signal]] = {}
    for name, signal in versions.items():
        if name in traces:
            groups.setdefault(id(traces[name]), {})[name] = signal
    found = []
    for together in groups.values():
        trace = traces[next(iter(together))]
        found.append(measure_gaps(reference, together, trace, job))
    return tuple(found)


def _measured(version: Prepared, clean: Prepared | None, difference: Row | None, places: Places) -> Values:
    found = _alone(version, places)
    if clean is not None and difference is not None:
        found |= _compared(version, clean, places)
        found["gap_snr"] = inside.gap_snr(difference, clean.energy, places.starts, places.stops)
    missing = np.full(places.starts.size, np.nan)
    return np.stack([found.get(measure.key, missing) for measure in MEASURES], axis=1)


def _alone(version: Prepared, places: Places) -> dict[str, Row]:
    row, rate, starts, stops = version.row, version.rate, places.starts, places.stops
    return {
        "click_entry": edges.clicks(row, starts, rate),
        "click_exit": edges.clicks(row, stops, rate),
        "step_entry": edges.steps(row, starts, rate),
        "step_exit": edges.steps(row, stops, rate),
        "decay": inside.decay(row, starts, stops, rate),
        "pitch_jump": inside.pitch_jump(version.voice, *places.at(version.voice_rate), version.voice_rate),
    }


def _compared(version: Prepared, clean: Prepared, places: Places) -> dict[str, Row]:
    row, rate, starts, stops = version.row, version.rate, places.starts, places.stops

    def level_step(where: Frames) -> Row:
        return edges.level_steps(version.energy, where, rate) - edges.level_steps(clean.energy, where, rate)

    def periodic(signal: Prepared) -> Row:
        return inside.likenesses(signal.voice, *places.at(signal.voice_rate), signal.voice_rate)

    voices = (version.voice, clean.voice, *places.at(version.voice_rate), version.voice_rate)
    return {
        "level_step_entry": level_step(starts),
        "level_step_exit": level_step(stops),
        "energy_error": inside.energy_error(version.energy, clean.energy, starts, stops),
        "lsd": inside.log_spectral_distance(row, clean.row, starts, stops, rate),
        "buzz": periodic(version) - periodic(clean),
        "muted_early": inside.muted_early(row, clean.row, starts, stops, rate),
        "recovery_lag": inside.recovery_lag(*voices),
    }
