"""All votes of a panel, read back from the sessions' files."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gaplisten.languages import counted
from gaplisten.panel.columns import Truth
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.imported import ImportedVotes, Source
from gaplisten.panel.order import shuffled
from gaplisten.panel.ratings import Rating
from gaplisten.panel.reading import Row, TextTable, whole_number
from gaplisten.panel.session_files import SessionFile, SessionRead
from gaplisten.panel.trial import Block
from gaplisten.panel.vote_columns import Columns, Text, Votes
from gaplisten.panel.withdrawing import counted_sessions, spoilt_record, withdrawals

TEST, _TRAINING = "test", Block.TRAINING.value


@dataclass(frozen=True)
class Sitting:
    """How one listener's session was taken.

    Parameters
    ----------
    began, ended
        When the first trial was shown and the last vote saved, ISO 8601, UTC; "" where a row does not say.
    trials, done
        How many there are, and how many were taken; None where the session's order is gone.
    devices
        What was listened with: name ("" where it is not to be told) and rate in Hz ("" where unknown).
    """

    began: str
    ended: str
    trials: int | None
    done: int
    devices: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Collected:
    """Votes, and what stands beside them.

    Parameters
    ----------
    running
        Listeners whose session is open now: their votes are not shown.
    problems
        Sentences about files that could not be used, or only in part.
    notes
        Sentences about files that another version or program wrote: all in them was used.
    sittings
        How each session that is shown was taken; none of imported votes.
    unchecked
        Where imported votes come from, and what could not be checked; names nobody.
    """

    votes: Sequence[Rating]
    running: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    sittings: tuple[Sitting, ...] = ()

    @property
    def listeners(self) -> tuple[str, ...]:
        """Names of all who gave votes."""
        return tuple(sorted(Votes.of(self.votes).distinct("listener")))


def votes_of(panel: FrozenPanel, sessions: Iterable[SessionRead]) -> Votes:
    """Return the votes of sessions, practice too."""
    heard: dict[int, int] = {}  # a place in `truths` by the identity of a truth
    truths: list[Truth] = []
    of_truth: list[int] = []
    trials: list[str] = []
    underflows: list[str] = []
    given: dict[str, list[str]] = {"listener": [], "scale": [], "vote": []}
    for one in sessions:
        table = one.table
        for truth in [truth or _told(table.rows[at]) for at, truth in enumerate(one.truths)]:
            place = heard.setdefault(id(truth), len(truths))
            if place == len(truths):
                truths.append(truth)  # stays, so that nothing else gets its identity
            of_truth.append(place)
        trials += table.column("trial")
        underflows += table.column("underflows")
        given["listener"] += [one.listener] * len(table)
        given["scale"] += table.column("scale")
        given["vote"] += table.column("vote")
    which = np.array(of_truth, np.intp)
    talkers = [panel.talker(one.clip) for one in truths]
    about = {name: [getattr(one, name) for one in truths] for name in _ABOUT}
    about |= {"talker": [talker for talker, _ in talkers], "sex": [sex for _, sex in talkers]}
    about["side"] = [_side(one) if one.compared_with else "" for one in truths]
    texts = {name: Text.of(cells) for name, cells in given.items()}
    texts |= {name: Text.of(cells).among(which) for name, cells in about.items()}
    scores = np.array([float(one.score or 0) for one in truths])
    passed = np.array([-1 if one.passed is None else int(one.passed) for one in truths], np.int8)
    counted = Text.of(underflows)
    counts = np.array([_count(one) for one in counted.names], np.int64)
    numbers = np.array(list(map(int, trials)), np.int64)
    return Votes.whole(Columns(texts, numbers, scores[which], passed[which], counts[counted.codes]))


_ABOUT = ("kind", "clip", "stratum", "condition", "compared_with", "role")
_MOST = 10**9  # underflows: more is no count, and sums of it must fit


def _count(cell: str) -> int:
    """Return how many underflows a cell tells; -1 where it is no number."""
    count = whole_number(cell)
    return min(_MOST if count is None else count, _MOST) if cell.isdecimal() else -1


def _told(row: Row) -> Truth:
    """Return what was heard as a row says it itself."""
    return Truth(
        kind=row["kind"],
        clip=row["clip"],
        stratum=row["stratum"],
        condition=row["condition"],
        compared_with=row["compared_with"],
        role=row["role"],
        stimulus_sha256=row["stimulus_sha256"],
        slots=row["slots"],
        score=float(row["score"]),
        expected=None,
        passed={"true": True, "false": False}.get(row["passed"]),
    )


def _side(heard: Truth) -> str:
    """Return the letter behind which the condition lay, in trials that are voted on as a whole."""
    behind = (slot.partition(":") for slot in heard.slots.split("|"))
    return next((letter for letter, _, name in behind if name == heard.condition and letter != "X"), "")


def _spoilt_counts(path: Path, table: TextTable) -> Iterator[str]:
    """Tell which counts of underflows are none: they say how a vote was heard, not what it is."""
    for count, trial in zip(table.column("underflows"), table.column("trial"), strict=True):
        if count and not count.isdecimal():
            said = f"underflows {count[:20]!r} of trial {trial} is no number"
            yield f"{path.name}: {said}; the vote is used"


@dataclass(frozen=True)
class Files:
    """What stands in a panel's files of votes, read once for all who ask.

    Parameters
    ----------
    sessions
        Those that count; none of imported votes.
    imported
        Rows of imported votes.
    problems
        Sentences about what cannot be used.
    """

    sessions: tuple[SessionFile, ...] = ()
    imported: tuple[Row, ...] = ()
    problems: tuple[str, ...] = ()


def read_files(panel: Source, ratings: Path | None = None) -> Files:
    """Read every session's file, or the one of imported votes.

    Raises
    ------
    GaplistenError, OSError
        If imported votes cannot be read.
    """
    if isinstance(panel, ImportedVotes):
        rows, problems = panel.rows()
        return Files(imported=tuple(rows), problems=tuple(problems))
    with collector_resting():
        sessions, problems = counted_sessions(panel, ratings or panel.ratings)
    return Files(tuple(sessions), problems=tuple(problems))


def _imported(panel: ImportedVotes, files: Files) -> Collected:
    votes, unusable, empty = panel.votes(files.imported)
    problems = (*files.problems, *unusable)
    notes = (*panel.manifest.notes, *empty)
    return Collected(Votes.of(votes), (), problems, notes, (panel.unchecked,))


def collect(panel: Source, ratings: Path | None = None, files: Files | None = None) -> Collected:
    """Read every session's votes (practice left out); a session that is open now stays hidden.

    Imported votes come with sentences about what their tool did not tell and so could not be checked.

    Parameters
    ----------
    files
        What was read already.
    """
    with collector_resting():
        found = read_files(panel, ratings) if files is None else files
        if isinstance(panel, ImportedVotes):
            return _imported(panel, found)
        return _collected(panel, ratings or panel.ratings, found)


@contextmanager
def collector_resting() -> Iterator[None]:
    """Let the garbage collector rest.

    What is read stays. Looking through all of it, time and again, is a fifth of the work.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _collected(panel: FrozenPanel, folder: Path, files: Files) -> Collected:
    shown: list[SessionRead] = []
    running: list[str] = []
    problems = [said] if (said := spoilt_record(folder)) else []
    notes: list[str] = [one.said() for one in withdrawals(folder)]
    unusual: list[tuple[str, str]] = []
    problems += files.problems
    sittings: list[Sitting] = []
    for one in files.sessions:
        found = one.read
        problems += [*found.problems, *_spoilt_counts(one.path, found.table)]
        unusual += [(one.path.name, note) for note in found.notes]
        if one.open_now:
            running.append(found.listener)
            continue
        sittings += _sitting(found)
        shown.append(found)
    votes = votes_of(panel, shown)
    return Collected(
        votes.where(~votes.are("kind", _TRAINING)),
        tuple(running),
        tuple(problems),
        (*notes, *_folded(unusual)),
        (),
        tuple(sittings),
    )


