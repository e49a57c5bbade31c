"""Filling in what a running session keeps to itself: clip, condition, score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.errors import GaplistenError
from gaplisten.panel.columns import NAMES, NEEDED, Truth, filled_in
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import Reading, Row, read
from gaplisten.panel.methods import NO_PREFERENCE, Method, Response
from gaplisten.panel.plan import Planned, plan
from gaplisten.panel.trial import Vote


class OtherPlan(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Ratings that do not belong to this panel's plan."""


def _slot_of(planned: Planned, row: Row) -> int:
    """Return the index of the slot whose stimulus a row is about."""
    position = int(row["position"]) - 1
    if planned.trial.rated_slots and len(planned.trial.slots) > 1:
        if position not in planned.trial.rated_slots:
            raise IndexError(position)
        return position
    return planned.conditions.index(planned.condition) if planned.condition in planned.conditions else 0


def _check_vote(panel: FrozenPanel, planned: Planned, text: str) -> None:
    """Raise ValueError when a row's vote is no value of the scale."""
    response = planned.trial.facts.response
    vote: Vote = text
    if response is not Response.CHOICE:
        vote = float(text) if response is Response.GRADES else int(text)
    if not panel.definition.scale().accepts(vote):
        raise ValueError(text)


def _score(planned: Planned, row: Row) -> float | None:
    method, vote = planned.trial.method, row["vote"]
    if method is Method.ABX:
        return float(vote == planned.expected)
    if method is Method.AB:
        if vote == NO_PREFERENCE:
            return 0.0
        letters = [slot.letter for slot in planned.trial.slots]
        return 1.0 if planned.conditions[letters.index(vote)] == planned.condition else -1.0
    if method is Method.CCR:
        # Votes say "second compared with first"; scores say "processed compared with reference".
        return float(vote) * (1.0 if planned.conditions[1] == planned.condition else -1.0)
    return float(vote)


def _passed(planned: Planned, score: float | None) -> bool | None:
    if planned.expected is None or isinstance(planned.expected, str) or score is None:
        return None
    return abs(score - planned.expected) <= planned.within


def _role(panel: FrozenPanel, planned: Planned, condition: str) -> str:
    if condition in ("anchor35", "anchor70", "lossy_anchor"):
        return "anchor"
    references = {one.name for one in panel.definition.condition if one.reference}
    return "reference" if condition == "reference" or condition in references else "condition"


def _shown(planned: Planned) -> str:
    letters = [slot.letter or ("R" if slot.named_reference else "S") for slot in planned.trial.slots]
    return "|".join(f"{letter}:{name}" for letter, name in zip(letters, planned.conditions, strict=True))


def unsealed(panel: FrozenPanel, planned: Planned, row: Row) -> Row:
    """Return a row with its sealed columns filled in.

    Raises
    ------
    OtherPlan
        If the row's vote or position is none of this trial's.
    """
    try:
        return filled_in(row, _truth(panel, planned, row))
    except (ValueError, KeyError, IndexError) as error:
        fact = f"the rating of trial {planned.trial.number} has a vote or position that it cannot have"
        raise OtherPlan(row["session"], fact, _WAY_OUT) from error


_WAY_OUT = "somebody changed the file: fix the row or take it out"


def _truth(panel: FrozenPanel, planned: Planned, row: Row) -> Truth:
    _check_vote(panel, planned, row["vote"])
    slot = _slot_of(planned, row)
    condition = planned.conditions[slot] if planned.trial.method is not Method.ABX else planned.condition
    if planned.trial.method is Method.AB:
        condition = planned.condition
    score = _score(planned, row)
    return Truth(
        kind=planned.kind,
        clip=planned.clip,
        stratum=planned.stratum,
        condition=condition,
        compared_with=planned.compared_with,
        role=_role(panel, planned, condition),
        stimulus_sha256=panel.key.by_code[planned.trial.slots[slot].stimulus].sha256,
        slots=_shown(planned),
        score=score,
        expected=planned.expected,
        passed=_passed(planned, score),
    )


def _trial_of(panel: FrozenPanel, plan: Sequence[Planned], row: Row, where: str) -> Planned:
    """Return the trial that a row is about.

    Raises
    ------
    OtherPlan
        If it was not made with this panel and plan.
    """
    number = int(row["trial"]) if row["trial"].isdecimal() else 0
    known = 1 <= number <= len(plan) and row["panel_sha256"] == panel.sha256
    if not known or row["trial_code"] != plan[number - 1].code(panel.sha256):
        fact = f"the rating of trial {row['trial'][:10]!r} was not made with this panel and listener"
        raise OtherPlan(where, fact, "move the file away, or use the panel and version that made it")
    return plan[number - 1]


def plan_for(panel: FrozenPanel, listener: str, rows: Sequence[Row], where: str) -> tuple[Planned, ...]:
    """Return the listener's plan, checked against rows that were written by it.

    Raises
    ------
    OtherPlan
        If the rows come from another panel, listener or version of the plan, or somebody spoilt one.
    """
    planned = plan(panel.key, listener)
    for row in rows:
        unsealed(panel, _trial_of(panel, planned, row, where), row)
    return planned


def listener_of(rows: Sequence[Row]) -> str:
    """Return the listener's name as it was typed (a neutralising apostrophe of the CSV taken off)."""
    if not rows:
        return ""
    # One cell that somebody spoilt makes nobody else of all other rows.
    name = Counter(row["listener"] for row in rows).most_common(1)[0][0]
    return name[1:] if name[:1] == "'" and name[1:2] in ("=", "+", "-", "@") else name


def ratings_files(folder: Path) -> list[Path]:
    """Return the sessions' CSV files in a ratings folder."""
    return sorted(path for path in folder.glob("*.csv") if path.is_file() and not path.is_symlink())


def read_ratings(path: Path, panel: Path) -> Reading:
    """Return what is in a session's CSV file, whichever version wrote it.

    Parameters
    ----------
    panel
        The panel's folder: where the file lies in it, no link in it is followed.

    Raises
    ------
    JournalDamaged, OSError
        If it is no ratings file or cannot be read.
    """
    return read(path, NAMES, NEEDED, panel if path.is_relative_to(panel) else None)


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
    found = read_ratings(path, panel.folder)
    listener = listener_of(found.rows)
    planned = plan(panel.key, listener) if found.rows else ()
    rows: list[Row] = []
    spoilt: list[OtherPlan] = []
    for row in found.rows:
        try:
            rows.append(unsealed(panel, _trial_of(panel, planned, row, str(path)), row))
        except OtherPlan as error:
            spoilt.append(error)
    if spoilt and not rows:
        raise spoilt[0]
    problems = [f"{path.name}: {error.fact}; it was left out, the rest is used" for error in spoilt]
    if found.torn:
        problems.append(f"{path.name}: an incomplete last line was left out; the rest is used")
    if found.damaged:
        lines = ", ".join(map(str, found.damaged[:10]))
        problems.append(f"{path.name}: what cannot be read was left out (line {lines}); the rest is used")
    return SessionRead(
        listener, tuple(rows), tuple(problems), tuple(f"{path.name}: {note}" for note in found.notes)
    )
