"""Gaplisten's own concealer: two kinds of extrapolation, and a two-sided join. Delay 10 ms.

Received samples are never altered. A loss is filled in three ways, each where it is good:

1. **The beginning** goes on as voiced speech does: linear prediction (order 1 per kHz, last 30 ms), the last
   pitch period of its residual repeated as excitation of the all-pole filter, whose state is the past, so
   nothing jumps. The pitch is the best normalised correlation of the last 10 ms with lags of 2.5 to 15 ms.
2. **Longer losses** would buzz. From 10 to 20 ms a cross-fade leads into an autoregressive extrapolation of
   long order (20 ms, fitted to the last 100 ms by the autocorrelation method with a window that rises towards
   the present). That window makes it die away too soon, which a gain of 2 dB per 10 ms undoes. Full level
   for `hold` (40 ms), then linearly down to silence at `mute_after` (400 ms).
3. **The end**: since the output is 10 ms late, the last 10 ms of a loss need not be settled before speech
   returns. They become the samples that leave a long predictor the least error, given what is before and
   behind them: Janssen's interpolation. The predictor is fitted to 35 ms before, a guess for the 10 ms, and
   one packet behind; its order is the pitch lag plus 2.5 ms, between 7 and 13 ms. The speech
   that returns is met in phase, with no blend. In a pause a fade into its mirror image is enough.

It sees nothing else of the future: the look-ahead is the delay. How its numbers were chosen: docs/plugins.md.

Source: own design. Parts: linear prediction with pitch excitation as in ITU-T G.722 Appendix IV (2006);
autoregressive extrapolation (Kauppinen and Roth 2002); interpolation (Janssen, Veldhuis and Vries 1986).
"""

from collections import deque
from functools import lru_cache
from typing import Annotated

import numpy as np

DELAY = 10.0  # all times in ms
PITCH_SHORTEST, PITCH_LONGEST, PITCH_WINDOW = 2.5, 15.0, 10.0
RESIDUAL_WINDOW = 30.0
LONG_ORDER, LONG_WINDOW, LONG_EDGE = 20.0, 100.0, 2.0
LONG_FROM, LONG_FULLY = 10.0, 20.0
LONG_GAIN = 2.0  # dB per 10 ms
JOIN_SHORTEST, JOIN_LONGEST, JOIN_MARGIN, JOIN_WINDOW = 7.0, 13.0, 2.5, 35.0
PAUSE = 10 ** (-50 / 20)  # of full scale: where no sample is beyond it, nobody speaks
MEMORY = LONG_WINDOW + LONG_ORDER


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
        if self._loss is not None and self._loss.place >= self._mute:
            return np.zeros(frames, np.float32)
        if self._loss is None:
            self._loss = _Loss(self._memory(), self._rate)
        start = self._loss.place
        out = self._loss.take(frames, short)
        if start + frames > self._hold:
            age = np.arange(start, start + frames)
            out *= np.clip((self._mute - age) / max(self._mute - self._hold, 1.0), 0, 1)
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
        join = interpolated(around, len(memory), len(memory) + frames, order)
        return guess if join is None else join.astype(np.float32)

    def _join_order(self) -> int:
        """Return an order just above the pitch lag: a longer one would cost time and not be heard."""
        times = (JOIN_SHORTEST, JOIN_LONGEST, JOIN_MARGIN)
        shortest, longest, margin = (round(ms * self._rate / 1000) for ms in times)
        return longest if self._loss is None else max(shortest, min(longest, self._loss.lag + margin))


