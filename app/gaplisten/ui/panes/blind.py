"""Shuffling the versions blind, on the spot: the window shows nothing of them meanwhile."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject
from PySide6.QtWidgets import QDockWidget, QToolBar, QWidget
from shiboken6 import isValid

from gaplisten.bench.blind import BlindRound
from gaplisten.bench.lanes import LOSSY_KEY, REFERENCE_KEY, Lane
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_lane
from gaplisten.ui.workbench.blind_dialog import BlindDialog

COMMANDS = section("Listen", "digits")(
    (
        "listen.blind",
        "Blind Shuffle…",
        "Ctrl+B",
        "Hear the versions by letters, guess which is which, and have the right guesses counted",
    ),
)


class Blind(QObject):
    """Holds a round.

    Attributes
    ----------
    dialog
        The round that goes on; None while there is none.
    blind
        What letters stand for.
    """

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self.dialog: BlindDialog | None = None
        self.blind = BlindRound(())
        self._hidden: list[QWidget] = []
        self._arranged = QByteArray()
        self._heard = ""
        shell.actions.bind("listen.blind", self._begin)
        shell.layout_kept.connect(self._give_up)

    def _versions(self) -> list[Lane]:
        """Return what can be told apart: what conceals, and the lossy signal where that is all there is."""
        there = [lane for lane in self._controller.lanes if lane.signal is not None]
        others = [lane for lane in there if lane.key not in (REFERENCE_KEY, LOSSY_KEY)]
        return others if len(others) > 1 else [lane for lane in there if lane.key != REFERENCE_KEY]

    def _begin(self) -> None:
        versions, hearing = self._versions(), self._controller.hearing
        if len(versions) < 2:
            self._shell.say(
                tr("there are no two versions to tell apart: tick a concealer, or open conditions")
            )
            return
        self.blind = BlindRound.shuffled([lane.ident for lane in versions])
        names = {lane.ident: tr_lane(lane.name) for lane in versions}
        reference = self._controller.lane(REFERENCE_KEY) is not None
        dialog = self.dialog = BlindDialog(self.blind, names, reference, self._shell.window)
        dialog.hear.connect(self._hear)
        dialog.toggled.connect(hearing.toggle)
        dialog.finished.connect(self._end)
        self._before = self._shell.window.focusWidget()
        heard = self._controller.lane(hearing.heard)
        self._heard = heard.ident if heard is not None else ""
        self._hide()
        dialog.open()
        self._hear(self.blind.letters[0])
        dialog.show_heard(self.blind.letters[0])

    def _hear(self, letter: str) -> None:
        hearing = self._controller.hearing
        if letter:
            hearing.hear_version(self.blind.version(letter))
        else:
            hearing.hear(REFERENCE_KEY)

    def _hide(self) -> None:
        """Show nothing that tells versions apart: lanes, buttons, tables, names."""
        window = self._shell.window
        self._arranged = window.saveState()
        kinds: list[QWidget] = [*window.findChildren(QDockWidget), *window.findChildren(QToolBar)]
        self._hidden = [each for each in (*kinds, self._shell.page) if not each.isHidden()]
        for each in self._hidden:
            each.hide()

    def _give_up(self) -> None:
        if self.dialog is not None:
            self.dialog.reject()

    def _end(self) -> None:
        if not self.blind.revealed:  # what stays heard would tell its letter
            self._controller.hearing.hear_version(self._heard)
        for each in self._hidden:
            each.show()
        self._hidden = []
        self._shell.window.restoreState(self._arranged)  # panes shown again would share the room anew
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.deleteLater()
        before = self._before  # a cell's editor goes for good when it loses the focus
        there = before is not None and isValid(before) and before.isVisible()
        (before if there else self._shell.lanes).setFocus()


PANE = Pane("blind", Blind, COMMANDS, place=24)
