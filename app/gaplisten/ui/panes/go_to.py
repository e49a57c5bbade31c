"""Going to a place that is known by its number."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gaplisten.audio.ruler import RulerUnit
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr
from gaplisten.ui.workbench.go_to_dialog import GoToDialog

COMMANDS = section("Gap", "go")(
    ("gap.go_to", "Go To…", "J", "Go to a time, frame, packet or gap by its number"),
)


class GoTo(QObject):
    """Asks where to, and goes there."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self._kind = str(RulerUnit.SECONDS)
        shell.actions.bind("gap.go_to", self._ask)

    def _ask(self) -> None:
        shell, controller = self._shell, self._controller
        if not controller.frames:
            shell.say(tr("open a clip first"))
            return
        gaps = [(gap.start, gap.stop) for gap in controller.gaps]
        position = min(controller.hearing.state.position, controller.frames - 1)
        dialog = GoToDialog(
            shell.selection.clock, gaps, position, shell.hand.index + 1, self._kind, shell.window
        )
        dialog.chosen.connect(self._go)
        dialog.accepted.connect(lambda: self._keep(str(dialog.kind.currentData())))
        dialog.open()

    def _keep(self, kind: str) -> None:
        """Begin with what was counted last time."""
        self._kind = kind

    def _go(self, frame: int, gap: int) -> None:
        shell = self._shell
        if gap >= 0:
            shell.gap_wanted.emit(gap)
        else:
            shell.lanes.centre_on(frame)
            self._controller.hearing.seek(frame)
            shell.hand.point_at(frame)
        shell.place_chosen.emit()
        shell.lanes.setFocus()


PANE = Pane("go_to", GoTo, COMMANDS, place=32)
