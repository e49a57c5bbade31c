"""Filling in what a running session keeps to itself: clip, condition, score."""

from __future__ import annotations

from gaplisten.errors import GaplistenError
from gaplisten.panel.columns import Truth, filled_in
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.planned import Planned, Use
from gaplisten.panel.reading import Row
from gaplisten.panel.trial import Response


class OtherPlan(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Ratings that do not belong to this panel's plan."""


def _slot_of(planned: Planned, row: Row) -> int:
    """Return the index of the slot whose stimulus a row is about."""
    rated = planned.trial.rated_slots
    if rated:
        position = int(row["position"]) - 1
        if position not in rated:
            raise IndexError(position)
        return position
    return planned.conditions.index(planned.condition) if planned.condition in planned.conditions else 0


def _role(panel: FrozenPanel, condition: str) -> str:
    if condition in panel.definition.method.reserved:
        return "anchor"
    return "reference" if condition in panel.references else "condition"


def _shown(planned: Planned) -> str:
    slots = zip(planned.trial.slots, planned.conditions, strict=True)
    return "|".join(
        [f"{slot.letter or ('R' if slot.named_reference else 'S')}:{name}" for slot, name in slots]
    )


def unsealed(panel: FrozenPanel, planned: Planned, row: Row) -> Row:
    """Return a row with its sealed columns filled in.

    Raises
    ------
    OtherPlan
        If the row's vote or position is none of this trial's.
    """
    return filled_in(row, truth_of(panel, planned, row))


def truth_of(panel: FrozenPanel, planned: Planned, row: Row) -> Truth:
    """Return what a row's sealed columns are to hold.

    Raises
    ------
    OtherPlan
        If the row's vote or position is none of this trial's.
    """
    trial = planned.trial
    # All that it follows from: the same votes on the same sounds come from every listener.
    said = (trial.slots, planned.kind, planned.condition, row["position"], row.get("scale", ""), row["vote"])
    if (known := panel.heard.get(said)) is not None:
        return known
    try:
        return panel.heard.setdefault(said, _truth(panel, planned, row))
    except (ValueError, KeyError, IndexError) as error:
        fact = f"the rating of trial {planned.trial.number} has a vote or position that it cannot have"
        raise OtherPlan(row["session"], fact, _WAY_OUT) from error


_TRAP = Use.TRAP.value
_WAY_OUT = "somebody changed the file: fix the row or take it out"


def _truth(panel: FrozenPanel, planned: Planned, row: Row) -> Truth:
    method = panel.definition.method
    scale = row.get("scale", "")
    panel.scales[scale].read(row["vote"])
    rated, slot = planned.trial.rated_slots, _slot_of(planned, row)
    condition = planned.condition or planned.conditions[slot]
    score = method.score(row["vote"], planned)
    stimulus = panel.key.by_code[planned.trial.slots[slot].stimulus]
    # A known answer is the answer to one of the scales, or there are several, or one for each recording.
    expected, within = planned.expected if scale == method.checked else None, planned.within
    if planned.answers:
        expected = planned.answers.get(scale)
    elif rated:
        expected, within = stimulus.expected, stimulus.within
    # A trap says what to press: in whatever order a pair is played, whatever a place is worth.
    pressed = planned.kind == _TRAP and planned.trial.response is not Response.CHOICE
    given = float(row["vote"]) if pressed else score
    passed = abs(given - expected) <= within if isinstance(expected, int) else None
    if isinstance(expected, str) and planned.kind == _TRAP:
        passed = row["vote"] == expected
    what = (planned.kind, planned.clip, planned.stratum, condition, planned.compared_with)
    role, shown = _role(panel, condition), _shown(planned)
    return Truth(*what, role, stimulus.sha256, shown, score, expected, passed)
