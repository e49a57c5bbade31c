"""Comfort noise with the spectrum of the last speech: white noise through a linear prediction filter.

When a loss begins, linear prediction of order `order` (16) is done by the autocorrelation method over the
last `window` (20 ms, Hann window) of the output. The loss is filled with white Gaussian noise, with the
standard deviation of the prediction residual, through the all-pole filter started from the past samples.
Fade of ITU-T G.711 Appendix I (full level for `hold`, silence at `mute_after`), and a linear blend of
`crossfade` (5 ms) into the next received packet: those are the only received samples that are altered.

Source: J. Makhoul, Linear prediction: a tutorial review (1975); fade of ITU-T G.711 Appendix I (1999).
"""

from collections import deque
from typing import Annotated

import numpy as np


class LpcNoise:
    """Fill one channel's losses with noise shaped like the speech before.

    Parameters
    ----------
    rate, packet_frames, channels
        Clock in Hz, frames in one packet, channels (1: the host calls once per channel).
    order, window
        Prediction order, and the analysed past in ms.
    hold, mute_after
        Time at full level and time to silence, both from the start of the loss, in ms.
    crossfade
        Length of the linear blend into received speech in ms (at most one packet).
    seed
        Of the noise; the same seed gives the same output.
    """

    name = "LPC noise"
    help = "White noise through the linear prediction filter of the last 20 ms."
    source = "Linear prediction (Makhoul 1975) excited by noise"
    channels = 1
    causal = True
    delay = 0

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        order: Annotated[int, {"ge": 2, "le": 64, "help": "prediction order"}] = 16,
        window: Annotated[float, {"ge": 5, "le": 100, "unit": "ms", "help": "past that is analysed"}] = 20.0,
        hold: Annotated[float, {"ge": 0, "le": 1000, "unit": "ms", "help": "time at full level"}] = 10.0,
        mute_after: Annotated[
            float, {"ge": 0, "le": 5000, "unit": "ms", "help": "silent from here on"}
        ] = 60.0,
        crossfade: Annotated[float, {"ge": 0, "le": 20, "unit": "ms", "help": "blend into speech"}] = 5.0,
        seed: Annotated[int, {"ge": 0, "le": 2**31 - 1, "help": "of the noise"}] = 0,
    ) -> None:
        import scipy.linalg
        import scipy.signal  # noqa: F401

        self._size, self._order = packet_frames, order
        self._room = max(round(window * rate / 1000), 2 * order)
        self._hold, self._mute = hold * rate / 1000, mute_after * rate / 1000
        blend = min(round(crossfade * rate / 1000), packet_frames)
        self._rise = np.arange(1, blend + 1) / (blend + 1)
        self._noise = np.random.default_rng(seed)
        self._past: deque[np.ndarray] = deque(maxlen=-(-self._room // packet_frames))
        self._age = 0

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet, shape ``(packet_frames, 1)``; `samples` is None when it is lost."""
        if samples is None:
            if not self._age:
                self._analyse()
            out = self._next(self._size).astype(np.float32)
            self._age += self._size
        else:
            out = self._recovered(samples[:, 0]) if self._age else samples[:, 0]
            self._age = 0
        self._past.append(out)
        return out[:, None]

    def _analyse(self) -> None:
        from scipy.signal import lfilter, lfiltic

        past = np.concatenate((np.zeros(self._room), *self._past))[-self._room :].astype(np.float64)
        self._filter = linear_prediction(past * np.hanning(self._room), self._order)
        residual = lfilter(self._filter, [1.0], past)[self._order :]
        self._level = float(residual.std())
        self._ceiling = 1.5 * float(np.abs(past).max())
        self._state = lfiltic([1.0], self._filter, past[: -self._order - 1 : -1])

    def _next(self, frames: int) -> np.ndarray:
        """Return the attenuated noise from the current place on."""
        from scipy.signal import lfilter

        white = self._level * self._noise.standard_normal(frames)
        shaped, self._state = lfilter([1.0], self._filter, white, zi=self._state)
        age = self._age + np.arange(frames)
        gain = np.clip((self._mute - age) / max(self._mute - self._hold, 1.0), 0, 1)
        return np.clip(shaped, -self._ceiling, self._ceiling) * np.where(age < self._hold, 1.0, gain)

    def _recovered(self, samples: np.ndarray) -> np.ndarray:
        blend, out = len(self._rise), np.array(samples)
        out[:blend] = self._rise * samples[:blend] + (1 - self._rise) * self._next(blend)
        return out


def linear_prediction(signal: np.ndarray, order: int) -> np.ndarray:
    """Return the prediction error filter ``[1, a1 ... a_order]`` by the autocorrelation method."""
    from scipy.linalg import solve_toeplitz

    taps = np.zeros(order + 1)
    taps[0] = 1.0
    lags = np.array([signal[: len(signal) - k] @ signal[k:] for k in range(order + 1)])
    if lags[0] > 1e-15 * len(signal):
        lags[0] *= 1 + 1e-6  # -60 dB of white noise keeps the equations well posed
        taps[1:] = -solve_toeplitz(lags[:-1], lags[1:])
    return taps
