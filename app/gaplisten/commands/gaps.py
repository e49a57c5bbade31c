"""`gaplisten gaps`: per-gap measures of one or more versions of a clip."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaplisten.audio.channels import Reading
from gaplisten.audio.in_place import read_in_place
from gaplisten.clips.clip import Clip, ClipSet, ConditionFile, OpenClip, PacketLength
from gaplisten.clips.consistency import doubts_about
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.names import numbered
from gaplisten.clips.opening import open_clip
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
    say_doubts,
)
from gaplisten.commands.handing_over import (
    Anonymous,
    AsFolder,
    Bundle,
    By,
    ClipName,
    ContextMs,
    Gap,
    Handover,
    Worst,
    hand_over,
)
from gaplisten.commands.output import failures, progress, say, say_note, show
from gaplisten.commands.trace_words import places_of_traces
from gaplisten.durable.places import check_place
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.measures import MEASURES, Direction, GapTable, measure_versions
from gaplisten.loss.trace import LossTrace
from gaplisten.report.finding import CONTEXT_MS
from gaplisten.tables import Cell, Table

if TYPE_CHECKING:  # the search brings half a second of imports, which a bundle does without
    from gaplisten.loss.damage import Damage, Place

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)

_NAMED = 6  # clips that are named where many have the same fault
_SHOWN_FACTS = ("clip_name", "gap", "start_s", "length_ms", "packets", "speech", "version")


class GapsUsageError(GaplistenError):
    """Arguments from which nothing can be measured."""


def _measures(wanted: bool) -> None:
    if wanted:
        rows = tuple(
            (m.key, m.unit, _limit(m.direction, m.threshold), m.needs_reference, m.help) for m in MEASURES
        )
        show(Table(("measure", "unit", "flagged", "needs reference", "what it is"), rows))
        raise typer.Exit


def _limit(direction: Direction, threshold: float | None) -> str:
    if threshold is None:
        return "never"
    sign = {Direction.HIGH: ">=", Direction.LOW: "<=", Direction.BOTH: "+-"}[direction]
    return f"{sign} {threshold:g}"


@app.command()
def gaps(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="REFERENCE VERSION... | FOLDER", help="Clean speech, then versions; or a folder of clips."
        ),
    ],
    trace: Annotated[
        list[str] | None,
        typer.Option(
            "--trace",
            metavar="[VERSION=]FILE",
            help="Loss trace, of all versions or of one; else zero packets of --lossy.",
        ),
    ] = None,
    lossy: Annotated[
        Path | None, typer.Option("--lossy", help="Lossy file in which to detect the losses.")
    ] = None,
    no_reference: Annotated[bool, typer.Option("--no-reference", help="All files are versions.")] = False,
    format: Annotated[
        str | None, typer.Option("--format", help="The trace's format, when it does not tell.")
    ] = None,
    inverted: Annotated[bool, typer.Option("--inverted", help="Turn every flag of the trace round.")] = False,
    packet_ms: PacketMs = None,
    packet: PacketFrames = None,
    layout: LayoutFile = None,
    raw: Raw = None,
    channels: ChannelsOption = None,
    reference_folder: ReferenceFolder = None,
    accept: Accept = False,
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", metavar="MEASURE=VALUE", help="Flag from this value on."),
    ] = None,
    flagged: Annotated[bool, typer.Option("--flagged", help="Show only flagged gaps.")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write all columns to this file.")] = None,
    bundle: Bundle = None,
    gap: Gap = None,
    worst: Worst = None,
    by: By = "click_exit",
    clip_name: ClipName = None,
    context_ms: ContextMs = CONTEXT_MS,
    anonymous: Anonymous = False,
    as_folder: AsFolder = False,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="OUT", help="Write gaps and findings of a clip: .TextGrid, .txt, .svl, .csv."
        ),
    ] = None,
    find: Annotated[
        bool,
        typer.Option("--find", help="Find damage instead, with no trace: dropouts, clicks, jumps."),
    ] = False,
    measures: Annotated[
        bool,
        typer.Option("--measures", callback=_measures, is_eager=True, help="List the measures and stop."),
    ] = False,
) -> None:
    """Measure each gap of each version: clicks, steps, levels, spectrum, buzz, pitch.

    docs/measures.md defines each measure. In the terminal only measures that flag some gap are shown. With
    --find, a list of places where a version departs from its reference (with --no-reference, where it breaks
    off or clicks by itself). Of a folder, every version of every clip stands in one table, each measured at
    the gaps that it met. With --bundle nothing is listed: gaps are handed over, each with its sounds (bits
    unchanged), a picture, a text to paste into an issue, and a page that plays them in any browser.
    """
    length = packet_length(packet_ms, packet)
    if find:
        if threshold or flagged:
            raise GapsUsageError("--find", "has no thresholds", "leave --threshold and --flagged out")
        _find(_clip(files, lossy, trace or [], length, no_reference, format, inverted), csv)
        return
    limits = _thresholds(threshold or [])
    wanted = None
    if bundle is not None:
        wanted = Handover(bundle, gap, worst, by, clip_name, context_ms, anonymous, as_folder)
        if csv is not None or flagged:
            raise GapsUsageError("--bundle", "lists nothing", "leave --csv and --flagged out")
        if labels is not None:
            raise GapsUsageError("--labels", "is given beside --bundle", "leave one of them out")
    elif gap or worst or (clip_name and labels is None) or anonymous or as_folder:
        raise GapsUsageError(
            "--gap, --worst, --clip, --anonymous", "choose what a bundle holds", "add --bundle OUT"
        )
    check_place(labels)
    if len(files) == 1 and files[0].is_dir():
        if trace or lossy is not None or format or inverted:
            way_out = "say it in a layout: gaplisten check FOLDER --save-layout FILE.toml"
            raise GapsUsageError("--trace, --lossy", "are for files, and this is a folder", way_out)
        clips = find_clips(
            files,
            reference_folder=reference_folder,
            packet=length,
            layout=layout_from(layout),
            reading=reading_from(raw, channels),
        )
        for note in clips.unused:
            say_note(note)
        if labels is not None:
            clip = _only(clips, clip_name)
            opened = open_clip(clip, read=read_in_place)
            say_doubts(map(str, doubts_about(opened)), accepted=accept)
            _label(
                labels, opened, measure_versions(opened.reference, opened.conditions, opened.traces), limits
            )
            return
        if wanted is not None:
            failed = _accepted(clips, wanted, accept)
            options = _options(reference_folder, packet_ms, packet, layout, reading_from(raw, channels))
            hand_over(clips.clips, wanted, limits, options)
            if failed:
                raise typer.Exit(1)
            return
        table, failed = _of_set(clips, limits, accept)
        _show(table, flagged, csv)
        if failed:
            raise typer.Exit(1)
        return
    clip = _clip(files, lossy, trace or [], length, no_reference, format, inverted)
    clip = replace(clip, reading=reading_from(raw, channels))
    with progress("measuring gaps") as job:
        opened = open_clip(clip, job, read_in_place)
        doubts = doubts_about(opened)
    say_doubts(map(str, doubts), accepted=accept)
    if wanted is not None:
        failed = failures(opened.problems)  # first: without what they name there may be no gap to hand over
        hand_over([clip], wanted, limits, _options(None, packet_ms, packet, None, clip.reading), opened)
        if failed:
            raise typer.Exit(1)
        return
    with progress("measuring gaps") as job:
        measured = _measured(opened, clip.trace or lossy or files[-1], job)
    if labels is not None:
        _label(labels, opened, measured, limits)
        return
    rows = [found.table(limits) for found in measured]
    _show(Table(rows[0].columns, tuple(row for found in rows for row in found.rows)), flagged, csv)
    for found in measured:
        for version in found.versions:
            for fact in found.clip.get(version, ()):
                say(f"{version}: {fact.said}")
    for note in opened.notes:
        if opened.clip.lossy is not None or "no lossy file" not in note:
            say(f"note: {note}")
    if failures(opened.problems):
        raise typer.Exit(1)


def _only(clips: ClipSet, name: str | None) -> Clip:
    chosen = [clip for clip in clips.clips if name in (None, clip.name)]
    if len(chosen) != 1:
        names = ", ".join(clip.name for clip in clips.clips[:8])
        fact = "are of one clip" if name is None else f"{name} is no clip"
        raise GapsUsageError("--labels", fact, f"say which with --clip NAME: there are {names}")
    return chosen[0]


def _label(path: Path, opened: OpenClip, tables: Sequence[GapTable], thresholds: Mapping[str, float]) -> None:
    """Write a clip's gaps, and what is found in each version, as labels."""
    from gaplisten.exchange.gap_labels import gap_tracks
    from gaplisten.exchange.labels import write_labels

    tracks = gap_tracks(opened.trace, opened.rate, opened.frames, tables, thresholds)
    write_labels(path, tracks, opened.frames / opened.rate, opened.rate)
    counts = ", ".join(f"{len(track.labels)} {track.name}" for track in tracks)
    say(f"labels written to {path}: {counts}")
    if failures(opened.problems):
        raise typer.Exit(1)


