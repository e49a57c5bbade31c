"""Options and work of `gaplisten gaps --bundle`: gaps that leave the program as a ZIP or a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gaplisten.audio.in_place import read_in_place
from gaplisten.clips.clip import Clip, OpenClip
from gaplisten.clips.opening import open_clip
from gaplisten.commands.output import progress, say
from gaplisten.durable.places import check_place
from gaplisten.errors import GaplistenError
from gaplisten.loss.measures import GapTable, measure_named, measure_versions
from gaplisten.loss.measures.gap_table import badness
from gaplisten.report.bundle import bundle_of, check_bundle, write_bundle
from gaplisten.report.finding import CONTEXT_MS, Finding, Place, finding_of, place_of

Bundle = Annotated[
    Path | None,
    typer.Option(
        "--bundle", metavar="OUT", help="Hand gaps over: a ZIP with sounds, picture, text and page."
    ),
]
Gap = Annotated[int | None, typer.Option("--gap", min=1, help="With --bundle: this gap, counted from 1.")]
Worst = Annotated[
    int | None, typer.Option("--worst", min=1, metavar="N", help="With --bundle: the N worst gaps (one).")
]
By = Annotated[str, typer.Option("--by", metavar="MEASURE", help="With --worst: what makes a gap worse.")]
ClipName = Annotated[
    str | None, typer.Option("--clip", metavar="NAME", help="With --bundle: this clip of the folder only.")
]
ContextMs = Annotated[
    float, typer.Option("--context-ms", min=0, max=5000, help="With --bundle: sound before and after a gap.")
]
Anonymous = Annotated[
    bool, typer.Option("--anonymous", help="With --bundle: call versions A, B, C; the key stays beside OUT.")
]
AsFolder = Annotated[bool, typer.Option("--as-folder", help="With --bundle: write a folder, not a ZIP.")]


class HandingOverError(GaplistenError):
    """Nothing that can be handed over."""


@dataclass(frozen=True)
class Handover:
    """What is to be handed over, and how."""

    out: Path
    gap: int | None = None
    worst: int | None = None
    by: str = "click_exit"
    clip: str | None = None
    context_ms: float = CONTEXT_MS
    anonymous: bool = False
    as_folder: bool = False

    def __post_init__(self) -> None:
        if self.gap is not None and self.worst is not None:
            raise HandingOverError("--gap", "is given beside --worst", "leave one of them out")
        try:
            measure_named(self.by)
        except KeyError as error:
            raise HandingOverError(
                f"--by {self.by}", "is no measure", "see gaplisten gaps --measures"
            ) from error


@dataclass(frozen=True)
class _Rank:
    bad: float
    clip: int
    gap: int
    version: str
    value: float


def hand_over(
    clips: Sequence[Clip],
    wanted: Handover,
    thresholds: Mapping[str, float],
    options: Sequence[str],
    opened: OpenClip | None = None,
) -> None:
    """Measure, choose the gaps, and write the bundle; say where it lies and what is in it.

    Parameters
    ----------
    opened
        The only clip, of loose files, which has been opened already.

    Raises
    ------
    GaplistenError
        If there is no such clip or gap, or something cannot be read or written.
    """
    check_place(wanted.out, folders=True)
    check_bundle(wanted.out, folder=wanted.as_folder, anonymous=wanted.anonymous)
    chosen = [clip for clip in clips if wanted.clip in (None, clip.name)]
    if not chosen:
        names = ", ".join(clip.name for clip in clips[:8])
        raise HandingOverError(f"--clip {wanted.clip}", "is no clip", f"there are {names}")
    if wanted.gap is not None and len(chosen) > 1:
        raise HandingOverError(
            "--gap", f"could be of any of {len(chosen)} clips", "say which with --clip NAME"
        )
    with progress("measuring gaps") as job:
        kept: dict[int, tuple[OpenClip, tuple[GapTable, ...]]] = {}

        def measured(number: int) -> tuple[OpenClip, tuple[GapTable, ...]]:
            if number not in kept:
                # Of a large set only one clip is held at a time: sounds would fill the memory.
                kept.clear()
                found = opened or open_clip(chosen[number], read=read_in_place)
                kept[number] = (found, _tables(found))
            return kept[number]

        if wanted.gap is not None:
            places = [_Rank(0.0, 0, wanted.gap, "", 0.0)]
        else:
            ranks = list[_Rank]()
            for number, clip in enumerate(chosen):
                job.check(0.8 * number / len(chosen), clip.name)
                ranks += _ranks(number, *measured(number), wanted.by)
            places = sorted(ranks, key=lambda rank: -rank.bad)[: wanted.worst or 1]
            if not places:
                fact = f"no gap has a value of {wanted.by}"
                raise HandingOverError("gaps", fact, "name one with --gap, or another measure with --by")

        def findings() -> Iterator[Finding]:
            for rank in places:
                found, tables = measured(rank.clip)
                place = place_of(found.clip, options) if opened is None else _loose(found.clip, options)
                yield finding_of(found, tables, rank.gap, place, thresholds, wanted.context_ms)

        bundle = bundle_of(findings(), anonymous=wanted.anonymous, check=lambda name: job.check(0.9, name))
        written = write_bundle(wanted.out, bundle, folder=wanted.as_folder, replace=False)
    for rank, folder in zip(
        places, dict.fromkeys(path.partition("/")[0] for path in bundle.files), strict=True
    ):
        why = (
            f": {wanted.by} {rank.value:.4g} in {rank.version}"
            if rank.version and not wanted.anonymous
            else ""
        )
        say(f"{folder}{why}")
    say(f"written: {written[0]}")
    for key in written[1:]:
        say(f"keep back, it names the versions: {key}")


def _loose(clip: Clip, options: Sequence[str]) -> Place:
    """Return how to open loose files again: by their names."""
    files = [clip.reference, clip.lossy, clip.trace]
    files += [path for each in clip.conditions for path in (each.path, each.trace)]
    names = dict.fromkeys(path.name for path in files if path is not None)
    return Place(tuple(names), tuple(options))


def _tables(opened: OpenClip) -> tuple[GapTable, ...]:
    return measure_versions(opened.reference, opened.conditions, opened.traces)


def _ranks(number: int, opened: OpenClip, tables: Sequence[GapTable], by: str) -> Iterator[_Rank]:
    """Return each gap of the clip's own trace with the worst value that any version has there."""
    if opened.trace is None:
        return
    gaps = {gap.start: index for index, gap in enumerate(opened.trace.gaps(opened.frames), 1)}
    worst: dict[int, _Rank] = {}
    for table in tables:
        for version in table.versions:
            values = table.column(version, by)
            for facts, value, bad in zip(table.gaps, values, badness(measure_named(by), values), strict=True):
                index = gaps.get(facts.gap.start)
                if index is None or np.isnan(bad) or (index in worst and worst[index].bad >= bad):
                    continue
                worst[index] = _Rank(float(bad), number, index, version, float(value))
    yield from worst.values()
