"""What the dialogs of all batches share: progress, start and stop, what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.batch.offer import Offer, Offered, about_edits
from gaplisten.batch.work import Remark
from gaplisten.bench.tasks import Tasks
from gaplisten.jobs import Job
from gaplisten.ui.batch.run import BatchRun
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.theme import warning_colour
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel

_STEPS = 1000
_MOST_LISTED = 500


class BatchDialog(QDialog):
    """Asks, runs and reports; closed while work is under way it only gets out of sight.

    Parameters
    ----------
    title
        Of the dialog.
    go
        What the button says that starts the work.
    """

    def __init__(self, title: str, go: str, tasks: Tasks, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.run = BatchRun(tasks, self)
        self.run.progressed.connect(self._progressed)
        self.run.finished.connect(self._finished)
        self.run.failed.connect(self._failed)
        self.run.stopped.connect(self._stopped)
        self.inputs = QWidget(self)
        self.bar = QProgressBar(self, maximum=_STEPS, textVisible=False)
        self.bar.setAccessibleName(tr("Progress"))
        self.bar.setFixedHeight(8)
        self.said = QuietLabel("", self, wrap=True)
        self.said.setAccessibleName(tr("How far it is"))
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.remarks = QListWidget(self)
        self.remarks.setAccessibleName(tr("What failed and why, and what else to know"))
        self.remarks.setWordWrap(True)
        self.remarks.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.go = QPushButton(go, self, default=True)
        self.go.clicked.connect(self._begin)
        self.stop = QPushButton(tr("Stop"), self, autoDefault=False)
        self.stop.clicked.connect(self.run.stop)
        self.hide_button = QPushButton(tr("Close"), self, autoDefault=False)
        self.hide_button.clicked.connect(self.close)
        self._lay_out()
        self.go.setEnabled(False)
        self.stop.hide()

    def _lay_out(self) -> None:
        self.buttons = QHBoxLayout()
        self.buttons.addStretch(1)
        for button in (self.stop, self.go, self.hide_button):
            self.buttons.addWidget(button)
        outer = QVBoxLayout(self)
        outer.addWidget(self.inputs, 2)
        outer.addWidget(self.bar)
        outer.addWidget(self.said)
        outer.addWidget(self.remarks, 1)
        outer.addLayout(self.buttons)
        self.bar.hide()
        self.remarks.hide()

    # --- what a batch's own dialog does ----------------------------------------------------------

    def _begin(self) -> None:
        raise NotImplementedError

    def _report(self, value: Any) -> tuple[str, Sequence[Remark]]:
        """Return a sentence about what was done, and remarks on single items, failures first."""
        raise NotImplementedError

    def _ready(self) -> bool:
        """Tell whether everything needed was said."""
        raise NotImplementedError

    # --- running ---------------------------------------------------------------------------------

    def begin(self, title: str, work: Callable[[Job], Any]) -> None:
        """Start the work."""
        self.remarks.clear()
        self.remarks.hide()
        self._say("")
        self.bar.setValue(0)
        self.run.start(title, work)
        self.show_running(True)

    def show_running(self, running: bool) -> None:
        """Let things be changed, or only be stopped."""
        self.inputs.setEnabled(not running)
        self.go.setEnabled(not running and self._ready())
        self.stop.setVisible(running)
        self.stop.setEnabled(True)
        self.bar.setVisible(running)
        self.hide_button.setText(tr("Hide") if running else tr("Close"))
        tip = tr("The work goes on; the status bar shows how far it is") if running else ""
        self.hide_button.setToolTip(tip)

    def refresh(self) -> None:
        """Look again whether the work can start."""
        if not self.run.running:
            self.go.setEnabled(self._ready())

    def _say(self, text: str, warns: bool = False) -> None:
        self.said.setText(text)
        self.said.set_warning(warns)

    def _progressed(self, fraction: float, sentence: str) -> None:
        self.bar.setValue(round(_STEPS * fraction))
        self._say(sentence)
        if self.run.stopping:
            self.stop.setEnabled(False)

    def _finished(self, value: Any) -> None:
        self.show_running(False)
        sentence, remarks = self._report(value)
        failed = sum(remark.failed for remark in remarks)
        self._say(
            tr("{sentence}; {failed} failed:", sentence=sentence, failed=failed) if failed else sentence,
            warns=bool(failed),
        )
        for remark in remarks[:_MOST_LISTED]:
            self._list(remark)
        if len(remarks) > _MOST_LISTED:
            self.remarks.addItem(tr("… and {n_remarks} more", n_remarks=len(remarks) - _MOST_LISTED))
        self.remarks.setVisible(bool(remarks))

    def _list(self, remark: Remark) -> None:
        item = QListWidgetItem(tr_said(remark.text), self.remarks)
        item.setToolTip(remark.details or tr_said(remark.text))
        if remark.failed:
            item.setForeground(warning_colour(self.palette()))

    def _failed(self, error: Exception) -> None:
        self.show_running(False)
        self._say(tr_said(error), warns=True)

    def _stopped(self) -> None:
        self.show_running(False)
        self._say(tr("Stopped. What was done is kept: started again, the work goes on from there."))


class ClipChoice(ChoiceField):
    """All clips of the set, or the one that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Which clips"))

    def show_offer(self, offer: Offer) -> None:
        """Offer what is open now; the choice stays."""
        only = self.only_shown
        self.clear()
        self.addItem(
            tr(
                "All {n_clips} clips of {offer_title}",
                n_clips=len(offer.clipset.clips),
                offer_title=offer.title,
            ),
            False,
        )
        if offer.shown is not None:
            self.addItem(tr("Only the one that is shown: {shown}", shown=offer.shown), True)
        self.setCurrentIndex(max(self.findData(only), 0))

    @property
    def only_shown(self) -> bool:
        """Whether only the clip that is shown is wanted."""
        return bool(self.currentData())


