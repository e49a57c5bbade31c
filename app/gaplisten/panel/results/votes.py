"""All votes of a panel, read back from the sessions' files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gaplisten.languages import counted
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.imported import ImportedVotes, Source
from gaplisten.panel.order import shuffled
from gaplisten.panel.ratings import Rating
from gaplisten.panel.reading import Row
from gaplisten.panel.trial import Block
from gaplisten.panel.withdrawing import counted_sessions, spoilt_record, withdrawals

TEST = "test"


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
    unchecked
        Where imported votes come from, and what could not be checked; names nobody.
    """

    votes: tuple[Rating, ...]
    running: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def listeners(self) -> tuple[str, ...]:
        """Names of all who gave votes."""
        return tuple(sorted({vote.listener for vote in self.votes}))


def vote_of(panel: FrozenPanel, row: Row, listener: str) -> Rating:
    """Return what a row with its sealed columns filled in says."""
    return Rating(
        listener,
        row["kind"],
        row["clip"],
        row["stratum"],
        row["condition"],
        row["compared_with"],
        row["role"],
        int(row["trial"]),
        float(row["score"]),
        {"true": True, "false": False}.get(row["passed"]),
        int(row["underflows"]) if row["underflows"].isdecimal() else None,
        row.get("scale", ""),
        *panel.talker(row["clip"]),
        row["vote"],
        _side(row),
    )


def _side(row: Row) -> str:
    """Return the letter behind which the condition lay, in trials that are voted on as a whole."""
    if not row["compared_with"]:
        return ""
    behind = (slot.partition(":") for slot in row["slots"].split("|"))
    return next((letter for letter, _, name in behind if name == row["condition"] and letter != "X"), "")


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
    folder = ratings or panel.ratings
    votes: list[Rating] = []
    running: list[str] = []
    problems = [said] if (said := spoilt_record(folder)) else []
    notes: list[str] = [one.said() for one in withdrawals(folder)]
    unusual: list[tuple[str, str]] = []
    sessions, unreadable = counted_sessions(panel, folder)
    problems += unreadable
    for one in sessions:
        found = one.read
        problems += [*found.problems, *_spoilt_counts(one.path, found.rows)]
        unusual += [(one.path.name, note) for note in found.notes]
        if one.open_now:
            running.append(found.listener)
            continue
        used = (row for row in found.rows if row["kind"] != Block.TRAINING.value)
        votes += [vote_of(panel, row, found.listener) for row in used]
    return Collected(tuple(votes), tuple(running), tuple(problems), (*notes, *_folded(unusual)))


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

    Sentences about files name sessions, and so listeners: only how many there are is told.
    """
    names = pseudonyms(panel, sorted({*collected.listeners, *collected.running}))
    votes = tuple(replace(one, listener=names[one.listener]) for one in collected.votes)
    running = tuple(names[one] for one in collected.running)
    problems, notes = (
        (f"{len(told)} {what} about files; results without pseudonyms tell them",) if told else ()
        for told, what in ((collected.problems, "problems"), (collected.notes, "notes"))
    )
    return Collected(votes, running, problems, notes, collected.unchecked), names


def tests(votes: Iterable[Rating]) -> list[Rating]:
    """Return the votes that are not checks."""
    return [vote for vote in votes if vote.kind == TEST]
