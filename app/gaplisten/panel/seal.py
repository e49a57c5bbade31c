"""What lay behind a vote, written beside it so that only who holds the panel's key can read it.

A session's rows name no clip and no condition as long as others may still have to listen. What they were
about follows from the order that the session drew; should that file be lost, each row says it itself, in one
cell.
"""

from __future__ import annotations

import os
import struct

from gaplisten.panel.drawn import mask
from gaplisten.panel.key import Key
from gaplisten.panel.plan import laid_out_at
from gaplisten.panel.planned import Item, Planned, Use

_FORM = "s"  # the first letter: no spreadsheet takes such a cell for a number or a formula
_NONCE = 8  # bytes
_FIXED = struct.Struct(">II4IHHBBB")  # number, seat, four names, part, use, sides, letters
_USES = tuple(Use)
_NONE = 2**32 - 1


def _masked(data: bytes, key: Key, session: str, nonce: bytes) -> bytes:
    return mask(data, key, session, b"\x1fsealed\x1f" + nonce)


def sealed(key: Key, session: str, item: Item, number: int, seat: int) -> str:
    """Return a cell that tells a trial to who has the key, and nothing to anybody else.

    It is as long for one trial as for another, and never the same twice.

    Parameters
    ----------
    number
        Of the trial in the session, from 1.
    seat
        The listener's place in the design.
    """
    at = key.place_of
    first, second, *_ = (*(at[name] for name in item.system), _NONE, _NONE)
    other = at[item.other] if item.other else _NONE
    sides = item.flipped + 2 * item.x_second
    data = _FIXED.pack(
        number,
        seat,
        at[item.clip],
        other,
        first,
        second,
        *item.part,
        _USES.index(item.use),
        sides,
        len(item.order),
    )
    most = key.definition.method.letters(key.definition.design)
    data += bytes(item.order).ljust(most, b"\0")
    nonce = os.urandom(_NONCE)
    return _FORM + (nonce + _masked(data, key, session, nonce)).hex()


def unsealed_trial(key: Key, session: str, cell: str) -> Planned | None:
    """Return the trial that a cell tells; None where it is none of this panel and session, or spoilt.

    Whether the row is about this trial is told by the row's code.
    """
    try:
        data = bytes.fromhex(cell.removeprefix(_FORM))
        _nonce, data = data[:_NONCE], _masked(data[_NONCE:], key, session, data[:_NONCE])
        number, seat, clip, other, first, second, turn, half, use, sides, letters = _FIXED.unpack(
            data[: _FIXED.size]
        )
        names = list(key.place_of)
        item = Item(
            names[clip],
            "",
            tuple(names[one] for one in (first, second) if one != _NONE),
            part=(turn, half),
            use=_USES[use],
            flipped=bool(sides & 1),
            x_second=bool(sides & 2),
            order=tuple(data[_FIXED.size : _FIXED.size + letters]),
            other="" if other == _NONE else names[other],
        )
        return laid_out_at(key, item, number, seat)
    except (struct.error, IndexError, KeyError, ValueError):
        return None
