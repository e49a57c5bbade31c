"""Stretches of sound as plots: waveforms and spectrograms over time, what was lost hatched."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import as_source
from gaplisten.audio.palettes import level_colours
from gaplisten.audio.signal import Signal
from gaplisten.audio.spectra import TILE, SpectrumSettings, fitted, tile
from gaplisten.audio.spectrum_look import SpectrumLook
from gaplisten.report.figure import INK, LOOKS, Axis, Boxes, Envelope, Line, Look, Mark, Plot, Raster

COLUMNS = 1200
_LOST = "#c3c8ce"
_BAND = 0.035  # of a spectrogram's height: a line above what was lost, where loud sound hides the hatching
_ROWS = 160
_SPECTRA = SpectrumSettings(window_ms=8.0)

Stretches = Sequence[tuple[int, int]]


def waveform(
    signal: Signal,
    start: int,
    stop: int,
    lost: Stretches,
    *,
    reach: float,
    title: str = "",
    label: str = "",
    named: bool = True,
    look: Look = LOOKS[1],
    height_mm: float = 14.0,
) -> Plot:
    """Return the plot of a stretch of sound.

    Parameters
    ----------
    signal
        The whole sound; channels are averaged.
    start, stop
        The stretch in frames; what lies outside of the sound is empty.
    lost
        Start and stop of each gap, in frames.
    reach
        Value at the plot's upper edge, the negative of that at its lower one: the same for all versions that
        are compared.
    label
        Of the sound in the legend.
    named
        Whether the time axis has numbers.
    """
    time = _time(signal.rate, start, stop, named)
    row, first = _cut(signal, start, stop)
    drawn: Mark
    if row.size > 2 * COLUMNS:
        edges = np.linspace(0, row.size, COLUMNS + 1).astype(np.int64)
        low, high = np.minimum.reduceat(row, edges[:-1]), np.maximum.reduceat(row, edges[:-1])
        # Neighbours meet, as the samples between them do.
        low[1:], high[1:] = np.minimum(low[1:], high[:-1]), np.maximum(high[1:], low[:-1])
        places = (first + (edges[:-1] + edges[1:]) / 2) / signal.rate
        drawn = Envelope(places, low, high, look.colour, label=label)
    else:
        drawn = Line((first + np.arange(row.size)) / signal.rate, row, Look(look.colour), 0.7, label)
    level = Axis(-reach, reach, ticks=((0.0, "0"),))
    return Plot(
        time, level, (*_shaded(lost, signal.rate), drawn, *_hatched(lost, signal.rate)), title, height_mm
    )


def spectrogram(
    signal: Signal,
    start: int,
    stop: int,
    lost: Stretches,
    *,
    title: str = "",
    named: bool = True,
    top_hz: float | None = None,
    height_mm: float = 18.0,
) -> Plot:
    """Return the spectrogram of a stretch of sound: Hann windows of 8 ms, -95 to -15 dB.

    Parameters
    ----------
    top_hz
        Frequency at the upper edge; None: half of the rate.
    others
        As for `waveform`.
    """
    rate = signal.rate
    top = min(top_hz or rate / 2, rate / 2)
    hop = _SPECTRA.hop_for((stop - start) / COLUMNS, rate)
    source, begin = as_source(signal), max(start, 0)
    numbers = range(begin // (TILE * hop), max(stop - 1, begin) // (TILE * hop) + 1)
    levels = np.concatenate([tile(source, number, hop, _SPECTRA) for number in numbers])
    bins = max(round(top / (rate / 2) * (levels.shape[1] - 1)), 1)
    columns = min(COLUMNS, max((stop - start) // hop, 1))
    offset = start / hop - numbers[0] * TILE
    kept = fitted(levels[:, : bins + 1], offset, (stop - start) / hop / columns, columns, _ROWS)
    colours = _colours()[kept]
    beside = (start + (np.arange(columns) + 0.5) * (stop - start) / columns).astype(np.int64)
    colours[:, (beside < 0) | (beside >= signal.frames)] = 255
    khz = top / 1000
    frequency = Axis(0.0, khz, ticks=((0.0, "0"), (khz / 2, f"{khz / 2:g}k")))
    picture = Raster(colours, start / rate, stop / rate, 0.0, khz)
    lefts, rights = _edges(lost, rate)
    over = (
        []
        if not lost
        else [Boxes(lefts, rights, [khz * (1 - _BAND)] * len(lost), [khz] * len(lost), fill=INK)]
    )
    return Plot(
        _time(rate, start, stop, named), frequency, (picture, *_hatched(lost, rate), *over), title, height_mm
    )


@cache
def _colours() -> npt.NDArray[np.uint8]:
    """Return red, green and blue of each level of a tile, shape ``(256, 3)``."""
    look = SpectrumLook()
    pixels = level_colours(False, look.palette, look.quietest_db, look.loudest_db)
    return np.stack([pixels >> shift & 0xFF for shift in (16, 8, 0)], axis=1).astype(np.uint8)


def _time(rate: int, start: int, stop: int, named: bool) -> Axis:
    return Axis(start / rate, stop / rate, "Time (s)" if named else "", named=named)


def _cut(signal: Signal, start: int, stop: int) -> tuple[npt.NDArray[np.float32], int]:
    first, last = min(max(start, 0), signal.frames), min(max(stop, 0), signal.frames)
    part = signal.samples[first:last]
    return np.asarray(part.mean(axis=1), np.float32), first


def _edges(lost: Stretches, rate: int) -> tuple[list[float], list[float]]:
    return [start / rate for start, _ in lost], [stop / rate for _, stop in lost]


def _shaded(lost: Stretches, rate: int) -> list[Boxes]:
    return [Boxes(*_edges(lost, rate), fill=_LOST, opacity=0.55)] if lost else []


def _hatched(lost: Stretches, rate: int) -> list[Boxes]:
    return [Boxes(*_edges(lost, rate), hatch=True, label="lost")] if lost else []
