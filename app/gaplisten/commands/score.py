"""`gaplisten score`: objective scores of files and whole folders."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.batch.items import Version, versions_from_paths
from gaplisten.batch.journal import Journal
from gaplisten.batch.score import ScoreBatch, described, score_journal, score_versions
from gaplisten.batch.summary import summarise_scores
from gaplisten.batch.table import brief, tidy
from gaplisten.batch.workers import ProcessWorkers, Workers
from gaplisten.commands import output
from gaplisten.jobs import Job
from gaplisten.tables import Cell, Table

_SERVICE = "plcmos_service"

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


def _range(low: float, high: float) -> str:
    ends = ("-inf" if math.isinf(low) else f"{low:g}", "inf" if math.isinf(high) else f"{high:g}")
    return " .. ".join(ends)


def metrics_table() -> Table:
    """Return the metrics that there are; foreign ones by name only, for their code is not loaded here."""
    from gaplisten.metrics.catalogue import built_in, third_party
    from gaplisten.metrics.material import missing_packages

    rows: list[tuple[Cell, ...]] = []
    for metric in (found.metric for found in built_in().values()):
        needs = ["reference"] * metric.needs_reference + ["loss trace"] * metric.needs_trace
        missing = [f"missing: {name}" for name in missing_packages(metric)]
        rates = ", ".join(f"{rate}" for rate in metric.rates) or "any"
        asks = "; ".join(needs + missing)
        about = (
            metric.title,
            asks,
            rates,
            _range(*metric.range),
            metric.unit,
            metric.direction,
            metric.source,
        )
        rows.append((metric.name, *about))
    rows += [(name, entry.value, "", "", "", "", "", "entry point") for name, entry in third_party().items()]
    rows.append(
        (_SERVICE, "PLC-MOS of your service", "reference", "16000", "1 .. 5", "MOS", "higher", "its own")
    )
    columns = ("metric", "title", "needs", "rates (Hz)", "range", "unit", "better", "source")
    return Table(columns, tuple(rows))


def _workers(cluster: str | None, jobs: int | None, seconds: float, versions: list[Version]) -> Workers:
    if cluster is None:
        return ProcessWorkers(jobs, seconds)
    from gaplisten.batch.cluster import ClusterWorkers

    workers = ClusterWorkers(cluster)
    references = {version.clip.reference for version in versions}
    workers.check([*(version.path for version in versions), *filter(None, references)])
    return workers


def _by_service(
    versions: list[Version], journal: Journal, jobs: int | None, force: bool, job: Job
) -> ScoreBatch:
    from gaplisten.exchange.service_batch import score_by_service
    from gaplisten.exchange.service_settings import load_service

    return score_by_service(versions, load_service(), journal, jobs=jobs, force=force, job=job)


def _report(batch: ScoreBatch, csv: Path | None, summary: Path | None) -> int:
    output.show(tidy(batch.rows) if csv else brief(batch.rows), csv)
    if summary or len(batch.rows) > len({row.task.metric.name for row in batch.rows}):
        output.show(summarise_scores(batch.rows), summary, title="Means with 95 % intervals (Student's t)")
    if batch.reused:
        print(f"{batch.reused} of {len(batch.rows)} scores were known already (--force computes them again)")
    return output.failures(batch.failures)


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
    listed: Annotated[bool, typer.Option("--list", help="List the metrics.")] = False,
) -> None:
    """Score sound files, or every version of every clip in folders."""
    if listed:
        output.show(metrics_table(), csv)
        return
    if not paths:
        raise typer.BadParameter("name at least one file or folder (--list shows the metrics)")
    versions = versions_from_paths(
        paths, reference=reference, reference_folder=reference_folder, trace=trace, packet_ms=packet_ms
    )
    wanted = list(dict.fromkeys(metric or ["plcmos"]))
    with output.progress("scoring") as job, score_journal() as journal:
        batch = ScoreBatch((), 0)
        if _SERVICE in wanted:
            batch += _by_service(versions, journal, jobs, force, job)
            wanted.remove(_SERVICE)
        if wanted:
            with _workers(cluster, jobs, seconds, versions) as workers:
                metrics = described(wanted, workers)
                batch += score_versions(versions, metrics, workers, journal, force=force, job=job)
    if _report(batch, csv, summary):
        raise typer.Exit(1)
