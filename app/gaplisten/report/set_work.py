"""From versions to a report of a set: gaps measured, builds judged, findings opened, the page written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from gaplisten.batch.comparison import Comparison
from gaplisten.batch.gap_values import ClipGaps, gap_journal, measure_builds, tables_of
from gaplisten.batch.gate import Build, Verdict, judge
from gaplisten.batch.items import REFERENCE, Version, file_of, versions_of
from gaplisten.batch.work import PartOf
from gaplisten.clips.clip import ClipSet, ConditionFile
from gaplisten.clips.opening import open_clip
from gaplisten.durable.files import not_written, write_whole
from gaplisten.durable.places import check_place
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.strata import Stratum
from gaplisten.metrics.contract import Metric
from gaplisten.report.finding import Finding, finding_of, place_of
from gaplisten.report.set_report import REPORT_CONTEXT_MS, Chosen, choose, report_of

_MEASURING = 0.6  # share of the work


class ReportError(GaplistenError):
    """A report that cannot be made or written."""


@dataclass(frozen=True)
class Reported:
    """A report that was written.

    Parameters
    ----------
    shown, count
        How many findings are in it, and how many there are.
    missing, doubts
        How many clips could not be compared, and how many things do not fit together; the report names them.
    """

    path: Path
    shown: int
    count: int
    missing: int
    doubts: int

    def __str__(self) -> str:
        """Return it in a sentence."""
        said = f"Written: {self.path}, {self.shown} of {self.count} findings in it"
        if self.missing:
            said += f"; {self.missing} times a clip could not be compared"
        if self.doubts:
            said += f"; what does not fit together ({self.doubts}) is named in it"
        return said


def builds_of(
    found: Mapping[str, Sequence[Version]],
    measured: Sequence[ClipGaps],
    scores: Mapping[str, Mapping[str, Mapping[str, float]]],
    problems: Mapping[str, Mapping[str, str]],
    weights: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> list[Build]:
    """Return builds from what was measured of all their versions, one build after the other."""
    builds, rest = [], iter(measured)
    for name, versions in found.items():
        gaps = {version.clip.name: next(rest) for version in versions}
        failed = {clip: each.problem for clip, each in gaps.items() if each.problem}
        whole = {clip: each for clip, each in gaps.items() if not each.problem}
        failed |= problems.get(name, {})
        builds.append(Build(name, whole, scores.get(name, {}), failed, weights.get(name, {})))
    return builds


def doubts_of(found: Mapping[str, Sequence[Version]], measured: Sequence[ClipGaps]) -> list[str]:
    """Return what does not fit together, each thing once, with its build and clip."""
    flat = [(name, version) for name, versions in found.items() for version in versions]
    return list(
        dict.fromkeys(
            f"{name}, {version.clip.name}: {doubt}"
            for (name, version), each in zip(flat, measured, strict=True)
            for doubt in each.doubts
        )
    )


def findings_of(
    shown: Sequence[Chosen],
    found: Mapping[str, Sequence[Version]],
    base: str | None,
    builds: Mapping[str, Build],
    job: Job,
) -> Iterator[tuple[Chosen, Finding]]:
    """Open each clip that a report shows, in its build and in the base; what was measured of it is known.

    Parameters
    ----------
    base
        None where nothing of it but values is there.
    builds
        What was measured, by their names.
    """
    versions = {(name, each.clip.name): each for name, known in found.items() for each in known}
    for number, chosen in enumerate(shown):
        job.check(number / len(shown), chosen.clip)
        version = versions[chosen.build, chosen.clip]
        conditions = [replace(file_of(version), name=chosen.build)]
        each = versions.get((base, chosen.clip)) if base is not None else None
        if base is not None and each is not None:
            own = file_of(each)
            trace = own.trace or (each.clip.trace if each.clip.trace != version.clip.trace else None)
            conditions.insert(0, replace(own, name=base, trace=trace))
        opened = open_clip(replace(version.clip, conditions=tuple(conditions)))
        measured = {name: gaps for name in opened.conditions if (gaps := builds[name].gaps.get(chosen.clip))}
        tables = tables_of(opened, measured)
        yield chosen, finding_of(opened, tables, chosen.gap, place_of(version.clip), {}, REPORT_CONTEXT_MS)


@dataclass(frozen=True)
class Page:
    """A report's text, how many findings are in it, and how many there are."""

    text: str
    shown: int
    count: int


