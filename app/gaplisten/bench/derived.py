"""Values that follow from others: made when wanted, after a rest, and never told once they are stale.

Whatever the workbench makes in the background (gap measures, levels, delays, scores, figures of clips,
concealed lanes) is such a value. Nothing here has a thread or a timer of its own: work runs wherever `start`
puts it, and whoever is in charge calls `poll` now and then.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job, JobCancelled

log = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

Inputs = tuple[Any, ...]
"""What a value follows from. Numbers, text and tuples of such are compared by what they are, all else by
identity: a signal is never compared sample by sample."""

_PLAIN = (bool, int, float, str, bytes, type(None))


def same(one: object, other: object) -> bool:
    """Tell whether two inputs are the same one."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one is other or (isinstance(one, _PLAIN) and type(one) is type(other) and one == other)


@dataclass(frozen=True, eq=False)
class _Run(Generic[Key]):
    """Work under way: what it makes, from which inputs."""

    inputs: Mapping[Key, Inputs]
    job: Job
    future: Future[Any]

    def cancel(self) -> None:
        self.job.cancel()
        self.future.cancel()


class Derived(Generic[Key, Value]):
    """Keeps a value for each key that is wanted, in step with what it follows from.

    Parameters
    ----------
    start
        Starts the work: ``start({key: inputs}, job)`` returns a future of the key's value. What it raises, or
        what the future fails with, is the key's failure; it is not tried again until its inputs are others.
    rest
        How long, in seconds, a key's inputs must stay the same before work on it begins.
    most
        How many keys are worked on at a time; None for any number.
    together
        Whether all that is missing is one piece of work, because it is cheaper so: `start` then gets several
        keys, and its future's result is ``{key: value}``.
    clock
        Gives the time in seconds.
    """

    def __init__(
        self,
        start: Callable[[Mapping[Key, Inputs], Job], Future[Any]],
        *,
        rest: float = 0.0,
        most: int | None = None,
        together: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start, self._rest, self._clock = start, rest, clock
        self._most, self._together = most, together
        self._wanted: dict[Key, Inputs] = {}
        self._since: dict[Key, float] = {}
        self._missing: dict[Key, Inputs] = {}
        self._values: dict[Key, tuple[Inputs, Value]] = {}
        self._failures: dict[Key, tuple[Inputs, Exception]] = {}
        self._runs: list[_Run[Key]] = []
        self._stopped = False

    # -- what is wanted -------------------------------------------------------------------------------

    def want(self, wanted: Mapping[Key, Inputs], keep: Iterable[Key] = ()) -> None:
        """State everything that is wanted, the most urgent first; all else is cancelled and forgotten.

        Parameters
        ----------
        keep
            Keys whose values stay for now, although nothing is wanted of them.
        """
        now = self._clock()
        self._since = {
            key: self._since[key] if key in self._wanted and same(self._wanted[key], inputs) else now
            for key, inputs in wanted.items()
        }
        self._wanted = dict(wanted)
        kept = {*wanted, *keep}
        self._values = {key: found for key, found in self._values.items() if key in kept}
        self._failures = {key: found for key, found in self._failures.items() if self._fits(key, found[0])}
        for run in [run for run in self._runs if not any(map(self._fits, run.inputs, run.inputs.values()))]:
            self._runs.remove(run)
            run.cancel()
        self.resume()

    def _fits(self, key: Key, inputs: Inputs) -> bool:
        return key in self._wanted and same(self._wanted[key], inputs)

    def stop(self) -> None:
        """Cancel the work; it is taken up again by `resume`, or when something else is wanted."""
        for run in self._runs:
            run.cancel()
        self._runs.clear()
        self._stopped = True

    def resume(self) -> None:
        """Go on with what is missing."""
        self._stopped = False
        under_way = {
            key for run in self._runs for key, inputs in run.inputs.items() if self._fits(key, inputs)
        }
        known = {key for key, found in self._values.items() if self._fits(key, found[0])}
        have = {*under_way, *known, *self._failures}
        self._missing = {key: inputs for key, inputs in self._wanted.items() if key not in have}

    def drop(self) -> None:
        """Cancel and forget everything."""
        self.stop()
        self._values.clear()
        self._failures.clear()
        self.want({})

    # -- what is there --------------------------------------------------------------------------------

    def value(self, key: Key) -> Value | None:
        """Return what follows from the inputs as they are wanted now; None while that is not known."""
        return self.value_of(key, self._wanted[key]) if key in self._wanted else self.last(key)

    def value_of(self, key: Key, inputs: Inputs) -> Value | None:
        """Return what follows from these inputs; None while that is not known."""
        found = self._values.get(key)
        return found[1] if found is not None and same(found[0], inputs) else None

    def last(self, key: Key) -> Value | None:
        """Return the newest value, be it of earlier inputs."""
        return self._values[key][1] if key in self._values else None

    def made_from(self, key: Key) -> Inputs | None:
        """Return what the newest value follows from."""
        return self._values[key][0] if key in self._values else None

    def failure(self, key: Key) -> Exception | None:
        """Return why there is no value."""
        return self._failures[key][1] if key in self._failures else None

    @property
    def pending(self) -> frozenset[Key]:
        """Keys whose values are awaited; none while the work is stopped."""
        if self._stopped:
            return frozenset()
        running = (key for run in self._runs for key, inputs in run.inputs.items() if self._fits(key, inputs))
        return frozenset((*self._missing, *running))

    @property
    def stopped(self) -> bool:
        """Whether somebody cancelled the work, here or by its job."""
        return self._stopped

    @property
    def busy(self) -> bool:
        """Whether `poll` has something to do."""
        return bool(self._runs) or (bool(self._missing) and not self._stopped)

    # -- the work -------------------------------------------------------------------------------------

    def poll(self) -> frozenset[Key]:
        """Collect what has finished and start what is due; return the keys whose value or failure is new."""
        changed: set[Key] = set()
        for run in [run for run in self._runs if run.job.cancelled or run.future.done()]:
            self._runs.remove(run)
            changed.update(run.inputs)
            if run.job.cancelled:
                self._stopped = True
            else:
                self._collect(run)
        if not self._stopped:
            for asked in self._due():
                changed.update(self._begin(asked))
        return frozenset(changed)

    def _due(self) -> list[dict[Key, Inputs]]:
        """Return what is to be started now, one piece of work each."""
        if not self._missing:
            return []
        latest = self._clock() - self._rest
        rested = self._missing
        if self._rest:
            rested = {key: inputs for key, inputs in rested.items() if self._since[key] <= latest}
        if self._together:
            return [dict(rested)] if not self._runs and len(rested) == len(self._missing) else []
        room = len(rested) if self._most is None else max(self._most - len(self._runs), 0)
        return [{key: inputs} for key, inputs in islice(rested.items(), room)]

    def _begin(self, asked: dict[Key, Inputs]) -> Iterable[Key]:
        """Start a piece of work; return its keys if that failed."""
        job = Job()
        for key in asked:
            del self._missing[key]
        try:
            self._runs.append(_Run(asked, job, self._start(asked, job)))
        except Exception as error:  # noqa: BLE001 - whatever breaks one value must not break the others
            self._fail(asked, error)
            return asked
        return ()

    def _collect(self, run: _Run[Key]) -> None:
        try:
            result = run.future.result()
            found = result if self._together else dict.fromkeys(run.inputs, result)
            values = {
                key: (inputs, found[key]) for key, inputs in run.inputs.items() if self._fits(key, inputs)
            }
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(run.inputs, error)
        else:
            self._values.update(values)

    def _fail(self, asked: Mapping[Key, Inputs], error: Exception) -> None:
        if not isinstance(error, GaplistenError | CancelledError | JobCancelled):
            log.error("%s cannot be made", ", ".join(map(str, asked)), exc_info=error)
        for key, inputs in asked.items():
            if self._fits(key, inputs):
                self._failures[key] = (inputs, error)
