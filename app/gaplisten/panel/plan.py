"""The order of a listener's trials: drawn, laid out on screens, numbered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from gaplisten.panel.design import drawing, first
from gaplisten.panel.design.filling import Filling
from gaplisten.panel.key import Key
from gaplisten.panel.planned import Item, Planned, Use
from gaplisten.panel.trial import Block


def laid_out_at(key: Key, item: Item, number: int, index: int) -> Planned:
    """Return one trial, laid out as the one of this number for the listener at place `index`."""
    known = _alike(key, item, number, index)
    if key.design == 1:
        return known
    trial, method = known.trial, key.definition.method
    return known.on(method.trial(number, trial.block, trial.slots, method.order_of_scales(index)))


def _alike(key: Key, item: Item, number: int, index: int) -> Planned:
    """Return a trial with the same sounds, whoever has it and by whatever number."""
    if key.design == 1:  # whose sliders stand in an order of number and index
        return _laid_out_at(key, item, number, index)
    # Sounds are laid out as the item says: the same way for each of maybe a hundred listeners.
    what = (item.clip, item.system, item.use, item.flipped, item.x_second, item.order, item.other)
    known = key.laid_out.get(what)
    if known is None:
        known = key.laid_out[what] = _laid_out_at(key, item, number, index)
    return known


def _laid_out_at(key: Key, item: Item, number: int, index: int) -> Planned:
    definition = key.definition
    method = definition.method
    slots, conditions = method.lay_out(definition.design, item, key.code, number, index)
    block = Block.TRAINING if item.use is Use.TRAINING else Block.TEST
    trial = method.trial(number, block, slots, method.order_of_scales(index))
    condition, compared_with = method.about(item)
    expected: int | str | None = method.answer(item)
    within: float = 0
    answers: dict[str, int] = {}
    if expected is None and item.use not in (Use.TEST, Use.TRAINING) and condition:
        pair = Use.TEST if method.paired else item.sound_use
        sound = key.by_code[key.code(item.clip, item.system[0], pair)]
        expected, within = sound.expected, sound.within
        answers = dict(sound.answers)
        if method.every_scale and item.use is Use.TRAP and isinstance(expected, int):
            answers = dict.fromkeys(method.scales, expected)
    stratum = key.clip_of[item.clip].stratum if item.clip in key.clip_of else ""
    about = (item.clip, stratum, conditions, condition, compared_with)
    return Planned(trial, item.use.value, *about, expected, within, answers)


class Plan:
    """The trials of a session in their order, practice first, numbered from 1.

    Who reads a hundred sessions asks what is heard in each trial, not for its screen: those are laid out for
    whoever asks for `trials`.

    Parameters
    ----------
    index
        The listener's place in the design.

    Attributes
    ----------
    alike
        For each trial one with the same sounds; number and order of scales may be another's.

    Raises
    ------
    KeyError, IndexError
        If an item names what the panel does not have.
    """

    def __init__(self, key: Key, items: Sequence[Item] = (), index: int = 0) -> None:
        self._key, self._items, self._index = key, items, index
        self.alike = tuple([_alike(key, item, at, index) for at, item in enumerate(items, start=1)])

    def __len__(self) -> int:
        return len(self.alike)

    @cached_property
    def trials(self) -> tuple[Planned, ...]:
        """The trials, laid out."""
        numbered = enumerate(self._items, start=1)
        return tuple([laid_out_at(self._key, item, at, self._index) for at, item in numbered])


def plan(key: Key, listener: str) -> tuple[Planned, ...]:
    """Return the trials, laid out; see `plan_for`."""
    return plan_for(key, listener).trials


def plan_for(key: Key, listener: str) -> Plan:
    """Return the trials of a listener's whole session, practice first, numbered from 1.

    In panels of the first design a pure function of panel, listener and seed. In all others what this
    listener would get if the session began now and nobody else had come: what a session really has is drawn
    as it begins, and kept with it (`gaplisten.panel.drawn`).
    """
    if key.design == 1:
        index = first.listener_index(key, listener)
        training, test = first.training_and_test(key, listener)
    else:
        index = drawing.seat_of(key, listener, Filling())
        training, test = drawing.drawn(key, listener, index, Filling())
    return Plan(key, [*training, *test], index)
