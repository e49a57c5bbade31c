"""The menu entries for panels and votes of other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell

if TYPE_CHECKING:
    from gaplisten.ui.panel.export_dialog import ExportDialog
    from gaplisten.ui.panel.import_dialog import ImportDialog

COMMANDS = section("Panel", "exchange")(
    (
        "panel.export",
        "Export…",
        "",
        "Write a panel or its votes for webMUSHRA, pymushra or the P.808 Toolkit",
    ),
    (
        "panel.import",
        "Import Votes…",
        "",
        "Take over votes of webMUSHRA, pymushra, the P.808 Toolkit or any table",
    ),
)


class Exchange(QObject):
    """Opens the dialogs."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self.export_dialog: ExportDialog | None = None
        self.import_dialog: ImportDialog | None = None
        shell.actions.bind("panel.export", self.export)
        shell.actions.bind("panel.import", self.import_)

    def export(self) -> None:
        """Ask what is to be written, and for whom."""
        from gaplisten.ui.panel.export_dialog import ExportDialog

        self.export_dialog = ExportDialog(self._shell.controller.tasks, self._shell.window)
        self.export_dialog.open()

    def import_(self) -> None:
        """Ask what is to be read; show the results of it."""
        from gaplisten.ui.panel.import_dialog import ImportDialog

        self.import_dialog = ImportDialog(self._shell.controller.tasks, self._shell.window)
        self.import_dialog.imported.connect(self._shell.votes_imported)
        self.import_dialog.open()


PANE = Pane("exchange", Exchange, COMMANDS, place=72)
