"""How late the end of a gap comes against the reference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.kinds.drift import filled_lags
from gaplisten.loss.measures.windows import Row, Rows, fast_length, stretches

REACH_MS, WINDOW_MS, ALIKE = 5.0, 10.0, 0.7
AS_GOOD = 0.2  # below the best: what a voice's next period may be less alike


def of(case: Case) -> Row:
    """Return by how many ms the last 10 ms of each gap come late against the reference (negative: early).

    As late as received sound comes behind the gap is not late. Searched within 5 ms, among lags where the two
    are alike (0.7 and more): of those that are about as good as the best, the smallest is meant, for a voice
    is alike a period later, too. NaN where none is, or the gap is shorter.
    """
    rate = case.version.voice_rate
    starts, stops = case.places.at(rate)
    size, reach = round(WINDOW_MS * rate / 1000), round(REACH_MS * rate / 1000)
    made = stretches(case.version.voice, stops - size, size)
    late = np.round(filled_lags(case)).astype(np.int64)
    total = fast_length(size + 2 * reach)  # no lag asked for reaches round the end

    def natural() -> tuple[npt.NDArray[np.complex128], Rows]:
        """Return the spectrum of what is around each end in the reference, and its energy at each lag."""
        around = stretches(case.reference.voice, stops - late - size - reach, size + 2 * reach)
        power = np.concatenate([np.zeros((len(around), 1)), np.cumsum(around**2, axis=1)], axis=1)
        return np.fft.rfft(around, total), power[:, size : size + 2 * reach + 1] - power[:, : 2 * reach + 1]

    spectrum, energy = case.of_lateness("ends", late, natural)
    cross = np.fft.irfft(spectrum * np.conj(np.fft.rfft(made, total)), total)[:, : 2 * reach + 1]
    own = np.sum(made**2, axis=1, keepdims=True)
    alike = cross / np.sqrt(np.maximum(energy * own, 1e-12))
    known = (
        (alike.max(axis=1, initial=-1.0) >= ALIKE)
        & (stops - starts >= size)
        & (stops < case.reference.voice.size)
    )
    return np.where(known, 1000.0 * _nearest(alike, reach) / rate, np.nan)


def _nearest(alike: Row, reach: int) -> Row:
    """Return the smallest lag among peaks that are about as good as the best, in frames; late is positive."""
    padded = np.pad(alike, ((0, 0), (1, 1)), constant_values=-2.0)
    peaks = (alike >= padded[:, :-2]) & (alike >= padded[:, 2:])
    best = alike.max(axis=1, initial=-1.0, keepdims=True)
    fits = peaks & (alike >= np.maximum(best - AS_GOOD, ALIKE))
    distance = np.where(fits, np.abs(np.arange(2 * reach + 1) - reach), 10 * reach)
    return np.asarray(reach - distance.argmin(axis=1), np.float64)


MEASURES = (
    Measure(
        "recovery_lag", "Recovery lag", "ms", Direction.BOTH, 1.5, True, PROPOSED,
        "shift of the gap's last 10 ms against the reference, whole periods of a voice apart; "
        "where the two are alike",
        "Recovery lag", of, 40, window_ms=10.0,
    ),
)  # fmt: skip
