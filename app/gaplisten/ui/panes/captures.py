"""The menu entry that opens a capture or log of a call."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from gaplisten.bench.state import RoleChoice, Sources
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

SUFFIXES = "*.pcap *.pcapng *.cap *.gz *.rtp *.rtpdump *.csv *.tsv *.txt *.dat *.log"
KINDS = tr("Call captures and logs ({suffixes});;All files (*)", suffixes=SUFFIXES)
COMMANDS = section("File", "open")(
    ("file.open_call", "Open Call Capture…", "", "Open a capture of a call: its packets, delays and losses"),
)


class Captures(QObject):
    """Opens captures; what is made of one is opened as a clip."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        shell.actions.bind("file.open_call", self.ask)
        shell.capture_wanted.connect(self.show)

    def ask(self) -> None:
        """Let the user pick a capture."""
        file, _ = QFileDialog.getOpenFileName(
            self._shell.window, tr("Open Call Capture"), self._shell.last_folder(), KINDS
        )
        if file:
            self.show(Path(file))

    def show(self, path: Path) -> None:
        """Show a capture."""
        from gaplisten.ui.captures.dialog import CallDialog

        dialog = CallDialog(path, self._shell.controller, self._shell.window)
        dialog.sound_saved.connect(self._open)
        dialog.open()

    def _open(self, roles: tuple[RoleChoice, ...], packet_ms: float) -> None:
        paths = tuple(choice.path for choice in roles)
        self._shell.sources_wanted.emit(Sources(paths=paths, roles=roles, packet_ms=packet_ms))


PANE = Pane("captures", Captures, COMMANDS, place=11)
