"""Votes that another tool collected, in a folder of our own form, read like a panel's.

The folder holds `imported.json` (which test it was, where it comes from, what could not be taken over),
`votes.csv` in the columns of a panel's ratings, and `answers.csv` where listeners were asked something. What
the other tool did not write stays empty, and results say so.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaplisten import __version__, languages
from gaplisten.durable.files import write_whole
from gaplisten.durable.folders import whole_folder
from gaplisten.errors import GaplistenError, visible
from gaplisten.panel import methods
from gaplisten.panel.columns import columns_for, names_of
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.journal import one_line, read
from gaplisten.panel.methods.contract import Method
from gaplisten.panel.parts import ResultsPart
from gaplisten.panel.ratings import Rating
from gaplisten.panel.reading import Row, number, whole_number
from gaplisten.panel.safety import read_limited
from gaplisten.panel.trial import Vote
from gaplisten.tables import Cell, Table, plain, to_csv

MANIFEST, VOTES, ANSWERS = "imported.json", "votes.csv", "answers.csv"
LONGEST = 200  # characters of a name
_LONGEST_TITLE = 1000
_LARGEST_MANIFEST = 4 * 2**20
_NEEDED = ("listener", "clip", "condition", "score")
_ANSWER_COLUMNS = ("listener", "question", "answer")


class ImportedError(GaplistenError):
    """Imported votes that cannot be written or read."""


@dataclass(frozen=True)
class ForeignVote:
    """One vote as another tool tells it; what it does not tell is empty.

    Parameters
    ----------
    score
        As results read it, see `Rating`; None where nothing was answered.
    compared_with
        The other one of a pair; "" where one recording was rated.
    role
        "condition", "reference" or "anchor".
    trial
        Number of the page in the listener's order; 0 where the order is not known.
    vote
        What was pressed or set, where that is known.
    seconds
        Spent on the page.
    session
        The other tool's name for what was sent at once.
    """

    listener: str
    clip: str
    condition: str
    score: float | None
    compared_with: str = ""
    role: str = "condition"
    scale: str = ""
    trial: int = 0
    vote: Vote | None = None
    seconds: float | None = None
    session: str = ""
    comment: str = ""
    stratum: str = ""


@dataclass(frozen=True)
class Imported:
    """What an import found.

    Parameters
    ----------
    tool
        Which wrote the files.
    unchecked
        What the tool does not write and so could not be checked, as the end of a sentence.
    notes
        What was guessed, left out or put right, as sentences.
    answers
        What each listener answered besides, by question.
    talkers
        Of each clip of which it is known: who talks, and the sex.
    """

    tool: str
    method: Method
    votes: tuple[ForeignVote, ...]
    unchecked: str = ""
    notes: tuple[str, ...] = ()
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    talkers: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def conditions(self) -> tuple[str, ...]:
        """All conditions, in the order in which they are met."""
        return tuple(dict.fromkeys(one.condition for one in self.votes))


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceFile(_Value):
    """A file that votes were taken from."""

    name: str = Field(max_length=1000)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class _Manifest(_Value):
    format: Literal[1] = 1
    title: str = Field(max_length=_LONGEST_TITLE)
    method: str = Field(max_length=100)
    language: str = Field(default=languages.ENGLISH, max_length=20)
    tool: str = Field(max_length=200)
    version: str = Field(max_length=100)
    files: list[SourceFile] = Field(max_length=10_000)
    unchecked: str = Field(default="", max_length=10_000)
    notes: list[Annotated[str, Field(max_length=10_000)]] = Field(default=[], max_length=10_000)
    conditions: list[Annotated[str, Field(max_length=LONGEST)]] = Field(default=[], max_length=10_000)
    talkers: dict[str, tuple[str, str]] = Field(default={}, max_length=100_000)
    results: ResultsPart = Field(default_factory=ResultsPart)


@dataclass(frozen=True)
class Named:
    """A condition of which nothing but the name is known."""

    name: str


@dataclass(frozen=True)
class ForeignDefinition:
    """What is known of a test that another tool ran, called as in a panel's definition."""

    title: str
    method: Method
    condition: tuple[Named, ...]
    results: ResultsPart
    language: str


