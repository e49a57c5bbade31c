"""The order of a listener's trials: a pure function of panel, listener and seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from gaplisten.panel.items import Item, listener_index, training_and_test
from gaplisten.panel.key import Key, Use
from gaplisten.panel.layout import lay_out, sound_use
from gaplisten.panel.methods import Method, facts
from gaplisten.panel.trial import Block, Trial


@dataclass(frozen=True)
class Planned:
    """A trial and the truth about it; the truth stays in the engine.

    Parameters
    ----------
    kind
        "training", "test" or the kind of check.
    conditions
        What each slot plays.
    condition, compared_with
        What the trial is about; "" for methods that rate every slot.
    expected, within
        The known answer of a check, in terms of `score`.
    """

    trial: Trial
    kind: str
    clip: str
    stratum: str
    conditions: tuple[str, ...]
    condition: str = ""
    compared_with: str = ""
    expected: int | str | None = None
    within: int = 0

    def code(self, salt: str) -> str:
        """Return a short digest of the layout: tells on resuming whether the plan is still the same."""
        text = repr((salt, self.trial.number, [slot.stimulus for slot in self.trial.slots]))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _about(key: Key, item: Item, conditions: tuple[str, ...]) -> tuple[str, str]:
    """Return (condition, compared with) of a trial that gets one vote."""
    method = key.definition.method
    if facts(method).paired:
        return item.system[0], item.system[1]
    if method in (Method.DCR, Method.CCR):
        return item.system[0], "reference"
    return (item.system[0] if len(conditions) == 1 else "", "")


def _kind(item: Item) -> str:
    return {Use.TEST: "test", Use.TRAINING: "training"}.get(item.use, item.use.value)


def _planned(key: Key, item: Item, number: int, index: int) -> Planned:
    slots, conditions = lay_out(key, item, number, index)
    block = Block.TRAINING if item.use is Use.TRAINING else Block.TEST
    trial = Trial(number, block, key.definition.method, slots)
    condition, compared_with = _about(key, item, conditions)
    expected: int | str | None = None
    within = 0
    if key.definition.method is Method.ABX:
        expected = "B" if item.x_second else "A"
    elif item.use not in (Use.TEST, Use.TRAINING):
        sound = key.by_code[key.code(item.clip, item.system[0], sound_use(item))]
        expected, within = sound.expected, sound.within
    stratum = key.clip_of[item.clip].stratum if item.clip in key.clip_of else ""
    return Planned(
        trial, _kind(item), item.clip, stratum, conditions, condition, compared_with, expected, within
    )


def plan(key: Key, listener: str) -> tuple[Planned, ...]:
    """Return the listener's trials, practice first, numbered from 1.

    The same panel, listener and seed give the same order on every machine. Systems follow rows of a Williams
    square within strata; CCR, A/B and ABC/HR have exactly half of the trials each way (one more of one kind
    when their number is odd); ABX has each answer equally often.
    """
    index = listener_index(key, listener)
    training, test = training_and_test(key, listener)
    return tuple(_planned(key, item, at, index) for at, item in enumerate([*training, *test], start=1))
