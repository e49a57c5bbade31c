"""What the workbench is about, as values: nothing here ever changes, an edit makes a new value."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.clips.arrangement import Layout
from gaplisten.clips.clip import PacketLength
from gaplisten.loss.measures import MEASURES, Measure, measure_named

Setting = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Loop:
    """The part that is played over and over; `start` and `stop` are frames of the clip's clock."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about one place of one clip.

    Parameters
    ----------
    frame
        Where, in frames of the clip's clock.
    tag
        One of `gaplisten.bench.notes.TAGS`.
    text
        The remark itself; may be empty.
    lane
        Identifier of the lane that was listened to; empty when the note is about all of them.
    gap
        First frame of the gap it is about and the one after its last; None when there was none nearby. Which
        number that gap has follows from the losses: see `gaplisten.bench.notes.gap_index`.
    length
        How many frames it is about; 0 for a place, or for its gap.
    """

    frame: int
    tag: str
    text: str = ""
    lane: str = ""
    gap: tuple[int, int] | None = None
    length: int = 0


@dataclass(frozen=True, slots=True)
class LossEdit:
    """A loss trace that replaces the one that came with the clip.

    Parameters
    ----------
    packets
        Number of packets.
    packet_ms
        Packet length in milliseconds. Packets of one frame stand for gaps that lie on no packets.
    runs
        Lost packets as ``(first, stop)``, ascending and apart.
    how
        How it was made: "painted", or the model with its parameters and seed.
    offset
        Frame at which the first packet begins, 0 or less than one packet before the sound.
    frames, rate
        Where gaps lie off the packets: `runs` count frames at this rate, of a sound of this length. None
        where they count packets.
    """

    packets: int
    packet_ms: float
    runs: tuple[tuple[int, int], ...]
    how: str = "painted"
    offset: int = 0
    frames: int | None = None
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class ClipWork:
    """What was done to one clip.

    Parameters
    ----------
    match_levels
        Whether its lanes are brought to the reference's level, which hides a condition's own level error.
    delays
        ``(lane, frames)``: delays that were taken out of lanes; positive cut the beginning.
    accepted
        Whether the user has seen what does not fit in this clip and goes on with it.
    reference
        Another reference than the one that was found.
    """

    loss: LossEdit | None = None
    loop: Loop | None = None
    notes: tuple[Note, ...] = ()
    match_levels: bool = False
    delays: tuple[tuple[str, int], ...] = ()
    accepted: bool = False
    reference: Path | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A concealer that is switched on.

    Parameters
    ----------
    parameters
        Those that differ from its defaults; all of them while `plugin` says for which plugin that is so, or
        where a file was saved with another plugin than there is.
    plugin
        SHA-256 of the plugin's file when the work was saved; empty once that was looked at.
    """

    concealer: str
    parameters: tuple[tuple[str, Setting], ...] = ()
    plugin: str = field(default="", compare=False)

    @property
    def values(self) -> dict[str, Any]:
        """The parameters by name."""
        return dict(self.parameters)


@dataclass(frozen=True, slots=True)
class Withheld:
    """A concealer that a file asks for and that stays off until the user allows it.

    Parameters
    ----------
    place
        Where it stands among the file's concealers, counted from 0.
    choice
        What the file asks for.
    """

    place: int
    choice: Choice


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """What the user said that a loose file is; `form` names a trace's format, empty for what it seems."""

    path: Path
    role: str
    condition: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the clips come from.

    Parameters
    ----------
    packet_frames
        Packet length in frames, in place of `packet_ms`.
    layout
        How the files of the folder are taken, where the user has seen to that.
    remembered
        Whether that was when the folder was open before.
    reading
        How files are read that do not tell, or have more channels than are wanted.
    """

    paths: tuple[Path, ...] = ()
    roles: tuple[RoleChoice, ...] = ()
    reference_folder: Path | None = None
    packet_ms: float = 20.0
    packet_frames: int | None = None
    layout: Layout | None = None
    remembered: bool = False
    reading: Reading = AS_TOLD

    @property
    def packet(self) -> PacketLength:
        """The packet length."""
        return PacketLength(self.packet_ms, self.packet_frames)


SHOWN_AT_FIRST = ("click_entry", "click_exit", "energy_error", "lsd")
WORST_AT_FIRST = "click_exit"
MEASURE_KEYS = tuple(measure.key for measure in MEASURES)


@dataclass(frozen=True)
class GapChoices:
    """How the gaps are judged: which measures are shown, when they flag a gap, and which one ranks gaps.

    Parameters
    ----------
    shown
        Keys of the measures that have columns.
    thresholds
        By key, where the user set another than the measure's own.
    worst
        Key of the measure by which gaps are worse or better.
    lossy
        Whether the lossy lane has columns, too.
    """

    shown: tuple[str, ...] = SHOWN_AT_FIRST
    thresholds: Mapping[str, float] = field(default_factory=dict)
    worst: str = WORST_AT_FIRST
    lossy: bool = False

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures that have columns, in their own order."""
        return tuple(measure for measure in MEASURES if measure.key in self.shown)

    @property
    def worst_measure(self) -> Measure:
        """The measure by which gaps are worse or better."""
        return measure_named(self.worst)

    def threshold(self, measure: Measure) -> float | None:
        """Return from where on a measure is flagged; None for never."""
        return self.thresholds.get(measure.key, measure.threshold)

    def with_threshold(self, key: str, value: float) -> GapChoices:
        """Return the choices with another threshold; the measure's own is not kept as a choice."""
        others = {name: limit for name, limit in self.thresholds.items() if name != key}
        own = measure_named(key).threshold
        return replace(self, thresholds=others if value == own else {**others, key: value})

    def with_shown(self, key: str, on: bool) -> GapChoices:
        """Return the choices with a measure's columns shown or not."""
        chosen = {*self.shown, key} if on else {*self.shown} - {key}
        return replace(self, shown=tuple(name for name in MEASURE_KEYS if name in chosen))


