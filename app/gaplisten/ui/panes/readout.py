"""The numbers of every lane under the mouse."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell

COMMANDS = section("View", "draw", checkable=True)(
    (
        "view.values",
        "Values at the Pointer",
        "V",
        "Write beside the pointer, or the playhead, what every lane is there, and how far from the reference",
    ),
)


class Readout(QObject):
    """Switches them on and off."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        shell.actions.bind("view.values", shell.lanes.set_reading)


PANE = Pane("readout", Readout, COMMANDS, place=61)
