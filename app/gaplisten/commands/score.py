"""`gaplisten score`: objective scores of files and whole folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gaplisten.batch.heard import read_heard
from gaplisten.batch.items import Version, versions_from_paths
from gaplisten.batch.journal import Journal
from gaplisten.batch.score import ScoreBatch, described, score_journal, score_versions
from gaplisten.batch.workers import ProcessWorkers, Workers
from gaplisten.commands import output
from gaplisten.commands.score_report import (
    SERVICE,
    metrics_table,
    show_agreement,
    show_comparison,
    show_scores,
)
from gaplisten.jobs import Job

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


def _workers(cluster: str | None, jobs: int | None, seconds: float, versions: list[Version]) -> Workers:
    if cluster is None:
        return ProcessWorkers(jobs, seconds)
    from gaplisten.batch.cluster import ClusterWorkers

    workers = ClusterWorkers(cluster, seconds)
    others = {file for version in versions for file in (version.clip.reference, version.clip.trace)}
    workers.check([*(version.path for version in versions), *filter(None, others)])
    return workers


def _by_service(
    versions: list[Version], journal: Journal, jobs: int | None, force: bool, job: Job
) -> ScoreBatch:
    from gaplisten.exchange.service_batch import score_by_service
    from gaplisten.exchange.service_settings import load_service

    return score_by_service(versions, load_service(), journal, jobs=jobs, force=force, job=job)


@app.command()
def score(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="FILE|FOLDER...")] = None,
    metric: Annotated[list[str] | None, typer.Option("--metric", "-m", help="Metric, any number of.")] = None,
    reference: Annotated[Path | None, typer.Option(help="The reference of all files.")] = None,
    reference_folder: Annotated[
        Path | None, typer.Option(help="Where each file finds its reference under its own name.")
    ] = None,
    trace: Annotated[Path | None, typer.Option(help="A loss trace, or the folder of all.")] = None,
    packet_ms: Annotated[float, typer.Option(min=0.1, help="Packet length in ms.")] = 20.0,
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
        typer.Option(metavar="CSV", help="Add the agreement with ratings (clip, condition, rating)."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the metrics.")] = False,
) -> None:
    """Score sound files, or every version of every clip in folders."""
    if listed:
        output.show(metrics_table(), csv)
        return
    if not paths:
        raise typer.BadParameter("name at least one file or folder (--list shows the metrics)")
    output.check_place(csv, summary)
    versions = versions_from_paths(
        paths, reference=reference, reference_folder=reference_folder, trace=trace, packet_ms=packet_ms
    )
    heard = read_heard(ratings) if ratings is not None else ()  # a bad table is told before hours of work
    wanted = list(dict.fromkeys(metric or ["plcmos"]))
    with output.progress("scoring") as job, score_journal() as journal:
        batch = ScoreBatch((), 0)
        if SERVICE in wanted:
            batch += _by_service(versions, journal, jobs, force, job)
            wanted.remove(SERVICE)
        if wanted:
            with _workers(cluster, jobs, seconds, versions) as workers:
                metrics = described(wanted, workers)
                batch += score_versions(versions, metrics, workers, journal, force=force, job=job)
    show_scores(batch, csv, summary)
    if compare:
        show_comparison(batch)
    if ratings is not None:
        show_agreement(batch, heard)
    if output.failures(batch.failures):
        raise typer.Exit(1)
