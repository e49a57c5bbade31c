"""What the parts of the window that carry out commands have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject

from gaplisten.bench.controller import Controller
from gaplisten.ui.actions import Actions, Command

if TYPE_CHECKING:
    from gaplisten.ui.workbench.window import WorkbenchWindow


class Part(QObject):
    """Carries out the commands of one menu.

    It is made before the menus (and binds its commands then), and connected when all widgets are there.
    """

    commands_of: ClassVar[tuple[Command, ...]] = ()

    def __init__(self, window: WorkbenchWindow) -> None:
        super().__init__(window)
        self.window = window
        self.commands.add(self.commands_of)
        self.bind()

    @property
    def controller(self) -> Controller:
        """The workbench without its widgets."""
        return self.window.controller

    @property
    def commands(self) -> Actions:
        """All commands."""
        return self.window.shell.actions

    def bind(self) -> None:
        """Bind the commands."""

    def stop(self) -> None:
        """Stop timers: the window goes."""

    def link(self) -> None:
        """Connect to the other parts."""
