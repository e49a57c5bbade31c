"""Words that a recogniser hears in the lanes, and those that died in a gap: heard in the reference only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from gaplisten.audio.signal import Signal
from gaplisten.bench.derived import Derived, Inputs
from gaplisten.bench.events import Event
from gaplisten.bench.lanes import Lane, Role
from gaplisten.jobs import Job
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.recognisers import recognisers, trouble_of
from gaplisten.metrics.recognisers.contract import HeardWord, Recogniser
from gaplisten.metrics.words import compare_words, normalised

REST_SECONDS = 0.6
MOST_SECONDS = 120.0
"""Longer clips are not listened to: minutes of recognition for each change of a lane."""


@dataclass(frozen=True)
class PlacedWord:
    """A word on the clip's clock.

    Parameters
    ----------
    start, stop
        In frames.
    died
        Whether it was heard in the reference there and is not in this version, where a gap is.
    """

    text: str
    start: int
    stop: int
    died: bool = False


class Ears(Protocol):
    """What hears words: `gaplisten.metrics.pool.ScorePool`."""

    def hear(self, recogniser: str, signal: Signal) -> Future[tuple[HeardWord, ...]]:
        """Return words that will come."""
        ...

    def close(self) -> None:
        """End the workers."""
        ...


def recogniser_at_hand() -> Recogniser | None:
    """Return a recogniser that can be used: one whose model the user named, else one that has its own."""
    known = sorted(recognisers().values(), key=lambda each: bool(each.own_model))
    return next((each for each in known if not trouble_of(each)), None)


def placed(words: Sequence[HeardWord], rate: int) -> tuple[PlacedWord, ...]:
    """Return words on a clock of `rate` Hz."""
    return tuple(PlacedWord(each.text, round(each.start * rate), round(each.stop * rate)) for each in words)


def died(
    clean: Sequence[HeardWord], heard: Sequence[HeardWord], trace: LossTrace, rate: int
) -> tuple[PlacedWord, ...]:
    """Return the words of the reference that are not heard in a version, and over which something was lost.

    Where another word is heard in a word's place, it died too.
    """
    said, owners = _split(clean)
    others, _ = _split(heard)
    pairs = compare_words(said, others).pairs
    missed = {owners[i] for i, j in pairs if i is not None and (j is None or others[j] != said[i])}
    found = (PlacedWord(each.text, each.start, each.stop, True) for each in placed(clean, rate))
    lost = trace.spans
    return tuple(
        word
        for at, word in enumerate(found)
        if at in missed and bool(((lost[:, 0] < word.stop) & (lost[:, 1] > word.start)).any())
    )


def _split(words: Sequence[HeardWord]) -> tuple[list[str], list[int]]:
    """Return the words as they are compared, each with the index of the one that it came from."""
    each = [(word, at) for at, heard in enumerate(words) for word in normalised(heard.text)]
    return [word for word, _ in each], [at for _, at in each]


class LaneWords:
    """Keeps the words of each lane while they are wanted.

    Attributes
    ----------
    changed
        Event: words came, or are being awaited.
    """

    def __init__(self, make_ears: Callable[[], Ears] | None = None, rest: float = REST_SECONDS) -> None:
        self.changed = Event()
        self._make_ears = make_ears or _new_ears
        self._ears: Ears | None = None
        self._derived: Derived[str, tuple[HeardWord, ...]] = Derived(self._start, rest=rest)
        self._recogniser: Recogniser | None = None
        self._lanes: tuple[Lane, ...] = ()
        self._trace: LossTrace | None = None

    def want(self, recogniser: Recogniser | None) -> None:
        """Listen by this recogniser from now on; by none."""
        self._recogniser = recogniser
        self._renew()

    def show(self, lanes: Sequence[Lane], trace: LossTrace | None) -> None:
        """Listen to these lanes; those whose sound is the same keep their words."""
        self._lanes, self._trace = tuple(lanes), trace
        self._renew()

    @property
    def too_long(self) -> bool:
        """Whether the clip is longer than what is listened to."""
        return any(lane.signal is not None and lane.signal.seconds > MOST_SECONDS for lane in self._lanes)

    def words(self, lane: Lane) -> tuple[PlacedWord, ...]:
        """Return what is heard in a lane, and the words that died in its gaps, as far as that is known."""
        heard = self._known(lane)
        if heard is None or lane.signal is None:
            return ()
        found = placed(heard, lane.signal.rate)
        clean = next((self._known(each) for each in self._lanes if each.role is Role.REFERENCE), None)
        met = lane.met(self._trace)
        if lane.role is Role.REFERENCE or clean is None or met is None:
            return found
        return (*found, *died(clean, heard, met, lane.signal.rate))

    def failure(self, lane: Lane) -> str:
        """Return why there are no words of a lane; empty where there is no failure."""
        error = self._derived.failure(lane.ident)
        return "" if error is None else str(error) or type(error).__name__

    def _known(self, lane: Lane) -> tuple[HeardWord, ...] | None:
        return self._derived.value(lane.ident) if self._recogniser is not None else None

    def _renew(self) -> None:
        listens = self._recogniser is not None and not self.too_long
        known = [lane for lane in self._lanes if listens and lane.signal is not None and not lane.busy]
        name = "" if self._recogniser is None else self._recogniser.name
        self._derived.want({lane.ident: (name, lane.signal) for lane in known})
        self.changed.emit()

    def _start(self, asked: Mapping[str, Inputs], _job: Job) -> Future[tuple[HeardWord, ...]]:
        ((name, signal),) = asked.values()
        if self._ears is None:
            self._ears = self._make_ears()
        return self._ears.hear(name, signal)

    @property
    def busy(self) -> bool:
        """Whether words are awaited."""
        return self._derived.busy

    def poll(self) -> None:
        """Take over the words that came; tell if there are some."""
        if self._derived.poll():
            self.changed.emit()

    def close(self) -> None:
        """End the workers."""
        self._derived.drop()
        if self._ears is not None:
            with suppress(Exception):  # broken or not: its processes end
                self._ears.close()
            self._ears = None


def _new_ears() -> Ears:
    from gaplisten.metrics.pool import ScorePool

    return ScorePool(workers=1)
