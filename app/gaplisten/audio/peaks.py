"""Minimum and maximum of any stretch of sound, exact and fast at every zoom.

A pyramid keeps the extremes of blocks of 256 frames and of 32 such blocks. Where a pixel column begins or
ends inside a block, the samples of that block are looked at, so what is drawn is always the true
minimum and maximum of the column: no click is ever decimated away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import Frames, Raw, SampleSource, gather_rows
from gaplisten.jobs import Job

BASE = 256
FAN = 32
CHUNK = 1 << 20
# Up to this many frames in a column the samples themselves are reduced; they are few enough.
DIRECT = 2 * BASE
MANY = 1 << 20
GLIMPSES = 1024
FEWER_GLIMPSES = 300

# Low and high before an edge, low and high from it on.
_Parts = tuple[Raw, Raw, Raw, Raw]


@dataclass(frozen=True, eq=False)
class Columns:
    """Extremes of pixel columns.

    Parameters
    ----------
    low, high
        Lowest and highest sample of each column, full scale ±1.0, shape ``(columns,)``; over all channels.
    known
        False where the sound has not been read yet, or where there is none.
    coarse
        True where the extremes are those of a short piece near the column: a first picture, not the truth.
    """

    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]
    coarse: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Level:
    block: int
    low: Raw
    high: Raw


class PeakPyramid:
    """Extremes of a source, filled chunk by chunk (from several threads if wanted) and read at any time."""

    def __init__(self, source: SampleSource) -> None:
        self.source = source
        self._channels = source.channels
        self._aligned = source.grain > 1
        base = source.grain if self._aligned else BASE
        self.chunks = -(-source.frames // CHUNK)
        self.ready = np.zeros(self.chunks, np.bool_)
        self._glimpses: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None
        self._levels = tuple(_empty_level(source, block) for block in (base, base * FAN))

    @property
    def complete(self) -> bool:
        """Whether every chunk has been read."""
        return bool(self.ready.all())

    @property
    def glimpsed(self) -> bool:
        """Whether there is a first, coarse picture."""
        return self._glimpses is not None

    @property
    def fraction(self) -> float:
        """Share of the sound that has been read, 0..1."""
        return float(self.ready.mean()) if self.chunks else 1.0

    def fill(self, chunk: int) -> None:
        """Read one chunk of `CHUNK` frames; different chunks may be filled by different threads."""
        start, stop = chunk * CHUNK, min((chunk + 1) * CHUNK, self.source.frames)
        raw = self.source.bulk(start, stop)
        base, upper = self._levels
        low, high = _reduce_blocks(raw, raw, base.block)
        at = start // base.block
        base.low[at : at + len(low)], base.high[at : at + len(high)] = low, high
        low, high = _reduce_blocks(low, high, FAN)
        at = start // upper.block
        upper.low[at : at + len(low)], upper.high[at : at + len(high)] = low, high
        self.ready[chunk] = True

    def fill_all(self, job: Job | None = None) -> PeakPyramid:
        """Read everything that is not read yet, and return the pyramid itself."""
        for chunk in np.flatnonzero(~self.ready).tolist():
            if job is not None:
                job.check(self.fraction)
            self.fill(chunk)
        return self

    def columns(self, edges: Frames) -> Columns:
        """Return the extremes of the columns between successive `edges`.

        Parameters
        ----------
        edges
            Ascending frames, shape ``(columns + 1,)``; they may lie outside the sound. A column without a
            frame of its own takes the frame at its left edge.
        """
        count = len(edges) - 1
        inside = (edges[1:] > 0) & (edges[:-1] < self.source.frames) & (edges[:-1] >= 0)
        low, high = np.zeros(count, np.float32), np.zeros(count, np.float32)
        part = np.flatnonzero(inside)
        if part.size == 0:
            return Columns(low, high, inside, np.zeros(count, np.bool_))
        first, last = int(part[0]), int(part[-1]) + 1
        cut = np.minimum(edges[first : last + 1], self.source.frames)
        known = inside.copy()
        known[first:last] &= self._known(cut)
        part = np.flatnonzero(known)
        if part.size:
            first, last = int(part[0]), int(part[-1]) + 1
            raw_low, raw_high = self._extremes(np.minimum(edges[first : last + 1], self.source.frames))
            scale = np.float32(self.source.scale)
            low[first:last], high[first:last] = raw_low * scale, raw_high * scale
        return self._with_glimpses(Columns(low, high, known, inside & ~known), edges)

    def _with_glimpses(self, columns: Columns, edges: Frames) -> Columns:
        if not columns.coarse.any() or self._glimpses is None:
            return replace(columns, coarse=np.zeros_like(columns.coarse))
        at = np.flatnonzero(columns.coarse)
        low, high = self._glimpses
        middle = (edges[at] + edges[at + 1]) // 2
        place = np.clip(middle * len(low) // max(self.source.frames, 1), 0, len(low) - 1)
        columns.low[at], columns.high[at] = low[place], high[place]
        return columns

    def glimpse(self) -> None:
        """Look at short pieces all over the sound, for a first picture."""
        low, high = self._glimpsed_far() if self._aligned else self._glimpsed_at_once()
        scale = np.float32(self.source.scale)
        self._glimpses = ((low * scale).astype(np.float32), (high * scale).astype(np.float32))

    def _glimpsed_at_once(self) -> tuple[Raw, Raw]:
        # One call for all pieces, so that the thread that paints is not kept waiting for the interpreter.
        blocks = -(-self.source.frames // BASE)
        count = min(GLIMPSES, blocks)
        pieces = self.source.gather(np.arange(count) * blocks // max(count, 1), BASE)
        pieces = pieces.reshape(count, -1)
        return pieces.min(axis=1, initial=0), pieces.max(axis=1, initial=0)

    def _glimpsed_far(self) -> tuple[Raw, Raw]:
        frames = self.source.frames
        starts = (np.arange(FEWER_GLIMPSES) * frames // FEWER_GLIMPSES).tolist()
        pieces = [self.source.glimpse(start, min(BASE, frames - start)) for start in starts]
        low = np.array([piece.min(initial=0) for piece in pieces])
        return low, np.array([piece.max(initial=0) for piece in pieces])

    @property
    def loudest(self) -> float:
        """Largest magnitude known so far, full scale 1.0."""
        upper = self._levels[1]
        if not len(upper.low):
            return 0.0
        found = max(abs(float(upper.low.min())), abs(float(upper.high.max()))) * self.source.scale
        if self._glimpses is not None:
            found = max(found, float(self._glimpses[1].max()), -float(self._glimpses[0].min()))
        return found if np.isfinite(found) else 1.0

    def _known(self, edges: Frames) -> npt.NDArray[np.bool_]:
        if self.complete or _narrowest(edges) < DIRECT:
            return np.ones(len(edges) - 1, np.bool_)
        gaps = np.concatenate(([0], np.cumsum(~self.ready)))
        last = np.minimum(np.maximum(edges[1:] - 1, edges[:-1]) // CHUNK, self.chunks - 1)
        known: npt.NDArray[np.bool_] = gaps[last + 1] == gaps[edges[:-1] // CHUNK]
        return known

    def _extremes(self, edges: Frames) -> tuple[Raw, Raw]:
        narrowest = _narrowest(edges)
        if narrowest < DIRECT:
            return self._from_samples(edges)
        if self._aligned:
            # Where frames are dear to reach, a column may begin up to half a grain beside its place.
            base = self._levels[0].block
            edges = np.append((edges[:-1] + base // 2) // base * base, edges[-1])
        return self._from_level(edges, self._level_for(narrowest, edges))

    def _level_for(self, narrowest: int, edges: Frames) -> int:
        # Base blocks are reduced so fast that the upper level pays only where there are very many.
        many = (edges[-1] - edges[0]) // self._levels[0].block > MANY
        return 1 if many and narrowest >= 2 * self._levels[1].block else 0

    def _from_samples(self, edges: Frames) -> tuple[Raw, Raw]:
        start, stop = int(edges[0]), max(int(edges[-1]), int(edges[0]) + 1)
        raw = self.source.raw(start, stop)
        # A repeated edge gives the frame at that edge, which is what a column narrower than a frame shows.
        at = np.minimum(edges[:-1] - start, len(raw) - 1)
        low, high = np.minimum.reduceat(raw, at, axis=0), np.maximum.reduceat(raw, at, axis=0)
        return low.min(axis=1), high.max(axis=1)

    def _from_level(self, edges: Frames, level: int) -> tuple[Raw, Raw]:
        tier = self._levels[level]
        left_low, left_high, right_low, right_high = self._split(edges, level)
        begin, end = -(-edges[:-1] // tier.block), edges[1:] // tier.block
        low = _between(np.minimum, tier.low, begin, end)
        high = _between(np.maximum, tier.high, begin, end)
        # The last column may be too short to hold a whole block; its parts come from the samples.
        empty = end <= begin
        if empty.any():
            self._patch_short(edges, empty, low, high)
        full = ~empty
        np.minimum(low, right_low[:-1], out=low, where=full)
        np.maximum(high, right_high[:-1], out=high, where=full)
        np.minimum(low, left_low[1:], out=low, where=full)
        np.maximum(high, left_high[1:], out=high, where=full)
        return low, high

    def _patch_short(self, edges: Frames, empty: npt.NDArray[np.bool_], low: Raw, high: Raw) -> None:
        for column in np.flatnonzero(empty).tolist():
            raw = self.source.raw(int(edges[column]), max(int(edges[column + 1]), int(edges[column]) + 1))
            low[column], high[column] = raw.min(), raw.max()

    def _split(self, edges: Frames, level: int) -> _Parts:
        """Return the extremes of the block at `level` around each edge: before it, and from it on."""
        block = self._levels[level].block
        number = edges // block
        if level == 0 and self._aligned:
            return self._split_aligned(edges, number)
        if level == 0:
            return self._split_samples(edges, number)
        finer = self._levels[level - 1]
        low, high = (gather_rows(values[:, None], number, FAN)[..., 0] for values in (finer.low, finer.high))
        # The finer block that holds the edge counts on neither side: its two parts are found one level down.
        cell = edges // finer.block - number * FAN
        return _merge(_split_rows(low, high, cell, leave_out=1), self._split(edges, level - 1))

    def _split_samples(self, edges: Frames, number: Frames) -> _Parts:
        """Return the extremes around each edge within its base block.

        The samples are fetched only where the block is not constant: of silence, and of lanes that do not
        differ, the answer is known already.
        """
        base = self._levels[0]
        at = np.minimum(number, len(base.low) - 1)
        least, most = _limits(base.low.dtype)
        value, offset = base.low[at], edges - number * base.block
        parts = (
            np.where(offset > 0, value, most),
            np.where(offset > 0, value, least),
            value.copy(),
            value.copy(),
        )
        mixed = np.flatnonzero(base.low[at] != base.high[at])
        if mixed.size:
            rows = self.source.gather(number[mixed], base.block).reshape(mixed.size, -1)
            found = _split_rows(rows, rows, offset[mixed] * self._channels)
            for part, exact in zip(parts, found, strict=True):
                part[mixed] = exact
        return parts

    def _split_aligned(self, edges: Frames, number: Frames) -> _Parts:
        """Return what lies around edges that are block edges: nothing before them, the block from them on.

        Only the end of the sound may lie inside a block; then that block lies before it.
        """
        base = self._levels[0]
        at = np.minimum(number, len(base.low) - 1)
        inside = edges > number * base.block
        least, most = _limits(base.low.dtype)
        low, high = base.low[at], base.high[at]
        return (
            np.where(inside, low, most),
            np.where(inside, high, least),
            np.where(inside, most, low),
            np.where(inside, least, high),
        )


def _narrowest(edges: Frames) -> int:
    """Return the width of the narrowest column but the last, which the end of the sound may cut."""
    return int(np.diff(edges[:-1]).min()) if len(edges) > 2 else int(edges[-1] - edges[0])


def _empty_level(source: SampleSource, block: int) -> _Level:
    count = -(-source.frames // block)
    return _Level(block, np.zeros(count, source.dtype), np.zeros(count, source.dtype))


def _reduce_blocks(low: Raw, high: Raw, block: int) -> tuple[Raw, Raw]:
    """Return the extremes of each run of `block` rows (and all their channels)."""
    low, high = np.ascontiguousarray(low), np.ascontiguousarray(high)
    width = low.shape[1] if low.ndim == 2 else 1
    at = np.arange(0, low.size, block * width)
    return np.minimum.reduceat(low.reshape(-1), at), np.maximum.reduceat(high.reshape(-1), at)


def _between(reduce: Any, values: Raw, begin: Frames, end: Frames) -> Raw:
    """Reduce ``values[begin:end]`` for each pair; where a pair is empty the result means nothing."""
    pairs = np.empty(2 * len(begin), np.int64)
    pairs[0::2], pairs[1::2] = begin, end
    if pairs[-1] >= len(values):
        pairs = pairs[:-1]
    reduced: Raw = reduce.reduceat(values, np.minimum(pairs, len(values) - 1))[0::2]
    return reduced


def _split_rows(low: Raw, high: Raw, offset: Frames, leave_out: int = 0) -> _Parts:
    """Reduce each row before its `offset`, and from `leave_out` cells after it to its end."""
    count, width = low.shape
    least, most = _limits(low.dtype)
    row = np.arange(count) * width
    cuts = np.empty((count, 2), np.int64)
    cuts[:, 0], cuts[:, 1] = row, row + offset
    after_from = np.minimum(offset + leave_out, width - 1)
    # An empty stretch reduces to whatever lies at its start, so it is replaced by what changes nothing.
    none_before, none_after = offset == 0, offset + leave_out >= width
    before = _reduced(np.minimum, np.maximum, low, high, cuts)
    cuts[:, 1] = row + after_from
    after = _reduced(np.minimum, np.maximum, low, high, cuts)
    return (
        np.where(none_before, most, before[0][0::2]),
        np.where(none_before, least, before[1][0::2]),
        np.where(none_after, most, after[0][1::2]),
        np.where(none_after, least, after[1][1::2]),
    )


def _reduced(least: Any, most: Any, low: Raw, high: Raw, cuts: Frames) -> tuple[Raw, Raw]:
    at = cuts.reshape(-1)
    return least.reduceat(low.reshape(-1), at), most.reduceat(high.reshape(-1), at)


def _merge(one: _Parts, other: _Parts) -> _Parts:
    return (
        np.minimum(one[0], other[0]),
        np.maximum(one[1], other[1]),
        np.minimum(one[2], other[2]),
        np.maximum(one[3], other[3]),
    )


def _limits(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    if dtype == np.bool_:
        return np.False_, np.True_
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype)
        return dtype.type(info.min), dtype.type(info.max)
    return dtype.type(-np.inf), dtype.type(np.inf)
