"""The bar above the lanes: play, loop, speed, one button per lane, switching, level and meter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from gaplisten.playback.player import PlayerState
from gaplisten.ui.actions import Actions
from gaplisten.ui.icons import icon
from gaplisten.ui.theme import figures, lane_colour
from gaplisten.ui.workbench.meter import Meter
from gaplisten.workbench.lanes import Lane

SPEEDS = {"listen.full": ("1×", 1.0), "listen.half": ("½×", 0.5), "listen.quarter": ("¼×", 0.25)}


class Transport(QWidget):
    """The bar.

    Signals
    -------
    lane_chosen
        Key of a lane.
    switching_changed
        "standard" or "crossfade", and milliseconds.
    meter_cleared
        The clip light was clicked.
    """

    lane_chosen = Signal(int)
    switching_changed = Signal(str, float)
    meter_cleared = Signal()

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self.setAccessibleName("Transport")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(4)
        self.play = self._button("listen.toggle", "play", text="Play")
        self.stop = self._button("listen.stop", "stop")
        self.loop = self._button("listen.loop", "loop")
        for button in (self.play, self.stop, self.loop):
            layout.addWidget(button)
        self.speed = self._made_speed()
        layout.addWidget(self.speed)
        layout.addSpacing(6)
        self._lanes_box = QWidget(self)
        self._lanes_box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._lanes = QHBoxLayout(self._lanes_box)
        self._lanes.setContentsMargins(0, 0, 0, 0)
        self._lanes.setSpacing(2)
        layout.addWidget(self._lanes_box, 1)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.lane_chosen)
        self.switching, self.milliseconds = self._made_switching()
        self.level = QLabel(self)
        self.level.setFont(figures())
        self.level.setAccessibleName("Level")
        self.level.setStatusTip("The one gain of this clip, the same for all its lanes")
        self.meter = Meter(self)
        self.meter.cleared.connect(self.meter_cleared)
        layout.addSpacing(6)
        for widget in (QLabel("Switch", self), self.switching, self.milliseconds, self.level, self.meter):
            layout.addWidget(widget)
        self._playing = False

    def _button(self, name: str, picture: str, text: str = "") -> QToolButton:
        button = QToolButton(self)
        action = self._actions[name]
        action.setIcon(icon(picture))
        button.setDefaultAction(action)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(action.text())
        if text:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance("Play / Pause") + 34)
        return button

    def _made_speed(self) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName("Speed")
        box.setStatusTip("Speed; the pitch falls with it")
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for name, (text, factor) in SPEEDS.items():
            box.addItem(text, (name, factor))
        box.activated.connect(lambda place: self._actions[box.itemData(place)[0]].trigger())
        return box

    def _made_switching(self) -> tuple[QComboBox, QDoubleSpinBox]:
        box = QComboBox(self)
        box.addItem("standard", "standard")
        box.addItem("cross-fade", "crossfade")
        box.setAccessibleName("Switching")
        box.setToolTip("standard: fade out, then in (BS.1534-3); cross-fade: both at once")
        box.setStatusTip(box.toolTip())
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        length = QDoubleSpinBox(self, minimum=0.0, maximum=50.0, decimals=0, value=5.0, suffix=" ms")
        length.setAccessibleName("Length of the cross-fade")
        length.setToolTip("Length of the cross-fade; the standard's fades take 5 ms each")
        length.setFocusPolicy(Qt.FocusPolicy.ClickFocus | Qt.FocusPolicy.TabFocus)
        length.setEnabled(False)
        box.currentIndexChanged.connect(self._on_switching)
        length.valueChanged.connect(self._on_switching)
        return box, length

    def _on_switching(self) -> None:
        mode = self.switching.currentData()
        self.milliseconds.setEnabled(mode == "crossfade")
        self.switching_changed.emit(mode, self.milliseconds.value())

    def show_switching(self, mode: str, milliseconds: float) -> None:
        """Show how lanes are switched."""
        for box in (self.switching, self.milliseconds):
            box.blockSignals(True)
        self.switching.setCurrentIndex(self.switching.findData(mode))
        self.milliseconds.setValue(milliseconds)
        self.milliseconds.setEnabled(mode == "crossfade")
        for box in (self.switching, self.milliseconds):
            box.blockSignals(False)

    def show_speed(self, factor: float) -> None:
        """Show the speed."""
        factors = [value[1] for value in SPEEDS.values()]
        self.speed.setCurrentIndex(factors.index(factor))

    # -- lanes ----------------------------------------------------------------------------------------

    def show_lanes(self, lanes: Sequence[Lane], heard: int) -> None:
        """Have one button for each lane."""
        for old in self._group.buttons():
            self._group.removeButton(old)
            old.deleteLater()
        while self._lanes.count():
            self._lanes.takeAt(0)
        for lane in lanes:
            button = self._lane_button(lane)
            self._group.addButton(button, lane.key)
            self._lanes.addWidget(button)
        self._lanes.addStretch(1)
        self.show_heard(heard)

    def _lane_button(self, lane: Lane) -> QAbstractButton:
        button = QPushButton(self._lanes_box)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._dress(button, lane)
        return button

    def show_lane(self, lane: Lane) -> None:
        """Show what became of one lane."""
        button = self._group.button(lane.key)
        if button is not None:
            self._dress(button, lane)

    def _dress(self, button: QAbstractButton, lane: Lane) -> None:
        button.setText(f"{lane.key} {_shortened(lane.name)}".replace("&", "&&"))
        button.setIcon(_swatch(lane_colour(lane.key, self.palette())))
        button.setEnabled(lane.signal is not None)
        key = f" ({lane.key})" if lane.key <= 9 else ""
        button.setToolTip(f"{lane.name}{key}" + (f"\n{lane.state}" if lane.state else ""))
        button.setStatusTip(f"Hear {lane.name} at the same position{key}")
        button.setAccessibleName(f"Lane {lane.key}, {lane.name}")

    def show_heard(self, key: int) -> None:
        """Mark the lane that is heard."""
        for button in self._group.buttons():
            heard = self._group.id(button) == key
            button.setChecked(heard)
            font = button.font()
            font.setBold(heard)
            button.setFont(font)

    # -- state ----------------------------------------------------------------------------------------

    def show_state(self, state: PlayerState) -> None:
        """Show what the player does."""
        self.meter.show_state(state)
        if state.playing != self._playing:
            self._playing = state.playing
            self._actions["listen.toggle"].setIcon(icon("pause" if state.playing else "play"))
        text = "Pause" if state.playing else "Play"
        if self.play.text() != text:
            self._actions["listen.toggle"].setIconText(text)

    def show_gain(self, level_dbov: float, note: str) -> None:
        """Show the clip's gain."""
        self.level.setText(note.partition(" for ")[0] if note else "")
        self.level.setToolTip(f"Speech at {level_dbov:g} dBov: {note}" if note else "")

    def set_possible(self, possible: bool, reason: str) -> None:
        """Let the sound be asked for, or say why not."""
        for button in (self.play, self.stop, self.loop, self.speed):
            button.setEnabled(possible)
        self.play.setToolTip(self._actions["listen.toggle"].toolTip() if possible else reason)


def _shortened(name: str) -> str:
    return name if len(name) <= 18 else name[:16] + "…"


def _swatch(colour: QColor) -> QIcon:
    pixmap = QPixmap(24, 24)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(4, 4, 16, 16, 4, 4)
    painter.end()
    return QIcon(pixmap)
