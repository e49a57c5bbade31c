"""`gaplisten [PATH ...]`: the workbench on a folder or files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gaplisten.errors import GaplistenError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def open_workbench(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="folders of clips, loose files, or a workbench file")
    ] = None,
) -> None:
    """Open the workbench."""
    from gaplisten.ui.app import run_workbench

    for path in paths or []:
        if not path.exists():
            raise GaplistenError(
                str(path), "is not there", "check the path; 'gaplisten --help' lists the commands"
            )
    raise typer.Exit(run_workbench(paths or []))
