"""The mean power of any stretch of sound, from blocks of 256 frames or from the samples themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import Frames, SampleSource, read_floats

BLOCK = 256
PIECE = 1 << 18

Powers = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Mean squares of the blocks of one piece; shape ``(blocks,)``, over all channels, full scale 1.0."""

    number: int
    powers: Powers


def piece_frames(_rate: int) -> int:
    """Return the length of a piece."""
    return PIECE


def blocks_of(source: SampleSource, number: int) -> Blocks:
    """Return the mean squares of the blocks of 256 frames of a piece; the last may be shorter."""
    start, stop = number * PIECE, min((number + 1) * PIECE, source.frames)
    squares = _squares(source, start, stop)
    at = np.arange(0, squares.size, BLOCK)
    sums = np.add.reduceat(squares, at) if squares.size else np.zeros(0, np.float32)
    return Blocks(number, (sums / np.minimum(squares.size - at, BLOCK)).astype(np.float32))


def rms_of_samples(source: SampleSource, edges: Frames) -> Powers:
    """Return the root mean square of the frames between neighbouring edges, from the samples.

    Parameters
    ----------
    edges
        Ascending frames, shape ``(columns + 1,)``. An empty column takes the frame at its edge; one without
        sound is NaN.
    """
    start, stop = int(edges[0]), min(max(int(edges[-1]), int(edges[0]) + 1), source.frames)
    if stop <= start or not source.loaded(start, stop):
        return np.full(len(edges) - 1, np.nan, np.float32)
    squares = _squares(source, start, stop)
    summed = np.concatenate(([0.0], np.cumsum(squares, dtype=np.float64)))
    first = np.minimum(edges[:-1] - start, squares.size - 1)
    last = np.minimum(np.maximum(edges[1:] - start, first + 1), squares.size)
    power = np.maximum(summed[last] - summed[first], 0.0) / (last - first)
    return np.where(edges[:-1] < source.frames, np.sqrt(power), np.nan).astype(np.float32)


def rms_of_blocks(pieces: list[Blocks], edges: Frames) -> Powers:
    """Return the root mean square of columns from blocks: those that begin in it, or the one that holds it.

    Columns whose blocks are not all there are NaN.
    """
    first, last = edges[:-1] // BLOCK, np.maximum(edges[1:] // BLOCK, edges[:-1] // BLOCK + 1)
    base = int(first[0])
    known = np.full(int(last.max()) - base, np.nan)
    for piece in pieces:
        begin = piece.number * (PIECE // BLOCK) - base
        inside = slice(max(begin, 0), max(min(begin + piece.powers.size, known.size), 0))
        known[inside] = piece.powers[inside.start - begin : inside.stop - begin]
    there = np.isfinite(known)
    summed = np.concatenate(([0.0], np.cumsum(np.where(there, known, 0.0))))
    counted = np.concatenate(([0], np.cumsum(there)))
    counts = counted[last - base] - counted[first - base]
    # The clip's end may lie within the last column, so what is there of it will do.
    with np.errstate(invalid="ignore", divide="ignore"):
        power = (summed[last - base] - summed[first - base]) / np.where(counts > 0, counts, np.nan)
    rms: Powers = np.sqrt(np.maximum(power, 0.0)).astype(np.float32)
    return rms


def _squares(source: SampleSource, start: int, stop: int) -> Powers:
    samples = np.nan_to_num(read_floats(source, start, stop))
    squares: Powers = np.mean(samples**2, axis=1, dtype=np.float32)
    return squares
