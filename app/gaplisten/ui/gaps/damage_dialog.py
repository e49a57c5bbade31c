"""Damage that no trace tells of: a list of places in a lane, to be walked through."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from gaplisten.bench.lanes import Role
from gaplisten.loss.damage import Damage, find_damage
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.shell import Shell
from gaplisten.ui.translation import tr, tr_lane, tr_n, tr_said
from gaplisten.ui.widgets import QuietLabel, plain_table, resize_within

_CONTEXT_SECONDS = 0.15
_TITLES = (tr("Place"), tr("Start (s)"), tr("Length (ms)"), tr("What"), tr("How much"))


class DamageDialog(QDialog):
    """Choose a lane: its damage is listed; choosing a place goes there. It stays open beside the lanes."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self.setWindowTitle(tr("Damage without a Trace"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._shell, self._controller = shell, shell.controller
        self.damage: Damage | None = None
        self._task: Any = None
        self.lane = ChoiceField(self)
        self.lane.setAccessibleName(tr("Lane that is looked at"))
        label = QLabel(tr("&Lane"), self)
        label.setBuddy(self.lane)
        self.table = QTableWidget(0, len(_TITLES), self)
        self.table.setHorizontalHeaderLabels(list(_TITLES))
        plain_table(self.table, tr("Places that are damaged"))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.itemSelectionChanged.connect(self._go)
        self.outcome = QuietLabel("", self, wrap=True)
        self.gaps_button = QPushButton(tr("Take These as &Gaps"), self)
        self.gaps_button.setToolTip(tr("They become the clip's losses; undo goes back"))
        self.gaps_button.setAutoDefault(False)
        self.gaps_button.clicked.connect(self.take_as_gaps)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.addButton(self.gaps_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.lane, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(line)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.outcome)
        layout.addWidget(buttons)
        resize_within(self, 560, 420)
        self._fill_lanes()
        self.lane.currentIndexChanged.connect(self._look)
        shell.signals.clip_changed.connect(self.reject)
        self._look()

    def _fill_lanes(self) -> None:
        heard = self._controller.hearing.heard
        for lane in self._controller.lanes:
            if lane.signal is not None and lane.role is not Role.REFERENCE:
                self.lane.addItem(tr_lane(lane.name), lane.key)
                if lane.key == heard:
                    self.lane.setCurrentIndex(self.lane.count() - 1)

    def _look(self) -> None:
        """Look for damage in the lane that is chosen, in the background."""
        key, controller = self.lane.currentData(), self._controller
        lane = controller.lane(key) if key is not None else None
        self.damage = None
        self.table.setRowCount(0)
        self.gaps_button.setEnabled(False)
        if lane is None or lane.signal is None:
            self.outcome.setText(tr("There is no lane to look at."))
            return
        signal = lane.signal
        reference = controller.opened.reference if controller.opened is not None else None
        self.outcome.setText(tr("Looking for damage in {lane_name}…", lane_name=tr_lane(lane.name)))
        controller.tasks.cancel(self._task)
        self._task = controller.tasks.run(
            tr("looking for damage in {lane_name}", lane_name=tr_lane(lane.name)),
            lambda job: find_damage(signal, reference, job),
            self._show,
            lambda error: self.outcome.setText(tr_said(error)),
        )

    def _show(self, damage: Damage) -> None:
        self.damage = damage
        self.table.blockSignals(True)
        self.table.setRowCount(len(damage.places))
        for row, place in enumerate(damage.places):
            start, length = place.start / damage.rate, 1000 * (place.stop - place.start) / damage.rate
            cells = (str(row + 1), f"{start:.3f}", f"{length:.1f}", place.kind.value, place.said(damage.rate))
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if column < 3:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        self.table.blockSignals(False)
        self.gaps_button.setEnabled(bool(damage.places))
        count = len(damage.places)
        said = [
            tr_n(
                "{n} place in {seconds:.1f} s",
                "{n} places in {seconds:.1f} s",
                count,
                seconds=damage.frames / damage.rate,
            )
        ]
        if damage.delay is None:
            said.append(tr("there is no reference: only what breaks off or clicks by itself is found"))
        elif damage.delay:
            said.append(
                tr(
                    "the lane is {delay} frames late at its beginning; places are the reference's",
                    delay=damage.delay,
                )
            )
        self.outcome.setText("; ".join([*said, *map(tr_said, damage.notes)]))

    def _go(self) -> None:
        """Show the chosen place with its context, and stand before it."""
        row = self.table.currentRow()
        if self.damage is None or not 0 <= row < len(self.damage.places):
            return
        place = self.damage.places[row]
        context = round(_CONTEXT_SECONDS * self.damage.rate)
        self._shell.lanes.zoom_to(max(place.start - 2 * context, 0), place.stop + 2 * context)
        self._controller.hearing.seek(max(place.start - context, 0))
        self._shell.say(
            tr(
                "place {row} of {n_places}: {kind_value}",
                row=row + 1,
                n_places=len(self.damage.places),
                kind_value=tr_said(place.kind.value),
            )
        )

    def take_as_gaps(self) -> None:
        """Make the places the clip's gaps."""
        if self.damage is not None and self.damage.places:
            name = self.lane.currentText()
            self._controller.set_loss(self.damage.trace(), f"damage found in {name}")

    def done(self, result: int) -> None:
        """Stop looking when the dialog goes."""
        self._controller.tasks.cancel(self._task)
        super().done(result)
