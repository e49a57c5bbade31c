"""The listener's own window: from the name to the last trial, saving before anything else is shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QMenu,
    QMessageBox,
    QScrollArea,
    QScrollBar,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from gaplisten.durable.locks import LockedElsewhere
from gaplisten.errors import GaplistenError
from gaplisten.languages import numbered
from gaplisten.panel.breaks import Advice
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.scales import texts
from gaplisten.panel.session import Session
from gaplisten.panel.steps import AnswerMissing
from gaplisten.panel.telling import told
from gaplisten.panel.trial import Block
from gaplisten.playback.player import Player
from gaplisten.ui.panel.listening import TrialPlayer
from gaplisten.ui.panel.pages import BreakPage, ElsewherePage, ListenerPage, MessagePage, Page
from gaplisten.ui.panel.step_page import StepPage
from gaplisten.ui.panel.texts import fit_type
from gaplisten.ui.panel.trial_page import TrialPage
from gaplisten.ui.translation import qt_words, tr

_LEAST = QSize(900, 620)
_MARGIN = 12  # round a page
_USUAL_HEIGHT, _LARGEST = 800.0, 1.6  # type grows with the window from this height on, up to so much


class _Pages(QStackedLayout):
    """Pages one above the other; they need the height that they cannot do without, not the one they like."""

    def hasHeightForWidth(self) -> bool:
        """Return False: else the scroll area gives a page its preferred height."""
        return False

    def minimumSize(self) -> QSize:
        """Return what the shown page cannot do without at its width: text and scales are never squeezed."""
        page = self.currentWidget()
        if not isinstance(page, Page | TrialPage):
            return _LEAST
        middle = page.column.parentWidget()
        assert middle is not None
        width = min(max(page.width(), _LEAST.width()), middle.maximumWidth())
        height = page.column.totalMinimumHeightForWidth(width)
        return _LEAST.expandedTo(QSize(0, height + 2 * _MARGIN))


class PanelWindow(QWidget):
    """One listener's session on the screen.

    Parameters
    ----------
    folder
        A built panel.
    player
        Where the sound goes; closed with the window.
    listener
        Asked for when not given.
    ratings
        Where the CSV goes; the panel's own folder when not given.

    Signals
    -------
    closed
        The window is gone; its session and its player are let go.
    """

    closed = Signal()

    def __init__(
        self,
        folder: Path,
        player: Player,
        listener: str | None = None,
        ratings: Path | None = None,
        *,
        setup: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._panel: FrozenPanel = open_panel(folder)
        self._ratings, self._output, self._setup = ratings, player, setup
        self._words = texts(self._panel.definition.language)
        self._player = TrialPlayer(player, self)
        self.session: Session | None = None
        self._trial_page: TrialPage | None = None
        self._block: Block | None = None
        # The title is the same for every trial, panel and condition.
        self.setWindowTitle("Gaplisten")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._points = self.font().pointSizeF() * 1.15
        self._qt_words = qt_words(self._panel.definition.language, self)
        self._stack = _Pages(self._make_room())
        leave = QShortcut(QKeySequence("Escape"), self)
        leave.activated.connect(self.close)
        QShortcut(QKeySequence("F8"), self).activated.connect(self.choose_device)
        if listener is None:
            self._ask_listener()
        else:
            self._begin(listener)

    def _make_room(self) -> QWidget:
        """Return where the pages are; a screen too small for them scrolls."""
        inner = QWidget()
        area = QScrollArea()
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidgetResizable(True)
        area.setWidget(inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        self._area = area
        for key, step in (
            ("PgDown", QScrollBar.SliderAction.SliderPageStepAdd),
            ("PgUp", QScrollBar.SliderAction.SliderPageStepSub),
        ):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(lambda step=step: area.verticalScrollBar().triggerAction(step))
        return inner

    # --- how it looks and speaks ---------------------------------------------------------------------

    def _fit_type(self) -> None:
        """Write larger on larger screens: there the page is looked at from farther away."""
        share = min(max(self.height() / _USUAL_HEIGHT, 1.0), _LARGEST)
        font = self.font()
        font.setPointSizeF(self._points * share)
        self.setFont(font)
        page = self._stack.currentWidget()
        if isinstance(page, Page | TrialPage):
            width = page.WIDTH if isinstance(page, TrialPage) else page.width_limit
            page.middle.setMaximumWidth(round(width * share))
            fit_type(page, font.pointSizeF())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the type to the window."""
        super().resizeEvent(event)
        self._fit_type()

    def choose_device(self) -> None:
        """Offer the output devices: for the person who runs the test, at a key that nobody needs."""
        menu = QMenu(self)
        menu.addSection(self._words["device"])
        menu.addAction(self._words["device_default"]).triggered.connect(lambda: self._output.choose(None))
        for device in self._output.devices():
            act = menu.addAction(device.name)
            act.setCheckable(True)
            act.setChecked(device.name == self._output.state.device)
            act.triggered.connect(lambda _=False, device=device: self._output.choose(device))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(self.rect().center()))

    # --- pages ------------------------------------------------------------------------------------

    @property
    def page(self) -> QWidget:
        """The screen that is shown."""
        page = self._stack.currentWidget()
        assert page is not None
        return page

    def _show(self, page: QWidget) -> None:
        old = self._stack.currentWidget()
        self._stack.addWidget(page)
        self._stack.setCurrentWidget(page)
        self._fit_type()
        page.setFocus()
        if old is not None and old is not page and old is not self._trial_page:
            self._stack.removeWidget(old)
            old.deleteLater()

    def _message(self, title: str, text: str, way_on: str) -> MessagePage:
        page = MessagePage(title, text, way_on)
        self._show(page)
        page.button.setFocus()
        return page

    def _told(self, error: Exception) -> str:
        """Return what the listener reads of an error; who runs the test finds all of it on the terminal."""
        if not isinstance(error, AnswerMissing):
            print(f"gaplisten: {error}", file=sys.stderr)
        return told(error, self._words)

    def _ask_listener(self) -> None:
        page = ListenerPage(self._panel.definition.title, self._words, bool(self._panel.definition.listeners))
        page.chosen.connect(self._begin)
        self._show(page)
        page.focus()

    # --- the session ---------------------------------------------------------------------------------

    def _begin(self, listener: str, take_over: bool = False) -> None:
        try:
            self.session = Session.open(
                self._panel.folder,
                listener,
                ratings=self._ratings,
                take_over=take_over,
                setup=self._setup,
            )
        except LockedElsewhere as error:
            page = ElsewherePage(self._told(error), self._words)
            page.done.connect(self.close)
            page.take_over.connect(lambda: self._begin(listener, take_over=True))
            self._show(page)
            return
        except GaplistenError as error:
            asking = self._stack.currentWidget()
            if isinstance(asking, ListenerPage):
                asking.tell(self._told(error))
            else:
                self._message("", self._told(error), self._words["close"]).done.connect(self.close)
            return
        if not self.session.finished and self.session.breaks.advice() is Advice.INSIST:
            self._rest(Advice.INSIST)
        elif self.session.resumed and not self.session.finished:
            progress = self.session.progress
            text = self._words["resumed"].format(number=progress.done + 1, total=progress.total)
            self._message("", text, self._words["continue"]).done.connect(self._go_on)
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Show what is next: a step, a trial, or the end."""
        session = self._session
        if session.closed:
            self._message("", session.closed, self._words["close"]).done.connect(self.close)
        elif session.step is not None:
            self._show_step()
        elif session.trial is not None:
            self._show_next_trial()
        else:
            self._finish()

    @property
    def _session(self) -> Session:
        assert self.session is not None
        return self.session

    def _show_step(self) -> None:
        step = self._session.step
        assert step is not None
        try:
            page = StepPage(step, self._session, self._output, self._words)
        except GaplistenError as error:
            self._message("", self._told(error), self._words["again"]).done.connect(self._go_on)
            return
        page.answered.connect(self._answer)
        self._show(page)
        page.focus()

    def _answer(self, answers: dict[str, str]) -> None:
        try:
            self._session.answer(answers)
        except GaplistenError as error:
            if isinstance(self.page, StepPage):
                self.page.tell(self._told(error))
            return
        self._go_on()

    # --- trials --------------------------------------------------------------------------------------

    def _show_next_trial(self) -> None:
        trial = self._session.trial
        assert trial is not None
        before, self._block = self._block, trial.block
        if before is Block.TRAINING and trial.block is Block.TEST:
            page = self._message("", self._words["training_over"], self._words["continue"])
            page.done.connect(self._show_trial)
        elif before is None and trial.block is Block.TRAINING:
            own = self._panel.definition.training.text
            text = own or f"{self._words['training']}\n\n{self._session.scale.instruction}"
            self._message("", text, self._words["begin"]).done.connect(self._show_trial)
        else:
            self._show_trial()

    def _show_trial(self) -> None:
        try:
            self._player.begin(self._session)
        except GaplistenError as error:
            self._message("", self._told(error), self._words["again"]).done.connect(self._show_trial)
            return
        if self._trial_page is None:
            self._trial_page = TrialPage(self._player, self._session)
            self._trial_page.left.connect(self._leave_trial)
            self._trial_page.copy_wanted.connect(self._go_on_elsewhere)
            self._trial_page.told.connect(self._area.ensureWidgetVisible)
        self._show(self._trial_page)
        self._trial_page.show_trial()
        self._fit_type()

    def _leave_trial(self) -> None:
        """Save, and only then let the trial go; if it cannot be saved it stays, votes and all."""
        try:
            refusal = self._session.next(self._player.facts())
        except GaplistenError as error:
            assert self._trial_page is not None
            self._trial_page.tell(f"{self._words['not_saved']}\n{self._told(error)}")
            self._trial_page.offer_copy(True)
            return
        if refusal is not None:
            return
        self._player.end()
        advice = Advice.NONE if self._session.finished else self._session.breaks.advice()
        if advice is not Advice.NONE:
            self._rest(advice)
        elif self._session.block_ends and self._block is Block.TEST:
            self._rest(Advice.SUGGEST, self._words["block_over"])
        else:
            self._go_on()

    def _go_on_elsewhere(self) -> None:
        """Keep all ratings elsewhere, and save the vote on the screen there: the folder is full or gone."""
        start = str(Path.home() / f"{self._session.name}.csv")
        no_question = QFileDialog.Option.DontConfirmOverwrite  # nothing is written over
        name, _ = QFileDialog.getSaveFileName(
            self, self._words["save_elsewhere_title"], start, tr("CSV (*.csv)"), options=no_question
        )
        if not name or self._trial_page is None:
            return
        try:
            self._session.go_on_at(Path(name))
        except GaplistenError as error:
            self._trial_page.tell(self._told(error))
            return
        self._leave_trial()

    def _rest(self, advice: Advice, text: str = "") -> None:
        clock = self._session.breaks
        insist = advice is Advice.INSIST
        key = "break_insist" if insist else "break_suggest"
        said = text or numbered(self._words, key, minutes=max(1, round(clock.minutes())))
        page = BreakPage(said, self._words, clock, insist)
        page.done.connect(self._rested if insist else self._declined)
        self._show(page)

    def _rested(self) -> None:
        self._session.breaks.ended(time.monotonic())
        self._go_on()

    def _declined(self) -> None:
        self._session.breaks.declined()
        self._go_on()

    def _finish(self) -> None:
        # What else is to be told is for the person who runs the test, on the terminal and in `panel status`.
        for note in self._session.notices:
            print(f"gaplisten: {note}", file=sys.stderr)
        moved = self._session.moved
        note = self._words["moved"].format(path=moved) if moved else ""
        self._message(self._words["finished"], note, self._words["close"]).done.connect(self.close)

    # --- leaving ----------------------------------------------------------------------------------------

    def _unfinished(self) -> bool:
        return self.session is not None and not self.session.finished and not self.session.closed

    def _wishes_to_leave(self) -> bool:
        box = QMessageBox(self)
        box.setWindowTitle("Gaplisten")
        box.setText(self._words["leave"])
        leave = box.addButton(self._words["leave_yes"], QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton(self._words["leave_no"], QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.exec()
        return box.clickedButton() is leave

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask before an unfinished test is left; everything rated is already on the disk."""
        if self._unfinished() and not self._wishes_to_leave():
            event.ignore()
            return
        self.let_go()
        event.accept()
        self.closed.emit()

    def let_go(self) -> None:
        """Let go of sound, files and words; everything rated is already on the disk."""
        self.setEnabled(False)  # a key that is on its way votes no more
        if self._player.active:
            self._player.end()
        if self.session is not None:
            self.session.close()
        self._output.close()
        if self._qt_words is not None:
            QCoreApplication.removeTranslator(self._qt_words)
            self._qt_words = None
