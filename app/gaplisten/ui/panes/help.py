"""The Help menu, and the settings."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from gaplisten import __version__
from gaplisten.bench.settings import Settings
from gaplisten.ui.actions import section
from gaplisten.ui.fields import NumberField
from gaplisten.ui.shell import Pane, Shell

COMMANDS = (
    *section("Help", "read")(
        (
            "help.manual",
            "Manual",
            "F1",
            "Read and search the manual and the rest of the documentation",
        ),
        ("help.keys", "Keys and Mouse", "F2; ?", "See every key, and what the mouse does"),
    ),
    *section("Help", "about")(
        ("help.log", "Messages", "", "Read what was reported"),
        ("help.about", "About Gaplisten", "", "Version and licence"),
    ),
    *section("File", "settings")(
        ("file.settings", "Settings…", "Ctrl+,", "Context around a gap, level, length of the cross-fade"),
    ),
)


class Help(QObject):
    """The Help menu, and the settings."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        bind = shell.actions.bind
        bind("help.manual", self._manual)
        bind("help.keys", self._keys)
        bind("help.log", shell.messages.show_all)
        bind("help.about", self._about)
        bind("file.settings", self._settings)

    def _manual(self) -> None:
        from gaplisten.ui.help.manual import Manual

        Manual(self._shell.window).show()  # beside the window, which goes on

    def _keys(self) -> None:
        from gaplisten.ui.help.keys import KeySheet

        KeySheet(self._shell.actions, self._shell.window).show()

    def _about(self) -> None:
        from PySide6 import __version__ as pyside

        text = f"<h3>Gaplisten {__version__}</h3><p>The listening-test bench for packet loss concealment.</p>"
        text += f"<p>MIT licence. PySide {pyside}.</p>"
        box = QMessageBox(QMessageBox.Icon.NoIcon, "About Gaplisten", text, parent=self._shell.window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _settings(self) -> None:
        dialog = SettingsDialog(self._shell.controller.settings, self._shell.window)
        dialog.accepted.connect(lambda: self._shell.use_settings(dialog.settings()))
        dialog.open()


PANE = Pane("help", Help, COMMANDS, place=80)


class SettingsDialog(QDialog):
    """What can be set, apart from what has its own place in the window."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._settings = settings
        self.context = self._box(0, 5000, settings.context_ms, " ms", "Context around a gap")
        self.level = self._box(-60, 0, settings.level_dbov, " dBov", "Speech level")
        self.fade = self._box(1, 50, settings.switching_ms, " ms", "Length of the cross-fade")
        form = QFormLayout()
        for box in (self.context, self.level, self.fade):
            form.addRow(box.accessibleName(), box)
        note = QLabel(
            "The level applies from the next clip on: one gain per clip, the same for all lanes.", self
        )
        note.setWordWrap(True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)

    def _box(self, low: float, high: float, value: float, unit: str, name: str) -> NumberField:
        box = NumberField(self, minimum=low, maximum=high, decimals=0, value=value, suffix=unit)
        box.setAccessibleName(name)
        return box

    def settings(self) -> Settings:
        """Return the settings as the fields say."""
        return replace(
            self._settings,
            context_ms=self.context.value(),
            level_dbov=self.level.value(),
            switching_ms=self.fade.value(),
        )
