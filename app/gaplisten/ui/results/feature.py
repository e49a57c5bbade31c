"""The menu entry that shows a panel's results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from gaplisten.errors import GaplistenError
from gaplisten.ui.commands import Command

if TYPE_CHECKING:
    from gaplisten.ui.results.window import ResultsWindow
    from gaplisten.ui.workbench.window import WorkbenchWindow

COMMANDS = (
    Command("panel.results", "Results…", "Ctrl+Shift+R", "See what a panel found so far", "Panel", "c"),
)


class ResultsFeature(QObject):
    """Opens results windows, one for each panel asked for."""

    def __init__(self, window: WorkbenchWindow) -> None:
        super().__init__(window)
        self._window = window
        self.windows: list[ResultsWindow] = []
        window.actions_table.bind("panel.results", self.choose)

    def choose(self) -> None:
        """Choose a built panel and show its results."""
        name = QFileDialog.getExistingDirectory(self._window, "Panel Folder")
        if name:
            self.show(Path(name))

    def show(self, folder: Path) -> None:
        """Show a panel's results."""
        from gaplisten.ui.results.window import ResultsWindow

        try:
            made = ResultsWindow(folder)
        except GaplistenError as error:
            self._window.report(error)
            return
        self.windows.append(made)
        made.destroyed.connect(lambda: self.windows.remove(made))
        made.show()


def install(window: WorkbenchWindow) -> None:
    """Add the entry to the workbench."""
    window.results_feature = ResultsFeature(window)  # type: ignore[attr-defined]  # keeps it alive
