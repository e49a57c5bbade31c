"""The sheet of keys: every command by menu, what the mouse does on the lanes, and a listener's keys."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gaplisten.ui.actions import MENUS, Actions, Command, key_texts
from gaplisten.ui.fields import FilterField
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import plain_table, resize_within

_MOUSE, _PANEL = tr("Mouse on the lanes"), tr("In a panel")
_COLUMNS = (tr("Key"), tr("Command"), tr("What it does"))
_WIDEST = 30  # signs of a key or gesture

GESTURES = (
    (tr("Click"), tr("Go there; in a lane's head hear that version")),
    (tr("Double-click"), tr("Hear that version")),
    (tr("Drag"), tr("Set the loop")),
    (tr("Drag an end of the loop"), tr("Move that end")),
    (tr("Click a mark over the lanes"), tr("Go to that note")),
    (tr("Shift+drag, or drag with the middle button"), tr("Move in time")),
    (tr("Drag in the strip on top"), tr("Move what is seen")),
    (tr("Wheel"), tr("Scroll through the lanes")),
    (tr("Ctrl+wheel, or pinch"), tr("Zoom in time, about the pointer")),
    (tr("Shift+wheel, or wheel sideways"), tr("Move in time")),
    (tr("Alt+wheel"), tr("Zoom the amplitude")),
    (tr("Right button"), tr("What can be done there")),
    (
        tr("Drag while painting losses"),
        tr("Lose packets; from lost ones, with Shift or right, receive them"),
    ),
    (tr("Alt+drag while painting losses"), tr("Lose or receive just that stretch, off the packets")),
)
"""What the mouse does on the lanes (`gaplisten.ui.lanes.pointer`): gesture, and what it does."""


@dataclass(frozen=True)
class Row:
    """One thing that can be done: under which heading, by what, its name, and what it does."""

    group: str
    keys: str
    name: str
    does: str

    @property
    def text(self) -> str:
        """All of it, to be searched."""
        return f"{self.group} {self.keys} {self.name} {self.does}".casefold()


class KeySheet(QDialog):
    """Every command that can be carried out now, with its keys, mouse and listener's keys; typing narrows it.

    Attributes
    ----------
    shown
        The rows that are shown, without their headings.
    """

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keys and Mouse"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._rows = (*command_rows(actions), *mouse_rows(), *panel_rows())
        self.shown: list[Row] = []
        self.filter = FilterField(tr("Filter keys and commands"), self)
        self.filter.textChanged.connect(self._fill)
        self.table = QTableWidget(0, len(_COLUMNS), self)
        plain_table(self.table, tr("Keys"), spacing=4)
        self.table.setHorizontalHeaderLabels(_COLUMNS)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.setWordWrap(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.filter, self.table, buttons):
            layout.addWidget(widget)
        resize_within(self, 860, 680)
        self._fill()
        self.table.resizeColumnsToContents()
        wide = self.fontMetrics().averageCharWidth() * _WIDEST
        self.table.setColumnWidth(0, min(self.table.columnWidth(0), wide))

    def _fill(self) -> None:
        words = self.filter.text().casefold().split()
        self.shown = [row for row in self._rows if all(word in row.text for word in words)]
        self.table.clearSpans()
        self.table.setRowCount(0)
        group = ""
        for row in self.shown:
            if row.group != group:
                group = row.group
                self._put_heading(group)
            self._put(row)

    def _put_heading(self, group: str) -> None:
        place = self.table.rowCount()
        self.table.insertRow(place)
        item = QTableWidgetItem(group)
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)
        self.table.setItem(place, 0, item)
        self.table.setSpan(place, 0, 1, len(_COLUMNS))
        self.table.setRowHeight(place, self.fontMetrics().height() + 14)

    def _put(self, row: Row) -> None:
        place = self.table.rowCount()
        self.table.insertRow(place)
        for column, text in enumerate((row.keys, row.name, row.does)):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            self.table.setItem(place, column, item)


def command_rows(actions: Actions) -> list[Row]:
    """Return the commands in the order of the menus and their sections."""
    menus = list(MENUS)

    def place(command: Command) -> tuple[int, int]:
        menu = command.menu.split("/")[0]
        if menu not in MENUS:
            return len(menus), 0
        parts = MENUS[menu]
        return menus.index(menu), parts.index(command.part) if command.part in parts else len(parts)

    ordered = sorted(actions.bound, key=place)
    return [
        Row(
            tr_said("&" + each.menu.split("/")[0]).replace("&", ""),
            keys_of(each),
            tr_said(each.text),
            tr_said(each.help),
        )
        for each in ordered
    ]


def mouse_rows() -> list[Row]:
    """Return what the mouse does on the lanes."""
    return [Row(_MOUSE, gesture, "", does) for gesture, does in GESTURES]


def panel_rows() -> list[Row]:
    """Return the listener's keys."""
    from gaplisten.ui.panel.trial_keys import ALWAYS, SOMETIMES

    always = [Row(_PANEL, ", ".join(map(native, made)), text, does) for text, does, made in ALWAYS]
    return [*always, *(Row(_PANEL, *row) for row in SOMETIMES)]


def keys_of(command: Command) -> str:
    """Return a command's keys as people of this system write them."""
    return ", ".join(map(native, key_texts(command)))


def native(keys: str) -> str:
    """Return a key sequence as people of this system write it."""
    return QKeySequence.fromString(keys).toString(QKeySequence.SequenceFormat.NativeText)
