"""Conceal > Audit: measure a concealer in the window, and mark those that are not what they declare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from gaplisten.bench.audit_subjects import Speech, Subject, record, run_audit, subjects, verdict_of
from gaplisten.bench.concealing import idents
from gaplisten.bench.tasks import Task
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.findings import Audit
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.tables import write_csv
from gaplisten.ui.actions import section
from gaplisten.ui.audit.dialog import AuditDialog, number
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_said

COMMANDS = section("Conceal", "audit")(
    (
        "conceal.audit",
        "Audit…",
        "Ctrl+Shift+A",
        "Measure a concealer's look-ahead, time, determinism and leaks",
    ),
)

Auditor = Callable[[Subject, Speech, float, Job], Audit]
Known = tuple[str, str, tuple[tuple[str, str], ...]]


def known_as(entry: Entry, parameters: dict[str, object]) -> Known:
    """Return what an audit holds for: this very file with these parameters."""
    return entry.name, entry.digest, tuple(sorted((name, repr(value)) for name, value in parameters.items()))


class Audits(QObject):
    """Runs audits, keeps them while the program runs, and marks the cards."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self._auditor: Auditor = run_audit
        self._tasks = shell.controller.tasks
        self._task: Task | None = None
        self.audits: dict[Known, Audit] = {}
        self.dialog: AuditDialog | None = None
        self._timer = QTimer(self, interval=100)
        self._timer.timeout.connect(self._progress)
        shell.actions.bind("conceal.audit", self.open)
        signals = shell.signals
        signals.catalogue_changed.connect(self._on_catalogue)
        signals.document_changed.connect(self._offer)
        signals.lanes_changed.connect(self._offer)
        signals.closed.connect(self.close)
        shell.made_way.connect(self._make_way)

    def _make_way(self) -> None:
        """Stop, and close the dialog: a listening panel has the screen."""
        if self.dialog is not None:
            self.stop()
            self.dialog.close()

    def close(self) -> None:
        """Stop what is under way."""
        self._timer.stop()
        self._tasks.cancel(self._task)

    # -- the dialog -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Show the dialog; the concealer that is heard is chosen."""
        first = self.dialog is None
        if self.dialog is None:
            self.dialog = AuditDialog(self._shell.window)
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
        heard = self._controller.hearing.heard
        for place in range(dialog.concealer.count()):
            if dialog.concealer.itemData(place).lane == heard:
                dialog.concealer.setCurrentIndex(place)

    def _on_catalogue(self) -> None:
        self._offer()
        self._mark()

    def _offer(self) -> None:
        catalogue = self._controller.catalogue
        if self.dialog is None or catalogue is None or self._task is not None or not self.dialog.isVisible():
            return
        self.dialog.offer(self._subjects(), self._speeches())

    def _subjects(self) -> tuple[Subject, ...]:
        controller = self._controller
        controller.consent.hold_back_changed()
        choices = controller.document.work.choices
        keys = {lane.ident: lane.key for lane in controller.lanes}
        lanes = [keys.get(ident) for ident in idents(choices)]
        return subjects(controller.catalogue.entries, choices, lanes)

    def _speeches(self) -> list[tuple[str, Speech]]:
        found = [(tr("The bundled demo speech"), Speech())]
        opened = self._controller.opened
        if opened is not None and opened.reference is not None:
            name = opened.clip.name
            speech = Speech(tr("reference of {name}", name=name), opened.reference, opened.clip.reference)
            found.append((tr("The reference of {name}", name=name), speech))
        return found

    # -- an audit -------------------------------------------------------------------------------------

    def start(self, subject: Subject, speech: Speech) -> None:
        """Measure; one at a time."""
        if self._task is not None or self.dialog is None:
            return
        trace = self._controller.trace
        known = trace is not None and trace.grid is not None and speech.signal is not None
        packet_ms = trace.packet_ms if trace is not None and known else 20.0
        self.dialog.show_audit(None)
        self.dialog.show_running(True)
        self._task = self._tasks.run(
            tr("auditing {entry_title}", entry_title=subject.entry.title),
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
            self.dialog.show_error(tr_said(error))

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
        catalogue = self._controller.catalogue
        if catalogue is not None:
            digests = {entry.name: getattr(entry, "digest", "") for entry in catalogue.entries}
            current = [audit for known, audit in self.audits.items() if digests.get(known[0]) == known[1]]
            by_name = {
                audit.entry.name: [each for each in current if each.entry.name == audit.entry.name]
                for audit in current
            }
            self._shell.audited.emit({name: marked(own) for name, own in by_name.items()})

    # -- saving ---------------------------------------------------------------------------------------

    def _ask_file(self) -> None:
        if self.dialog is None or self.dialog.audit is None:
            return
        name = f"audit-{self.dialog.audit.entry.name}.csv"
        chosen, _ = QFileDialog.getSaveFileName(self.dialog, tr("Save the Audit"), name, tr("Table (*.csv)"))
        if chosen:
            self.save(self.dialog.audit, Path(chosen))

    def save(self, audit: Audit, path: Path) -> None:
        """Write the findings with how they were obtained."""
        path = path if path.suffix else path.with_suffix(".csv")
        try:
            write_csv(path, record(audit))
        except GaplistenError as error:
            self._shell.report(error)
        else:
            self._shell.say(tr("saved {path}", path=path))


def marked(audits: Sequence[Audit]) -> tuple[str, str, bool]:
    """Return what audits of one concealer say of it: in words, in full, and whether it is a warning."""
    kinds = {
        "declares falsely": [finding for audit in audits for finding in audit.lies],
        "fails": [finding for audit in audits for finding in audit.failures],
        "not provable": [finding for audit in audits for finding in audit.doubts],
        "cannot keep up": [finding for audit in audits for finding in audit.late],
    }
    worst = next((kind for kind, found in kinds.items() if found), "")
    measures = dict.fromkeys(finding.measure for finding in kinds.get(worst, ()))
    text = f"! {tr_said(worst)}: {', '.join(map(tr_said, measures))}" if worst else tr("audited")
    return text, "\n".join(map(_told, audits)), bool(worst)


def _told(audit: Audit) -> str:
    lines = [tr_said(verdict_of(audit))]
    for one in audit.lies:
        declared, measured = number(one.declared, one.unit), number(one.measured, one.unit)
        lines.append(
            tr(
                "{measure}: declared {declared}, measured {measured}. {note}",
                measure=tr_said(one.measure),
                declared=declared,
                measured=measured,
                note=tr_said(one.note),
            )
        )
    lines += [
        f"{tr_said(one.measure)}: {tr_said(one.note)}" for one in (*audit.failures, *audit.doubts) if one.note
    ]
    return "\n".join(lines)


PANE = Pane("audit", Audits, COMMANDS, place=65)
