"""What audits read off sound: where one moves before another, lags, gaps too good to be true, channels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples, Signal
from gaplisten.concealers.audit_material import Material

TOLERANCE = 1e-6
HALF_STEP = 0.5 / 32768

_LAG_MS, _WINDOW_SECONDS, _HOP_SECONDS = 60.0, 1.0, 0.5
_RESEMBLES = 0.5
_SAME, _CLEAR, _CLEARER = 0.95, 0.7, 1.3
_SETTLING_MS = 15.0
_BANDS_HZ = ((100.0, 500.0), (500.0, 1500.0), (1500.0, 4000.0))
_SPREAD_MS = 2.5
_BEYOND_SPREAD = 3.0
_LONG_GAP_MS, _PREDICTABLE_MS, _ACTIVE_DB = 60.0, 20.0, 25.0
_CLEARLY_DB = 6.0

Numbers = npt.NDArray[np.float64]


# --- what moves before it can ------------------------------------------------------------------------------


class Undisturbed:
    """Outputs of undisturbed runs, against which one is judged to have moved.

    Where all are equal, any difference above `TOLERANCE` counts, to the frame. Where they vary, differences
    are looked at in windows of 2.5 ms: there one has moved that is farther from its nearest undisturbed run
    than three times what any of those is from its own nearest.
    """

    def __init__(self, outputs: Sequence[Samples], rate: int) -> None:
        self._outputs = outputs
        self.steady = all(_largest(output, outputs[0]) <= TOLERANCE for output in outputs[1:])
        self._size = max(round(rate * _SPREAD_MS / 1000), 1)
        if not self.steady:
            own = [
                self._nearest(output, [*outputs[:n], *outputs[n + 1 :]]) for n, output in enumerate(outputs)
            ]
            most = np.max(own, axis=0)
            self._bound = (
                _BEYOND_SPREAD * np.max([most, np.roll(most, 1), np.roll(most, -1)], axis=0) + TOLERANCE
            )

    def first_moved(self, output: Samples, before: int) -> int:
        """Return the first frame that has moved before this one; `before` when none has."""
        if self.steady:
            moved = np.flatnonzero(
                (np.abs(output[:before] - self._outputs[0][:before]) > TOLERANCE).any(axis=1)
            )
            return int(moved[0]) if moved.size else before
        windows = before // self._size  # whole ones
        moved = np.flatnonzero(self._nearest(output, self._outputs)[:windows] > self._bound[:windows])
        return int(moved[0]) * self._size if moved.size else before

    def _nearest(self, output: Samples, others: Sequence[Samples]) -> Numbers:
        return np.asarray(np.min([self._windowed(output, other) for other in others], axis=0), np.float64)

    def _windowed(self, one: Samples, other: Samples) -> Numbers:
        shorter = min(len(one), len(other))
        difference = np.abs(one[:shorter] - other[:shorter]).max(axis=1)
        padded = np.pad(difference, (0, -len(difference) % self._size))
        return np.asarray(padded.reshape(-1, self._size).max(axis=1), np.float64)


def _largest(one: Samples, other: Samples) -> float:
    return float(np.abs(one - other).max(initial=0))


# --- lags ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lag:
    """How late an output is, in frames, in a second of sound about `at` seconds.

    `match` is the correlation there, `at_expected` that at the lag that was expected.
    """

    at: float
    frames: int
    match: float = 1.0
    at_expected: float = 0.0

    @property
    def certain(self) -> bool:
        """Whether no other lag would do nearly as well: of voiced speech a period more often does."""
        return self.match > _SAME or (
            self.match > _CLEAR and self.match > _CLEARER * max(self.at_expected, 0.0)
        )


def best_lag(output: Samples, wanted: Samples, most: int) -> tuple[int, float]:
    """Return by how many frames the output is late (at most `most`), and the correlation there."""
    best, match, _ = _best_lag(output, wanted, most, 0)
    return best, match


def _best_lag(output: Samples, wanted: Samples, most: int, expected: int) -> tuple[int, float, float]:
    size = 1 << (output.size + wanted.size - 1).bit_length()
    product = np.fft.rfft(output, size) * np.conj(np.fft.rfft(wanted, size))
    correlation = np.fft.irfft(product, size)
    lags = np.arange(-most, most + 1)
    best = int(lags[np.argmax(correlation[lags])])
    power = float(np.sqrt(np.vdot(output, output) * np.vdot(wanted, wanted)))
    if not power:
        return best, 0.0, 0.0
    return best, float(correlation[best]) / power, float(correlation[expected]) / power


def lags(
    output: Samples, clean: Signal, lost: npt.NDArray[np.bool_], expected: Sequence[Lag] = ()
) -> list[Lag]:
    """Return the lag of each second that resembles the input, twice a second, where it was received.

    Parameters
    ----------
    output, clean
        One channel, ``(frames,)`` and ``(frames, 1)``.
    lost
        One flag per frame; what follows a loss by 15 ms does not count either.
    expected
        Lags of other runs, second by second.
    """
    known = {lag.at: lag.frames for lag in expected}
    rate = clean.rate
    settling = round(rate * _SETTLING_MS / 1000)
    touched = np.convolve(lost, np.ones(settling + 1))[: lost.size] > 0
    received = np.where(touched, np.float32(0), clean.samples[:, 0])
    heard = np.where(touched, np.float32(0), output)
    size, hop = round(_WINDOW_SECONDS * rate), max(round(_HOP_SECONDS * rate), 1)
    found = []
    for start in range(0, max(len(received) - size, 0) + 1, hop):
        piece = slice(start, start + size)
        at, most = (start + size / 2) / rate, round(rate * _LAG_MS / 1000)
        lag, match, there = _best_lag(heard[piece], received[piece], most, known.get(at, 0))
        if match > _RESEMBLES:
            found.append(Lag(at, lag, match, there))
    return found


def spread_of_lags(found: Sequence[Lag], output: Samples, clean: Signal) -> float:
    """Return by how many frames lags can differ though the clock is right.

    Filters and codecs shift the phase of some bands against others; a delay shifts all.
    """
    frames = np.array([lag.frames for lag in found], float)
    scatter = 1.4826 * float(np.median(np.abs(frames - np.median(frames)))) if frames.size else 0.0
    bands = []
    for low, high in _BANDS_HZ:
        lag, match = best_lag(
            _band(output, clean.rate, low, high),
            _band(clean.samples[:, 0], clean.rate, low, high),
            round(clean.rate * _LAG_MS / 1000),
        )
        if match > _RESEMBLES:
            bands.append(lag)
    return 3.0 * scatter + (max(bands) - min(bands) if bands else 0.0)


def _band(samples: Samples, rate: int, low: float, high: float) -> Samples:
    spectrum = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    spectrum[(frequencies < low) | (frequencies > high)] = 0
    return np.asarray(np.fft.irfft(spectrum, len(samples)), np.float32)


def drift(with_loss: Sequence[Lag], without: Sequence[Lag], seconds: float) -> tuple[float, float, float]:
    """Return how much later an output is with losses than without: early, late, and at worst, in frames.

    Early and late are the first and last third (medians); at worst is what two windows have alike.
    """
    plain = {lag.at: lag.frames for lag in without}
    both = [(lag.at, lag.frames - plain[lag.at]) for lag in with_loss if lag.at in plain and lag.certain]
    early = [later for at, later in both if at < seconds / 3]
    late = [later for at, later in both if at > 2 * seconds / 3]
    shared = [
        later
        for n, (_, later) in enumerate(both)
        if any(abs(later - other) <= 1 for _, other in both[n + 1 :])
    ]
    worst = max(shared, key=abs, default=0)
    return (
        float(np.median(early)) if early else 0.0,
        float(np.median(late)) if late else 0.0,
        float(worst),
    )


# --- gaps too good to be true -------------------------------------------------------------------------------


def inside_gaps(output: Samples, material: Material, ahead: int) -> list[float]:
    """Return how well each long active gap's inside is met, in dB, whatever its level.

    Of gaps of 60 ms and more, from 20 ms after their start to `ahead` frames and 20 ms more before their end:
    what lies nearer can be guessed from what was received. The ratio is of what is explained of the lost
    speech by the output there (best gain) to what is not.
    """
    rate = material.clean.rate
    edge, shortest = round(rate * _PREDICTABLE_MS / 1000), round(rate * _LONG_GAP_MS / 1000)
    insides = []
    for start, stop in material.trace.spans.tolist():
        inside = slice(start + edge, stop - ahead - (edge if ahead else 0))
        if stop - start >= shortest and inside.stop - inside.start >= edge:
            insides.append(inside)
    return [_met(wanted, output[inside]) for inside, wanted in _active(material, insides)]


def _active(material: Material, parts: Iterable[slice]) -> Iterator[tuple[slice, Numbers]]:
    """Give those parts in which somebody speaks, and the clean speech there."""
    clean = material.clean.samples.astype(np.float64)
    loud = float(np.mean(np.square(clean))) * 10 ** (-_ACTIVE_DB / 10)
    for part in parts:
        wanted = clean[part].ravel()
        if float(wanted @ wanted) / max(wanted.size, 1) > loud:
            yield part, wanted


def _met(wanted: Numbers, output: Samples) -> float:
    got = output.astype(np.float64).ravel()
    explained = float(wanted @ got) ** 2 / max(float(got @ got) * float(wanted @ wanted), 1e-30)
    return -10 * float(np.log10(max(1 - explained, 1e-10)))


def better_met(output: Samples, other: Samples, material: Material) -> tuple[int, int]:
    """Return in how many more gaps the output meets the lost speech clearly better, and how many there are.

    Gaps in which it is met clearly worse are taken off: where chance alone decides, nothing is left.
    """
    gaps = (slice(start, stop) for start, stop in material.trace.spans.tolist())
    more = [_met(wanted, output[gap]) - _met(wanted, other[gap]) for gap, wanted in _active(material, gaps)]
    differences = np.array(more)
    return int((differences > _CLEARLY_DB).sum()) - int((differences < -_CLEARLY_DB).sum()), len(more)


# --- channels -----------------------------------------------------------------------------------------------


def crossed(output: Samples, clean: Samples, lost: npt.NDArray[np.bool_], rate: int) -> tuple[float, int]:
    """Return the largest share of another channel in one, in dB, and how many seconds are another channel's.

    Parameters
    ----------
    output, clean
        Shape ``(frames, channels)``, the channels of `clean` unlike each other.
    """
    received, size = ~lost, rate
    most, seconds = -np.inf, 0
    for start in range(0, len(clean) - size + 1, size):
        piece = slice(start, start + size)
        wanted, got = clean[piece][received[piece]], output[piece][received[piece]]
        powers = np.square(wanted).sum(axis=0)
        if len(wanted) < size // 4 or (powers < 1e-3 * powers.max(initial=1e-9)).any():
            continue
        mixing, *_ = np.linalg.lstsq(wanted.astype(np.float64), got.astype(np.float64), rcond=None)
        own = np.abs(np.diag(mixing))
        others = np.abs(mixing - np.diag(np.diag(mixing))).max(axis=0)
        most = max(most, float(20 * np.log10(max(float((others / np.maximum(own, 1e-9)).max()), 1e-9))))
        seconds += bool((others > own).any() and others.max() > 0.1)
    return most, seconds
