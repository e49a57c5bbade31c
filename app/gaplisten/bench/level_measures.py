"""Levels and delays of the lanes, kept in step with their sound and measured off the window's thread."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from gaplisten.audio.alignment import Delay
from gaplisten.audio.level import Levels
from gaplisten.audio.signal import Signal
from gaplisten.bench.derived import Derived, Inputs
from gaplisten.bench.events import Event
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.levels import LONGEST_SECONDS, measure_delay, measure_level
from gaplisten.jobs import Job

REFERENCE = "reference"

Key = tuple[str, str]
"""What is measured ("level" or "delay"), and the identifier of the lane."""


class LevelMeasures:
    """Levels and delays of the lanes as they are before anything is done to them.

    Parameters
    ----------
    lanes
        Those lanes, by identifier; somebody else keeps it up to date, so that nothing is ever told of a lane
        that was measured of another sound of that name.

    Attributes
    ----------
    changed
        Event: something was measured.
    levels_wanted
        Whether levels are measured, not just delays, from the next `renew` on.
    """

    def __init__(self, lanes: Mapping[str, Lane]) -> None:
        self.changed = Event()
        self._lanes = lanes
        self._pool: ThreadPoolExecutor | None = None
        self._derived: Derived[Key, Levels | Delay] = Derived(self._start)
        self._on_demand: set[str] = set()
        self.levels_wanted = False

    @property
    def busy(self) -> bool:
        """Whether anything is being measured."""
        return self._derived.busy

    def renew(self) -> None:
        """Measure what is not known of the lanes yet, and forget what is not theirs any more."""
        wanted: dict[Key, Inputs] = {}
        for ident, lane in self._lanes.items():
            if lane.signal is None or lane.busy:
                continue
            kinds = [
                *(["level"] if self.levels_wanted else []),
                *(["delay"] if self._delay_wanted(lane) else []),
            ]
            wanted.update({(kind, ident): self._material((kind, ident)) for kind in kinds})
        # What was measured of the sound that a lane still has stays true, wanted or not.
        keys = [(kind, ident) for kind in ("level", "delay") for ident in self._lanes]
        known = [key for key in keys if self._find(key) is not None]
        self._derived.want({key: of for key, of in wanted.items() if of}, keep=known)

    def _delay_wanted(self, lane: Lane) -> bool:
        if lane.ident in self._on_demand:
            return True
        short = lane.signal is not None and lane.signal.seconds <= LONGEST_SECONDS
        return lane.role is Role.CONDITION and short

    def ask_delay(self, ident: str) -> None:
        """Measure a lane's delay, now and whenever its sound changes."""
        self._on_demand.add(ident)
        self.renew()

    def forget_demands(self) -> None:
        """Measure only what is measured unasked: another clip is shown."""
        self._on_demand.clear()

    def level(self, ident: str) -> Levels | None:
        """Return how loud a lane is; None while that is not known."""
        found = self._find(("level", ident))
        return found if isinstance(found, Levels) else None

    def delay(self, ident: str) -> Delay | None:
        """Return a lane's delay; None while that is not known."""
        found = self._find(("delay", ident))
        return found if isinstance(found, Delay) else None

    def awaited(self, ident: str) -> bool:
        """Whether a lane's delay is being measured."""
        return ("delay", ident) in self._derived.pending

    def _find(self, key: Key) -> Levels | Delay | None:
        material = self._material(key)
        return self._derived.value_of(key, material) if material else None

    def _material(self, key: Key) -> tuple[Signal, ...]:
        """Return what the measurement is of; nothing when it cannot be made."""
        kind, ident = key
        lanes = [self._lanes.get(name) for name in ((REFERENCE, ident) if kind == "delay" else (ident,))]
        found = tuple(lane.signal for lane in lanes if lane is not None and lane.signal is not None)
        return found if len(found) == len(lanes) else ()

    def _start(self, asked: Mapping[Key, Inputs], job: Job) -> Future[Levels | Delay]:
        (((kind, _), material),) = asked.items()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="levels")
        return self._pool.submit(_measure, kind, material, job)

    def poll(self) -> None:
        """Take over what has been measured; tell if there is something."""
        if self._derived.poll():
            self.changed.emit()

    def close(self) -> None:
        """Stop measuring."""
        self._derived.drop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _measure(kind: str, material: tuple[Signal, ...], job: Job) -> Levels | Delay:
    if kind == "level":
        return measure_level(material[0], job)
    reference, version = material
    return measure_delay(reference, version, job)
