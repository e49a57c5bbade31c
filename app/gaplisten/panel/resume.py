"""Finding where a session stopped: the files on the disk are the only state."""

from __future__ import annotations

from collections.abc import Sequence

from gaplisten.errors import GaplistenError
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import Journal, Row
from gaplisten.panel.key import Key
from gaplisten.panel.methods.contract import Planned
from gaplisten.panel.safety import file_stem
from gaplisten.panel.steps import Answer, Steps


class NotListed(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A listener that the panel does not expect."""


def expected_listener(definition: PanelDefinition, listener: str) -> str:
    """Return the listener's name as the panel writes it; any name where the panel has no list."""
    if not definition.listeners:
        return listener
    for name in definition.listeners:
        if name.casefold() == listener.casefold():
            return name
    raise NotListed(
        listener, "the panel has a list of listeners and this is none of them", "check the spelling"
    )


def session_name(panel: FrozenPanel, listener: str) -> str:
    """Return the name of a session's files: the same for the same panel and listener, on every machine."""
    return f"{panel.sha256[:8]}-{file_stem(listener)}"


def steps_so_far(key: Key, rows: Sequence[Row]) -> Steps:
    """Return where a listener stands before the trials, from the answers that were saved."""
    groups: dict[tuple[str, int, int], list[Answer]] = {}
    for row in rows:
        if row["number"].isdecimal() and row["attempt"].isdecimal():
            which = (row["step"], int(row["number"]), int(row["attempt"]))
            groups.setdefault(which, []).append((row["question"], row["answer"], row["right"]))
    steps = Steps(key)
    steps.read_back([(*which, answers) for which, answers in groups.items()])
    return steps


def still_to_do(plan: Sequence[Planned], journal: Journal) -> list[Planned]:
    """Return the trials that are not saved; rows of a trial that was not saved as a whole are set aside."""
    votes: dict[int, list[Row]] = {}
    for row in journal.rows:
        votes.setdefault(int(row["trial"]), []).append(row)
    wanted = {one.trial.number: len(one.trial.wanted_votes) for one in plan}
    whole = {number for number, rows in votes.items() if len(rows) == wanted[number]}
    if len(whole) < len(votes):
        journal.keep(lambda row: int(row["trial"]) in whole)
    return [one for one in plan if one.trial.number not in whole]
