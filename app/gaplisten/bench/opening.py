"""What happens on a thread when clips are opened: plain functions with a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from gaplisten.audio.filemap import SampleSource, as_source
from gaplisten.audio.gain import clip_gain
from gaplisten.audio.level import LONG_SECONDS
from gaplisten.audio.signal import Signal
from gaplisten.bench.lanes import Lane, Role, keyed
from gaplisten.bench.loss_edits import lossy_with, trace_of
from gaplisten.bench.state import ClipWork, Sources
from gaplisten.clips.clip import Clip, ClipSet, OpenClip
from gaplisten.clips.consistency import Doubt
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.trace import LossTrace


@dataclass(frozen=True, eq=False)
class Opened:
    """A clip ready to be shown and heard: its loss and lossy signal with edits applied, and its one gain."""

    clip: OpenClip | None
    trace: LossTrace | None
    lossy: Signal | None
    gain: float
    gain_note: str
    doubts: tuple[Doubt, ...] = ()


def find_set(sources: Sources, job: Job) -> ClipSet:
    """Return the clips of these sources."""
    from gaplisten.clips.layouts import find_clips

    job.check(0.0)
    if sources.roles:
        return _loose(sources)
    return find_clips(
        sources.paths,
        reference_folder=sources.reference_folder,
        packet=sources.packet,
        layout=sources.layout,
        reading=sources.reading,
    )


def _loose(sources: Sources) -> ClipSet:
    from gaplisten.clips.roles import Role, RoleGuess, clip_from_roles

    guesses = [
        RoleGuess(choice.path, Role(choice.role), choice.condition, "as chosen")
        for choice in sources.roles
        if choice.role != "ignore"
    ]
    form = next((choice.form for choice in sources.roles if choice.role == "trace"), "")
    clip = replace(
        clip_from_roles(guesses, packet=sources.packet, reading=sources.reading), trace_format=form or None
    )
    names = tuple(condition.name for condition in clip.conditions)
    return ClipSet(clip.name, clip.folder, (clip,), names, ("loose files",))


def open_fully(
    clip: Clip, done: ClipWork, level_dbov: float, job: Job, others: Mapping[str, Path] = MappingProxyType({})
) -> Opened:
    """Read a clip, check it, apply the loss edits made to it and find its gain.

    Parameters
    ----------
    others
        References of the set's clips by their names, among which the right one may be.
    """
    from gaplisten.audio.in_place import read_in_place
    from gaplisten.clips.consistency import doubts_about
    from gaplisten.clips.opening import open_clip

    opened = open_clip(
        clip if done.reference is None else replace(clip, reference=done.reference), job, read_in_place
    )
    # An hour's clip is checked by its beginning like others: no more of it is compared.
    doubts = doubts_about(opened, others)
    trace, lossy = opened.trace, opened.lossy
    if done.loss is not None and opened.rate:
        try:
            trace = trace_of(done.loss, opened.rate, opened.frames)
            lossy = lossy_with(trace, opened.reference, opened.lossy, opened.trace)
        except ValueError as error:
            raise GaplistenError(clip.name, str(error), "restore the clip's own loss") from error
    gain, note = _gain(opened, level_dbov)
    return Opened(opened, trace, lossy, gain, note, doubts)


def _gain(opened: OpenClip, level_dbov: float) -> tuple[float, str]:
    """Return a clip's one gain (linear) and what it is in words; 1 and nothing when there is no sound."""
    versions = [signal for signal in (opened.lossy, *opened.conditions.values()) if signal is not None]
    if opened.reference is None and not versions:
        return 1.0, ""
    found = clip_gain(opened.reference, versions, level_dbov)
    return found.gain, found.note


def split_paths(paths: Sequence[Path]) -> tuple[list[Path], list[Path], list[Path]]:
    """Return workbench files, folders and other files among what was dropped or named."""
    work = [path for path in paths if path.suffix.lower() == ".toml"]  # no other TOML can be opened
    rest = [path for path in paths if path not in work]
    return work, [path for path in rest if path.is_dir()], [path for path in rest if not path.is_dir()]


# -- long clips: drawn and heard where they lie, while all that is known of them is still being found ----


@dataclass(frozen=True, eq=False)
class FileLanes:
    """The files of a long clip, ready to be drawn and, where they need not be looked at before, heard.

    Parameters
    ----------
    sources
        By the identifier of the lane; empty for a short clip.
    lanes
        The same as lanes, with keys; those that must be decoded or looked at first have no sound yet.
    trace
        The written loss.
    """

    sources: Mapping[str, SampleSource] = field(default_factory=dict)
    lanes: tuple[Lane, ...] = ()
    trace: LossTrace | None = None
    frames: int = 0
    rate: int = 0


def file_lanes(clip: Clip) -> FileLanes:
    """Return what of a long clip can be drawn and heard from its files; nothing for a short one.

    Only headers and the trace are read. A file of another rate than the clip's clock is resampled where it is
    looked at; one that must be decoded first is left out then.
    """
    from gaplisten.audio.files import probe
    from gaplisten.audio.in_place import lying_in_place
    from gaplisten.audio.opening import open_source

    sources: dict[str, SampleSource] = {}
    lanes: list[Lane] = []
    for ident, name, role, path in _files_of(clip):
        with suppress(GaplistenError):  # opening it for listening will tell
            signal = lying_in_place(probe(path, clip.reading), floats=False)
            sources[ident] = open_source(path, clip.reading) if signal is None else as_source(signal)
            lanes.append(Lane(ident, name, role, signal, state="reading", busy=True))
    clock = next(iter(sources.values()), None)
    if clock is None or clock.frames < LONG_SECONDS * clock.rate:
        return FileLanes()
    on_clock = [_on_clock(lane, clock.rate) for lane in lanes]
    sources |= {lane.ident: as_source(lane.signal) for lane in on_clock if lane.signal is not None}
    fitting = {ident: source for ident, source in sources.items() if source.rate == clock.rate}
    kept = keyed([lane for lane in on_clock if lane.ident in fitting])
    return FileLanes(fitting, kept, _written_loss(clip, clock), clock.frames, clock.rate)


def _on_clock(lane: Lane, rate: int) -> Lane:
    """Return a lane that lies in its file at the clip's rate."""
    from gaplisten.audio.resampled import at_rate

    return lane if lane.signal is None else replace(lane, signal=at_rate(lane.signal, rate))


def _files_of(clip: Clip) -> list[tuple[str, str, Role, Path]]:
    files = []
    if clip.reference is not None:
        files.append(("reference", "Reference", Role.REFERENCE, clip.reference))
    if clip.lossy is not None:
        files.append(("lossy", "Lossy", Role.LOSSY, clip.lossy))
    named = [(f"condition:{each.name}", each.name, Role.CONDITION, each.path) for each in clip.conditions]
    return [*files, *named]


def _written_loss(clip: Clip, clock: SampleSource) -> LossTrace | None:
    from gaplisten.clips.traces import trace_of

    with suppress(GaplistenError):
        written = trace_of(clip, clock.rate, clock.frames)
        return None if written is None else written.trace
    return None
