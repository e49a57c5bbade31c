"""The method that the sound card calls: obey, render, measure, report; it waits for nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples
from gaplisten.playback.control import SLOT, StatusWriter, WishReader, Words, now_ns
from gaplisten.playback.mixer import MixerState, render_into
from gaplisten.playback.priority import raise_thread

HOLD_SECONDS = 1.5
FALL_DB_PER_SECOND = 20.0
_LONGEST = 4096


class Meter:
    """Peak level of each channel, falling slowly, with peak hold and a latched clip light."""

    def __init__(self, rate: int, channels: int) -> None:
        self.peak = [0.0] * channels
        self.hold = [0.0] * channels
        self.clipped = False
        self._age = 0
        self._hold_frames = int(HOLD_SECONDS * rate)
        self._fall = -FALL_DB_PER_SECOND / 20.0 / rate
        self._size = np.zeros((_LONGEST, channels), np.float32)

    def reset(self) -> None:
        """Put out the clip light and forget the held peaks."""
        self.clipped = False
        self.hold = [0.0] * len(self.hold)

    def update(self, out: Samples) -> None:
        """Take a block, shape ``(frames, channels)``, into account."""
        for start in range(0, len(out), _LONGEST):
            self._update(out[start : start + _LONGEST])

    def _update(self, out: Samples) -> None:
        size = np.absolute(out, out=self._size[: len(out)])
        fall = 10.0 ** (self._fall * len(out))
        self._age += len(out)
        forget, higher = self._age > self._hold_frames, False
        for channel, before in enumerate(self.peak):
            # Column by column: reducing two columns at once is many times slower.
            top = float(np.maximum.reduce(size[:, channel]))
            self.peak[channel] = max(before * fall, top)
            if forget or top >= self.hold[channel]:
                self.hold[channel], higher = self.peak[channel], True
            self.clipped = self.clipped or top > 1.0
        if higher:
            self._age = 0


class Engine:
    """Ties the mixer to the control block.

    Parameters
    ----------
    words
        The control block.
    mixer
        What is rendered; its rate and channels are the stream's.
    latency_ns
        From the callback to the ear, where the sound system does not tell it with every block.
    """

    def __init__(self, words: Words, mixer: MixerState, latency_ns: int = 0) -> None:
        self.mixer, self.latency_ns = mixer, latency_ns
        self.callbacks = self.underflows = 0
        self.failure: BaseException | None = None
        self._wishes, self._status = WishReader(words), StatusWriter(words)
        self._meter = Meter(mixer.rate, mixer.channels)
        self._meter_count = 0
        self.tone: Samples = np.zeros((0, mixer.channels), np.float32)
        self.tone_at = 0

    def callback(self, out: Samples, frames: int, times: Any, flags: Any) -> None:
        """Fill a block for PortAudio."""
        called = now_ns()
        if not self.callbacks:
            raise_thread()
        self.callbacks += 1
        # The first block of a stream may be flagged although nothing has been heard yet.
        if flags.output_underflow and self.callbacks > 1:
            self.underflows += 1
        began = self.mixer.delivered
        try:
            self.fill(out)
        except Exception as error:  # noqa: BLE001 - must not reach PortAudio's thread; the main thread reports it
            out[:] = 0.0
            self.failure = error
        latency = times.outputBufferDacTime - times.currentTime
        self._report(began, called, int(latency * 1e9) if 0.0 < latency < 2.0 else self.latency_ns)

    def fill(self, out: Samples) -> None:
        """Obey what is new and render."""
        wishes = self._wishes.read()
        if wishes is not None:
            if wishes.meter_count != self._meter_count:
                self._meter_count = wishes.meter_count
                self._meter.reset()
            if self.mixer.obey(wishes):
                self._wishes.take()
        if self.tone_at < len(self.tone):
            self._play_tone(out)
        else:
            render_into(self.mixer, out)
        self._meter.update(out)

    def _play_tone(self, out: Samples) -> None:
        part = self.tone[self.tone_at : self.tone_at + len(out)]
        out[: len(part)] = part
        out[len(part) :] = 0.0
        self.tone_at += len(out)
        self.mixer.delivered += len(out)

    def _report(self, began: int, called: int, latency: int) -> None:
        mixer, wishes, values = self.mixer, self.mixer.wishes, self._status.values
        for index, value in enumerate(
            (
                began,
                mixer.delivered,
                called,
                latency,
                mixer.rate,
                mixer.programme.id,
                mixer.position,
                mixer.playing,
                mixer.ended,
                mixer.lane,
                wishes.play_count,
                wishes.select_count,
                wishes.seek_count,
                self.underflows,
                self.callbacks,
                self._meter.clipped,
                mixer.delayed_switches,
            )
        ):
            values[index] = value
        peak, floats, last = SLOT["peak_left"], self._status.floats, mixer.channels - 1
        floats[peak], floats[peak + 1] = self._meter.peak[0], self._meter.peak[min(1, last)]
        floats[peak + 2], floats[peak + 3] = self._meter.hold[0], self._meter.hold[min(1, last)]
        values[SLOT["break_count"]] = mixer.break_count
        self._status.breaks[:] = mixer.breaks
        self._status.publish()
