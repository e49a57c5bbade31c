"""Says so wherever samples are compared although a lane does not lie on the reference's clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QToolButton, QWidget

from gaplisten.ui.widgets import QuietLabel

if TYPE_CHECKING:
    from gaplisten.ui.workbench.window import WorkbenchWindow

_COMPARING = ("view.residual", "view.altered")


class NotAligned(QFrame):
    """A strip with the lanes that are not sample-aligned.

    Signals
    -------
    removal_wanted
        Their delays are to be removed.
    """

    removal_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.text = QuietLabel("", self, wrap=True)
        self.text.setAccessibleName("Lanes that are not sample-aligned")
        self.remove = QToolButton(self)
        self.remove.setText("Remove Delays")
        self.remove.setToolTip("Move these lanes onto the reference's clock; undo puts them back")
        self.remove.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.remove.clicked.connect(self.removal_wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 3, 6, 3)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.remove)
        self.hide()

    def show_lanes(self, lanes: Sequence[str], what: str, *, removable: bool) -> None:
        """Name these lanes; nothing for none."""
        self.setVisible(bool(lanes))
        named = "; ".join(lanes)
        self.text.setText(f"Not sample-aligned: {named}. {what}" if lanes else "")
        self.remove.setVisible(removable)


class Marks:
    """The strips: over the lanes while residuals or altered samples are shown, and in the gap table."""

    def __init__(self, window: WorkbenchWindow) -> None:
        self._window = window
        self.over_lanes = NotAligned(window)
        self.over_gaps = NotAligned(window)
        self._placed = False
        self._lanes: tuple[str, ...] = ()
        self._removable = False
        for name in _COMPARING:
            window.actions_table[name].toggled.connect(lambda _on: self._show())

    def show_lanes(self, lanes: Sequence[str], *, removable: bool) -> None:
        """Name the lanes that are not aligned, where it matters."""
        self._lanes, self._removable = tuple(lanes), removable
        self._show()

    def _show(self) -> None:
        if not self._placed and self._lanes:
            self._place()
        comparing = any(self._window.actions_table[name].isChecked() for name in _COMPARING)
        shown = self._lanes if comparing else ()
        what = "What differs there is the delay as much as the concealment."
        self.over_lanes.show_lanes(shown, what, removable=self._removable)
        what = "Their gaps lie elsewhere than measured here."
        self.over_gaps.show_lanes(self._lanes, what, removable=False)

    def _place(self) -> None:
        """Put the strips in: the window's parts are all there only after the features are installed."""
        page, gaps = self._window.centralWidget(), self._window.gaps
        over, within = page.layout() if page else None, gaps.layout() if gaps else None
        if isinstance(over, QBoxLayout):
            over.insertWidget(1, self.over_lanes)
        if isinstance(within, QBoxLayout):
            within.insertWidget(0, self.over_gaps)
        self._placed = True