@dataclass(frozen=True)
class ImportedVotes:
    """A folder of imported votes, opened."""

    folder: Path
    manifest: _Manifest
    definition: ForeignDefinition

    @property
    def ratings(self) -> Path:
        """The folder whose tables hold the votes."""
        return self.folder

    @cached_property
    def sha256(self) -> str:
        """Hash of the manifest, which names the hashes of all files that votes came from."""
        return hashlib.sha256(self.manifest.model_dump_json().encode()).hexdigest()

    @property
    def salt(self) -> str:
        """What pseudonyms are drawn with."""
        return self.sha256

    @property
    def unchecked(self) -> str:
        """Where the votes come from and what could not be checked, as a sentence; names nobody."""
        said = f"imported from {self.manifest.tool}"
        return f"{said}: {self.manifest.unchecked}" if self.manifest.unchecked else said

    def talker(self, clip: str) -> tuple[str, str]:
        """Return who talks in a clip, and the sex; empty texts where nobody said so."""
        return self.manifest.talkers.get(clip, ("", ""))

    def rows(self) -> tuple[list[Row], list[str]]:
        """Return the votes as they stand in the file, and sentences about lines that cannot be used.

        Raises
        ------
        GaplistenError, OSError
            If the file is none of votes.
        """
        scales = self.definition.method.scales
        needed = [*_NEEDED, *(["scale"] if len(scales) > 1 else [])]
        found = read(self.folder / VOTES, names_of(columns_for(scales, drawn=False)), needed, self.folder)
        problems = [
            f"{VOTES}: line {number} cannot be read; it was left out" for number in found.damaged[:10]
        ]
        if len(found.damaged) > 10:
            problems.append(f"{VOTES}: so were {len(found.damaged) - 10} more lines")
        if found.torn:
            problems.append(f"{VOTES}: an incomplete last line was left out")
        typed = ("listener", "clip", "condition", "compared_with", "comment", "session")
        return [{**row, **{name: plain(row[name]) for name in typed}} for row in found.rows], problems

    def votes(self, rows: Sequence[Row]) -> tuple[list[Rating], list[str], list[str]]:
        """Return the votes that have a score, sentences about rows without use, and what else is to be said.

        Parameters
        ----------
        rows
            As `rows` reads them.
        """
        problems: list[str] = []
        made: list[Rating] = []
        empty = spoilt = 0
        for row in rows:
            score = number(row["score"])
            if row["score"] == "":
                empty += 1
            elif score is None or row.get("scale", "") not in self.definition.method.scales:
                spoilt += 1
            else:
                made.append(self._rating(row, score))
        if spoilt:
            problems.append(f"{VOTES}: {spoilt} rows have no usable score or scale; they were left out")
        notes = [f"{empty} votes are empty: nothing was answered, or it was left out"] if empty else []
        return made, problems, notes

    def _rating(self, row: Row, score: float) -> Rating:
        return Rating(
            row["listener"],
            row["kind"] or "test",
            row["clip"],
            row["stratum"],
            row["condition"],
            row["compared_with"],
            row["role"],
            whole_number(row["trial"]) or 0,
            score,
            {"true": True, "false": False}.get(row["passed"]),
            whole_number(row["underflows"]),
            row.get("scale", ""),
            *self.talker(row["clip"]),
            row["vote"],
        )

    def answers(self) -> Table:
        """Return what listeners were asked besides, in the columns of a panel's table of answers.

        Raises
        ------
        GaplistenError, OSError
            If the file is none of answers.
        """
        rows: list[tuple[Cell, ...]] = []
        with contextlib.suppress(FileNotFoundError):
            found = read(self.folder / ANSWERS, _ANSWER_COLUMNS, _ANSWER_COLUMNS, self.folder)
            rows = [
                (plain(row["listener"]), "questions", 1, row["question"], plain(row["answer"]))
                for row in found.rows
            ]
        empty: tuple[Cell, ...] = (None,) * 5
        heads = ("listener", "step", "attempt", "question", "answer")
        return Table(
            (*heads, "right", "asked", "needed", "passed", "passed_by_guessing"),
            tuple((*row, *empty) for row in rows),
        )


Source = FrozenPanel | ImportedVotes


def open_source(folder: Path) -> Source:
    """Open what results can be made of: a built panel, or imported votes.

    Raises
    ------
    GaplistenError
        If the folder is neither, or cannot be used.
    """
    return open_imported(folder) if os.path.lexists(folder / MANIFEST) else open_panel(folder)


