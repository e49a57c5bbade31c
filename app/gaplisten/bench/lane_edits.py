"""What is done about levels and delays of lanes, as values, as rows of a table and in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gaplisten.audio.alignment import Delay, remove_delay
from gaplisten.audio.signal import Signal
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.level_measures import REFERENCE, LevelMeasures
from gaplisten.bench.levels import (
    ALIKE,
    Match,
    aligned,
    decibels,
    delay_state,
    delay_words,
    match,
    match_state,
    removal,
    signed,
)
from gaplisten.bench.state import Work

MOVABLE = (Role.CONDITION, Role.CONCEALER)
"""What may be moved or matched: reference and lossy are what the others are compared with."""


class LaneEdits:
    """Changes lanes as the work says; the same lane gives the same sound again.

    Parameters
    ----------
    originals
        The lanes as they are handed in, by identifier, for the measurements.
    work
        Gives the work as it is now, and the name of the clip that is shown.
    clip_gain
        Gives the one gain of the clip, linear.
    """

    def __init__(
        self,
        originals: dict[str, Lane],
        measurements: LevelMeasures,
        work: Callable[[], tuple[Work, str | None]],
        clip_gain: Callable[[], float],
    ) -> None:
        self._measured, self._work, self._gain = measurements, work, clip_gain
        self._made: dict[str, tuple[Signal, int, float, Signal]] = {}
        self._last: dict[tuple[str | None, str], Match] = {}
        self.originals = originals

    @property
    def matching(self) -> bool:
        """Whether the levels of the clip that is shown are to be matched."""
        work, name = self._work()
        return work.match_levels or work.clip(name).match_levels

    def removed(self, ident: str) -> int:
        """Return how many frames of delay are taken out of a lane."""
        work, name = self._work()
        return dict(work.clip(name).delays).get(ident, 0)

    def matched(self, ident: str) -> Match | None:
        """Return the gain that matches a lane's level; None while it is not known, or cannot be."""
        reference, level = self._measured.level(REFERENCE), self._measured.level(ident)
        return match(reference, level, self._gain()) if reference and level else None

    def matches(self, lane: Lane) -> bool:
        """Whether this lane's level is matched (or will be, when it has been measured)."""
        return self.matching and lane.role in MOVABLE

    def __call__(self, lane: Lane) -> Lane:
        """Return the lane as it is to be heard and drawn."""
        self.originals[lane.ident] = lane
        if lane.signal is None or lane.role not in MOVABLE:
            return lane
        found = self._matched_so_far(lane) if self.matches(lane) else None
        removed = self.removed(lane.ident)
        signal = self._changed(lane, removed, found.gain if found else 1.0)
        if lane.busy:
            return replace(lane, signal=signal)
        remarks = [delay_state(self._measured.delay(lane.ident), removed, signal.rate)]
        if self.matches(lane) and self._measured.level(lane.ident) and self._measured.level(REFERENCE):
            remarks.append(match_state(found))
        # What was done to the sound comes first: the lane's place for words is narrow.
        return replace(lane, signal=signal, state=", ".join(filter(None, [*remarks, lane.state])))

    def _matched_so_far(self, lane: Lane) -> Match | None:
        """Return the lane's match; while a new rendering is being measured, that of the one before.

        Otherwise the lane would jump in level each time a knob is turned.
        """
        place = (self._work()[1], lane.ident)
        found = self.matched(lane.ident)
        if found is not None:
            self._last[place] = found
        elif self._measured.level(lane.ident) is None:
            return self._last.get(place)
        return found

    def _changed(self, lane: Lane, removed: int, gain: float) -> Signal:
        assert lane.signal is not None
        if not removed and gain == 1.0:
            self._made.pop(lane.ident, None)
            return lane.signal
        made = self._made.get(lane.ident)
        if made is None or made[0] is not lane.signal or made[1:3] != (removed, gain):
            self._made[lane.ident] = made = (lane.signal, removed, gain, self._make(lane, removed, gain))
        return made[3]

    def _make(self, lane: Lane, removed: int, gain: float) -> Signal:
        assert lane.signal is not None
        reference = self.originals.get(REFERENCE)
        frames = reference.signal.frames if reference and reference.signal else None
        signal = remove_delay(lane.signal, removed, frames) if removed else lane.signal
        return Signal(signal.samples * np.float32(gain), signal.rate) if gain != 1.0 else signal


