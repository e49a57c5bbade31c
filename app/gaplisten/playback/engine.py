"""The method that the sound card calls: obey, render, measure, report; it waits for nothing.

And what it is helped by: a meter, a test tone, priority.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples
from gaplisten.playback.control import RequestReader, StatusWriter, Words, now_ns, wants_sound
from gaplisten.playback.devices import Side
from gaplisten.playback.dropouts import Dropouts
from gaplisten.playback.mixer import MixerState, render_into
from gaplisten.playback.programme import fade_frames, raised_cosine

HOLD_SECONDS = 1.5
FALL_DB_PER_SECOND = 20.0
METER_SECONDS = 0.03
"""How often the meter moves, as a screen does: every block would cost more than mixing it."""
_LONGEST = 4096
_PROCESS, _SOUND_CARD = 5, 10  # real-time priorities, well below those of the system's own threads


class Meter:
    """Peak level of each channel, falling slowly, with peak hold and a latched clip light.

    Each sample counts, but the levels are brought up to date every `METER_SECONDS` only.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self.peak = [0.0] * channels
        self.hold = [0.0] * channels
        self.clipped = False
        self._age = 0
        self._hold_frames = int(HOLD_SECONDS * rate)
        self._fall = -FALL_DB_PER_SECOND / 20.0 / rate
        self._size, self._most = (np.zeros((_LONGEST, channels), np.float32) for _ in range(2))
        self._length = self._frames = 0  # of the blocks gathered, and of all of them together
        self._full = int(METER_SECONDS * rate)

    def reset(self) -> None:
        """Put out the clip light and forget the held peaks."""
        self.clipped = False
        self.hold = [0.0] * len(self.hold)

    def update(self, out: Samples) -> None:
        """Take a block, shape ``(frames, channels)``, into account."""
        for start in range(0, len(out), _LONGEST):
            self._gather(out[start : start + _LONGEST])
        if self._frames >= self._full:
            self._show()

    def _gather(self, out: Samples) -> None:
        if len(out) != self._length:
            self._show()
            self._length = len(out)
        most = self._most[: len(out)]
        if self._frames:
            np.maximum(most, np.absolute(out, out=self._size[: len(out)]), out=most)
        else:
            np.absolute(out, out=most)
        self._frames += len(out)

    def _show(self) -> None:
        if not self._frames:
            return
        fall = 10.0 ** (self._fall * self._frames)
        self._age += self._frames
        self._frames = 0
        forget, higher = self._age > self._hold_frames, False
        for channel, before in enumerate(self.peak):
            # Column by column: reducing two columns at once is many times slower.
            top = float(np.maximum.reduce(self._most[: self._length, channel]))
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
        self.dropouts = Dropouts(mixer.rate)
        self.callbacks = 0
        self._fresh = True
        self.failure: BaseException | None = None
        self._words, self._request, self._status = words, RequestReader(words), StatusWriter(words)
        self._meter = Meter(mixer.rate, mixer.channels)
        self._meter_count = 0
        self.tone: Samples = np.zeros((0, mixer.channels), np.float32)
        self.tone_at = 0

    def begin(self) -> None:
        """Expect a stream that starts (again): on a new thread, with the clock beginning anew."""
        self.dropouts.begin()
        self._fresh = True

    @property
    def wanted(self) -> bool:
        """Whether anything but silence is, or soon will be, put out (for the main thread)."""
        return self._sounding or self._request.waiting

    @property
    def playing(self) -> bool:
        """Whether a listener would notice that no more sound is taken (for the main thread)."""
        return self._sounding or (self._request.waiting and wants_sound(self._words))

    @property
    def _sounding(self) -> bool:
        mixer = self.mixer
        return bool(mixer.playing or mixer.level or self.tone_at < len(self.tone))

    def callback(self, out: Samples, frames: int, times: Any, flags: Any) -> None:
        """Fill a block for PortAudio."""
        called = now_ns()
        if self._fresh:
            self._fresh = False
            raise_thread()
        self.callbacks += 1
        flagged, heard = flags.output_underflow, self._sounding
        self.dropouts.block(called, self.mixer.delivered, flagged=flagged, heard=heard)
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
        request = self._request.read()
        if request is not None:
            if request.meter_count != self._meter_count:
                self._meter_count = request.meter_count
                self._meter.reset()
            if self.mixer.obey(request):
                self._request.take()
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
        mixer, request, meter = self.mixer, self.mixer.request, self._meter
        self._status.publish(
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
                request.play_count,
                request.select_count,
                request.seek_count,
                self.dropouts.count,
                self.callbacks,
                meter.clipped,
                mixer.delayed_switches,
                mixer.break_count,
                meter.peak[0],
                meter.peak[-1],
                meter.hold[0],
                meter.hold[-1],
            ),
            mixer.breaks,
        )


def side_tone(rate: int, channels: int, side: Side, seconds: float = 0.8) -> Samples:
    """Return a faded 440 Hz tone at -20 dBFS, shape ``(frames, channels)``, silent on the other side."""
    frames = round(rate * seconds)
    wave = 0.1 * np.sin(2 * np.pi * 440.0 * np.arange(frames) / rate)
    ramp = raised_cosine(fade_frames(rate, 20.0))[:, 0]
    wave[: len(ramp)] *= ramp
    wave[-len(ramp) :] *= ramp[::-1]
    out = np.zeros((frames, channels), np.float32)
    wanted = {"left": [0], "right": [min(1, channels - 1)], "both": list(range(channels))}[side]
    out[:, wanted] = wave[:, None]
    return out


# -- asking the system to let the audio process go first; a refusal changes nothing ---------------------


def raise_process() -> None:
    """Raise the priority of this process as far as it is allowed."""
    if sys.platform == "win32":
        import ctypes

        with suppress(OSError, AttributeError):
            high_priority_class = 0x80
            kernel = ctypes.windll.kernel32
            kernel.SetPriorityClass(kernel.GetCurrentProcess(), high_priority_class)
    else:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, -15)
        # Threads that the sound system starts in this process inherit it: they hand the samples on.
        _real_time(_PROCESS)


def _real_time(priority: int) -> None:
    # macOS and Windows do this on their own for audio threads.
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))


def raise_thread() -> None:
    """Give the calling thread (the sound card's) real-time scheduling where that is allowed."""
    _real_time(_SOUND_CARD)


def no_pauses() -> None:
    """Keep the garbage collector and long turns of other threads away from the sound card's thread."""
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(0.0005)
