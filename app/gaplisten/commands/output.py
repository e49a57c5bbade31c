"""How every command prints tables, progress and failures."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gaplisten.errors import visible
from gaplisten.jobs import Job
from gaplisten.tables import Cell, Table, write_csv


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
    from rich.console import Console
    from rich.table import Table as RichTable

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
    if not sys.stderr.isatty():
        yield Job()
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
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
