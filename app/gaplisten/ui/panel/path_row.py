"""A path in a dialog: typed, or chosen where files are."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget


class PathKind(Enum):
    """What a path is of."""

    FOLDER = "folder"
    NEW_FOLDER = "new folder"
    TABLE = "table"


class PathRow(QWidget):
    """A path that is typed or chosen.

    Parameters
    ----------
    name
        For screen readers, and the title of what it is chosen in.
    kind
        Of what it is.

    Signals
    -------
    changed, settled
        Another path stands there; it is typed to its end, or was chosen.
    """

    changed = Signal()
    settled = Signal()

    def __init__(self, name: str, *, kind: PathKind = PathKind.FOLDER, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._kind = name, kind
        self.field = QLineEdit(self)
        self.field.setAccessibleName(name)
        self.field.textChanged.connect(self.changed)
        self.field.editingFinished.connect(self.settled)
        self.choose = QPushButton("Choose…", self, autoDefault=False)
        self.choose.setAccessibleName(f"Choose: {name}")
        self.choose.clicked.connect(self._choose)
        self.setFocusProxy(self.field)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.field, 1)
        row.addWidget(self.choose)

    @property
    def path(self) -> Path | None:
        """What stands there."""
        text = self.field.text().strip()
        return Path(text).expanduser() if text else None

    def _choose(self) -> None:
        before = self.field.text().strip() or str(Path.home())
        if self._kind is PathKind.NEW_FOLDER:
            found, _ = QFileDialog.getSaveFileName(self, self._name, before, "New folder (*)")
        elif self._kind is PathKind.TABLE:
            found, _ = QFileDialog.getOpenFileName(self, self._name, before, "Table (*.csv)")
        else:
            found = QFileDialog.getExistingDirectory(self, self._name, before)
        if found:
            self.field.setText(found)
            self.settled.emit()
