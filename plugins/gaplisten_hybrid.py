"""Gaplisten's own concealer: periodic, then autoregressive extrapolation, then a two-sided join. Delay 10 ms.

Received samples are never altered. A loss is filled in three ways, each where it is good:

1. **The beginning** goes on as voiced speech does: linear prediction (order 1 per kHz, last 30 ms), its
residual's last pitch
   period repeated as excitation, through the all-pole filter with the past as its state, so nothing
   jumps. The pitch is the best normalised correlation of the last 10 ms with lags of 2.5 to 15 ms.
2. **From 20 ms on** repetition would buzz. A cross-fade of 10 ms leads into an autoregressive
extrapolation of long order (20 ms
   over the last 100 ms; autocorrelation method with a window rising towards the present). Its window
   makes it die away too soon, which a gain of 2.4 dB per 10 ms undoes. Full level for `hold` (40 ms),
   then down to silence at `mute_after` (400 ms).
3. **The end**: since the output is 10 ms late, the last 10 ms of a loss are still there when speech
returns. They are replaced
   by the samples that make the error of a long predictor (order 12 ms, fitted to 50 ms before and one
   packet after) smallest, given what is before and after: Janssen's interpolation. It meets the returning
   speech in phase, with no blend.

It sees nothing else of the future: measured look-ahead equals the delay. How its numbers were chosen:
docs/plugins.md.

Source: own design. Parts: linear prediction with pitch excitation as in ITU-T G.722 Appendix IV (2006);
autoregressive extrapolation (Kauppinen and Roth 2002); interpolation (Janssen, Veldhuis and Vries 1986).
"""

from collections import deque
from typing import Annotated

import numpy as np

