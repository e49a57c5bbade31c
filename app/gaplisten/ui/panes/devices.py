"""The workbench's sound device: a dialog to choose it, and a message with a way out when it goes away."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gaplisten.playback.devices import OutputDevice, Side
from gaplisten.playback.player import PlayerState
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.theme import figures
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel, plain_table, resize_within

COLUMNS = (tr("Device"), tr("Host API"), tr("Channels"), tr("Rate", context="sampling"), "")
SYSTEM = tr("The system's choice")


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
        plain_table(self, tr("Output devices"))
        self.setStatusTip(tr("Output devices; Enter uses the selected one"))
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
            remarks = [*([tr("in use")] if used else []), *([tr("system default")] if device.default else [])]
            rate = f"{device.rate / 1000:g} kHz"
            words = (device.name, device.host_api, str(device.channels), rate, ", ".join(remarks))
            self._fill(row, words, bold=used)
        keep = self._devices.index(before) + 1 if before in self._devices else self._row_of(title)
        if keep != self.currentRow():
            self.setCurrentCell(keep, 0)

    def _system_note(self) -> str:
        return "" if any(device.default for device in self._devices) else tr("there is none now")

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


_TONES = (
    (tr("Left"), tr("Test tone: left"), "left"),
    (tr("Right"), tr("Test tone: right"), "right"),
    (tr("Both", context="channels"), tr("Test tone: both"), "both"),
)
_LINES = {
    "Device": tr("Device"),
    "Rate": tr("Rate", context="sampling"),
    "Latency": tr("Latency"),
    "Underflows": tr("Underflows"),
}


class DeviceDialog(QDialog):
    """Not modal: one can listen while choosing.

    Signals
    -------
    wanted
        The `OutputDevice` to use from now on, None for the system's choice.
    rescan_wanted
        The devices should be looked for again.
    tone_wanted
        "left", "right" or "both".
    """

    wanted = Signal(object)
    rescan_wanted = Signal()
    tone_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Sound Device"))
        self._shown: tuple[object, ...] = ()
        self._underflows, self._since = 0, 0
        self.reason = QuietLabel("", self, wrap=True)
        self.reason.set_warning(True)
        self.reason.setAccessibleName(tr("Why there is no sound"))
        self.table = DeviceTable(self)
        self.use = self._button(tr("Use This Device"), tr("Send the sound there from now on; remembered"))
        self.rescan = self._button(tr("Look Again"), tr("Look again for devices; this pauses the sound"))
        self.tones = {side: self._button(text, tip) for text, tip, side in _TONES}
        self.lines = {name: QLabel(self) for name in _LINES}
        self.reset = self._button(tr("Reset"), tr("Count underflows from 0 again"))
        layout = QVBoxLayout(self)
        layout.addWidget(self.reason)
        layout.addWidget(self.table, 1)
        layout.addLayout(self._choosing())
        layout.addWidget(self._now())
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        close.rejected.connect(self.reject)
        layout.addWidget(close)
        self._connect()
        resize_within(self, 660, 430)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setAutoDefault(False)
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        return button

    def _choosing(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.addWidget(self.use)
        line.addWidget(self.rescan)
        line.addStretch(1)
        line.addWidget(QLabel(tr("Test tone"), self))
        for button in self.tones.values():
            button.setAccessibleName(button.toolTip())
            line.addWidget(button)
        return line

    def _now(self) -> QGroupBox:
        box = QGroupBox(tr("Now"), self)
        form = QFormLayout(box)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, label in self.lines.items():
            label.setFont(figures())
            label.setAccessibleName(_LINES[name])
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            if name != "Underflows":
                form.addRow(_LINES[name], label)
        line = QHBoxLayout()
        line.addWidget(self.lines["Underflows"], 1)
        line.addWidget(self.reset)
        self.reset.setAccessibleName(tr("Reset the underflow count"))
        form.addRow(tr("Underflows"), line)
        return box

    def _connect(self) -> None:
        self.use.clicked.connect(self._use)
        self.table.used.connect(self._use)
        self.rescan.clicked.connect(self.rescan_wanted)
        self.reset.clicked.connect(self._reset)
        for side, button in self.tones.items():
            button.clicked.connect(lambda _checked=False, side=side: self.tone_wanted.emit(side))

    def _use(self) -> None:
        self.wanted.emit(self.table.chosen())

    def _reset(self) -> None:
        self._since = self._underflows
        self._show_underflows()

    def _show_underflows(self) -> None:
        since = self._underflows - self._since
        total = tr(" ({underflows} in all)", underflows=self._underflows) if self._since else ""
        self.lines["Underflows"].setText(f"{since}{total}")

    def show_state(self, state: PlayerState, devices: tuple[OutputDevice, ...]) -> None:
        """Show the devices and how the sound goes out."""
        if (devices, state.device) != self._shown or not self.table.rowCount():
            self._shown = (devices, state.device)
            self.table.show_devices(devices, state.device)
        self._underflows = state.underflows
        if state.underflows < self._since:  # another player counts from 0
            self._since = 0
        self.lines["Device"].setText(state.device or tr("none"))
        self.lines["Rate"].setText(rate_text(state))
        self.lines["Latency"].setText(f"{state.latency_ms:.1f} ms" if state.available and state.rate else "-")
        self._show_underflows()
        self.reason.setText(tr_said(state.reason))
        self.reason.setVisible(bool(state.reason))
        audible = state.available and not state.starting
        self.use.setEnabled(bool(devices) or audible)
        for button in self.tones.values():
            button.setEnabled(audible)


def rate_text(state: PlayerState) -> str:
    """Return at which rate the sound goes out, and whether it had to be resampled for that."""
    if not state.available:
        return tr("starting") if state.starting else tr("no sound")
    if not state.rate:
        return tr("not open yet")
    note = tr("resampled: not the file's own samples") if state.resampled else tr("the clip's own samples")
    return f"{state.rate} Hz, {note}"


COMMANDS = section("Listen", "device")(
    ("listen.rescan", "Rescan Devices", "", "Look again for sound devices"),
    ("listen.device", "Sound Device…", "Ctrl+Shift+D", "Choose where the sound goes, and try it"),
)

LOOK_MS = 200
_SOUND = "sound"  # what messages about devices are about


class Devices(QObject):
    """Opens the dialog, and watches for a device that goes away."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._hearing = shell, shell.controller.hearing
        self.dialog: DeviceDialog | None = None
        self._reason, self._sounded, self._told = "", False, ""
        shell.actions.bind("listen.rescan", self.rescan)
        shell.actions.bind("listen.device", self.open)
        self.choose_another = QAction(tr("Choose Another…"), self)
        self.choose_another.setToolTip(tr("Choose another sound device; playing can go on where it was"))
        self.choose_another.triggered.connect(self.open)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        shell.signals.moved.connect(self._watch)
        shell.status.sound_clicked.connect(self.open)
        shell.made_way.connect(self._make_way)

    def _make_way(self) -> None:
        """Close the dialog: a listening panel has the sound, and the screen."""
        if self.dialog is not None:
            self.dialog.close()

    # -- the dialog -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Show the dialog."""
        if self.dialog is None:
            self.dialog = DeviceDialog(self._shell.window)
            self.dialog.wanted.connect(self.choose)
            self.dialog.rescan_wanted.connect(self.rescan)
            self.dialog.tone_wanted.connect(self._tone)
            self.dialog.finished.connect(self._timer.stop)
        self.look()
        self._timer.start()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.table.setFocus()

    def look(self) -> None:
        """Show the state as it is now: a device list comes without any sound being played."""
        if self.dialog is not None:
            player = self._hearing.player
            self.dialog.show_state(player.state, player.devices())

    def choose(self, device: OutputDevice | None) -> None:
        """Send the sound elsewhere; the position stays."""
        self._hearing.player.choose(device)
        self._take_back()
        where = device.title if device else tr("the system's choice")
        self._shell.say(tr("sound goes to {where}", where=where))
        self.look()

    def rescan(self) -> None:
        """Look again for devices."""
        self._shell.say(tr("looking for sound devices"))
        self._hearing.player.rescan()
        self.look()

    def _tone(self, side: Side) -> None:
        self._hearing.player.test_tone(side)

    def _take_back(self) -> None:
        """Take the message of a device that went away back: it does not hold any more."""
        self._shell.messages.mend(_SOUND)

    # -- the watch ------------------------------------------------------------------------------------

    def _watch(self, state: PlayerState) -> None:
        """Tell of trouble once, unless there was never any sound to lose."""
        if state.off:
            self._reason, self._sounded = "", False
            return
        sounded, self._sounded = self._sounded, self._sounded or (state.available and not state.starting)
        if state.reason == self._reason:
            return
        self._reason = state.reason
        if not state.reason:
            self._take_back()
        elif sounded or state.available:
            # A device is lost first, and then another one found: both belong together.
            still = [self._told] if self._shell.messages.tells(_SOUND) else []
            self._told = " ".join([*still, tr_said(state.reason)])
            self._take_back()
            self._shell.messages.report(self._told, self.choose_another, _SOUND)


PANE = Pane("devices", Devices, COMMANDS, place=63)
