"""Clips by the length of their longest burst, as the challenge groups them."""

from __future__ import annotations

from enum import StrEnum


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
