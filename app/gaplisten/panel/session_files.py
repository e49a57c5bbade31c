"""What a session's ratings file is worth: judged in one way, whoever asks (session, status, results)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gaplisten.durable import is_locked
from gaplisten.errors import GaplistenError
from gaplisten.panel.columns import columns_for, names_of, needed_of, tidied
from gaplisten.panel.drawn import PlanLost, plan_of
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import Journal, read
from gaplisten.panel.methods.contract import Planned
from gaplisten.panel.reading import Reading, Row
from gaplisten.panel.safety import file_stem
from gaplisten.panel.unseal import OtherPlan, unsealed

_HASH = 8  # hexadecimal digits of the panel before a session's name, and of the listener after it


def session_name(panel: FrozenPanel, listener: str) -> str:
    """Return the name of a session's files: the same for the same panel and listener, on every machine."""
    return f"{panel.sha256[:_HASH]}-{file_stem(listener)}"


def _as_typed(cell: str) -> str:
    """Return a name without the apostrophe by which the CSV keeps spreadsheets from computing it."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell


def listener_of(rows: Sequence[Row], typed: str = "") -> str:
    """Return the name of the listener whose rows these are, as it was typed; "" where there are none.

    The session's name holds a digest of it. So what spreadsheets and pandas do to names (``007`` becomes 7,
    ``NA`` is gone, ``1-2`` a date) makes nobody else of a session.

    Parameters
    ----------
    typed
        A name that it may be: of who opens the session.
    """
    if not rows:
        return ""
    names = [_as_typed(name) for name, _ in Counter(row["listener"] for row in rows).most_common()]
    session = Counter(row.get("session", "") for row in rows).most_common(1)[0][0]
    plain = session[_HASH + 1 : -(_HASH + 1)]
    for name in (*names, typed, plain):
        if name and session.endswith(f"-{file_stem(name)}"):
            return name
    return names[0]


@dataclass(frozen=True)
class Judged:
    """What is in a session's file, row by row.

    Parameters
    ----------
    plan
        The listener's trials.
    rows
        The votes that can be used, each once, in the order in which they were given.
    done
        Numbers of the trials all of whose votes are there.
    unfinished
        Number of the trial that an interrupted run did not save as a whole; None where there is none.
    errors
        What is wrong with the file: a session does not go on over it, results leave out what it is about.
    short
        Sentences about trials that lack votes although later ones are there: somebody took rows out.
    notes
        What is unusual but does no harm, as sentences.
    lost
        Why there is no plan, though all rows say themselves what was heard: a complete session whose order
        is gone. It can be evaluated, not gone on with.
    """

    listener: str
    plan: tuple[Planned, ...]
    rows: tuple[Row, ...]
    done: frozenset[int]
    unfinished: int | None = None
    errors: tuple[OtherPlan, ...] = ()
    short: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lost: OtherPlan | None = None


_OTHERS = "was not made with this panel and listener"
_MOVE = "move the file away, or use the panel and version that made it"
_FIX = "somebody changed the file: put back what was there, or move the file away"


def _trial_of(panel: FrozenPanel, planned: Sequence[Planned], row: Row, where: str) -> Planned:
    """Return the trial that a row is about.

    Raises
    ------
    OtherPlan
        If it was not made with this panel and plan.
    """
    number = int(row["trial"]) if row["trial"].isdecimal() else 0
    known = 1 <= number <= len(planned) and row["panel_sha256"] == panel.sha256
    if not known or not _is_code(row["trial_code"], planned[number - 1].code(panel.key.trial_salt)):
        raise OtherPlan(where, f"the rating of trial {row['trial'][:10]!r} {_OTHERS}", _MOVE)
    return planned[number - 1]


def _is_code(cell: str, code: str) -> bool:
    """Tell whether a cell holds a code, or what a spreadsheet makes of one that looks like a number."""
    if cell == code:
        return True
    try:
        return math.isfinite(float(code)) and math.isclose(float(cell), float(code), rel_tol=1e-4)
    except ValueError:
        return False


def _once(rows: Sequence[Row], where: str) -> Iterator[Row | OtherPlan | str]:
    """Yield each vote once; what to say of those that stand there twice; an error where they differ."""
    votes: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        votes.setdefault((row["trial"], row["position"], row.get("scale", "")), []).append(row)
    for same in votes.values():
        if len({row["vote"] for row in same}) > 1:
            fact = f"there are {len(same)} different votes for one question of trial {same[0]['trial']}"
            yield OtherPlan(where, fact, _FIX)
            continue
        yield same[0]
        if len(same) > 1:
            yield f"the rating of trial {same[0]['trial']} stands there {len(same)} times and counts once"


def _order(place: int, row: Row) -> int:
    return int(row["order"]) if row["order"].isdecimal() else place


def _plan_of(panel: FrozenPanel, found: Reading, where: str, listener: str) -> tuple[Planned, ...]:
    """Return the trials of the session whose file it is: by what its rows say, however the file is called."""
    path = Path(where)
    said = Counter(row.get("session", "") for row in found.rows).most_common(1)
    session = said[0][0] if said and file_stem(listener) in said[0][0] else path.stem
    return plan_of(panel.key, listener, path.parent, session, _root(panel, path))


def _without_plan(panel: FrozenPanel, found: Reading, listener: str, lost: PlanLost) -> Judged:
    """Return what a file is worth whose order is gone; a complete one says itself what was heard."""
    known = {(one.clip, one.condition, one.sha256) for one in panel.key.stimuli}
    told = [
        row
        for row in found.rows
        if row["panel_sha256"] == panel.sha256
        and row["score"]
        and (row["clip"], row["condition"], row["stimulus_sha256"]) in known
    ]
    error = OtherPlan(lost.thing, lost.fact, lost.way_out)
    if found.rows and not any(row["panel_sha256"] == panel.sha256 for row in found.rows):
        fact = f"the rating of trial {found.rows[0]['trial'][:10]!r} {_OTHERS}"
        error = OtherPlan(lost.thing, fact, _MOVE)
    if not told or len(told) < len(found.rows):
        return Judged(listener, (), (), frozenset(), errors=(error,), notes=found.notes)
    note = f"{lost.fact}; what was heard is taken from the file itself"
    done = frozenset(int(row["trial"]) for row in told)
    return Judged(listener, (), tuple(told), done, notes=(*found.notes, note), lost=error)


def judge(panel: FrozenPanel, found: Reading, where: str, listener: str = "") -> Judged:
    """Return what a session's file is worth.

    Parameters
    ----------
    where
        The file, for messages.
    listener
        Whose session it is, where the file has no rows to tell.
    """
    listener = listener_of(found.rows, listener) or listener
    errors: list[OtherPlan] = []
    planned: tuple[Planned, ...] = ()
    try:
        planned = _plan_of(panel, found, where, listener) if listener else ()
    except PlanLost as error:
        return _without_plan(panel, found, listener, error)
    fitting: list[Row] = []
    for row in found.rows:
        try:
            unsealed(panel, _trial_of(panel, planned, row, where), row)
            fitting.append(row)
        except OtherPlan as error:
            errors.append(error)
    rows: list[Row] = []
    notes = list(found.notes)
    for one in _once(fitting, where):
        if isinstance(one, OtherPlan):
            errors.append(one)
        elif isinstance(one, str):
            notes.append(one)
        else:
            rows.append(one)
    if found.damaged:
        lines = f"line{'s' if len(found.damaged) > 1 else ''} {', '.join(map(str, found.damaged[:10]))}"
        errors.append(OtherPlan(where, f"{lines} cannot be read", found.mending if found.foreign else _FIX))
    counts = Counter(int(row["trial"]) for row in rows)
    wanted = {one.trial.number: len(one.trial.wanted_votes) for one in planned}
    done = frozenset(number for number, count in counts.items() if count == wanted[number])
    lacking = sorted(set(counts) - done)
    rows = [row for _, row in sorted(enumerate(rows), key=lambda pair: _order(*pair))]
    unfinished = int(rows[-1]["trial"]) if rows else None
    if unfinished not in lacking or errors:
        unfinished = None
    short = [
        f"trial {number} has {counts[number]} of its {wanted[number]} votes"
        for number in lacking
        if number != unfinished and not errors
    ]
    return Judged(listener, planned, tuple(rows), done, unfinished, tuple(errors), tuple(short), tuple(notes))


def refuse(judged: Judged, where: str) -> None:
    """Refuse a file over which a session must not go on; nothing in it was changed.

    Raises
    ------
    OtherPlan
        If rows are of another panel or listener, spoilt, contradict each other, or were taken out.
    """
    if judged.lost is not None:
        raise judged.lost
    if judged.errors:
        raise judged.errors[0]
    if judged.short:
        raise OtherPlan(where, f"{judged.short[0]} although later trials are there", _FIX)


# --- files --------------------------------------------------------------------------------------------------


def ratings_files(folder: Path) -> list[Path]:
    """Return what stands in the place of sessions' CSV files in a ratings folder, links and pipes too."""
    return sorted(path for path in folder.glob("*.csv") if not path.is_dir() or path.is_symlink())


