"""What the plots of scores and of results have in common."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from gaplisten.ui.theme import LANES_DARK, LANES_LIGHT, is_dark


class Plot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A plot that stays as it is drawn: no menu, no dragging.

    Parameters
    ----------
    name
        For screen readers.
    palette
        Colours of the ground and the text; the widget's own when not given.
    """

    def __init__(self, name: str, parent: QWidget | None = None, palette: QPalette | None = None) -> None:
        super().__init__(parent)
        if palette is not None:
            self.setPalette(palette)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setAccessibleName(name)
        self._items: list[Any] = []

    def begin(self) -> QColor:
        """Clear everything and dress ground and axes; return the ink."""
        ink = QColor(self.palette().color(QPalette.ColorRole.Text))
        self.setBackground(self.palette().color(QPalette.ColorRole.Base))
        self.clear()
        self._items = []
        for name in ("left", "bottom"):
            self.getAxis(name).setPen(ink)
            self.getAxis(name).setTextPen(ink)
        return ink

    def colour(self, index: int) -> QColor:
        """Return the colour of the condition at this place."""
        colours = LANES_DARK if is_dark(self.palette()) else LANES_LIGHT
        return QColor(colours[1 + index % (len(colours) - 1)])

    def keep(self, item: Any) -> None:
        """Add an item; one without a Python reference may be deleted under Qt's hands."""
        self._items.append(item)
        self.addItem(item)