@dataclass(frozen=True)
class LaneRow:
    """What the table says of one lane.

    `about` explains its delay; `delay` and `removed` (frames) are for the plot and the buttons.
    """

    key: int
    ident: str
    cells: tuple[str, ...]
    about: str = ""
    delay: Delay | None = None
    removed: int = 0
    measurable: bool = False


def row_of(lane: Lane, measured: LevelMeasures, edits: LaneEdits) -> LaneRow:
    """Return what is known of one lane."""
    removed, delay = edits.removed(lane.ident), measured.delay(lane.ident)
    level, against, matched, active, loudness = _levels(lane, measured, edits)
    late = _delay(lane, measured, edits)
    cells = (f"{lane.key}  {lane.name}", late, level, against, matched, active, loudness)
    measurable = lane.signal is not None and lane.role in MOVABLE
    return LaneRow(lane.key, lane.ident, cells, _about(lane, delay, removed), delay, removed, measurable)


def _levels(lane: Lane, measured: LevelMeasures, edits: LaneEdits) -> tuple[str, str, str, str, str]:
    level, reference = measured.level(lane.ident), measured.level(REFERENCE)
    if level is None:
        return ("…" if lane.signal is not None else "-", "", "", "", "")
    if level.active.silent:
        return ("silent", "", "", "", "")
    against = "" if reference is None or lane.ident == REFERENCE else _against(lane, measured)
    found = edits.matched(lane.ident) if edits.matches(lane) else None
    return (
        f"{level.active.dbov:.1f} dBov",
        against,
        f"{signed(found.gain_db)}{' limited' if found.limited else ''}" if found else "",
        f"{100 * level.active.activity:.0f} %",
        f"{decibels(level.lufs)} LUFS",
    )


def _against(lane: Lane, measured: LevelMeasures) -> str:
    level, reference = measured.level(lane.ident), measured.level(REFERENCE)
    if level is None or reference is None or reference.active.silent:
        return ""
    return signed(level.active.dbov - reference.active.dbov)


def _delay(lane: Lane, measured: LevelMeasures, edits: LaneEdits) -> str:
    delay, removed = measured.delay(lane.ident), edits.removed(lane.ident)
    if delay is None:
        return "…" if measured.awaited(lane.ident) else ""
    rate = lane.signal.rate if lane.signal is not None else 1
    if removed and aligned(delay, removed):
        return removal(removed, rate)
    return delay_words(delay, removed, rate)


def _about(lane: Lane, delay: Delay | None, removed: int) -> str:
    """Return everything that was found out about a delay."""
    if delay is None or lane.signal is None:
        return ""
    rate = lane.signal.rate
    lines = [
        delay_words(delay, removed, rate),
        f"estimated: {delay.frames:+d} frames, {1000 * delay.frames / rate:+.2f} ms (median)",
        f"removed: {removed:+d} frames" if removed else "",
        f"in {100 * delay.confidence:.0f} % of the speech within 1 ms of that",
        f"waveforms correlate by {delay.alike:.2f} once aligned",
        ""
        if delay.alike >= ALIKE
        else "too little to compare samples: a codec or other processing lies between",
    ]
    return "\n".join(filter(None, lines))


def gain_text(measured: LevelMeasures, gain_note: str) -> str:
    """Return the one gain of the clip and where it comes from."""
    level = measured.level(REFERENCE)
    if not gain_note:
        return ""
    gain = gain_note[:1].upper() + gain_note[1:]
    if level is None or level.active.silent:
        return f"Gain {gain}"
    return f"Gain {gain}; the reference speaks at {level.active.dbov:.1f} dBov"


def gains_text(lanes: Sequence[Lane], edits: LaneEdits, gain_note: str) -> str:
    """Return every gain in one line, for the notes."""
    found = {lane.name: edits.matched(lane.ident) for lane in lanes if edits.matches(lane)}
    each = [
        f"{name} {one.gain_db:+.2f} dB{' (limited)' if one.limited else ''}" if one else f"{name} not matched"
        for name, one in found.items()
    ]
    return "; ".join(["levels matched to the reference (P.56)", *each, f"clip gain {gain_note}"])
