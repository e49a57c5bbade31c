"""The Help menu, and the settings."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox

from gaplisten import __version__
from gaplisten.bench.settings import Settings
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

COMMANDS = (
    *section("Help", "read")(
        (
            "help.manual",
            "Manual",
            "F1",
            "Read and search the manual and the rest of the documentation",
        ),
        ("help.keys", "Keys and Mouse", "F2; ?", "See every key, and what the mouse does"),
        ("help.find", "Find a Command…", "Ctrl+Shift+I", "Type what is to be done, and do it"),
    ),
    *section("Help", "about")(
        ("help.log", "Messages", "", "Read what was reported"),
        ("help.about", "About Gaplisten", "", "Version and licence"),
    ),
    *section("File", "settings")(
        ("file.settings", "Settings…", "Ctrl+,", "Theme, level, switching, loops, folders of plugins"),
    ),
)

_ELSEWHERE = ("listen.device", "gap.measures", "scores.service")  # what is set in dialogs of its own


class Help(QObject):
    """The Help menu, and the settings."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        bind = shell.actions.bind
        bind("help.manual", self._manual)
        bind("help.keys", self._keys)
        bind("help.find", self._find)
        bind("help.log", shell.messages.show_all)
        bind("help.about", self._about)
        bind("file.settings", self._settings)

    def _manual(self) -> None:
        from gaplisten.ui.help.manual import Manual

        Manual(self._shell.window).show()  # beside the window, which goes on

    def _keys(self) -> None:
        from gaplisten.ui.help.keys import KeySheet

        KeySheet(self._shell.actions, self._shell.window).show()

    def _find(self) -> None:
        from gaplisten.ui.help.finder import CommandFinder

        CommandFinder(self._shell.actions, self._shell.window).open()

    def _about(self) -> None:
        from PySide6 import __version__ as pyside

        text = tr(
            "<h3>Gaplisten {version}</h3><p>The listening-test bench for packet loss concealment.</p>",
            version=__version__,
        )
        text += tr("<p>MIT licence. PySide {pyside}.</p>", pyside=pyside)
        box = QMessageBox(QMessageBox.Icon.NoIcon, tr("About Gaplisten"), text, parent=self._shell.window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _settings(self) -> None:
        from gaplisten.ui.workbench.settings_dialog import SettingsDialog

        actions = self._shell.actions
        elsewhere = [actions[name] for name in _ELSEWHERE if name in actions]
        dialog = SettingsDialog(self._shell.controller.settings, elsewhere, self._shell.window)
        dialog.accepted.connect(lambda: self._use(dialog.settings()))
        dialog.open()

    def _use(self, settings: Settings) -> None:
        if settings.theme != self._shell.controller.settings.theme:
            self._shell.actions[f"view.{settings.theme}"].trigger()
        self._shell.use_settings(settings)


PANE = Pane("help", Help, COMMANDS, place=80)
