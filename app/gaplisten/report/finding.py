"""A finding: one gap of one clip with its surroundings, in all versions that are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from random import SystemRandom

import numpy as np

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.bench.gap_wording import with_unit
from gaplisten.bench.state import SHOWN_AT_FIRST
from gaplisten.clips.clip import Clip, OpenClip
from gaplisten.errors import GaplistenError, visible
from gaplisten.loss.measures import GapTable, Measure, measure_named
from gaplisten.loss.trace import Gap, LossTrace
from gaplisten.report.wav import Cut, cut

CONTEXT_MS = 250.0
WEB_RATE = 48_000
_MOST_TOLD = 6


class FindingError(GaplistenError):
    """A finding that cannot be handed over."""


class Kind(IntEnum):
    """What a version is; in the order in which versions stand."""

    REFERENCE = 0
    LOSSY = 1
    OTHER = 2


@dataclass(frozen=True, eq=False)
class Version:
    """One version of the clip.

    Parameters
    ----------
    signal
        The whole sound on the clip's clock, as it is heard.
    file
        Where it comes from; None for what a concealer or the program itself made.
    reading
        How files are read that do not tell, or have more channels than are wanted.
    made
        How it came to be, in words: "repeat_fade, fade_ms=20"; empty for files.
    trace
        What it lost.
    values
        Its measures at this gap by key; None = cannot be told. Empty where it was not measured.
    flags
        Keys of the measures that flag it.
    notes
        What a reader must know of it: "met other losses".
    """

    name: str
    signal: Signal
    kind: Kind = Kind.OTHER
    file: Path | None = None
    made: str = ""
    trace: LossTrace | None = None
    values: Mapping[str, float | None] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reading: Reading = AS_TOLD

    def told(self) -> str:
        """Return the measures that say most, in one line: "click at exit 14.5 z !, ..."; empty for none."""
        keys = [key for key in self.values if key in self.flags]
        keys += [key for key in SHOWN_AT_FIRST if key in self.values and key not in keys]
        known = [(measure_named(key), self.values[key]) for key in keys]
        words = [
            f"{measure.short} {with_unit(measure, value)}{' !' if measure.key in self.flags else ''}"
            for measure, value in known
            if value is not None
        ]
        return ", ".join(words[:_MOST_TOLD])


@dataclass(frozen=True)
class Place:
    """How a finding is gone to again; names without paths.

    Parameters
    ----------
    sources
        What to open: a folder or a workbench file, or loose files.
    options
        With which options.
    """

    sources: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Finding:
    """One gap with its surroundings.

    Parameters
    ----------
    index, count
        Number of the gap (from 1), and how many the clip has.
    versions
        In order of their kinds; reference and lossy file may be missing.
    thresholds
        Where gaps were judged by others than the measures' own.
    anonymous
        Whether names of versions tell nothing: then no file may tell either.
    own
        Whether the gap is counted among those that one version met, and not among the clip's.
    """

    clip: str
    index: int
    count: int
    gap: Gap
    trace: LossTrace
    versions: tuple[Version, ...]
    place: Place
    context_ms: float = CONTEXT_MS
    thresholds: Mapping[str, float] = field(default_factory=dict)
    anonymous: bool = False
    own: bool = False

    @property
    def rate(self) -> int:
        """The clip's clock in Hz."""
        return self.trace.rate

    @cached_property
    def frames(self) -> int:
        """Length of the clip in frames."""
        return max(version.signal.frames for version in self.versions)

    @property
    def _context(self) -> int:
        return round(self.context_ms * self.rate / 1000)

    @property
    def start(self) -> int:
        """Where the surroundings begin, in frames of the clip's clock."""
        return max(self.gap.start - self._context, 0)

    @property
    def stop(self) -> int:
        """Where they end."""
        return min(self.gap.stop + self._context, self.frames)

    @property
    def seconds(self) -> float:
        """Where the gap begins."""
        return self.gap.start / self.rate

    @property
    def length(self) -> str:
        """How long the gap is, in words."""
        length = f"{1000 * self.gap.frames / self.rate:g} ms"
        if self.gap.packets is None:
            return f"{length}, on no packets"
        plural = "s" if self.gap.packets > 1 else ""
        return f"{length}, {self.gap.packets} packet{plural} of {self.trace.packet_ms:g} ms"

    @property
    def title(self) -> str:
        """Clip, gap, time and length."""
        count = f"{self.count} that one version met" if self.own else f"{self.count}"
        return f"{self.clip}: gap {self.index} of {count} at {self.seconds:.3f} s ({self.length})"

    @property
    def name(self) -> str:
        """A short name for files."""
        return f"{self.clip}_gap{self.index:02d}_{self.seconds:.3f}s"

    @property
    def measured(self) -> tuple[Measure, ...]:
        """The measures that some version has a value of."""
        keys = dict.fromkeys(key for version in self.versions for key in version.values)
        return tuple(
            measure_named(key)
            for key in keys
            if any(version.values.get(key) is not None for version in self.versions)
        )

    def lost_by(self, version: Version) -> list[tuple[int, int]]:
        """Return the gaps that a version has in the surroundings, in frames."""
        return self.lost_in(version.trace or self.trace)

    def lost_in(self, trace: LossTrace) -> list[tuple[int, int]]:
        """Return the gaps that a trace has in the surroundings, in frames."""
        gaps = trace.gaps(self.frames)
        return [(gap.start, gap.stop) for gap in gaps if gap.stop > self.start and gap.start < self.stop]

    def heard(self, version: Version) -> Signal:
        """Return a version's surroundings of the gap on the clip's clock; silence beyond its end."""
        part = version.signal.samples[self.start : self.stop]
        missing = self.stop - self.start - len(part)
        if missing > 0:
            part = np.concatenate([part, np.zeros((missing, part.shape[1]), np.float32)])
        return Signal(np.ascontiguousarray(part), self.rate)

    def snippet(self, version: Version) -> tuple[Cut, str]:
        """Return a version's surroundings of the gap as its file has them, and what is to be said of that."""
        shown = version.signal.samples[self.start : self.stop]
        floats = Cut.of_floats(np.ascontiguousarray(shown), self.rate)
        if self.anonymous:
            return floats, ""  # a bit depth or a rate of its own would tell which version it is
        if version.file is None:
            return floats, version.made
        whole = cut(version.file, 0, 0, version.reading)
        if whole.rate != self.rate:
            start, stop = (round(at * whole.rate / self.rate) for at in (self.start, self.stop))
            own = cut(version.file, start, stop, version.reading)
            return own, f"at its own rate; the page plays it as brought to {self.rate} Hz"
        own = cut(version.file, self.start, self.stop, version.reading)
        if own.floats.shape != shown.shape or not np.array_equal(own.floats, shown):
            return floats, "as changed in the workbench (delay or level), not as in its file"
        return own, "" if own.exact else "decoded from a lossy codec"


