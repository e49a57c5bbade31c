"""Filling in what a running session keeps to itself: clip, condition, score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.errors import GaplistenError
from gaplisten.panel.columns import Truth, columns_for, filled_in, names_of, needed_of
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import Reading, Row, read
from gaplisten.panel.methods.contract import Planned
from gaplisten.panel.parts import REFERENCE
from gaplisten.panel.plan import plan


class OtherPlan(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Ratings that do not belong to this panel's plan."""


def _slot_of(planned: Planned, row: Row) -> int:
    """Return the index of the slot whose stimulus a row is about."""
    if planned.trial.rated_slots:
        position = int(row["position"]) - 1
        if position not in planned.trial.rated_slots:
            raise IndexError(position)
        return position
    return planned.conditions.index(planned.condition) if planned.condition in planned.conditions else 0


def _role(panel: FrozenPanel, condition: str) -> str:
    if condition in panel.definition.method.reserved:
        return "anchor"
    references = {one.name for one in panel.definition.condition if one.reference}
    return "reference" if condition == REFERENCE or condition in references else "condition"


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
    method = panel.definition.method
    scale = row.get("scale", "")
    panel.scales[scale].read(row["vote"])
    slot = _slot_of(planned, row)
    condition = planned.condition or planned.conditions[slot]
    score = method.score(row["vote"], planned)
    # A known answer is the answer to one of the scales.
    expected = planned.expected if scale == method.checked else None
    return Truth(
        kind=planned.kind,
        clip=planned.clip,
        stratum=planned.stratum,
        condition=condition,
        compared_with=planned.compared_with,
        role=_role(panel, condition),
        stimulus_sha256=panel.key.by_code[planned.trial.slots[slot].stimulus].sha256,
        slots=_shown(planned),
        score=score,
        expected=expected,
        passed=abs(score - expected) <= planned.within if isinstance(expected, int) else None,
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


def read_ratings(panel: FrozenPanel, path: Path) -> Reading:
    """Return what is in a session's CSV file, whichever version wrote it.

    Where the file lies in the panel's folder, no link in it is followed.

    Raises
    ------
    JournalDamaged, OSError
        If it is no ratings file or cannot be read.
    """
    columns = columns_for(panel.definition.method.scales)
    root = panel.folder if path.is_relative_to(panel.folder) else None
    return read(path, names_of(columns), needed_of(columns), root)


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
