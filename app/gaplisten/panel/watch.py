"""How far a panel's sessions are; tells nothing about conditions or scores."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gaplisten.durable.locks import is_locked
from gaplisten.errors import GaplistenError
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.judging import judge
from gaplisten.panel.reading import Row
from gaplisten.panel.session_files import ratings_files, read_ratings
from gaplisten.panel.session_names import session_name
from gaplisten.panel.trial import Block


@dataclass(frozen=True)
class SessionStatus:
    """One listener's progress.

    Parameters
    ----------
    problem
        Why the file cannot be used; "" otherwise.
    seconds
        Median time for a trial of the test, from showing it to leaving it; None before the first.
    """

    listener: str
    done: int
    total: int
    last_saved: str
    open_now: bool
    file: str
    problem: str = ""
    seconds: float | None = None

    @property
    def finished(self) -> bool:
        """Whether every trial is saved."""
        return 0 < self.total == self.done and not self.problem


def session_status(panel: FrozenPanel, path: Path) -> SessionStatus:
    """Return how far the session of one ratings file is."""
    locked = is_locked(path.with_suffix(".lock"))  # a process that was killed leaves the file
    try:
        found = read_ratings(panel, path)
    except (GaplistenError, OSError) as error:
        return SessionStatus("?", 0, 0, "", locked, path.name, str(error))
    judged = judge(panel, found, str(path))
    alike = enumerate(judged.planned.alike, start=1)  # nobody asks for the screens of all these trials
    tests = {number for number, one in alike if one.trial.block is Block.TEST}
    problem = "" if locked or not found.torn else "an incomplete last line, set aside when it is opened"
    if judged.errors or judged.short:
        problem = str(judged.errors[0]) if judged.errors else f"{path.name}: {judged.short[0]}"
    elif judged.lost:
        problem = str(judged.lost)
    last = max((row["saved_at"] for row in judged.rows), default="")
    done = len(tests & judged.done)
    name, seconds = judged.listener or "?", _median_seconds(judged.rows, tests)
    return SessionStatus(name, done, len(tests), last, locked, path.name, problem, seconds)


def _median_seconds(rows: Sequence[Row], trials: Collection[int]) -> float | None:
    times = {row["trial"]: row["response_seconds"] for row in rows if int(row["trial"]) in trials}
    found = []
    for time in times.values():
        with contextlib.suppress(ValueError):
            found.append(float(time))
    return round(statistics.median(found), 1) if found else None


def trial_seconds(found: Iterable[SessionStatus]) -> float | None:
    """Return how long a trial takes: the median of the listeners' medians in s; None before any vote."""
    known = [one.seconds for one in found if one.seconds is not None]
    return statistics.median(known) if known else None


def panel_status(panel: FrozenPanel, ratings: Path | None = None) -> list[SessionStatus]:
    """Return the progress of every session in a ratings folder, and the listeners that have not begun."""
    folder = ratings or panel.ratings
    found = [session_status(panel, path) for path in ratings_files(folder)]
    found = [_told_apart(panel, one, found) for one in found]
    begun = {one.listener.casefold() for one in found}
    waiting = [name for name in panel.definition.listeners if name.casefold() not in begun]
    return found + [SessionStatus(name, 0, 0, "", False, "") for name in waiting]


def _told_apart(panel: FrozenPanel, one: SessionStatus, all_: Sequence[SessionStatus]) -> SessionStatus:
    """Say of a file beside a session's own that it is of the same session."""
    own = f"{session_name(panel, one.listener)}.csv" if one.listener != "?" else one.file
    same = {other.file for other in all_ if other.listener.casefold() == one.listener.casefold()}
    if one.problem or one.file == own or own not in same:
        return one
    return replace(one, problem=f"{one.file}: it is of the same session as {own}; each vote counts once")
