"""One gain per clip, taken from the reference, so that a concealer's own level error stays audible.

Whatever plays a clip asks here: workbench, panel and command line hear it equally loud.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaplisten.audio.level import LONG_SECONDS, STEP_MS, levels, peak
from gaplisten.audio.signal import Signal

TARGET_DBOV = -26.0


@dataclass(frozen=True)
class ClipGain:
    """The gain that all lanes of a clip are multiplied by, and why.

    Parameters
    ----------
    gain
        Linear; exactly representable as float32, so what is recorded is what is applied.
    gain_db
        The same in dB.
    target_dbov
        The active speech level that the reference was to be brought to.
    limited
        Whether it stays below that target, because something would clip.
    reason
        For the user: what kept the gain from the target, and how a long reference was measured; empty when a
        short one was simply brought to it.
    level_dbov
        Active speech level of the reference, NaN when there is none.
    """

    gain: float
    gain_db: float
    target_dbov: float
    limited: bool = False
    reason: str = ""
    level_dbov: float = math.nan

    @property
    def note(self) -> str:
        """The gain in words."""
        return f"{self.gain_db:+.1f} dB for all lanes{f', {self.reason}' if self.reason else ''}"


def decibels(gain: float) -> float:
    """Return a linear gain in dB; ``-inf`` for zero."""
    return 20.0 * math.log10(gain) if gain > 0 else -math.inf


def _clip_free(gain: float, top: float) -> float:
    """Return the largest float32 gain, at most `gain`, with which a peak of `top` stays within full scale."""
    exact = np.float32(gain)
    while top > 0 and np.float32(top) * exact > np.float32(1.0):
        exact = min(np.nextafter(exact, np.float32(0.0)), np.float32(1.0 / top))
    return float(exact)


def _how_measured(reference: Signal) -> str:
    if reference.seconds <= LONG_SECONDS:
        return ""
    return f"from the level (P.56) of all {reference.seconds:.0f} s, read in steps of {STEP_MS:g} ms"


def clip_gain(
    reference: Signal | None, conditions: Sequence[Signal], target_dbov: float = TARGET_DBOV
) -> ClipGain:
    """Return the gain that brings the reference to the target level (ITU-T P.56) without clipping anything.

    Parameters
    ----------
    reference
        Its level decides; without one, or with a silent one, the gain is 1 and the reason says so.
    conditions
        All others that will be played; they only limit the gain.
    target_dbov
        Wanted active speech level, -26 dBov by default (P.800).

    Notes
    -----
    Level and peaks are those of the whole sounds, however long: see `level.active_level`.
    """
    measured = levels(reference, loudness=False) if reference is not None else None
    level = measured.active if measured is not None else None
    if reference is None or measured is None or level is None:
        wanted, reasons = 1.0, ["there is no reference to take the level from: played as it is"]
    elif level.silent:
        wanted, reasons = 1.0, ["the reference is silent: played as it is"]
    else:
        wanted, reasons = 10.0 ** ((target_dbov - level.dbov) / 20.0), [_how_measured(reference)]
    top = max([peak(signal) for signal in conditions] + [measured.peak if measured else 0.0])
    gain = _clip_free(wanted, top)
    limited = top > 0 and gain < float(np.float32(wanted))
    if limited:
        short = decibels(wanted) - decibels(gain)
        told = f"limited to {decibels(gain):+.1f} dB, {short:.1f} dB short of the target: louder would clip"
        reasons = [told, reasons[0] if level is not None and not level.silent else ""]
    reason = "; ".join(filter(None, reasons))
    return ClipGain(gain, decibels(gain), target_dbov, limited, reason, level.dbov if level else math.nan)