def open_imported(folder: Path) -> ImportedVotes:
    """Open a folder of imported votes; the votes themselves are read when results are made.

    Raises
    ------
    GaplistenError
        If it is none, or its description cannot be used.
    """
    path = folder / MANIFEST
    data = read_limited(path, _LARGEST_MANIFEST, "description of imported votes")
    try:
        said = _Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ImportedError(
            str(path), f"it cannot be used: {where}: {first['msg']}", "import again"
        ) from error
    method = methods.method(said.method)
    language = said.language if said.language in languages.codes() else languages.ENGLISH
    conditions = tuple(map(Named, said.conditions))
    definition = ForeignDefinition(said.title, method, conditions, said.results, language)
    return ImportedVotes(folder, said, definition)


def write_imported(
    out: Path, found: Imported, title: str, files: Mapping[str, bytes], asked: ResultsPart | None = None
) -> ImportedVotes:
    """Write votes into a folder of their own; it appears only when everything is in it.

    Parameters
    ----------
    files
        What they were taken from, by name: its hashes are kept.
    asked
        What results are to be asked.

    Raises
    ------
    ImportedError
        If there are no votes, the folder holds something already, or the disk refuses.
    """
    if not found.votes:
        raise ImportedError(", ".join(files) or str(out), "no votes are in it", "check files and mapping")
    manifest = _manifest(found, title, files, asked)
    with whole_folder(out, ImportedError) as part:
        write_whole(part / VOTES, to_csv(_votes_table(found, title)))
        if found.answers:
            write_whole(part / ANSWERS, to_csv(_answers_table(found.answers)))
        write_whole(part / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    return open_imported(out)


def _manifest(
    found: Imported, title: str, files: Mapping[str, bytes], asked: ResultsPart | None
) -> _Manifest:
    try:
        return _filled(found, title, files, asked)
    except ValidationError as error:  # more, or longer, than any test has
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        fact = f"its votes cannot be kept: {where}: {first['msg']}"
        raise ImportedError(", ".join(files), fact, "check the columns (--map), or import a part") from error


def _filled(found: Imported, title: str, files: Mapping[str, bytes], asked: ResultsPart | None) -> _Manifest:
    return _Manifest(
        title=visible(title)[:_LONGEST_TITLE],
        method=found.method.name,
        tool=found.tool,
        version=__version__,
        files=[
            SourceFile(name=visible(name)[:1000], sha256=hashlib.sha256(data).hexdigest())
            for name, data in files.items()
        ],
        unchecked=found.unchecked,
        notes=list(found.notes),
        conditions=list(found.conditions),
        talkers={clip: said for clip, said in found.talkers.items() if any(said)},
        results=asked or ResultsPart(),
    )


def _votes_table(found: Imported, title: str) -> Table:
    columns = names_of(columns_for(found.method.scales, drawn=False))
    rows = [
        tuple(cells.get(name) for name in columns)
        for cells in (_cells(found, title, one, at) for at, one in enumerate(found.votes, start=1))
    ]
    return Table(columns, tuple(rows))


def _cells(found: Imported, title: str, one: ForeignVote, order: int) -> dict[str, Cell]:
    score = int(one.score) if one.score is not None and float(one.score).is_integer() else one.score
    return {
        "panel": one_line(title),
        "session": one_line(one.session),
        "listener": one_line(one.listener),
        "order": order,
        "trial": one.trial or None,
        "block": "test",
        "method": found.method.name,
        "kind": "test",
        "clip": one_line(one.clip),
        "stratum": one.stratum,
        "condition": one_line(one.condition),
        "compared_with": one_line(one.compared_with),
        "role": one.role,
        "scale": one.scale,
        "vote": one.vote,
        "score": score,
        "comment": one_line(one.comment),
        "response_seconds": one.seconds,
        "version": found.tool,
    }


def _answers_table(answers: Mapping[str, Mapping[str, str]]) -> Table:
    return Table(_ANSWER_COLUMNS, tuple(_answer_rows(answers)))


def _answer_rows(answers: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[Cell, ...]]:
    for listener, own in answers.items():
        for question, answer in own.items():
            yield one_line(listener), one_line(question), one_line(answer)
