"""What happens inside a gap: energy, spectrum, decay, muting, buzz, pitch and lag."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.edges import POWER_FLOOR
from gaplisten.loss.measures.periodicity import WINDOW_MS, self_likeness, smallest_pitch_change
from gaplisten.loss.measures.windows import (
    Frames,
    Row,
    Rows,
    decibel,
    fast_length,
    mean_power,
    stretches,
)

FRAME_MS, HOP_MS = 20.0, 5.0
LEVEL_FRAME_MS = 5.0
BUZZ_FROM_MS, DECAY_FROM_MS = 40.0, 20.0
MUTED_DB, ACTIVE_DB = -60.0, -50.0
LAG_MS, LAG_WINDOW_MS, LAG_ALIKE = 5.0, 10.0, 0.5
_TONE_FLOOR = 1e-4


def energy_error(version: Row, reference: Row, starts: Frames, stops: Frames) -> Row:
    """Return the level in each gap less the reference's, dB (floor -70 dBFS); both as running energies."""
    made = mean_power(version, starts, stops) + POWER_FLOOR
    return decibel(made / (mean_power(reference, starts, stops) + POWER_FLOOR))


def gap_snr(difference: Row, reference: Row, starts: Frames, stops: Frames) -> Row:
    """Return the signal-to-noise ratio over the lost samples, dB, within ±100; NaN if silent.

    Parameters
    ----------
    difference, reference
        Running energies of version less reference, and of the reference.
    """
    wanted = mean_power(reference, starts, stops)
    noise = mean_power(difference, starts, stops)
    ratio = decibel(np.maximum(wanted, 1e-20) / np.maximum(noise, 1e-20))
    return np.where(wanted > 0, np.clip(ratio, -100.0, 100.0), np.nan)


def log_spectral_distance(version: Row, reference: Row, starts: Frames, stops: Frames, rate: int) -> Row:
    """Return the mean over frames centred in the gap of the rms over frequency of the level difference, dB.

    Frames of 20 ms (Hann) every 5 ms; levels are floored at that of a tone of -80 dBFS.
    """
    size, hop = round(FRAME_MS * rate / 1000), max(1, round(HOP_MS * rate / 1000))
    counts = np.maximum(1, (stops - starts) // hop)
    gap = np.repeat(np.arange(starts.size), counts)
    number = np.arange(gap.size) - np.repeat(np.cumsum(counts) - counts, counts)
    centres = starts[gap] + number * hop + np.minimum(hop, stops[gap] - starts[gap]) // 2
    difference = _levels(version, centres, size) - _levels(reference, centres, size)
    distance = np.sqrt(np.mean(difference**2, axis=1))
    return np.asarray(np.bincount(gap, distance, starts.size) / counts)


def _levels(signal: Row, centres: Frames, size: int) -> Rows:
    window = np.hanning(size + 2)[1:-1]
    spectrum = np.abs(np.fft.rfft(stretches(signal, centres - size // 2, size) * window)) ** 2
    floor = (_TONE_FLOOR * window.sum() / 2) ** 2
    return decibel(np.maximum(spectrum, floor))


def frame_levels(signal: Row, start: int, stop: int, rate: int) -> Row:
    """Return the levels of the whole 5 ms frames of a stretch, dBFS, floored at -70."""
    size = max(1, round(LEVEL_FRAME_MS * rate / 1000))
    part = signal[start:stop]
    whole = part[: part.size // size * size].reshape(-1, size)
    return decibel(np.mean(whole**2, axis=1) + POWER_FLOOR)


def decay(signal: Row, starts: Frames, stops: Frames, rate: int) -> Row:
    """Return the slope of a straight line through the levels of each gap, dB/ms, up to where it is muted."""
    return np.array([_slope(frame_levels(signal, a, b, rate)) for a, b in _pairs(starts, stops)], np.float64)


def _slope(levels: Row) -> float:
    if levels.size * LEVEL_FRAME_MS < DECAY_FROM_MS or levels[0] <= MUTED_DB:
        return float("nan")
    muted = np.flatnonzero(levels <= MUTED_DB)
    # One muted frame stays in: it says that the fade was complete by then.
    kept = levels[: int(muted[0]) + 1] if muted.size else levels
    time = LEVEL_FRAME_MS * (np.arange(kept.size) - (kept.size - 1) / 2)
    return float(time @ kept / (time @ time)) if kept.size > 1 else float("nan")


def muted_early(version: Row, reference: Row, starts: Frames, stops: Frames, rate: int) -> Row:
    """Return for how many ms of each gap the version is below -60 dBFS and the reference above -50 dBFS."""
    spans = []
    for start, stop in _pairs(starts, stops):
        quiet = frame_levels(version, start, stop, rate) <= MUTED_DB
        active = frame_levels(reference, start, stop, rate) > ACTIVE_DB
        both = min(quiet.size, active.size)
        spans.append(LEVEL_FRAME_MS * np.count_nonzero(quiet[:both] & active[:both]))
    return np.array(spans, np.float64)


def likenesses(signal: Row, starts: Frames, stops: Frames, rate: int) -> Row:
    """Return the largest normalised autocorrelation within each gap of 40 ms and more, else NaN."""
    shortest = BUZZ_FROM_MS * rate / 1000
    return np.array(
        [
            self_likeness(signal[start:stop], rate) if stop - start >= shortest else np.nan
            for start, stop in _pairs(starts, stops)
        ],
        np.float64,
    )


def pitch_jump(signal: Row, starts: Frames, stops: Frames, rate: int) -> Row:
    """Return the larger pitch change over the two edges of each gap, cents; NaN where it is unvoiced."""
    size = round(WINDOW_MS * rate / 1000)
    entry = smallest_pitch_change(signal, starts - size, starts, rate)
    leave = smallest_pitch_change(signal, stops - size, stops, rate)
    return np.where(stops - starts >= size, np.fmax(entry, leave), np.nan)


def recovery_lag(version: Row, reference: Row, starts: Frames, stops: Frames, rate: int) -> Row:
    """Return by how many ms the last 10 ms of each gap come late against the reference (negative: early).

    Searched within 5 ms; NaN where the best normalised correlation stays below 0.5, or the gap is shorter.
    """
    size, reach = round(LAG_WINDOW_MS * rate / 1000), round(LAG_MS * rate / 1000)
    made = stretches(version, stops - size, size)
    around = stretches(reference, stops - size - reach, size + 2 * reach)
    total = fast_length(size + 2 * reach)  # no lag asked for reaches round the end
    product = np.fft.rfft(around, total) * np.conj(np.fft.rfft(made, total))
    cross = np.fft.irfft(product, total)[:, : 2 * reach + 1]
    power = np.concatenate([np.zeros((len(around), 1)), np.cumsum(around**2, axis=1)], axis=1)
    energy = power[:, size : size + 2 * reach + 1] - power[:, : 2 * reach + 1]
    own = np.sum(made**2, axis=1, keepdims=True)
    alike = cross / np.sqrt(np.maximum(energy * own, 1e-12))
    best = alike.argmax(axis=1)
    known = (
        (alike.max(axis=1, initial=-1.0) >= LAG_ALIKE) & (stops - starts >= size) & (stops < reference.size)
    )
    return np.where(known, 1000.0 * (reach - best) / rate, np.nan)


def _pairs(starts: Frames, stops: Frames) -> list[tuple[int, int]]:
    return list(zip(starts.tolist(), stops.tolist(), strict=True))
