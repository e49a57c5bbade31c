"""Plugins that do not work: traceback, the file in an editor, and gone by itself when it is mended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from gaplisten.bench.plugin_errors import PluginError, file_of_heard, plugin_errors
from gaplisten.ui.actions import section
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import QuietLabel, pane_button

COMMANDS = section("Conceal", "files")(
    (
        "conceal.editor",
        "Open Plugin in Editor",
        "Ctrl+Shift+K",
        "Open the file of the concealer heard, or of the one that does not work, in the system's editor",
    ),
    ("conceal.errors", "Show Plugin Errors", "", "Show the traceback of plugins that do not work"),
)


class PluginErrorsDock(QWidget):
    """The text of one error, and which."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.errors: tuple[PluginError, ...] = ()
        self.which = ChoiceField(self)
        self.which.setAccessibleName(tr("Plugin that does not work"))
        self.which.currentIndexChanged.connect(self._fill)
        self.edit = pane_button(
            tr("Open in Editor"), tr("Open the plugin's file in the system's editor"), self
        )
        self.copy = pane_button(tr("Copy"), tr("Copy message and traceback"), self)
        self.copy.clicked.connect(self._copy)
        self.text = QPlainTextEdit(self, readOnly=True)
        self.text.setAccessibleName(tr("Traceback"))
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.none = QuietLabel(tr("Every plugin works."), self)
        row = QHBoxLayout()
        for widget in (self.which, self.edit, self.copy, self.none):
            row.addWidget(widget)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.addLayout(row)
        layout.addWidget(self.text, 1)
        self._fill()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    @property
    def shown(self) -> PluginError | None:
        """The error that is shown."""
        place = self.which.currentIndex()
        return self.errors[place] if 0 <= place < len(self.errors) else None

    def show_errors(self, errors: tuple[PluginError, ...]) -> None:
        """Offer these errors, and go on showing the same plugin's."""
        if errors == self.errors:
            return
        kept, self.errors = self.shown, errors
        self.which.blockSignals(True)
        self.which.clear()
        self.which.addItems([each.title for each in errors])
        self.which.blockSignals(False)
        self.show_concealer(kept.concealer if kept is not None else "")

    def show_concealer(self, name: str) -> None:
        """Show the error of one plugin; the first where it has none."""
        places = [place for place, each in enumerate(self.errors) if each.concealer == name]
        self.which.setCurrentIndex(places[0] if places else 0)
        self._fill()

    def _fill(self) -> None:
        shown = self.shown
        for widget in (self.which, self.edit, self.copy, self.text):
            widget.setVisible(shown is not None)
        self.none.setVisible(shown is None)
        self.edit.setEnabled(shown is not None and shown.path is not None)
        text = ""
        if shown is not None:
            where = "" if shown.path is None else str(shown.path)
            told = "\n".join(filter(None, (where, shown.message)))
            text = "\n\n".join(filter(None, (told, shown.details.strip())))
        if text != self.text.toPlainText():
            self.text.setPlainText(text)


class PluginErrors(QObject):
    """Brings the pane up when a plugin that is used breaks, and takes it away when all are mended."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self.dock = PluginErrorsDock(shell.window)
        self._place = shell.docks["plugin_errors"]
        self._place.hide()
        self._brought = False  # by itself
        self.dock.edit.clicked.connect(self._edit_shown)
        shell.actions.bind("conceal.errors", lambda: self._bring(""))
        shell.actions.bind("conceal.editor", self._edit)
        shell.plugin_error_wanted.connect(self._bring)
        shell.stop_at(self.dock, self.dock.text)
        signals = shell.signals
        for signal in (signals.catalogue_changed, signals.lanes_changed, signals.lane_changed):
            signal.connect(self._show)

    def _show(self, _key: int = -1) -> None:
        before = {each.concealer for each in self.dock.errors if each.used}
        errors = plugin_errors(self._controller)
        self.dock.show_errors(errors)
        new = [each.concealer for each in errors if each.used and each.concealer not in before]
        if new:
            self.dock.show_concealer(new[0])
            self._brought = self._brought or not self._place.isVisible()
            self._place.show()
            self._place.raise_()  # the focus stays where it is: somebody listens, or edits elsewhere
        elif self._brought and not any(each.used for each in errors):
            self._brought = False
            self._place.hide()

    def _bring(self, concealer: str) -> None:
        self.dock.show_errors(plugin_errors(self._controller))
        self.dock.show_concealer(concealer)
        self._brought = False
        self._shell.bring("plugin_errors", self.dock.text)

    def _edit_shown(self) -> None:
        shown = self.dock.shown
        if shown is not None and shown.path is not None:
            self._open(shown.path)

    def _edit(self) -> None:
        broken = next((each.path for each in self.dock.errors if each.used and each.path), None)
        path = broken or file_of_heard(self._controller)
        if path is None:
            self._shell.say(tr("listen to a concealer's version first: its plugin is opened"))
            return
        self._open(path)

    def _open(self, path: Path) -> None:
        if not path.is_file():
            self._shell.say(tr("{path} is not there", path=path))
        elif open_in_editor(path):
            self._shell.say(tr("opened {path}; it is read again when it is saved", path=path))
        else:
            self._shell.say(
                tr("no editor is set for Python files on this system; the file is {path}", path=path)
            )


if sys.platform == "win32":

    def open_in_editor(path: Path) -> bool:
        """Open a text in the system's editor; its usual verb would run a Python file."""
        try:
            os.startfile(path, "edit")
        except OSError:
            return False
        return True

elif sys.platform == "darwin":

    def open_in_editor(path: Path) -> bool:
        """Open a text in the system's editor; return whether there is one."""
        return subprocess.run(["open", "-t", str(path)], check=False).returncode == 0

else:

    def open_in_editor(path: Path) -> bool:
        """Open a text in the system's editor; return whether there is one."""
        return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


PANE = Pane(
    "plugin_errors",
    PluginErrors,
    COMMANDS,
    "Plugin Errors",
    Qt.DockWidgetArea.BottomDockWidgetArea,
    behind="notes",
    scrolls=False,
    place=66,
)
