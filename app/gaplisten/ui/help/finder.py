"""Finds a command by what it is called or does, and carries it out: each can be reached without a mouse."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QDialog, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from gaplisten.ui.actions import Actions, Command
from gaplisten.ui.fields import FilterField
from gaplisten.ui.help.keys import keys_of
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel, plain_table, resize_within

_PRESSED = QEvent.Type.KeyPress
_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


@dataclass(frozen=True)
class Found:
    """A command as it is shown: its name, where it stands, its keys, and what it is searched by."""

    command: Command
    name: str
    menu: str
    keys: str
    text: str

    @classmethod
    def of(cls, command: Command) -> Found:
        """Return a command in the window's words; English ones find it, too, for documents name those."""
        name, help_text = tr_said(command.text), tr_said(command.help)
        head, _, tail = command.menu.partition("/")
        menu = " > ".join([tr_said(f"&{head}").replace("&", ""), *([tr_said(tail)] if tail else [])])
        searched = f"{menu} {name} {help_text} {command.menu} {command.text} {command.help}"
        return cls(command, name, menu, keys_of(command), searched.casefold())

    def rank(self, words: list[str]) -> int | None:
        """Return how well it fits what was typed, 0 best; None where some word is not in it."""
        if not all(word in self.text for word in words):
            return None
        name = self.name.casefold()
        if name.startswith(" ".join(words)):
            return 0
        return 1 if all(word in name for word in words) else 2


class CommandFinder(QDialog):
    """Type, choose with the arrows, Enter carries it out.

    Attributes
    ----------
    shown
        The commands that are listed, best first.
    """

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Find a Command"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = actions
        this = "help.find"
        self._every = [Found.of(each) for each in actions.bound if each.name != this]
        self.shown: list[Found] = []
        self.filter = FilterField(tr("What to do"), self)
        self.filter.installEventFilter(self)
        self.filter.given_up.connect(self.reject)
        self.filter.returnPressed.connect(self._carry_out)
        self.filter.textChanged.connect(self._fill)
        self.table = QTableWidget(0, 3, self)
        plain_table(self.table, tr("Commands"), spacing=4)
        self.table.setHorizontalHeaderLabels([tr("Command"), tr("Menu"), tr("Key")])
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # arrows work while one types
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setWordWrap(False)
        self.table.itemDoubleClicked.connect(lambda _item: self._carry_out())
        self.table.itemSelectionChanged.connect(self._tell)
        self.about = QuietLabel("", self, wrap=True)
        self.about.setMinimumHeight(2 * self.fontMetrics().height() + 4)  # so that the list does not jump
        layout = QVBoxLayout(self)
        layout.addWidget(self.filter)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.about)
        resize_within(self, 640, 460)
        self._fill()
        self.table.resizeColumnsToContents()

    @property
    def chosen(self) -> Found | None:
        """The command that Enter would carry out."""
        row = self.table.currentRow()
        return self.shown[row] if 0 <= row < len(self.shown) else None

    def _fill(self) -> None:
        words = self.filter.text().casefold().split()
        ranked = [(rank, each) for each in self._every if (rank := each.rank(words)) is not None]
        self.shown = [each for _, each in sorted(ranked, key=lambda one: one[0])]
        self.table.setRowCount(len(self.shown))
        for row, found in enumerate(self.shown):
            for column, text in enumerate((found.name, found.menu, found.keys)):
                item = QTableWidgetItem(text)
                if not self._action(found).isEnabled():
                    item.setForeground(self.palette().placeholderText())
                self.table.setItem(row, column, item)
        if self.shown:
            self.table.selectRow(0)
        self._tell()

    def _action(self, found: Found) -> QAction:
        return self._actions[found.command.name]

    def _tell(self) -> None:
        found = self.chosen
        if found is None:
            self.about.setText(tr("No command is called so or does that."))
        elif self._action(found).isEnabled():
            self.about.setText(tr_said(found.command.help))
        else:
            self.about.setText(
                tr("{help}. Not possible just now.", help=tr_said(found.command.help).rstrip("."))
            )

    def _carry_out(self) -> None:
        found = self.chosen
        if found is None or not self._action(found).isEnabled():
            return
        action = self._action(found)
        self.accept()
        action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move in the list while one types."""
        typed = event.key() if isinstance(event, QKeyEvent) and event.type() == _PRESSED else None
        if typed not in _MOVES or not self.shown:
            return super().eventFilter(watched, event)
        self._move(Qt.Key(typed))
        return True

    def _move(self, key: Qt.Key) -> None:
        page = max(1, self.table.viewport().height() // max(1, self.table.rowHeight(0)) - 1)
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -page}.get(key, page)
        self.table.selectRow(min(max(0, self.table.currentRow() + step), len(self.shown) - 1))
