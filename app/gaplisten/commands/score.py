"""`gaplisten score`: objective scores of files and whole folders."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer

from gaplisten.batch.agreement import agreement_table, agreements, disagreement_table, disagreements
from gaplisten.batch.challenge import FORMULA, combined_scores
from gaplisten.batch.compare import (
    Point,
    distribution_table,
    distributions,
    paired_differences,
    paired_table,
    points_of,
    worst_first,
)
from gaplisten.batch.comparison import heard_in
from gaplisten.batch.heard import Heard
from gaplisten.batch.items import (
    Version,
    said_by_file,
    stratified,
    table_of_versions,
    versions_from_paths,
)
from gaplisten.batch.run import ProcessWorkers, Workers
from gaplisten.batch.score import DoubtfulClips, ScoreBatch, apart, described, score_journal, score_versions
from gaplisten.batch.summary import brief, summarise_scores, tidy
from gaplisten.commands import output
from gaplisten.commands.folder_options import (
    Accept,
    ChannelsOption,
    LayoutFile,
    PacketFrames,
    PacketMs,
    Raw,
    ReferenceFolder,
    layout_from,
    packet_length,
    reading_from,
    say_channels,
    say_doubts,
)
from gaplisten.durable.places import check_place
from gaplisten.metrics.contract import Metric
from gaplisten.tables import Cell, Table

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
_WORST = 10


def _workers(cluster: str | None, jobs: int | None, seconds: float, versions: list[Version]) -> Workers:
    if cluster is None:
        return ProcessWorkers(jobs, seconds)
    from gaplisten.batch.cluster import ClusterWorkers

    workers = ClusterWorkers(cluster, seconds)
    others = {file for version in versions for file in (version.clip.reference, version.clip.trace)}
    workers.check([*(version.path for version in versions), *filter(None, others)])
    return workers


def metrics_table() -> Table:
    """Return the metrics that there are; foreign ones by name only, for their code is not loaded here."""
    from gaplisten.metrics.catalogue import built_in, third_party

    rows = [_described(metric) for metric in (found.metric for found in built_in().values())]
    foreign: list[tuple[Cell, ...]] = [
        (name, "", "", "", "", "", "", f"entry point {entry.value}") for name, entry in third_party().items()
    ]
    columns = ("metric", "title", "needs", "rates (Hz)", "range", "unit", "better", "source")
    return Table(columns, (*rows, *foreign))


def _described(metric: Metric) -> tuple[Cell, ...]:
    from gaplisten.metrics.material import missing_packages

    needs = ["reference"] * metric.needs_reference + ["loss trace"] * metric.needs_trace
    needs += ["transcript or reference"] * metric.needs_words
    missing = [f"missing: {name}" for name in missing_packages(metric)]
    rates = ", ".join(f"{rate}" for rate in metric.rates) or "any"
    ends = ["-" if math.isinf(end) else f"{end:g}" for end in metric.range]
    head = (metric.name, metric.title, "; ".join(needs + missing), rates)
    return (*head, " .. ".join(ends), metric.unit, metric.direction, metric.source)


def show_scores(
    batch: ScoreBatch,
    csv: Path | None,
    summary: Path | None,
    more: Sequence[str] = (),
    said: Mapping[Path, Mapping[str, str]] = MappingProxyType({}),
) -> None:
    """Print all scores and their means, or write them where the user said; `more` and `said` as in `tidy`."""
    output.show(tidy(batch.rows, more, said) if csv else brief(batch.rows), csv)
    if summary or len({row.task.version.path for row in batch.rows}) > 1:
        output.show(summarise_scores(batch.rows), summary, title=_means_title(_metrics(batch)))
    doubtful = sum(row.is_doubtful for row in batch.rows)
    if doubtful:
        print(
            f"{doubtful} of {len(batch.rows)} scores follow from files that do not fit together (see marks)"
        )
    if batch.reused:
        print(f"{batch.reused} of {len(batch.rows)} scores were known already (--force computes them again)")
    if batch.problem:
        output.say_note(batch.problem)


def _means_title(metrics: Sequence[Metric]) -> str:
    words = "of all words together (bootstrap over clips)" if any(each.weight for each in metrics) else ""
    clips = "of clips (Student's t)" if not all(each.weight for each in metrics) else ""
    return f"Means with 95 % intervals, {' and '.join(filter(None, (clips, words)))}"


def _metrics(batch: ScoreBatch) -> list[Metric]:
    return list({row.task.metric.name: row.task.metric for row in batch.rows}.values())


def show_comparison(batch: ScoreBatch) -> None:
    """Print for each metric how conditions are spread, how they differ by clip, and the worst clips."""
    for metric in _metrics(batch):
        points = points_of(batch.rows, metric.name)
        if not points:
            continue
        name = metric.title
        output.show(distribution_table(distributions(points, metric.range)), title=f"{name}: distributions")
        pairs = paired_differences(points)
        if pairs:
            output.show(paired_table(pairs), title=f"{name}: paired differences, first minus second")
        worst = worst_first(points, higher_is_better=metric.direction == "higher")[:_WORST]
        output.show(_worst_table(worst), title=f"{name}: worst first")


def _worst_table(points: Sequence[Point]) -> Table:
    rows = tuple((p.clip, p.condition, p.stratum, p.value, p.file) for p in points)
    return Table(("clip", "condition", "stratum", "value", "file"), rows)


def show_agreement(batch: ScoreBatch, heard: Sequence[Heard]) -> None:
    """Print how well each metric agrees with ratings."""
    for metric in _metrics(batch):
        points = points_of(batch.rows, metric.name)
        found = agreements(points, heard)
        if not found:
            print(f"{metric.name}: no rating is of a clip and condition that was scored")
            continue
        output.show(agreement_table(metric.name, found), title=f"{metric.title}: predicted against heard")
        worst = disagreements(points, heard)[:_WORST]
        if worst:
            title = f"{metric.title}: where prediction and ear disagree most"
            output.show(disagreement_table(metric.name, worst), title=title)
        rows = [row for row in batch.rows if row.task.metric.name == metric.name]
        if metric.weight and (whole := combined_scores(rows, heard)).rows:
            output.show(whole, title=f"{metric.title}: the challenge's combined score, {FORMULA}")


@app.command()
def score(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="FILE|FOLDER...")] = None,
    metric: Annotated[list[str] | None, typer.Option("--metric", "-m", help="Metric, any number of.")] = None,
    reference: Annotated[Path | None, typer.Option(help="The reference of all files.")] = None,
    reference_folder: ReferenceFolder = None,
    trace: Annotated[Path | None, typer.Option(help="A loss trace, or the folder of all.")] = None,
    packet_ms: PacketMs = None,
    packet: PacketFrames = None,
    layout: LayoutFile = None,
    raw: Raw = None,
    channels: ChannelsOption = None,
    accept: Accept = False,
    transcripts: Annotated[
        Path | None,
        typer.Option(metavar="FILE|DIR", help="What is said: a table (id, transcription), lines, or texts."),
    ] = None,
    metadata: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="A table with a row for each clip: for --csv and --strata."),
    ] = None,
    strata: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of --metadata to tell clips apart by, not by bursts."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write all scores as tidy CSV.")] = None,
    summary: Annotated[Path | None, typer.Option(help="Write means and intervals as CSV.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Processes; one per core.")] = None,
    seconds: Annotated[float, typer.Option("--time-limit", min=0.1, help="Seconds per score.")] = 120.0,
    force: Annotated[bool, typer.Option("--force", help="Compute known scores again.")] = False,
    cluster: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="Scheduler of a Dask cluster.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Add distributions, paired differences and the worst clips.")
    ] = False,
    ratings: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV|PANEL",
            help="Add the agreement with ratings (clip, condition, rating or cmos), or a panel's.",
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the metrics.")] = False,
) -> None:
    """Score sound files, or every version of every clip in folders."""
    if listed:
        output.show(metrics_table(), csv)
        return
    if not paths:
        raise typer.BadParameter("name at least one file or folder (--list shows the metrics)")
    check_place(csv, summary)
    versions = versions_from_paths(
        paths,
        reference=reference,
        reference_folder=reference_folder,
        trace=trace,
        packet=packet_length(packet_ms, packet),
        layout=layout_from(layout),
        transcripts=transcripts,
        reading=reading_from(raw, channels),
    )
    say_channels(versions)
    more, said = tuple[str, ...](), dict[Path, Mapping[str, str]]()
    if metadata is None and strata is not None:
        raise typer.BadParameter("--strata COLUMN is one of a table: add --metadata CSV")
    if metadata is not None:
        if csv is None and strata is None:
            raise typer.BadParameter("--metadata is for --strata COLUMN, or for the columns of --csv FILE")
        table = table_of_versions(versions, metadata)
        more, said = table.columns, said_by_file(versions, table)
        versions = stratified(versions, table, strata) if strata is not None else versions
    heard = heard_in(ratings) if ratings is not None else ()  # a bad table is told before hours of work
    wanted, asked = apart(metric or ["plcmos"])
    with output.progress("scoring") as job, score_journal() as journal:
        batch = ScoreBatch((), 0)
        if asked:
            from gaplisten.exchange.service_batch import score_by_set_up_service

            batch += score_by_set_up_service(versions, journal, asked, jobs=jobs, force=force, job=job)
        if wanted:
            with _workers(cluster, jobs, seconds, versions) as workers:
                metrics = described(wanted, workers)
                try:
                    batch += score_versions(
                        versions, metrics, workers, journal, force=force, accept=accept, job=job
                    )
                except DoubtfulClips as question:
                    say_doubts(question.doubts, accepted=False)
    show_scores(batch, csv, summary, more, said)
    if compare:
        show_comparison(batch)
    if ratings is not None:
        show_agreement(batch, heard)
    if output.failures(batch.failures):
        raise typer.Exit(1)
