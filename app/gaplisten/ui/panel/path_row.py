"""A path in a dialog of panels, by what it is of."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from gaplisten.ui.place_field import PlaceField
from gaplisten.ui.translation import tr


class PathKind(Enum):
    """What a path is of."""

    FOLDER = "folder"
    NEW_FOLDER = "new_folder"
    TABLE = "table"


class PathRow(PlaceField):
    """A path that is typed or chosen, from the home folder on where there is none.

    Parameters
    ----------
    name
        For screen readers, and the title of what it is chosen in.
    kind
        Of what it is.
    """

    def __init__(self, name: str, *, kind: PathKind = PathKind.FOLDER, parent: QWidget | None = None) -> None:
        super().__init__(name, self._asked, parent)
        self._name, self._kind = name, kind
        self.setFocusProxy(self.line)

    def _asked(self, text: str) -> str:
        before = text.strip() or str(Path.home())
        if self._kind is PathKind.NEW_FOLDER:
            return QFileDialog.getSaveFileName(self, self._name, before, tr("New folder (*)"))[0]
        if self._kind is PathKind.TABLE:
            return QFileDialog.getOpenFileName(self, self._name, before, tr("Table (*.csv)"))[0]
        return QFileDialog.getExistingDirectory(self, self._name, before)
