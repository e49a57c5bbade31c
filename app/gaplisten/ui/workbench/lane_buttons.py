"""One button per lane: key, name and colour.

Where names have no room to be told apart, buttons show key and colour only, but for the version heard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QIcon, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from gaplisten.bench.lanes import Lane
from gaplisten.ui.theme import lane_colour
from gaplisten.ui.translation import tr, tr_lane, tr_state

_LONGEST = 260
_EDGES = 42
_LEAST_EDGES = 31  # the swatch, what the style puts beside it, and a line of frame
_ROUNDED = 2  # pixels by which widths of letters may add up to more than their whole
_TOLD_APART = tr("0 Repeat wi…5 ms)")  # names cut shorter than this are riddles


class LaneButtons(QWidget):
    """The row of buttons.

    Signals
    -------
    chosen
        Key of a lane.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(tr("Lanes to hear"))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(3)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._group.idClicked.connect(self.chosen)
        self._lanes: dict[int, Lane] = {}
        self._heard = -1
        self._edges = _EDGES

    def show_lanes(self, lanes: Sequence[Lane], heard: int) -> None:
        """Have one button for each lane."""
        for old in self._group.buttons():
            self._group.removeButton(old)
            old.hide()
            old.deleteLater()
        while self._row.count():
            self._row.takeAt(0)
        self._lanes = {lane.key: lane for lane in lanes}
        for lane in lanes:
            button = QPushButton(self)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            self._group.addButton(button, lane.key)
            self._row.addWidget(button)
        self._row.addStretch(1)
        self.show_heard(heard)
        for lane in lanes:
            self.show_lane(lane)

    def button(self, key: int) -> QPushButton | None:
        """Return the button of a lane."""
        found = self._group.button(key)
        return found if isinstance(found, QPushButton) else None

    def show_lane(self, lane: Lane) -> None:
        """Show what became of one lane."""
        button = self.button(lane.key)
        if button is None:
            return
        self._lanes[lane.key] = lane
        key = f" ({lane.key})" if lane.key <= 9 else ""
        button.setIcon(_swatch(lane_colour(lane.colour)))
        button.setEnabled(lane.signal is not None)
        button.setToolTip(f"{tr_lane(lane.name)}{key}" + (f"\n{tr_state(lane.state)}" if lane.state else ""))
        button.setStatusTip(
            tr("Hear {lane_name} at the same position{key}", lane_name=tr_lane(lane.name), key=key)
        )
        button.setAccessibleName(
            tr("Lane {lane_key}, {lane_name}", lane_key=lane.key, lane_name=tr_lane(lane.name))
        )
        self._fit()

    def show_heard(self, key: int) -> None:
        """Mark the lane that is heard."""
        self._heard = key
        for button in self._group.buttons():
            heard = self._group.id(button) == key
            button.setChecked(heard)
            font = button.font()
            font.setBold(heard)
            button.setFont(font)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """Return a width at which every key can still be read."""
        hint = super().minimumSizeHint()
        digits = sum(self._letters(key) for key in self._lanes)
        return QSize(digits + (_LEAST_EDGES + 3) * len(self._lanes), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give names the room there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        count = len(self._lanes)
        if not count:
            return
        room, across = self.width() - 3 * count, self.fontMetrics().horizontalAdvance
        self._edges = self._edges_in(room)
        wishes = {key: self._wide(key, lane) + _EDGES for key, lane in self._lanes.items()}
        share = _fair_share([*wishes.values()], room)
        rooms = dict.fromkeys(wishes, share)
        if share < min(max(wishes.values()), across(_TOLD_APART) + _EDGES):
            rooms = self._named_in_turn(wishes, room)
        for key, lane in self._lanes.items():
            self._write(key, lane, max(rooms[key] - _EDGES, 0))

    def _named_in_turn(self, wishes: Mapping[int, int], room: int) -> dict[int, int]:
        """Return the room of each button: whole names from the heard version on, while there is any."""
        rooms = {key: self._alone(key) for key in wishes}
        left = room - sum(rooms.values())
        for key in sorted(wishes, key=lambda each: (each != self._heard, each)):
            more = max(wishes[key] - rooms[key], 0)
            if more <= left or key == self._heard:
                given = max(min(more, left), 0)
                rooms[key] += given
                left -= given
        return rooms

    def _alone(self, key: int) -> int:
        """Return how wide a button is that shows its key and colour only."""
        return self._letters(key) + self._edges

    def _letters(self, key: int) -> int:
        bold = self.font()
        bold.setBold(True)  # any of them may be the one heard
        return QFontMetrics(bold).horizontalAdvance(str(key))

    def _edges_in(self, room: int) -> int:
        """Return what is left beside the letters of each button if all keys are to be seen in `room`."""
        left = room - sum(self._letters(key) for key in self._lanes)
        return min(max(left // len(self._lanes), _LEAST_EDGES), _EDGES)

    def _write(self, key: int, lane: Lane, room: int) -> None:
        button = self.button(key)
        if button is None:
            return
        metrics = button.fontMetrics()
        # Cut in the middle: what distinguishes two versions of one concealer stands at the end.
        text = metrics.elidedText(f"{key} {tr_lane(lane.name)}", Qt.TextElideMode.ElideMiddle, room)
        text = text if len(text) > 5 else str(key)
        button.setText(text.replace("&", "&&"))
        edges = self._edges if text == str(key) else _EDGES
        button.setFixedWidth(metrics.horizontalAdvance(text) + edges)

    def _wide(self, key: int, lane: Lane) -> int:
        button = self.button(key)
        text = f"{key} {tr_lane(lane.name)}"
        return 0 if button is None else button.fontMetrics().horizontalAdvance(text) + _ROUNDED


def _fair_share(wishes: Sequence[int], room: int) -> int:
    """Return the widest that a button may be: what short names leave over goes to the long ones."""
    left, rest = room, sorted(min(wish, _LONGEST) for wish in wishes)
    while rest and rest[0] * len(rest) <= left:
        left -= rest.pop(0)
    return left // len(rest) if rest else _LONGEST


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
