"""What decoders give and how they refuse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.loss.trace import Flags

MAX_PACKETS = 50_000_000
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Decoded:
    """Flags as they stand in the file, True = lost by that format's rule.

    Parameters
    ----------
    lost
        Shape ``(packets,)``.
    notes
        Sentences about what was repaired or assumed.
    packet_frames
        Frames in a packet where the file itself tells, else None.
    """

    lost: Flags
    notes: tuple[str, ...] = ()
    packet_frames: int | None = None


@dataclass
class BadTrace(Exception):  # noqa: N818 - the caller turns it into an error with the file's name
    """Why bytes are not the trace they were taken for."""

    fact: str
    way_out: str = ""


def limited(count: int) -> int:
    """Return `count`; refuse absurd lengths before memory is asked for."""
    if count > MAX_PACKETS:
        raise BadTrace(f"speaks of {count} packets, more than {MAX_PACKETS}", "check what this file is")
    return count