@dataclass(frozen=True, slots=True)
class Seen:
    """How the clip that is shown was looked at when the work was saved; to look elsewhere is no edit.

    Parameters
    ----------
    version
        Identifier of the lane that was heard.
    position
        Frame of the playhead.
    start, stop
        Stretch that was seen, in frames ``[start, stop)``.
    mode
        How lanes were laid out: ``lanes``, ``overlay`` or ``residual``.
    display
        Name of the drawer of all lanes.
    heights
        ``(lane, logical pixels)`` of those that were given a height.
    collapsed, hidden
        Lanes of which little more than the name was drawn, and those of which nothing was.
    """

    version: str
    position: int
    start: int
    stop: int
    mode: str = "lanes"
    display: str = "waveform"
    heights: tuple[tuple[str, float], ...] = ()
    collapsed: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def _no_clips() -> Mapping[str, ClipWork]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Work:
    """Everything that is kept in a workbench file.

    Parameters
    ----------
    sources
        Where the clips come from.
    current
        Name of the clip that is shown.
    choices
        Concealers that are switched on, in the order of their lanes.
    order
        Identifiers of lanes that the user moved, in the wished order; others follow in their natural order.
    clips
        What was done to each clip, by its name; clips to which nothing was done are absent.
    match_levels
        Whether the lanes of all clips are brought to their reference's level.
    gaps
        How the gaps of all clips are judged.
    clip_table
        A table that tells more of the clips, a row for each; None for none.
    withheld
        Concealers that the file asks for and the user has not allowed, in the file's order.
    document
        SHA-256 of the file that it was read from, or written to last; empty when there is none.
    seen
        How the clip `current` was looked at when the file was written; None where the file does not say.
    """

    sources: Sources = field(default_factory=Sources)
    current: str | None = None
    choices: tuple[Choice, ...] = ()
    order: tuple[str, ...] = ()
    clips: Mapping[str, ClipWork] = field(default_factory=_no_clips)
    match_levels: bool = False
    gaps: GapChoices = field(default_factory=GapChoices)
    clip_table: Path | None = None
    withheld: tuple[Withheld, ...] = ()
    document: str = field(default="", compare=False)
    seen: Seen | None = field(default=None, compare=False)

    def clip(self, name: str | None) -> ClipWork:
        """Return what was done to the clip `name`."""
        return self.clips.get(name or "", ClipWork())

    def allowing(self, freed: Iterable[Withheld]) -> Work:
        """Return this work with those of the withheld concealers switched on, where the file has them."""
        choices, held = list(self.choices), list(self.withheld)
        for each in sorted((one for one in freed if one in held), key=lambda one: one.place):
            held.remove(each)
            before = sum(other.place < each.place for other in held)
            choices.insert(each.place - before, each.choice)
        return replace(self, choices=tuple(choices), withheld=tuple(held))

    def withholding(self, taken: Collection[Choice]) -> Work:
        """Return this work with those of its concealers withheld, where they stand."""
        held = {each.place: each for each in self.withheld}
        places = itertools.filterfalse(frozenset(held).__contains__, itertools.count())
        for place, choice in zip(places, self.choices, strict=False):
            if choice in taken:
                held[place] = Withheld(place, choice)
        left = tuple(choice for choice in self.choices if choice not in taken)
        return replace(self, choices=left, withheld=tuple(held[place] for place in sorted(held)))

    def with_clip(self, name: str, done: ClipWork) -> Work:
        """Return this work with `done` as what was done to the clip `name`."""
        others = {key: value for key, value in self.clips.items() if key != name}
        if done != ClipWork():
            others[name] = done
        return replace(self, clips=MappingProxyType(others))
