"""Which measures have columns, and from where on each is flagged."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench import gap_wording as wording
from gaplisten.bench.state import GapChoices
from gaplisten.loss.measures import MEASURES, Direction, Measure
from gaplisten.ui.fields import NumberField
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel, Scrolled, resize_within

_SIGNS = {Direction.HIGH: "≥", Direction.LOW: "≤", Direction.BOTH: "±"}


class MeasuresDialog(QDialog):
    """Takes effect at once; there is nothing to confirm.

    Signals
    -------
    choices_made
        The choices as they are now.
    """

    choices_made = Signal(object)

    def __init__(self, chosen: GapChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Measures and Thresholds"))
        self.setModal(False)
        self._chosen = chosen
        self.boxes: dict[str, QCheckBox] = {}
        self.limits: dict[str, NumberField] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        for column, text in ((0, tr("Column")), (1, tr("Flagged (!) from")), (4, tr("What it is"))):
            grid.addWidget(QuietLabel(text), 0, column, 1, 3 if column == 1 else 1)
        for row, measure in enumerate(MEASURES, 1):
            self._add(grid, row, measure)
        grid.setColumnStretch(4, 1)
        self.lossy = QCheckBox(tr("Columns for the lossy lane, too"), self)
        self.lossy.toggled.connect(lambda on: self._change(replace(self._chosen, lossy=on)))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.RestoreDefaults | QDialogButtonBox.StandardButton.Close, self
        )
        buttons.rejected.connect(self.reject)
        reset = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        reset.clicked.connect(lambda: self._change(replace(GapChoices(), worst=self._chosen.worst)))
        layout = QVBoxLayout(self)
        rows = QWidget(self)
        rows.setLayout(grid)
        grid.setContentsMargins(0, 0, 0, 0)
        area = Scrolled(rows)
        layout.addWidget(area, 1)
        layout.addWidget(self.lossy)
        layout.addWidget(buttons)
        wanted = rows.sizeHint() + layout.sizeHint() - area.sizeHint()
        resize_within(self, rows.sizeHint().width() + 50, wanted.height())
        self.show_choices(chosen)

    def _add(self, grid: QGridLayout, row: int, measure: Measure) -> None:
        box = QCheckBox(tr_said(measure.title), self)
        box.toggled.connect(lambda on, key=measure.key: self._change(self._chosen.with_shown(key, on)))
        self.boxes[measure.key] = box
        grid.addWidget(box, row, 0)
        if measure.threshold is None:
            grid.addWidget(QuietLabel(tr("never")), row, 2)
        else:
            grid.addWidget(QLabel(_SIGNS[measure.direction], self), row, 1, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(self._limit(measure), row, 2)
            grid.addWidget(QuietLabel(tr_said(measure.unit)), row, 3)
        what = QuietLabel(
            f"{tr_said(measure.help)}{tr(' (needs the reference)') if measure.needs_reference else ''}"
        )
        what.setToolTip(tr_said(wording.definition(measure, measure.threshold)))
        box.setToolTip(what.toolTip())
        grid.addWidget(what, row, 4)

    def _limit(self, measure: Measure) -> NumberField:
        spin = NumberField(self)
        low = -10_000.0 if measure.direction is Direction.LOW else 0.0
        spin.setRange(low, 10_000.0)
        spin.setDecimals(2)
        spin.setSingleStep(measure.step)
        spin.setKeyboardTracking(False)
        spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        spin.setAccessibleName(tr("Threshold of {measure_title}", measure_title=tr_said(measure.title)))
        spin.valueChanged.connect(
            lambda value, key=measure.key: self._change(self._chosen.with_threshold(key, value))
        )
        self.limits[measure.key] = spin
        return spin

    def _change(self, chosen: GapChoices) -> None:
        if chosen != self._chosen:
            self.show_choices(chosen)
            self.choices_made.emit(chosen)

    def show_choices(self, chosen: GapChoices) -> None:
        """Show these choices."""
        self._chosen = chosen
        for key, box in self.boxes.items():
            with QSignalBlocker(box):
                box.setChecked(key in chosen.shown)
        for measure in MEASURES:
            spin, limit = self.limits.get(measure.key), chosen.threshold(measure)
            if spin is not None and limit is not None:
                with QSignalBlocker(spin):
                    spin.setValue(limit)
        with QSignalBlocker(self.lossy):
            self.lossy.setChecked(chosen.lossy)
