"""Measuring all gaps of all versions of a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job
from gaplisten.loss.measures import edges, inside
from gaplisten.loss.measures.catalogue import MEASURES
from gaplisten.loss.measures.gap_table import GapFacts, GapTable, Values
from gaplisten.loss.measures.periodicity import VOICED, WINDOW_MS, periodicity
from gaplisten.loss.measures.windows import Frames, Row, decibel, mean_power, running_energy
from gaplisten.loss.strata import stratum_of
from gaplisten.loss.trace import Flags, Gap, LossTrace

VOICE_RATE = 16_000
_BLOCK = 512  # gaps measured at once, so that memory does not grow with the clip
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
    clean = _prepared(reference, frames) if reference else None
    rows = {name: _prepared(signal, frames) for name, signal in versions.items()}
    facts = _facts(gaps, clean or next(iter(rows.values()), None), trace, clean is not None)
    parts = [_Places.of(gaps[at : at + _BLOCK], trace.rate) for at in range(0, max(1, len(gaps)), _BLOCK)]
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


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A signal in the forms that measures need.

    Parameters
    ----------
    voice, voice_rate
        The same signal at 16 kHz or less: pitch lies far below.
    """

    row: Row
    rate: int
    voice: Row
    voice_rate: int

    @cached_property
    def energy(self) -> Row:
        return running_energy(self.row)


@dataclass(frozen=True, eq=False)
class _Places:
    """Where the gaps begin and end."""

    starts: Frames
    stops: Frames
    rate: int

    @classmethod
    def of(cls, gaps: Sequence[Gap], rate: int) -> _Places:
        starts, stops = [gap.start for gap in gaps], [gap.stop for gap in gaps]
        return cls(np.array(starts, np.int64), np.array(stops, np.int64), rate)

    def at(self, rate: int) -> tuple[Frames, Frames]:
        return self.starts * rate // self.rate, self.stops * rate // self.rate


def _prepared(signal: Signal, frames: int) -> _Prepared:
    row = np.zeros(frames)
    mono = signal.mono[:frames]
    row[: mono.size] = mono
    if signal.rate <= VOICE_RATE or not frames:
        return _Prepared(row, signal.rate, row, signal.rate)
    voice = resample(Signal.of(row, signal.rate), VOICE_RATE).mono.astype(np.float64)
    return _Prepared(row, signal.rate, voice, VOICE_RATE)


def _measured(version: _Prepared, clean: _Prepared | None, difference: Row | None, places: _Places) -> Values:
    found = _alone(version, places)
    if clean is not None and difference is not None:
        found |= _compared(version, clean, places)
        found["gap_snr"] = inside.gap_snr(difference, clean.energy, places.starts, places.stops)
    missing = np.full(places.starts.size, np.nan)
    return np.stack([found.get(measure.key, missing) for measure in MEASURES], axis=1)


def _alone(version: _Prepared, places: _Places) -> dict[str, Row]:
    row, rate, starts, stops = version.row, version.rate, places.starts, places.stops
    return {
        "click_entry": edges.clicks(row, starts, rate),
        "click_exit": edges.clicks(row, stops, rate),
        "step_entry": edges.steps(row, starts, rate),
        "step_exit": edges.steps(row, stops, rate),
        "decay": inside.decay(row, starts, stops, rate),
        "pitch_jump": inside.pitch_jump(version.voice, *places.at(version.voice_rate), version.voice_rate),
    }


def _compared(version: _Prepared, clean: _Prepared, places: _Places) -> dict[str, Row]:
    row, rate, starts, stops = version.row, version.rate, places.starts, places.stops

    def level_step(where: Frames) -> Row:
        return edges.level_steps(version.energy, where, rate) - edges.level_steps(clean.energy, where, rate)

    def periodic(signal: _Prepared) -> Row:
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


def _facts(
    gaps: Sequence[Gap], base: _Prepared | None, trace: LossTrace, known: bool
) -> tuple[GapFacts, ...]:
    places = _Places.of(gaps, trace.rate)
    active: Sequence[bool | None] = [None] * len(gaps)
    voiced: Sequence[bool | None] = [None] * len(gaps)
    if base is not None and gaps:
        sounding, periodic = _speech(base, places, known)
        active, voiced = sounding.tolist(), (periodic & sounding).tolist()
    rows = zip(enumerate(gaps, 1), active, voiced, strict=True)
    return tuple(_fact(index, gap, trace, *flags) for (index, gap), *flags in rows)


def _fact(index: int, gap: Gap, trace: LossTrace, active: bool | None, voiced: bool | None) -> GapFacts:
    length_ms = 1000.0 * gap.frames / trace.rate
    stratum = stratum_of(gap.packets * trace.packet_ms)
    return GapFacts(index, gap, gap.start / trace.rate, length_ms, active, voiced, stratum)


def _speech(base: _Prepared, places: _Places, known: bool) -> tuple[Flags, Flags]:
    """Tell where speech is active and voiced: in the gap by the reference, else in the 30 ms before it."""
    window = round(WINDOW_MS * base.rate / 1000)
    starts, stops = places.starts, places.stops
    first, last = (starts, stops) if known else (starts - window, starts)
    level = decibel(mean_power(base.energy, first, last) + 1e-12)
    limit = max(_loud_level(base.row, base.rate) - ACTIVE_BELOW_PEAK_DB, ACTIVE_FROM_DB)
    middle = (first + last - window) // 2 * base.voice_rate // base.rate
    likeness = periodicity(base.voice, middle, base.voice_rate)
    return np.asarray(level > limit), np.asarray(likeness >= VOICED)


def _loud_level(base: Row, rate: int) -> float:
    """Return the level that 5 % of the 20 ms frames exceed, dBFS."""
    size = round(0.02 * rate)
    whole = base[: base.size // size * size].reshape(-1, size)
    return float(np.percentile(decibel(np.mean(whole**2, axis=1) + 1e-12), 95)) if len(whole) else -120.0
