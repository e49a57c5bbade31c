"""`gaplisten conceal`: fill the gaps of a file or a whole folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.batch.conceal import (
    ConcealError,
    ConcealItem,
    ConcealOutcome,
    conceal_items,
    outcome_table,
    plan_file,
    plan_folder,
)
from gaplisten.commands.output import failures, progress, show
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.limits import Limits
from gaplisten.concealers.parameters import parse_assignments, validate
from gaplisten.concealers.runner import Runner

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)

SOME_FAILED, UNUSABLE = 1, 2


@app.command()
def conceal(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A lossy sound file, or a folder of them.")],
    concealer: Annotated[
        str, typer.Option("--concealer", help="Name of a concealer, or a plugin's .py file.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder, or for one file a file, to write.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter (again for more)."),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", help="Loss trace of the one file; else beside it, else exact zeros."),
    ] = None,
    packet_ms: Annotated[float, typer.Option("--packet-ms", min=0.1, max=1000, help="Packet length.")] = 20.0,
    plugins: Annotated[
        list[Path] | None,
        typer.Option("--plugins", metavar="DIR", help="Look for plugins in this folder too."),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option("--time-limit", min=0.1, help="Times real time that one file may take (10 s at least)."),
    ] = 10.0,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")] = None,
) -> None:
    """Fill the gaps of a file or a whole folder with a concealer.

    Results keep file name, rate and sample format. Exit status: 0 done, 1 some failed, 2 unusable input.
    """
    entry = Catalogue.scan(plugins).get(concealer)
    parameters = validate(entry, parse_assignments(settings or ()))
    items = _planned(source, out, trace, packet_ms)
    workers = min(len(items), os.cpu_count() or 1)
    limits = Limits(times_real_time=time_limit)
    with Runner(workers=workers, limits=limits) as runner, progress(f"concealing with {entry.title}") as job:
        outcomes = list(conceal_items(items, entry, parameters, runner, job, in_flight=2 * workers))
    _report(outcomes, csv)


def _planned(source: Path, out: Path, trace: Path | None, packet_ms: float) -> tuple[ConcealItem, ...]:
    if not source.is_dir():
        return (plan_file(source, out, trace, packet_ms),)
    if trace is not None:
        raise ConcealError(
            "--trace",
            "belongs to one file, and IN is a folder",
            "leave it out: traces beside the files count",
        )
    return plan_folder(source, out, packet_ms)


def _report(outcomes: list[ConcealOutcome], csv: Path | None) -> None:
    if any(outcome.result for outcome in outcomes):
        show(outcome_table(outcomes), csv)
    for outcome in outcomes:
        messages = outcome.result.messages if outcome.result else ()
        for line in (*outcome.notes, *messages):
            print(f"{outcome.item.source.name}: {line}", file=sys.stderr)
    failed = [outcome for outcome in outcomes if outcome.error]
    failures(str(outcome.error) for outcome in failed)
    details = [outcome.error.details for outcome in failed if isinstance(outcome.error, ConcealerFailed)]
    if details and details[0]:
        print(details[0], file=sys.stderr)
    if failed:
        alone = len(outcomes) == 1 and failed[0].unreadable
        raise typer.Exit(UNUSABLE if alone else SOME_FAILED)
