"""The sound behind the lanes: pyramids of each lane, of residuals, and of what was altered."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import QObject, Signal

from gaplisten.audio.difference import AlteredSource, DifferenceSource
from gaplisten.audio.filemap import SampleSource, as_source
from gaplisten.audio.peaks import PeakPyramid
from gaplisten.audio.signal import Signal as Sound
from gaplisten.bench.derived import Inputs
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes.scene import LaneView
from gaplisten.ui.lanes.store import PyramidStore
from gaplisten.ui.translation import tr


@dataclass(frozen=True, slots=True)
class Altering:
    """How altered received samples are looked for.

    Parameters
    ----------
    received
        Key of the lane that holds what was received.
    tolerance
        Differences up to this count as none, full scale 1.0.
    """

    received: int
    tolerance: float = 0.0


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is drawn of a lane now: the source and its pyramids."""

    source: SampleSource
    peaks: PeakPyramid | None
    altered: PeakPyramid | None
    note: str


class LaneData(QObject):
    """Keeps a pyramid for whatever is drawn, and nothing else.

    Signals
    -------
    progressed
        More is known; repaint.
    failed
        ``(lane key, sentence)``.
    """

    progressed = Signal()
    failed = Signal(int, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes: dict[int, LaneView] = {}
        self._sources: dict[int, SampleSource] = {}
        self._base: int | None = None
        self._altering: Altering | None = None
        self._trace: LossTrace | None = None
        self._store = PyramidStore(self._made, self._in_memory, self)
        self._store.progressed.connect(self.progressed)
        self._store.failed.connect(self._note_failure)

    def set_lanes(self, lanes: Sequence[LaneView]) -> None:
        """Show these lanes; sources that are the same objects as before are not read again."""
        before, self._lanes = self._lanes, {lane.key: lane for lane in lanes}
        for key, lane in self._lanes.items():
            if key not in before or before[key].source is not lane.source:
                self._sources[key] = as_source(lane.source)
        self._sources = {key: self._sources[key] for key in self._lanes}
        self._settle()

    def set_trace(self, trace: LossTrace | None) -> None:
        """Know which packets were lost (altered samples are looked for in the others)."""
        self._trace = trace
        self._settle()

    def set_base(self, key: int | None) -> None:
        """Subtract this lane from all others, or none."""
        self._base = key
        self._settle()

    def set_altering(self, altering: Altering | None) -> None:
        """Look for altered received samples, or do not."""
        self._altering = altering
        self._settle()

    def drawn(self, key: int) -> Drawn:
        """Return what to draw of a lane."""
        name = self._name("residual" if self._residual(key) else "peaks", key)
        peaks = self._store.get(name)
        source = peaks.source if peaks is not None else self._sources[key]
        return Drawn(source, peaks, self._store.get(self._name("altered", key)), self._note(key, peaks))

    @property
    def busy(self) -> bool:
        """Whether anything is still being read."""
        return self._store.busy

    def glimpsed(self, key: int) -> bool:
        """Whether there is at least a coarse picture of a lane."""
        peaks = self.drawn(key).peaks
        return peaks is not None and (peaks.glimpsed or peaks.complete)

    @property
    def loudest(self) -> float:
        """Largest magnitude known of any lane, full scale 1.0."""
        pyramids = (self.drawn(key).peaks for key in self._lanes)
        return max((peaks.loudest for peaks in pyramids if peaks is not None), default=0.0)

    def close(self) -> None:
        """Give up all reading."""
        self._store.close()

    def _residual(self, key: int) -> bool:
        return self._base is not None and self._base in self._lanes and key != self._base

    def _name(self, kind: str, key: int) -> Hashable:
        return (kind, key)

    def _note(self, key: int, peaks: PeakPyramid | None) -> str:
        errors = (self._store.error(self._name(kind, key)) for kind in ("peaks", "residual", "altered"))
        if error := next(filter(None, errors), ""):
            return error
        if peaks is not None and not peaks.complete:
            return tr("reading {fraction:.0%}", fraction=peaks.fraction)
        if self._residual(key) and self._base is not None:
            return tr("minus {name}", name=self._lanes[self._base].name)
        if self._base == key and len(self._lanes) > 1:
            return tr("subtracted")
        return ""

    def _settle(self) -> None:
        """Begin what is missing and drop what is not shown any more."""
        self._store.want(self._wanted())

    def _wanted(self) -> dict[Hashable, Inputs]:
        wanted: dict[Hashable, Inputs] = {}
        for key, source in self._sources.items():
            if self._residual(key) and self._base is not None:
                wanted[self._name("residual", key)] = (source, self._sources[self._base])
            else:
                wanted[self._name("peaks", key)] = (source,)
            altering = self._altering
            if self._lanes[key].own_loss:  # it did not get what the received lane shows
                continue
            if altering and self._trace and altering.received in self._sources and key != altering.received:
                received = self._sources[altering.received]
                wanted[self._name("altered", key)] = (source, received, self._trace, altering)
        return wanted

    def _made(self, inputs: Inputs) -> SampleSource:
        match inputs:
            case (source, received, LossTrace() as trace, Altering() as altering):
                return AlteredSource(source, received, trace.spans, altering.tolerance)
            case (one, other):
                return DifferenceSource(one, other)
            case _:
                return cast("SampleSource", inputs[0])

    def _in_memory(self, inputs: Inputs) -> bool:
        held = {id(self._sources[key]) for key, lane in self._lanes.items() if isinstance(lane.source, Sound)}
        sources = [item for item in inputs if not isinstance(item, LossTrace | Altering)]
        return all(id(source) in held for source in sources)

    def _note_failure(self, name: tuple[str, int], sentence: str) -> None:
        self.failed.emit(name[1], sentence)
        self.progressed.emit()
