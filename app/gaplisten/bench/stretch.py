"""What is to be said of a stretch of one version: how long it is, how loud, and at which pitch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from gaplisten.audio.filemap import SampleSource, as_source, read_floats
from gaplisten.audio.reading import level_text
from gaplisten.audio.signal import Signal
from gaplisten.bench.derived import Derived, Inputs
from gaplisten.bench.events import Event
from gaplisten.bench.tasks import Tasks
from gaplisten.jobs import Job
from gaplisten.languages import counted
from gaplisten.loss.measures.periodicity import WINDOW_MS, pitch
from gaplisten.loss.measures.windows import Row

MOST_SECONDS = 30.0
REST_SECONDS = 0.05  # a drag that goes on measures nothing
_MOST_WINDOWS = 400


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one version.

    Parameters
    ----------
    peak, rms
        Largest magnitude and root mean square over all channels, full scale 1.0.
    pitch
        Median fundamental frequency of its voiced parts in Hz; None where it has none, or is too short.
    voiced
        Share of it that is voiced, 0..1.
    """

    peak: float
    rms: float
    pitch: float | None
    voiced: float

    @property
    def text(self) -> str:
        """The same in words."""
        parts = [f"peak {level_text(self.peak)} dBFS", f"RMS {level_text(self.rms)} dBFS"]
        if self.pitch is not None:
            share = "" if self.voiced > 0.95 else f" ({self.voiced:.0%} voiced)"
            parts.append(f"f0 {self.pitch:.1f} Hz{share}")
        return " · ".join(parts)


def read_stretch(source: SampleSource, start: int, stop: int) -> Stretch | None:
    """Measure ``[start, stop)`` of a version; None where there is no sound that can be read, or too much.

    Parameters
    ----------
    start, stop
        In frames; at most `MOST_SECONDS` apart.
    """
    stop = min(stop, source.frames)
    if not 0 <= start < stop or stop - start > MOST_SECONDS * source.rate or not source.loaded(start, stop):
        return None
    samples = read_floats(source, start, stop).astype(np.float64)
    found = _pitches(samples.mean(axis=1), source.rate)
    voiced = found[np.isfinite(found)]
    return Stretch(
        float(np.abs(samples).max()),
        float(np.sqrt((samples**2).mean())),
        float(np.median(voiced)) if voiced.size else None,
        voiced.size / found.size if found.size else 0.0,
    )


def _pitches(row: Row, rate: int) -> Row:
    """Return the pitch of windows that lie regularly in a stretch; none where not one fits into it."""
    size = round(WINDOW_MS * rate / 1000)
    last = row.size - size
    if last < 0:
        return np.zeros(0)
    step = max(size // 3, last // _MOST_WINDOWS, 1)
    return pitch(row, np.arange(0, last + 1, step, dtype=np.int64), rate)


class StretchMeasure:
    """Measures a stretch in the background, as soon as it has stayed the same for a moment.

    Attributes
    ----------
    changed
        Event: `found` is another one.
    """

    def __init__(self, tasks: Tasks, clock: Callable[[], float] = time.monotonic) -> None:
        self.changed = Event()
        self._tasks = tasks
        self._made: Derived[str, Stretch | None] = Derived(
            self._start, rest=REST_SECONDS, most=1, clock=clock
        )

    def show(self, sound: Signal | SampleSource | None, start: int = 0, stop: int = 0) -> None:
        """Measure ``[start, stop)`` of this sound; nothing of none."""
        self._made.want({} if sound is None else {"": (sound, start, stop)})

    @property
    def found(self) -> Stretch | None:
        """What is known of it; None while nothing is."""
        return self._made.value("")

    def _start(self, asked: Mapping[str, Inputs], job: Job) -> Future[Stretch | None]:
        sound, start, stop = asked[""]
        return self._tasks.submit(
            "measuring the selection",
            lambda _job: read_stretch(as_source(sound), start, stop),
            job,
            quiet=True,
        )

    @property
    def busy(self) -> bool:
        """Whether something is being measured, or is to be."""
        return self._made.busy

    def poll(self) -> None:
        """Take over what was measured."""
        if self._made.poll():
            self.changed.emit()

    def close(self) -> None:
        """Measure nothing any more."""
        self._made.drop()


def between(frames: int, rate: int) -> str:
    """Say how far apart two places are: samples, milliseconds, and the frequency with that period."""
    if frames <= 0:
        return "0 samples"
    return f"{counted(frames, 'sample')} · {1000.0 * frames / rate:.3f} ms · 1/T {rate / frames:.4g} Hz"
