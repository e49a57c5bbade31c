"""The screens around the trials: who listens, a message, a break."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gaplisten.languages import numbered
from gaplisten.panel.breaks import BreakClock
from gaplisten.ui.panel.texts import heading, paragraph


class Page(QWidget):
    """A centred column with a way on; Enter goes on too."""

    done = Signal()

    def __init__(self, width: int = 620, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.column = QVBoxLayout()
        self.column.setSpacing(18)
        self.width_limit = width
        middle = self.middle = QWidget()
        middle.setMaximumWidth(width)
        middle.setLayout(self.column)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(middle, 20)
        row.addStretch(1)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        outer.addLayout(row)
        outer.addStretch(2)

    def add_way_on(self, words: str, act: Callable[[], None] | None = None) -> QPushButton:
        """Add the button that goes on, and Enter for it."""
        button = QPushButton(words)
        button.setMinimumSize(220, 48)
        act = act or self.done.emit
        button.clicked.connect(act)
        self.column.addWidget(button, alignment=Qt.AlignmentFlag.AlignHCenter)
        for key in ("Return", "Enter"):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(button.click)
        return button


class ListenerPage(Page):
    """Asks who listens; names of a list are typed, so that nobody reads who else takes part.

    Parameters
    ----------
    listed
        Whether the panel has a list of its listeners.
    """

    chosen = Signal(str)

    def __init__(self, title: str, words: Mapping[str, str], listed: bool) -> None:
        super().__init__()
        asked = words["who_listed" if listed else "who"]
        self.column.addWidget(heading(title))
        self.column.addWidget(paragraph(asked, centred=True))
        self._field = QLineEdit()
        self._field.setMaxLength(100)
        self._field.setMinimumHeight(40)
        self._field.setAccessibleName(asked)
        self.column.addWidget(self._field)
        self._message = paragraph("", centred=True)
        self.column.addWidget(self._message)
        self.add_way_on(words["begin"], self._choose)

    def _choose(self) -> None:
        name = self._field.text().strip()
        if name:
            self.chosen.emit(name)
        else:
            self._field.setFocus()

    def tell(self, text: str) -> None:
        """Say why this name cannot be used."""
        self._message.setText(text)

    def focus(self) -> None:
        """Put the cursor into the name."""
        self._field.setFocus()


class MessagePage(Page):
    """A title, a text, and one way on."""

    def __init__(self, title: str, text: str, way_on: str) -> None:
        super().__init__(760)
        if title:
            self.column.addWidget(heading(title))
        if text:
            self.column.addWidget(paragraph(text, centred=len(text) < 300))
        self.button = self.add_way_on(way_on)


class ElsewherePage(MessagePage):
    """The session was begun on another machine that may have stopped: it can be taken over."""

    take_over = Signal()

    def __init__(self, text: str, words: Mapping[str, str]) -> None:
        super().__init__("", text, words["close"])
        button = QPushButton(words["take_over"])
        button.setMinimumSize(220, 44)
        button.clicked.connect(self.take_over)
        self.column.addWidget(button, alignment=Qt.AlignmentFlag.AlignHCenter)


class BreakPage(Page):
    """A rest that the panel insists on, or one that the listener takes."""

    def __init__(self, text: str, words: Mapping[str, str], clock: BreakClock, insist: bool) -> None:
        super().__init__()
        self._words, self._clock = words, clock
        self.column.addWidget(heading(text))
        self._left = paragraph("", centred=True)
        self.column.addWidget(self._left)
        self._button = self.add_way_on(words["continue"])
        self._timer = QTimer(self, interval=500)
        self._timer.timeout.connect(self._show)
        if insist:
            clock.rest(time.monotonic())
            self._timer.start()
        self._show()

    def _show(self) -> None:
        seconds = self._clock.rest_left(time.monotonic())
        self._button.setEnabled(seconds <= 0)
        left = numbered(self._words, "break_left", seconds=max(1, round(seconds)))
        self._left.setText(left if seconds > 0 else "")
