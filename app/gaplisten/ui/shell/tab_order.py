"""The order in which the Tab key goes through the window: as one reads it, whatever was made when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStatusBar, QToolBar, QWidget

_ROW = 10  # pixels: what lies no further apart in height stands in one row


def reading_order(window: QMainWindow, sides: Sequence[Qt.DockWidgetArea | None]) -> list[QWidget]:
    """Return what the Tab key stops at.

    Tool bars come first, then the panes by the sides they are at, and within each row by row.

    Parameters
    ----------
    window
        What floats has a window, and an order, of its own.
    sides
        Where docks are, in reading order; None stands for the middle.
    """
    places = {side: index for index, side in enumerate(sides)}

    def region(widget: QWidget) -> tuple[int, QWidget] | None:
        """Return the place and the part of the window that a widget belongs to."""
        part: QWidget | None = widget
        while part is not None and part is not window:
            if isinstance(part, QToolBar):
                return -1, part
            if isinstance(part, QDockWidget):
                hidden = part.visibleRegion().isEmpty()  # behind one that shares its place
                return None if hidden else (places[window.dockWidgetArea(part)], part)
            if isinstance(part, QStatusBar):
                return len(places) + 1, part
            if part is window.centralWidget():
                return places[None], part
            if part.parentWidget() is window:
                break
            part = part.parentWidget()
        return len(places), part or window  # tabs of docks that share a place

    parts: dict[QWidget, tuple[int, list[QWidget]]] = {}
    for widget in window.findChildren(QWidget):
        if not _takes_tab(widget) or widget.window() is not window:
            continue
        found = region(widget)
        if found is not None:
            parts.setdefault(found[1], (found[0], []))[1].append(widget)
    at = _place_in(window)
    ordered = sorted(parts.items(), key=lambda one: (one[1][0], at(one[0]).y(), at(one[0]).x()))
    return [widget for _part, (_place, inside) in ordered for widget in _by_rows(inside, at)]


def _takes_tab(widget: QWidget) -> bool:
    takes = bool(widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value)
    return takes and widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None


def _place_in(window: QWidget) -> Callable[[QWidget], QPoint]:
    return lambda widget: widget.mapTo(window, widget.rect().topLeft())


def _by_rows(widgets: list[QWidget], at: Callable[[QWidget], QPoint]) -> list[QWidget]:
    middles = {widget: at(widget).y() + min(widget.height(), 30) // 2 for widget in widgets}
    rows: list[list[QWidget]] = []
    for widget in sorted(widgets, key=lambda one: middles[one]):
        if not rows or middles[widget] - middles[rows[-1][0]] > _ROW:
            rows.append([])
        rows[-1].append(widget)
    return [widget for row in rows for widget in sorted(row, key=lambda one: at(one).x())]
