"""`gaplisten compare`: builds against each other, gap by gap; fails where a limit is broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.audio.channels import Reading
from gaplisten.batch.baseline import check_same, read_baseline, save_baseline
from gaplisten.batch.by_stratum import by_stratum
from gaplisten.batch.gap_values import gap_journal, measure_builds, without_paths
from gaplisten.batch.gate import MOST_NAMED, Build, Verdict, judge, mean_of_clips, summary_table
from gaplisten.batch.items import Version, stratified, table_of_versions, versions_from_paths
from gaplisten.batch.limits import (
    ANY,
    CLIP,
    OF_ANY,
    OF_CLIP,
    OF_CLIPS,
    OF_GAPS,
    Limit,
    check_metric,
    limit_of,
)
from gaplisten.batch.run import ProcessWorkers
from gaplisten.batch.score import apart, described, identity_of, score_journal, score_versions
from gaplisten.clips.clip import PacketLength
from gaplisten.clips.names import numbered
from gaplisten.commands import output
from gaplisten.commands.folder_options import (
    Accept,
    ChannelsOption,
    PacketFrames,
    PacketMs,
    Raw,
    ReferenceFolder,
    packet_length,
    reading_from,
    say_channels,
    say_doubts,
)
from gaplisten.commands.trace_words import places_of_traces
from gaplisten.durable.files import not_written, write_whole
from gaplisten.durable.places import check_place
from gaplisten.errors import GaplistenError
from gaplisten.metrics.catalogue import built_in, metric_names
from gaplisten.metrics.contract import Metric
from gaplisten.report.junit import junit_of
from gaplisten.report.set_work import builds_of, doubts_of, page_of
from gaplisten.tables import Cell, Table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


class CompareError(GaplistenError):
    """Builds that cannot be compared."""


def _figures(wanted: bool) -> None:
    if wanted:
        rows = [("any", name, what) for name, what in OF_ANY.items()]
        rows += [("clip", name, what) for name, what in OF_CLIP.items()]
        rows += [("a gap measure", name, what) for name, what in OF_GAPS.items()]
        rows += [("a metric", name, what) for name, what in OF_CLIPS.items()]
        output.show(Table(("of", "figure", "what it is"), tuple(rows)))
        raise typer.Exit


@app.command()
def compare(
    builds: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="BASE NEW...", help="A folder of sounds for each build; the first is the base."
        ),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Kept values in place of BASE.")
    ] = None,
    reference_folder: ReferenceFolder = None,
    trace: Annotated[
        list[str] | None,
        typer.Option("--trace", metavar="[BUILD=]DIR", help="Loss traces of all builds, or of one."),
    ] = None,
    packet_ms: PacketMs = None,
    packet: PacketFrames = None,
    raw: Raw = None,
    channels: ChannelsOption = None,
    accept: Accept = False,
    metadata: Annotated[
        Path | None, typer.Option(metavar="CSV", help="A table with a row for each clip, for --strata.")
    ] = None,
    strata: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of --metadata to tell clips apart by.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", "-m", help="Score with this metric, too; any number of.")
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if", metavar="MEASURE:FIGURE>VALUE[:significant]", help="A limit; any number of."
        ),
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Pass though clips cannot be compared.")
    ] = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="F.xml", help="Write JUnit XML.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="F.html", help="Write a page with all of it, the worst gaps to hear."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write all figures of all measures.")] = None,
    save: Annotated[
        Path | None, typer.Option("--save-baseline", metavar="FILE", help="Keep BASE's values.")
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Processes; one per core.")] = None,
    figures: Annotated[
        bool,
        typer.Option("--figures", callback=_figures, is_eager=True, help="List what --fail-if knows; stop."),
    ] = False,
) -> None:
    """Compare builds of a concealer: every gap with the same gap of the base.

    Exit status: 0 passed, 1 a limit is broken (or clips are missing, or files do not fit together), 2 usage.
    Medians hide what happens in few gaps; a limit such as click_exit:new>0 names each of them.
    """
    if (metadata is None) is not (strata is None):
        raise typer.BadParameter("--metadata CSV and --strata COLUMN belong together")
    limits = [limit_of(text, metric_names()) for text in fail_if or []]
    wanted = list(dict.fromkeys([*(metric or []), *(each.measure for each in limits if not each.of_gaps)]))
    folders = list(builds or [])
    if len(folders) < (1 if baseline or save else 2):
        raise CompareError("compare", "needs builds", "name BASE and NEW, or NEW with --baseline FILE")
    check_place(junit, report, csv, save)
    if baseline is not None and save is not None:
        raise CompareError("--save-baseline", "is given beside --baseline", "leave one of them out")
    for limit in limits:
        known = built_in().get(limit.measure)
        if known is not None:
            check_metric(limit, known.metric.direction)
    _, asked = apart(wanted)
    if asked:
        raise CompareError(f"metric {asked[0]}", "is computed by a service", "score with it: gaplisten score")
    if baseline is not None:
        read_baseline(baseline, {})  # what cannot be read is told before any work
    found = _versions(
        folders, reference_folder, trace or [], packet_length(packet_ms, packet), reading_from(raw, channels)
    )
    say_channels(version for versions in found.values() for version in versions)
    apart_by = dict[str, str]()
    if metadata is not None and strata is not None:
        flat = [version for versions in found.values() for version in versions]
        apart_by = {
            each.clip.name: each.stratum
            for each in stratified(flat, table_of_versions(flat, metadata), strata)
        }
    measured, metrics, doubts = _measured(found, wanted, jobs, accept)
    identities = {each.name: identity_of(each) for each in metrics}
    if save is not None:
        save_baseline(save, measured[0], identities)
        output.say(f"baseline of {measured[0].name}: {len(measured[0].gaps)} clips, written to {save}")
        if len(measured) == 1:
            return
    if baseline is not None:
        base, others = read_baseline(baseline, identities), measured
        for each in others:
            check_same(baseline, base, each)
    else:
        base, others = measured[0], measured[1:]
    better = {each.name: each.direction for each in metrics}
    for limit in limits:
        if limit.measure in better:
            check_metric(limit, better[limit.measure])
    verdicts = [judge(base, each, limits, better) for each in others]
    _show(base, others, metrics, verdicts, csv)
    if apart_by:
        output.show(by_stratum(base, others, metrics, apart_by), title=f"By {strata}")
    if junit is not None:
        _write(junit, junit_of(verdicts, limits, allow_missing=allow_missing))
    if report is not None:
        with output.progress("writing the report") as job:
            made = page_of(
                base,
                others,
                verdicts,
                metrics,
                found,
                job,
                heard=baseline is None,
                judged=bool(limits),
                allow_missing=allow_missing,
                doubts=doubts,
                strata=apart_by,
            )
        _write(report, made.text)
        output.say(f"report, {made.shown} of {made.count} findings in it: {report}")
    passed = [_tell(verdict, limits, allow_missing) for verdict in verdicts]
    if not all(passed):
        raise typer.Exit(1)


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text)
    except OSError as error:
        raise CompareError(*not_written(path, error)) from error


def _versions(
    folders: Sequence[Path],
    references: Path | None,
    traces: Sequence[str],
    packet: PacketLength,
    reading: Reading,
) -> dict[str, list[Version]]:
    """Return the versions of each build, by its name."""
    names = _names(folders)
    shared, own = _traces(traces, names)
    found: dict[str, list[Version]] = {}
    for folder, name in zip(folders, names, strict=True):
        if not folder.is_dir():
            raise CompareError(str(folder), "is no folder", "name a folder of sounds for each build")
        versions = versions_from_paths(
            [folder], reference_folder=references, trace=own.get(name, shared), packet=packet, reading=reading
        )
        conditions = {version.condition for version in versions}
        if len(conditions) > 1:
            named = ", ".join(sorted(conditions))
            raise CompareError(str(folder), f"holds several systems ({named})", "name one system's folder")
        found[name] = versions
    return found


def _names(folders: Sequence[Path]) -> list[str]:
    names: list[str] = []
    for folder in folders:
        names.append(numbered(folder.resolve().name, names))
    return names


def _traces(words: Sequence[str], names: Sequence[str]) -> tuple[Path | None, dict[str, Path]]:
    shared, own = places_of_traces(words, names, of="build", place="DIR", thing="place of traces")
    for path in (shared, *own.values()):
        if path is not None and not path.exists():
            raise CompareError(str(path), "is not there", "check the path")
    return shared, own


def _measured(
    found: Mapping[str, list[Version]], wanted: Sequence[str], jobs: int | None, accept: bool
) -> tuple[list[Build], list[Metric], list[str]]:
    """Measure all gaps, and score what is wanted; end where files do not fit together, unless accepted."""
    flat = [version for versions in found.values() for version in versions]
    with output.progress("measuring gaps") as job, gap_journal() as journal:
        measured = measure_builds(flat, journal, jobs=jobs, job=job)
    if journal.problem:
        output.say_note(journal.problem)
    doubts = doubts_of(found, measured)
    say_doubts(doubts, accepted=accept)
    scores: dict[str, dict[str, dict[str, float]]] = {name: {} for name in found}
    problems: dict[str, dict[str, str]] = {name: {} for name in found}
    words: dict[str, dict[str, dict[str, float]]] = {name: {} for name in found}
    metrics: list[Metric] = []
    if wanted:
        with (
            output.progress("scoring") as job,
            score_journal() as scored,
            ProcessWorkers(jobs) as workers,
        ):
            metrics = list(described(wanted, workers))
            for name, versions in found.items():
                batch = score_versions(versions, metrics, workers, scored, job=job)
                for row in batch.rows:
                    clip, value = row.task.version.clip.name, row.score.value
                    if value is None:
                        reason = without_paths(row.score.reason, row.task.version)
                        problems[name][clip] = f"{row.task.metric.name}: {reason}"
                    else:
                        scores[name].setdefault(row.task.metric.name, {})[clip] = value
                        weight = dict(row.score.beside).get(row.task.metric.weight)
                        if weight is not None:
                            words[name].setdefault(row.task.metric.name, {})[clip] = weight
    return builds_of(found, measured, scores, problems, words), metrics, doubts


# -- telling -------------------------------------------------------------------------------------------------


def _show(
    base: Build,
    others: Sequence[Build],
    metrics: Sequence[Metric],
    verdicts: Sequence[Verdict],
    csv: Path | None,
) -> None:
    gaps = sum(len(each.gaps) for each in base.gaps.values())
    output.say(f"base: {base.name}, {len(base.gaps)} clips, {gaps} gaps")
    output.show(summary_table(verdicts, telling=csv is None), csv)
    rows: list[tuple[Cell, ...]] = []
    for metric in metrics:
        for build in others:
            own, theirs = build.scores.get(metric.name, {}), base.scores.get(metric.name, {})
            both = [clip for clip in own if clip in theirs]
            if both:
                weights = build.weights.get(metric.name, {})
                means = [
                    mean_of_clips({clip: values[clip] for clip in both}, weights).mean
                    for values in (theirs, own)
                ]
                rows.append((build.name, metric.name, len(both), *(round(mean, 4) for mean in means)))
    if rows:
        output.show(Table(("build", "metric", "clips", "base mean", "mean"), tuple(rows)))


def _tell(verdict: Verdict, limits: Sequence[Limit], allow_missing: bool) -> bool:
    """Say what is broken, and by what; return whether the build passed."""
    for clip in verdict.unpaired:
        output.say(f"{verdict.build}: {clip}: its losses differ from the base's: not paired by gap")
    for sentence in verdict.missing:
        output.say(f"{verdict.build}: missing: {sentence}")
    if not any(breach.limit.measure in (ANY, CLIP) for breach in verdict.breaches):
        for each in verdict.told[:MOST_NAMED]:
            output.say(f"{verdict.build}: {each!s}")
    for breach in verdict.breaches:
        output.say(f"{verdict.build}: BROKEN {breach}")
        for line in breach.figure.about[:MOST_NAMED]:
            output.say(f"  {line}")
        more = len(breach.figure.about) - MOST_NAMED
        if more > 0 and breach.limit.figure == "new":
            output.say(f"  and {more} more (--junit and --csv have the figures)")
    for limit in verdict.unknown:
        output.say(f"{verdict.build}: BROKEN {limit.no_value}")
    passed = verdict.passed(allow_missing)
    if limits or not passed:
        output.say(f"{verdict.build}: {'passed' if passed else 'failed'}")
    return passed
