"""Which of several recordings that are played in turn is heard now: First, Second, Third."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gaplisten.ui.panel.texts import emptied, paragraph

_LOOK = (
    "QLabel { border: 1px solid palette(mid); border-radius: 6px; padding: 6px 22px }"
    "QLabel[sounding=true] { background: palette(highlight); color: palette(highlighted-text);"
    " border-color: palette(highlight); font-weight: bold }"
)


class TurnRow(QWidget):
    """A name for each recording; the one that sounds is marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setStyleSheet(_LOOK)
        self._labels: list[QLabel] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(14)

    def show_names(self, names: Sequence[str]) -> None:
        """Show these recordings, none of them sounding."""
        emptied(self._row)
        self._row.addStretch(1)
        self._labels = [paragraph(name) for name in names]
        for label in self._labels:
            label.setWordWrap(False)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._row.addWidget(label)
        self._row.addStretch(1)
        self.mark(None)

    def mark(self, sounding: int | None) -> None:
        """Mark what is heard now."""
        for at, label in enumerate(self._labels):
            if label.property("sounding") != (at == sounding):
                label.setProperty("sounding", at == sounding)
                label.style().unpolish(label)
                label.style().polish(label)

    @property
    def marked(self) -> str:
        """What the marked one is called; "" when none is."""
        return next((label.text() for label in self._labels if label.property("sounding")), "")
