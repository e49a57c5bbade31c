"""What files are taken as, what does not fit, and what lies elsewhere: said, and settled in one step."""

from __future__ import annotations

import html
from dataclasses import replace

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gaplisten.bench.kept_layouts import told
from gaplisten.clips.arrangement import Layout
from gaplisten.clips.clip import Offer
from gaplisten.clips.consistency import Doubt
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.theme import warning_colour
from gaplisten.ui.translation import tr

COMMANDS = section("File", "set")(
    ("file.layout", "Taken As…", "", "See and correct what the files of the folder are taken as"),
)
_NAMED = 5


class DoubtStrip(QFrame):
    """A strip over the lanes with one sentence and the ways to settle it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setAccessibleName(tr("What does not fit"))
        self.take = self._button(
            tr("Take What Fits"), tr("Change the set so that it fits, as the sentence says")
        )
        self.accept = self._button(
            tr("Go On With It"), tr("Take the marks away: numbers and pictures stay as they are")
        )
        self.change = self._button(tr("Taken As…"), tr("See and correct what files are taken as"))
        row = QHBoxLayout()
        for button in (self.take, self.accept, self.change):
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 4, 6, 4)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.hide()

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setStatusTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def say(self, sentence: str, take: str = "", accept: str = "") -> None:
        """Show a sentence, with buttons of these names (none for an empty name)."""
        mark = f'<b style="color:{warning_colour(self.palette()).name()}">!</b>&nbsp; '
        self.text.setText(mark + html.escape(sentence))
        for button, name in ((self.take, take), (self.accept, accept)):
            button.setText(name)
            button.setVisible(bool(name))
        self.setVisible(bool(sentence))


class Layouts(QObject):
    """Keeps the strip in step with the clip that is shown, and opens the table of what is taken as what."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self.strip = DoubtStrip(shell.page)
        self._dismissed: tuple[Offer, ...] = ()
        self._settled: Layout | None = None
        shell.put_over_lanes(self.strip)
        shell.actions.bind("file.layout", self.show)
        self.strip.change.clicked.connect(self.show)
        self.strip.take.clicked.connect(self._take)
        self.strip.accept.clicked.connect(self._accept)
        for signal in (shell.signals.doubts_changed, shell.signals.clips_changed):
            signal.connect(self._tell)

    # -- the strip ------------------------------------------------------------------------------------

    @property
    def _first(self) -> Doubt | None:
        return next(iter(self._controller.doubts), None)

    @property
    def _offer(self) -> Offer | None:
        clipset = self._controller.clipset
        offers = clipset.offers if clipset is not None else ()
        return next((offer for offer in offers if offer not in self._dismissed), None)

    @property
    def _question(self) -> str:
        """What only the user knows of the layout."""
        clipset = self._controller.clipset
        layout = clipset.layout if clipset is not None else None
        return layout.doubts[0] if layout is not None and layout != self._settled and layout.doubts else ""

    @property
    def _others(self) -> list[str]:
        """Names of other clips that were checked and in which something does not fit."""
        shown, doubtful = self._controller.clip_name, self._controller.doubtful_clips
        return [
            each.clip for each in self._controller.checked if each.clip in doubtful and each.clip != shown
        ]

    @property
    def _remembered(self) -> Layout | None:
        """How the folder is taken because the user chose that before, until they have seen it."""
        sources = self._controller.document.work.sources
        unseen = sources.remembered and sources.layout is not self._settled
        return sources.layout if unseen and self._controller.clipset is not None else None

    def _tell(self) -> None:
        clipset = self._controller.clipset
        first, offer, others, question = self._first, self._offer, self._others, self._question
        remembered = self._remembered
        self.strip.change.setVisible(clipset is not None and clipset.layout is not None)
        if first is not None:
            more = (
                tr(
                    " ({n_others} of {n_checked} other clips checked, too)",
                    n_others=len(others),
                    n_checked=len(self._controller.checked),
                )
                if others
                else ""
            )
            takes = first.change is not None and (
                first.change.reference is not None or self.strip.change.isVisibleTo(self.strip)
            )
            sentence = tr("Does not fit: {first}{more}", first=first, more=more)
            self.strip.say(sentence, tr("Take What Fits") if takes else "", tr("Go On With It"))
        elif others:
            named = ", ".join(others[:_NAMED]) + (", …" if len(others) > _NAMED else "")
            of = len(self._controller.checked)
            self.strip.say(
                tr(
                    "In {n_others} of {of} clips checked something does not fit: {named}",
                    n_others=len(others),
                    of=of,
                    named=named,
                ),
                tr("Show {others}", others=others[0]),
            )
        elif question:
            self.strip.say(question[0].upper() + question[1:], "", tr("Yes"))
        elif offer is not None:
            self.strip.say(str(offer), tr("Use Them"), tr("No"))
        elif remembered is not None:
            self.strip.say(
                tr("Taken as before, by your choice: {told}", told=told(remembered)),
                tr("Take as Found"),
                tr("OK"),
            )
        else:
            self.strip.say("")

    def _take(self) -> None:
        first, others, offer = self._first, self._others, self._offer
        if first is not None:
            if first.change is not None:
                self._controller.correct(first.change)
        elif others:
            self._controller.show_clip(others[0])
        elif offer is not None:
            sources = self._controller.document.work.sources
            self._controller.open_sources(replace(sources, reference_folder=offer.folder))
        elif self._remembered is not None:
            self._controller.take_as_found()

    def _accept(self) -> None:
        name, clipset = self._controller.clip_name, self._controller.clipset
        if self._first is not None and name is not None:
            self._controller.document.accept(name, True)
        elif self._question and clipset is not None:
            self._settled = clipset.layout
        elif self._offer is not None:
            self._dismissed = (*self._dismissed, self._offer)
        elif (remembered := self._remembered) is not None:
            self._settled = remembered
        self._tell()

    # -- the table ------------------------------------------------------------------------------------

    def show(self) -> None:
        """Show what the files of the folder are taken as."""
        from gaplisten.ui.workbench.layout_dialog import LayoutDialog

        clipset = self._controller.clipset
        if clipset is None or clipset.layout is None:
            self._shell.say(tr("open one folder of clips first: loose files have their roles already"))
            return
        dialog = LayoutDialog(clipset, self._controller.tasks, self._shell.window)
        dialog.settled.connect(self._use)
        dialog.open()

    def _use(self, layout: Layout) -> None:
        self._controller.take_as(layout)


PANE = Pane("layout", Layouts, COMMANDS, place=12)
