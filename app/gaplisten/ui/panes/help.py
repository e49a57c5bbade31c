"""Manual, the live sheet of keys, messages, settings, about."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMessageBox,
    QTableWidget,
    QTableWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from gaplisten import __version__, folders
from gaplisten.bench.settings import Settings
from gaplisten.ui.actions import Actions, Command, key_texts, section
from gaplisten.ui.fields import NumberField
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.widgets import resize_within

COMMANDS = (
    *section("Help", "read")(
        ("help.manual", "Manual", "F1", "Read the manual"),
        ("help.keys", "Keys", "F2; ?", "See every key"),
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
        bind("help.manual", lambda: Manual(shell.window).open())
        bind("help.keys", lambda: KeySheet(shell.actions, shell.window).open())
        bind("help.log", shell.messages.show_all)
        bind("help.about", self._about)
        bind("file.settings", self._settings)

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


def keys_of(command: Command) -> str:
    """Return a command's keys as people of this system write them."""
    return ", ".join(map(native, key_texts(command)))


def native(keys: str) -> str:
    """Return a key sequence as people of this system write it."""
    return QKeySequence.fromString(keys).toString(QKeySequence.SequenceFormat.NativeText)


_SENTENCE = 46


class KeySheet(QDialog):
    """Every command that can be carried out now, with its keys, and a listener's keys; typing narrows it."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._commands = actions.bound
        self.filter = QLineEdit(self, placeholderText="Filter keys and commands", clearButtonEnabled=True)
        self.filter.setAccessibleName("Filter keys")
        self.filter.textChanged.connect(self._fill)
        self.table = QTableWidget(0, 4, self)
        self.table.setTabKeyNavigation(False)
        self.table.setHorizontalHeaderLabels(["Key", "Command", "Does", "Menu"])
        self.table.setAccessibleName("Keys")
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.filter, self.table, buttons):
            layout.addWidget(widget)
        resize_within(self, 820, 620)
        self._fill()
        self.table.resizeColumnsToContents()
        # As wide as most of them: a few long sentences would push the menus out of sight.
        wide = self.fontMetrics().averageCharWidth() * _SENTENCE
        self.table.setColumnWidth(2, min(self.table.columnWidth(2), wide))

    def _fill(self) -> None:
        words = self.filter.text().casefold().split()
        rows = [(keys_of(each), each.text, each.help, each.menu) for each in self._commands]
        kept = [
            row for row in (*rows, *panel_rows()) if all(word in " ".join(row).casefold() for word in words)
        ]
        self.table.setRowCount(len(kept))
        for row, cells in enumerate(kept):
            for column, text in enumerate(cells):
                self.table.setItem(row, column, QTableWidgetItem(text))


def panel_rows() -> list[tuple[str, str, str, str]]:
    """Return the listener's keys, as rows of the sheet."""
    from gaplisten.ui.panel.trial_keys import ALWAYS, SOMETIMES

    where, rows = "In a panel", []
    for text, does, made in ALWAYS:
        rows.append((", ".join(map(native, made)), text, does, where))
    return [*rows, *((*row, where) for row in SOMETIMES)]


class Manual(QDialog):
    """The manual, as it lies in the documentation."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Manual")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QTextBrowser(self)
        self.text.setAccessibleName("Manual")
        self.text.setOpenExternalLinks(True)
        self.text.setMarkdown(manual_text())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        resize_within(self, 780, 680)


def manual_text() -> str:
    """Return the manual as Markdown."""
    for path in (folders.resources() / "manual.md", folders.resources().parent / "docs" / "manual.md"):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return "# Manual\n\nThe manual was not installed. F2 shows every key."


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
