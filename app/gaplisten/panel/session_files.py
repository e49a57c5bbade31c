"""The ratings files of a folder: read for evaluation, each session once, copies told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from gaplisten.durable.locks import is_locked
from gaplisten.errors import GaplistenError
from gaplisten.panel.columns import Column, Truth, columns_for, filled_in, names_of, needed_of, tidied
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import Journal, read
from gaplisten.panel.judging import judge
from gaplisten.panel.reading import Reading, Row, TextTable
from gaplisten.panel.session_names import HASH, listener_of, root_of, session_name
from gaplisten.panel.unseal import OtherPlan


def ratings_files(folder: Path) -> list[Path]:
    """Return what stands in the place of sessions' CSV files in a ratings folder, links and pipes too.

    There are none where the folder is not there yet.
    """
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("*.csv") if not path.is_dir() or path.is_symlink())


_OWN_NAME = re.compile(rf"[0-9a-f]{{{HASH}}}-.+-[0-9a-f]{{{HASH}}}")


def named_otherwise(folder: Path) -> list[Path]:
    """Return the files of a ratings folder whose names no session gave them."""
    return [path for path in ratings_files(folder) if not _OWN_NAME.fullmatch(path.stem)]


def copies_of(panel: FrozenPanel, files: Sequence[Path], session: str) -> list[Path]:
    """Return those of some files (`named_otherwise`) whose rows say that they are of this session.

    A file manager's copies, and what somebody called otherwise; links and what cannot be read are none.
    """
    found = []
    for path in files:
        try:
            rows = read_ratings(panel, path).table
        except (GaplistenError, OSError):
            continue
        if panel.sha256 in rows.column("panel_sha256") and (
            session_name(panel, listener_of(rows)) == session
        ):
            found.append(path)
    return found


def refuse_renamed(panel: FrozenPanel, path: Path, session: str) -> None:
    """Refuse to begin a session whose ratings are there under another name.

    Raises
    ------
    OtherPlan
        If they are.
    """
    if path.exists() or path.is_symlink():
        return
    for other in copies_of(panel, named_otherwise(path.parent), session):
        fact = "it holds the ratings of this session under another name"
        raise OtherPlan(str(other), fact, f"call it {path.name} again, or move it away")


def refuse_others(found: Reading, path: Path) -> None:
    """Refuse a file in a session's place that says of its rows that they are of another session.

    Raises
    ------
    OtherPlan
        If it does: what one listener votes would be lost in the file of another.
    """
    for said in sorted(set(found.table.column("session")) - {path.stem}):
        # What another panel wrote is told by `judge`.
        if _OWN_NAME.fullmatch(said) and said[:HASH] == path.stem[:HASH]:
            raise OtherPlan(str(path), f"it holds ratings of the session {said}", f"call it {said}.csv again")


def _columns(panel: FrozenPanel) -> tuple[Column, ...]:
    return columns_for(panel.definition.method.scales, drawn=panel.key.design > 1)


def read_ratings(panel: FrozenPanel, path: Path) -> Reading:
    """Return what is in a session's CSV file, whichever version wrote it and whatever form it has.

    Where the file lies in the panel's folder, no link in it is followed.

    Raises
    ------
    JournalDamaged, OSError
        If it is no ratings file or cannot be read.
    """
    columns = _columns(panel)
    tidy = tidied(panel.definition.method.response)
    return read(path, names_of(columns), needed_of(columns), root_of(panel, path), tidy)


def open_journal(panel: FrozenPanel, path: Path, root: Path) -> Journal:
    """Return the journal of a session's ratings.

    Raises
    ------
    JournalDamaged
        If what is there cannot be read.
    """
    columns = _columns(panel)
    tidy = tidied(panel.definition.method.response)
    return Journal(path, names_of(columns), needed_of(columns), root, tidy)


@dataclass(frozen=True)
class SessionRead:
    """A session's ratings as an evaluation reads them.

    Parameters
    ----------
    table
        The rows as they are in the file.
    truths
        What was heard, row by row, whether the session is finished or not; None where a row says it itself.
    trials, done
        How many the session has, and how many of them all votes are there; None where its order is gone.
    problems
        Sentences about rows that cannot be used; all others are in `table`.
    notes
        What is unusual about the file but does no harm, as sentences.
    """

    listener: str
    table: TextTable
    truths: tuple[Truth | None, ...]
    trials: int | None = None
    done: int = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows with every column filled in."""
        pairs = zip(self.table.rows, self.truths, strict=True)
        return tuple(row if truth is None else filled_in(row, truth) for row, truth in pairs)


