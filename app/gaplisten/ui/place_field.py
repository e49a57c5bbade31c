"""A path in a dialog: typed, or chosen where files are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from gaplisten.ui.translation import tr


class PlaceField(QWidget):
    """A path that is typed or chosen.

    Parameters
    ----------
    name
        For screen readers.
    choose
        Asks the user for a path; starts with the one that is there, returns an empty text for none.

    Signals
    -------
    changed, settled
        Another path stands there; it is typed to its end, or was chosen.
    """

    changed = Signal()
    settled = Signal()

    def __init__(self, name: str, choose: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choose = choose
        self.line = QLineEdit(self)
        self.line.setAccessibleName(name)
        self.line.textChanged.connect(self.changed)
        self.line.editingFinished.connect(self.settled)
        button = QPushButton(tr("Choose…"), self, autoDefault=False)
        button.setAccessibleName(tr("Choose: {name}", name=name))
        button.clicked.connect(self._ask)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line, 1)
        layout.addWidget(button)

    def _ask(self) -> None:
        name = self._choose(self.line.text())
        if name:
            self.line.setText(name)
            self.settled.emit()

    @property
    def path(self) -> Path | None:
        """The path; None while there is none."""
        text = self.line.text().strip()
        try:
            return Path(text).expanduser() if text else None
        except RuntimeError:  # "~na": of a user whom this machine does not know, or not yet
            return None
