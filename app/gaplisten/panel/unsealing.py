"""The end of a panel: clip, condition and score are filled into the sessions' files.

Until then no file names them. A finished session that did would tell which stimulus file is which condition
to whoever sees the folder and still has to listen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gaplisten.durable.locks import FileLock, Locked
from gaplisten.errors import GaplistenError
from gaplisten.panel.beginning import begun_sessions
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.judging import judge, refuse
from gaplisten.panel.leftovers import clear
from gaplisten.panel.reading import listed
from gaplisten.panel.session_files import open_journal, ratings_files, read_ratings
from gaplisten.panel.session_names import listener_of, root_of, session_name
from gaplisten.panel.unseal import unsealed
from gaplisten.panel.watch import panel_status


class StillListening(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A panel that somebody still has to take: nothing was unsealed."""


@dataclass(frozen=True)
class Unsealed:
    """Names of the files that were filled in now, that were before, and why others could not be."""

    now: tuple[str, ...]
    before: tuple[str, ...]
    problems: tuple[str, ...]


def still_listening(panel: FrozenPanel, ratings: Path, now: float) -> list[str]:
    """Return who has not finished: listed listeners, sessions that are open, or heard of within an hour.

    Who sits before the first trial has no ratings yet, but an order.
    """
    found = [one for one in panel_status(panel, ratings) if one.listener != "?" or one.open_now]
    going_on = {
        one.session: one.drawn.listener
        for one in begun_sessions(panel, ratings)
        if not one.finished and (one.open_now or one.going_on(now))
    }
    listed_ones = {name.casefold() for name in panel.definition.listeners}
    waiting = {
        session_name(panel, one.listener): one.listener
        for one in found
        if not one.finished
        and (
            one.open_now
            or one.listener.casefold() in listed_ones
            or session_name(panel, one.listener) in going_on
        )
    }
    known = {session_name(panel, one.listener) for one in found}
    return [*waiting.values(), *(name for session, name in going_on.items() if session not in known)]


def unseal(
    panel: FrozenPanel,
    ratings: Path | None = None,
    *,
    anyway: bool = False,
    clock: Callable[[], float] = time.time,
) -> Unsealed:
    """Fill in what the rows of all sessions are about; votes stay as they are.

    Sessions that are open are left out; those of whoever comes later are sealed again.

    Parameters
    ----------
    anyway
        Whether it is done though somebody still has to listen.

    Raises
    ------
    StillListening
        If somebody has, and it is not to be done anyway.
    """
    folder = ratings or panel.ratings
    waiting = still_listening(panel, folder, clock())
    if waiting and not anyway:
        more = f" and {len(waiting) - 5} more" if len(waiting) > 5 else ""
        fact = f"{listed(waiting[:5])}{more} {'has' if len(waiting) == 1 else 'have'} not finished"
        way_out = "wait, or say --anyway (panel votes --csv writes the conditions to a place of your own)"
        raise StillListening(str(folder), fact, way_out)
    done: dict[bool, list[str]] = {True: [], False: []}
    problems = []
    for path in ratings_files(folder):
        try:
            done[_fill_in(panel, path)].append(path.name)
        except Locked:
            problems.append(f"{path.name}: the session is open; it stays sealed")
        except (GaplistenError, OSError) as error:
            problems.append(str(error))
    return Unsealed(tuple(done[True]), tuple(done[False]), tuple(problems))


def _fill_in(panel: FrozenPanel, path: Path) -> bool:
    """Fill in one session's file; tell whether there was anything to fill in."""
    there = read_ratings(panel, path).table
    # A copy of the file under another name belongs to the session too: while that is open it stays sealed.
    names = {path.stem, *([session_name(panel, listener_of(there))] if there else [])}
    locks: list[FileLock] = []
    try:
        for name in sorted(names):
            locks.append(FileLock(path.parent / f"{name}.lock", "the session"))
        root = root_of(panel, path) or path.parent
        journal = open_journal(panel, path, root)
        judged = judge(panel, journal.reading, str(path))
        refuse(judged, str(path))
        journal.mend()
        clear(path, root)
        plan = {one.trial.number: one for one in judged.plan}
        rows = tuple(unsealed(panel, plan[int(row["trial"])], row) for row in judged.rows)
        if list(rows) == journal.rows:
            return False
        journal.replace_rows(rows)
        return True
    finally:
        for lock in locks:
            lock.release()
