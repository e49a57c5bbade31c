"""What the window shows while something is dragged over it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QLabel, QMainWindow, QVBoxLayout

from gaplisten.ui.translation import tr, tr_n


class DropSign(QFrame):
    """A frame over all of the window, with a sentence in the middle; it takes no input."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(tr("Drop to open"))
        self.setObjectName("drop_sign")
        self.setFrameShape(QFrame.Shape.Box)
        self.setLineWidth(4)
        self.setForegroundRole(QPalette.ColorRole.Highlight)
        self.text = QLabel(self)
        self.text.setAutoFillBackground(True)
        self.text.setBackgroundRole(QPalette.ColorRole.Highlight)
        self.text.setForegroundRole(QPalette.ColorRole.HighlightedText)
        self.text.setMargin(16)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text, 0, Qt.AlignmentFlag.AlignCenter)
        self.hide()

    def appear(self, count: int) -> None:
        """Say that so many files or folders would be opened."""
        self.text.setText(tr_n("Drop to open it", "Drop to open these {n}", count))
        self.setGeometry(self._window.rect())
        self.raise_()
        self.show()
