"""The bar above the lanes: play, loop, speed, one button per lane, switching, level and meter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QToolButton,
    QWidget,
)

from gaplisten.playback.player import PlayerState
from gaplisten.ui.actions import Actions
from gaplisten.ui.fields import ChoiceField, NumberField
from gaplisten.ui.icons import icon
from gaplisten.ui.theme import accent, figures, quiet_colour, warning_colour
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.workbench.lane_buttons import LaneButtons

FLOOR_DB = -60.0


class Meter(QWidget):
    """One bar from -60 to 0 dB of full scale.

    Signals
    -------
    cleared
        The clip indicator was clicked.
    """

    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level, self._hold, self._clipped = FLOOR_DB, FLOOR_DB, False
        self.setAccessibleName(tr("Output level"))
        self.setStatusTip(tr("Output level, -60 to 0 dB of full scale; click to reset the clip indicator"))
        self.setToolTip(tr("Output level"))

    def sizeHint(self) -> QSize:
        """Return a size that fits a toolbar."""
        return QSize(110, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return the least that can still be read."""
        return QSize(60, 10)

    def show_state(self, state: PlayerState) -> None:
        """Show a player's output level."""
        level, hold = level_db(state.peak), level_db(state.peak_hold)
        if (level, hold, state.clipped) != (self._level, self._hold, self._clipped):
            self._level, self._hold, self._clipped = level, hold, state.clipped
            self.setToolTip(tr("Peak {hold:.1f} dB", hold=hold) + (tr(", clipped") if state.clipped else ""))
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Reset the clip indicator."""
        self.cleared.emit()
        event.accept()

    def _place(self, decibels: float, width: float) -> float:
        return width * min(max(1.0 - decibels / FLOOR_DB, 0.0), 1.0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bar, ticks, hold mark and clip indicator."""
        painter = QPainter(self)
        light = 10.0
        area = QRectF(0.5, self.height() / 2 - 5.0, self.width() - light - 4.0, 10.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().mid())
        painter.drawRoundedRect(area, 2, 2)
        filled = QRectF(area.left(), area.top(), self._place(self._level, area.width()), area.height())
        painter.setBrush(accent(self.palette()))
        painter.drawRoundedRect(filled, 2, 2)
        self._ticks(painter, area)
        if self._hold > FLOOR_DB:
            x = area.left() + self._place(self._hold, area.width())
            painter.fillRect(
                QRectF(x - 1.0, area.top() - 1.0, 2.0, area.height() + 2.0), self.palette().text()
            )
        painter.setPen(quiet_colour(self.palette()))
        painter.setBrush(warning_colour(self.palette()) if self._clipped else QColor(0, 0, 0, 0))
        painter.drawRect(QRectF(self.width() - light - 0.5, area.top(), light - 0.5, area.height() - 0.5))
        painter.end()

    def _ticks(self, painter: QPainter, area: QRectF) -> None:
        for decibels in (-48.0, -36.0, -26.0, -12.0):
            x = round(area.left() + self._place(decibels, area.width()))
            painter.fillRect(QRectF(x, area.top() + 3.0, 1.0, area.height() - 6.0), self.palette().base())


def level_db(peak: Sequence[float]) -> float:
    """Return the louder channel's peak in dB, -120 for silence."""
    return float(20.0 * np.log10(max([*peak, 1e-6])))


SPEEDS = {"listen.full": ("1×", 1.0), "listen.half": ("½×", 0.5), "listen.quarter": ("¼×", 0.25)}

_SPACING = 4


