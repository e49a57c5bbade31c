"""How much is seen of each lane: collapsed, hidden, or with the whole screen for all of them."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject
from PySide6.QtWidgets import QToolBar

from gaplisten.bench.lanes import REFERENCE_KEY
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_n

COMMANDS = (
    *section("View", "lanes")(
        (
            "view.collapse",
            "Collapse Lane",
            "K",
            "Draw little more than the heard lane's name; again: all of it",
        ),
        ("view.hide", "Hide Lane", "Shift+K", "Do not draw the heard lane; it can still be heard"),
        ("view.all_lanes", "Show All Lanes", "Ctrl+Shift+H", "Draw all lanes, equally high"),
    ),
    *section("View", "lanes", checkable=True)(
        ("view.only_lanes", "Lanes Only", "F11", "Give the whole screen to the lanes; again: as before"),
    ),
)


class LaneSizes(QObject):
    """Collapses and hides lanes, and everything but the lanes."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._hearing = shell, shell.controller.hearing
        self._before: tuple[QByteArray, bool] | None = None
        bind, view = shell.actions.bind, shell.lanes
        bind("view.collapse", lambda: view.collapse(self._hearing.heard))
        bind("view.hide", self._hide)
        bind("view.all_lanes", view.reset_sizes)
        bind("view.only_lanes", self._only_lanes)
        shell.layout_kept.connect(self._put_back)

    def _hide(self) -> None:
        key = self._hearing.heard
        if key == REFERENCE_KEY:
            self._shell.say(tr("the reference is what lanes are compared with: K collapses it"))
        elif self._shell.lanes.hide_lane(key):
            count = self._shell.lanes.hidden
            self._shell.say(
                tr_n(
                    "{n} lane is hidden: Ctrl+Shift+H shows all",
                    "{n} lanes are hidden: Ctrl+Shift+H shows all",
                    count,
                )
            )

    def _only_lanes(self, on: bool) -> None:
        window = self._shell.window
        if not on:
            self._put_back()
            return
        self._before = (window.saveState(), window.isFullScreen())
        for dock in self._shell.docks.values():
            dock.hide()
        window.showFullScreen()
        self._shell.lanes.setFocus()

    def _put_back(self) -> None:
        """Have everything as it was: also before the layout is kept, which is never one without panes."""
        if self._before is None:
            return
        (state, full), self._before = self._before, None
        self._shell.actions.check("view.only_lanes", False)
        if not full:
            self._shell.window.showNormal()
        self._shell.window.restoreState(state)
        for bar in self._shell.window.findChildren(QToolBar):
            bar.show()
        self._shell.lanes.setFocus()


PANE = Pane("lane_sizes", LaneSizes, COMMANDS, place=58)