def version_of(
    name: str,
    signal: Signal,
    kind: Kind,
    table: GapTable | None,
    gap: Gap,
    thresholds: Mapping[str, float],
    *,
    column: str = "",
    file: Path | None = None,
    made: str = "",
    trace: LossTrace | None = None,
) -> Version:
    """Return a version with what a gap table says of it at a gap; nothing where it has not that gap.

    Parameters
    ----------
    column
        The version's name in the table, where it is another one.
    """
    values: dict[str, float | None] = {}
    flags: tuple[str, ...] = ()
    key = column or name
    if table is not None and key in table.values:
        places = [at for at, facts in enumerate(table.gaps) if facts.gap.start == gap.start]
        if places and table.gaps[places[0]].gap.stop == gap.stop:
            values = {each.key: table.value(places[0], key, each.key) for each in table.measures}
            flags = table.flags(key, places[0], thresholds)
    return Version(visible(name), signal, kind, file, made, trace, values, flags)


def finding_of(
    opened: OpenClip,
    tables: Sequence[GapTable],
    index: int,
    place: Place,
    thresholds: Mapping[str, float],
    context_ms: float = CONTEXT_MS,
) -> Finding:
    """Return a gap of an open clip as a finding.

    Parameters
    ----------
    tables
        What was measured; each version stands in one of them.
    index
        Number of the gap, from 1, among those of the clip's trace (of the first table where it has none).

    Raises
    ------
    FindingError
        If there is no such gap.
    """
    trace = opened.trace or next(iter(opened.traces.values()), None)
    gaps = trace.gaps(opened.frames) if trace is not None else ()
    if trace is None or not 0 < index <= len(gaps):
        known = f"it has gaps 1 to {len(gaps)}" if gaps else "it has no gaps"
        raise FindingError(f"gap {index} of {opened.clip.name}", "is not there", known)
    gap, versions = gaps[index - 1], list[Version]()
    if opened.reference is not None:
        versions.append(Version("reference", opened.reference, Kind.REFERENCE, file=opened.clip.reference))
    # A version that also served to find the losses stands under its own name.
    named = {each.path for each in opened.clip.conditions if each.name in opened.conditions}
    if opened.lossy is not None and opened.clip.lossy not in named:
        made = "" if opened.clip.lossy else "the reference with its lost packets zeroed"
        versions.append(Version("lossy", opened.lossy, Kind.LOSSY, opened.clip.lossy, made, opened.trace))
    files = {each.name: each.path for each in opened.clip.conditions}
    for name, signal in opened.conditions.items():
        table = next((each for each in tables if name in each.values), None)
        versions.append(
            version_of(
                name, signal, Kind.OTHER, table, gap, thresholds,
                file=files.get(name), trace=opened.trace_of(name),
            )
        )  # fmt: skip
    noted = tuple(_noted(opened, replace(each, reading=opened.clip.reading)) for each in versions)
    name = visible(opened.clip.name)
    return Finding(name, index, len(gaps), gap, trace, noted, place, context_ms, thresholds)


