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


Given = tuple[str, str, str]  # position, scale, vote: as a row tells them


def _slot_of(planned: Planned, place: str) -> int:
    """Return the index of the slot whose stimulus a row is about."""
    rated = planned.trial.rated_slots
    if rated:
        position = int(place) - 1
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
    given = (row["position"], row.get("scale", ""), row["vote"])
    return filled_in(row, truth_of(panel, planned, given, planned.trial.number, row["session"]))


def truth_of(panel: FrozenPanel, planned: Planned, given: Given, number: int, session: str) -> Truth:
    """Return what the sealed columns of a vote are to hold.

    Parameters
    ----------
    planned
        The trial, or one that is laid out like it.
    number, session
        Of the trial, for messages.

    Raises
    ------
    OtherPlan
        If vote or position are none of this trial's.
    """
    # All that it follows from: the same votes on the same sounds come from every listener.
    said = (planned.sounds, *given)
    if (known := panel.heard.get(said)) is not None:
        return known
    try:
        return panel.heard.setdefault(said, _truth(panel, planned, given))
    except (ValueError, KeyError, IndexError) as error:
        fact = f"the rating of trial {number} has a vote or position that it cannot have"
        raise OtherPlan(session, fact, _WAY_OUT) from error


_TRAP = Use.TRAP.value
_WAY_OUT = "somebody changed the file: fix the row or take it out"


def _truth(panel: FrozenPanel, planned: Planned, given: Given) -> Truth:
    method = panel.definition.method
    position, scale, vote = given
    panel.scales[scale].read(vote)
    rated, slot = planned.trial.rated_slots, _slot_of(planned, position)
    condition = planned.condition or planned.conditions[slot]
    score = method.score(vote, planned)
    stimulus = panel.key.by_code[planned.trial.slots[slot].stimulus]
    # A known answer is the answer to one of the scales, or there are several, or one for each recording.
    expected, within = planned.expected if scale == method.checked else None, planned.within
    if planned.answers:
        expected = planned.answers.get(scale)
    elif rated:
        expected, within = stimulus.expected, stimulus.within
    # A trap says what to press: in whatever order a pair is played, whatever a place is worth.
    pressed = planned.kind == _TRAP and planned.trial.response is not Response.CHOICE
    heard = float(vote) if pressed else score
    passed = abs(heard - expected) <= within if isinstance(expected, int) else None
    if isinstance(expected, str) and planned.kind == _TRAP:
        passed = vote == expected
    what = (planned.kind, planned.clip, planned.stratum, condition, planned.compared_with)
    role, shown = _role(panel, condition), _shown(planned)
    return Truth(*what, role, stimulus.sha256, shown, score, expected, passed)
