"""What each method has of its own to choose when a panel is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QCheckBox, QFormLayout, QSizePolicy, QStackedWidget, QWidget

from gaplisten.panel.dialog_options import Count, Option, Several
from gaplisten.panel.methods import methods
from gaplisten.ui.fields import WholeField
from gaplisten.ui.translation import tr_said

Values = dict[str, Any]


def filled(form: QFormLayout, rows: Iterable[tuple[str, QWidget]]) -> None:
    """Add rows of a word and its field."""
    for text, field in rows:
        field.setAccessibleName(text)
        form.addRow(text, field)


class _Options(QWidget):
    """What one method has of its own; `values` are tables of the file."""

    def __init__(self, options: Sequence[Option]) -> None:
        super().__init__()
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._asked: list[tuple[Option, Callable[[], Any]]] = []
        self._ticks: dict[str, QCheckBox] = {}
        for option in options:
            self._asked.append((option, self._add(option)))

    def _add(self, option: Option) -> Callable[[], Any]:
        """Add the fields of an option; return what tells its value."""
        if isinstance(option, Count):
            return self._count(option)
        if isinstance(option, Several):
            boxes = {name: self._tick(tr_said(text), name in option.value) for name, text in option.choices}
            return lambda: [name for name, box in boxes.items() if box.isChecked()]
        box = self._ticks[option.key] = self._tick(tr_said(option.text), option.value)
        if not option.needs:
            return box.isChecked
        needed = self._ticks[option.needs]
        needed.toggled.connect(box.setEnabled)
        return lambda: needed.isChecked() and box.isChecked()

    def _tick(self, text: str, on: bool) -> QCheckBox:
        box = QCheckBox(text)
        box.setChecked(on)
        self._form.addRow(box)
        return box

    def _count(self, option: Count) -> Callable[[], int]:
        field = WholeField(minimum=option.lowest, maximum=option.highest, value=option.value)
        field.setSuffix(tr_said(option.suffix))
        field.setToolTip(tr_said(option.tip))
        filled(self._form, [(tr_said(option.text), field)])
        return field.value

    def values(self) -> dict[str, Values]:
        """Return tables by name."""
        made: dict[str, Values] = {}
        for option, value in self._asked:
            made.setdefault(option.table, {})[option.key] = value()
        return made


class MethodOptions(QStackedWidget):
    """The options of each method, no higher than those that are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        for method in methods():
            self.addWidget(_Options(method.dialog))
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
