"""What is seen before anything is open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gaplisten.bench.settings import is_there
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import QuietLabel, Scrolled


class EmptyState(QWidget):
    """A page with three doors (demo, clips, panel), and recent places; files can be dropped anywhere.

    Signals
    -------
    folder_wanted, files_wanted, demo_wanted, panel_wanted, panel_file_wanted
        A button was pressed.
    recent_wanted
        Path of a recent place.
    """

    folder_wanted = Signal()
    files_wanted = Signal()
    demo_wanted = Signal()
    panel_wanted = Signal()
    panel_file_wanted = Signal()
    recent_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        page = QWidget(self)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(12)
        layout.addStretch(2)
        title = QLabel(tr("Drop reference, lossy and concealed files, or a folder of clips"), page)
        title.setFont(_larger(title.font(), 1.5))
        title.setWordWrap(True)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(title)
        layout.addSpacing(12)
        layout.addLayout(self._doors(page))
        layout.addSpacing(12)
        self._recent_title = QuietLabel(tr("Opened before"), page)
        self._recent_title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self._recent_title)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        layout.addLayout(self._recent)
        layout.addStretch(3)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(Scrolled(page, self))
        self.show_recent(())

    def _doors(self, page: QWidget) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(24)
        line.addStretch(1)
        for name, about, ways in (
            (
                tr("Demo"),
                tr(
                    "Six sentences, from short to long bursts of lost packets. 0 to 9 switch between "
                    "versions while they play; G goes to the next gap."
                ),
                ((tr("Open Demo"), self.demo_wanted),),
            ),
            (
                tr("Your clips"),
                tr(
                    "References, lossy files and what your systems made of them, with or without loss traces."
                ),
                ((tr("Open Folder…"), self.folder_wanted), (tr("Open Files…"), self.files_wanted)),
            ),
            (
                tr("Listening panel"),
                tr(
                    "Take a panel that was built, or build one from its text. "
                    "To make one, open its clips first."
                ),
                ((tr("Take a Panel…"), self.panel_wanted), (tr("Build from TOML…"), self.panel_file_wanted)),
            ),
        ):
            line.addLayout(_door(page, name, about, ways), 4)
        line.addStretch(1)
        return line

    def show_recent(self, paths: Sequence[str]) -> None:
        """List recent places; missing ones are grey."""
        while self._recent.count():
            item = self._recent.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        self._recent_title.setVisible(bool(paths))
        for path in paths[:5]:
            button = QPushButton(Path(path).name or path, self)
            button.setFlat(True)
            button.setEnabled(is_there(path))
            button.setToolTip(path if is_there(path) else tr("{path} is missing", path=path))
            button.clicked.connect(lambda _checked=False, each=path: self.recent_wanted.emit(each))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)


def _door(page: QWidget, name: str, about: str, ways: Sequence[tuple[str, SignalInstance]]) -> QVBoxLayout:
    door = QVBoxLayout()
    door.setSpacing(6)
    heading = QLabel(name, page)
    heading.setFont(_larger(heading.font(), 1.2))
    door.addWidget(heading)
    text = QuietLabel(about, page, wrap=True)
    text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    text.setMinimumWidth(150)
    door.addWidget(text, 1)
    for label, wanted in ways:
        button = QPushButton(label, page)
        button.clicked.connect(wanted)
        door.addWidget(button)
    if len(ways) == 1:  # the first button of each stands at the same height
        door.addSpacing(button.sizeHint().height() + door.spacing())
    return door


def _larger(font: QFont, factor: float) -> QFont:
    larger = QFont(font)
    larger.setPointSizeF(font.pointSizeF() * factor)
    return larger
