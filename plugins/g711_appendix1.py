"""ITU-T G.711 Appendix I: pitch waveform repetition, at any rate and any packet length.

The honest classical anchor. Written from a prose description of the algorithm; all times are those of the
recommendation, so at 8 kHz the numbers in brackets result, and at other rates they scale.

* work is done in frames of 10 ms (80) counted from the start of the loss, whatever the packet length
* history 48.75 ms (390); output delay 3.75 ms (30)
* pitch: largest normalised correlation of the last 20 ms (160) with lags of 5 to 15 ms (40 to 120), found
  on every second sample (4 kHz) and refined; the energy under the root is at least 250 (16-bit units squared)
* first 10 ms: the last pitch period is repeated; from 10 ms on the last two, from 20 ms on the last three
* triangular overlap-add of a quarter period at each splice, also into the last quarter period *before* the
  loss (that is what the delay is for) and into the first samples of each change of the number of periods
* attenuation: none for 10 ms, then 20 % per 10 ms, silence after 60 ms
* recovery: the synthesis is read on from the periods in use and overlap-added into received speech, a quarter
  period long plus 4 ms for each lost frame after the first, 10 ms at most
* what was put out, blends included, is the history that the next loss is concealed from
* all that is made or blended is held in 16-bit steps, cut towards zero, as in the recommendation's own coder

Received samples are altered in the last quarter period before a loss and in the recovery (at most 10 ms).

Source: ITU-T G.711 Appendix I (09/1999), from its description in the manual of the ITU-T G.191 tool library.
"""

import numpy as np

MINIMUM_POWER = 250 / 32768**2


