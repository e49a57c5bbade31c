"""What a screen reader has no word for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QComboBox, QLabel, QWidget


def spoken_name(widget: QWidget) -> str:
    """Return by what a screen reader calls a widget: its label where there is one, else its own name."""
    interface = QAccessible.queryAccessibleInterface(widget)
    labels = interface.relations(QAccessible.RelationFlag.Label)
    texts = [label.text(QAccessible.Text.Name) for label, _flag in labels]
    return " ".join(texts) or interface.text(QAccessible.Text.Name)


def nameless(window: QWidget) -> list[str]:
    """Return what can take the focus and says nothing."""
    labelled = {label.buddy() for label in window.findChildren(QLabel) if label.buddy()}
    return [
        f"{type(widget).__name__} in {type(widget.parent()).__name__}"
        for widget in window.findChildren(QWidget)
        if widget.isVisible()
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and widget not in labelled
        and not widget.objectName().startswith("qt_")  # Qt's own inner parts
        and not widget.accessibleName()
        and not getattr(widget, "text", str)()
    ] + [f"{box.currentText()}: a box called by what is chosen" for box in boxes_without_label(window)]


def boxes_without_label(window: QWidget) -> list[QComboBox]:
    """Return boxes of which a screen reader says nothing but what is chosen in them."""
    boxes = [box for box in window.findChildren(QComboBox) if box.isVisible()]
    return [box for box in boxes if spoken_name(box) in ("", box.currentText())]
