"""The row that repeats a part of a trial's sounds."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from gaplisten.ui.panel.listening import TrialPlayer
from gaplisten.ui.panel.texts import paragraph


class LoopRow(QWidget):
    """Repeat from here, to here, everything or no more; and what is repeated now."""

    def __init__(self, player: TrialPlayer, words: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._player = player
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        for key, act in (
            ("loop_from", player.loop_from_here),
            ("loop_to", player.loop_to_here),
            ("loop", player.toggle_loop),
        ):
            button = QPushButton(words[key])
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(act)
            row.addWidget(button)
        self._button = button
        button.setCheckable(True)
        self._text = paragraph("", quiet=True)
        row.addWidget(self._text)
        row.addStretch(1)

    def show_loop(self) -> None:
        """Show what is repeated."""
        loop, rate = self._player.loop, self._player.state.rate
        self._button.setChecked(loop is not None)
        self._text.setText("" if loop is None else f"{loop[0] / rate:.2f} – {loop[1] / rate:.2f} s")
