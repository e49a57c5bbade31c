"""The menu entry that shows a panel's results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from gaplisten.errors import GaplistenError
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

if TYPE_CHECKING:
    from gaplisten.ui.results.window import ResultsWindow

COMMANDS = section("Panel", "results")(
    ("panel.results", "Results…", "Ctrl+Shift+R", "See what a panel found so far"),
)


class PanelResults(QObject):
    """Opens results windows, one for each panel asked for."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self.windows: list[ResultsWindow] = []
        shell.actions.bind("panel.results", self.choose)
        shell.votes_imported.connect(self.show)

    def choose(self) -> None:
        """Choose a built panel, or imported votes, and show the results."""
        name = QFileDialog.getExistingDirectory(
            self._shell.window, tr("Folder of a Panel or of Imported Votes")
        )
        if name:
            self.show(Path(name))

    def show(self, folder: Path) -> None:
        """Show a panel's results."""
        from gaplisten.ui.results.window import ResultsWindow

        try:
            made = ResultsWindow(folder, tasks=self._shell.controller.tasks)
        except GaplistenError as error:
            self._shell.report(error)
            return
        self._shell.signals.closed.connect(made.close)  # what it reads beside ends with the workbench
        self.windows.append(made)
        made.destroyed.connect(lambda: self.windows.remove(made))
        made.show()


PANE = Pane("results", PanelResults, COMMANDS, place=71)
