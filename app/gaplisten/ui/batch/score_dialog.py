"""The dialog "Score Clips…"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.batch.items import REFERENCE
from gaplisten.batch.offer import (
    Offer,
    concealers_offered,
    metrics_offered,
    versions_offered,
)
from gaplisten.batch.score_work import Scored, ScoreWish, score_clips
from gaplisten.batch.work import Remark
from gaplisten.bench.tasks import Tasks
from gaplisten.exchange.service_batch import KINDS, score_by_set_up_service
from gaplisten.exchange.service_settings import service_trouble
from gaplisten.ui.batch.dialog import BatchDialog, ClipChoice, EditsLabel, TickList
from gaplisten.ui.place_field import PlaceField
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import QuietLabel, headed, resize_within

FIRST_METRICS = ("plcmos",)


class ScoreDialog(BatchDialog):
    """Which versions of which clips by which metrics, into which table.

    Signals
    -------
    scored
        A batch is done: `Scored`.
    comparison_wanted
        The user wants to see the last batch's conditions side by side: `Scored`.
    service_wanted
        The user wants to set up the PLC-MOS service.
    """

    scored = Signal(object)
    comparison_wanted = Signal(object)
    service_wanted = Signal()

    def __init__(self, tasks: Tasks, parent: QWidget) -> None:
        super().__init__(tr("Score Clips"), tr("Score", context="verb"), tasks, parent)
        self._offer: Offer | None = None
        self._tasks = tasks
        self._last: Scored | None = None
        self.which = ClipChoice()
        self.versions, self.metrics = TickList(tr("Versions")), TickList(tr("Metrics"))
        for each in (self.versions, self.metrics):
            each.ticked_changed.connect(self.refresh)
        self.table = PlaceField(tr("Table of the scores"), self._ask_for_table)
        self.table.line.textChanged.connect(self._on_table)
        self.words = PlaceField(tr("Transcripts"), self._ask_for_transcripts)
        self.words.line.setPlaceholderText(tr("found beside the clips, or heard in the reference"))
        self.clip_table = PlaceField(tr("Table of the clips"), self._ask_for_metadata)
        self.clip_table.line.setPlaceholderText(tr("none, or one whose columns the scores get, too"))
        self.column = QLineEdit(self)
        self.column.setAccessibleName(tr("Column that parts the means"))
        self.column.setPlaceholderText(tr("by bursts, or column"))
        self.column.setMaximumWidth(160)
        for line in (self.clip_table.line, self.column):
            line.textChanged.connect(self.refresh)
        self.beside, self.edits = QuietLabel(wrap=True), EditsLabel(self.which)
        self.force = QCheckBox(tr("Compute known scores again"))
        self.service = QPushButton(tr("PLC-MOS Service…"), autoDefault=False)
        self.service.clicked.connect(self.service_wanted)
        self.compare = QPushButton(tr("Compare…"), self, autoDefault=False)
        self.compare.clicked.connect(self._on_compare)
        self.compare.hide()
        self.buttons.insertWidget(0, self.compare)
        self._arrange()
        resize_within(self, 720, 560)

    def _arrange(self) -> None:
        form = QFormLayout()
        form.addRow(tr("Clips"), self.which)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(headed(tr("Versions"), self))
        left.addWidget(self.versions, 1)
        right.addWidget(headed(tr("Metrics"), self))
        right.addWidget(self.metrics, 1)
        lists = QHBoxLayout()
        lists.addLayout(left, 5)
        lists.addLayout(right, 6)
        below = QFormLayout()
        below.addRow(tr("Transcripts"), self.words)
        parted = QHBoxLayout()
        parted.addWidget(self.clip_table, 1)
        parted.addWidget(self.column)
        below.addRow(tr("Strata"), parted)
        below.addRow(tr("Table"), self.table)
        below.addRow("", self.beside)
        row = QHBoxLayout()
        row.addWidget(self.force)
        row.addStretch(1)
        row.addWidget(self.service)
        column = QVBoxLayout(self.inputs)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.edits)
        column.addLayout(lists, 1)
        column.addLayout(below)
        column.addLayout(row)

    def show_offer(self, offer: Offer) -> None:
        """Offer what is open now; what was ticked stays ticked."""
        self._offer = offer
        self.which.show_offer(offer)
        self.edits.show_offer(offer)
        offered = [*versions_offered(offer), *concealers_offered(offer)]
        self.versions.offer(offered, [one.name for one in offered if one.name != REFERENCE])
        if not self.table.line.text():
            self.table.line.setText(str(_new_table(offer.title)))
        if offer.clip_table is not None and not self.clip_table.line.text():
            self.clip_table.line.setText(str(offer.clip_table))
        self._on_table()

    def look_for_service(self) -> None:
        """Offer the metrics, with the service if it can be used: the keyring is asked on a thread."""
        self._offer_metrics(dict.fromkeys(KINDS, tr("being looked for")))
        self._tasks.run(tr("looking for services"), lambda _job: _troubles(), self._offer_metrics, quiet=True)

    def _offer_metrics(self, troubles: Mapping[str, str]) -> None:
        self.metrics.offer(metrics_offered(troubles), FIRST_METRICS)

    def _ask_for_table(self, start: str) -> str:
        return QFileDialog.getSaveFileName(self, tr("Table of the Scores"), start, tr("CSV (*.csv)"))[0]

    def _ask_for_transcripts(self, start: str) -> str:
        kinds = tr("Tables and lists (*.csv *.tsv *.txt *.trans *.transcription);;All files (*)")
        return QFileDialog.getOpenFileName(self, tr("Transcripts"), start, kinds)[0]

    def _ask_for_metadata(self, start: str) -> str:
        kinds = tr("Tables (*.csv *.tsv *.txt);;All files (*)")
        return QFileDialog.getOpenFileName(self, tr("Table of the Clips"), start, kinds)[0]

    def _on_table(self) -> None:
        wish = self.wish()
        if wish is None:
            self.beside.setText("")
        else:
            there = tr("The table is there already and will be replaced. ") if wish.table.exists() else ""
            self.beside.setText(
                tr(
                    "{there}Beside it: means in {summary_name}, sound of concealers in {sounds_name}.",
                    there=there,
                    summary_name=wish.summary.name,
                    sounds_name=wish.sounds.name,
                )
            )
        self.refresh()

    def wish(self) -> ScoreWish | None:
        """Return what is to be done; None while there is no table to write."""
        offer, table = self._offer, self.table.path
        if offer is None or table is None or not table.name:  # "/" while a path is being typed
            return None
        if table.suffix.lower() != ".csv":
            table = table.with_name(f"{table.name}.csv")
        ticked = self.versions.ticked
        concealers = tuple(one for one in offer.concealers if one.name in ticked)
        made = {one.name for one in concealers}
        files = tuple(name for name in ticked if name not in made)
        clips = replace(offer.clipset, clips=offer.clips(self.which.only_shown))
        return ScoreWish(
            clips,
            files,
            concealers,
            self.metrics.ticked,
            table,
            self.force.isChecked(),
            self.words.path,
            self.clip_table.path,
            self.column.text().strip(),
        )

    def _ready(self) -> bool:
        return self.wish() is not None and bool(self.versions.ticked) and bool(self.metrics.ticked)

    def _on_compare(self) -> None:
        self.close()  # it would lie above the clips that the comparison opens; it keeps what it says
        self.comparison_wanted.emit(self._last)

    def _begin(self) -> None:
        offer, wish = self._offer, self.wish()
        if offer is not None and wish is not None:
            self.compare.hide()
            self.begin(
                tr("scoring"), lambda job: score_clips(wish, offer.catalogue, job, score_by_set_up_service)
            )

    def _finished(self, value: Any) -> None:
        super()._finished(value)
        self._last = value
        self.compare.setVisible(any(row.score.value is not None for row in value.batch.rows))
        self.scored.emit(value)

    def _report(self, value: Any) -> tuple[str, Sequence[Remark]]:
        assert isinstance(value, Scored)
        there = sum(row.score.value is not None for row in value.batch.rows)
        known = tr(", {reused} of them known before", reused=value.batch.reused) if value.batch.reused else ""
        return tr(
            "{there} scores in {table}{known}", there=there, table=value.wish.table, known=known
        ), value.remarks


def _troubles() -> dict[str, str]:
    return {name: service_trouble(kind) for name, kind in KINDS.items()}


def _new_table(title: str) -> Path:
    """Return a name in the user's folder that no file has yet."""
    stem = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in title).strip("-")
    path, number = Path.home() / f"{stem or 'clips'}-scores.csv", 2
    while path.exists():
        path, number = path.with_name(f"{stem or 'clips'}-scores-{number}.csv"), number + 1
    return path
