"""The order of a listener's trials: a pure function of panel, listener and seed."""

from __future__ import annotations

from gaplisten.panel.items import listener_index, training_and_test
from gaplisten.panel.key import Key
from gaplisten.panel.methods.contract import Item, Planned, Use
from gaplisten.panel.trial import Block


def _kind(item: Item) -> str:
    return {Use.TEST: "test", Use.TRAINING: "training"}.get(item.use, item.use.value)


def _planned(key: Key, item: Item, number: int, index: int) -> Planned:
    definition = key.definition
    method = definition.method
    slots, conditions = method.lay_out(definition.design, item, key.code, number, index)
    block = Block.TRAINING if item.use is Use.TRAINING else Block.TEST
    trial = method.trial(number, block, slots, method.order_of_scales(index))
    condition, compared_with = method.about(item)
    expected: int | str | None = method.answer(item)
    within = 0
    if expected is None and item.use not in (Use.TEST, Use.TRAINING):
        sound = key.by_code[key.code(item.clip, item.system[0], item.sound_use)]
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
