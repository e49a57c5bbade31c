"""The tables that the program writes, as a test reads them."""

from __future__ import annotations

import csv
from pathlib import Path


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return a CSV file's rows; a byte order mark would stand in the first column's name."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
