"""Errors, told without a dialog: a strip above the lanes, and a list of everything that was said."""

from __future__ import annotations

import html
import time

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.errors import GaplistenError
from gaplisten.ui.theme import warning_colour
from gaplisten.ui.widgets import resize_within

_MOST = 500


class Messages(QFrame):
    """The strip: shows the newest message until it is dismissed or the next one comes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.said: list[str] = []
        self._unseen = 0
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setAccessibleName("Message")
        self.way_out = QToolButton(self)
        self.way_out.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.way_out.hide()
        self.more = self._button("All messages", self.show_all)
        self.dismiss = self._button("Dismiss", self.clear)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 6, 4)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.way_out)
        layout.addWidget(self.more)
        layout.addWidget(self.dismiss)
        self.hide()

    def _button(self, text: str, slot: object) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(slot)
        return button

    def report(self, error: GaplistenError | Exception | str, way_out: QAction | None = None) -> None:
        """Tell what went wrong; a button beside it triggers `way_out`."""
        if way_out is not None:
            self.way_out.setDefaultAction(way_out)
        self.way_out.setVisible(way_out is not None)
        sentence = _sentence(error)
        self.said.append(f"{time.strftime('%H:%M:%S')}  {sentence}")
        del self.said[:-_MOST]
        self._unseen += 1
        self.more.setText(f"All messages ({self._unseen})" if self._unseen > 1 else "All messages")
        mark = f'<b style="color:{warning_colour(self.palette()).name()}">!</b>&nbsp; '
        self.text.setText(mark + html.escape(sentence))
        self.text.setAccessibleDescription(sentence)
        self.show()

    def clear(self) -> None:
        """Hide the strip."""
        self._unseen = 0
        self.hide()

    def show_all(self) -> None:
        """Show everything that was said since the start."""
        dialog = QDialog(self)
        dialog.setWindowTitle("Messages")
        text = QPlainTextEdit("\n".join(self.said) or "Nothing was reported.", dialog, readOnly=True)
        text.setAccessibleName("Messages")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, dialog)
        buttons.rejected.connect(dialog.reject)
        layout = QVBoxLayout(dialog)
        layout.addWidget(text)
        layout.addWidget(buttons)
        resize_within(dialog, 760, 360)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        self.clear()


def _sentence(error: GaplistenError | Exception | str) -> str:
    if isinstance(error, GaplistenError | str):
        return str(error)
    return f"something went wrong inside Gaplisten: {error!r}; the log has the details"
