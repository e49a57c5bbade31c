"""Clips as a notebook takes them: by name, read when something of them is asked for."""

from __future__ import annotations

import html
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from gaplisten.api.arrays import BadArgument, GaplistenWarning, length_ms
from gaplisten.api.frames import gaps_frame, measures_frame
from gaplisten.api.pictures import picture_of_clip
from gaplisten.audio.channels import Reading, parse_channels
from gaplisten.audio.headerless import parse_raw
from gaplisten.audio.signal import Samples, Signal
from gaplisten.clips.clip import Clip as ClipFiles
from gaplisten.clips.clip import ClipSet, OpenClip, PacketLength
from gaplisten.clips.consistency import doubts_about
from gaplisten.clips.layout_file import read_layout
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.opening import open_clip
from gaplisten.folders import resources
from gaplisten.loss.measures import measure_versions
from gaplisten.loss.trace import Flags, LossTrace

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 50


class Clip:
    """One clip: undamaged speech, what was lost, what was received, and what systems made of that.

    All of it stands on one clock, that of the reference (else of the lossy file): other rates are resampled,
    and said so in `notes`. Arrays are float32, full scale ±1.0, of shape ``(frames,)``, or
    ``(frames, channels)`` where there are several channels, and read-only. Files are read at the first
    question and kept as long as the clip is; what does not fit together is then told as a
    `GaplistenWarning`.
    """

    def __init__(self, files: ClipFiles) -> None:
        self._files = files

    @property
    def name(self) -> str:
        """The clip's name, as the program shows it."""
        return self._files.name

    @cached_property
    def opened(self) -> OpenClip:
        """The clip as the program itself has it."""
        opened = open_clip(self._files)
        doubts = [str(doubt) for doubt in doubts_about(opened)]
        for said in (*opened.problems, *doubts):
            told = said if said.startswith(f"{self.name}: ") else f"{self.name}: {said}"
            warnings.warn(told, GaplistenWarning, stacklevel=4)
        return opened

    @property
    def rate(self) -> int:
        """The clock in Hz."""
        return self.opened.rate

    @property
    def frames(self) -> int:
        """Length of the clip in frames."""
        return self.opened.frames

    @property
    def packet_ms(self) -> float | None:
        """Length of a packet in ms; None where the losses do not lie on packets, or are not known."""
        trace = self.opened.trace
        return None if trace is None or trace.grid is None else trace.packet_ms

    @property
    def lost(self) -> Flags | None:
        """One flag per packet, True where it was lost; None where gaps lie off packets or are not known."""
        return _flags(self.opened.trace)

    @property
    def gaps(self) -> pd.DataFrame:
        """One row for each gap: number (from 1), start and stop in frames, start in s, length in ms."""
        return gaps_frame(self.opened.trace, self.frames)

    @property
    def reference(self) -> Samples | None:
        """The undamaged speech."""
        return _array(self.opened.reference)

    @property
    def lossy(self) -> Samples | None:
        """What was received; the reference with its lost packets zeroed where no file has it."""
        return _array(self.opened.lossy)

    @property
    def conditions(self) -> dict[str, Samples]:
        """What each system under test made of the clip, by name."""
        return {name: _plain(signal) for name, signal in self.opened.conditions.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is unusual and does no harm: resampling, other lengths."""
        return self.opened.notes

    def lost_by(self, condition: str) -> Flags | None:
        """Return the packets that one condition lost, where it met losses of its own; else `lost`.

        Raises
        ------
        BadArgument
            If there is no such condition.
        """
        return _flags(self.opened.trace_of(self._known(condition)))

    def gaps_of(self, condition: str) -> pd.DataFrame:
        """Return the gaps that one condition met, as `gaps` has them."""
        return gaps_frame(self.opened.trace_of(self._known(condition)), self.frames)

    def measure_gaps(self, thresholds: Mapping[str, float] | None = None) -> pd.DataFrame:
        """Measure every condition at each gap that it met.

        Parameters
        ----------
        thresholds
            Values from which a gap is flagged, by measure, in place of the measures' own.

        Returns
        -------
        measures
            One row for each gap and condition; as `gaplisten.measure_gaps` gives it.
        """
        opened = self.opened
        return measures_frame(
            measure_versions(opened.reference, opened.conditions, opened.traces), thresholds
        )

    def _known(self, condition: str) -> str:
        if condition not in self.opened.conditions:
            there = ", ".join(self.opened.conditions) or "none"
            raise BadArgument(f"condition {condition!r}", f"is not in {self.name}", f"there are: {there}")
        return condition

    def _repr_png_(self) -> bytes:
        return picture_of_clip(self.opened)._repr_png_()

    def __repr__(self) -> str:
        """Return the clip in a line."""
        names = ", ".join(condition.name for condition in self._files.conditions)
        return f"<clip {self.name}: {names or 'no conditions'}>"


class Clips(Mapping[str, Clip]):
    """The clips of a folder by name, in the order in which the program lists them.

    Each access gives a clip that has read nothing yet, so that going over a large set keeps one in memory.
    """

    def __init__(self, found: ClipSet) -> None:
        self._found = found
        self._files = {clip.name: clip for clip in found.clips}

    @property
    def notes(self) -> tuple[str, ...]:
        """How the folder was understood, and what was missing or left out."""
        return self._found.notes

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of all conditions of any clip."""
        return self._found.conditions

    def __getitem__(self, name: str) -> Clip:
        """Return the clip of that name; `KeyError` with the names that there are."""
        if name not in self._files:
            there = list(self._files)
            raise KeyError(
                f"{name!r} is no clip of {self._found.root}: there are {there[:8]} and {len(there)} in all"
            )
        return Clip(self._files[name])

    def __iter__(self) -> Iterator[str]:
        """Go over the names."""
        return iter(self._files)

    def __len__(self) -> int:
        """Return how many clips there are."""
        return len(self._files)

    def __repr__(self) -> str:
        """Return the set in a line."""
        return f"<{len(self)} clips of {self._found.root}: {', '.join(self.conditions) or 'no conditions'}>"

    def _repr_html_(self) -> str:
        heads = ("clip", "reference", "lossy", "trace", *self.conditions)
        rows = [_cells(clip, self.conditions) for clip in list(self._files.values())[:_SHOWN]]
        more = len(self) - len(rows)
        return _html(heads, rows) + (f"<p>and {more} more</p>" if more > 0 else "")


def open_clips(
    path: str | PathLike[str],
    packet_ms: float | None = None,
    *,
    reference_folder: str | PathLike[str] | None = None,
    layout: str | PathLike[str] | None = None,
    raw: str | None = None,
    channels: str | None = None,
) -> Clips:
    """Find the clips of a folder, of a manifest, or in a single sound file.

    Parameters
    ----------
    path
        A folder as the window opens it (a challenge set, a folder per condition or per clip, a speaker tree,
        ...), a manifest, or a sound file.
    packet_ms
        Length of a packet in ms where the files do not tell it; 20 when not given.
    reference_folder
        Where references lie that are not in the folder.
    layout
        File in which the window or ``gaplisten check --save-layout`` kept how a folder is to be taken.
    raw
        What files without a header are: ``"16000,s16le"`` and the like, as ``--raw`` takes it.
    channels
        What is used of files of more than two channels: ``"3"``, ``"1+2"`` or ``"mean"``; of those of six
        only, ``"6:3"``.

    Returns
    -------
    clips
        By name. Nothing is read yet but names.

    Raises
    ------
    BadArgument
        If `packet_ms` is no length.
    GaplistenError
        If there is no such path, or it holds no clips.

    Examples
    --------
    >>> import gaplisten
    >>> clips = gaplisten.open_clips(gaplisten.demo_folder())
    >>> clip = clips["demo1"]
    >>> clip.rate, clip.packet_ms, int(clip.lost.sum())
    (16000, 20.0, 22)
    >>> clip.reference.shape == clip.lossy.shape
    True
    """
    found = find_clips(
        [Path(fspath(path))],
        reference_folder=None if reference_folder is None else Path(fspath(reference_folder)),
        packet=PacketLength() if packet_ms is None else PacketLength(length_ms(packet_ms)),
        layout=None if layout is None else read_layout(Path(fspath(layout))),
        reading=Reading(
            None if raw is None else parse_raw(raw), None if channels is None else parse_channels(channels)
        ),
    )
    return Clips(found)


def demo_folder() -> Path:
    """Return the folder of the bundled demo speech."""
    return resources() / "demo"


def _plain(signal: Signal) -> Samples:
    samples = (signal.samples[:, 0] if signal.channels == 1 else signal.samples).view()
    samples.setflags(write=False)  # the clip goes on with them
    return samples


def _array(signal: Signal | None) -> Samples | None:
    return None if signal is None else _plain(signal)


def _flags(trace: LossTrace | None) -> Flags | None:
    return None if trace is None or not trace.on_grid else trace.lost


def _html(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(each)}</th>" for each in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(each)}</td>" for each in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(clip: ClipFiles, conditions: tuple[str, ...]) -> tuple[str, ...]:
    has = {condition.name for condition in clip.conditions}
    trace = clip.trace is not None or clip.inline_trace is not None
    there = (clip.reference is not None, clip.lossy is not None, trace, *(name in has for name in conditions))
    return (clip.name, *("yes" if each else "–" for each in there))
