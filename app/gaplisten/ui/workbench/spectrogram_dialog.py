"""How spectrograms are looked at, to be set while they are seen."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from gaplisten.audio.palettes import PALETTES
from gaplisten.audio.spectrum_look import SCALES, SpectrumLook
from gaplisten.ui.fields import ChoiceField, NumberField
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import QuietLabel

_WINDOWS = {
    4.0: tr("4 ms (very wide band)"),
    8.0: tr("8 ms (wide band)"),
    16.0: tr("16 ms"),
    32.0: tr("32 ms (narrow band)"),
    64.0: tr("64 ms (very narrow band)"),
}
_SCALE_NAMES = {"linear": tr("Linear"), "mel": tr("Mel"), "log": tr("Logarithmic")}


class SpectrogramDialog(QDialog):
    """Stays open beside the lanes; every change is seen at once.

    Signals
    -------
    chosen
        Spectrograms are to be looked at like this (`SpectrumLook`).
    """

    chosen = Signal(object)

    def __init__(self, look: SpectrumLook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Spectrogram Settings"))
        self._look = look
        self._form = QFormLayout()
        self.window_ms = self._choice(tr("Window"), dict(_WINDOWS))
        self.range_db = self._number(
            tr("Range"), 20.0, 120.0, " dB", tr("How many decibels the colours span")
        )
        self.gain_db = self._number(tr("Gain"), -40.0, 60.0, " dB", tr("Draw sound louder by so much"))
        self.low_hz = self._number(tr("From"), 0.0, 96_000.0, " Hz", tr("Frequency at the bottom"))
        self.high_hz = self._number(tr("To"), 0.0, 96_000.0, " Hz", tr("Frequency at the top"))
        self.high_hz.setSpecialValueText(tr("what the clip has"))
        self.scale = self._choice(tr("Scale"), {each: _SCALE_NAMES[each] for each in SCALES})
        self.palette_name = self._choice(tr("Colours"), {each: each.capitalize() for each in PALETTES})
        self.hatched = QCheckBox(tr("Hatch what was lost"), self)
        self.hatched.setToolTip(
            tr("Lost packets are marked by a bar above and lines at their edges in any case")
        )
        self.hatched.toggled.connect(self._choose)
        self._form.addRow(self.hatched)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.RestoreDefaults | QDialogButtonBox.StandardButton.Close, self
        )
        buttons.rejected.connect(self.close)
        defaults = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        defaults.clicked.connect(lambda: self.chosen.emit(SpectrumLook()))
        column = QVBoxLayout(self)
        column.addLayout(self._form)
        column.addWidget(
            QuietLabel(tr("Alt+wheel over a spectrogram zooms its frequencies."), self, wrap=True)
        )
        column.addWidget(buttons)
        self.show_look(look)

    def _choice(self, name: str, values: dict[float, str] | dict[str, str]) -> ChoiceField:
        field = ChoiceField(self)
        for value, text in values.items():
            field.addItem(text, value)
        field.currentIndexChanged.connect(self._choose)
        self._add(name, field)
        return field

    def _number(self, name: str, least: float, most: float, unit: str, tip: str) -> NumberField:
        field = NumberField(self)
        field.setRange(least, most)
        field.setDecimals(0)
        field.setSingleStep(500.0 if most > 1000.0 else 5.0)
        field.setSuffix(unit)
        field.setKeyboardTracking(False)
        field.setToolTip(tip)
        field.valueChanged.connect(self._choose)
        self._add(name, field)
        return field

    def _add(self, name: str, field: QWidget) -> None:
        label = QLabel(name, self)
        label.setBuddy(field)
        field.setAccessibleName(tr("{name} of spectrograms", name=name))
        self._form.addRow(label, field)

    def show_look(self, look: SpectrumLook) -> None:
        """Show how spectrograms are looked at."""
        self._look = look
        fields = (self.window_ms, self.range_db, self.gain_db, self.low_hz, self.high_hz)
        for field in (*fields, self.scale, self.palette_name, self.hatched):
            field.blockSignals(True)
        nearest = min(_WINDOWS, key=lambda ms: abs(ms - look.window_ms))
        self.window_ms.setCurrentIndex(self.window_ms.findData(nearest))
        self.range_db.setValue(look.range_db)
        self.gain_db.setValue(look.gain_db)
        self.low_hz.setValue(look.low_hz)
        self.high_hz.setValue(look.high_hz)
        self.scale.setCurrentIndex(self.scale.findData(look.scale))
        self.palette_name.setCurrentIndex(self.palette_name.findData(look.palette))
        self.hatched.setChecked(look.hatched)
        for field in (*fields, self.scale, self.palette_name, self.hatched):
            field.blockSignals(False)

    def _choose(self) -> None:
        look = replace(
            self._look,
            window_ms=float(self.window_ms.currentData()),
            range_db=self.range_db.value(),
            gain_db=self.gain_db.value(),
            low_hz=self.low_hz.value(),
            high_hz=self.high_hz.value(),
            scale=str(self.scale.currentData()),
            palette=str(self.palette_name.currentData()),
            hatched=self.hatched.isChecked(),
        )
        if look != self._look:
            self._look = look
            self.chosen.emit(look)
