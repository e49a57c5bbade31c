"""Fields for numbers and choices as all windows have them: one way to write a number, and no stray wheel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QLocale, Qt, Signal
from PySide6.QtGui import QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)


def with_point(text: str) -> str:
    """Return a number as it was typed, with a point for the comma that other keyboards have there."""
    return text.replace(",", ".")


class _TurnedInFocus:
    """Turned by the wheel only while it has the focus; else the wheel scrolls what the field lies in."""

    hasFocus: Callable[[], bool]  # noqa: N815 - Qt's name

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn the field, or leave the wheel to what is around it."""
        if self.hasFocus():
            super().wheelEvent(event)  # type: ignore[misc]
        else:
            event.ignore()


class NumberField(_TurnedInFocus, QDoubleSpinBox):
    """A number with a point, whatever the desktop's language, as everything else here is written.

    A comma is taken for the point, typed or pasted. Zeros behind the last digit are not shown: ``16.000``
    reads like sixteen thousand where points part thousands.
    """

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        self.setLocale(QLocale.c())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # Qt's own has the wheel bring the focus

    def textFromValue(self, value: float) -> str:
        """Return the number with no more digits than it has."""
        text = f"{round(value, self.decimals()) + 0.0:.{self.decimals()}f}"  # no minus before a zero
        return text.rstrip("0").rstrip(".") if "." in text else text

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        """Take a comma for the point."""
        found: tuple[QValidator.State, str, int] = super().validate(with_point(text), place)
        return found


class WholeField(_TurnedInFocus, QSpinBox):
    """A whole number, in digits that everybody knows."""

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        self.setLocale(QLocale.c())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


class ChoiceField(_TurnedInFocus, QComboBox):
    """One of several."""

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        self._spoken: QLabel | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def setAccessibleName(self, name: str) -> None:
        """Say what is chosen here.

        On Unix Qt calls a combo box by what is chosen in it, whatever its name; but a label says what it is.
        """
        super().setAccessibleName(name)
        if self._spoken is None:
            self._spoken = QLabel(self.parentWidget())
            self._spoken.hide()
            self._spoken.setBuddy(self)
        self._spoken.setText(name)

    def changeEvent(self, event: QEvent) -> None:
        """Take the label along, which must lie beside the field."""
        label: QLabel | None = getattr(self, "_spoken", None)  # Qt calls this before there is one
        if event.type() == QEvent.Type.ParentChange and label is not None:
            label.setParent(self.parentWidget())
        super().changeEvent(event)


class FilterField(QLineEdit):
    """Words by which a list is filtered: Escape clears them, and once more leaves the field.

    Signals
    -------
    given_up
        It is to be left.
    """

    given_up = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, placeholderText=name, clearButtonEnabled=True)
        self.setAccessibleName(name)
        self.setAcceptDrops(False)  # files dropped anywhere are opened

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Clear the field with Escape, or leave it."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.text():
            self.clear()
        else:
            self.given_up.emit()


class NumberDialog(QDialog):
    """Asks for one number.

    Attributes
    ----------
    field
        Where it is typed.
    """

    def __init__(self, title: str, label: str, field: NumberField, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.field = field
        field.setAccessibleName(label)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow(label, field)
        form.addRow(buttons)
        field.selectAll()