class EditsLabel(QuietLabel):
    """Tells of edited losses that a batch will not use; hidden when there are none."""

    def __init__(self, which: ClipChoice) -> None:
        super().__init__(wrap=True)
        self._which = which
        self._offer: Offer | None = None
        self.set_warning(True)
        self.hide()
        which.currentIndexChanged.connect(self._tell)

    def show_offer(self, offer: Offer) -> None:
        """Look at what is open now."""
        self._offer = offer
        self._tell()

    def _tell(self) -> None:
        text = about_edits(self._offer, self._which.only_shown) if self._offer is not None else ""
        self.setText(text)
        self.setVisible(bool(text))


_NAME = Qt.ItemDataRole.UserRole


class TickList(QListWidget):
    """What is offered, each with a box.

    Signals
    -------
    ticked_changed
        Another set of things is ticked.
    """

    ticked_changed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setUniformItemSizes(True)
        self.setSpacing(2)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.itemChanged.connect(lambda _item: self.ticked_changed.emit())

    def offer(self, offered: Sequence[Offered], ticked: Iterable[str]) -> None:
        """Show these; what was offered before stays as it is, of the others tick those of these names."""
        before = {str(item.data(_NAME)) for item in self._items()}
        wanted = {*self.ticked, *(set(ticked) - before)}
        self.blockSignals(True)
        self.clear()
        for one in offered:
            text = f"{one.text} ({one.missing})" if one.missing else one.text
            item = QListWidgetItem(text, self)
            item.setData(_NAME, one.name)
            item.setToolTip("\n".join(line for line in (one.text, one.tip, one.missing) if line))
            flags = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled
            item.setFlags(Qt.ItemFlag.NoItemFlags if one.missing else flags | Qt.ItemFlag.ItemIsSelectable)
            on = one.name in wanted and not one.missing
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.blockSignals(False)
        self.ticked_changed.emit()

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(row) for row in range(self.count())]

    @property
    def ticked(self) -> tuple[str, ...]:
        """Names of what is ticked, in order."""
        on = [item for item in self._items() if item.checkState() == Qt.CheckState.Checked]
        return tuple(str(item.data(_NAME)) for item in on)

    def tick(self, name: str, on: bool = True) -> None:
        """Tick one thing or not, if it can be had."""
        for item in self._items():
            if item.data(_NAME) == name and item.flags() & Qt.ItemFlag.ItemIsEnabled:
                item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
