"""The menu entry that lets listeners take a panel in their browsers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMessageBox

from gaplisten.errors import GaplistenError
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

if TYPE_CHECKING:
    from gaplisten.ui.panel.serving_dialog import ServingDialog

COMMANDS = section("Panel", "take")(
    ("panel.serve", "Listeners in Browsers…", "", "Make links to a built panel, and serve it to browsers"),
)


class Serving(QObject):
    """Opens the dialog of one panel at a time, and ends its server with the window."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self.dialog: ServingDialog | None = None
        shell.actions.bind("panel.serve", self.choose)
        shell.signals.closed.connect(self._end)

    def choose(self) -> None:
        """Show the panel that is served; else choose a built one."""
        if self.dialog is not None:
            self._bring()
            return
        name = QFileDialog.getExistingDirectory(self._shell.window, tr("Panel Folder"))
        if name:
            self.open(Path(name))

    def open(self, folder: Path) -> None:
        """Show the links of a built panel."""
        from gaplisten.panel.frozen import open_panel
        from gaplisten.ui.panel.serving_dialog import ServingDialog
        from gaplisten.web.links import Links

        try:
            panel = open_panel(folder)
            links = Links(panel, panel.ratings)
            links.add(panel.definition.listeners)
            self.dialog = ServingDialog(panel, links, self._shell.controller.tasks, self._shell.window)
        except GaplistenError as error:
            self._shell.report(error)
            return
        self.dialog.said.connect(self._shell.say)
        self.dialog.destroyed.connect(self._forget)
        self._bring()

    def _bring(self) -> None:
        assert self.dialog is not None
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def _forget(self) -> None:
        self.dialog = None

    def may_close(self) -> bool:
        """Ask whether a panel that is served is to be served no more."""
        if self.dialog is None or not self.dialog.serves:
            return True
        box = QMessageBox(
            QMessageBox.Icon.Question,
            tr("A Panel Is Served"),
            tr(
                "{definition_title} is served to browsers, and will not be any more.",
                definition_title=self.dialog.panel.definition.title,
            ),
            parent=self._shell.window,
        )
        box.setInformativeText(tr("Nothing is lost: the same links go on when it is served again."))
        stop = box.addButton(tr("Stop Serving and Quit"), QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is stop

    def _end(self) -> None:
        if self.dialog is not None:
            self.dialog.end()


PANE = Pane("serving", Serving, COMMANDS, place=70)
