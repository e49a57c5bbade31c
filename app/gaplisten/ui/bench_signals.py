"""The bench's events as Qt signals, and the timer that keeps the bench going."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.bench.controller import Controller

RENDERING_MS = 5  # a tenth of what a rendering takes: a knob is heard that much sooner
WORKING_MS = 15
IDLE_MS = 60
PLAYING_MS = 16  # the playhead moves with the screen


class BenchSignals(QObject):
    """One signal for each event of the controller and its hearing, with the same name and values; see there.

    Widgets listen here and not to the events: Qt forgets who listens when a widget goes, and one listener's
    surprise keeps the event from nobody else.
    """

    clips_changed = Signal()
    clip_changed = Signal()
    lanes_changed = Signal()
    lane_changed = Signal(int)
    trace_changed = Signal()
    loop_changed = Signal()
    notes_changed = Signal()
    catalogue_changed = Signal()
    consent_wanted = Signal()
    document_changed = Signal()
    levels_changed = Signal()
    doubts_changed = Signal()
    previewed = Signal()
    progressed = Signal(str, float, str)
    said = Signal(str)
    failed = Signal(object)
    clip_asked = Signal()
    clip_failed = Signal(object)
    closed = Signal()
    moved = Signal(object)
    heard_changed = Signal(int)

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        for name in EVENTS:
            getattr(controller, name).connect(getattr(self, name).emit)
        for name in _HEARD:
            getattr(controller.hearing, name).connect(getattr(self, name).emit)
        self._timer = QTimer(self, interval=IDLE_MS)
        self._timer.timeout.connect(self._poll)
        self._timer.start()
        self._playhead = QTimer(self, interval=PLAYING_MS)
        self._playhead.timeout.connect(self._listen)
        self._playhead.start()
        controller.stirred.connect(self._hurry)
        controller.closed.connect(self._timer.stop)
        controller.closed.connect(self._playhead.stop)

    def _listen(self) -> None:
        hearing = self._controller.hearing
        hearing.poll()
        self._playhead.setInterval(PLAYING_MS if hearing.moving else IDLE_MS)

    def _poll(self) -> None:
        try:
            self._controller.poll()
        finally:
            self._hurry()

    def _hurry(self) -> None:
        """Ask as often as what is under way deserves."""
        controller = self._controller
        interval = (
            RENDERING_MS if controller.concealing.busy else WORKING_MS if controller.working else IDLE_MS
        )
        if interval != self._timer.interval():
            self._timer.setInterval(interval)


_HEARD = ("moved", "heard_changed")
_SIGNALS = [name for name, each in vars(BenchSignals).items() if isinstance(each, Signal)]
EVENTS = tuple(name for name in _SIGNALS if name not in _HEARD)
"""Names of the controller's events that are signals."""
