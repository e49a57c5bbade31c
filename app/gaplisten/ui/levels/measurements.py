"""Keeps what was measured of the lanes, and has measured what is missing, off the window's thread."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtCore import Signal as QtSignal

from gaplisten.audio.alignment import Delay
from gaplisten.audio.signal import Signal
from gaplisten.bench.lanes import Lane, Role
from gaplisten.jobs import Job
from gaplisten.ui.background import Task, Tasks
from gaplisten.ui.levels.measure import LONGEST_SECONDS, LaneLevel, measure_delay, measure_level

REFERENCE = "reference"

Key = tuple[str, str]  # what is measured, and of which lane


class Measurements(QObject):
    """Levels and delays of the lanes as they are before anything is done to them.

    Parameters
    ----------
    lanes
        Those lanes, by identifier; somebody else keeps it up to date, so that nothing is ever told of a lane
        that was measured of another sound of that name.

    Signals
    -------
    changed
        Something was measured.
    """

    changed = QtSignal()

    def __init__(self, lanes: Mapping[str, Lane], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = Tasks(self, 1)
        self._lanes = lanes
        self._known: dict[Key, tuple[tuple[Signal, ...], Any]] = {}
        self._asked: dict[Key, tuple[tuple[Signal, ...], Task]] = {}
        self._on_demand: set[str] = set()
        self.levels_wanted = False

    @property
    def busy(self) -> bool:
        """Whether anything is being measured."""
        return bool(self._asked)

    def renew(self) -> None:
        """Measure what is not known of the lanes yet, and forget what is not theirs any more."""
        self._known = {key: known for key, known in self._known.items() if self._same(key, known[0])}
        for key in [key for key, asked in self._asked.items() if not self._same(key, asked[0])]:
            self._tasks.cancel(self._asked.pop(key)[1])
        for ident, lane in self._lanes.items():
            if lane.signal is None or lane.busy:
                continue
            if self.levels_wanted:
                self._ask("level", ident)
            if self._delay_wanted(lane):
                self._ask("delay", ident)

    def _delay_wanted(self, lane: Lane) -> bool:
        if lane.ident in self._on_demand:
            return True
        short = lane.signal is not None and lane.signal.seconds <= LONGEST_SECONDS
        return lane.role is Role.CONDITION and short

    def want_levels(self, wanted: bool) -> None:
        """Measure levels, too; they cost more than they are worth while nobody sees them."""
        before, self.levels_wanted = self.levels_wanted, wanted
        if wanted and not before:
            self.renew()

    def ask_delay(self, ident: str) -> None:
        """Measure a lane's delay, now and whenever its sound changes."""
        self._on_demand.add(ident)
        self.renew()

    def forget_demands(self) -> None:
        """Measure only what is measured unasked: another clip is shown."""
        self._on_demand.clear()

    def level(self, ident: str) -> LaneLevel | None:
        """Return how loud a lane is; None while that is not known."""
        found: LaneLevel | None = self._find(("level", ident))
        return found

    def delay(self, ident: str) -> Delay | None:
        """Return a lane's delay; None while that is not known."""
        found: Delay | None = self._find(("delay", ident))
        return found

    def awaited(self, ident: str) -> bool:
        """Whether a lane's delay is being measured."""
        return ("delay", ident) in self._asked

    def _find(self, key: Key) -> Any:
        known = self._known.get(key)
        return known[1] if known is not None and self._same(key, known[0]) else None

    def _material(self, key: Key) -> tuple[Signal, ...]:
        """Return what the measurement is of; nothing when it cannot be made."""
        kind, ident = key
        lanes = [self._lanes.get(name) for name in ((REFERENCE, ident) if kind == "delay" else (ident,))]
        found = tuple(lane.signal for lane in lanes if lane is not None and lane.signal is not None)
        return found if len(found) == len(lanes) else ()

    def _same(self, key: Key, material: tuple[Signal, ...]) -> bool:
        now = self._material(key)
        return len(now) == len(material) and all(a is b for a, b in zip(now, material, strict=True))

    def _ask(self, kind: str, ident: str) -> None:
        key = (kind, ident)
        material = self._material(key)
        if not material or key in self._known or key in self._asked:
            return
        task = self._tasks.run(
            f"measuring {ident}",
            partial(_measure, kind, material),
            partial(self._done, key, material),
            partial(self._failed, key, material),
            quiet=True,
        )
        self._asked[key] = (material, task)

    def _done(self, key: Key, material: tuple[Signal, ...], value: Any) -> None:
        self._asked.pop(key, None)
        if self._same(key, material):
            self._known[key] = (material, value)
            self.changed.emit()

    def _failed(self, key: Key, material: tuple[Signal, ...], _error: Exception) -> None:
        self._done(key, material, None)  # logged already; the lane then says nothing of it

    def close(self) -> None:
        """Stop measuring."""
        self._asked.clear()
        self._tasks.close()


def _measure(kind: str, material: tuple[Signal, ...], job: Job) -> LaneLevel | Delay:
    if kind == "level":
        return measure_level(material[0], job)
    reference, version = material
    return measure_delay(reference, version, job)
