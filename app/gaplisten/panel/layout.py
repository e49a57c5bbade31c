"""How a trial is laid out: which sound lies behind which letter."""

from __future__ import annotations

from dataclasses import replace

from gaplisten.panel.items import Item
from gaplisten.panel.key import Key, Use
from gaplisten.panel.methods import Method
from gaplisten.panel.order import row_of
from gaplisten.panel.parts import ANCHOR35, ANCHOR70, LOSSY_ANCHOR, REFERENCE
from gaplisten.panel.trial import Slot

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ANCHOR_NAMES = {"anchor35": ANCHOR35, "anchor70": ANCHOR70, "lossy": LOSSY_ANCHOR}

Laid = tuple[tuple[Slot, ...], tuple[str, ...]]


def mushra_conditions(key: Key) -> list[str]:
    """Return everything one MUSHRA trial has to rate: conditions, hidden reference, anchors."""
    definition = key.definition
    names = [one.name for one in definition.condition]
    if definition.mushra.reference and REFERENCE not in names:
        names.append(REFERENCE)
    return names + [ANCHOR_NAMES[one] for one in dict.fromkeys(definition.mushra.anchors)]


def sound_use(item: Item) -> Use:
    """Return the use under which the sound of a trial's condition was frozen."""
    return Use.TEST if item.use in (Use.TEST, Use.TRAINING) else item.use


def _slot(
    key: Key, letter: str, clip: str, condition: str, use: Use = Use.TEST, *, rated: bool = False
) -> Slot:
    return Slot(letter, key.code(clip, condition, use), use is Use.OPEN, rated)


def _lettered(pairs: list[tuple[Slot, str]], letters: str, flipped: bool) -> Laid:
    pairs = pairs[::-1] if flipped else pairs
    slots = tuple(replace(slot, letter=letter) for (slot, _), letter in zip(pairs, letters, strict=True))
    return slots, tuple(name for _, name in pairs)


def _single(key: Key, item: Item) -> Laid:
    own = item.system[0]
    return (_slot(key, "", item.clip, own, sound_use(item)),), (own,)


def _dcr(key: Key, item: Item) -> Laid:
    own = item.system[0]
    reference = _slot(key, "A", item.clip, REFERENCE, Use.OPEN)
    return (reference, _slot(key, "B", item.clip, own, sound_use(item))), (REFERENCE, own)


def _ccr(key: Key, item: Item) -> Laid:
    own = item.system[0]
    # In CCR nobody is told which of the two is the reference.
    reference = replace(_slot(key, "", item.clip, REFERENCE, Use.OPEN), named_reference=False)
    sound = _slot(key, "", item.clip, own, sound_use(item))
    return _lettered([(reference, REFERENCE), (sound, own)], "AB", item.flipped)


def _ab(key: Key, item: Item) -> Laid:
    pairs = [(_slot(key, "", item.clip, name), name) for name in item.system]
    slots, names = _lettered(pairs, "AB", item.flipped)
    if not key.definition.ab.reference:
        return slots, names
    return (_slot(key, "", item.clip, REFERENCE, Use.OPEN), *slots), (REFERENCE, *names)


def _abx(key: Key, item: Item) -> Laid:
    pairs = [(_slot(key, "", item.clip, name), name) for name in item.system]
    slots, names = _lettered(pairs, "AB", item.flipped)
    hidden = names[item.x_second]
    return (*slots, _slot(key, "X", item.clip, hidden, Use.X)), (*names, hidden)


def _abc_hr(key: Key, item: Item) -> Laid:
    own = item.system[0]
    pairs = [(_slot(key, "", item.clip, name, rated=True), name) for name in (REFERENCE, own)]
    slots, names = _lettered(pairs, "BC", item.flipped)
    return (_slot(key, "A", item.clip, REFERENCE, Use.OPEN), *slots), (REFERENCE, *names)


def _mushra(key: Key, item: Item, number: int, index: int) -> Laid:
    names = mushra_conditions(key)
    order = [names[at] for at in row_of(len(names), index, number)]
    letters = zip(LETTERS, order, strict=False)
    slots = tuple(_slot(key, letter, item.clip, name, rated=True) for letter, name in letters)
    if not key.definition.mushra.reference:
        return slots, tuple(order)
    return (_slot(key, "", item.clip, REFERENCE, Use.OPEN), *slots), (REFERENCE, *order)


_LAYOUTS = {
    Method.ACR: _single,
    Method.ACR_EFFORT: _single,
    Method.DCR: _dcr,
    Method.CCR: _ccr,
    Method.AB: _ab,
    Method.ABX: _abx,
    Method.ABC_HR: _abc_hr,
}


def lay_out(key: Key, item: Item, number: int, index: int) -> Laid:
    """Return the slots of a trial and the name of what each plays ("reference" for the reference)."""
    if key.definition.method is Method.MUSHRA:
        return _mushra(key, item, number, index)
    return _LAYOUTS[key.definition.method](key, item)
