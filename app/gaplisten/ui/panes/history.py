"""The edits that were made, as a list: a click goes back to one, or forward again."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSignalBlocker, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from gaplisten.bench.document import Edit
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.theme import quiet_colour
from gaplisten.ui.translation import tr, tr_said

COMMANDS = section("Edit", "history")(
    ("edit.history", "Edit History", "Ctrl+H", "See the edits, and go back or forward to one"),
)


class History(QObject):
    """The list, in step with undo and redo.

    Attributes
    ----------
    dock
        What is shown in the window.
    rows
        The list: the work as it was opened, and then each edit; the current one is the last that is done.
    """

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._document = shell, shell.controller.document
        self._shown: tuple[Edit, ...] | None = None
        self.dock = QWidget(shell.window)
        self.rows = QListWidget(self.dock)
        self.rows.setAccessibleName(tr("Edits"))
        self.rows.setStatusTip(tr("Go to an edit: those behind it are undone, those before it done again"))
        self.rows.setUniformItemSizes(True)
        layout = QVBoxLayout(self.dock)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.rows)
        self._place = shell.docks["history"]
        self._place.hide()
        shell.actions.bind("edit.history", lambda: shell.bring("history", self.rows))
        shell.stop_at(self.dock, self.rows)
        # Not as rows are gone through with the mouse held or keys: the sound would follow each.
        self.rows.itemClicked.connect(self._go)
        self.rows.itemActivated.connect(self._go)
        shell.signals.document_changed.connect(self.show)
        shell.palette_changed.connect(self._dress)
        self._place.visibilityChanged.connect(lambda _seen: self.show())
        self.show()

    def show(self) -> None:
        """Show the edits as they are now."""
        if self._place.isHidden() or (edits := self._document.edits) == self._shown:
            return
        self._shown = edits
        with QSignalBlocker(self.rows):
            self.rows.clear()
            self.rows.addItem(QListWidgetItem(tr("As it was opened")))
            for edit in edits:
                label = tr_said(edit.label)
                self.rows.addItem(QListWidgetItem(f"{label} · {edit.clip}" if edit.clip else label))
            self.rows.setCurrentRow(self._done)
        self._dress()

    @property
    def _done(self) -> int:
        return sum(edit.done for edit in self._shown or ())

    def _dress(self) -> None:
        """Show in a quiet colour what is undone, and say so."""
        for row in range(self.rows.count()):
            item, undone = self.rows.item(row), row > self._done
            colour = quiet_colour(self.rows.palette()) if undone else self.rows.palette().text().color()
            item.setForeground(QColor(colour))
            font = item.font()
            font.setItalic(undone)
            item.setFont(font)
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole,
                tr("{edit}, undone", edit=item.text()) if undone else item.text(),
            )

    def _go(self, item: QListWidgetItem) -> None:
        row, text = self.rows.row(item), item.text()  # the item is gone once the list is shown anew
        if row != self._done:
            self._document.go_to(row)
            self._shell.say(tr("as after: {edit}", edit=text))


PANE = Pane(
    "history",
    History,
    COMMANDS,
    "Edit History",
    Qt.DockWidgetArea.BottomDockWidgetArea,
    behind="notes",
    scrolls=False,
    place=67,
)