def _noted(opened: OpenClip, version: Version) -> Version:
    notes = []
    if version.name in {visible(name) for name in opened.resampled}:
        notes.append("is at another rate than the clip and was resampled (soxr VHQ)")
    if version.kind is Kind.OTHER and not version.values:
        notes.append("met other losses: this gap is not one of its own")
    return replace(version, notes=tuple(notes))


def anonymised(finding: Finding) -> tuple[Finding, dict[str, str]]:
    """Return a finding whose versions are called A, B, C in an order drawn anew, and their names by letter.

    Reference and lossy file keep their names: they are what the others are compared with.
    """
    others = [version for version in finding.versions if version.kind is Kind.OTHER]
    SystemRandom().shuffle(others)
    letters = [_letters(number) for number in range(len(others))]
    hidden = [
        replace(version, name=letter, made="", file=None)
        for letter, version in zip(letters, others, strict=True)
    ]
    told = [version for version in finding.versions if version.kind is not Kind.OTHER]
    key = {letter: version.name for letter, version in zip(letters, others, strict=True)}
    return replace(finding, versions=(*told, *hidden), anonymous=True), key


def _letters(number: int) -> str:
    first, last = divmod(number, 26)
    return (_letters(first - 1) if first else "") + chr(ord("A") + last)


def place_of(clip: Clip, options: Sequence[str] = ()) -> Place:
    """Return how to go to a clip again: its folder's name; no path."""
    return Place((clip.folder.resolve().name or clip.name,), tuple(options))


def web_copy(signal: Signal) -> Signal:
    """Return sound at 48 kHz, as most sound cards play it (soxr VHQ); the same object if it is so already."""
    return resample(signal, WEB_RATE)