def _accepted(clips: ClipSet, wanted: Handover, accept: bool) -> int:
    """Say what does not fit in the clips that are handed over; go on only where that was accepted.

    Returns
    -------
    failed
        How many of their files could not be used; each is named.
    """
    doubts, problems = list[str](), list[str]()
    for clip in clips.clips:
        if wanted.clip in (None, clip.name):
            opened = open_clip(clip, read=read_in_place)
            doubts += [f"{clip.name}: {doubt}" for doubt in doubts_about(opened)]
            problems += [f"{clip.name}: {problem}" for problem in opened.problems]
    say_doubts(doubts, accepted=accept)
    return failures(problems)


def _options(
    reference_folder: Path | None,
    packet_ms: float | None,
    packet: int | None,
    layout: Path | None,
    reading: Reading,
) -> list[str]:
    """Return the options without which the same place could not be opened again; names, no paths."""
    words = []
    if reference_folder is not None:
        words += ["--reference-folder", reference_folder.name]
    if packet_ms is not None:
        words += ["--packet-ms", f"{packet_ms:g}"]
    if packet is not None:
        words += ["--packet", str(packet)]
    if layout is not None:
        words += ["--layout", layout.name]
    return [*words, *reading.options]


def _show(table: Table, flagged: bool, csv: Path | None) -> None:
    if flagged:
        table = Table(table.columns, tuple(row for row in table.rows if row[-1]))
    show(table if csv else _telling(table), csv)


