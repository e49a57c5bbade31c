"""Choosing a sound device: the list, a test tone, and how the sound goes out now."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.playback.devices import OutputDevice
from gaplisten.playback.player import PlayerState
from gaplisten.ui.devices.device_table import DeviceTable
from gaplisten.ui.theme import figures
from gaplisten.ui.widgets import QuietLabel, resize_within

_TONES = (("Left", "left"), ("Right", "right"), ("Both", "both"))


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
        self.setWindowTitle("Sound Device")
        self._shown: tuple[object, ...] = ()
        self._underflows, self._since = 0, 0
        self.reason = QuietLabel("", self, wrap=True)
        self.reason.set_warning(True)
        self.reason.setAccessibleName("Why there is no sound")
        self.table = DeviceTable(self)
        self.use = self._button("Use This Device", "Send the sound there from now on; remembered")
        self.rescan = self._button("Look Again", "Look again for devices; this pauses the sound")
        self.tones = {side: self._button(text, f"Test tone: {text.lower()}") for text, side in _TONES}
        self.lines = {name: QLabel(self) for name in ("Device", "Rate", "Latency", "Underflows")}
        self.reset = self._button("Reset", "Count underflows from 0 again")
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
        line.addWidget(QLabel("Test tone", self))
        for side, button in self.tones.items():
            button.setAccessibleName(f"Test tone {side}")
            line.addWidget(button)
        return line

    def _now(self) -> QGroupBox:
        box = QGroupBox("Now", self)
        form = QFormLayout(box)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, label in self.lines.items():
            label.setFont(figures())
            label.setAccessibleName(name)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            if name != "Underflows":
                form.addRow(name, label)
        line = QHBoxLayout()
        line.addWidget(self.lines["Underflows"], 1)
        line.addWidget(self.reset)
        self.reset.setAccessibleName("Reset the underflow count")
        form.addRow("Underflows", line)
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
        total = f" ({self._underflows} in all)" if self._since else ""
        self.lines["Underflows"].setText(f"{since}{total}")

    def show_state(self, state: PlayerState, devices: tuple[OutputDevice, ...]) -> None:
        """Show the devices and how the sound goes out."""
        if (devices, state.device) != self._shown or not self.table.rowCount():
            self._shown = (devices, state.device)
            self.table.show_devices(devices, state.device)
        self._underflows = state.underflows
        if state.underflows < self._since:  # another player counts from 0
            self._since = 0
        self.lines["Device"].setText(state.device or "none")
        self.lines["Rate"].setText(rate_text(state))
        self.lines["Latency"].setText(f"{state.latency_ms:.1f} ms" if state.available and state.rate else "-")
        self._show_underflows()
        self.reason.setText(state.reason)
        self.reason.setVisible(bool(state.reason))
        audible = state.available and not state.starting
        self.use.setEnabled(bool(devices) or audible)
        for button in self.tones.values():
            button.setEnabled(audible)


def rate_text(state: PlayerState) -> str:
    """Return at which rate the sound goes out, and whether it had to be resampled for that."""
    if not state.available:
        return "starting" if state.starting else "no sound"
    if not state.rate:
        return "not open yet"
    note = "resampled: not the file's own samples" if state.resampled else "the clip's own samples"
    return f"{state.rate} Hz, {note}"