def _sitting(found: SessionRead) -> list[Sitting]:
    table = found.table
    if not table:
        return []
    devices = dict.fromkeys(zip(table.column("device"), table.column("device_rate"), strict=True))
    times = table.column("shown_at")[0], table.column("saved_at")[-1]
    return [Sitting(*times, found.trials, found.done, tuple(devices))]


def _folded(notes: Iterable[tuple[str, str]]) -> list[str]:
    """Return sentences about files, one where the same is to be said of several.

    Parameters
    ----------
    notes
        The name of a file, and a sentence that may begin with it.
    """
    files: dict[str, list[tuple[str, str]]] = {}
    for name, note in notes:
        files.setdefault(note.removeprefix(f"{name}: "), []).append((name, note))
    return [
        same[0][1] if len(same) == 1 else f"{same[0][0]} and {counted(len(same) - 1, 'other file')}: {said}"
        for said, same in files.items()
    ]


def pseudonyms(panel: Source, listeners: Sequence[str]) -> dict[str, str]:
    """Return a name for each listener that tells nothing, not even by the alphabet; the same each time."""
    drawn = shuffled(sorted(listeners), panel.salt, "pseudonyms")
    width = len(str(len(drawn)))
    return {name: f"L{place:0{width}d}" for place, name in enumerate(drawn, start=1)}


def nameless(panel: Source, collected: Collected) -> tuple[Collected, dict[str, str]]:
    """Return the same votes under pseudonyms, and which pseudonym each listener has.

    Devices are not named: they may tell whose they are. Sentences about files name sessions, and so
    listeners: only how many there are is told.
    """
    names = pseudonyms(panel, sorted({*collected.listeners, *collected.running}))
    votes = Votes.of(collected.votes).renamed("listener", lambda name: names.get(name, name))
    running = tuple(names[one] for one in collected.running)
    problems, notes = (
        (f"{len(told)} {what} about files; results without pseudonyms tell them",) if told else ()
        for told, what in ((collected.problems, "problems"), (collected.notes, "notes"))
    )
    sittings = tuple(
        replace(one, devices=tuple(dict.fromkeys(("", rate) for _, rate in one.devices)))
        for one in collected.sittings
    )
    return Collected(votes, running, problems, notes, collected.unchecked, sittings), names


def tests(votes: Sequence[Rating]) -> Votes:
    """Return the votes that are not checks."""
    votes = Votes.of(votes)
    return votes.where(votes.are("kind", TEST))