def _of_set(clips: ClipSet, limits: Mapping[str, float], accept: bool) -> tuple[Table, int]:
    """Measure every version of every clip at the gaps that it met; none where something does not fit.

    Returns
    -------
    table, failed
        And how many files could not be used; each is named.
    """
    columns: tuple[str, ...] = ()
    rows, doubts, problems, unknown = list[tuple[Cell, ...]](), list[str](), list[str](), list[str]()
    with progress("measuring gaps") as job:
        for number, clip in enumerate(clips.clips):
            job.check(number / len(clips.clips), clip.name)
            opened = open_clip(clip, read=read_in_place)
            problems += [f"{clip.name}: {problem}" for problem in opened.problems]
            doubts += [f"{clip.name}: {doubt}" for doubt in doubts_about(opened)]
            traces = opened.traces
            unknown += [f"{clip.name}: {name}" for name in opened.conditions if opened.trace_of(name) is None]
            if not (accept or not doubts) or not any(each.has_loss for each in traces.values()):
                continue
            for found in measure_versions(opened.reference, opened.conditions, traces, Job()):
                table = found.table(limits)
                columns = ("clip_name", *table.columns)
                rows += [(clip.name, *row) for row in table.rows]
    say_doubts(doubts, accepted=accept)
    failed = failures(problems)
    if unknown and rows:
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        say_note(f"no losses are known, so that nothing is measured: {', '.join(unknown[:_NAMED])}{more}")
    if not rows:
        fact = (
            "holds no version beside lossy files and references"
            if not clips.conditions
            else "tells of no losses"
        )
        raise GapsUsageError(str(clips.root), fact, "see gaplisten check FOLDER")
    return Table(columns, tuple(rows)), failed


def _find(clip: Clip, csv: Path | None) -> None:
    """List the damage of each version, and say how much there is a minute."""
    from gaplisten.loss.damage import find_damage

    if clip.trace is None:
        clip = replace(clip, lossy=None)  # nothing is to be taken for lost
    rows, told = list[tuple[Cell, ...]](), list[str]()
    with progress("looking for damage") as job:
        opened = open_clip(clip, job)
        for name, version in opened.conditions.items():
            found = find_damage(version, opened.reference, job)
            trace = opened.trace_of(name)
            rows += [_place(name, place, found, trace) for place in found.places]
            delay = f", {found.delay} frames late at its beginning" if found.delay else ""
            told.append(f"{name}: {len(found.places)} places in {found.frames / found.rate:.1f} s{delay}")
            told += [f"{name}: {note}" for note in found.notes]
    columns = (
        "version",
        "place",
        "start_s",
        "length_ms",
        "kind",
        "stands_out_db",
        "jump_frames",
        "known_gap",
    )
    numbered = tuple((row[0], at, *row[1:]) for at, row in enumerate(rows, 1))
    show(Table(columns, numbered), csv)
    for line in told:
        say(line)
    for note in opened.notes:
        say(f"note: {note}")
    if failures(opened.problems):
        raise typer.Exit(1)


