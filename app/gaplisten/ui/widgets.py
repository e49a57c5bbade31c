"""Small things that many windows are made of: quiet labels, plain tables, and fitting into the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableView,
    QToolButton,
    QWidget,
)

from gaplisten.ui.theme import quiet_colour, warning_colour
from gaplisten.ui.translation import tr

_TITLE_BAR = 40
# Heights in pixels: for which letters sizes are meant, and up to which they have room in these all the same.
_LETTERS, _LARGE = 14, 17


class QuietLabel(QLabel):
    """Plain text in the colour of secondary text."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, wrap: bool = False) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self._warns = False
        self._dress()

    def set_warning(self, warns: bool) -> None:
        """Show the text as something that went wrong, or not."""
        self._warns = warns
        self._dress()

    def _dress(self) -> None:
        # The application's palette: the label's own is changed here, and would answer with its old colour.
        colour = warning_colour() if self._warns else quiet_colour()
        palette = self.palette()
        if palette.color(QPalette.ColorRole.WindowText) != colour:
            palette.setColor(QPalette.ColorRole.WindowText, colour)
            self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            self._dress()
        super().changeEvent(event)


def headed(text: str, parent: QWidget) -> QLabel:
    """Return a heading above a list."""
    label = QLabel(text, parent)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def plain_button(text: str, act: Callable[[], object], parent: QWidget) -> QPushButton:
    """Return a button that Return in a field of its dialog does not press."""
    made = QPushButton(text, parent, autoDefault=False)
    made.clicked.connect(act)
    return made


def pane_button(text: str, tip: str, parent: QWidget) -> QPushButton:
    """Return a button of a pane: a click on it leaves the focus where it is."""
    made = QPushButton(text, parent, autoDefault=False)
    made.setToolTip(tip)
    made.setStatusTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def in_words(text: str, fields: Mapping[str, str]) -> str:
    """Return what a command says with the window's name for each of its options."""
    for option, field in fields.items():
        text = text.replace(option, field)
    return text


def plain_table(table: QTableView, name: str, *, spacing: int = 8, editable: bool = False) -> None:
    """Dress a table as all tables here are: whole rows, one at a time, no grid, Tab leaves it.

    Parameters
    ----------
    name
        For screen readers.
    spacing
        What a row is higher than its text, in pixels.
    editable
        Whether what stands in it can be typed over.
    """
    table.setAccessibleName(name)
    if not editable:
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + spacing)
    table.horizontalHeader().setHighlightSections(False)


def letter_scale(widget: QWidget) -> float:
    """Return how much larger a widget's letters are than those for which sizes in pixels are meant."""
    height = widget.fontMetrics().height()
    return 1.0 if height <= _LARGE else height / _LETTERS


def resize_within(window: QWidget, width: int, height: int) -> None:
    """Give a window its size, more where letters are large, or as much of it as its screen has."""
    room, scale = window.screen().availableGeometry(), letter_scale(window)
    window.resize(
        min(round(width * scale), room.width()), min(round(height * scale), room.height() - _TITLE_BAR)
    )


class Scrolled(QScrollArea):
    """What can be made smaller than its content; a bar appears only then."""

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its content can be reached; it scrolls along
        self.setWidget(content)


class NotAligned(QFrame):
    """A strip with the lanes that are not sample-aligned.

    Signals
    -------
    removal_wanted
        Their delays are to be removed.
    """

    removal_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.text = QuietLabel("", self, wrap=True)
        self.text.setAccessibleName(tr("Lanes that are not sample-aligned"))
        self.remove = QToolButton(self)
        self.remove.setText(tr("Remove Delays"))
        self.remove.setToolTip(tr("Move these lanes onto the reference's clock; undo puts them back"))
        self.remove.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.remove.clicked.connect(self.removal_wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 3, 6, 3)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.remove)
        self.hide()

    def show_lanes(self, lanes: Sequence[str], what: str, *, removable: bool) -> None:
        """Name these lanes; nothing for none."""
        self.setVisible(bool(lanes))
        named = "; ".join(lanes)
        self.text.setText(tr("Not sample-aligned: {named}. {what}", named=named, what=what) if lanes else "")
        self.remove.setVisible(removable)
