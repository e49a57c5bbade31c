"""What batches started from the window share: parts of a job, remarks, tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.bench.concealing import idents
from gaplisten.bench.state import Choice
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.tables import Table, write_csv


class BatchError(GaplistenError):
    """A batch that cannot begin as asked."""


class PartOf(Job):
    """A share of a larger job's progress; never goes back."""

    def __init__(self, whole: Job, start: float, share: float, doing: str = "") -> None:
        super().__init__()
        self._whole, self._start, self._share, self._doing = whole, start, share, doing

    def check(self, fraction: float, message: str = "") -> None:
        """Report to the larger job; raise `JobCancelled` when that was asked to stop."""
        self.fraction = max(self.fraction, min(max(float(fraction), 0.0), 1.0))
        self._whole.check(self._start + self._share * self.fraction, message or self._doing)


@dataclass(frozen=True)
class Remark:
    """A sentence about one item.

    Parameters
    ----------
    failed
        Whether it was not done.
    details
        More about it, e.g. a plugin's traceback.
    """

    text: str
    failed: bool = True
    details: str = ""


@dataclass(frozen=True)
class Named:
    """A concealer that is switched on, and the name of the condition that it makes."""

    name: str
    choice: Choice

    @property
    def folder(self) -> str:
        """The name as that of a folder."""
        return self.name.replace("/", "-").replace("\\", "-").lstrip(".") or "concealed"


def named(choices: Sequence[Choice]) -> tuple[Named, ...]:
    """Return each choice with the name of its lane, which is the condition's name too."""
    return tuple(Named(name, choice) for name, choice in zip(idents(choices), choices, strict=True))


def write_table(path: Path, table: Table) -> None:
    """Write a table where the user said.

    Raises
    ------
    BatchError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(path, table)
    except OSError as error:
        fact = f"cannot be written ({error.strerror})"
        raise BatchError(str(path), fact, "choose another place") from error
