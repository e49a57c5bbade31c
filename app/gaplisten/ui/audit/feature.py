"""Conceal > Audit: measure a concealer in the window, and mark those that are not what they declare."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from gaplisten.bench.audit_subjects import Speech, Subject, record, run_audit, subjects
from gaplisten.bench.concealing import idents
from gaplisten.bench.tasks import Task
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.findings import Audit
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.tables import write_csv
from gaplisten.ui.actions import Command
from gaplisten.ui.audit.dialog import AuditDialog
from gaplisten.ui.audit.marks import mark_cards

if TYPE_CHECKING:
    from gaplisten.ui.workbench.window import WorkbenchWindow

COMMANDS = (
    Command(
        "conceal.audit",
        "Audit…",
        "Ctrl+Shift+A",
        "Measure a concealer's look-ahead, time, determinism and leaks",
        "Conceal",
        "audit",
    ),
)

Auditor = Callable[[Subject, Speech, float, Job], Audit]
Known = tuple[str, str, tuple[tuple[str, str], ...]]


def known_as(entry: Entry, parameters: dict[str, object]) -> Known:
    """Return what an audit holds for: this very file with these parameters."""
    return entry.name, entry.digest, tuple(sorted((name, repr(value)) for name, value in parameters.items()))


class AuditFeature(QObject):
    """Runs audits, keeps them while the program runs, and marks the cards."""

    def __init__(self, window: WorkbenchWindow, auditor: Auditor = run_audit) -> None:
        super().__init__(window)
        self._window = window
        self._auditor = auditor
        self._tasks = window.controller.tasks
        self._task: Task | None = None
        self.audits: dict[Known, Audit] = {}
        self.dialog: AuditDialog | None = None
        self._timer = QTimer(self, interval=100)
        self._timer.timeout.connect(self._progress)
        window.actions_table.bind("conceal.audit", self.open)
        signals = window.signals
        signals.catalogue_changed.connect(self._on_catalogue)
        signals.document_changed.connect(self._offer)
        signals.lanes_changed.connect(self._offer)
        signals.closed.connect(self.close)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stop, and close the dialog, when the window makes way for a listening panel."""
        hidden = event.type() == QEvent.Type.Hide and not event.spontaneous()
        if watched is self._window and hidden and self.dialog is not None:
            self.stop()
            self.dialog.close()
        return super().eventFilter(watched, event)

    def close(self) -> None:
        """Stop what is under way."""
        self._timer.stop()
        self._tasks.cancel(self._task)

    # -- the dialog -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Show the dialog; the concealer that is heard is chosen."""
        first = self.dialog is None
        if self.dialog is None:
            self.dialog = AuditDialog(self._window)
            self.dialog.audit_wanted.connect(self.start)
            self.dialog.stop_wanted.connect(self.stop)
            self.dialog.save_wanted.connect(self._ask_file)
            self.dialog.subject_changed.connect(self._show_known)
        self.dialog.show()
        self._offer()
        if first or self._task is None:
            self._choose_heard(self.dialog)
        self.dialog.raise_()
        self.dialog.start.setFocus()

    def _choose_heard(self, dialog: AuditDialog) -> None:
        heard = self._window.controller.hearing.heard
        for place in range(dialog.concealer.count()):
            if dialog.concealer.itemData(place).lane == heard:
                dialog.concealer.setCurrentIndex(place)

    def _on_catalogue(self) -> None:
        self._offer()
        QTimer.singleShot(0, self, self._mark)  # the cards are made anew by another listener

    def _offer(self) -> None:
        catalogue = self._window.controller.catalogue
        if self.dialog is None or catalogue is None or self._task is not None or not self.dialog.isVisible():
            return
        self.dialog.offer(self._subjects(), self._speeches())

    def _subjects(self) -> tuple[Subject, ...]:
        controller = self._window.controller
        choices = controller.document.work.choices
        keys = {lane.ident: lane.key for lane in controller.lanes}
        lanes = [keys.get(ident) for ident in idents(choices)]
        return subjects(controller.catalogue.entries, choices, lanes)

    def _speeches(self) -> list[tuple[str, Speech]]:
        found = [("The bundled demo speech", Speech())]
        opened = self._window.controller.opened
        if opened is not None and opened.reference is not None:
            name = opened.clip.name
            found.append((f"The reference of {name}", Speech(f"reference of {name}", opened.reference)))
        return found

    # -- an audit -------------------------------------------------------------------------------------

    def start(self, subject: Subject, speech: Speech) -> None:
        """Measure; one at a time."""
        if self._task is not None or self.dialog is None:
            return
        trace = self._window.controller.trace
        known = trace is not None and trace.grid is not None and speech.signal is not None
        packet_ms = trace.packet_ms if trace is not None and known else 20.0
        self.dialog.show_audit(None)
        self.dialog.show_running(True)
        self._task = self._tasks.run(
            f"auditing {subject.entry.title}",
            lambda job: self._auditor(subject, speech, packet_ms, job),
            partial(self._done, subject),
            self._failed,
            quiet=True,
        )
        self._timer.start()

    def stop(self) -> None:
        """Stop measuring; what is known already stays."""
        self._tasks.cancel(self._task)
        self._ended()
        self._show_known()

    def _progress(self) -> None:
        if self._task is not None and self.dialog is not None:
            self.dialog.show_running(True, self._task.job.fraction)

    def _ended(self) -> None:
        self._task = None
        self._timer.stop()
        if self.dialog is not None:
            self.dialog.show_running(False)

    def _done(self, subject: Subject, audit: Audit) -> None:
        self._ended()
        self.audits[known_as(subject.entry, dict(subject.parameters))] = audit
        if self.dialog is not None:
            self.dialog.show_audit(audit)
        self._mark()

    def _failed(self, error: Exception) -> None:
        self._ended()
        if self.dialog is not None:
            self.dialog.show_error(str(error))

    # -- what is known --------------------------------------------------------------------------------

    def _show_known(self) -> None:
        if self.dialog is None or self._task is not None:
            return
        subject = self.dialog.subject
        known = None
        if subject is not None:
            known = self.audits.get(known_as(subject.entry, dict(subject.parameters)))
        self.dialog.show_audit(known)

    def _mark(self) -> None:
        catalogue = self._window.controller.catalogue
        if catalogue is not None:
            digests = {entry.name: getattr(entry, "digest", "") for entry in catalogue.entries}
            current = [audit for known, audit in self.audits.items() if digests.get(known[0]) == known[1]]
            mark_cards(self._window.concealers, current)

    # -- saving ---------------------------------------------------------------------------------------

    def _ask_file(self) -> None:
        if self.dialog is None or self.dialog.audit is None:
            return
        name = f"audit-{self.dialog.audit.entry.name}.csv"
        chosen, _ = QFileDialog.getSaveFileName(self.dialog, "Save the Audit", name, "Table (*.csv)")
        if chosen:
            self.save(self.dialog.audit, Path(chosen))

    def save(self, audit: Audit, path: Path) -> None:
        """Write the findings with how they were obtained."""
        path = path if path.suffix else path.with_suffix(".csv")
        try:
            write_csv(path, record(audit))
        except GaplistenError as error:
            self._window.report(error)
        else:
            self._window.controller.said.emit(f"saved {path}")


def install(window: WorkbenchWindow) -> None:
    """Add the audit to the workbench."""
    window.audit_feature = AuditFeature(window)  # type: ignore[attr-defined]  # keeps it alive
