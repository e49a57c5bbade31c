"""How every command prints tables, progress and failures."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table as RichTable

from gaplisten.durable import is_special
from gaplisten.errors import visible
from gaplisten.jobs import Job
from gaplisten.tables import Cell, Table, TableError, write_csv


def check_place(*paths: Path | None, folders: bool = False) -> None:
    """Refuse a file that could not be written in the end, before the work and not after it.

    Parameters
    ----------
    folders
        Whether a path may be a folder.
    """
    named = [path for path in paths if path is not None]
    for at, path in enumerate(named):
        if not path.absolute().parent.is_dir():
            raise TableError(str(path), "cannot be written (its folder is not there)", "make it first")
        if not path.name:
            raise TableError(str(path), "cannot be written (it has no name)", "name a file")
        if is_special(path):
            raise TableError(str(path), "cannot be written (it is a device or a pipe)", "name a file")
        if path.is_dir() and not folders:
            raise TableError(str(path), "cannot be written (it is a folder)", "name a file in it")
        if path.absolute() in [each.absolute() for each in named[:at]]:
            raise TableError(str(path), "is named for two things", "give each a file of its own")


def _text(value: Cell) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else visible(str(value))


def show(table: Table, csv: Path | None = None, title: str | None = None) -> None:
    """Print a table to the terminal, or write it to `csv` and say so."""
    if csv is not None:
        write_csv(csv, table)
        print(f"{len(table.rows)} rows written to {csv}")
        return
    numeric = [
        all(isinstance(row[i], int | float | None) for row in table.rows) for i in range(len(table.columns))
    ]
    drawn = RichTable(title=title, box=None, pad_edge=False, header_style="bold")
    for name, right in zip(table.columns, numeric, strict=True):
        drawn.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*[_text(cell) for cell in row])
    # Piped into a file or another program, a table is never cut to a terminal's width.
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 400)
    console.print(drawn)


@contextmanager
def progress(title: str) -> Iterator[Job]:
    """Give a job whose progress is drawn on stderr when that is a terminal."""
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(title, total=1.0)

        class Drawn(Job):
            def check(self, fraction: float, message: str = "") -> None:
                super().check(fraction, message)
                bar.update(task, completed=self.fraction, description=self.message or title)

        yield Drawn()


def failures(messages: Iterable[str]) -> int:
    """Name each failed item on stderr; return how many there were."""
    listed = list(messages)
    for message in listed:
        print(f"failed: {visible(message)}", file=sys.stderr)
    return len(listed)
