"""A form made from a concealer's parameters: the right field, range, unit and help for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QStyle,
    QWidget,
)

from gaplisten.bench.state import Setting
from gaplisten.concealers.entries import Parameter
from gaplisten.ui.fields import ChoiceField, NumberField, WholeField, with_point
from gaplisten.ui.translation import tr, tr_parameter, tr_said

NOT_SET = "."  # what an empty path is in text
_WIDE = 1e9
_USUAL, _BUTTONS = "10000.0", 40  # a number that has room at least; its buttons in pixels


class ParameterForm(QWidget):
    """One field for each parameter.

    Parameters
    ----------
    of
        What has these parameters, where it came with the program: ``opus``, ``loss/random``. The window's
        language has its own names for those; a plugin of somebody else's keeps its words.

    Signals
    -------
    changed
        Name and value of a parameter that the user changed.
    """

    changed = Signal(str, object)

    def __init__(
        self, parameters: tuple[Parameter, ...], parent: QWidget | None = None, of: str = ""
    ) -> None:
        super().__init__(parent)
        self._of = of
        self._parameters = {parameter.name: parameter for parameter in parameters}
        self._setters: dict[str, Callable[[Any], None]] = {}
        self.fields: dict[str, QWidget] = {}
        self._labels: dict[str, QLabel] = {}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(3)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for parameter in parameters:
            field = self._field(parameter)
            label = self._labels[parameter.name] = QLabel(self._named(parameter.name), self)
            label.setBuddy(field)
            for widget in (field, label):
                widget.setToolTip(self._tip(parameter))
                widget.setStatusTip(tr_said(parameter.help))
            field.setAccessibleName(self._named(parameter.name))
            self.fields[parameter.name] = field
            layout.addRow(label, field)

    def name_fields(self, of: str) -> None:
        """Have screen readers say what the parameters are of: every concealer may have a ``hold``."""
        for name, field in self.fields.items():
            for widget in (field, self._labels[name]):
                widget.setAccessibleName(f"{of}: {self._named(name)}")

    def _named(self, name: str) -> str:
        return tr_parameter(self._of, name)

    def _tip(self, parameter: Parameter) -> str:
        """Return what is known of it; its name in files and commands first, where the window has another."""
        name = parameter.name
        unit = f" {tr_said(parameter.unit)}" if parameter.unit else ""
        lines = [
            name if self._named(name) != name.replace("_", " ") else "",
            tr_said(parameter.help),
            f"{parameter.range}{unit}" if parameter.range else "",
        ]
        if parameter.default is not None:
            lines.append(tr("default {default}{unit}", default=parameter.default, unit=unit))
        return "\n".join(line for line in lines if line)

    def show_values(self, values: Mapping[str, Setting]) -> None:
        """Show these values, and the defaults of the other parameters."""
        for name, parameter in self._parameters.items():
            field = self.fields[name]
            if field.hasFocus() and isinstance(field, QLineEdit):
                continue  # the user is typing there
            field.blockSignals(True)
            self._setters[name](values.get(name, parameter.default))
            field.blockSignals(False)

    def _field(self, parameter: Parameter) -> QWidget:
        makers: dict[str, Callable[[Parameter], QWidget]] = {
            "float": self._float,
            "int": self._int,
            "bool": self._bool,
            "choice": self._choice,
            "path": self._path,
        }
        typed = parameter.optional and parameter.type != "path"
        maker = self._text if typed else makers.get(parameter.type, self._text)
        return maker(parameter)

    def _tell(self, name: str) -> Callable[[Any], None]:
        return lambda value: self.changed.emit(name, value)

    def _float(self, parameter: Parameter) -> QWidget:
        low = -_WIDE if parameter.minimum is None else parameter.minimum
        high = _WIDE if parameter.maximum is None else parameter.maximum
        decimals = 1 if high - low > 50 else 3
        step = _step(high - low, float(parameter.default or 0.0))
        box = NumberField(self, decimals=decimals, minimum=low, maximum=high, singleStep=step)
        return self._number(parameter, box, float)

    def _int(self, parameter: Parameter) -> QWidget:
        low = -(2**31) if parameter.minimum is None else int(parameter.minimum)
        high = 2**31 - 1 if parameter.maximum is None else int(parameter.maximum)
        return self._number(parameter, WholeField(self, minimum=low, maximum=high), int)

    def _number(self, parameter: Parameter, box: Any, kind: Callable[[Any], float]) -> QWidget:
        box.setSuffix(f" {tr_said(parameter.unit)}" if parameter.unit else "")
        box.setKeyboardTracking(False)
        # By its range it would be as wide as the largest number there is, and have the pane cut it off.
        box.setMinimumWidth(box.fontMetrics().horizontalAdvance(f"{_USUAL}{box.suffix()}") + _BUTTONS)
        box.valueChanged.connect(self._tell(parameter.name))
        self._setters[parameter.name] = lambda value: box.setValue(kind(value or 0))
        return cast("QWidget", box)

    def _bool(self, parameter: Parameter) -> QWidget:
        box = QCheckBox(self)
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.toggled.connect(self._tell(parameter.name))
        self._setters[parameter.name] = lambda value: box.setChecked(bool(value))
        return box

    def _choice(self, parameter: Parameter) -> QWidget:
        box = ChoiceField(self)
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.setSizeAdjustPolicy(ChoiceField.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for choice in parameter.choices:
            box.addItem(str(choice), choice)
        box.activated.connect(lambda place: self.changed.emit(parameter.name, box.itemData(place)))
        self._setters[parameter.name] = lambda value: box.setCurrentIndex(box.findData(value))
        return box

    def _path(self, parameter: Parameter) -> QWidget:
        field = PathField(tr("File for {name}", name=self._named(parameter.name)), self)
        unset = None if parameter.optional else NOT_SET
        field.chosen.connect(
            lambda path: self.changed.emit(parameter.name, unset if path == NOT_SET else path)
        )
        self._setters[parameter.name] = field.show_path
        return field

    def _text(self, parameter: Parameter) -> QWidget:
        line = QLineEdit(self, placeholderText=tr("none") if parameter.optional else "")
        line.editingFinished.connect(lambda: self.changed.emit(parameter.name, _read(parameter, line.text())))
        self._setters[parameter.name] = lambda value: line.setText("" if value is None else str(value))
        return line


def _read(parameter: Parameter, text: str) -> Setting | None:
    """Return what was typed; what is no number is left to the concealer's own check."""
    if not text and parameter.optional:
        return None
    try:
        if parameter.type == "int":
            return int(text)
        return float(with_point(text)) if parameter.type == "float" else text
    except ValueError:
        return text


