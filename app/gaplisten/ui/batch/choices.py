"""A list of things to tick; what cannot be had is greyed and says why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from gaplisten.batch.offer import Offered

_NAME = Qt.ItemDataRole.UserRole


class TickList(QListWidget):
    """What is offered, each with a box.

    Signals
    -------
    ticked_changed
        Another set of things is ticked.
    """

    ticked_changed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setUniformItemSizes(True)
        self.setSpacing(2)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.itemChanged.connect(lambda _item: self.ticked_changed.emit())

    def offer(self, offered: Sequence[Offered], ticked: Iterable[str]) -> None:
        """Show these; what was offered before stays as it is, of the others tick those of these names."""
        before = {str(item.data(_NAME)) for item in self._items()}
        wanted = {*self.ticked, *(set(ticked) - before)}
        self.blockSignals(True)
        self.clear()
        for one in offered:
            text = f"{one.text} ({one.missing})" if one.missing else one.text
            item = QListWidgetItem(text, self)
            item.setData(_NAME, one.name)
            item.setToolTip("\n".join(line for line in (one.text, one.tip, one.missing) if line))
            flags = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled
            item.setFlags(Qt.ItemFlag.NoItemFlags if one.missing else flags | Qt.ItemFlag.ItemIsSelectable)
            on = one.name in wanted and not one.missing
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.blockSignals(False)
        self.ticked_changed.emit()

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(row) for row in range(self.count())]

    @property
    def ticked(self) -> tuple[str, ...]:
        """Names of what is ticked, in order."""
        on = [item for item in self._items() if item.checkState() == Qt.CheckState.Checked]
        return tuple(str(item.data(_NAME)) for item in on)

    def tick(self, name: str, on: bool = True) -> None:
        """Tick one thing or not, if it can be had."""
        for item in self._items():
            if item.data(_NAME) == name and item.flags() & Qt.ItemFlag.ItemIsEnabled:
                item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
