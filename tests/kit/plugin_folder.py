"""Writing plugins for tests, and short sounds with losses to run them on."""

# ruff: noqa: E501 - plugin sources stand in one line

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.describing import describe
from gaplisten.concealers.entries import BrokenEntry, Entry, Limits, from_json
from gaplisten.concealers.loading import load
from gaplisten.folders import bundled_plugins
from gaplisten.loss.trace import LossTrace

# Little memory, but time enough on a busy machine; and one limit for what is meant to run into it.
QUICK = Limits(times_real_time=1.0, least_seconds=30.0, memory_bytes=256 * 2**20, import_seconds=30.0)
IMPATIENT = Limits(times_real_time=1.0, least_seconds=1.5, memory_bytes=256 * 2**20, import_seconds=3.0)

SEVERAL = """
import numpy as np
class Streaming:
    def __init__(self, rate, packet_frames, channels): self.size = (packet_frames, channels)
    def packet(self, samples): {packet}
"""


def write(folder: Path, name: str, text: str) -> Path:
    """Write a plugin file, dedented."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def described(folder: Path, name: str, text: str, limits: Limits = QUICK) -> Entry | BrokenEntry:
    """Write a plugin and return what the catalogue says of it."""
    write(folder, name, text)
    entries = Catalogue.scan([folder], others=False, limits=limits).entries
    return next(entry for entry in entries if entry.name == name)


def entry_of(folder: Path, name: str, text: str) -> Entry:
    """Write a plugin that keeps the contract; described here, which is quicker than in a process of its own."""
    path = write(folder, name, text)
    values = describe(load(path))
    return from_json({**values, "name": name, "path": str(path), "origin": "named", "target": ""})


def bundled(folder: Path, name: str) -> Entry:
    """Return a copy of a bundled plugin, without describing all the others as a scan would."""
    return entry_of(folder, name, (bundled_plugins() / f"{name}.py").read_text(encoding="utf-8"))


def streaming(folder: Path, name: str, packet: str) -> Entry:
    """Write a streaming plugin of which only the body of `packet` matters."""
    return entry_of(folder, name, SEVERAL.format(packet=packet))


def whole_file(folder: Path, name: str, body: str) -> Entry:
    """Write a whole-file plugin of which only the body matters."""
    lines = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return entry_of(
        folder, name, f"import numpy as np\ndef conceal(lossy, lost, rate, packet_frames):\n{lines}\n"
    )


def noise(seconds: float = 0.5, rate: int = 16_000, channels: int = 1, seed: int = 1) -> Signal:
    """Return noise; no sample is zero."""
    frames = round(seconds * rate)
    samples = np.random.default_rng(seed).uniform(0.01, 0.5, (frames, channels)).astype(np.float32)
    return Signal(samples, rate)


def losses(signal: Signal, packets: tuple[int, ...] = (3, 4, 9), packet_ms: float = 20.0) -> LossTrace:
    """Return a trace for the signal in which the packets named are lost."""
    size = round(signal.rate * packet_ms / 1000)
    lost = np.zeros(-(-signal.frames // size), np.bool_)
    lost[list(packets)] = True
    return LossTrace.of_packets(lost, size, signal.rate)
