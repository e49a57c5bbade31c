"""What the user asked to have done to lanes: delays removed, levels matched. The lanes' states say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gaplisten.audio.alignment import remove_delay
from gaplisten.audio.signal import Signal
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.level_measures import REFERENCE, LevelMeasures
from gaplisten.bench.levels import Match, delay_state, match, match_state
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
