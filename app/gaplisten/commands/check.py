"""`gaplisten check`: what files are taken as, and whether they belong together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.clips.checking import checked
from gaplisten.clips.clip import ClipSet
from gaplisten.clips.layout_file import write_layout
from gaplisten.clips.layouts import find_clips
from gaplisten.commands import output
from gaplisten.commands.folder_options import (
    ChannelsOption,
    LayoutFile,
    PacketFrames,
    PacketMs,
    Raw,
    ReferenceFolder,
    layout_from,
    packet_length,
    reading_from,
)
from gaplisten.durable.places import check_place
from gaplisten.errors import GaplistenError
from gaplisten.languages import counted
from gaplisten.tables import Table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)

_SHARE = re.compile(r" \([\d.]+ %\)$")


class CheckError(GaplistenError):
    """Nothing can be written down."""


@app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(metavar="FOLDER|FILE...")],
    reference_folder: ReferenceFolder = None,
    packet_ms: PacketMs = None,
    packet: PacketFrames = None,
    layout: LayoutFile = None,
    raw: Raw = None,
    channels: ChannelsOption = None,
    save: Annotated[
        Path | None,
        typer.Option("--save-layout", metavar="FILE.toml", help="Write what is taken as what."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write what does not fit to this file.")] = None,
) -> None:
    """Say what each kind of file is taken as, and check every clip.

    Received packets of the lossy file against the reference, its exact zeros against the trace, versions
    against each other. Exit status: 0 all fits, 1 something does not, 2 unreadable input.
    """
    check_place(csv, save)
    found = find_clips(
        paths,
        reference_folder=reference_folder,
        packet=packet_length(packet_ms, packet),
        layout=layout_from(layout),
        reading=reading_from(raw, channels),
    )
    _show_layout(found)
    if save is not None:
        if found.layout is None:
            raise CheckError(str(save), "there is no folder whose layout could be written", "name one folder")
        write_layout(save, found.layout)
        output.say(f"layout written to {save}")
    with output.progress("checking clips") as job:
        rows: list[tuple[str, str, str, str, str]] = []
        problems: list[str] = []
        odd: list[str] = []
        taken: Counter[str] = Counter()
        unread = 0
        for result in checked(found, job, placed=True):
            problems += [f"{result.clip}: {problem}" for problem in result.problems]
            unread += bool(result.problems)
            odd += [f"{result.clip}: {note}" for note in result.notes]
            taken.update(_of_any_clip(note, result.clip) for note in result.taken)
            for doubt in result.doubts:
                option = doubt.change.option if doubt.change is not None else ""
                rows.append((result.clip, doubt.about, doubt.fact, doubt.cure, option))
    table = Table(("clip", "about", "does not fit", "what would", "option"), tuple(rows))
    if rows and csv is None:
        for clip, _, fact, cure, option in rows:
            output.say(f"{clip}: {fact}" + (f"; {cure}" if cure else "") + (f" ({option})" if option else ""))
    elif csv is not None:
        output.show(table, csv)
    for note, count in taken.items():
        output.say(f"note: {note} ({count} of {counted(len(found.clips), 'clip')})")
    for note in odd:
        output.say(f"note: {note}")
    failed = output.failures(problems)
    clips = len({row[0] for row in rows})
    said = [f"{clips} with something that does not fit"] if rows else []
    said += [f"{unread} with something that cannot be read"] if unread else []
    output.say(f"{counted(len(found.clips), 'clip')} checked: {', '.join(said) or 'all fits'}")
    if rows or failed:
        raise typer.Exit(1)


def _of_any_clip(note: str, clip: str) -> str:
    """Return a note without its clip's name and how much is lost: so it is the same for all clips."""
    if clip in note:  # an expression for each of 300,000 clips takes its time
        note = re.sub(rf"(^|: )([a-zA-Z_-]*){re.escape(clip)}(?=[\w.-]*\.[a-zA-Z])", r"\1\2{clip}", note)
    return _SHARE.sub("", note)


def _show_layout(found: ClipSet) -> None:
    """Print the table of what files are taken as, and the notes that are not in it."""
    notes: Sequence[str] = found.notes
    if found.layout is not None:
        rows = tuple(
            (
                part.files,
                str(part.role),
                part.name or part.of,
                "{} of {}".format(*found.counts[part.counted_as]),
                part.why,
            )
            for part in found.layout.parts
        )
        output.show(Table(("files", "taken as", "name", "found", "because"), rows), title=str(found.root))
        notes = notes[len(rows) :]
    for note in notes:
        output.say(f"note: {note}")
