"""Measuring all gaps of all versions of a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job
from gaplisten.loss.measures import edges, inside
from gaplisten.loss.measures.catalogue import MEASURES
from gaplisten.loss.measures.gap_table import GapFacts, GapTable, Values
from gaplisten.loss.measures.periodicity import VOICED, WINDOW_MS, periodicity
from gaplisten.loss.measures.windows import Frames, Row, decibel, mean_power
from gaplisten.loss.strata import stratum_of
from gaplisten.loss.trace import Gap, LossTrace

ACTIVE_BELOW_PEAK_DB = 30.0
ACTIVE_FROM_DB = -60.0


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
    clean = _row(reference, frames) if reference else None
    rows = {name: _row(signal, frames) for name, signal in versions.items()}
    base = clean if clean is not None else next(iter(rows.values()), None)
    facts = _facts(gaps, base, trace, clean is not None)
    values = {}
    shared = _reference_likeness(clean, gaps, trace.rate)
    for index, (name, row) in enumerate(rows.items()):
        job.check(index / len(rows), f"measuring {name}")
        values[name] = _measured(row, clean, shared, gaps, trace.rate)
    job.check(1.0)
    return GapTable(facts, tuple(versions), values)


def _row(signal: Signal, frames: int) -> Row:
    row = np.zeros(frames)
    mono = signal.mono[:frames]
    row[: mono.size] = mono
    return row


def _places(gaps: Sequence[Gap]) -> tuple[Frames, Frames]:
    return np.array([gap.start for gap in gaps], np.int64), np.array([gap.stop for gap in gaps], np.int64)


def _reference_likeness(clean: Row | None, gaps: Sequence[Gap], rate: int) -> Row | None:
    return None if clean is None else inside.likenesses(clean, *_places(gaps), rate)


def _measured(row: Row, clean: Row | None, shared: Row | None, gaps: Sequence[Gap], rate: int) -> Values:
    starts, stops = _places(gaps)
    found = {
        "click_entry": edges.clicks(row, starts, rate),
        "click_exit": edges.clicks(row, stops, rate),
        "step_entry": edges.steps(row, starts, rate),
        "step_exit": edges.steps(row, stops, rate),
        "decay": inside.decay(row, starts, stops, rate),
        "pitch_jump": inside.pitch_jump(row, starts, stops, rate),
    }
    if clean is not None and shared is not None:
        found |= {
            "level_step_entry": edges.level_steps(row, starts, rate) - edges.level_steps(clean, starts, rate),
            "level_step_exit": edges.level_steps(row, stops, rate) - edges.level_steps(clean, stops, rate),
            "energy_error": inside.energy_error(row, clean, starts, stops),
            "lsd": inside.log_spectral_distance(row, clean, starts, stops, rate),
            "buzz": inside.likenesses(row, starts, stops, rate) - shared,
            "muted_early": inside.muted_early(row, clean, starts, stops, rate),
            "recovery_lag": inside.recovery_lag(row, clean, starts, stops, rate),
            "gap_snr": inside.gap_snr(row, clean, starts, stops),
        }
    missing = np.full(len(gaps), np.nan)
    return np.stack([found.get(measure.key, missing) for measure in MEASURES], axis=1)


def _facts(gaps: Sequence[Gap], base: Row | None, trace: LossTrace, known: bool) -> tuple[GapFacts, ...]:
    starts, stops = _places(gaps)
    active: Sequence[bool | None] = [None] * len(gaps)
    voiced: Sequence[bool | None] = [None] * len(gaps)
    if base is not None and gaps:
        sounding, periodic = _speech(base, starts, stops, trace.rate, known)
        active, voiced = sounding.tolist(), (periodic & sounding).tolist()
    rows = zip(enumerate(gaps, 1), active, voiced, strict=True)
    return tuple(_fact(index, gap, trace, *flags) for (index, gap), *flags in rows)


def _fact(index: int, gap: Gap, trace: LossTrace, active: bool | None, voiced: bool | None) -> GapFacts:
    length_ms = 1000.0 * gap.frames / trace.rate
    stratum = stratum_of(gap.packets * trace.packet_ms)
    return GapFacts(index, gap, gap.start / trace.rate, length_ms, active, voiced, stratum)


def _speech(
    base: Row, starts: Frames, stops: Frames, rate: int, known: bool
) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Tell where speech is active and voiced: in the gap by the reference, else in the 30 ms before it."""
    window = round(WINDOW_MS * rate / 1000)
    first, last = (starts, stops) if known else (starts - window, starts)
    level = decibel(mean_power(base, first, last) + 1e-12)
    limit = max(_loud_level(base, rate) - ACTIVE_BELOW_PEAK_DB, ACTIVE_FROM_DB)
    middle = (first + last - window) // 2
    return np.asarray(level > limit), np.asarray(periodicity(base, middle, rate) >= VOICED)


def _loud_level(base: Row, rate: int) -> float:
    """Return the level that 5 % of the 20 ms frames exceed, dBFS."""
    size = round(0.02 * rate)
    whole = base[: base.size // size * size].reshape(-1, size)
    return float(np.percentile(decibel(np.mean(whole**2, axis=1) + 1e-12), 95)) if len(whole) else -120.0
