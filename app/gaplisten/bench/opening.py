"""What happens on a thread when clips are opened: plain functions with a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gaplisten.audio.gain import clip_gain
from gaplisten.audio.signal import Signal
from gaplisten.bench.loss_edits import lossy_with, trace_of
from gaplisten.bench.state import ClipWork, Sources
from gaplisten.clips.clip import Clip, ClipSet, OpenClip
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


def find_set(sources: Sources, job: Job) -> ClipSet:
    """Return the clips of these sources."""
    from gaplisten.clips.layouts import find_clips

    job.check(0.0)
    if sources.roles:
        return _loose(sources)
    return find_clips(sources.paths, reference_folder=sources.reference_folder, packet_ms=sources.packet_ms)


def _loose(sources: Sources) -> ClipSet:
    from gaplisten.clips.roles import Role, RoleGuess, clip_from_roles

    guesses = [
        RoleGuess(choice.path, Role(choice.role), choice.condition, "as chosen")
        for choice in sources.roles
        if choice.role != "ignore"
    ]
    form = next((choice.form for choice in sources.roles if choice.role == "trace"), "")
    clip = replace(clip_from_roles(guesses, packet_ms=sources.packet_ms), trace_format=form or None)
    names = tuple(condition.name for condition in clip.conditions)
    return ClipSet(clip.name, clip.folder, (clip,), names, ("loose files",))


def open_fully(clip: Clip, done: ClipWork, level_dbov: float, job: Job) -> Opened:
    """Read a clip, apply the loss edits made to it and find its gain."""
    from gaplisten.clips.opening import open_clip

    opened = open_clip(clip, job)
    trace, lossy = opened.trace, opened.lossy
    if done.loss is not None and opened.rate:
        try:
            trace = trace_of(done.loss, opened.rate, opened.frames)
            lossy = lossy_with(trace, opened.reference, opened.lossy, opened.trace)
        except ValueError as error:
            raise GaplistenError(clip.name, str(error), "restore the clip's own loss") from error
    gain, note = _gain(opened, level_dbov)
    return Opened(opened, trace, lossy, gain, note)


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
