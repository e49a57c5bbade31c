"""How every command prints tables, progress and failures."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from gaplisten.errors import in_line
from gaplisten.jobs import Job
from gaplisten.tables import Cell, Table, write_csv

_FIRST_OTHER = "\N{COMBINING GRAVE ACCENT}"  # from here on signs may be of no width, or of two


def _text(value: Cell, decimal: str) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}".replace(".", decimal) if isinstance(value, float) else in_line(str(value))


def show(table: Table, csv: Path | None = None, title: str | None = None, *, decimal: str = ".") -> None:
    """Print a table to the terminal, or write it to `csv` and say so.

    Parameters
    ----------
    decimal
        What stands between wholes and tenths in the terminal.
    """
    if csv is not None:
        write_csv(csv, table)
        say(f"{len(table.rows)} rows written to {csv}")
        return
    title = title if title is None else in_line(title)
    numeric = [
        all(isinstance(row[i], int | float | None) for row in table.rows) for i in range(len(table.columns))
    ]
    columns = [in_line(name) for name in table.columns]
    cells = [columns, *([_text(cell, decimal) for cell in row] for row in table.rows)]
    if not sys.stdout.isatty() and _of_narrow_letters([title or "", *chain.from_iterable(cells)]):
        _print_plainly(cells, numeric, title)
        return
    from rich.console import Console
    from rich.table import Table as RichTable

    drawn = RichTable(title=title, box=None, pad_edge=False, header_style="bold")
    for name, right in zip(columns, numeric, strict=True):
        drawn.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in cells[1:]:
        drawn.add_row(*row)
    # Piped into a file or another program, a table is never cut to a terminal's width.
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 400)
    console.print(drawn)


def _of_narrow_letters(texts: Iterable[str]) -> bool:
    """Tell whether each sign of texts is a letter that is as wide as any other, in one line."""
    signs = set().union(*texts)
    return all(sign.isprintable() and sign < _FIRST_OTHER for sign in signs)


def _print_plainly(cells: Sequence[Sequence[str]], numeric: Sequence[bool], title: str | None) -> None:
    """Print a table where nobody sees bold letters: as rich does it, in a twentieth of the time."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    if title:
        print(f"{title:^{sum(widths) + 2 * (len(widths) - 1)}}")
    for row in cells:
        aligned = zip(row, numeric, widths, strict=True)
        print("  ".join([text.rjust(wide) if right else text.ljust(wide) for text, right, wide in aligned]))


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


def say(line: str) -> None:
    """Print a line; what strangers named in it can do nothing to the terminal."""
    print(in_line(line))


def say_note(note: str) -> None:
    """Tell something about the input, where it does not mix with a table."""
    print(f"note: {in_line(note)}", file=sys.stderr)


def failures(messages: Iterable[str]) -> int:
    """Name each failed item on stderr; return how many there were."""
    listed = list(messages)
    for message in listed:
        print(f"failed: {in_line(message)}", file=sys.stderr)
    return len(listed)