def _step(span: float, default: float) -> float:
    if span <= 2.0:
        return 0.05
    if span <= 50.0:
        return 0.5
    return 5.0 if abs(default) < 100 else 10.0


class PathField(QLineEdit):
    """Shows nothing for a path that is not set.

    Signals
    -------
    chosen
        The path as text when it has changed, `NOT_SET` when it was emptied.
    """

    chosen = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, placeholderText=tr("not set"))
        self._title, self._shown = title, ""
        icon = self.style().standardIcon(QStyle.StandardPixmap.SP_DialogOpenButton)
        self.browse = self.addAction(icon, QLineEdit.ActionPosition.TrailingPosition)
        self.browse.setText(tr("Choose a File…"))
        self.browse.setToolTip(tr("Choose a file…"))
        self.browse.triggered.connect(self._browse)
        self.editingFinished.connect(self._tell)

    def show_path(self, path: object) -> None:
        """Show a path; `NOT_SET` and None are shown as nothing."""
        self._shown = "" if path is None or str(path) == NOT_SET else str(path)
        self.setText(self._shown)

    def _tell(self) -> None:
        text = self.text().strip()
        if text != self._shown:
            self._shown = text
            self.chosen.emit(text or NOT_SET)

    def _browse(self) -> None:
        folder = str(Path(self.text()).parent) if self.text() else ""
        file, _ = QFileDialog.getOpenFileName(self.window(), self._title, folder)
        if file:
            self._take(file)

    def _take(self, file: str) -> None:
        self.setText(file)
        self._tell()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one file."""
        if _file_of(event):
            event.acceptProposedAction()
        else:
            super().dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take its path; a line of text would show ``file://``."""
        if file := _file_of(event):
            event.acceptProposedAction()
            self._take(file)
        else:
            super().dropEvent(event)


def _file_of(event: QDropEvent) -> str:
    urls = event.mimeData().urls()
    return urls[0].toLocalFile() if len(urls) == 1 else ""
