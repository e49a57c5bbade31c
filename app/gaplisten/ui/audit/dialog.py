"""The audit: choose a concealer, measure it, read what it declares beside what it does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.audit_subjects import Speech, Subject, verdict_of
from gaplisten.concealers.findings import Audit, Finding, Verdict
from gaplisten.tables import Cell
from gaplisten.ui.audit.bars import LimitBars, bars_of
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.theme import figures, warning_colour
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel, plain_table, resize_within

COLUMNS = (
    tr("Measure", context="noun"),
    tr("Declared"),
    tr("Measured"),
    tr("Limit"),
    tr("Verdict"),
    tr("Note"),
)
_BAD = (Verdict.LIES, Verdict.DOUBT, Verdict.OVER, Verdict.LATE, Verdict.FAILS)


class AuditDialog(QDialog):
    """Not modal.

    Signals
    -------
    audit_wanted
        A `Subject` and the `Speech` to measure it on.
    stop_wanted
        The audit under way should stop.
    save_wanted
        The findings that are shown should be saved.
    subject_changed
        Another concealer was chosen.
    """

    audit_wanted = Signal(object, object)
    stop_wanted = Signal()
    save_wanted = Signal()
    subject_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Audit a Concealer"))
        self.audit: Audit | None = None
        self.concealer = self._combo(tr("Concealer"), tr("What to measure, with the parameters it has now"))
        self.speech = self._combo(tr("Speech"), tr("Clean speech; losses are made by the audit"))
        self.start = self._button(
            tr("Measure"), tr("Run the concealer some eighty times in a process of its own")
        )
        self.start.setDefault(True)
        self.stop = self._button(tr("Cancel"), tr("Stop measuring"))
        self.save = self._button(tr("Save as CSV…"), tr("Save the findings and how they were obtained"))
        self.close_button = self._button(tr("Close"), tr("Close; the findings are kept until Gaplisten ends"))
        self.progress = QProgressBar(self, maximum=1000)
        self.progress.setAccessibleName(tr("Progress of the audit"))
        self.verdict = QuietLabel("", self, wrap=True)
        self.verdict.setAccessibleName(tr("Outcome"))
        self.bars = LimitBars(self)
        self.bars.hide()
        self.table = self._made_table()
        self._lay_out()
        self._connect()
        self.show_running(False)
        resize_within(self, 820, 620)

    def _combo(self, name: str, tip: str) -> ChoiceField:
        box = ChoiceField(self)
        box.setAccessibleName(name)
        box.setToolTip(tip)
        box.setMinimumContentsLength(24)
        return box

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    def _made_table(self) -> QTableWidget:
        table = QTableWidget(0, len(COLUMNS), self)
        table.setHorizontalHeaderLabels(COLUMNS)
        plain_table(table, tr("Findings"))
        table.setAlternatingRowColors(True)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setStretchLastSection(True)
        return table

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Concealer"), self.concealer)
        form.addRow(tr("Speech"), self.speech)
        running = QHBoxLayout()
        for widget in (self.start, self.stop):
            running.addWidget(widget)
        running.addWidget(self.progress, 1000)
        running.addStretch(1)  # takes the room while there is no progress
        ending = QHBoxLayout()
        ending.addWidget(self.save)
        ending.addStretch(1)
        ending.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addLayout(running)
        layout.addWidget(self.verdict)
        layout.addWidget(self.bars)
        layout.addWidget(self.table, 1)
        layout.addLayout(ending)
        order = (self.concealer, self.speech, self.start, self.stop, self.table, self.save, self.close_button)
        for one, other in pairwise(order):
            self.setTabOrder(one, other)

    def _connect(self) -> None:
        self.start.clicked.connect(self._start)
        self.stop.clicked.connect(self.stop_wanted)
        self.save.clicked.connect(self.save_wanted)
        self.close_button.clicked.connect(self.reject)
        self.concealer.currentIndexChanged.connect(lambda _place: self.subject_changed.emit())

    def _start(self) -> None:
        subject, speech = self.subject, self.speech.currentData()
        if subject is not None:
            self.audit_wanted.emit(subject, speech or Speech())

    # -- what can be chosen ---------------------------------------------------------------------------

    @property
    def subject(self) -> Subject | None:
        """What is chosen to be measured."""
        found: Subject | None = self.concealer.currentData()
        return found

    def offer(self, subjects: Sequence[Subject], speeches: Sequence[tuple[str, Speech]]) -> None:
        """Offer these concealers and this speech; what was chosen stays chosen where it still is there."""
        before = self.concealer.currentText()
        for box in (self.concealer, self.speech):
            box.blockSignals(True)
        self.concealer.clear()
        for subject in subjects:
            self.concealer.addItem(subject.title, subject)
        self.concealer.setCurrentIndex(max(self.concealer.findText(before), 0))
        kept = max(self.speech.currentIndex(), 0)
        self.speech.clear()
        for text, speech in speeches:
            self.speech.addItem(text, speech)
        self.speech.setCurrentIndex(min(kept, self.speech.count() - 1))
        for box in (self.concealer, self.speech):
            box.blockSignals(False)
        self.start.setEnabled(bool(subjects) and self.stop.isHidden())
        self.subject_changed.emit()

    # -- what is shown --------------------------------------------------------------------------------

    def show_running(self, running: bool, fraction: float = 0.0) -> None:
        """Show whether an audit is under way, and how far it is."""
        self.start.setEnabled(not running and self.concealer.count() > 0)
        for box in (self.concealer, self.speech):
            box.setEnabled(not running)
        for widget in (self.stop, self.progress):
            widget.setVisible(running)
        self.progress.setValue(round(1000 * fraction))
        if running:
            self.verdict.set_warning(False)
            self.verdict.setText(tr("measuring; the sound and the lanes go on meanwhile"))

    def show_error(self, text: str) -> None:
        """Say why there are no findings."""
        self.show_audit(None)
        self.verdict.setText(text)
        self.verdict.set_warning(True)

    def show_audit(self, audit: Audit | None) -> None:
        """Show findings, or none."""
        self.audit = audit
        self.save.setEnabled(audit is not None)
        self.bars.show_bars(bars_of(audit) if audit is not None else ())
        self.verdict.set_warning(audit is not None and not audit.certified)
        self.verdict.setText(_outcome(audit) if audit is not None else tr("not measured yet"))
        findings = audit.findings if audit is not None else ()
        self.table.setRowCount(len(findings))
        for row, finding in enumerate(findings):
            self._show_finding(row, finding)

    def _show_finding(self, row: int, finding: Finding) -> None:
        unit = finding.unit if finding.unit != "largest difference" else ""
        limit = "" if finding.limit is None else f"{finding.limit:g} {unit}".strip()
        verdict = tr_said(finding.verdict)
        texts = (
            tr_said(finding.measure),
            number(finding.declared, unit),
            number(finding.measured, unit),
            limit,
            f"! {verdict}" if finding.verdict in _BAD else verdict,
            tr_said(finding.note),
        )
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            if column in (1, 2, 3):
                item.setFont(figures())
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if finding.verdict in _BAD and column in (0, 2, 4):
                item.setForeground(QColor(warning_colour(self.palette())))
            item.setToolTip(text)
            self.table.setItem(row, column, item)


def _outcome(audit: Audit) -> str:
    packet = 1000.0 * audit.packet_frames / audit.rate
    where = tr(
        "measured on {material}, {rate} Hz, packets of {packet:g} ms",
        material=audit.material,
        rate=audit.rate,
        packet=packet,
    )
    return f"{tr_said(verdict_of(audit))}; {where}"


def number(value: Cell, unit: str) -> str:
    """Return a finding's value for people: as many digits as mean something, and the unit."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, float):
        return f"{value:.3g} {unit}".strip()
    return f"{value} {unit}".strip()
