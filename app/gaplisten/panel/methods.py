"""The test methods, and what one trial of each presents and asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """A listening-test method; the value is what TOML and CSV say."""

    ACR = "acr"
    ACR_EFFORT = "acr_effort"
    DCR = "dcr"
    CCR = "ccr"
    AB = "ab"
    ABX = "abx"
    MUSHRA = "mushra"
    ABC_HR = "abc_hr"


class Response(StrEnum):
    """What the listener is asked for.

    CATEGORY: one category for the trial. CHOICE: one of the letters (or "none") for the trial.
    SLIDERS: a whole number 0..100 for each rated slot. GRADES: 1.0..5.0 in tenths for each rated slot.
    """

    CATEGORY = "category"
    CHOICE = "choice"
    SLIDERS = "sliders"
    GRADES = "grades"


class Playing(StrEnum):
    """How a trial's slots are listened to.

    SINGLE: one recording. IN_TURN: the first, a pause, the second, without switching.
    SWITCHED: any slot at any time, at the same running position.
    """

    SINGLE = "single"
    IN_TURN = "in_turn"
    SWITCHED = "switched"


@dataclass(frozen=True)
class MethodFacts:
    """What holds for every trial of a method.

    Parameters
    ----------
    response, playing
        What is asked for and how the slots are listened to.
    title
        For people who make panels (never shown to listeners of another method).
    result
        What the mean score is called.
    needs_reference
        Whether a clip without reference cannot be used.
    multiple
        Whether one trial holds all conditions of a clip (MUSHRA) rather than one or a pair.
    paired
        Whether one trial compares two conditions (A/B, ABX).
    """

    response: Response
    playing: Playing
    title: str
    result: str
    needs_reference: bool = False
    multiple: bool = False
    paired: bool = False


FACTS: dict[Method, MethodFacts] = {
    Method.ACR: MethodFacts(Response.CATEGORY, Playing.SINGLE, "ACR, listening quality", "MOS"),
    Method.ACR_EFFORT: MethodFacts(Response.CATEGORY, Playing.SINGLE, "ACR, listening effort", "MOS_LE"),
    Method.DCR: MethodFacts(Response.CATEGORY, Playing.IN_TURN, "DCR", "DMOS", needs_reference=True),
    Method.CCR: MethodFacts(Response.CATEGORY, Playing.IN_TURN, "CCR", "CMOS", needs_reference=True),
    Method.AB: MethodFacts(Response.CHOICE, Playing.SWITCHED, "A/B preference", "preference", paired=True),
    Method.ABX: MethodFacts(Response.CHOICE, Playing.SWITCHED, "ABX", "proportion correct", paired=True),
    Method.MUSHRA: MethodFacts(Response.SLIDERS, Playing.SWITCHED, "MUSHRA", "MUSHRA score", multiple=True),
    Method.ABC_HR: MethodFacts(Response.GRADES, Playing.SWITCHED, "ABC/HR", "SDG", needs_reference=True),
}

NO_PREFERENCE = "none"


def facts(method: Method) -> MethodFacts:
    """Return what holds for every trial of `method`."""
    return FACTS[method]
