"""Spectrograms in tiles: short-time spectra of any stretch of sound at any zoom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import Frames, KeepsPieces, SampleSource, read_floats

Levels = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Rows = npt.NDArray[np.float64]
TILE = 128
# One step of a tile's numbers is half a decibel; 255 is +7.5 dB, 1 is -119.5 dB, 0 is "nothing there".
STEPS_PER_DB = 2.0
TOP_DB = 7.5
_LOOKS = 3
# Stretches this many windows apart are read through rather than sought one by one.
_THROUGH, _THROUGH_SLOW = 4, 8
_QUIETEST = 1e-12


@dataclass(frozen=True, slots=True)
class SpectrumSettings:
    """How spectra are taken.

    Parameters
    ----------
    window_ms
        Length of the Hann window, rounded to a power of two of frames.
    """

    window_ms: float = 16.0

    def window_frames(self, rate: int) -> int:
        """Return the length of the window at `rate`."""
        wanted = max(self.window_ms * rate / 1000.0, 16.0)
        return int(2 ** round(math.log2(wanted)))

    def shortest_hop(self, rate: int) -> int:
        """Return the distance of columns at the closest zoom."""
        return max(self.window_frames(rate) // 16, 1)

    def hop_for(self, frames_per_pixel: float, rate: int) -> int:
        """Return the power of two that is the distance of columns at a zoom: never more than a pixel."""
        closest = self.shortest_hop(rate)
        if frames_per_pixel <= closest:
            return closest
        return int(closest * 2 ** math.floor(math.log2(frames_per_pixel / closest)))


def tile(source: SampleSource, number: int, hop: int, settings: SpectrumSettings) -> Levels:
    """Return `TILE` columns of a spectrogram.

    Parameters
    ----------
    source
        The sound; its channels are averaged in power.
    number
        Which tile: its columns are the stretches of `hop` frames from ``number * TILE * hop`` on.
    hop
        Frames in a column. Where a column is longer than the window, up to three windows are spread over it
        and the largest power of each frequency is kept.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(TILE, bins)``, lowest frequency first, in half decibels (a full-scale sine is 0 dB).
    """
    size = settings.window_frames(source.rate)
    kept = _kept(source, number, hop, size)
    if kept is not None:
        loudest = _power(kept, size).reshape(TILE, -1, size // 2 + 1).max(axis=1)
    else:
        # Seeking in a compressed file is dear, so there one look must do.
        looks = 1 if source.grain > 1 else min(_LOOKS, max(hop // size, 1))
        windows = _windows(source, (_centres(number, hop, looks) - size / 2).astype(np.int64), size)
        loudest = _power(windows, size).reshape(TILE, looks, -1).max(axis=1)
    loudest[(np.arange(TILE) + number * TILE) * hop >= source.frames] = 0.0
    return quantised(loudest)


def spectra_at(
    source: SampleSource, centres: npt.NDArray[np.int64], settings: SpectrumSettings
) -> npt.NDArray[np.float32]:
    """Return the power spectra around ascending frames, shape ``(n, bins)``; a full-scale sine is 1.0."""
    size = settings.window_frames(source.rate)
    return _power(_windows(source, centres - size // 2, size), size)


def quantised(power: npt.NDArray[np.float32]) -> Levels:
    """Return power (a full-scale sine is 1.0) in half decibels, 0 where there is none."""
    decibels = np.log10(np.maximum(power, np.float32(_QUIETEST))) * np.float32(10.0)
    steps = (decibels - np.float32(TOP_DB)) * np.float32(STEPS_PER_DB) + np.float32(255.0)
    levels: Levels = np.clip(steps, 0.0, 255.0).astype(np.uint8)
    return levels


def _centres(number: int, hop: int, looks: int) -> npt.NDArray[np.float64]:
    return np.asarray((np.arange(TILE * looks) + 0.5) * (hop / looks) + number * TILE * hop, np.float64)


def _kept(source: SampleSource, number: int, hop: int, size: int) -> npt.NDArray[np.float32] | None:
    """Return windows that the source has kept, if columns are so long that each has some."""
    if not isinstance(source, KeepsPieces) or hop < source.near_every:
        return None
    centres: Frames = _centres(number, hop, min(_LOOKS, hop // source.near_every)).astype(np.int64)
    raw = source.near(centres, size)
    return None if raw is None else np.multiply(raw, np.float32(source.scale), dtype=np.float32)


def _power(windows: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float32]:
    """Return the power spectrum of windows, shape ``(n, size, channels)``, averaged over channels."""
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    scale = np.float32((2.0 / window.sum()) ** 2 / windows.shape[2])
    total = np.zeros((len(windows), size // 2 + 1), np.float32)
    for channel in range(windows.shape[2]):
        spectrum = np.fft.rfft(windows[:, :, channel] * window, axis=1)
        total += spectrum.real**2 + spectrum.imag**2
    return total * scale


def _windows(source: SampleSource, starts: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.float32]:
    """Return the windows from `starts` on, shape ``(windows, size, channels)``, silence outside the sound."""
    first, last = int(starts[0]), int(starts[-1]) + size
    through = _THROUGH if source.grain == 1 else _THROUGH_SLOW
    if last - first <= through * size * len(starts):
        block = _padded(source, first, last)
        rows = np.lib.stride_tricks.sliding_window_view(block, size, axis=0)
        return rows[starts - first].transpose(0, 2, 1)
    if source.grain == 1:
        # So far apart that whole blocks will do: they are fetched in one go.
        blocks = np.clip((starts + size // 2) // size, 0, max(source.frames - 1, 0) // size)
        return np.multiply(source.gather(blocks, size), np.float32(source.scale), dtype=np.float32)
    return np.stack([_padded(source, start, start + size, alone=True) for start in starts.tolist()])


def _padded(source: SampleSource, start: int, stop: int, alone: bool = False) -> npt.NDArray[np.float32]:
    inner_start, inner_stop = min(max(start, 0), source.frames), min(max(stop, 0), source.frames)
    if inner_stop <= inner_start:
        return np.zeros((stop - start, source.channels), np.float32)
    if alone:
        raw = source.glimpse(inner_start, inner_stop - inner_start)
        found = np.multiply(raw, np.float32(source.scale), dtype=np.float32)
    else:
        found = read_floats(source, inner_start, inner_stop)
    if len(found) == stop - start:
        return found
    return np.pad(found, ((inner_start - start, stop - inner_stop), (0, 0)))


def decibels_of(level: int) -> float:
    """Return what a tile's number stands for, dB (a full-scale sine is 0)."""
    return (level - 255.0) / STEPS_PER_DB + TOP_DB


