"""What the window says: a strip above the lanes, a list of all that was said, and the status bar."""

from __future__ import annotations

import html
import time
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QMouseEvent, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QStatusBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from gaplisten.errors import GaplistenError
from gaplisten.loss.trace import LossTrace
from gaplisten.playback.player import PlayerState
from gaplisten.ui.theme import figures, warning_colour
from gaplisten.ui.translation import tr, tr_n, tr_said
from gaplisten.ui.widgets import resize_within

_MOST = 500


@dataclass(frozen=True)
class _Message:
    sentence: str
    way_out: QAction | None
    about: str


class Messages(QFrame):
    """The strip: one message at a time, the newest first, each until it is dismissed or mended.

    Attributes
    ----------
    said
        All that was said since the start, with the time.

    Signals
    -------
    reported
        What is shown now, in words.
    """

    reported = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.said: list[str] = []
        self._waiting: list[_Message] = []  # the last one is shown
        self._before: QWidget | None = None  # had the focus before a button of the strip
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setAccessibleName(tr("Message"))
        self.way_out = QToolButton(self)
        self.way_out.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.way_out.hide()
        self.more = self._button(tr("All messages"), self.show_all)
        self.dismiss = self._button(tr("Dismiss"), self.dismiss_shown)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 6, 4)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.way_out)
        layout.addWidget(self.more)
        layout.addWidget(self.dismiss)
        self.hide()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._remember_focus)

    def _button(self, text: str, slot: object) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(slot)
        return button

    def report(
        self, error: GaplistenError | Exception | str, way_out: QAction | None = None, about: str = ""
    ) -> None:
        """Tell what went wrong; what is told already is told once.

        Parameters
        ----------
        way_out
            A button beside the message triggers it.
        about
            A word for what is wrong, with which `mend` takes the message back.
        """
        sentence = _sentence(error)
        self.said.append(f"{time.strftime('%H:%M:%S')}  {sentence}")
        del self.said[:-_MOST]
        self._waiting = [each for each in self._waiting if each.sentence != sentence][-_MOST:]
        self._waiting.append(_Message(sentence, way_out, about))
        self._show_last()
        self.reported.emit(sentence)

    def mend(self, about: str) -> None:
        """Take back what is told about this: it does not hold any more."""
        left = [each for each in self._waiting if each.about != about]
        if len(left) < len(self._waiting):
            self._waiting = left
            self._show_last()

    def tells(self, about: str) -> bool:
        """Whether something is told about this."""
        return any(each.about == about for each in self._waiting)

    def dismiss_shown(self) -> None:
        """Put the message that is shown away; the one before it is shown, if there is one."""
        del self._waiting[-1:]
        self._show_last()

    def clear(self) -> None:
        """Put all messages away."""
        self._waiting.clear()
        self._show_last()

    def _show_last(self) -> None:
        if not self._waiting:
            self._give_focus_back()
            self.hide()
            return
        shown, count = self._waiting[-1], len(self._waiting)
        if shown.way_out is not None:
            self.way_out.setDefaultAction(shown.way_out)
        self.way_out.setVisible(shown.way_out is not None)
        self.more.setText(tr("All messages ({unseen})", unseen=count) if count > 1 else tr("All messages"))
        mark = f'<b style="color:{warning_colour(self.palette()).name()}">!</b>&nbsp; '
        self.text.setText(mark + html.escape(shown.sentence))
        self.text.setAccessibleDescription(shown.sentence)
        self.show()

    def _remember_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        if new is not None and self.isAncestorOf(new) and old is not None and not self.isAncestorOf(old):
            self._before = old

    def _give_focus_back(self) -> None:
        """Have the focus where it was: a button that goes would pass it to whatever comes next."""
        window, before = self.window(), self._before
        now = window.focusWidget()
        if now is None or not self.isAncestorOf(now):
            return
        self._before = None
        if before is not None and isValid(before) and before.window() is window and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_all(self) -> None:
        """Show everything that was said since the start."""
        dialog = QDialog(self.window())
        dialog.setWindowTitle(tr("Messages"))
        text = QPlainTextEdit("\n".join(self.said) or tr("Nothing was reported."), dialog, readOnly=True)
        text.setAccessibleName(tr("Messages"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, dialog)
        buttons.rejected.connect(dialog.reject)
        layout = QVBoxLayout(dialog)
        layout.addWidget(text)
        layout.addWidget(buttons)
        resize_within(dialog, 760, 360)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.clear()
        dialog.open()


def _sentence(error: GaplistenError | Exception | str) -> str:
    if isinstance(error, GaplistenError | str):
        return tr_said(error)
    return tr("something went wrong inside Gaplisten: {error}; the log has the details", error=repr(error))


class Clickable(QLabel):
    """A label that tells when it was clicked.

    Signals
    -------
    clicked
        A mouse button was pressed and let go on it.
    """

    clicked = Signal()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell of it."""
        self.clicked.emit()


class Status(QStatusBar):
    """The bar.

    Signals
    -------
    cancel_wanted
        The work whose progress is shown should stop.
    sound_clicked
        What is said about the sound was clicked.
    """

    cancel_wanted = Signal()
    sound_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.progress = QProgressBar(self, maximum=1000, textVisible=True)
        self.progress.setMaximumWidth(240)
        self.progress.setMaximumHeight(self.fontMetrics().height() + 4)
        self.progress.setAccessibleName(tr("Progress"))
        self.cancel = QToolButton(self)
        self.cancel.setText(tr("Cancel"))
        self.cancel.setAccessibleName(tr("Cancel the work under way"))
        self.cancel.clicked.connect(self.cancel_wanted)
        self.place, self.selection, self.sound = QLabel(self), QLabel(self), Clickable(self)
        for label, name in (
            (self.place, tr("Place")),
            (self.selection, tr("Selection")),
            (self.sound, tr("Sound")),
        ):
            self._dress(label, name)
        self.sound.clicked.connect(self.sound_clicked)
        self.addPermanentWidget(self.progress)
        self.addPermanentWidget(self.cancel)
        for label in (self.place, self.selection, self.sound):
            self.addPermanentWidget(label)
        self.show_progress("", 0.0, "")

    def _dress(self, label: QLabel, name: str) -> None:
        label.setFont(figures())
        label.setAccessibleName(name)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        label.setContentsMargins(6, 0, 6, 0)

    def show_progress(self, title: str, fraction: float, message: str) -> None:
        """Show how far the work is; nothing for an empty title."""
        for widget in (self.progress, self.cancel):
            widget.setVisible(bool(title))
        if title:
            self.progress.setValue(round(1000 * fraction))
            self.progress.setFormat(f"{tr_said(title)} %p %")
            self.progress.setToolTip(tr_said(message or title))

    def show_place(self, frame: int, rate: int, trace: LossTrace | None) -> None:
        """Show a place as time, frame and packet."""
        self.place.setText(place_text(frame, rate, trace) if rate else "")

    def show_loop(self, start: int, stop: int, rate: int) -> None:
        """Show how long the loop is; nothing when it is empty."""
        length = 1000.0 * (stop - start) / rate if rate else 0.0
        self.selection.setText(tr("loop {length:.0f} ms", length=length) if length > 0 else "")

    def show_sound(self, state: PlayerState) -> None:
        """Show the device, or why nothing is heard."""
        text = sound_text(state)
        if text != self.sound.text():
            self.sound.setText(text)
            self.sound.setToolTip(tr_said(state.reason) or state.device)


def place_text(frame: int, rate: int, trace: LossTrace | None) -> str:
    """Return a place in words: seconds, frame, packet and whether that packet is lost."""
    words = [f"{frame / rate:.3f} s", tr("frame {frame}", frame=frame)]
    packet = trace.packet_of(frame) if trace is not None else None
    lost = [tr("LOST")] if trace is not None and trace.lost_at(frame) else []
    if packet is not None:
        words.append(" ".join([tr("packet {packet}", packet=packet), *lost]))
    else:
        words.extend(lost)
    return " · ".join(words)


def sound_text(state: PlayerState) -> str:
    """Return how the sound goes out: rate, device, latency, underflows; or that it does not."""
    if not state.available:
        return tr("starting sound") if state.starting else tr("no sound")
    device = state.device if len(state.device) <= 28 else state.device[:27] + "…"
    underflows = tr_n("{n} underflow", "{n} underflows", state.underflows)
    # Before anything was loaded there is no stream, hence neither a rate nor a latency to tell.
    rate = [f"{state.rate / 1000:g} kHz"] if state.rate else []
    latency = f" {state.latency_ms:.0f} ms" if state.latency_ms else ""
    return " · ".join([*rate, device + latency, underflows])