def _place(name: str, place: Place, found: Damage, trace: LossTrace | None) -> tuple[Cell, ...]:
    from gaplisten.loss.damage import Kind

    jumps = place.kind is Kind.JUMP
    gap = None if trace is None else int(trace.lost_at(place.start) or trace.lost_at(place.stop - 1))
    return (
        name,
        round(place.start / found.rate, 4),
        round(1000 * (place.stop - place.start) / found.rate, 2),
        place.kind.value,
        None if jumps or place.silent else round(place.score, 1),
        int(place.score) if jumps else None,
        gap,
    )


def _clip(
    files: Sequence[Path],
    lossy: Path | None,
    traces: Sequence[str],
    packet: PacketLength,
    no_reference: bool,
    format: str | None,
    inverted: bool,
) -> Clip:
    reference, versions = (None, list(files)) if no_reference else (files[0], list(files[1:]))
    if not versions:
        raise GapsUsageError(
            "gaps", "no version to measure was given", "name a reference and then the versions"
        )
    names = _names(versions)
    shared, own = places_of_traces(traces, names, of="version", place="FILE", thing="trace")
    if lossy is None and shared is None and len(own) < len(names):
        lossy = versions[0]
    conditions = tuple(
        ConditionFile(name, path, own.get(name), format if name in own else None, inverted and name in own)
        for name, path in zip(names, versions, strict=True)
    )
    return Clip(
        name=files[0].stem,
        reference=reference,
        lossy=lossy,
        trace=shared,
        conditions=conditions,
        packet_ms=packet.ms,
        packet_frames=packet.frames,
        folder=files[0].parent,
        trace_format=format,
        trace_inverted=inverted,
    )


def _names(paths: Sequence[Path]) -> list[str]:
    """Name versions by what tells their files apart; whole paths would leave in tables and bundles."""
    stems = [path.stem for path in paths]
    names = [path.stem if stems.count(path.stem) == 1 else path.parent.name for path in paths]
    if len(set(names)) < len(names):
        parts = [Path(os.path.abspath(path)).with_suffix("").parts[1:] for path in paths]
        shared = 0
        while min(map(len, parts)) > shared + 1 and len({each[-1 - shared] for each in parts}) == 1:
            shared += 1
        heads = [each[: len(each) - shared] for each in parts]
        names = []
        for head in heads:
            tails = (head[-words:] for words in range(1, len(head) + 1))
            tail = next((t for t in tails if sum(each[-len(t) :] == t for each in heads) == 1), head[-1:])
            names.append(numbered("/".join(tail), names))  # a number where it is one file twice
    return names


def _measured(opened: OpenClip, source: Path, job: Job) -> tuple[GapTable, ...]:
    traces = opened.traces
    if not any(trace.has_loss for trace in traces.values()):
        raise GapsUsageError(
            "gaps", "; ".join(opened.problems) or f"{source} tells of no losses", "give a trace with --trace"
        )
    return measure_versions(opened.reference, opened.conditions, traces, job)


def _thresholds(words: Sequence[str]) -> dict[str, float]:
    known = {measure.key for measure in MEASURES}
    limits = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in known:
            raise GapsUsageError(
                f"--threshold {word}", f"{key!r} is no measure", "see gaplisten gaps --measures"
            )
        try:
            limits[key] = float(value)
        except ValueError as error:
            raise GapsUsageError(
                f"--threshold {word}", f"{value!r} is no number", f"write {key}=8"
            ) from error
    return limits


def _telling(table: Table) -> Table:
    """Keep the facts, the flags, and the measures that flag anything: a terminal is narrow."""
    flags = {key for row in table.rows for key in str(row[-1]).split()}
    kept = [
        i for i, name in enumerate(table.columns) if name in _SHOWN_FACTS or name in flags or name == "flags"
    ]
    return Table(
        tuple(table.columns[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in table.rows)
    )