DELAY = 10.0  # all times in ms
PITCH_SHORTEST, PITCH_LONGEST, PITCH_WINDOW = 2.5, 15.0, 10.0
RESIDUAL_WINDOW = 30.0
LONG_ORDER, LONG_WINDOW, LONG_EDGE = 20.0, 100.0, 2.0
LONG_FROM, LONG_FULLY = 20.0, 30.0
LONG_GAIN = 2.4  # dB per 10 ms
JOIN_ORDER, JOIN_WINDOW = 12.0, 50.0
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
        self._rate, self._size = rate, packet_frames
        self.delay = round(DELAY * rate / 1000)
        self._hold, self._mute = hold * rate / 1000, mute_after * rate / 1000
        self._room = round(MEMORY * rate / 1000)
        self._pending = np.zeros(self.delay, np.float32)
        self._past: deque[np.ndarray] = deque(maxlen=-(-self._room // packet_frames))
        self._loss: _Loss | None = None
        self._age = 0

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet, `delay` frames late; `samples` is None when it is lost."""
        if samples is None:
            now = self._lost()
        else:
            now = samples[:, 0]
            if self._loss is not None:
                self._join(now)
                self._loss, self._age = None, 0
        self._past.append(now)
        both = np.concatenate((self._pending, now))
        self._pending = both[self._size :]
        return both[: self._size, None]

    def flush(self) -> np.ndarray:
        """Return the last `delay` frames."""
        return self._pending[:, None]

    def _memory(self) -> np.ndarray:
        past = np.concatenate((np.zeros(self._room, np.float32), *self._past))
        return past[-self._room :]

    def _lost(self) -> np.ndarray:
        if self._loss is None:
            self._loss = _Loss(self._memory().astype(np.float64), self._rate)
        age = self._age + np.arange(self._size)
        self._age += self._size
        out = self._loss.take(self._size)
        if self._age > self._hold:
            out *= np.clip((self._mute - age) / max(self._mute - self._hold, 1.0), 0, 1)
        return out.astype(np.float32)

    def _join(self, now: np.ndarray) -> None:
        """Put the two-sided interpolation in place of the loss's last frames, those that are not out yet."""
        frames = min(self.delay, self._age)
        memory = self._memory()
        reach = min(frames + round(JOIN_WINDOW * self._rate / 1000), len(memory))
        around = np.concatenate((memory[-reach:], now)).astype(np.float64)
        order = min(round(JOIN_ORDER * self._rate / 1000), len(around) // 3)
        join = interpolated(around, reach - frames, reach, order)
        if join is not None:
            memory[-frames:] = join
            self._past.clear()
            self._past.append(memory)
            self._pending = np.concatenate((self._pending[:-frames], memory[-frames:]))


class _Loss:
    """The one-sided continuation of what was heard before one loss, at full level."""

    def __init__(self, past: np.ndarray, rate: int) -> None:
        self._past, self._rate, self._place = past, rate, 0
        self._ceiling = 1.2 * float(np.abs(past[-self._frames(RESIDUAL_WINDOW) :]).max())
        self._from, self._fully = self._frames(LONG_FROM), self._frames(LONG_FULLY)
        self._start_voice()
        self._long: np.ndarray | None = None

    def _frames(self, ms: float) -> int:
        return round(ms * self._rate / 1000)

    def take(self, frames: int) -> np.ndarray:
        """Return the next `frames` frames."""
        start, stop = self._place, self._place + frames
        self._place = stop
        if self._ceiling < 1e-6:
            return np.zeros(frames)
        if stop <= self._from:
            return self._bounded(self._voice(start, frames))
        out = self._autoregression(start, frames)
        if start < self._fully:
            turn = (np.arange(start, stop) - self._from) / (self._fully - self._from)
            turn = np.clip(turn, 0, 1)
            out = turn * out + (1 - turn) * self._voice(start, frames)
        return self._bounded(out)

    def _bounded(self, out: np.ndarray) -> np.ndarray:
        return np.clip(np.nan_to_num(out), -self._ceiling, self._ceiling)

    def _start_voice(self) -> None:
        """Find the predictor, its state and one period of its residual."""
        order = max(8, round(self._rate / 1000))
        window = self._frames(RESIDUAL_WINDOW)
        recent = self._past[-window:]
        slope = np.sin(np.pi / 2 * (np.arange(window) + 0.5) / window) ** 2
        self._predictor = predictor(recent * slope, order, 1e-5)
        self._voice_state = state_after(self._predictor, self._past)
        lag = find_pitch(self._past, self._rate)
        self._cycle = np.convolve(self._past[-lag - order :], self._predictor, "valid")

    def _voice(self, start: int, frames: int) -> np.ndarray:
        from scipy.signal import lfilter

        places = np.arange(start, start + frames) % len(self._cycle)
        out, self._voice_state = lfilter([1.0], self._predictor, self._cycle[places], zi=self._voice_state)
        return np.asarray(out)

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
        slope = np.sin(np.pi / 2 * (np.arange(window) + 0.5) / window)
        slope[-edge:] *= np.cos(np.pi / 2 * (np.arange(edge) + 0.5) / edge)
        self._long = predictor(self._past[-window:] * slope, self._frames(LONG_ORDER), 1e-9)
        self._long_state = state_after(self._long, self._past)


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
    """Return the prediction error filter ``[1, a1 ...]`` by the autocorrelation method; ``[1, 0 ...]``
    for silence.

    `noise` is the power of white noise added to keep the equations well posed, re the signal's.
    """
    from scipy.fft import irfft, next_fast_len, rfft
    from scipy.linalg import solve_toeplitz

    size = next_fast_len(len(signal) + order, real=True)
    spectrum = rfft(signal, size)
    lags = irfft(spectrum.real**2 + spectrum.imag**2, size)[: order + 1]
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


def interpolated(signal: np.ndarray, start: int, stop: int, order: int) -> np.ndarray | None:
    """Return the samples ``start:stop`` that leave the predictor of `signal` the least error; None for silence."""
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
    bound = 1.2 * float(np.abs(signal).max())
    return np.clip(-np.asarray(solve_toeplitz(column, pull, check_finite=False)), -bound, bound)
