"""The concealers of the window: which there are, and the lanes they make of the clip that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.audio.signal import Signal as Sound
from gaplisten.bench.bench import LaneBench
from gaplisten.bench.lanes import Lane
from gaplisten.bench.state import Choice
from gaplisten.errors import GaplistenError
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.background import Tasks

RENDER_POLL_MS = 5  # a tenth of what a rendering takes: a knob is heard that much sooner


class Concealing(QObject):
    """Catalogue, runner and bench.

    Signals
    -------
    catalogue_changed
        The concealers were read (again).
    rendered
        A rendering has finished or failed.
    """

    catalogue_changed = Signal()
    rendered = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.catalogue: Any = None
        self._tasks = tasks
        self._runner: Any = None
        self._bench = LaneBench(self._entry, self._submit)
        self._timer = QTimer(self, interval=RENDER_POLL_MS)
        self._timer.timeout.connect(self._poll)

    def load(self) -> None:
        """Look for concealers, on a thread: describing a new plugin starts a process."""
        self._tasks.run("reading concealers", lambda _job: _scan(), self._take)

    def use(self, catalogue: Any, runner: Any) -> None:
        """Take these concealers and this runner (tests bring their own)."""
        self._runner = runner
        self._take(catalogue)

    def _take(self, catalogue: Any) -> None:
        self.catalogue = catalogue
        self.catalogue_changed.emit()

    def _entry(self, name: str) -> Any:
        if self.catalogue is None:
            raise GaplistenError(name, "the concealers are still being read")
        return self.catalogue.get(name)

    def _submit(self, *arguments: Any, **named: Any) -> Any:
        if self._runner is None:
            self._runner = _made_runner()
        return self._runner.submit(*arguments, **named)

    def set_material(self, lossy: Sound | None, trace: LossTrace | None, *, same_clip: bool = False) -> None:
        """Say what is to be concealed."""
        self._bench.set_material(lossy, trace, same_clip=same_clip)

    def wish(self, choices: Sequence[Choice]) -> None:
        """Have a lane for each choice."""
        if self.catalogue is None:
            return
        self._bench.wish(choices)
        if self._bench.busy:
            self._timer.start()

    def _poll(self) -> None:
        changed = self._bench.poll()
        if not self._bench.busy:
            self._timer.stop()
        if changed:
            self.rendered.emit()

    @property
    def busy(self) -> bool:
        """Whether a rendering is under way."""
        return self._bench.busy

    def lanes(self) -> tuple[Lane, ...]:
        """Return the lanes as they are now."""
        return self._bench.lanes()

    def result(self, ident: str) -> Any:
        """Return how a lane was made (`Concealed`); None while there is nothing."""
        return self._bench.result(ident)

    def close(self) -> None:
        """Cancel everything and end the processes."""
        self._timer.stop()
        self._bench.drop()
        if self._runner is not None:
            self._runner.close()


def _made_runner() -> Any:
    from gaplisten.concealers.cache import Cache
    from gaplisten.concealers.runner import Runner

    return Runner(cache=Cache())


def _scan() -> Any:
    from gaplisten.concealers.catalogue import Catalogue

    return Catalogue.scan()