def level_of(decibels: float) -> int:
    """Return the number next to a level in dB; one outside 1..255 stands in no tile."""
    return round((decibels - TOP_DB) * STEPS_PER_DB + 255.0)


def fitted(
    levels: Levels, first: float, per_column: float, columns: int, rows: int, axis: Rows | None = None
) -> Levels:
    """Return the spectrogram at the size of a picture, highest frequency on top.

    Parameters
    ----------
    levels
        Shape ``(hops, bins)``.
    first
        Where the picture begins, in hops.
    per_column
        Hops in a pixel column. Above one, the loudest of a column's hops is taken, below, it is interpolated.
    columns, rows
        Size of the picture.
    axis
        Where each row begins and the last one ends, lowest first, as shares (0..1) of the highest frequency
        there is, shape ``(rows + 1,)``; evenly over all of it by default. Of what a row holds the loudest is
        taken.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(rows, columns)``.
    """
    return fitted_columns(fitted_rows(levels, rows, axis), first, per_column, columns)


def fitted_rows(levels: Levels, rows: int, axis: Rows | None = None) -> Levels:
    """Return levels at the height of a picture, highest frequency on top, a column for each hop.

    Parameters
    ----------
    levels
        Shape ``(hops, bins)``; the others as of `fitted`.

    Returns
    -------
    numpy.ndarray
        uint8, shape ``(rows, hops)``.
    """
    bins, upright = levels.shape[1], np.ascontiguousarray(levels.T)
    up = _resized(upright, 0.0, bins / rows, rows) if axis is None else _gathered_rows(upright, axis * bins)
    return np.ascontiguousarray(up[::-1])


def fitted_columns(picture: Levels, first: float, per_column: float, columns: int) -> Levels:
    """Return what `fitted_rows` gave at the width of a picture, too; parameters as of `fitted`."""
    last = picture.shape[1] - 1
    if per_column < 1.0:
        place = np.clip(first + (np.arange(columns) + 0.5) * per_column - 0.5, 0, last)
        begin = np.floor(place).astype(np.int64)
        share = np.round((place - begin) * 256).astype(np.uint16)
        one, other = picture[:, begin].astype(np.uint16), picture[:, np.minimum(begin + 1, last)]
        between: Levels = ((one * (256 - share) + other * share) >> 8).astype(np.uint8)
        return between
    begin, end = _touched(first + np.arange(columns + 1) * per_column, last)
    found = picture[:, begin]
    for offset in range(1, int(np.max(end - begin, initial=0)) + 1):
        np.maximum(found, picture[:, np.minimum(begin + offset, end)], out=found)
    return found


def _gathered_rows(levels: Levels, edges: Rows) -> Levels:
    """Return the loudest of the rows between neighbouring edges; where those are finer, what lies between."""
    found = _loudest_rows(levels, edges)
    fine = np.flatnonzero(np.diff(edges) < 1.0)
    if fine.size:
        found[fine] = _between_rows(levels, (edges[fine] + edges[fine + 1]) / 2 - 0.5)
    return found


def _resized(levels: Levels, first: float, step: float, count: int) -> Levels:
    if step >= 1.0:
        return _loudest_rows(levels, first + np.arange(count + 1) * step)
    return _between_rows(levels, first + (np.arange(count) + 0.5) * step - 0.5)


def _loudest_rows(levels: Levels, edges: npt.NDArray[np.floating[Any]]) -> Levels:
    """Return the loudest of the rows that neighbouring edges touch."""
    begin, end = _touched(edges, len(levels) - 1)
    found: Levels = levels[begin]
    for offset in range(1, int(np.max(end - begin, initial=0)) + 1):
        np.maximum(found, levels[np.minimum(begin + offset, end)], out=found)
    return found


def _touched(edges: npt.NDArray[np.floating[Any]], last: int) -> tuple[Places, Places]:
    """Return the first and the last of the places, up to `last`, that neighbouring edges touch."""
    begin = np.clip(np.floor(edges[:-1]).astype(np.int64), 0, last)
    return begin, np.clip(np.ceil(edges[1:]).astype(np.int64) - 1, begin, last)


def _between_rows(levels: Levels, places: npt.NDArray[np.floating[Any]]) -> Levels:
    """Return what lies at places between rows."""
    last = len(levels) - 1
    place = np.clip(places, 0, last)
    begin = np.floor(place).astype(np.int64)
    share = np.round((place - begin) * 256).astype(np.uint16)[:, None]
    one, other = levels[begin].astype(np.uint16), levels[np.minimum(begin + 1, last)].astype(np.uint16)
    between: Levels = ((one * (256 - share) + other * share) >> 8).astype(np.uint8)
    return between
