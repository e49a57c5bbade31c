"""Checking the clips of a set, each against itself and against what the others could give it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gaplisten.audio.alignment import placement_of
from gaplisten.audio.in_place import read_in_place
from gaplisten.clips.clip import ClipSet, OpenClip
from gaplisten.clips.consistency import Doubt, doubts_about
from gaplisten.clips.opening import open_clip
from gaplisten.jobs import Job

AT_OPENING = 20
"""So many clips of a set are checked when it is opened; the others when they are read first."""


@dataclass(frozen=True)
class Checked:
    """What was found about one clip.

    Parameters
    ----------
    problems
        Why files of it could not be used.
    notes
        What is odd and may be meant: versions that are late all through, or turned round.
    taken
        What was found out about the clip when it was opened: by what its files are read, the packet length
        that fits, where the losses come from.
    """

    clip: str
    doubts: tuple[Doubt, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()


def checked(
    clips: ClipSet,
    job: Job | None = None,
    most: int | None = None,
    known: Sequence[Checked] = (),
    *,
    placed: bool = False,
) -> Iterator[Checked]:
    """Read clips one after the other and say what does not fit.

    Parameters
    ----------
    most
        How many clips, spread over the set; all when not given.
    placed
        Whether to look where each version lies, too, which takes longer.
    known
        What was found about clips already: these are not read again.
    """
    job = job or Job()
    listed = clips.clips
    step = 1 if most is None else max(1, len(listed) // most)
    chosen = listed[::step][:most]
    others = {clip.name: clip.reference for clip in listed if clip.reference is not None}
    for number, clip in enumerate(chosen):
        job.check(number / len(chosen), f"checking {clip.name}")
        done = next((each for each in known if each.clip == clip.name), None)
        if done is not None:
            yield done
            continue
        opened = open_clip(clip, read=read_in_place)
        notes = tuple(_placed(opened)) if placed else ()
        yield Checked(clip.name, doubts_about(opened, others), opened.problems, notes, opened.notes)
    job.check(1.0)


def _placed(opened: OpenClip) -> Iterator[str]:
    """Say which versions are late or early all through, or turned round."""
    if opened.reference is None:
        return
    for name, version in opened.versions.items():
        found = placement_of(opened.reference, version)
        said = [] if found is None else found.said(opened.rate)
        if said:
            yield f"{name} is {' and '.join(said)}"