class Transport(QWidget):
    """The bar.

    Signals
    -------
    lane_chosen
        Key of a lane.
    switching_changed
        "standard" or "crossfade", and milliseconds.
    meter_cleared
        The clip indicator was clicked.
    """

    lane_chosen = Signal(int)
    switching_changed = Signal(str, float)
    meter_cleared = Signal()

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: dict[str, str] = {}
        self._actions = actions
        self.setAccessibleName(tr("Transport"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(_SPACING)
        self.play = self._button("listen.toggle", "play", text=tr("Play"))
        self.stop = self._button("listen.stop", "stop")
        self.loop = self._button("listen.loop", "loop")
        for button in (self.play, self.stop, self.loop):
            layout.addWidget(button)
        self.speed = self._made_speed()
        layout.addWidget(self.speed)
        layout.addSpacing(6)
        self.lanes = LaneButtons(self)
        self.lanes.chosen.connect(self.lane_chosen)
        layout.addWidget(self.lanes, 1)
        self.switching, self.milliseconds = self._made_switching()
        self.level = QLabel(self)
        self.level.setFont(figures())
        self.level.setAccessibleName(tr("Level"))
        self.level.setStatusTip(tr("The one gain of this clip, the same for all its lanes"))
        self.meter = Meter(self)
        self.meter.cleared.connect(self.meter_cleared)
        layout.addSpacing(6)
        # In the menus too: what may go where there is no room.
        self._spare = (QLabel(tr("Switch"), self), self.switching, self.milliseconds, self.level)
        for widget in (*self._spare, self.meter):
            layout.addWidget(widget)
        self._playing = False

    def _button(self, name: str, picture: str, text: str = "") -> QToolButton:
        button = QToolButton(self)
        action = self._actions[name]
        self._picture(name, picture)
        button.setDefaultAction(action)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(action.text())
        if text:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(tr("Play / Pause")) + 34)
        return button

    def _picture(self, name: str, picture: str) -> None:
        self._pictures[name] = picture
        self._actions[name].setIcon(icon(picture))

    def changeEvent(self, event: QEvent) -> None:
        """Draw the symbols anew when the theme changes."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            for name, picture in self._pictures.items():
                self._picture(name, picture)

    def _made_speed(self) -> ChoiceField:
        box = ChoiceField(self)
        box.setAccessibleName(tr("Speed"))
        box.setStatusTip(tr("Speed; the pitch falls with it"))
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for name, (text, factor) in SPEEDS.items():
            box.addItem(text, (name, factor))
        box.activated.connect(lambda place: self._actions[box.itemData(place)[0]].trigger())
        return box

    def _made_switching(self) -> tuple[ChoiceField, NumberField]:
        box = ChoiceField(self)
        box.addItem(tr("standard"), "standard")
        box.addItem(tr("cross-fade"), "crossfade")
        box.setAccessibleName(tr("Switching"))
        box.setToolTip(tr("standard: fade out, then in (BS.1534-3); cross-fade: both at once"))
        box.setStatusTip(box.toolTip())
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        length = NumberField(self, minimum=0.0, maximum=50.0, decimals=0, value=5.0, suffix=" ms")
        length.setAccessibleName(tr("Length of the cross-fade"))
        length.setToolTip(tr("Length of the cross-fade; the standard's fades take 5 ms each"))
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

    def minimumSizeHint(self) -> QSize:
        """Return the size without what may go."""
        hint = super().minimumSizeHint()
        shown = [widget for widget in self._spare if not widget.isHidden()]
        return QSize(hint.width() - self._width_of(shown), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show what there is room for."""
        super().resizeEvent(event)
        hidden = [widget for widget in self._spare if widget.isHidden()]
        whole = super().minimumSizeHint().width() + self._width_of(hidden)
        for widget in self._spare:
            widget.setVisible(self.width() >= whole)

    def _width_of(self, widgets: Sequence[QWidget]) -> int:
        return sum(widget.minimumSizeHint().width() + _SPACING for widget in widgets)

    # -- state ----------------------------------------------------------------------------------------

    def show_state(self, state: PlayerState) -> None:
        """Show what the player does."""
        self.meter.show_state(state)
        if state.playing != self._playing:
            self._playing = state.playing
            self._picture("listen.toggle", "pause" if state.playing else "play")
        text = tr("Pause") if state.playing else tr("Play")
        if self.play.text() != text:
            self._actions["listen.toggle"].setIconText(text)

    def show_gain(self, level_dbov: float, note: str) -> None:
        """Show the clip's gain."""
        limited = tr(", limited") if ", limited" in note else ""
        self.level.setText(
            tr("gain {gain}{limited}", gain=note.partition(" for ")[0], limited=limited) if note else ""
        )
        self.level.setToolTip(
            tr("Speech at {level_dbov:g} dBov: {note}", level_dbov=level_dbov, note=tr_said(note))
            if note
            else ""
        )

    def set_possible(self, possible: bool, reason: str) -> None:
        """Let the sound be asked for, or say why not."""
        for button in (self.play, self.stop, self.loop, self.speed):
            button.setEnabled(possible)
        self.play.setToolTip(self._actions["listen.toggle"].toolTip() if possible else tr_said(reason))
