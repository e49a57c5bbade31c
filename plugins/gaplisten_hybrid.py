"""Gaplisten's own concealer: two kinds of extrapolation, and a two-sided join. Delay 10 ms.

Received samples are never altered. A loss is filled in three ways, each where it is good:

1. **The beginning** goes on as voiced speech does: linear prediction (order 1 per kHz, last 30 ms), the last
   pitch period of its residual repeated as excitation of the all-pole filter, whose state is the past, so
   nothing jumps. The pitch is the best normalised correlation of the last 10 ms with lags of 2.5 to 15 ms.
2. **Longer losses** would buzz. From 10 to 20 ms a cross-fade leads into an autoregressive extrapolation of
   long order (20 ms, fitted to the last 100 ms by the autocorrelation method with a window that rises towards
   the present). That window makes it die away too soon, which a gain of 2 dB per 10 ms undoes. Full level
   for `hold` (40 ms), then linearly down to silence at `mute_after` (400 ms).
   Prediction goes on with what is periodic; noise dies away in it, first of all at high frequencies, and the
   exit clicks because speech is less smooth than what comes before it. So noise is added through the short
   predictor, as strong as the median of its residual (a voice's pulses do not count) and without the low
   frequencies, where a voice is periodic.
3. **The end**: since the output is 10 ms late, the last 10 ms of a loss need not be settled before speech
   returns. They become the samples that leave a long predictor the least error, given what is before and
   behind them: Janssen's interpolation. The predictor is fitted to 35 ms before, a guess for the 10 ms, and
   one packet behind; its order is the pitch lag plus 2.5 ms, between 7 and 13 ms. Where speech would come
   back with a click, their error is not the least but that of such noise, passing from its strength before to
   that behind: the samples are drawn, as in Gibbs sampling, rather than smoothed. The speech that returns is
   met in phase, with no blend. Where speech has set in during the loss, and comes back much louder than what
   is before, there is no pitch to go on with: then the predictor is short, or its error would gather at the
   very edge. In a pause a fade into its mirror image is enough.

In background noise, which the quietest packet of the last 1.5 s tells from pauses in clean speech, the added
noise has low frequencies too, and the fade ends in it and not in silence.

It sees nothing else of the future: the look-ahead is the delay. How its numbers were chosen: docs/plugins.md.

Source: own design. Parts: linear prediction with pitch excitation as in ITU-T G.722 Appendix IV (2006);
autoregressive extrapolation (Kauppinen and Roth 2002); interpolation (Janssen, Veldhuis and Vries 1986), its
samples drawn (O Ruanaidh and Fitzgerald 1994).
"""

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

import numpy as np

ONE = np.ones(1)
DELAY = 10.0  # all times in ms
PITCH_SHORTEST, PITCH_LONGEST, PITCH_WINDOW = 2.5, 15.0, 10.0
RESIDUAL_WINDOW = 30.0
LONG_ORDER, LONG_WINDOW, LONG_EDGE = 20.0, 100.0, 2.0
LONG_FROM, LONG_FULLY = 10.0, 20.0
LONG_GAIN = 2.0  # dB per 10 ms
JOIN_SHORTEST, JOIN_LONGEST, JOIN_MARGIN, JOIN_WINDOW = 7.0, 13.0, 2.5, 35.0
PAUSE = 10 ** (-50 / 20)  # of full scale: where no sample is beyond it, nobody speaks
MEMORY = LONG_WINDOW + LONG_ORDER
JOIN_NOISE, BREATH = 1.2, 0.9  # times what the median of the residual says
CLICKS = (3.0, 6.0)  # times the usual error at the edge: from where the join gets noise, and all of it
CLICK_WINDOW, CLICK_NEAR = 20.0, 0.2
ONSET, ONSET_ORDER = 12.0, 2.0  # dB by which speech that returns is louder; ms of the join's predictor then
SETS_IN, SOONER = (0.3, 1.0), 0.9  # decades by which its residual is stronger; how much sooner noise follows
JOIN_GROWN = 40.0  # ms of loss from which on the join has all of it
JOIN_SPARED, BREATH_SPARED = 0.6, 0.4  # how much less in a voice: there noise is heard, and edges are not
CORNER, JOIN_LOW, VOICE_LOW, NOISE_LOW = 4000.0, 0.9, 0.95, 0.3  # Hz; how much of low frequencies is left out
BACKGROUND = 1500.0
NOISY_FROM, NOISY_FULLY = -24.0, -12.0  # dB: the quietest packet of that time below the speech that was lost
VOICE_FROM, VOICE_FULLY = 0.4, 0.8  # likeness to the period before: a voice is no background
DIRECTLY = 48  # lags up to which sums take less time than two transforms
FLOOR = 0.7  # of the background's amplitude: where the fade ends


