"""Pictures of clips and gaps, for notebooks and papers: with no window, no display, no matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gaplisten.api.arrays import BadArgument, Gaps, checked, signal_of, told_trace
from gaplisten.audio.signal import Signal
from gaplisten.clips.clip import Clip as ClipFiles
from gaplisten.clips.clip import OpenClip
from gaplisten.loss.measures import measure_versions
from gaplisten.loss.trace import LossTrace
from gaplisten.report.drawing import DPI, to_png, write_figure
from gaplisten.report.figure import Figure, look
from gaplisten.report.finding import CONTEXT_MS, Place, finding_of
from gaplisten.report.layout import lay_out
from gaplisten.report.pictures import figure_of
from gaplisten.report.png import draw
from gaplisten.report.sounds import waveform

_SCREEN_DPI = 120
_OF_THE_FIELD = ("reference", "lossy")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that a notebook shows.

    Parameters
    ----------
    figure
        What it shows, as data (`gaplisten.report.figure`).
    """

    figure: Figure

    def png(self, dpi: int = DPI) -> bytes:
        """Return it as a PNG file."""
        return to_png(self.figure, dpi)

    def save(self, path: str | PathLike[str], dpi: int = DPI) -> None:
        """Write it as PDF, SVG or PNG, as the suffix says; text stays text in PDF and SVG.

        Raises
        ------
        GaplistenError
            If the suffix is another, or the disk refuses.
        """
        write_figure(Path(fspath(path)), self.figure, dpi)

    def _repr_png_(self) -> bytes:
        return draw(lay_out(self.figure), _SCREEN_DPI).small_png()

    def __repr__(self) -> str:
        """Return what it shows, in a line."""
        return f"<picture of {self.figure.title}>"


class HasVersions(Protocol):
    """A clip of `open_clips`."""

    @property
    def opened(self) -> OpenClip:
        """The clip as the program itself has it."""


def plot_gap(
    versions: HasVersions | Mapping[str, npt.ArrayLike],
    gap: int = 1,
    rate: int | None = None,
    *,
    lost: npt.ArrayLike | None = None,
    gaps: Gaps | None = None,
    packet_ms: float = 20.0,
    context_ms: float = CONTEXT_MS,
    spectrograms: bool = True,
    thresholds: Mapping[str, float] | None = None,
    title: str = "arrays",
) -> Picture:
    r"""Draw a gap with its surroundings in all versions, under what was measured of each.

    Parameters
    ----------
    versions
        A clip of `open_clips`, or arrays by name: ``{"reference": clean, "lossy": received, "mine": made}``.
        ``reference`` and ``lossy`` are taken for what they are called.
    gap
        Number of the gap, from 1.
    rate, lost, gaps, packet_ms
        Of arrays, as `measure_gaps` takes them; a clip has its own.
    context_ms
        How much is shown on both sides of the gap.
    spectrograms
        Whether each version has one (Hann windows of 8 ms, -95 to -15 dB).
    thresholds
        Values from which a measure is marked, in place of its own.
    title
        What arrays are of; a clip has its own name.

    Returns
    -------
    picture
        Shown by a notebook; `Picture.save` writes PDF, SVG or PNG. Lost sound is hatched.

    Raises
    ------
    BadArgument
        If arrays do not fit each other, or nothing says what was lost.
    GaplistenError
        If there is no such gap, or nothing to show.

    Examples
    --------
    >>> import gaplisten
    >>> clip = gaplisten.open_clips(gaplisten.demo_folder())["demo1"]
    >>> gaplisten.plot_gap(clip, 3).png()[:4]
    b'\x89PNG'
    """
    limits = checked(thresholds)
    if isinstance(gap, bool) or not isinstance(gap, int | np.integer):
        raise BadArgument("gap", f"is {gap!r}", "give the number of a gap, from 1")
    if not 0 <= context_ms < math.inf:
        raise BadArgument("context_ms", f"is {context_ms!r}", "give a length in ms, from 0")
    if isinstance(versions, Mapping):
        opened = _of_arrays(versions, rate, lost, gaps, packet_ms, title)
    else:
        if rate is not None or lost is not None or gaps is not None:
            raise BadArgument("rate, lost, gaps", "are given for a clip, which has its own", "leave them out")
        opened = versions.opened
    tables = measure_versions(opened.reference, opened.conditions, opened.traces)
    finding = finding_of(opened, tables, gap, Place((opened.clip.name,)), limits, context_ms)
    return Picture(figure_of(finding, waves_only=not spectrograms))


def picture_of_clip(opened: OpenClip) -> Picture:
    """Return the waveforms of all versions of a clip, one above the other, at one scale."""
    rows = {
        name: (signal, trace)
        for name, signal, trace in (
            ("reference", opened.reference, opened.trace),
            ("lossy", opened.lossy, opened.trace),
            *((name, signal, opened.trace_of(name)) for name, signal in opened.conditions.items()),
        )
        if signal is not None
    }
    if not rows:
        raise BadArgument(opened.clip.name, "has no sound that can be read", "see its notes")
    peaks = (float(np.abs(signal.samples).max(initial=0.0)) for signal, _ in rows.values())
    reach = max(peaks) * 1.05 or 1.0
    plots = [
        (
            waveform(
                signal, 0, opened.frames, _spans(trace), reach=reach, title=name,
                named=number == len(rows) - 1, look=look(number),
            ),
        )
        for number, (name, (signal, trace)) in enumerate(rows.items())
    ]  # fmt: skip
    return Picture(Figure(tuple(plots), opened.clip.name))


def _spans(trace: LossTrace | None) -> list[tuple[int, int]]:
    return [] if trace is None else [(gap.start, gap.stop) for gap in trace.gaps()]


def _of_arrays(
    versions: Mapping[str, npt.ArrayLike],
    rate: int | None,
    lost: npt.ArrayLike | None,
    gaps: Gaps | None,
    packet_ms: float,
    title: str,
) -> OpenClip:
    if rate is None:
        raise BadArgument("rate", "is not given", "say the sampling rate of the arrays in Hz")
    signals: dict[str, Signal] = {name: signal_of(each, rate, name) for name, each in versions.items()}
    if not signals:
        raise BadArgument("versions", "are none", "give arrays by name")
    first = signals.get("reference") or next(iter(signals.values()))
    trace = told_trace(lost, gaps, packet_ms, first.rate, first.frames)
    return OpenClip(
        ClipFiles(title),
        first.rate,
        signals.get("reference"),
        signals.get("lossy"),
        trace,
        {name: signal for name, signal in signals.items() if name not in _OF_THE_FIELD},
    )
