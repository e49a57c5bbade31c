"""What a screen reader has no word for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget


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
    ]
