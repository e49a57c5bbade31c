"""A trace in figures, and clips by the length of their longest burst, as the challenge groups them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gaplisten.loss.trace import LossTrace


class Stratum(StrEnum):
    """Longest-burst classes of the INTERSPEECH 2022 Deep PLC Challenge, and what lies outside them."""

    NONE = "no loss"
    SHORT = "<=120 ms"
    MEDIUM = "120-320 ms"
    LONG = "320-1000 ms"
    BEYOND = ">1000 ms"


LIMITS_MS = {Stratum.SHORT: 120.0, Stratum.MEDIUM: 320.0, Stratum.LONG: 1000.0}


def stratum_of(longest_ms: float) -> Stratum:
    """Return the class of a burst length in milliseconds; a limit belongs to the class below it."""
    if longest_ms <= 0:
        return Stratum.NONE
    # Packet lengths such as 512 frames at 44.1 kHz make sums that miss a limit by rounding alone.
    return next((name for name, limit in LIMITS_MS.items() if longest_ms <= limit + 1e-6), Stratum.BEYOND)


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
