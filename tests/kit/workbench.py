"""Stand-ins for sound and concealers in tests of the window, and clips whose losses are told in words."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from gaplisten.audio.files import write_signal
from gaplisten.audio.signal import Signal
from gaplisten.concealers.entries import BrokenEntry, Entry, Parameter
from gaplisten.concealers.errors import ConcealerFailed, UnknownConcealer
from gaplisten.playback.player import PlayerState

RATE, PACKET = 16000, 320


class FakePlayer:
    """Remembers what it is told; the test moves the time."""

    def __init__(self):
        self.state = PlayerState(available=True, device="Fake", rate=RATE, latency_ms=20.0)
        self.calls = []
        self.lanes = []

    def _note(self, name, *arguments):
        self.calls.append((name, *arguments))

    def load(self, lanes, *, gain=1.0, position=None):
        self.lanes = list(lanes)
        self._note("load", len(lanes))
        if position is not None:
            self.state = replace(self.state, position=position)

    def replace(self, lane, signal):
        self.lanes[lane] = signal
        self._note("replace", lane)

    def play(self):
        self.state = replace(self.state, playing=True)

    def pause(self):
        self.state = replace(self.state, playing=False)

    def stop(self):
        self.state = replace(self.state, playing=False, position=0)

    def seek(self, frame):
        self.state = replace(self.state, position=frame)

    def select(self, lane):
        self.state = replace(self.state, lane=lane)

    def set_loop(self, start, stop):
        self._note("loop", start, stop)

    def clear_loop(self):
        self._note("loop")

    def set_switching(self, mode, milliseconds=5.0):
        self._note("switching", mode, milliseconds)

    def set_speed(self, factor):
        self._note("speed", factor)

    def set_audible(self, spans):
        self._note("audible", spans)

    def set_boundaries(self, frames):
        self._note("boundaries", tuple(frames))

    def devices(self):
        return ()

    def start(self):
        self._note("start")

    def release(self, reason):
        self._note("release", reason)

    def choose(self, device, *, remember=True):
        self._note("choose", device)

    def rescan(self):
        self._note("rescan")

    def test_tone(self, side):
        self._note("tone", side)

    def reset_meter(self):
        self._note("reset_meter")

    def close(self):
        self._note("close")

    def last(self, name):
        return next((call[1:] for call in reversed(self.calls) if call[0] == name), None)


def entry(name, title, *parameters, delay_ms=None):
    return Entry(name, title, "streaming", parameters, (), None, True, delay_ms, "", Path(f"{name}.py"), "1")


@dataclass(frozen=True, eq=False)
class Made:
    signal: Signal
    delay_frames: int = 0
    seconds: float = 0.01
    realtime_factor: float = 0.01
    altered_received: float = 0.0
    resampled: bool = False
    messages: tuple = ()
    cached: bool = False


@dataclass
class FakeCatalogue:
    entries: tuple = (
        entry("loud", "Loud", Parameter("level", "float", 0.25, 0.0, 1.0, unit="FS", help="How loud")),
        entry("fails", "Fails"),
        BrokenEntry("broken", Path("broken.py"), "line 3: invalid syntax"),
    )
    problems: tuple = ()
    modified: tuple = ()

    def get(self, name):
        for each in self.entries:
            if each.name == name and isinstance(each, Entry):
                return each
        raise UnknownConcealer(name, "is not known")

    def changed(self):
        return self.modified


@dataclass
class FakeRunner:
    """Fills lost packets with a constant; `hold` keeps renderings back."""

    hold: bool = False
    waiting: list = field(default_factory=list)

    def submit(self, found, parameters, lossy, trace, job=None, reference=None):
        future = Future()
        self.waiting.append((found, dict(parameters), lossy, trace, future))
        if not self.hold:
            self.serve()
        return future

    def serve(self):
        for found, parameters, lossy, trace, future in self.waiting:
            if future.cancelled():
                continue
            if found.name == "fails":
                future.set_exception(
                    ConcealerFailed("fails", "returned NaN", "mend it", details="Traceback: here")
                )
                continue
            samples = lossy.samples.copy()
            samples[trace.mask(lossy.frames)] = parameters.get("level", 0.25)
            future.set_result(Made(Signal(samples, lossy.rate)))
        self.waiting.clear()

    def close(self):
        pass


def speech(seconds=2.0, pitch=110.0):
    """Return something with the ups and downs of speech."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 8))
    return Signal.of(0.2 * wave * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time)), RATE)


def loss(text, packets=100):
    """Return flags from places such as ``10-12 40``."""
    lost = np.zeros(packets, np.bool_)
    for part in text.split():
        first, _, last = part.partition("-")
        lost[int(first) : int(last or first) + 1] = True
    return lost


def write_clip(folder, name, lost, pitch=110.0):
    """Write one clip in the challenge's layout, with a condition ``mild``."""
    for part in ("clean", "lossy_signals", "mild"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    clean = speech(pitch=pitch)
    samples = clean.samples.copy()
    samples[np.repeat(lost, PACKET)[: clean.frames]] = 0
    write_signal(folder / "clean" / f"{name}.wav", clean)
    write_signal(folder / "lossy_signals" / f"{name}.wav", Signal(samples, RATE))
    text = "".join(f"{int(flag)}\n" for flag in lost)
    (folder / "lossy_signals" / f"{name}_is_lost.txt").write_text(text)
    write_signal(folder / "mild" / f"{name}.wav", Signal(clean.samples * np.float32(0.5), RATE))
