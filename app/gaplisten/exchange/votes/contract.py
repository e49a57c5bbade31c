"""What a reader of another tool's votes is: one file of this folder holds one `READER`."""

from __future__ import annotations

import csv
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gaplisten.errors import GaplistenError
from gaplisten.exchange.votes.table import Foreign
from gaplisten.languages import counted
from gaplisten.panel import methods
from gaplisten.panel.imported import LONGEST, Imported
from gaplisten.panel.journal import one_line
from gaplisten.panel.methods.contract import Method
from gaplisten.panel.parts import REFERENCE
from gaplisten.tables import plain
from gaplisten.texts import records

ANCHORS = ("anchor35", "anchor70", "lossy_anchor")
_HIDDEN = (REFERENCE, "hr", "hidden_reference", "hidden reference")


class VotesError(GaplistenError):
    """Another tool's files that cannot be read as votes."""


@dataclass(frozen=True)
class Meant:
    """What an opaque name of an exported stimulus stands for."""

    clip: str
    condition: str
    role: str = "condition"
    stratum: str = ""
    talker: str = ""
    sex: str = ""


@dataclass(frozen=True)
class Options:
    """What the user says about the files.

    Parameters
    ----------
    form
        Name of the reader; "" where the columns are to tell.
    method
        Of the test, where the files cannot tell; "".
    listener
        The column that names the listener.
    columns
        What each of our words is called in the file: listener, clip, condition, score, and more.
    scores
        Columns that hold a score each: their names are the conditions.
    key
        What opaque names stand for, from the table beside an export.
    leave_out_untouched
        Whether pages of sliders that all stand at 100 are left empty.
    """

    form: str = ""
    method: str = ""
    listener: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    scores: tuple[str, ...] = ()
    key: Mapping[str, Meant] = field(default_factory=dict)
    leave_out_untouched: bool = False

    def chosen(self, usual: str, *allowed: str) -> Method:
        """Return the test method: the one that was said, else the usual one of this form.

        Raises
        ------
        VotesError
            If this form cannot hold votes of the method that was said.
        """
        name = self.method or usual
        if name not in (usual, *allowed):
            known = ", ".join(dict.fromkeys((usual, *allowed)))
            raise VotesError(f"--method {name}", "files of this form hold no such votes", f"choose {known}")
        return methods.method(name)

    def meant(self, name: str) -> Meant | None:
        """Return what an exported name stands for."""
        return self.key.get(name)

    def talkers(self) -> dict[str, tuple[str, str]]:
        """Return who talks in each clip of the key."""
        return {one.clip: (one.talker, one.sex) for one in self.key.values() if one.talker or one.sex}


@dataclass(frozen=True)
class Reader(ABC):
    """A form in which another tool writes votes.

    Parameters
    ----------
    name, title
        For the command line, and for people.
    place
        Who is asked first; the most particular ones have the lowest.
    """

    name: str
    title: str
    place: int

    @abstractmethod
    def recognises(self, table: Foreign, options: Options) -> bool:
        """Tell by its columns whether a file is of this form."""

    @abstractmethod
    def read(self, tables: Sequence[Foreign], options: Options) -> Imported:
        """Return the votes.

        Raises
        ------
        VotesError
            If they cannot be told.
        """


def role_of(condition: str) -> str:
    """Return what a condition is there for, by the names that tools give to references and anchors."""
    said = condition.strip().casefold()
    if said in _HIDDEN:
        return "reference"
    return "anchor" if said in ANCHORS else "condition"


def named(condition: str) -> str:
    """Return a condition's name in one line; all names for the hidden reference become one."""
    return REFERENCE if role_of(condition) == "reference" else cleaned(condition)


def cleaned(name: str) -> str:
    """Return a name as one line without control characters, cut where it is a page of text."""
    return one_line(name)[:LONGEST].strip()


def number(text: str) -> float | None:
    """Return a number as people and spreadsheets write it, decimal commas too; None for all else."""
    said = text.strip()
    if said.count(",") == 1 and "." not in said:
        said = said.replace(",", ".")
    try:
        value = float(said)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def score_in(text: str, method: Method) -> float | None:
    """Return a score as results read it (grades of ABC/HR: 1 to 5); None for what the method has not."""
    value = number(text)
    low, high = {"abc_hr": (1.0, 5.0), "ab": (-1.0, 1.0)}.get(method.name, method.range)
    return value if value is not None and low <= value <= high else None


def left_out(table: Foreign) -> list[str]:
    """Return the sentence about a table's lines that are no records, where it has such."""
    if not table.ragged:
        return []
    return [f"{table.name}: {counted(table.ragged, 'line')} of another length cannot be read; left out"]


def read_key(name: str, data: bytes) -> dict[str, Meant]:
    """Return the key table that stands beside an export.

    Raises
    ------
    VotesError
        If it is none.
    """
    try:
        rows = records(data)
    except (UnicodeDecodeError, csv.Error) as error:
        raise VotesError(name, f"it is no key table: {error}", "give the key.csv of the export") from error
    if not rows or not {"name", "clip", "condition"} <= set(rows[0]):
        raise VotesError(name, "it is no key table", "give the key.csv of the export")
    return {
        str(row["name"]): Meant(
            *(
                plain(str(row.get(column) or ""))
                for column in ("clip", "condition", "role", "stratum", "talker", "sex")
            )
        )
        for row in rows
        if row["name"]
    }