class G711Appendix1:
    """Repeat the last pitch periods of one channel.

    Parameters
    ----------
    rate, packet_frames, channels
        Clock in Hz, frames in one packet, channels (1: the host calls once per channel).
    """

    name = "G.711 Appendix I"
    help = "Pitch waveform repetition of the ITU, scaled to any rate. Delay 3.75 ms."
    source = "ITU-T G.711 Appendix I (1999)"
    channels = 1
    causal = True

    def __init__(self, rate: int, packet_frames: int, channels: int) -> None:
        self._rate, self._size = rate, packet_frames
        self.delay = round(0.00375 * rate)
        self._room = 3 * round(0.015 * rate) + self.delay
        self._past = np.zeros(self._room, np.float32)
        self._erasure: _Erasure | None = None

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet, `delay` frames late; `samples` is None when it is lost."""
        now = self._lost() if samples is None else samples[:, 0]
        if samples is not None and self._erasure is not None:
            now = self._erasure.recover(now)
            self._erasure = None
        both = np.concatenate((self._past, now))
        self._past = both[self._size :]
        late = len(both) - self.delay
        return both[late - self._size : late, None].copy()

    def flush(self) -> np.ndarray:
        """Return the last `delay` frames."""
        return self._past[len(self._past) - self.delay :, None].copy()

    def _lost(self) -> np.ndarray:
        if self._erasure is None:
            self._erasure = _Erasure(self._past, self._rate)
            self._past[-self._erasure.quarter :] = self._erasure.cycle_end
        return self._erasure.take(self._size)


class _Erasure:
    """One loss: the frozen history, the place in it, and how long it has lasted."""

    def __init__(self, history: np.ndarray, rate: int) -> None:
        self._history = history.astype(np.float64)
        self._frame, self._rate = round(0.01 * rate), rate
        self.pitch = find_pitch(self._history, rate)
        self.quarter = max(1, self.pitch // 4)
        self._last_quarter = self._history[-self.quarter :].copy()
        self._rise = np.arange(1, self.quarter + 1) / self.quarter
        self._age = self._place = self._made = 0
        self._raw = np.empty(0)
        self._use(1)

    @property
    def cycle_end(self) -> np.ndarray:
        """The last quarter period before the loss, blended towards the repetition."""
        return _in_steps(self._history[-self.quarter :]).astype(np.float32)

    def take(self, frames: int) -> np.ndarray:
        """Return the next `frames` frames of the concealment, attenuated."""
        out = self._next(frames) * self._gain(self._age + np.arange(frames))
        self._age += frames
        return _in_steps(out).astype(np.float32)

    def recover(self, samples: np.ndarray) -> np.ndarray:
        """Overlap-add the continued concealment into the first received packet."""
        extra = max(0, -(-self._age // self._frame) - 1)
        length = min(self.quarter + round(0.004 * self._rate) * extra, self._frame, len(samples))
        rise = np.arange(1, length + 1) / length
        tail = self._further(length) * self._gain(np.array(self._age))
        out = np.array(samples)
        out[:length] = _in_steps((1 - rise) * tail + rise * samples[:length])
        return out

    def _gain(self, age: np.ndarray) -> np.ndarray:
        return np.clip(1 - 0.2 * (age / self._frame - 1), 0, 1)

    def _next(self, frames: int) -> np.ndarray:
        while len(self._raw) < frames:
            self._raw = np.concatenate((self._raw, self._make_frame()))
        out, self._raw = self._raw[:frames], self._raw[frames:]
        return out

    def _further(self, frames: int) -> np.ndarray:
        """Return how the synthesis goes on when no more is lost: no period is added."""
        left = self._raw[:frames]
        return np.concatenate((left, self._peek(frames - len(left))))

    def _make_frame(self) -> np.ndarray:
        """Return the next 10 ms; the second and third begin with one period more to repeat."""
        self._made += 1
        if self._made not in (2, 3):
            return self._read(self._frame)
        tail = self._peek(self.quarter)
        while self._place > self.pitch:  # at the end of a period the next one goes on, not the one before
            self._place -= self.pitch
        self._use(self._made)
        frame = self._read(self._frame)
        frame[: self.quarter] = _in_steps((1 - self._rise) * tail + self._rise * frame[: self.quarter])
        return frame

    def _use(self, periods: int) -> None:
        """Repeat the last `periods` periods; their end leads into their start."""
        self._cycle = periods * self.pitch
        before = len(self._history) - self._cycle
        start = self._history[before - self.quarter : before]
        self._history[-self.quarter :] = (1 - self._rise) * self._last_quarter + self._rise * start

    def _peek(self, frames: int) -> np.ndarray:
        places = (self._place + np.arange(frames)) % self._cycle
        return _in_steps(self._history[len(self._history) - self._cycle + places])

    def _read(self, frames: int) -> np.ndarray:
        out = self._peek(frames)
        self._place = (self._place + frames) % self._cycle
        return out


def _in_steps(samples: np.ndarray) -> np.ndarray:
    """Return samples as 16-bit numbers hold them, cut towards zero, in -1..1."""
    return np.trunc(samples * 32768) / 32768


def find_pitch(history: np.ndarray, rate: int) -> int:
    """Return the lag in frames, 5 to 15 ms, with the largest normalised correlation over the last 20 ms."""
    shortest, longest, window = round(0.005 * rate), round(0.015 * rate), round(0.02 * rate)
    step = max(1, rate // 4000)
    coarse = _best_lag(history, window, step, np.arange(shortest, longest + 1, step))
    near = np.arange(max(shortest, coarse - step + 1), min(longest, coarse + step - 1) + 1)
    return _best_lag(
        history, window, 1, near[::-1]
    )  # of equally good lags the longest, in the first round the shortest


def _best_lag(history: np.ndarray, window: int, step: int, lags: np.ndarray) -> int:
    ahead = np.arange(len(history) - window, len(history), step)
    now, then = history[ahead], history[ahead[None, :] - lags[:, None]]
    power = np.maximum(np.einsum("ij,ij->i", then, then), MINIMUM_POWER)
    return int(lags[np.argmax(then @ now / np.sqrt(power))])
