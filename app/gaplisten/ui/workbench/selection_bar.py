"""The strip that tells what is selected: start, end and length to type, and what lies between."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from gaplisten.audio.ruler import RulerUnit
from gaplisten.bench.clock import Clock
from gaplisten.ui.fields import ChoiceField, NumberField
from gaplisten.ui.theme import figures
from gaplisten.ui.translation import tr

DECIMALS = {RulerUnit.SECONDS: 6, RulerUnit.FRAMES: 0, RulerUnit.PACKETS: 4}
NAMES = {RulerUnit.SECONDS: "s", RulerUnit.FRAMES: tr("frames"), RulerUnit.PACKETS: tr("packets")}


class SelectionBar(QFrame):
    """The strip.

    Signals
    -------
    typed
        ``(start, stop)`` in frames.
    closed
        Nothing is to be selected any more.
    """

    typed = Signal(int, int)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.setAccessibleName(tr("Selection"))
        self._clock = Clock(1, 0)
        self._span = (0, 0)
        self._row = QHBoxLayout()
        self._row.setSpacing(4)
        self.start, self.stop, self.length = (
            self._field(name, shown)
            for name, shown in (("Start", tr("Start")), ("End", tr("End")), ("Length", tr("Length")))
        )
        self.unit = ChoiceField(self)
        self.unit.setAccessibleName(tr("Unit of the selection"))
        self.unit.currentIndexChanged.connect(self._show)
        self._row.addWidget(self.unit)
        self.told = QLabel(self)
        self.told.setFont(figures())
        self.told.setAccessibleName(tr("What is selected"))
        # It may be cut where the window is small; its tooltip tells all.
        self.told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._row.addStretch(1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(10, 3, 6, 3)
        rows.setSpacing(2)
        rows.addLayout(self._row)
        rows.addWidget(self.told)
        self.hide()

    def _field(self, name: str, shown: str) -> NumberField:
        label = QLabel(shown, self)
        field = NumberField(self)
        label.setBuddy(field)
        field.setAccessibleName(tr("{name} of the selection", name=shown))
        field.setKeyboardTracking(False)
        field.setButtonSymbols(NumberField.ButtonSymbols.NoButtons)
        field.setFixedWidth(field.fontMetrics().horizontalAdvance("0000.000000 ") + 16)
        field.valueChanged.connect(lambda _value, name=name: self._typed(name))
        self._row.addWidget(label)
        self._row.addWidget(field)
        return field

    def add_actions(self, actions: list[QAction]) -> None:
        """Have a button for each, and one that closes the strip."""
        for action in actions:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._row.addWidget(button)
        close = QToolButton(self)
        close.setText("✕")
        close.setToolTip(tr("Select nothing"))
        close.setAccessibleName(tr("Select nothing"))
        close.setAutoRaise(True)
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.clicked.connect(self.closed)
        self._row.addWidget(close)

    def show_span(self, span: tuple[int, int] | None, clock: Clock) -> None:
        """Show what is selected; with None, that nothing is."""
        if clock.units != self._clock.units or not self.unit.count():
            kept = self.unit.currentData()
            self.unit.blockSignals(True)
            self.unit.clear()
            for unit in clock.units:
                self.unit.addItem(NAMES[unit], unit)
            self.unit.setCurrentIndex(max(self.unit.findData(kept), 0))
            self.unit.blockSignals(False)
        self._clock, self._span = clock, span or (0, 0)
        self._show()

    def say(self, text: str) -> None:
        """Tell what lies between."""
        self.told.setText(text)
        self.told.setToolTip(text)

    def _show(self) -> None:
        unit = RulerUnit(self.unit.currentData())
        start, stop = self._span
        clock = self._clock
        values = (clock.place(start, unit), clock.place(stop, unit), clock.length(stop - start, unit))
        most = (clock.place(clock.frames, unit),) * 2 + (clock.length(clock.frames, unit),)
        for field, value, largest in zip((self.start, self.stop, self.length), values, most, strict=True):
            field.blockSignals(True)
            field.setDecimals(DECIMALS[unit])
            field.setRange(0.0, max(largest, value))
            field.setValue(value)
            field.blockSignals(False)

    def _typed(self, name: str) -> None:
        unit, clock = RulerUnit(self.unit.currentData()), self._clock
        start, stop = self._span
        if name == "Start":
            start = clock.frame(self.start.value(), unit)
            stop = max(stop, start)
        elif name == "End":
            stop = clock.frame(self.stop.value(), unit)
            start = min(start, stop)
        else:
            stop = min(start + clock.length_frames(self.length.value(), unit), clock.frames)
        self.typed.emit(start, stop)
        self._show()  # what cannot be is put right in the fields
