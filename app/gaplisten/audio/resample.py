"""Changing the sampling rate once, well, and with an exact length."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples, Signal


def resample(signal: Signal, rate: int) -> Signal:
    """Return the signal at another rate, linear phase, with no shift in time.

    Parameters
    ----------
    signal
        Any rate and number of channels.
    rate
        Wanted rate in Hz.

    Returns
    -------
    signal
        Exactly ``round(frames * rate / signal.rate)`` frames; the same object if the rate is right already.

    Notes
    -----
    soxr's "very high quality" recipe: pass band to 0.913 of the lower Nyquist frequency, 28-bit precision.
    """
    if rate == signal.rate:
        return signal
    import soxr

    wanted = round(signal.frames * rate / signal.rate)
    made = soxr.resample(signal.samples, signal.rate, rate, quality="VHQ").astype(np.float32, copy=False)
    missing = wanted - len(made)
    if missing > 0:
        made = np.concatenate([made, np.zeros((missing, signal.channels), np.float32)])
    return Signal(np.ascontiguousarray(made[:wanted]), rate)


# -- the same in pieces ------------------------------------------------------------------------------------

_BLOCKS_PROBED = (40, 700)  # most come round at once
_REACH = 2048  # frames of the lower rate that soxr's longest filter reaches back, with much to spare
_PIECE = 1 << 14
_RUN_ON = 1 << 16  # frames that are rather resampled in passing than left out by beginning anew


class PieceResampler:
    """Any stretch of a sound at another rate: to the bit that of the whole as `resample` makes it.

    soxr filters in blocks by Fourier transforms, whose rounding depends on where blocks begin. So a stretch
    in the middle is begun at a frame at which the whole's blocks begin, too (see `restart_frames`), and so
    far before it that nothing of what was left out is still in a filter or a block.

    Parameters
    ----------
    read
        Returns the frames ``[start, stop)`` at the first rate, float32, shape ``(stop - start, channels)``.
    frames, channels
        Of the sound.
    rate, wanted
        From which rate to which, in Hz; they differ.
    """

    def __init__(
        self, read: Callable[[int, int], Samples], frames: int, channels: int, rate: int, wanted: int
    ) -> None:
        self._read, self._source_frames, self._channels = read, frames, channels
        common = math.gcd(rate, wanted)
        self._up, self._down = wanted // common, rate // common
        self._rates = rate, wanted
        self.frames = round(frames * wanted / rate)
        self._stream: Any = None
        self._at = self._first = 0  # frames read so far; the first frame of what is held
        self._held = np.zeros((0, channels), np.float32)

    def read(self, start: int, stop: int) -> Samples:
        """Return the frames ``[start, stop)`` at the wanted rate; one that follows the last is quick."""
        start, stop = min(start, self.frames), min(stop, self.frames)
        if self._stream is None or not self._first <= start <= self._first + len(self._held) + _RUN_ON:
            self._begin(start)
        self._drop(start)
        while self._first + len(self._held) < stop and self._at < self._source_frames:
            self._go_on()
            self._drop(start)
        found = self._held[start - self._first : stop - self._first]
        if len(found) < stop - start:  # `resample` ends so, too
            found = np.concatenate([found, np.zeros((stop - start - len(found), self._channels), np.float32)])
        return found

    def _begin(self, start: int) -> None:
        import soxr

        every, lead = restart_frames(*self._rates)
        source = start * self._down // self._up
        self._at = max(source - lead, 0) // every * every if every else 0
        self._first = self._at // self._down * self._up
        self._held = self._held[:0]
        self._stream = soxr.ResampleStream(*self._rates, self._channels, dtype="float32", quality="VHQ")

    def _go_on(self) -> None:
        piece = self._read(self._at, min(self._at + _PIECE, self._source_frames))
        self._at += len(piece)
        made = self._stream.resample_chunk(
            np.ascontiguousarray(piece), last=self._at >= self._source_frames
        ).reshape(-1, self._channels)
        self._held = np.concatenate([self._held, made])

    def _drop(self, before: int) -> None:
        over = min(max(before - self._first, 0), len(self._held))
        self._held, self._first = self._held[over:], self._first + over


@cache
def restart_frames(rate: int, wanted: int) -> tuple[int, int]:
    """Return where soxr may begin in the middle of a sound, from `rate` to `wanted`.

    Returns
    -------
    every
        Its blocks and phases are at multiples of so many frames of the sound as they were at its beginning;
        0 if no such number was found: then only the beginning will do.
    lead
        After so many frames nothing of what came before them has any effect.

    Notes
    -----
    soxr does not tell; when it gives frames out does. They come by the block, and blocks come round.
    """
    common = math.gcd(rate, wanted)
    up, down = wanted // common, rate // common
    lead = 0
    for probed in _BLOCKS_PROBED:
        given = _given_out(rate, wanted, probed)
        came, total = np.array([frames for frames, _ in given]), np.array([count for _, count in given])
        lead = 5 * int(np.diff(came, prepend=0).max()) + _REACH * max(1, -(-rate // wanted))
        for blocks in range(1, len(given) // 2):
            every = int(came[blocks] - came[0])
            if (
                every % down == 0
                and (came[blocks:] - came[:-blocks] == every).all()
                and (total[blocks:] - total[:-blocks] == every // down * up).all()
            ):
                return every, lead
    return 0, lead


def _given_out(rate: int, wanted: int, blocks: int) -> list[tuple[int, int]]:
    """Return after how many frames soxr gives out a block, and how many frames it has given out by then."""
    import soxr

    stream = soxr.ResampleStream(rate, wanted, 1, dtype="float32", quality="VHQ")
    frame, zeros = np.zeros((1, 1), np.float32), np.zeros((1 << 16, 1), np.float32)
    given: list[tuple[int, int]] = []
    at = total = 0
    while len(given) < blocks:
        gaps = [later - sooner for (sooner, _), (later, _) in pairwise(given)]
        skip = min(gaps) - 2 if len(gaps) > 8 else 0
        if skip > 1 and at == given[-1][0]:
            at += skip
            if len(stream.resample_chunk(zeros[:skip])):
                return given  # blocks come closer than ever before: they do not come round soon
        at += 1
        made = len(stream.resample_chunk(frame))
        if made:
            total += made
            given.append((at, total))
    return given
