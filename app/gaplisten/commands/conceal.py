"""`gaplisten conceal`: fill the gaps of a file or a whole folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.audio.channels import Reading
from gaplisten.batch.conceal import ConcealBatch, ConcealOutcome, conceal_batch, folder_journal, outcome_table
from gaplisten.batch.conceal_plan import ConcealError, ConcealItem, plan_file, plan_folder
from gaplisten.batch.run import ThreadWorkers, Workers
from gaplisten.clips.arrangement import Layout
from gaplisten.clips.checking import AT_OPENING
from gaplisten.clips.clip import PacketLength
from gaplisten.clips.consistency import doubts_about
from gaplisten.clips.opening import open_clip
from gaplisten.commands.folder_options import (
    Accept,
    ChannelsOption,
    LayoutFile,
    PacketFrames,
    PacketMs,
    Raw,
    layout_from,
    packet_length,
    reading_from,
    say_doubts,
)
from gaplisten.commands.output import failures, progress, say_note, show
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.entries import Entry, Limits
from gaplisten.concealers.parameters import parse_assignments, validate
from gaplisten.durable.places import check_place
from gaplisten.errors import in_line, visible

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
    packet_ms: PacketMs = None,
    packet: PacketFrames = None,
    layout: LayoutFile = None,
    raw: Raw = None,
    channels: ChannelsOption = None,
    accept: Accept = False,
    reference: Annotated[
        Path | None, typer.Option(help="The undamaged speech of the one file, for codecs.")
    ] = None,
    reference_folder: Annotated[
        Path | None, typer.Option(help="Where each file of a folder finds its undamaged speech, for codecs.")
    ] = None,
    plugins: Annotated[
        list[Path] | None,
        typer.Option("--plugins", metavar="DIR", help="Look for plugins in this folder too."),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option("--time-limit", min=0.1, help="Times real time that one file may take (10 s at least)."),
    ] = 10.0,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Files at once; one per core when not given.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make results again that lie in OUT already.")
    ] = False,
    cluster: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="Scheduler of a Dask cluster.")
    ] = None,
) -> None:
    """Fill the gaps of a file or a whole folder with a concealer.

    Results keep file name, rate and sample format. Exit status: 0 done, 1 some failed, 2 unusable input.
    """
    check_place(csv)
    entry = Catalogue.scan(plugins, only=concealer).get(concealer)
    parameters = validate(entry, parse_assignments(settings or ()))
    length = packet_length(packet_ms, packet)
    items = _planned(
        source,
        out,
        trace,
        length,
        reference,
        reference_folder,
        layout_from(layout),
        reading_from(raw, channels),
    )
    _need_references(items, entry, source)
    say_doubts(_doubts(items, entry.needs_reference), accepted=accept)
    limits = Limits(times_real_time=time_limit)
    # A folder's journal lets an interrupted batch go on; a single file is simply made again.
    journal = folder_journal(out) if source.is_dir() else None
    with (
        _workers(cluster, jobs, items, entry) as workers,
        progress(f"concealing with {entry.title}") as job,
    ):
        batch = conceal_batch(
            items, entry, parameters, workers, journal=journal, limits=limits, force=force, job=job
        )
    _report(batch, csv)


def _workers(cluster: str | None, jobs: int | None, items: tuple[ConcealItem, ...], entry: Entry) -> Workers:
    if cluster is None:
        return ThreadWorkers(min(jobs or os.cpu_count() or 1, len(items)))
    from gaplisten.batch.cluster import ClusterWorkers

    workers = ClusterWorkers(cluster)
    references = [item.clip.reference for item in items] if entry.needs_reference else []
    workers.check([entry.path, *(item.source for item in items), *filter(None, references)])
    return workers


def _doubts(items: Sequence[ConcealItem], with_reference: bool) -> list[str]:
    """Check traces of some clips against their lossy files, and references where these are used."""
    step = max(1, len(items) // AT_OPENING)
    return [
        f"{item.clip.name}: {doubt}"
        for item in items[::step][:AT_OPENING]
        if item.clip.reference != item.source  # else there is no lossy file: it is made
        for doubt in doubts_about(open_clip(item.clip))
        if doubt.kind == "trace" or with_reference
    ]


def _need_references(items: tuple[ConcealItem, ...], entry: Entry, source: Path) -> None:
    """Refuse at once where a codec is to code speech that nobody has."""
    if not entry.needs_reference or any(item.clip.reference for item in items):
        return
    option = "--reference-folder DIR" if source.is_dir() else "--reference FILE"
    fact = f"has no undamaged speech, which {entry.title} codes: from a lossy file no codec can be heard"
    raise ConcealError(str(source), fact, f"name it with {option}")


def _planned(
    source: Path,
    out: Path,
    trace: Path | None,
    packet: PacketLength,
    reference: Path | None,
    reference_folder: Path | None,
    layout: Layout | None,
    reading: Reading,
) -> tuple[ConcealItem, ...]:
    if not source.is_dir():
        if reference_folder is not None:
            raise ConcealError(
                "--reference-folder", "is for a folder, and IN is a file", "use --reference FILE"
            )
        return (plan_file(source, out, trace, packet, reference, reading),)
    if reference is not None:
        fact = "belongs to one file, and IN is a folder"
        raise ConcealError("--reference", fact, "use --reference-folder DIR")
    if trace is not None:
        raise ConcealError(
            "--trace",
            "belongs to one file, and IN is a folder",
            "leave it out: traces beside the files count",
        )
    return plan_folder(source, out, packet, reference_folder, layout, reading, say_note)


def _report(batch: ConcealBatch, csv: Path | None) -> None:
    done = [outcome for outcome in batch.outcomes if outcome.record]
    if done:
        show(outcome_table(done), csv)
    for outcome in done:
        _say(outcome)
    if batch.reused:
        print(
            f"{batch.reused} of {len(batch.outcomes)} results were there already (--force makes them again)"
        )
    failures(outcome.error for outcome in batch.failed)
    details = next((outcome.details for outcome in batch.failed if outcome.details), "")
    if details:
        print(visible(details), file=sys.stderr)
    if batch.failed:
        alone = len(batch.outcomes) == 1 and batch.failed[0].unreadable
        raise typer.Exit(UNUSABLE if alone else SOME_FAILED)


def _say(outcome: ConcealOutcome) -> None:
    for line in (*outcome.record.notes, *outcome.record.messages) if outcome.record else ():
        name = f"{outcome.item.source.name}: "
        print(in_line(name) + visible(line.removeprefix(name)), file=sys.stderr)
