"""What a jitter buffer of some length would have lost of a call."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gaplisten.captures.streams import CaptureError
from gaplisten.captures.timeline import Milliseconds, Slot, Timeline
from gaplisten.loss.trace import Flags, LossTrace, Reading

_SAME_MS = 1e-6  # of rounding
_DRIFT_SECONDS = 30.0  # shorter calls tell nothing of clocks
_WINDOW_SECONDS = 10.0
_LEAST_DRIFT, _MOST_DRIFT = 5e-6, 1e-3
_NEAR_MS = 2.0
_MOVED_MS = 10.0


@dataclass(frozen=True, eq=False)
class Buffered:
    """What is lost with a buffer of some length.

    Parameters
    ----------
    lost
        Shape ``(packets,)``.
    network, late
        How many never came, and how many came too late.
    reordered
        How many came behind a later one and still in time.
    buffer_ms
        The buffer's length; None where every packet is waited for.
    notes
        Sentences about how delays were taken.
    """

    lost: Flags
    network: int
    late: int
    reordered: int
    buffer_ms: float | None
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """What was lost and why, in words."""
        waited = "no buffer: every packet is waited for" if self.buffer_ms is None else ""
        told = waited or f"buffer of {self.buffer_ms:g} ms"
        return f"{told}; {self.network} packets lost by the network, {self.late} too late"


def relative_delays(timeline: Timeline) -> tuple[Milliseconds, tuple[str, ...]]:
    """Return each slot's delay over the smallest one, and what is to be said of it.

    Two clocks never run alike: over minutes the smallest delay drifts. Where it does so evenly, the line
    below all delays is taken for 0. What moves otherwise (another route) stays delay.
    """
    delays = timeline.delays_ms
    known = np.flatnonzero(np.isfinite(delays) & (timeline.slots == Slot.RECEIVED))
    if not known.size:
        return delays, ()
    smallest = float(delays[known].min())
    if timeline.planned or timeline.seconds < _DRIFT_SECONDS:
        return delays - smallest, ()
    places, values = known * timeline.packet_ms / 1000, delays[known]
    windows = (places // _WINDOW_SECONDS).astype(np.int64)
    edges = np.flatnonzero(np.diff(windows, prepend=-1))
    lowest = np.minimum.reduceat(values, edges)
    middle = np.array(
        [places[start + values[start:stop].argmin()] for start, stop in _ranges(edges, values.size)]
    )
    slope, start = _line_below(middle, lowest)
    over = lowest - (slope * middle + start)
    if _LEAST_DRIFT <= abs(slope) / 1000 <= _MOST_DRIFT and len(lowest) >= 3 and over.max() <= _NEAR_MS:
        line = slope * np.arange(delays.size) * timeline.packet_ms / 1000 + start
        line += float((values - line[known]).min())
        note = f"the two clocks drift apart by {abs(slope) * 1000:.0f} ppm: taken out of the delays"
        return delays - line, (note,)
    notes: tuple[str, ...] = ()
    if np.ptp(lowest) > _MOVED_MS:
        notes = (f"the smallest delay of 10 s moves by {np.ptp(lowest):.0f} ms: another route, or a queue",)
    return delays - smallest, notes


def _ranges(edges: npt.NDArray[np.intp], size: int) -> list[tuple[int, int]]:
    stops = [*edges[1:].tolist(), size]
    return list(zip(edges.tolist(), stops, strict=True))


def _line_below(places: Milliseconds, values: Milliseconds) -> tuple[float, float]:
    """Return slope and start of the longest edge of the lower hull of points."""
    hull: list[tuple[float, float]] = []
    for place, value in zip(places.tolist(), values.tolist(), strict=True):
        while len(hull) >= 2 and _turns_down(hull[-2], hull[-1], (place, value)):
            hull.pop()
        hull.append((place, value))
    if len(hull) < 2:
        return 0.0, hull[0][1]
    edges = list(pairwise(hull))
    (x0, y0), (x1, y1) = max(edges, key=lambda edge: edge[1][0] - edge[0][0])
    slope = (y1 - y0) / (x1 - x0)
    return slope, y0 - slope * x0


def _turns_down(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0


def buffered(timeline: Timeline, buffer_ms: float | None = None, *, absolute: bool = False) -> Buffered:
    """Return what a jitter buffer loses.

    Parameters
    ----------
    buffer_ms
        A packet is lost when its delay exceeds this, or never comes; None waits for every packet.
    absolute
        Whether delays count as they stand (the 3GPP reading of delay profiles) and not over the smallest one.

    Raises
    ------
    CaptureError
        If nothing tells when packets came, or delays mean nothing as they stand.
    """
    network = timeline.slots == Slot.LOST
    if buffer_ms is None:
        return Buffered(network, int(network.sum()), 0, int(timeline.behind.sum()), None)
    if not timeline.has_delays:
        fact = "does not tell when packets came"
        raise CaptureError(
            "the capture", fact, "leave --buffer-ms out: only packets that never came are lost"
        )
    if absolute and not timeline.planned:
        fact = "cannot be used: sender and receiver have clocks of their own, so that only differences count"
        raise CaptureError("--absolute", fact, "leave it out")
    delays, notes = (timeline.delays_ms, ()) if absolute else relative_delays(timeline)
    with np.errstate(invalid="ignore"):
        late = (timeline.slots == Slot.RECEIVED) & (delays > buffer_ms + _SAME_MS)
    in_time = int((timeline.behind & ~late).sum())
    return Buffered(network | late, int(network.sum()), int(late.sum()), in_time, buffer_ms, notes)


def buffer_for(timeline: Timeline, late_percent: float) -> float:
    """Return the buffer with which a share of a plan's packets comes too late, as 3GPP's plans choose it.

    Going down from the largest delay, it is the first that more than `late_percent` of all packets reach.
    """
    delays = timeline.delays_ms[np.isfinite(timeline.delays_ms)]
    if not delays.size:
        raise CaptureError("the capture", "does not tell when packets came", "leave --late-percent out")
    values, counts = np.unique(delays, return_counts=True)
    reached = np.cumsum(counts[::-1])
    above = np.flatnonzero(reached > late_percent / 100 * timeline.delays_ms.size)
    return float(values[::-1][above[0]]) if above.size else float(values[0])


def trace_of(
    timeline: Timeline, found: Buffered, packet_frames: int, rate: int, reading: Reading | None = None
) -> LossTrace:
    """Return the losses as a trace, a packet of it for each slot."""
    assert found.lost.size == timeline.slots.size
    return LossTrace.of_packets(found.lost, packet_frames, rate, reading=reading)
