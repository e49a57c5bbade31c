"""Stand-ins for sound and concealers in tests of the window, and clips whose losses are told in words."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.concealers.entries import BrokenEntry, Entry, Parameter
from gaplisten.concealers.errors import ConcealerFailed, UnknownConcealer
from gaplisten.concealers.request import Concealed
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.trace import Flags, LossTrace
from kit.challenge import write_versions

RATE, PACKET = 16000, 320


def entry(name: str, title: str, *parameters: Parameter, delay_ms: float | None = None) -> Entry:
    return Entry(name, title, "streaming", parameters, (), None, True, delay_ms, "", Path(f"{name}.py"), "1")


def made_of(signal: Signal, *, altered_received: float = 0.0, messages: tuple[str, ...] = ()) -> Concealed:
    """Return what a concealer at the clip's rate made in no time."""
    times = np.zeros(1)
    return Concealed(signal, 0, 0.01, 0.01, altered_received, False, messages, False, times)


@dataclass
class FakeCatalogue:
    entries: tuple[Entry | BrokenEntry, ...] = (
        entry("loud", "Loud", Parameter("level", "float", 0.25, 0.0, 1.0, unit="FS", help="How loud")),
        entry("fails", "Fails"),
        BrokenEntry("broken", Path("broken.py"), "line 3: invalid syntax"),
    )
    problems: tuple[GaplistenError, ...] = ()
    modified: tuple[Entry, ...] = ()

    def get(self, name: str) -> Entry:
        for each in self.entries:
            if each.name == name and isinstance(each, Entry):
                return each
        raise UnknownConcealer(name, "is not known")

    def changed(self) -> tuple[Entry, ...]:
        return self.modified


Waiting = tuple[Entry, dict[str, Any], Signal, LossTrace, Future[Concealed]]


@dataclass
class FakeRunner:
    """Fills lost packets with a constant; `hold` keeps renderings back."""

    hold: bool = False
    waiting: list[Waiting] = field(default_factory=list)

    def submit(
        self,
        found: Entry,
        parameters: Mapping[str, Any],
        lossy: Signal,
        trace: LossTrace,
        job: Job | None = None,
        reference: Signal | None = None,
    ) -> Future[Concealed]:
        future: Future[Concealed] = Future()
        self.waiting.append((found, dict(parameters), lossy, trace, future))
        if not self.hold:
            self.serve()
        return future

    def serve(self) -> None:
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
            future.set_result(made_of(Signal(samples, lossy.rate)))
        self.waiting.clear()

    def close(self) -> None:
        pass


def speech(seconds: float = 2.0, pitch: float = 110.0) -> Signal:
    """Return something with the ups and downs of speech."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = np.sum([np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 8)], axis=0)
    return Signal.of(0.2 * wave * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time)), RATE)


def loss(text: str, packets: int = 100) -> Flags:
    """Return flags from places such as ``10-12 40``."""
    lost = np.zeros(packets, np.bool_)
    for part in text.split():
        first, _, last = part.partition("-")
        lost[int(first) : int(last or first) + 1] = True
    return lost


def write_clip(folder: Path, name: str, lost: Flags, pitch: float = 110.0) -> None:
    """Write one clip in the challenge's layout, with a condition ``mild``."""
    clean = speech(pitch=pitch)
    samples = clean.samples.copy()
    samples[np.repeat(lost, PACKET)[: clean.frames]] = 0
    mild = clean.samples * np.float32(0.5)
    write_versions(folder, name, {"clean": clean.samples, "lossy_signals": samples, "mild": mild}, lost)