class _Loss:
    """The one-sided continuation of what was heard before one loss, at full level."""

    def __init__(self, past: np.ndarray, rate: int) -> None:
        self._past, self._rate, self.place = past, rate, 0
        self._ceiling = 1.2 * largest(past[-self._frames(RESIDUAL_WINDOW) :])
        self._from, self._fully = self._frames(LONG_FROM), self._frames(LONG_FULLY)
        self._start_voice()
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
        self._voice_state = state_after(self._predictor, self._past)
        self.lag = find_pitch(self._past, self._rate)
        self._cycle = np.convolve(self._past[-self.lag - order :], self._predictor, "valid")
        self._spoken = np.empty(0)

    def _voice(self, start: int, frames: int) -> np.ndarray:
        """Return a part of the voice; what its turn can need is made at once, for each call costs time."""
        stop, made = start + frames, len(self._spoken)
        if stop > made:
            from scipy.signal import lfilter

            places = np.arange(made, max(stop, self._fully)) % len(self._cycle)
            more, self._voice_state = lfilter(
                [1.0], self._predictor, self._cycle[places], zi=self._voice_state
            )
            self._spoken = np.concatenate((self._spoken, more))
        return self._spoken[start:stop]

    def _autoregression(self, start: int, frames: int) -> np.ndarray:
        from scipy.signal import lfilter

        if self._long is None:
            self._start_autoregression()
            frames, skip = start + frames, start
        else:
            skip = 0
        out, self._long_state = lfilter([1.0], self._long, np.zeros(frames), zi=self._long_state)
        since = np.arange(start, start + frames - skip) / self._frames(10)
        return out[skip:] * 10 ** (LONG_GAIN / 20 * np.minimum(since, 40))

    def _start_autoregression(self) -> None:
        window, edge = self._frames(LONG_WINDOW), self._frames(LONG_EDGE)
        slope = rising(window).copy()
        slope[-edge:] *= rising(edge)[::-1]
        self._long = predictor(self._past[-window:] * slope, self._frames(LONG_ORDER), 1e-9)
        self._long_state = state_after(self._long, self._past)


@lru_cache(maxsize=1)
def warm_up() -> None:
    """Do each step once: libraries load parts of themselves when first called; no packet shall wait."""
    noise = np.random.default_rng(0).standard_normal(2000)
    loss = _Loss(noise, 8000)
    loss.take(200)
    interpolated(noise[:400], 200, 280, 60)


def largest(signal: np.ndarray) -> float:
    """Return the largest magnitude, with no copy made."""
    return max(float(signal.max()), -float(signal.min()))


@lru_cache(maxsize=16)
def rising(frames: int) -> np.ndarray:
    """Return a quarter period of a sine, from 0 to 1."""
    return np.asarray(np.sin(np.pi / 2 * (np.arange(frames) + 0.5) / frames))


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


def predictor(signal: np.ndarray, order: int, noise: float) -> np.ndarray:
    """Return the prediction error filter ``[1, a1 ...]`` by the autocorrelation method.

    `noise` is the power of white noise added to keep the equations well posed, re the signal's. Silence has
    the filter ``[1, 0 ...]``.
    """
    from scipy.fft import next_fast_len
    from scipy.linalg import solve_toeplitz

    size = next_fast_len(len(signal) + order, real=True)
    spectrum = np.fft.rfft(signal, size)
    lags = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: order + 1]
    taps = np.zeros(order + 1)
    taps[0] = 1.0
    if lags[0] > 1e-12 * len(signal):
        lags[0] *= 1 + noise
        taps[1:] = -solve_toeplitz(lags[:-1], lags[1:], check_finite=False)
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


def interpolated(signal: np.ndarray, start: int, stop: int, order: int) -> np.ndarray | None:
    """Return the samples ``start:stop`` of least prediction error; None when the signal is silence."""
    from scipy.linalg import solve_toeplitz

    taps = predictor(signal, order, 1e-9)
    if not taps[1:].any():
        return None
    lags = np.correlate(taps, taps, "full")  # of the error filter, -order ... order
    known = np.zeros(stop - start + 2 * order)
    first, last = max(0, start - order), min(len(signal), stop + order)
    known[first - start + order : last - start + order] = signal[first:last]
    known[order : order + stop - start] = 0
    pull = np.convolve(known, lags, "valid")
    column = np.zeros(stop - start)
    shared = min(len(column), order + 1)
    column[:shared] = lags[order : order + shared]
    column[0] *= 1 + 1e-9
    bound = 1.2 * largest(signal)
    return np.minimum(np.maximum(-solve_toeplitz(column, pull, check_finite=False), -bound), bound)
