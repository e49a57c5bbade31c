"""What a listener answers with: categories, choices, and sliders that count only when touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from gaplisten.panel.scales import Scale
from gaplisten.panel.trial import WHOLE_TRIAL, Trial, Vote


class Response(QWidget):
    """Base of all answers.

    Signals
    -------
    voted
        ``(slot, vote)``: the listener wishes to vote; the page asks the rules and calls `show_votes`.
    """

    voted = Signal(int, object)

    def show_votes(self, votes: Mapping[int, Vote]) -> None:
        """Show what counts; a missing entry means not yet answered."""

    def allow(self, slots: Sequence[int]) -> None:
        """Enable the answers for these slots (`WHOLE_TRIAL` for the trial)."""

    def nudge(self, slot: int, steps: int) -> None:
        """Move the answer by keys: `steps` up (positive) or down."""


_FEW = 5  # answers that have room for large buttons on a small screen


class Categories(Response):
    """A column of labelled answers, best first; one vote for the trial."""

    def __init__(self, scale: Scale, digits: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values = [value for value, _ in scale.labels]
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        self._buttons: list[QPushButton] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(120, 0, 120, 0)
        column.setSpacing(8)
        for value, words in scale.labels:
            column.addWidget(self._button(value, words, digits), 10)
        column.addStretch(1)

    def _button(self, value: Vote, words: str, digits: bool) -> QPushButton:
        shown = f"{value}   {words}" if digits else words
        button = QPushButton(shown)
        button.setCheckable(True)
        button.setMinimumHeight(46 if len(self._values) <= _FEW else 38)
        button.setMaximumHeight(72)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(words)
        button.setProperty("answer", True)
        # The page decides by the rules whether the vote counts, and shows it.
        button.clicked.connect(lambda _=False, vote=value: self._clicked(vote))
        self._group.addButton(button)
        self._buttons.append(button)
        return button

    def _clicked(self, vote: Vote) -> None:
        for button, value in zip(self._buttons, self._values, strict=True):
            if value == vote:
                button.setChecked(not button.isChecked())
        self.voted.emit(WHOLE_TRIAL, vote)

    def show_votes(self, votes: Mapping[int, Vote]) -> None:
        """Mark the chosen answer."""
        chosen = votes.get(WHOLE_TRIAL)
        for button, value in zip(self._buttons, self._values, strict=True):
            button.setChecked(chosen is not None and value == chosen)

    def allow(self, slots: Sequence[int]) -> None:
        """Enable all answers or none."""
        for button in self._buttons:
            button.setEnabled(WHOLE_TRIAL in slots)

    def nudge(self, slot: int, steps: int) -> None:
        """Choose the answer above or below the chosen one; the middle one to begin with."""
        chosen = [index for index, button in enumerate(self._buttons) if button.isChecked()]
        if chosen:
            index = min(max(chosen[0] - (1 if steps > 0 else -1), 0), len(self._values) - 1)
        else:
            index = len(self._values) // 2
        self.voted.emit(WHOLE_TRIAL, self._values[index])

    @property
    def values(self) -> list[Vote]:
        """The answers, best first."""
        return list(self._values)


class TouchSlider(QSlider):
    """A vertical slider without a value until it is touched; drawn with five bands and a plain handle."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self.touched = False
        self.setMinimumSize(44, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(72, 320)

    def _track(self) -> QRectF:
        return QRectF(self.width() / 2 - 5, 12, 10, self.height() - 24)

    def _y(self, value: int) -> float:
        track = self._track()
        share = (value - self.minimum()) / max(1, self.maximum() - self.minimum())
        return track.bottom() - share * track.height()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track, bands and, once touched, the handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
        ink = self.palette().color(group, QPalette.ColorRole.WindowText)
        track = self._track()
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(track, 5, 5)
        for band in range(6):
            y = track.bottom() - band / 5 * track.height()
            painter.drawLine(QPointF(track.left() - 8, y), QPointF(track.right() + 8, y))
        if self.touched:
            self._paint_handle(painter, ink)

    def _paint_handle(self, painter: QPainter, ink: QColor) -> None:
        colour = self.palette().color(QPalette.ColorRole.Highlight) if self.isEnabled() else ink
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        y = self._y(self.value())
        painter.drawRoundedRect(QRectF(self.width() / 2 - 20, y - 8, 40, 16), 4, 4)

    def _value_at(self, y: float) -> int:
        track = self._track()
        share = (track.bottom() - y) / track.height()
        return round(self.minimum() + min(max(share, 0.0), 1.0) * (self.maximum() - self.minimum()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Touch the slider where it was clicked."""
        self.sliderMoved.emit(self._value_at(event.position().y()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.sliderMoved.emit(self._value_at(event.position().y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Nothing to do: every move has been told."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys to the page, which knows what is playing."""
        event.ignore()


class Sliders(Response):
    """One slider for each rated slot, words at their heights on the left.

    Parameters
    ----------
    name
        What a slider is called for screen readers; ``{letter}`` is its slot's.
    """

    def __init__(
        self, scale: Scale, trial: Trial, grades: bool, name: str = "{letter}", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._scale, self._grades, self._name = scale, grades, name
        self._sliders: dict[int, TouchSlider] = {}
        self._numbers: dict[int, QLabel] = {}
        grid = self._grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(18 if len(trial.rated_slots) < 9 else 8)
        grid.setRowStretch(1, 1)
        grid.addWidget(_Words(scale, grades), 1, 0)
        self._columns = {slot: column for column, slot in enumerate(trial.rated_slots, start=1)}
        for slot, column in self._columns.items():
            self._add(grid, column, slot, trial.slots[slot].letter)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def _add(self, grid: QGridLayout, column: int, slot: int, letter: str) -> None:
        slider = TouchSlider()
        slider.setRange(10 if self._grades else 0, 50 if self._grades else 100)
        slider.setAccessibleName(self._name.format(letter=letter))
        slider.sliderMoved.connect(lambda value, slot=slot: self.voted.emit(slot, self._vote(value)))
        number = QLabel("–")
        number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        grid.addWidget(slider, 1, column)
        grid.addWidget(number, 2, column)
        self._sliders[slot], self._numbers[slot] = slider, number

    def place(self, slot: int, button: QPushButton) -> None:
        """Put a recording's button above its slider; that of an open reference above the scale's words."""
        self._grid.addWidget(button, 0, self._columns.get(slot, 0))

    def _vote(self, value: int) -> Vote:
        return value / 10 if self._grades else value

    def show_votes(self, votes: Mapping[int, Vote]) -> None:
        """Place the handles of what was touched."""
        for slot, slider in self._sliders.items():
            vote = votes.get(slot)
            slider.touched = vote is not None
            if vote is not None:
                slider.setValue(round(float(vote) * (10 if self._grades else 1)))
            self._numbers[slot].setText("–" if vote is None else self._scale.written(vote))
            slider.update()

    def allow(self, slots: Sequence[int]) -> None:
        """Enable only the sliders of what is playing."""
        for slot, slider in self._sliders.items():
            slider.setEnabled(slot in slots)

    def nudge(self, slot: int, steps: int) -> None:
        """Move the slider of `slot`; an untouched one begins in the middle."""
        slider = self._sliders.get(slot)
        if slider is None:
            return
        middle = (slider.minimum() + slider.maximum()) // 2
        value = slider.value() + steps if slider.touched else middle
        self.voted.emit(slot, self._vote(min(max(value, slider.minimum()), slider.maximum())))


class _Words(QWidget):
    """The words of a scale at their heights beside the sliders."""

    def __init__(self, scale: Scale, grades: bool) -> None:
        super().__init__()
        low, high = (1.0, 5.0) if grades else (0.0, 100.0)
        self._labels = [((float(value) - low) / (high - low), words) for value, words in scale.labels]
        self.setAccessibleName("; ".join(words for _, words in self._labels))
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding)

    def minimumSizeHint(self) -> QSize:
        """Return room for the longest word, in whatever font the window has by now."""
        width = max(self.fontMetrics().horizontalAdvance(words) for _, words in self._labels)
        return QSize(width + 8, 5 * self.fontMetrics().height())

    def sizeHint(self) -> QSize:
        """Return what is needed."""
        return self.minimumSizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw each word at its height, right-aligned."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        height, line = self.height() - 24, self.fontMetrics().height()
        for share, words in self._labels:
            y = 12 + (1 - share) * height
            box = QRectF(0, y - line, self.width() - 4, 2 * line)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
