"""Autoregressive extrapolation: Burg's method with an order above the pitch lag.

When a loss begins, an autoregressive model is fitted with Burg's method to the last `context` (60 ms, 960
frames at 16 kHz) of the output. The loss is filled by running the all-pole filter 1/A(z) from zero
excitation with the past samples as its state. The order decides the quality: it must exceed the pitch
lag, so it is given as a time, `order` (20 ms, 320 at 16 kHz), and scales with the rate. The fade is that
of ITU-T G.711 Appendix I (full level for `hold`, silence at `mute_after`), and the first `crossfade` (5
ms) of the next received packet are blended linearly from the continued extrapolation: those are the only
received samples that are altered.

Source: J. P. Burg, Maximum entropy spectral analysis (1975); I. Kauppinen and K. Roth, Audio signal
extrapolation - theory and applications (DAFx 2002); fade of ITU-T G.711 Appendix I (1999).
"""

from collections import deque
from typing import Annotated

import numpy as np


class BurgExtrapolation:
    """Continue one channel with the all-pole model of its past.

    Parameters
    ----------
    rate, packet_frames, channels
        Clock in Hz, frames in one packet, channels (1: the host calls once per channel).
    order, context
        Length of the prediction filter and of the past it is fitted to, in ms. The order is kept below
        half of the context.
    hold, mute_after
        Time at full level and time to silence, both from the start of the loss, in ms.
    crossfade
        Length of the linear blend into received speech in ms (at most one packet).
    """

    name = "Burg extrapolation"
    help = "High-order autoregressive extrapolation of the past, with G.711's fade."
    source = "Burg 1975; Kauppinen and Roth 2002"
    channels = 1
    causal = True
    delay = 0

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        order: Annotated[float, {"ge": 0.5, "le": 40, "unit": "ms", "help": "above the pitch lag"}] = 20.0,
        context: Annotated[
            float, {"ge": 10, "le": 200, "unit": "ms", "help": "past that is modelled"}
        ] = 60.0,
        hold: Annotated[float, {"ge": 0, "le": 1000, "unit": "ms", "help": "time at full level"}] = 10.0,
        mute_after: Annotated[
            float, {"ge": 0, "le": 5000, "unit": "ms", "help": "silent from here on"}
        ] = 60.0,
        crossfade: Annotated[float, {"ge": 0, "le": 20, "unit": "ms", "help": "blend into speech"}] = 5.0,
    ) -> None:
        import scipy.signal  # noqa: F401 - here, so that the first lost packet need not wait for it

        self._size, self._room = packet_frames, round(context * rate / 1000)
        self._order = max(1, min(round(order * rate / 1000), self._room // 2))
        self._hold, self._mute = hold * rate / 1000, mute_after * rate / 1000
        blend = min(round(crossfade * rate / 1000), packet_frames)
        self._rise = np.arange(1, blend + 1) / (blend + 1)
        self._past: deque[np.ndarray] = deque(maxlen=-(-self._room // packet_frames))
        self._age = 0

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet, shape ``(packet_frames, 1)``; `samples` is None when it is lost."""
        if samples is None:
            if not self._age:
                self._model()
            out = self._next(self._size).astype(np.float32)
            self._age += self._size
        else:
            out = self._recovered(samples[:, 0]) if self._age else samples[:, 0]
            self._age = 0
        self._past.append(out)
        return out[:, None]

    def _model(self) -> None:
        past = np.concatenate((np.zeros(self._room), *self._past))[-self._room :]
        self._predictor = burg(past, self._order)
        # The state of 1/A(z) after those samples, in the filter's transposed form.
        self._state = -np.convolve(self._predictor[1:], past[-self._order :])[self._order - 1 :]
        self._ceiling = 1.5 * float(np.abs(past).max())

    def _next(self, frames: int) -> np.ndarray:
        """Return the attenuated continuation from the current place on."""
        age = self._age + np.arange(frames)
        gain = np.clip((self._mute - age) / max(self._mute - self._hold, 1.0), 0, 1)
        return self._extrapolated(frames) * np.where(age < self._hold, 1.0, gain)

    def _extrapolated(self, frames: int) -> np.ndarray:
        from scipy.signal import lfilter

        if not self._ceiling:
            return np.zeros(frames)
        out, self._state = lfilter([1.0], self._predictor, np.zeros(frames), zi=self._state)
        return np.clip(np.nan_to_num(out), -self._ceiling, self._ceiling)

    def _recovered(self, samples: np.ndarray) -> np.ndarray:
        blend, out = len(self._rise), np.array(samples)
        out[:blend] = self._rise * samples[:blend] + (1 - self._rise) * self._next(blend)
        return out


def burg(signal: np.ndarray, order: int) -> np.ndarray:
    """Return the prediction error filter ``[1, a1 ... a_order]`` of `signal` by Burg's recursion."""
    forward, backward = signal[1:].astype(np.float64), signal[:-1].astype(np.float64)
    spare = np.empty_like(forward)
    taps = np.zeros(order + 1)
    taps[0] = 1.0
    power = floor = float(forward @ forward + backward @ backward)
    for m in range(1, order + 1):
        if power <= 1e-12 * floor:  # nothing left to predict
            break
        reflection = -2 * float(forward @ backward) / power
        taps[1 : m + 1] += reflection * taps[m - 1 :: -1][:m]
        np.multiply(forward, reflection, out=spare)
        spare += backward
        backward *= reflection
        forward += backward
        power = (1 - reflection**2) * power - float(forward[0]) ** 2 - float(spare[-1]) ** 2
        backward, spare, forward = spare[:-1], backward[:-1], forward[1:]
    return taps
