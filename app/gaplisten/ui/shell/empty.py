"""What is seen before anything is open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gaplisten.bench.settings import is_there
from gaplisten.ui.widgets import QuietLabel


class EmptyState(QWidget):
    """An invitation: drop files, open a folder, try the demo, go on with something recent.

    Signals
    -------
    folder_wanted, files_wanted, demo_wanted
        A button was pressed.
    recent_wanted
        Path of a recent place.
    """

    folder_wanted = Signal()
    files_wanted = Signal()
    demo_wanted = Signal()
    recent_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setSpacing(10)
        self._layout.addStretch(2)
        title = QLabel("Drop reference, lossy and concealed files, or a folder of clips", self)
        font = QFont(title.font())
        font.setPointSizeF(font.pointSizeF() * 1.5)
        title.setFont(font)
        title.setWordWrap(True)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout.addWidget(title)
        hint = QuietLabel("Lost packets are shaded; 0 to 9 switch between versions while it plays.", self)
        hint.setWordWrap(True)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout.addWidget(hint)
        self._layout.addLayout(self._buttons())
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        self._layout.addSpacing(12)
        self._layout.addLayout(self._recent)
        self._layout.addStretch(3)

    def _buttons(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.addStretch(1)
        signals = (self.folder_wanted, self.files_wanted, self.demo_wanted)
        for text, signal in zip(("Open Folder…", "Open Files…", "Open Demo"), signals, strict=True):
            button = QPushButton(text, self)
            button.clicked.connect(signal)
            line.addWidget(button)
        line.addStretch(1)
        return line

    def show_recent(self, paths: Sequence[str]) -> None:
        """List recent places; missing ones are grey."""
        while self._recent.count():
            item = self._recent.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        for path in paths[:5]:
            button = QPushButton(Path(path).name or path, self)
            button.setFlat(True)
            button.setEnabled(is_there(path))
            button.setToolTip(path if is_there(path) else f"{path} is missing")
            button.clicked.connect(lambda _checked=False, each=path: self.recent_wanted.emit(each))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
