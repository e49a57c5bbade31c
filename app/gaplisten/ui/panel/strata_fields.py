"""By what a new panel tells its clips apart: the longest burst, or a column of somebody's table."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QWidget

from gaplisten.clips.clip_tables import table_of_clips
from gaplisten.errors import GaplistenError
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.panel.path_row import PathKind, PathRow
from gaplisten.ui.translation import tr, tr_said


class StrataError(GaplistenError):
    """A table that tells no strata."""


class StrataFields(QWidget):
    """A table with a row for each clip, and which of its columns tells the clips apart.

    Parameters
    ----------
    keys
        Of each clip those by which the table may name it.

    Signals
    -------
    said
        Why the table cannot be used; an empty text once it can.
    """

    said = Signal(str)

    def __init__(self, keys: Sequence[Collection[str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys = keys
        self.table = PathRow(tr("Strata: a table"), kind=PathKind.TABLE, parent=self)
        self.table.line.setPlaceholderText(tr("by bursts"))  # there is room for no more
        self.table.line.setToolTip(tr("By their longest bursts; or a table with a row for each clip"))
        self.table.changed.connect(self._forget)
        self.table.settled.connect(self._read)
        self.column = ChoiceField(self)
        self.column.setAccessibleName(tr("Strata: its column"))
        self.column.setToolTip(
            tr("Orders are balanced over what stands in it, and results stand for each of its values")
        )
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(tr("Strata"), self.table)
        form.addRow(tr("Column"), self.column)
        self._form = form
        self._forget()

    def _forget(self) -> None:
        """Know no columns: another table is being named."""
        self.column.clear()
        self._form.setRowVisible(self.column, False)

    def _read(self) -> None:
        path = self.table.path
        if path is None or self.column.count():
            if path is None:
                self.said.emit("")
            return
        try:
            table = table_of_clips(path, self._keys)
            cells = [table.says(keys) for keys in self._keys]
            # A column in which nothing stands for any of these clips tells none apart.
            columns = [name for name in table.columns if any(row.get(name) for row in cells)]
            if not columns:
                raise StrataError(
                    str(path), tr("says nothing of these clips"), tr("name them in one of its columns")
                )
        except GaplistenError as error:
            self.said.emit(tr_said(error))
            return
        self.said.emit("")
        self.column.addItems(columns)
        self._form.setRowVisible(self.column, True)

    def values(self) -> dict[str, object]:
        """Return this part of the definition's clips.

        Raises
        ------
        ValueError
            If a table is named and cannot be used.
        """
        path = self.table.path
        if path is None and not self.table.line.text().strip():
            return {}
        self._read()
        if path is None or not self.column.count():
            raise ValueError(tr("the table of strata cannot be used"))
        return {"strata": str(path.absolute()), "strata_column": self.column.currentText()}
