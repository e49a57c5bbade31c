"""Levels and delays in words."""

from __future__ import annotations

import math

from gaplisten.audio.alignment import Delay
from gaplisten.ui.levels.measure import Match

ALIKE = 0.9
"""Likeness from which waveforms may be compared by the sample."""


def milliseconds(frames: int, rate: int) -> str:
    """Return a length in ms, with as many digits as it deserves."""
    value = abs(1000.0 * frames / max(rate, 1))
    return f"{value:.1f} ms" if value >= 1 or not frames else f"{value:.2f} ms"


def aligned(delay: Delay, removed: int) -> bool:
    """Whether samples may be compared with the reference's, once `removed` frames are taken away."""
    return bool(delay.track) and not delay.drifts and delay.frames == removed


def span(delay: Delay, removed: int, rate: int) -> str:
    """Return between which delays it drifts: "0…30 ms"."""
    each = [1000.0 * (frames - removed) / max(rate, 1) for _, frames in delay.track]
    return f"{min(each):.0f}…{max(each):.0f} ms"


def delay_words(delay: Delay, removed: int, rate: int) -> str:
    """Return the delay that is left, in few words."""
    if not delay.track:
        return "delay not found"
    if delay.drifts:
        return f"drifts {span(delay, removed, rate)}"
    left = delay.frames - removed
    if not left:
        return "in time"
    return f"{milliseconds(left, rate)} {'late' if left > 0 else 'early'}"


def delay_state(delay: Delay | None, removed: int, rate: int) -> str:
    """Return what a lane's state says of its delay; nothing where all is as it should be."""
    words = []
    if delay is not None and not aligned(delay, removed):
        words += [delay_words(delay, removed, rate), "not aligned"]
    elif delay is not None and delay.alike < ALIKE:
        words.append(f"alike {delay.alike:.2f} only")
    return ", ".join([*words, *([removal(removed, rate)] if removed else [])])


def removal(removed: int, rate: int) -> str:
    """Return what was taken away, or put before it."""
    return f"{milliseconds(removed, rate)} {'removed' if removed > 0 else 'put before it'}"


def match_state(match: Match | None) -> str:
    """Return what a lane's state says of its matched level."""
    if match is None:
        return "level not matched: silent"
    limited = ", limited: louder would clip" if match.limited else ""
    return f"{signed(match.gain_db)} matched{limited}"


def signed(value: float) -> str:
    """Return a difference of levels; none is "+0.0 dB"."""
    return f"{round(value, 1) + 0.0:+.1f} dB"  # adding 0.0 takes the sign from a zero


def decibels(value: float) -> str:
    """Return a level for a table."""
    return "-" if not math.isfinite(value) else f"{value:.1f}"
