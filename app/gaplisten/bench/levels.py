"""Levels and delays of lanes: measured by plain functions for a thread, and said in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gaplisten.audio.alignment import Delay, estimate_delay
from gaplisten.audio.level import Levels, levels
from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job

LONGEST_SECONDS = 300.0
"""How much of a clip is searched for its delay."""

_WINDOW = 0.5  # seconds
_SAME = 2.0 / 32768.0  # what rounding to 16 bits may do
_RECEIVED = 0.04  # share of a window's samples that came through, even at heavy loss


@dataclass(frozen=True)
class Match:
    """The gain that brings one lane to its reference's level.

    Parameters
    ----------
    gain, gain_db
        Linear, and the same in dB.
    limited
        Whether it stays short of that level, because more would clip.
    """

    gain: float
    gain_db: float
    limited: bool = False


def measure_level(signal: Signal, job: Job) -> Levels:
    """Measure all of a lane, as the clip's one gain does."""
    job.check(0.0)
    return levels(signal, job)


def match(reference: Levels, lane: Levels, clip_gain: float) -> Match | None:
    """Return what brings `lane` to the reference's active level; None where either is silent.

    Parameters
    ----------
    clip_gain
        The one gain of the clip (linear), by which the lane is multiplied too.
    """
    if reference.active.silent or lane.active.silent:
        return None
    wanted = 10.0 ** ((reference.active.dbov - lane.active.dbov) / 20.0)
    most = 0.99999 / max(lane.peak * max(clip_gain, 1e-9), 1e-9)
    gain = float(np.float32(min(wanted, most)))
    return Match(gain, 20.0 * math.log10(gain), most < wanted)


def received_as_sent(reference: Signal, version: Signal) -> bool:
    """Tell cheaply whether the version holds the reference's own samples at their places, gaps aside.

    Each half second of speech must hold some of them: a version that drifts does not.
    """
    rate = reference.rate
    frames = min(reference.frames, version.frames)
    size = round(_WINDOW * rate)
    if version.channels != reference.channels or frames < size:
        return False
    starts = range(0, frames - size + 1, max(size, (frames // 400) or 1))
    # Stretch by stretch: of a sound that lies in its file no more is read.
    pieces = [reference.samples[at : at + size] for at in starts]
    energy = np.array([float(np.vdot(piece, piece)) for piece in pieces])
    if not energy.any():
        return False
    speech = [place for place in range(len(pieces)) if energy[place] > 1e-3 * energy.max()]
    spoken = ((pieces[place], starts[place]) for place in speech)
    same = [_share(piece, version.samples[at : at + size]) >= _RECEIVED for piece, at in spoken]
    return float(np.mean(same)) >= 0.9


def _share(one: np.ndarray, other: np.ndarray) -> float:
    loud = np.abs(one) > 16 * _SAME  # quiet samples agree by chance
    return float((np.abs(one - other) <= _SAME)[loud].mean()) if loud.any() else 1.0


def measure_delay(reference: Signal, version: Signal, job: Job) -> Delay:
    """Find a version's delay against its reference, the cheap way first; a long clip's in its beginning."""
    job.check(0.0)
    if received_as_sent(reference, version):
        return Delay(0, 1.0, ((0.0, 0),), False)
    job.check(0.1)
    return estimate_delay(_beginning(reference), _beginning(version))


def _beginning(signal: Signal) -> Signal:
    most = round(LONGEST_SECONDS * signal.rate)
    return signal if signal.frames <= most else Signal(signal.samples[:most], signal.rate)


# -- in words -----------------------------------------------------------------------------------------

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
