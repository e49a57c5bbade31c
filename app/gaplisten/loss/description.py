"""A trace in figures."""

from __future__ import annotations

from dataclasses import dataclass

from gaplisten.loss.strata import Stratum, stratum_of
from gaplisten.loss.trace import LossTrace


@dataclass(frozen=True)
class TraceFigures:
    """What a trace says.

    Parameters
    ----------
    loss_rate
        Share of packets lost, 0..1.
    packets, lost
        Their numbers; None where gaps lie off the packets.
    mean_burst
        Packets per gap (0 with no gap), None likewise.
    burst_ratio
        Mean burst over that of random loss at this rate (ITU-T G.107, BurstR); None with no loss or all lost.
    """

    packets: int | None
    lost: int | None
    loss_rate: float
    gaps: int
    longest_ms: float
    mean_burst: float | None
    burst_ratio: float | None
    stratum: Stratum


def figures(trace: LossTrace) -> TraceFigures:
    """Return a trace's figures."""
    gaps = trace.gaps()
    if not trace.on_grid:
        longest = trace.longest_ms
        return TraceFigures(None, None, trace.loss_rate, len(gaps), longest, None, None, stratum_of(longest))
    lost = int(trace.lost.sum())
    mean = lost / len(gaps) if gaps else 0.0
    ratio = mean * (1.0 - trace.loss_rate) if 0 < lost < trace.packets else None
    longest = trace.longest_ms
    return TraceFigures(
        trace.packets, lost, trace.loss_rate, len(gaps), longest, mean, ratio, stratum_of(longest)
    )
