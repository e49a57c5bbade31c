"""A label for secondary text, or for what went wrong; its colour follows the theme."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QWidget

from gaplisten.ui.theme import quiet_colour, warning_colour


class QuietLabel(QLabel):
    """Plain text in the colour of secondary text."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, wrap: bool = False) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self._warns = False
        self._dress()

    def set_warning(self, warns: bool) -> None:
        """Show the text as something that went wrong, or not."""
        self._warns = warns
        self._dress()

    def _dress(self) -> None:
        # The application's palette: the label's own is changed here, and would answer with its old colour.
        colour = warning_colour() if self._warns else quiet_colour()
        palette = self.palette()
        if palette.color(QPalette.ColorRole.WindowText) != colour:
            palette.setColor(QPalette.ColorRole.WindowText, colour)
            self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            self._dress()
        super().changeEvent(event)
