"""The menu entry that looks for damage of which no trace tells."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

COMMANDS = section("Gap", "list")(
    (
        "gap.find_damage",
        "Find Damage…",
        "Ctrl+Alt+D",
        "List dropouts, clicks and jumps in a lane: no trace needed",
    ),
)


class FindDamage(QObject):
    """Opens the list of places."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        shell.actions.bind("gap.find_damage", self.show)

    def show(self) -> None:
        """List the damage of the lane that is heard."""
        if self._shell.controller.opened is None or not self._shell.controller.frames:
            self._shell.say(tr("open a clip first"))
            return
        from gaplisten.ui.gaps.damage_dialog import DamageDialog

        DamageDialog(self._shell).show()


PANE = Pane("damage", FindDamage, COMMANDS, place=45)
