"""Options that every command shares that opens folders of clips."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.audio.channels import Reading, parse_channels
from gaplisten.audio.files import probe
from gaplisten.audio.headerless import parse_raw
from gaplisten.batch.items import Version
from gaplisten.clips.arrangement import Layout
from gaplisten.clips.clip import DEFAULT_PACKET_MS, PacketLength
from gaplisten.commands.output import say_note
from gaplisten.errors import GaplistenError, in_line

PacketMs = Annotated[
    float | None,
    typer.Option(
        "--packet-ms", min=0.1, max=1000, help="Packet length in ms; else 20, or what the data plainly say."
    ),
]
PacketFrames = Annotated[
    int | None, typer.Option("--packet", metavar="FRAMES", min=1, help="Packet length in frames instead.")
]
LayoutFile = Annotated[
    Path | None,
    typer.Option("--layout", metavar="FILE.toml", help="How the files of a folder are taken."),
]
Raw = Annotated[
    str | None,
    typer.Option(
        "--raw", metavar="RATE,ENCODING[,CHANNELS]", help="What files without a header hold: 16000,s16le,1."
    ),
]
ChannelsOption = Annotated[
    str | None,
    typer.Option(
        "--channels",
        metavar="[N:]CHANNEL[+CHANNEL]",
        help="What is used of files of more than two channels: 3, 1+2 or mean; of those of N: 8:3,6:mean.",
    ),
]
ReferenceFolder = Annotated[
    Path | None,
    typer.Option("--reference-folder", help="Where each clip finds its reference under its own name."),
]
Accept = Annotated[
    bool, typer.Option("--accept", help="Go on though references, traces and sounds do not fit together.")
]


class PacketOptionsError(GaplistenError):
    """Two packet lengths at once."""


def packet_length(ms: float | None, frames: int | None) -> PacketLength:
    """Return the packet length that two options say.

    Raises
    ------
    PacketOptionsError
        If both are given.
    """
    if ms is not None and frames is not None:
        raise PacketOptionsError("--packet", "is given beside --packet-ms", "leave one of them out")
    return PacketLength(DEFAULT_PACKET_MS if ms is None else ms, frames)


def reading_from(raw: str | None, channels: str | None) -> Reading:
    """Return what the user said of files without a header, and of their channels, if anything."""
    return Reading(
        None if raw is None else parse_raw(raw), None if channels is None else parse_channels(channels)
    )


def layout_from(path: Path | None) -> Layout | None:
    """Read the layout that the user named, if any."""
    if path is None:
        return None
    from gaplisten.clips.layout_file import read_layout

    return read_layout(path)


def say_doubts(doubts: Iterable[str], *, accepted: bool) -> None:
    """Name what does not fit on stderr; without the user's word for it, end with status 1.

    Raises
    ------
    typer.Exit
        With 1, if there are doubts that were not accepted.
    """
    listed = list(doubts)
    for doubt in listed:
        print(f"does not fit: {in_line(doubt)}", file=sys.stderr)
    if listed and not accepted:
        print("nothing was computed: correct this, or go on with --accept", file=sys.stderr)
        raise typer.Exit(1)


def say_channels(versions: Iterable[Version]) -> None:
    """Say on stderr which channels are used of files that have more than are compared, once for each choice.

    Only what was chosen is told: who chose nothing has files of one or two channels, or is told to choose.
    """
    named: dict[str, list[str]] = {}
    looked = dict.fromkeys(
        (path, version.clip.reading)
        for version in versions
        if version.clip.reading.channels is not None
        for path in (version.clip.reference, version.path)
        if path is not None
    )
    for path, reading in looked:
        try:
            pick = probe(path, reading).pick
        except GaplistenError:
            continue  # said by what reads all of it
        if pick is not None:
            named.setdefault(pick.words, []).append(path.name)
    for words, (first, *others) in named.items():
        also = f" (and {len(others)} more)" if others else ""
        say_note(f"{first}{also}: {words}")
