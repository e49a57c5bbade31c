"""Checking the clips of a set, each against itself and against what the others could give it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gaplisten.clips.clip import ClipSet
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
    """

    clip: str
    doubts: tuple[Doubt, ...]
    problems: tuple[str, ...] = ()


def checked(clips: ClipSet, job: Job | None = None, most: int | None = None) -> Iterator[Checked]:
    """Read clips one after the other and say what does not fit.

    Parameters
    ----------
    most
        How many clips, spread over the set; all when not given.
    """
    job = job or Job()
    listed = clips.clips
    step = 1 if most is None else max(1, len(listed) // most)
    chosen = listed[::step][:most]
    others = {clip.name: clip.reference for clip in listed if clip.reference is not None}
    for number, clip in enumerate(chosen):
        job.check(number / len(chosen), f"checking {clip.name}")
        opened = open_clip(clip)
        yield Checked(clip.name, doubts_about(opened, others), opened.problems)
    job.check(1.0)
