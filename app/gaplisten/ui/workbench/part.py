"""What the parts of the window that carry out commands have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from gaplisten.ui.actions import Actions
from gaplisten.ui.workbench.controller import Controller

if TYPE_CHECKING:
    from gaplisten.ui.workbench.window import WorkbenchWindow


class Part(QObject):
    """Carries out the commands of one menu.

    It is made before the menus (and binds its commands then), and connected when all widgets are there.
    """

    def __init__(self, window: WorkbenchWindow) -> None:
        super().__init__(window)
        self.window = window
        self.bind()

    @property
    def controller(self) -> Controller:
        """The workbench without its widgets."""
        return self.window.controller

    @property
    def commands(self) -> Actions:
        """All commands."""
        return self.window.actions_table

    def bind(self) -> None:
        """Bind the commands."""

    def menus_made(self, menus: dict[str, QMenu]) -> None:
        """Add to the menus what no command can be."""

    def stop(self) -> None:
        """Stop timers: the window goes."""

    def link(self) -> None:
        """Connect to the other parts."""
