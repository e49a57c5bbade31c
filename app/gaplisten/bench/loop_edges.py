"""Where the edges of a loop may lie: anywhere, where packets begin, or where the sound crosses zero."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import Grid, LossTrace

LOOP_EDGES = ("anywhere", "packets", "crossings")
WITHIN_MS = 20.0
"""A zero crossing farther away than this is not gone to."""

Towards = Literal["nearest", "down", "up"]


def loop_edge(
    frame: int,
    kind: str,
    trace: LossTrace | None,
    signal: Signal | None,
    towards: Towards = "nearest",
) -> int:
    """Return where the edge of a loop may lie that was asked for at `frame`.

    Parameters
    ----------
    kind
        One of `LOOP_EDGES`.
    trace
        Losses whose packets count.
    signal
        Sound whose zeros count.
    towards
        Whether only places before (after) `frame`, itself included, are looked at.

    Returns
    -------
    edge
        `frame` itself where there are no packets, or no zero crossing is near.
    """
    if kind == "packets" and trace is not None and trace.grid is not None:
        return _packet_edge(frame, trace.grid, towards)
    if kind == "crossings" and signal is not None:
        return _crossing(frame, signal, towards)
    return frame


def _packet_edge(frame: int, grid: Grid, towards: Towards) -> int:
    packet = grid.packet_of(frame)
    behind = frame - grid.offset - packet * grid.length
    if behind and (towards == "up" or (towards == "nearest" and 2 * behind >= grid.length)):
        packet += 1
    return grid.start(packet)


def _crossing(frame: int, signal: Signal, towards: Towards) -> int:
    reach = round(WITHIN_MS * signal.rate / 1000)
    first = max(frame - (0 if towards == "up" else reach), 1)
    last = min(frame + (0 if towards == "down" else reach), signal.frames - 1)
    if last < first:
        return frame
    positive = signal.samples[first - 1 : last + 1, 0] >= 0
    crossings = first + np.flatnonzero(positive[1:] != positive[:-1])
    if not len(crossings):
        return frame
    return int(crossings[np.argmin(np.abs(crossings - frame))])
