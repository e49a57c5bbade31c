"""A line for the path of a file: typed, chosen in a dialog or dropped."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QLineEdit, QStyle, QWidget

NOT_SET = "."  # what an empty path is in text


class PathField(QLineEdit):
    """Shows nothing for a path that is not set.

    Signals
    -------
    chosen
        The path as text when it has changed, `NOT_SET` when it was emptied.
    """

    chosen = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, placeholderText="not set")
        self._title, self._shown = title, ""
        icon = self.style().standardIcon(QStyle.StandardPixmap.SP_DialogOpenButton)
        self.browse = self.addAction(icon, QLineEdit.ActionPosition.TrailingPosition)
        self.browse.setText("Choose a File…")
        self.browse.setToolTip("Choose a file…")
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
