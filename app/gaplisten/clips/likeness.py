"""Whether two files are versions of the same speech: by how their energy moves, whatever was done to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.files import read_start
from gaplisten.audio.signal import Signal
from gaplisten.errors import GaplistenError

SECONDS = 12.0
HOP = 0.01
_BANDS = (100, 300, 600, 1000, 1600, 2400, 3600)  # Hz: what narrow-band codecs leave
_FLOOR_DB = 45.0
_HOPS = 256  # that are transformed in one go
_BLOCK = 3.0  # seconds
_LAG = 0.3  # seconds: codec and transport delay
ALIKE = 0.7

Envelope = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def envelope_of(signal: Signal) -> Envelope:
    """Return the energy in bands over time in dB, shape ``(hops, bands)``; NaN where all is zero."""
    hop = max(1, round(HOP * signal.rate))
    count = max(0, (signal.frames - 2 * hop) // hop + 1)
    if not count:
        return np.zeros((0, len(_BANDS) - 1))
    loud, empty = np.zeros((count, len(_BANDS) - 1)), np.zeros(count, np.bool_)
    for at in range(0, count, _HOPS):
        stop = min(at + _HOPS, count)
        loud[at:stop], empty[at:stop] = _of_stretch(signal, at, stop, hop)
    found: Envelope = np.maximum(loud, loud.max() - _FLOOR_DB)
    found[empty] = np.nan
    return found


def _of_stretch(signal: Signal, start: int, stop: int, hop: int) -> tuple[Envelope, Flags]:
    """Return the energy in bands of some hops in dB, and which of them are all zero."""
    size = 2 * hop
    stretch = Signal(signal.samples[start * hop : (stop + 1) * hop], signal.rate)
    samples = stretch.mono.astype(np.float64)
    windows: Envelope = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    power = np.abs(np.fft.rfft(windows * np.hanning(size), axis=1)) ** 2
    edges = np.round(np.array(_BANDS) * size / signal.rate).astype(int)
    bands = [power[:, low : max(high, low + 1)].sum(axis=1) for low, high in pairwise(edges)]
    energy = np.stack([band if band.size else np.zeros(len(windows)) for band in bands], axis=1)
    loud: Envelope = 10.0 * np.log10(np.maximum(energy, 1e-20))
    return loud, np.asarray(~windows.any(axis=1))


def likeness(first: Envelope, second: Envelope) -> float:
    """Return how alike two envelopes are, -1..1, at the best lag; NaN for too little sound."""
    best, most = np.nan, min(round(_LAG / HOP), len(first) // 4, len(second) // 4)
    for lag in sorted(range(-most, most + 1), key=abs):
        a, b = first[max(lag, 0) :], second[max(-lag, 0) :]
        count = min(len(a), len(b))
        found = _correlation(a[:count], b[:count])
        if not best >= found:
            best = found if not np.isnan(found) else best
    return float(best)


def _correlation(first: Envelope, second: Envelope) -> float:
    both = ~(np.isnan(first) | np.isnan(second)).any(axis=1)
    if np.count_nonzero(both) < round(0.4 / HOP):
        return float("nan")
    a, b = first[both], second[both]
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / norm if norm > 0 else float("nan")


def alike_in_blocks(first: Signal, second: Signal, lag_seconds: float = _LAG) -> float:
    """Return how alike two sounds are, block by block: what a jitter buffer stretches keeps no single lag."""
    return _at_their_best(_blocks(first, second, lag_seconds))


def are_alike_in_blocks(first: Signal, second: Signal, least: float) -> bool | None:
    """Tell whether two sounds are as alike as that, as `alike_in_blocks` has it; None: too little sound."""
    blocks = _blocks(first, second, _LAG)
    # Mostly nothing is late, and at its best lag a block is at least as alike as at none: that takes 1/60.
    if np.mean([_at_its_own_place(block) for block in blocks]) >= least:
        return True
    alike = _at_their_best(blocks)
    return None if np.isnan(alike) else alike >= least


@dataclass(frozen=True, eq=False)
class _Block:
    """A block of one sound, what lies around it in the other one, and where it would lie in that, in hops."""

    block: Envelope
    around: Envelope
    place: int


def _blocks(first: Signal, second: Signal, lag_seconds: float) -> list[_Block]:
    a, b = envelope_of(first), envelope_of(second)
    size, most = round(_BLOCK / HOP), round(lag_seconds / HOP)
    places = range(0, max(len(a) - size // 2, 1), size)
    return [
        _Block(a[at : at + size], b[max(at - most, 0) : at + size + most], min(at, most)) for at in places
    ]


def _at_their_best(blocks: Iterable[_Block]) -> float:
    values = [_best_within(each.block, each.around) for each in blocks]
    found = [value for value in values if not np.isnan(value)]
    return float(np.mean(found)) if found else float("nan")


def _at_its_own_place(block: _Block) -> float:
    """Return how alike a block is with nothing late; NaN where too little sounds or is there."""
    part = block.around[block.place : block.place + len(block.block)]
    return _correlation(block.block, part) if len(part) == len(block.block) else float("nan")


def _best_within(block: Envelope, around: Envelope) -> float:
    """Return the best correlation of a block with a stretch of its length."""
    values = [
        _correlation(block[: len(part)], part)
        for lag in range(max(len(around) - len(block), 0) + 1)
        if len(part := around[lag : lag + len(block)])
    ]
    known = [value for value in values if not np.isnan(value)]
    return max(known, default=float("nan"))


def likeness_of_files(first: Path, second: Path, reading: Reading = AS_TOLD) -> float:
    """Return how alike the first seconds of two files are; NaN where that cannot be told.

    Parameters
    ----------
    reading
        How files are read that do not tell, or have more channels than are wanted.
    """
    a, b = _envelope(*_stamp(first), reading), _envelope(*_stamp(second), reading)
    return float("nan") if a is None or b is None else likeness(a, b)


def _stamp(path: Path) -> tuple[Path, int, int]:
    try:
        found = path.stat()
    except OSError:
        return path, 0, 0
    return path, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=256)
def _envelope(path: Path, _size: int, _changed: int, reading: Reading) -> Envelope | None:
    try:
        return envelope_of(read_start(path, SECONDS, reading))
    except GaplistenError:
        return None