_OWN_NAME = re.compile(rf"[0-9a-f]{{{_HASH}}}-.+-[0-9a-f]{{{_HASH}}}")


def copies_of(panel: FrozenPanel, folder: Path, session: str) -> list[Path]:
    """Return the files under names of their own whose rows say that they are of this session.

    A file manager's copies, and what somebody called otherwise; links and what cannot be read are none.
    """
    found = []
    for path in ratings_files(folder):
        if _OWN_NAME.fullmatch(path.stem):
            continue
        try:
            rows = read_ratings(panel, path).rows
        except (GaplistenError, OSError):
            continue
        if any(row["panel_sha256"] == panel.sha256 for row in rows) and (
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
    for other in [] if path.exists() or path.is_symlink() else copies_of(panel, path.parent, session):
        fact = "it holds the ratings of this session under another name"
        raise OtherPlan(str(other), fact, f"call it {path.name} again, or move it away")


def refuse_others(found: Reading, path: Path) -> None:
    """Refuse a file in a session's place that says of its rows that they are of another session.

    Raises
    ------
    OtherPlan
        If it does: what one listener votes would be lost in the file of another.
    """
    for said in sorted({row.get("session", "") for row in found.rows} - {path.stem}):
        # What another panel wrote is told by `judge`.
        if _OWN_NAME.fullmatch(said) and said[:_HASH] == path.stem[:_HASH]:
            raise OtherPlan(str(path), f"it holds ratings of the session {said}", f"call it {said}.csv again")


def _root(panel: FrozenPanel, path: Path) -> Path | None:
    return panel.folder if path.is_relative_to(panel.folder) else None


def read_ratings(panel: FrozenPanel, path: Path) -> Reading:
    """Return what is in a session's CSV file, whichever version wrote it and whatever form it has.

    Where the file lies in the panel's folder, no link in it is followed.

    Raises
    ------
    JournalDamaged, OSError
        If it is no ratings file or cannot be read.
    """
    columns = columns_for(panel.definition.method.scales)
    tidy = tidied(panel.definition.method.response)
    return read(path, names_of(columns), needed_of(columns), _root(panel, path), tidy)


def open_journal(panel: FrozenPanel, path: Path, root: Path) -> Journal:
    """Return the journal of a session's ratings.

    Raises
    ------
    JournalDamaged
        If what is there cannot be read.
    """
    columns = columns_for(panel.definition.method.scales)
    tidy = tidied(panel.definition.method.response)
    return Journal(path, names_of(columns), needed_of(columns), root, tidy)


@dataclass(frozen=True)
class SessionRead:
    """A session's ratings as an evaluation reads them.

    Parameters
    ----------
    rows
        With every column filled in, whether the session is finished or not.
    problems
        Sentences about rows that cannot be used; all others are in `rows`.
    notes
        What is unusual about the file but does no harm, as sentences.
    """

    listener: str
    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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
    if judged.errors and not judged.rows:
        raise judged.errors[0]
    rows = [
        row if judged.lost else unsealed(panel, judged.plan[int(row["trial"]) - 1], row)
        for row in judged.rows
        if int(row["trial"]) != judged.unfinished
    ]
    problems = [f"{error.fact}; it was left out, the rest is used" for error in judged.errors]
    problems += [f"{said}; they are used" for said in judged.short]
    if judged.unfinished is not None:
        fact = f"trial {judged.unfinished} was not saved as a whole"
        problems.append(f"{fact}; it was left out, the rest is used")
    if found.torn:
        problems.append("an incomplete last line was left out; the rest is used")
    return SessionRead(
        judged.listener,
        tuple(rows),
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
    for path in ratings_files(folder) if folder.is_dir() else []:
        try:
            found = read_session(panel, path)
        except (GaplistenError, OSError) as error:
            problems.append(str(error))
            continue
        name = session_name(panel, found.listener) if found.rows else path.stem
        files.setdefault(name, []).append((path, found))
    return [_one_of(name, same) for name, same in files.items()], problems


def _votes(found: SessionRead) -> dict[tuple[str, str, str], str]:
    return {(row["trial"], row["position"], row.get("scale", "")): row["vote"] for row in found.rows}


def _one_of(name: str, same: Sequence[tuple[Path, SessionRead]]) -> SessionFile:
    """Return the file of a session that has the most votes, with a word about each other one."""
    (path, found), *others = sorted(same, key=lambda one: (-len(one[1].rows), one[0].stem != name))
    votes = _votes(found)
    for other, read_ in others:
        fact = f"{other.name}: it is of the same session as {path.name}"
        if _votes(read_).items() <= votes.items():
            found = replace(found, notes=(*found.notes, f"{fact}; each vote counts once"))
        else:
            problem = f"{fact}, with other votes; it was left out"
            found = replace(found, problems=(*found.problems, problem))
    locks = [path.parent / f"{name}.lock", *(one.with_suffix(".lock") for one, _ in same)]
    return SessionFile(path, found, any(is_locked(lock) for lock in locks))
