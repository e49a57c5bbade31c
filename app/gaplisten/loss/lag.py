"""How late a version is, place by place: where its delay jumps as frames are thrown away or put in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft

from gaplisten.audio.alignment import estimate_delay
from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job

_BLOCK_MS, _HOP_MS = 160.0, 20.0
_REACH_MS = 45.0  # a jump is no larger
_CLEARLY = 0.08  # normalised correlation by which another delay has to fit better
_ALIKE = 0.4
# Codecs that make speech anew turn its phases, place by place: up to about as much, and never so like.
_SMALL_MS, _SMALL_CLEARLY, _SMALL_ALIKE = 1.0, 0.2, 0.9
_STAYS = 4  # blocks in a row
_SAME_MS = 0.15
_LASTS_SECONDS = 0.6
_QUIET = 1e-3  # of the loudest block's energy
_LOUD, _FIRST, _FAR, _SURELY = 0.03, 12, 8, 0.6  # of the beginning: which blocks tell its delay

Row = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Jump:
    """From `frame` of the reference on, everything comes `by` frames later (negative: earlier)."""

    frame: int
    by: int


@dataclass(frozen=True, eq=False)
class Lags:
    """By how many frames a version is late, and where that changes.

    Parameters
    ----------
    first
        At its beginning.
    sure
        Whether version and reference are alike at all.
    """

    first: int
    jumps: tuple[Jump, ...]
    sure: bool

    def places(self, frames: int) -> npt.NDArray[np.int64]:
        """Return where in the version each frame of the reference is found."""
        late = np.full(frames, self.first, np.int64)
        for jump in self.jumps:
            late[max(jump.frame, 0) :] += jump.by
        return np.arange(frames, dtype=np.int64) + late

    def aligned(self, version: Row, frames: int) -> Row:
        """Return the version on the reference's clock, 0 where it has nothing."""
        places = self.places(frames)
        inside = (places >= 0) & (places < len(version))
        return np.where(inside, version[np.clip(places, 0, max(len(version) - 1, 0))], 0.0)

    def known(self, length: int, frames: int) -> npt.NDArray[np.bool_]:
        """Return which frames of the reference the version has anything of."""
        places = self.places(frames)
        return np.asarray((places >= 0) & (places < length), np.bool_)


def lags_of(known: Row, heard: Row, rate: int, job: Job | None = None) -> Lags:
    """Follow a version's delay.

    Parameters
    ----------
    known, heard
        Reference and version, one channel.

    Notes
    -----
    Blocks of 160 ms, cross-correlated with spectra half whitened; another delay counts when it fits clearly
    better in several blocks in a row; the jump is put where the error of both delays together is smallest.
    """
    job = job or Job()
    if not known.any() or not heard.any():
        return Lags(0, (), False)
    whole = estimate_delay(Signal.of(known, rate), Signal.of(heard, rate))
    block, hop, reach = (round(ms * rate / 1000) for ms in (_BLOCK_MS, _HOP_MS, _REACH_MS))
    first = _start(known, heard, rate, whole.frames, block, reach)
    starts = np.arange(0, max(len(known) - block, 0) + 1, hop)
    energy = np.array([float(np.dot(known[at : at + block], known[at : at + block])) for at in starts])
    loud = starts[energy > energy.max() * _QUIET]
    now, jumps, seen = first, list[Jump](), list[tuple[int, int]]()
    same = max(round(_SAME_MS * rate / 1000), 1)
    last_good = 0
    for count, start in enumerate(loud.tolist()):
        if count % 200 == 0:
            job.check(0.2 * count / max(len(loud), 1), "aligning")
        lag, better, alike = _best(known, heard, start, block, now, reach)
        if alike < _ALIKE or not better or abs(lag - now) <= same:
            seen = []
            last_good = start if alike >= _ALIKE else last_good
            continue
        if seen and abs(seen[-1][1] - lag) > same:
            seen = []
        seen.append((start, lag))
        if len(seen) < _STAYS:
            continue
        new = int(np.median([each for _, each in seen]))
        place = _between(known, heard, last_good, seen[0][0] + block, now, new)
        jumps.append(Jump(place, new - now))
        now, seen = new, []
    return Lags(first, _lasting(jumps, rate), bool(whole.track))


def _lasting(jumps: list[Jump], rate: int) -> tuple[Jump, ...]:
    """Leave out what goes back at once: concealed sound may fit better elsewhere for a while."""
    kept: list[Jump] = []
    for jump in jumps:
        back = kept and abs(kept[-1].by + jump.by) <= max(round(_SAME_MS * rate / 500), 2)
        if back and jump.frame - kept[-1].frame < _LASTS_SECONDS * rate:
            kept.pop()
        else:
            kept.append(jump)
    return tuple(kept)


def _start(known: Row, heard: Row, rate: int, near: int, block: int, reach: int) -> int:
    """Return the delay at the beginning, from which jumps may have led away over the clip."""
    energy = np.array([float(np.dot(known[at : at + block], known[at : at + block]))
                       for at in range(0, max(len(known) - block, 0) + 1, block // 2)])  # fmt: skip
    loud = np.flatnonzero(energy > energy.max() * _LOUD)[:_FIRST]
    found = [_best(known, heard, int(at) * (block // 2), block, near, reach * _FAR) for at in loud]
    clear = [lag for lag, better, alike in found if better and alike >= _SURELY]
    same = max(round(_SAME_MS * rate / 1000), 1)
    if clear:
        middle = int(np.median(clear))
        agreeing = sum(abs(lag - middle) <= same for lag in clear)
        if agreeing >= _STAYS and agreeing * 2 > len(found):
            return middle
    return near


def _best(known: Row, heard: Row, start: int, block: int, now: int, reach: int) -> tuple[int, bool, float]:
    """Return the delay that fits a block best, whether it does so clearly better, and how well it fits."""
    part = known[start : start + block]
    field = _stretch(heard, start + now - reach, block + 2 * reach)
    size = next_fast_len(len(field) + block, real=True)
    cross = rfft(field, size) * np.conj(rfft(part, size))
    cross /= np.sqrt(np.abs(cross)) + 1e-9 * float(np.abs(cross).max(initial=0.0)) ** 0.5 + 1e-30
    found = irfft(cross, size)[: 2 * reach + 1]
    lag = int(np.argmax(found))
    here, there = _alike(part, field[reach : reach + block]), _alike(part, field[lag : lag + block])
    near = abs(lag - reach) * _BLOCK_MS <= _SMALL_MS * block
    better = there > here + (_SMALL_CLEARLY if near else _CLEARLY) and (there > _SMALL_ALIKE or not near)
    return now + lag - reach, better, max(here, there)


def _stretch(heard: Row, start: int, size: int) -> Row:
    inside = heard[max(start, 0) : max(start + size, 0)]
    before = min(max(-start, 0), size)
    return np.pad(inside, (before, size - before - len(inside)))


def _alike(one: Row, other: Row) -> float:
    """Return the normalised correlation, exact zeros of the other left out: what is missing is no delay."""
    one = np.where(other != 0, one, 0.0)
    scale = float(np.sqrt(np.dot(one, one) * np.dot(other, other)))
    return float(np.dot(one, other)) / scale if scale > 0 else 0.0


def _between(known: Row, heard: Row, start: int, stop: int, old: int, new: int) -> int:
    """Return where the old delay stops fitting and the new one begins."""
    part = known[start:stop]
    before = np.square(part - _stretch(heard, start + old, len(part)))
    after = np.square(part - _stretch(heard, start + new, len(part)))
    gain = np.concatenate(([0.0], np.cumsum(before - after)))
    return start + int(np.argmin(gain))
