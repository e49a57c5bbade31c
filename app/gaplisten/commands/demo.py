"""`gaplisten demo`: the workbench on the bundled demo; with no display, what it shows and plays as files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.commands.demo_files import Made, make_demo, write_pictures
from gaplisten.commands.output import progress, show
from gaplisten.errors import GaplistenError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

DEFAULT_FOLDER = Path("gaplisten-out")


@app.command()
def demo(
    out: Annotated[
        Path | None, typer.Option(help="write pictures, sounds and scores into this folder")
    ] = None,
) -> None:
    """Open the workbench on the bundled demo speech."""
    from gaplisten.ui.app import can_be_seen, run_workbench
    from gaplisten.ui.displays import lacking

    if out is None and can_be_seen():
        raise typer.Exit(run_workbench([], demo=True))
    if why := lacking():
        print(f"gaplisten: {why}: the demo goes into files", file=sys.stderr)
    raise typer.Exit(_into_folder(out or DEFAULT_FOLDER))


def _pictures(folder: Path, made: Made) -> Sequence[Path]:
    """Write the pictures; without them the sounds and scores are still there."""
    try:
        return write_pictures(folder)
    except GaplistenError as error:
        made.problems.append(str(error))
        return ()


def _into_folder(folder: Path) -> int:
    with progress("demo") as job:
        made = make_demo(folder, job)
        pictures = _pictures(folder, made)
    show(made.table, title="The demo's conditions")
    named = ", ".join(map(str, pictures)) or "none (Qt is missing or incomplete)"
    print(f"\nPictures of the workbench: {named}")
    print(f"Concealed sound files:     {folder / 'sounds'}")
    print(f"Scores of every clip:      {folder / 'scores.csv'}")
    for problem in made.problems:
        print(f"failed: {problem}")
    return 1 if made.problems else 0
