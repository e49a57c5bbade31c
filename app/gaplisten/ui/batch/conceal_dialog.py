"""The dialog "Conceal Clips…"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QVBoxLayout, QWidget

from gaplisten.batch.conceal_work import Concealed, ConcealWish, conceal_clips
from gaplisten.batch.offer import Offer, concealers_offered
from gaplisten.batch.work import Remark
from gaplisten.bench.tasks import Tasks
from gaplisten.ui.batch.dialog import BatchDialog, ClipChoice, EditsLabel, TickList
from gaplisten.ui.place_field import PlaceField
from gaplisten.ui.translation import tr, tr_n
from gaplisten.ui.widgets import QuietLabel, headed, resize_within


class ConcealDialog(BatchDialog):
    """Which clips, by which of the concealers that are switched on, into which folder."""

    def __init__(self, tasks: Tasks, parent: QWidget) -> None:
        super().__init__(tr("Conceal Clips"), tr("Conceal"), tasks, parent)
        self._offer: Offer | None = None
        self.which = ClipChoice()
        self.concealers = TickList(tr("Concealers"))
        self.concealers.ticked_changed.connect(self.refresh)
        self.hint = QuietLabel(wrap=True)
        self.out = PlaceField(tr("Folder for the results"), self._ask_for_folder)
        self.out.line.textChanged.connect(self.refresh)
        self.force = QCheckBox(tr("Recompute results that are there already"))
        form = QFormLayout()
        form.addRow(tr("Clips"), self.which)
        self.edits = EditsLabel(self.which)
        column = QVBoxLayout(self.inputs)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.edits)
        column.addWidget(headed(tr("Active concealers"), self))
        column.addWidget(self.concealers, 1)
        column.addWidget(self.hint)
        below = QFormLayout()
        below.addRow(tr("Folder"), self.out)
        below.addRow(
            "", QuietLabel(tr("Each concealer gets a folder of its own in it, with a table of the results."))
        )
        below.addRow("", self.force)
        column.addLayout(below)
        resize_within(self, 600, 480)

    def show_offer(self, offer: Offer) -> None:
        """Offer what is open now."""
        self._offer = offer
        self.which.show_offer(offer)
        self.edits.show_offer(offer)
        offered = concealers_offered(offer)
        self.concealers.offer(offered, [one.name for one in offered])
        self.hint.setText(
            tr("Their parameters are those of the workbench; each clip has the loss of its files.")
            if offered
            else tr("No concealer is switched on: tick some in the workbench first.")
        )
        self.refresh()

    def _ask_for_folder(self, start: str) -> str:
        return QFileDialog.getExistingDirectory(self, tr("Folder for the Results"), start)

    def _ready(self) -> bool:
        return self._offer is not None and self.out.path is not None and bool(self.concealers.ticked)

    def _begin(self) -> None:
        offer, out = self._offer, self.out.path
        if offer is None or out is None:
            return
        ticked = self.concealers.ticked
        chosen = tuple(one for one in offer.concealers if one.name in ticked)
        clips = offer.clips(self.which.only_shown)
        wish = ConcealWish(clips, chosen, out, self.force.isChecked())
        self.begin(tr("concealing"), lambda job: conceal_clips(wish, offer.catalogue, job))

    def _report(self, value: Any) -> tuple[str, Sequence[Remark]]:
        assert isinstance(value, Concealed)
        earlier = tr(", {reused} of them were there already", reused=value.reused) if value.reused else ""
        return tr(
            "{files} in {out}{earlier}", files=_files(value.done), out=value.wish.out, earlier=earlier
        ), value.remarks


def _files(count: int) -> str:
    return tr_n("{n} file", "{n} files", count)
