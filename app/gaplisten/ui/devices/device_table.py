"""The output devices as a table: the system's choice first, then each by name and host API."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from gaplisten.playback.devices import OutputDevice
from gaplisten.ui.theme import figures
from gaplisten.ui.widgets import plain_table

COLUMNS = ("Device", "Host API", "Channels", "Rate", "")
SYSTEM = "The system's choice"


class DeviceTable(QTableWidget):
    """One row for each device.

    Signals
    -------
    used
        A row was double-clicked, or Enter pressed on it.
    """

    used = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._devices: tuple[OutputDevice, ...] = ()
        self.setHorizontalHeaderLabels(COLUMNS)
        plain_table(self, "Output devices")
        self.setStatusTip("Output devices; Enter uses the selected one")
        self.setAlternatingRowColors(True)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.cellDoubleClicked.connect(lambda _row, _column: self.used.emit())

    def show_devices(self, devices: Sequence[OutputDevice], title: str) -> None:
        """List the devices; the one called `title` is in use. The selection stays where it can."""
        before = self.chosen() if self.rowCount() else None
        self._devices = tuple(devices)
        self.setRowCount(1 + len(devices))
        self._fill(0, (SYSTEM, "", "", "", self._system_note()), bold=False)
        for row, device in enumerate(devices, 1):
            used = device.title == title
            remarks = [*(["in use"] if used else []), *(["system default"] if device.default else [])]
            rate = f"{device.rate / 1000:g} kHz"
            words = (device.name, device.host_api, str(device.channels), rate, ", ".join(remarks))
            self._fill(row, words, bold=used)
        keep = self._devices.index(before) + 1 if before in self._devices else self._row_of(title)
        if keep != self.currentRow():
            self.setCurrentCell(keep, 0)

    def _system_note(self) -> str:
        return "" if any(device.default for device in self._devices) else "there is none now"

    def _row_of(self, title: str) -> int:
        return next((row for row, device in enumerate(self._devices, 1) if device.title == title), 0)

    def _fill(self, row: int, words: Sequence[str], *, bold: bool) -> None:
        for column, text in enumerate(words):
            item = QTableWidgetItem(f"  {text}  " if column else text)  # room between the columns
            font = figures() if column in (2, 3) else self.font()
            font.setBold(bold)
            item.setFont(font)
            if column in (2, 3):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setToolTip(words[0])
            self.setItem(row, column, item)

    def chosen(self) -> OutputDevice | None:
        """Return the device that is selected; None for the system's choice."""
        row = self.currentRow() - 1
        return self._devices[row] if 0 <= row < len(self._devices) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Use the selected device on Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.used.emit()
            return
        super().keyPressEvent(event)