def page_of(
    base: Build,
    others: Sequence[Build],
    verdicts: Sequence[Verdict],
    metrics: Sequence[Metric],
    found: Mapping[str, Sequence[Version]],
    job: Job,
    *,
    heard: bool,
    judged: bool,
    allow_missing: bool,
    doubts: Sequence[str],
    strata: Mapping[str, str] = MappingProxyType({}),
) -> Page:
    """Choose the findings, open them, and return the page; see `report_of`.

    Parameters
    ----------
    found
        The versions of each build, by its name.
    heard
        Whether the base's sounds are there, and not its values alone.
    strata
        By clip: what it is told apart by.
    """
    known = {each.name: each for each in (base, *others)}
    shown, count = choose(verdicts, known)
    text = report_of(
        base,
        others,
        verdicts,
        metrics,
        findings_of(shown, found, base.name if heard else None, known, job),
        count,
        judged=judged,
        allow_missing=allow_missing,
        doubts=doubts,
        strata=strata,
    )
    return Page(text, len(shown), count)


def versions_scored(comparison: Comparison, clipset: ClipSet | None) -> dict[str, list[Version]]:
    """Return the versions that scores are of, by condition, without the reference.

    Parameters
    ----------
    clipset
        What is open: a table of scores names sounds, not their references and losses.

    Raises
    ------
    ReportError
        If no clip of the scores is known.
    """
    if comparison.versions:
        every = list(comparison.versions)
    else:
        clips = {clip.name: clip for clip in clipset.clips} if clipset is not None else {}
        known = {(each.clip.name, each.condition): each for each in (versions_of(clipset) if clipset else ())}
        every = []
        for clip, condition, file in comparison.files:
            own = known.get((clip, condition))
            if own is not None and (not file or own.path == Path(file)):
                every.append(own)
            elif clip in clips and file:  # a sound that lies elsewhere: what was scored counts
                alone = replace(clips[clip], conditions=(ConditionFile(condition, Path(file)),))
                every.append(Version(alone, condition, Path(file)))
        if not every:
            way_out = "open the folder that was scored"
            raise ReportError("report", "the clips of these scores are not open", way_out)
    found: dict[str, list[Version]] = {}
    for each in every:
        if each.condition != REFERENCE:
            found.setdefault(each.condition, []).append(each)
    return found


def write_report(
    path: Path, comparison: Comparison, found: Mapping[str, Sequence[Version]], base: str, job: Job
) -> Reported:
    """Measure the gaps of what was scored, and write the page of all conditions against one.

    Raises
    ------
    ReportError
        If there is nothing to compare, or the page cannot be written.
    PlaceError
        If the page has no place.
    JobCancelled
        When asked to stop: nothing is written.
    """
    if base not in found or len(found) < 2:
        raise ReportError("report", "needs two conditions whose sounds are known", "score another one, too")
    check_place(path)  # before the work, not after it
    ordered = {base: found[base], **{name: each for name, each in found.items() if name != base}}
    flat = [version for versions in ordered.values() for version in versions]
    with gap_journal() as journal:
        measured = measure_builds(flat, journal, job=PartOf(job, 0.0, _MEASURING, "measuring gaps"))
    first, *others = builds_of(ordered, measured, *_scores(comparison))
    metrics = [
        Metric(
            each.name,
            each.title,
            unit=each.unit,
            range=each.ends,
            direction="higher" if each.higher_is_better else "lower",
        )
        for each in comparison.scales
    ]
    verdicts = [judge(first, each, (), {}) for each in others]
    doubts = doubts_of(ordered, measured)
    made = page_of(
        first,
        others,
        verdicts,
        metrics,
        ordered,
        PartOf(job, _MEASURING, 1.0 - _MEASURING, "writing the report"),
        heard=True,
        judged=False,
        allow_missing=True,
        doubts=doubts,
        strata=_told_apart(comparison),
    )
    job.check(1.0)
    try:
        write_whole(path, made.text)
    except OSError as error:
        raise ReportError(*not_written(path, error)) from error
    missing = sum(len(each.missing) for each in verdicts)
    return Reported(path, made.shown, made.count, missing, len(doubts))


def _told_apart(comparison: Comparison) -> dict[str, str]:
    """Return what a table said of each clip when it was scored; bursts are told of by themselves."""
    bursts = {"", *map(str, Stratum)}
    every = (point for points in comparison.points.values() for point in points)
    return {point.clip: point.stratum for point in every if point.stratum not in bursts}


_ByClip = dict[str, dict[str, dict[str, float]]]


def _scores(comparison: Comparison) -> tuple[_ByClip, dict[str, dict[str, str]], _ByClip]:
    """Return values, no problems, and weights, by condition, metric and clip."""
    found, weights = _ByClip(), _ByClip()
    for metric, points in comparison.points.items():
        for point in points:
            found.setdefault(point.condition, {}).setdefault(metric, {})[point.clip] = point.value
            if point.weight is not None:
                weights.setdefault(point.condition, {}).setdefault(metric, {})[point.clip] = point.weight
    return found, {}, weights
