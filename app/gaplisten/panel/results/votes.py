"""All votes of a panel, read back from the sessions' files."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gaplisten.languages import counted
from gaplisten.panel.columns import Truth
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.imported import ImportedVotes, Source
from gaplisten.panel.order import shuffled
from gaplisten.panel.ratings import Rating
from gaplisten.panel.reading import Row
from gaplisten.panel.session_files import SessionRead
from gaplisten.panel.trial import Block
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

    votes: tuple[Rating, ...]
    running: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    sittings: tuple[Sitting, ...] = ()

    @property
    def listeners(self) -> tuple[str, ...]:
        """Names of all who gave votes."""
        return tuple(sorted({vote.listener for vote in self.votes}))


def vote_of(panel: FrozenPanel, row: Row, listener: str, truth: Truth | None = None) -> Rating:
    """Return what a row says: with its sealed columns filled in, or with what was heard beside it."""
    heard = truth or _told(row)
    underflows = row["underflows"]
    return Rating(
        listener,
        heard.kind,
        heard.clip,
        heard.stratum,
        heard.condition,
        heard.compared_with,
        heard.role,
        int(row["trial"]),
        float(heard.score or 0),
        heard.passed,
        int(underflows) if underflows.isdecimal() else None,
        row.get("scale", ""),
        *panel.talker(heard.clip),
        row["vote"],
        _side(heard) if heard.compared_with else "",
    )


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


def _spoilt_counts(path: Path, rows: Iterable[Row]) -> Iterator[str]:
    """Tell which counts of underflows are none: they say how a vote was heard, not what it is."""
    for row in rows:
        if row["underflows"] and not row["underflows"].isdecimal():
            said = f"underflows {row['underflows'][:20]!r} of trial {row['trial']} is no number"
            yield f"{path.name}: {said}; the vote is used"


def _imported(panel: ImportedVotes) -> Collected:
    votes, problems, empty = panel.votes()
    notes = (*panel.manifest.notes, *empty)
    return Collected(tuple(votes), (), tuple(problems), notes, (panel.unchecked,))


def collect(panel: Source, ratings: Path | None = None) -> Collected:
    """Read every session's votes (practice left out); a session that is open now stays hidden.

    Imported votes come with sentences about what their tool did not tell and so could not be checked.
    """
    if isinstance(panel, ImportedVotes):
        return _imported(panel)
    with collector_resting():
        return _collected(panel, ratings or panel.ratings)


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


def _collected(panel: FrozenPanel, folder: Path) -> Collected:
    votes: list[Rating] = []
    running: list[str] = []
    problems = [said] if (said := spoilt_record(folder)) else []
    notes: list[str] = [one.said() for one in withdrawals(folder)]
    unusual: list[tuple[str, str]] = []
    sessions, unreadable = counted_sessions(panel, folder)
    problems += unreadable
    sittings: list[Sitting] = []
    for one in sessions:
        found = one.read
        problems += [*found.problems, *_spoilt_counts(one.path, found.saved)]
        unusual += [(one.path.name, note) for note in found.notes]
        if one.open_now:
            running.append(found.listener)
            continue
        sittings += _sitting(found)
        pairs = zip(found.saved, found.truths, strict=True)
        given = [vote_of(panel, row, found.listener, truth) for row, truth in pairs]
        votes += [vote for vote in given if vote.kind != _TRAINING]
    return Collected(
        tuple(votes), tuple(running), tuple(problems), (*notes, *_folded(unusual)), (), tuple(sittings)
    )


def _sitting(found: SessionRead) -> list[Sitting]:
    rows = found.saved
    if not rows:
        return []
    devices = dict.fromkeys((row.get("device", ""), row.get("device_rate", "")) for row in rows)
    times = rows[0].get("shown_at", ""), rows[-1].get("saved_at", "")
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
    votes = tuple(replace(one, listener=names[one.listener]) for one in collected.votes)
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


def tests(votes: Iterable[Rating]) -> list[Rating]:
    """Return the votes that are not checks."""
    return [vote for vote in votes if vote.kind == TEST]
