"""A report of conditions that were scored: the button, how far it is, and the page once it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QProgressBar, QPushButton, QWidget

from gaplisten.batch.comparison import Comparison
from gaplisten.batch.items import Version
from gaplisten.bench.tasks import Tasks
from gaplisten.errors import GaplistenError
from gaplisten.report.set_work import Reported, write_report
from gaplisten.ui.batch.run import BatchRun
from gaplisten.ui.translation import tr, tr_said

_STEPS = 1000
Known = Callable[[Comparison], Mapping[str, Sequence[Version]]]


class ReportRow(QWidget):
    """Writes the page that ``gaplisten compare --report`` writes.

    Parameters
    ----------
    known
        Returns the versions that were scored, by condition.

    Signals
    -------
    said
        A sentence to show, and whether it warns.
    """

    said = Signal(str, bool)

    def __init__(self, comparison: Comparison, tasks: Tasks, known: Known, parent: QWidget) -> None:
        super().__init__(parent)
        self._comparison, self._known = comparison, known
        self._written: Path | None = None
        self.run = BatchRun(tasks, self)
        self.run.progressed.connect(self._progressed)
        self.run.finished.connect(self._finished)
        self.run.failed.connect(self._failed)
        self.run.stopped.connect(self._stopped)
        self.choose = QPushButton(tr("Report…"), self)
        self.against = QMenu(self.choose)
        for name in comparison.conditions:
            action = self.against.addAction(
                tr("Against {value}…", value=name or tr("unnamed")).replace("&", "&&")
            )
            action.triggered.connect(lambda _checked=False, name=name: self._ask(name))
        self.choose.setMenu(self.against)
        few = len(comparison.conditions) < 2
        self.choose.setEnabled(not few)
        self.choose.setToolTip(
            tr("A report needs two conditions")
            if few
            else tr("One page with scores, gaps that became worse, and the worst findings to hear")
        )
        self.bar = QProgressBar(self, maximum=_STEPS, textVisible=False)
        self.bar.setAccessibleName(tr("Progress of the report"))
        self.bar.setFixedSize(120, 8)
        self.stop = QPushButton(tr("Stop"), self)
        self.stop.clicked.connect(self.run.stop)
        self.open = QPushButton(tr("Open Report"), self)
        self.open.clicked.connect(self.show_page)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.choose, self.bar, self.stop, self.open):
            row.addWidget(widget)
        self._show(running=False)

    def _show(self, *, running: bool) -> None:
        self.choose.setVisible(not running)
        self.bar.setVisible(running)
        self.stop.setVisible(running)
        self.stop.setEnabled(True)
        self.open.setVisible(not running and self._written is not None)

    def _ask(self, base: str) -> None:
        name, _ = QFileDialog.getSaveFileName(self, tr("Save Report"), "report.html", tr("Page (*.html)"))
        if name:
            path = Path(name)
            self.write(base, path if path.suffix else path.with_suffix(".html"))

    def write(self, base: str, path: Path) -> None:
        """Begin to write the page of all conditions against `base`."""
        if self.run.running:
            return
        try:
            found = self._known(self._comparison)
        except GaplistenError as error:
            self.said.emit(tr_said(error), True)
            return
        self._written = None
        self.run.start(tr("report"), lambda job: write_report(path, self._comparison, found, base, job))
        self._show(running=True)

    def show_page(self) -> None:
        """Open the page in the browser."""
        if self._written is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written)))

    def _progressed(self, fraction: float, sentence: str) -> None:
        self.bar.setValue(round(_STEPS * fraction))
        self.said.emit(tr("Writing the report: {sentence}", sentence=sentence), False)
        if self.run.stopping:
            self.stop.setEnabled(False)

    def _finished(self, reported: Reported) -> None:
        self._written = reported.path
        self._show(running=False)
        self.said.emit(str(reported), bool(reported.doubts or reported.missing))

    def _failed(self, error: Exception) -> None:
        self._show(running=False)
        self.said.emit(tr_said(error), True)

    def _stopped(self) -> None:
        self._show(running=False)
        self.said.emit(
            tr("Stopped: no report was written. What was measured is kept for the next time."), False
        )
