"""`gaplisten lose`: make lossy files and traces from clean speech, in the challenge's layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gaplisten.clips.layouts import find_clips
from gaplisten.clips.losing import LossRecipe, lose_clips
from gaplisten.commands.folder_options import (
    ChannelsOption,
    PacketFrames,
    PacketMs,
    Raw,
    packet_length,
    reading_from,
)
from gaplisten.commands.output import failures, progress, say, say_note, show
from gaplisten.errors import GaplistenError
from gaplisten.loss.models import MODELS, ModelParameter
from gaplisten.tables import Table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


_MOST_CHOICES = 8


class AssignmentError(GaplistenError):
    """A `--set` that is no name=value."""


def _models(wanted: bool) -> None:
    if wanted:
        rows = tuple(
            (model.name, p.name, p.default, _range(p), f"{p.help}")
            for model in MODELS
            for p in model.parameters
        )
        show(Table(("model", "parameter", "default", "range", "what it is"), rows))
        raise typer.Exit


def _range(parameter: ModelParameter) -> str:
    if len(parameter.choices) > _MOST_CHOICES:
        return f"{parameter.choices[0]} | one of {len(parameter.choices) - 1} (gaplisten trace --formats)"
    if parameter.choices:
        return " | ".join(parameter.choices)
    if parameter.minimum is None:
        return "text"
    return f"{parameter.minimum:g} to {parameter.maximum:g} {parameter.unit}".rstrip()


def _assignments(words: list[str]) -> dict[str, str]:
    values = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise AssignmentError(f"--set {word}", "is no name=value", "write for instance --set loss=20")
        values[name.strip()] = value.strip()
    return values


@app.command()
def lose(
    source: Annotated[list[Path], typer.Argument(metavar="IN", help="Clean speech: files or a folder.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")],
    model: Annotated[str, typer.Option("--model", help="Loss model: " + ", ".join(m.name for m in MODELS))],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Equal seeds give equal losses.")] = 0,
    packet_ms: PacketMs = None,
    packet: PacketFrames = None,
    raw: Raw = None,
    channels: ChannelsOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")] = None,
    models: Annotated[
        bool, typer.Option("--models", callback=_models, is_eager=True, help="List models and stop.")
    ] = False,
) -> None:
    """Make lossy files and traces from clean speech, in the 2022 challenge's layout.

    Writes OUT/clean_signals, OUT/lossy_signals (with <name>_is_lost.txt) and OUT/meta.csv.
    """
    length = packet_length(packet_ms, packet)
    found = find_clips(source, packet=length, reading=reading_from(raw, channels))
    recipe = LossRecipe(model, _assignments(settings or []), seed, length.ms, length.frames)
    with progress("losing packets") as job:
        made = lose_clips(found.clips, recipe, out, overwrite=overwrite, job=job)
    show(made.table, csv)
    say(f"{len(made.table.rows)} clips written to {out}")
    for note in found.unused:
        say_note(note)
    if failures(made.failures):
        raise typer.Exit(1)
