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
    mean_burst
        Packets per gap (0 with no gap).
    burst_ratio
        Mean burst over that of random loss at this rate (ITU-T G.107, BurstR); None with no loss or all lost.
    """

    packets: int
    lost: int
    loss_rate: float
    gaps: int
    longest_ms: float
    mean_burst: float
    burst_ratio: float | None
    stratum: Stratum


def figures(trace: LossTrace) -> TraceFigures:
    """Return a trace's figures."""
    gaps = trace.gaps()
    lost = int(trace.lost.sum())
    mean = lost / len(gaps) if gaps else 0.0
    ratio = mean * (1.0 - trace.loss_rate) if 0 < lost < trace.packets else None
    longest = max((gap.packets for gap in gaps), default=0) * trace.packet_ms
    return TraceFigures(
        trace.packets, lost, trace.loss_rate, len(gaps), longest, mean, ratio, stratum_of(longest)
    )
