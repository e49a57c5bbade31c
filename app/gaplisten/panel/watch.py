"""How far a panel's sessions are; tells nothing about conditions or scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gaplisten.errors import GaplistenError
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.trial import Block
from gaplisten.panel.unseal import listener_of, plan_for, ratings_files, read_ratings


@dataclass(frozen=True)
class SessionStatus:
    """One listener's progress; `problem` says why a file cannot be used."""

    listener: str
    done: int
    total: int
    last_saved: str
    open_now: bool
    file: str
    problem: str = ""

    @property
    def finished(self) -> bool:
        """Whether every trial is saved."""
        return self.done == self.total and not self.problem


def session_status(panel: FrozenPanel, path: Path) -> SessionStatus:
    """Return how far the session of one ratings file is."""
    locked = path.with_suffix(".lock").exists()
    try:
        found = read_ratings(panel, path)
        rows = found.rows
        plan = plan_for(panel, listener_of(rows), rows, str(path))
    except (GaplistenError, OSError) as error:
        return SessionStatus("?", 0, 0, "", locked, path.name, str(error))
    votes: dict[int, int] = {}
    for row in rows:
        votes[int(row["trial"])] = votes.get(int(row["trial"]), 0) + 1
    tests = [one for one in plan if one.trial.block is Block.TEST]
    done = sum(votes.get(one.trial.number, 0) == len(one.trial.wanted_votes) for one in tests)
    last = rows[-1]["saved_at"] if rows else ""
    problem = "an incomplete last line, set aside when the session is opened" if found.torn else ""
    if found.damaged:
        problem = f"what cannot be read: line {', '.join(map(str, found.damaged[:10]))}"
    elif locked:
        problem = ""
    return SessionStatus(listener_of(rows), done, len(tests), last, locked, path.name, problem)


def panel_status(panel: FrozenPanel, ratings: Path | None = None) -> list[SessionStatus]:
    """Return the progress of every session in a ratings folder, and the listeners that have not begun."""
    folder = ratings or panel.ratings
    found = [session_status(panel, path) for path in ratings_files(folder)] if folder.is_dir() else []
    begun = {one.listener.casefold() for one in found}
    waiting = [name for name in panel.definition.listeners if name.casefold() not in begun]
    return found + [SessionStatus(name, 0, 0, "", False, "") for name in waiting]
