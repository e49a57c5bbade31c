"""One kind of file that is damaged and read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Reader:
    """One kind of file.

    Parameters
    ----------
    name
        For people, and for the folder of findings.
    suffix
        Of the file.
    make
        Writes a whole example.
    read
        Reads one; what it returns is compared with nothing.
    binary
        Whether bits are flipped, or signs and numbers of a text exchanged as well.
    damaged
        Whether an independent reader calls the file damaged; None where there is none to ask.
    """

    name: str
    suffix: str
    make: Callable[[Path], object]
    read: Callable[[Path], object]
    binary: bool = True
    damaged: Callable[[Path], bool] | None = None