class GaplistenHybrid:
    """Fill one channel's losses; never alter what was received.

    Parameters
    ----------
    rate, packet_frames, channels
        Clock in Hz, frames in one packet, channels (1: the host calls once per channel).
    hold, mute_after
        Time at full level and time to silence, both from the start of the loss, in ms.
    """

    name = "Gaplisten hybrid"
    help = "Pitch-excited prediction, long autoregression, two-sided join. Delay 10 ms."
    source = "own design; parts after G.722 Appendix IV, Kauppinen and Roth 2002, Janssen et al. 1986"
    channels = 1
    causal = True

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        hold: Annotated[float, {"ge": 0, "le": 1000, "unit": "ms", "help": "time at full level"}] = 40.0,
        mute_after: Annotated[float, {"ge": 1, "le": 5000, "unit": "ms", "help": "silent from then"}] = 400.0,
    ) -> None:
        warm_up()
        self._rate, self._size = rate, packet_frames
        self.delay = round(DELAY * rate / 1000)
        self._hold, self._mute = hold * rate / 1000, max(mute_after, hold) * rate / 1000
        self._room = round(MEMORY * rate / 1000)
        self._line = np.zeros(self.delay, np.float32)  # settled, but not out yet
        self._past: deque[np.ndarray] = deque(maxlen=-(-self._room // packet_frames) + 1)
        self._loss: _Loss | None = None
        self._age = 0
        self._noise = Noise(rate)
        self._powers: deque[float] = deque(maxlen=max(2, round(BACKGROUND * rate / 1000 / packet_frames)))

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet, `delay` frames late; `samples` is None when it is lost."""
        if samples is None:
            self._age += self._size
            self._settle(self._extrapolated(self._size - len(self._line)))
        else:
            if self._age:
                self._settle(self._joined(samples[:, 0]))
                self._loss, self._age = None, 0
            self._settle(samples[:, 0])
            self._powers.append(float(samples[:, 0] @ samples[:, 0]) / self._size)
        out, self._line = self._line[: self._size, None], self._line[self._size :]
        return out

    def flush(self) -> np.ndarray:
        """Return the last `delay` frames."""
        self._settle(self._extrapolated(self.delay - len(self._line)))
        return self._line[:, None]

    def _settle(self, frames: np.ndarray) -> None:
        if len(frames):
            self._past.append(frames)
            self._line = np.concatenate((self._line, frames))

    def _memory(self) -> np.ndarray:
        past = np.concatenate((np.zeros(self._room, np.float32), *self._past))
        return past[-self._room :].astype(np.float64)

    def _extrapolated(self, frames: int, short: bool = False) -> np.ndarray:
        """Return the next `frames` of the loss: only those due, for its end may be met from both sides."""
        if frames <= 0:
            return np.empty(0, np.float32)
        if self._loss is not None and self._loss.place >= self._mute and not self._loss.floor:
            return np.zeros(frames, np.float32)
        if self._loss is None:
            self._loss = _Loss(self._memory(), self._rate, self._noise, min(self._powers, default=0.0))
        start = self._loss.place
        out = self._loss.take(frames, short)
        if start + frames > self._hold:
            age = np.arange(start, start + frames)
            out *= np.clip((self._mute - age) / max(self._mute - self._hold, 1.0), self._loss.floor, 1)
        return out.astype(np.float32)

    def _joined(self, now: np.ndarray) -> np.ndarray:
        """Return the end of the loss, which is not out yet, from what is before and behind it."""
        frames = min(self.delay, self._age)
        guess = self._extrapolated(frames, short=True)
        memory = self._memory()[-round(JOIN_WINDOW * self._rate / 1000) :]
        around = np.concatenate((memory, guess, now))
        if largest(around) < PAUSE:
            return mirrored(guess, now)
        order = min(self._join_order(), len(around) // 3)
        if decibels(now, memory) > ONSET:
            order = min(order, round(ONSET_ORDER * self._rate / 1000))
        voice = self._loss.likeness if self._loss else 0.0
        grown = min(self._age / (JOIN_GROWN * self._rate / 1000), 1.0)
        strength = JOIN_NOISE * (1 - JOIN_SPARED * voice) * grown
        join = interpolated(around, len(memory), len(memory) + frames, order, self._noise, strength)
        return guess if join is None else join.astype(np.float32)

    def _join_order(self) -> int:
        """Return an order just above the pitch lag: a longer one would cost time and not be heard."""
        times = (JOIN_SHORTEST, JOIN_LONGEST, JOIN_MARGIN)
        shortest, longest, margin = (round(ms * self._rate / 1000) for ms in times)
        return longest if self._loss is None else max(shortest, min(longest, self._loss.lag + margin))


class _Loss:
    """The one-sided continuation of what was heard before one loss, at full level.

    Parameters
    ----------
    background
        Mean square of the background noise, as far as it is known.

    Attributes
    ----------
    floor
        Share of the level below which the loss must not fade.
    """

    def __init__(self, past: np.ndarray, rate: int, noise: "Noise", background: float) -> None:
        self._past, self._rate, self.place, self._noise = past, rate, 0, noise
        recent = past[-self._frames(RESIDUAL_WINDOW) :]
        self._ceiling = 1.2 * largest(recent)
        self._power = float(recent @ recent) / len(recent)
        self._from, self._fully = self._frames(LONG_FROM), self._frames(LONG_FULLY)
        self._start_voice()
        ratio = min(background / (self._power + 1e-12), 1.0)
        self._noisy = ramp(10 * np.log10(ratio + 1e-9), NOISY_FROM, NOISY_FULLY)
        self._noisy *= 1 - ramp(self.likeness, VOICE_FROM, VOICE_FULLY)
        self.floor = FLOOR * ratio**0.5 if self._noisy else 0.0
        self._long: np.ndarray | None = None

    def _frames(self, ms: float) -> int:
        return round(ms * self._rate / 1000)

    def take(self, frames: int, short: bool = False) -> np.ndarray:
        """Return the next `frames` frames; `short` spares a long model that has not been needed so far."""
        start, stop = self.place, self.place + frames
        self.place = stop
        if self._ceiling < 1e-6:
            return np.zeros(frames)
        if stop <= self._from or (short and self._long is None):
            return self._bounded(self._voice(start, frames))
        out = self._autoregression(start, frames)
        if start < self._fully:
            turn = (np.arange(start, stop) - self._from) / (self._fully - self._from)
            turn = np.clip(turn, 0, 1)
            out = turn * out + (1 - turn) * self._voice(start, frames)
        return self._bounded(out)

    def _bounded(self, out: np.ndarray) -> np.ndarray:
        return np.minimum(np.maximum(out, -self._ceiling), self._ceiling)

    def _start_voice(self) -> None:
        """Find the predictor, its state and one period of its residual."""
        order = max(8, round(self._rate / 1000))
        window = self._frames(RESIDUAL_WINDOW)
        recent = self._past[-window:]
        self._predictor = predictor(recent * rising(window) ** 2, order, 1e-5)
        residual = np.convolve(self._past[-window - order :], self._predictor, "valid")
        self._voice_state = state_after(self._predictor, self._past)
        self.lag = find_pitch(self._past, self._rate)
        self._cycle = residual[-self.lag :]
        self.likeness = voicing(residual, self.lag)
        self._strength = BREATH * (1 - BREATH_SPARED * self.likeness) * usual(residual)
        self._spoken = np.empty(0)

    def _voice(self, start: int, frames: int) -> np.ndarray:
        """Return a part of the voice; what its turn can need is made at once, for each call costs time."""
        stop, made = start + frames, len(self._spoken)
        if stop > made:
            places = np.arange(made, max(stop, self._fully)) % len(self._cycle)
            more, self._voice_state = filtered(ONE, self._predictor, self._cycle[places], self._voice_state)
            self._spoken = np.concatenate((self._spoken, more))
        return self._spoken[start:stop]

    def _autoregression(self, start: int, frames: int) -> np.ndarray:
        if self._long is None:
            self._start_autoregression()
            frames, skip = start + frames, start
        else:
            skip = 0
        out, self._long_state = filtered(ONE, self._long, np.zeros(frames), self._long_state)
        low = VOICE_LOW + self._noisy * (NOISE_LOW - VOICE_LOW)
        drive = self._strength * self._noise.without_lows(frames, low)
        breath, self._breath = filtered(ONE, self._predictor, drive, self._breath)
        # What is alike from period to period leaves so much room for noise, and no more.
        power, room = float(breath @ breath) / frames, max(1 - self.likeness, 0.0) * self._power
        if power > room:
            breath *= (room / power) ** 0.5
        since = np.arange(start, start + frames - skip) / self._frames(10)
        return out[skip:] * 10 ** (LONG_GAIN / 20 * np.minimum(since, 40)) + breath[skip:]

    def _start_autoregression(self) -> None:
        window, edge = self._frames(LONG_WINDOW), self._frames(LONG_EDGE)
        slope = rising(window).copy()
        slope[-edge:] *= rising(edge)[::-1]
        self._long = predictor(self._past[-window:] * slope, self._frames(LONG_ORDER), 1e-9)
        self._long_state = state_after(self._long, self._past)
        self._breath = np.zeros(len(self._predictor) - 1)


@lru_cache(maxsize=1)
def warm_up() -> None:
    """Do each step once: libraries load parts of themselves when first called; no packet shall wait."""
    noise = np.random.default_rng(0).standard_normal(2000)
    loss = _Loss(noise, 8000, Noise(8000), 0.1)
    loss.take(200)
    interpolated(noise[:400], 200, 280, 60, Noise(8000), 1.0)


class Noise:
    """Noise of power 1 that is the same in every run.

    Parameters
    ----------
    rate
        Clock in Hz.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._random = np.random.default_rng(1)
        turn = np.tan(np.pi * min(CORNER / rate, 0.25))
        self._pole = float((1 - turn) / (1 + turn))

    def without_lows(self, frames: int, low: float) -> np.ndarray:
        """Return so many frames of white noise less a share `low` (0 to 1) of what is below 4 kHz."""
        white = self._random.standard_normal(frames)
        power = (1 + low * low - 2 * low * self._pole) / (1 - self._pole**2)
        ahead = np.array([power**-0.5, -low * power**-0.5])
        return filtered(ahead, np.array([1.0, -self._pole]), white, np.zeros(1))[0]


def usual(residual: np.ndarray) -> float:
    """Return the standard deviation of noise with this median magnitude: few pulses do not count."""
    if not len(residual):
        return 0.0
    size = np.sort(np.abs(residual))  # quicker than numpy.median
    return 1.4826 * float((size[(len(size) - 1) // 2] + size[len(size) // 2]) / 2)


def largest(signal: np.ndarray) -> float:
    """Return the largest magnitude, with no copy made."""
    return max(float(signal.max()), -float(signal.min()))


@lru_cache(maxsize=64)
def fast_length(least: int) -> int:
    """Return the smallest length from `least` on for which the Fourier transform is fast."""
    from scipy.fft import next_fast_len

    return int(next_fast_len(least, real=True))


@lru_cache(maxsize=1)
def recursions() -> tuple[Callable[..., tuple[np.ndarray, object]] | None, Callable[..., object] | None]:
    """Return SciPy's Levinson recursion and recursive filter themselves, None where they are not found.

    Half of this concealer's time would be that of the checks around them: it calls them for some hundreds of
    samples at once. They have no public names; without them, the public functions give the same.
    """
    try:
        from scipy.linalg._solve_toeplitz import levinson
        from scipy.signal._sigtools import _linear_filter
    except ImportError:
        return None, None
    return levinson, _linear_filter


def solved(column: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the solution of the symmetric Toeplitz equations with that first column."""
    levinson, _ = recursions()
    if levinson is None:
        from scipy.linalg import solve_toeplitz

        return np.asarray(solve_toeplitz(column, right, check_finite=False))
    return levinson(np.concatenate((column[:0:-1], column)), np.ascontiguousarray(right))[0]


def filtered(
    ahead: np.ndarray, back: np.ndarray, signal: np.ndarray, state: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the output of a filter (numerator, denominator) and the state that it is left in."""
    _, linear_filter = recursions()
    if linear_filter is None:
        from scipy.signal import lfilter

        return lfilter(ahead, back, signal, zi=state)
    return linear_filter(ahead, back, signal, -1, state)


@lru_cache(maxsize=16)
def rising(frames: int) -> np.ndarray:
    """Return a quarter period of a sine, from 0 to 1."""
    return np.asarray(np.sin(np.pi / 2 * (np.arange(frames) + 0.5) / frames))


@lru_cache(maxsize=16)
def hann(frames: int) -> np.ndarray:
    """Return a Hann window."""
    return np.hanning(frames)


def decibels(one: np.ndarray, other: np.ndarray) -> float:
    """Return by how much the mean power of one signal is above another's."""
    powers = [float(signal @ signal) / len(signal) + 1e-9 for signal in (one, other)]
    return 10 * float(np.log10(powers[0] / powers[1]))


def ramp(value: float, low: float, high: float) -> float:
    """Return how far a value is from `low` to `high`, within 0 and 1."""
    return min(max((value - low) / (high - low), 0.0), 1.0)


def find_pitch(past: np.ndarray, rate: int) -> int:
    """Return the lag in frames with the largest normalised correlation."""
    shortest, longest, window = (
        round(ms * rate / 1000) for ms in (PITCH_SHORTEST, PITCH_LONGEST, PITCH_WINDOW)
    )
    recent = past[-window:]
    match = np.correlate(past[-window - longest : -shortest], recent, "valid")  # longest lag first
    squares = np.concatenate(([0.0], np.cumsum(past[-window - longest :] ** 2)))
    power = squares[window : window + len(match)] - squares[: len(match)]
    best = int(np.argmax(match / np.sqrt(np.maximum(power, 1e-7))))
    return longest - best


def voicing(residual: np.ndarray, lag: int) -> float:
    """Return how alike a prediction residual is to itself a lag earlier, 0 to 1.

    Unlike the signal, the residual of low-pitched noise is not alike: only a voice has pulses.
    """
    late, early = residual[lag:], residual[:-lag]
    return max(float(late @ early) / (float(late @ late) * float(early @ early) + 1e-20) ** 0.5, 0.0)


def predictor(signal: np.ndarray, order: int, noise: float) -> np.ndarray:
    """Return the prediction error filter ``[1, a1 ...]`` by the autocorrelation method.

    `noise` is the power of white noise added to keep the equations well posed, re the signal's. Silence has
    the filter ``[1, 0 ...]``.
    """
    if order <= DIRECTLY:
        lags = np.correlate(np.concatenate((signal, np.zeros(order))), signal, "valid")
    else:
        size = fast_length(len(signal) + order)
        spectrum = np.fft.rfft(signal, size)
        lags = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: order + 1]
    taps = np.zeros(order + 1)
    taps[0] = 1.0
    if lags[0] > 1e-12 * len(signal):
        lags[0] *= 1 + noise
        taps[1:] = -solved(lags[:-1], lags[1:])
    return taps


def state_after(taps: np.ndarray, past: np.ndarray) -> np.ndarray:
    """Return the state of the all-pole filter 1/A(z) that has put out `past`, in lfilter's form."""
    order = len(taps) - 1
    return -np.convolve(taps[1:], past[-order:])[order - 1 :]


def mirrored(before: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """Fade from `before` into the mirror image of `behind`, which meets it: enough for a pause."""
    mirror = (
        np.resize(behind, len(before))[::-1] if len(behind) < len(before) else behind[len(before) - 1 :: -1]
    )
    rise = rising(len(before)) ** 2
    return ((1 - rise) * before + rise * mirror).astype(np.float32)


def interpolated(
    signal: np.ndarray, start: int, stop: int, order: int, noise: Noise, strength: float
) -> np.ndarray | None:
    """Return the samples ``start:stop`` of least prediction error, or with noise for one; None in silence.

    With the least error what is interpolated is smoother than what is around it. Where the end clicks then,
    the error becomes that of noise which passes from the strength of the error before to that behind.
    """
    taps = predictor(signal, order, 1e-9)
    if not taps[1:].any():
        return None
    lags = np.correlate(taps, taps, "full")  # of the error filter, -order ... order
    known = np.zeros(stop - start + 2 * order)
    first, last = max(0, start - order), min(len(signal), stop + order)
    known[first - start + order : last - start + order] = signal[first:last]
    known[order : order + stop - start] = 0
    column = np.zeros(stop - start)
    shared = min(len(column), order + 1)
    column[:shared] = lags[order : order + shared]
    column[0] *= 1 + 1e-9
    found = solved(column, -np.convolve(known, lags, "valid"))
    whole = np.concatenate((signal[:start], found, signal[stop:]))
    strength *= ramp(click(whole, stop, noise.rate), *CLICKS)
    if strength:
        drive = np.correlate(strength * _drive(signal, start, stop, taps, noise), taps, "valid")
        found = found + solved(column, drive)
    bound = 1.2 * largest(signal)
    return np.minimum(np.maximum(found, -bound), bound)


def click(signal: np.ndarray, edge: int, rate: int) -> float:
    """Return by how much prediction errors at an edge are larger than is usual in the 20 ms around."""
    reach, near = round(CLICK_WINDOW * rate / 1000), max(1, round(CLICK_NEAR * rate / 1000))
    first = max(edge - reach, 0)
    around = signal[first : edge + reach]
    order = max(8, round(rate / 1000))
    error = np.convolve(around, predictor(around * hann(len(around)), order, 1e-6), "valid")
    at = edge - first - order
    return largest(np.abs(error[max(at - near, 0) : at + near + 1])) / (usual(error) + 1e-4)


def _drive(signal: np.ndarray, start: int, stop: int, taps: np.ndarray, noise: Noise) -> np.ndarray:
    """Return the error that the samples ``start:stop`` shall have, and none for the known ones behind."""
    order = len(taps) - 1
    before, behind = (
        usual(np.convolve(side, taps, "valid")) if len(side) > order else None
        for side in (signal[:start], signal[stop:])
    )
    before = before if before is not None else behind or 0.0
    behind = behind if behind is not None else before
    time = (np.arange(stop - start) + 0.5) / (stop - start)
    if behind > before:  # speech sets in: soon as strong as what comes, the sooner the weaker what is before
        sets_in = ramp(np.log10(behind / (before + 1e-9)), *SETS_IN)
        turn = np.minimum(time / (1 - SOONER * sets_in), 1.0) ** 0.5
        level = (1 - turn) * before + turn * behind
    else:
        turn = time**0.5
        level = (before + 1e-9) ** (1 - turn) * (behind + 1e-9) ** turn
    error = level * noise.without_lows(stop - start, JOIN_LOW)
    return np.concatenate((error, np.zeros(order)))
