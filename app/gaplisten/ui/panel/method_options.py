"""What each method has of its own to choose when a panel is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QCheckBox, QFormLayout, QSizePolicy, QSpinBox, QStackedWidget, QWidget

from gaplisten.panel.methods import FACTS, Method

Values = dict[str, Any]

_ANCHORS = {
    "anchor35": "anchor, low-pass 3.5 kHz",
    "anchor70": "anchor, low-pass 7 kHz",
    "lossy": "anchor, lost packets zeroed",
}
_KNOWN = {
    "clear_good": "Reference, known to be good",
    "clear_bad": "Bad speech, known to be bad",
    "reference_repeats": "Further ratings of the reference",
    "null_pairs": "Reference against itself",
}


def filled(form: QFormLayout, rows: Iterable[tuple[str, QWidget]]) -> None:
    """Add rows of a word and its field."""
    for text, field in rows:
        field.setAccessibleName(text)
        form.addRow(text, field)


class _Options(QWidget):
    """What one method has of its own; `values` are tables of the file."""

    def __init__(self) -> None:
        super().__init__()
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)

    def values(self) -> dict[str, Values]:
        """Return tables by name."""
        return {}

    def tick(self, text: str, on: bool) -> QCheckBox:
        """Add a box to tick."""
        box = QCheckBox(text)
        box.setChecked(on)
        self.form.addRow(box)
        return box


class _Known(_Options):
    """Trials with a known answer, mixed in; for methods with categories."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.known = {name: QSpinBox(minimum=0, maximum=1000) for name in names}
        filled(self.form, [(_KNOWN[name], field) for name, field in self.known.items()])
        for field in self.known.values():
            field.setSuffix(" trials")
            field.setToolTip("Mixed in among the others, one for each clip at most")

    def values(self) -> dict[str, Values]:
        return {"checks": {name: field.value() for name, field in self.known.items()}}


class _Mushra(_Options):
    def __init__(self) -> None:
        super().__init__()
        self.reference = self.tick("open and hidden reference", True)
        self.anchors = {name: self.tick(text, name != "lossy") for name, text in _ANCHORS.items()}
        self.hundred = self.tick("one recording must get 100", False)
        self.reference.toggled.connect(self.hundred.setEnabled)

    def values(self) -> dict[str, Values]:
        reference = self.reference.isChecked()
        anchors = [name for name, box in self.anchors.items() if box.isChecked()]
        return {
            "mushra": {"reference": reference, "anchors": anchors},
            "rules": {"need_hundred": reference and self.hundred.isChecked()},
        }


class _Preference(_Options):
    def __init__(self) -> None:
        super().__init__()
        self.no_preference = self.tick("“no preference” may be answered", True)
        self.reference = self.tick("open reference beside A and B", False)

    def values(self) -> dict[str, Values]:
        return {
            "ab": {"no_preference": self.no_preference.isChecked(), "reference": self.reference.isChecked()}
        }


class _Abx(_Options):
    def __init__(self) -> None:
        super().__init__()
        self.trials = QSpinBox(minimum=1, maximum=1000, value=16)
        filled(self.form, [("Trials of each pair", self.trials)])

    def values(self) -> dict[str, Values]:
        return {"abx": {"trials": self.trials.value()}}


def _options(method: Method) -> _Options:
    single, pairs = (Method.ACR, Method.ACR_EFFORT), (Method.DCR, Method.CCR)
    if method in single:
        return _Known(("clear_good", "clear_bad", "reference_repeats"))
    if method in pairs:
        return _Known(("clear_good", "clear_bad", "null_pairs"))
    own = {Method.MUSHRA: _Mushra, Method.AB: _Preference, Method.ABX: _Abx}
    return own.get(method, _Options)()


class MethodOptions(QStackedWidget):
    """The options of each method, no higher than those that are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        for method in FACTS:
            self.addWidget(_options(method))
        self.currentChanged.connect(lambda _: self.updateGeometry())

    @property
    def shown(self) -> _Options:
        """The options of the chosen method."""
        shown = self.currentWidget()
        assert isinstance(shown, _Options)
        return shown

    def sizeHint(self) -> QSize:
        """Return what the shown options need."""
        return self.shown.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return what the shown options cannot do without."""
        return self.shown.minimumSizeHint()