def read_session(panel: FrozenPanel, path: Path) -> SessionRead:
    """Return a session's rows with every column filled in; damaged ones are told and left out.

    For evaluation; to be called only where blindness has ended.

    Raises
    ------
    OtherPlan
        If no row is of this panel.
    JournalDamaged, OSError
        If it is no ratings file or cannot be read.
    """
    found = read_ratings(panel, path)
    judged = judge(panel, found, str(path))
    if judged.errors and not judged.table:
        raise judged.errors[0]
    table, truths = judged.table, judged.truths
    if judged.unfinished is not None:
        trials = table.column("trial")
        whole = [at for at, trial in enumerate(trials) if int(trial) != judged.unfinished]
        table, truths = table.at(whole), tuple([truths[at] for at in whole])
    problems = [f"{error.fact}; it was left out, the rest is used" for error in judged.errors]
    problems += [f"{said}; all that is there is used" for said in judged.short]
    if judged.unfinished is not None:
        fact = f"trial {judged.unfinished} was not saved as a whole"
        problems.append(f"{fact}; it was left out, the rest is used")
    if found.torn:
        problems.append("an incomplete last line was left out; the rest is used")
    return SessionRead(
        judged.listener,
        table,
        truths,
        None if judged.lost else len(judged.planned),
        len(judged.done),
        tuple(f"{path.name}: {said}" for said in problems),
        tuple(f"{path.name}: {note}" for note in judged.notes),
    )


@dataclass(frozen=True)
class SessionFile:
    """One session of a ratings folder; `open_now` where somebody takes it at this moment."""

    path: Path
    read: SessionRead
    open_now: bool


def read_sessions(panel: FrozenPanel, folder: Path) -> tuple[list[SessionFile], list[str]]:
    """Return the sessions of a ratings folder, each once, and sentences about files that cannot be used.

    For evaluation. Copies of a session's file under other names (a file manager's, or an earlier place of a
    session that was saved elsewhere) make nobody vote twice: the file with the most votes counts.
    """
    files: dict[str, list[tuple[Path, SessionRead]]] = {}
    problems: list[str] = []
    for path in ratings_files(folder):
        try:
            found = read_session(panel, path)
        except (GaplistenError, OSError) as error:
            problems.append(str(error))
            continue
        name = session_name(panel, found.listener) if found.table else path.stem
        files.setdefault(name, []).append((path, found))
    return [_one_of(name, same) for name, same in files.items()], problems


def _votes(found: SessionRead) -> dict[tuple[str, ...], str]:
    asked = zip(*map(found.table.column, ("trial", "position", "scale")), strict=True)
    return dict(zip(asked, found.table.column("vote"), strict=True))


def _one_of(name: str, same: Sequence[tuple[Path, SessionRead]]) -> SessionFile:
    """Return the file of a session that has the most votes, with a word about each other one."""
    (path, found), *others = sorted(same, key=lambda one: (-len(one[1].table), one[0].stem != name))
    votes = _votes(found) if others else {}
    for other, read_ in others:
        fact = f"{other.name}: it is of the same session as {path.name}"
        if _votes(read_).items() <= votes.items():
            found = replace(found, notes=(*found.notes, f"{fact}; each vote counts once"))
        else:
            problem = f"{fact}, with other votes; it was left out"
            found = replace(found, problems=(*found.problems, problem))
    locks = [path.parent / f"{name}.lock", *(one.with_suffix(".lock") for one, _ in same)]
    return SessionFile(path, found, any(is_locked(lock) for lock in locks))
