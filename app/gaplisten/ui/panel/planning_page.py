"""How large a new panel must be: the page of the dialog that tells what a panel of this size finds."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.tasks import Task, Tasks
from gaplisten.errors import GaplistenError
from gaplisten.panel.brief import NO_CLIP, Size
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.design.planning import Target, check, power_table, unit, usual_spreads
from gaplisten.panel.results.rehearsal import PANELS, Rehearsal, rehearse
from gaplisten.panel.statistics.planning import Spreads
from gaplisten.tables import Cell, Table
from gaplisten.ui.batch.tables import PlainTable
from gaplisten.ui.fields import NumberField, WholeField
from gaplisten.ui.translation import tr, tr_said

_POLL_MS = 100
_LISTENERS = 16
# What one wants to find, as a part of the scale, until somebody says something else; of pairs a share.
_USUAL_PART, _USUAL_SHARE = 0.075, 0.15


class PlanningPage(QWidget):
    """Asks what is to be found; tells how likely it is found, by listeners and clips, and simulates panels.

    Nothing of it goes into the panel's file.
    """

    def __init__(self) -> None:
        super().__init__()
        self._definition: PanelDefinition | None = None
        self._size: Size | None = None
        self._method = ""
        self._asked: object = None
        self._tasks = Tasks(1)
        self._task: Task | None = None
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._poll)
        self.difference = _number(tr("Difference to find"), 0.01, 100)
        self.power = _number(tr("Chance of finding it"), 0.05, 0.99, 0.8)
        self.vote = _number(tr("Standard deviation of votes"), 0.0, 100)
        self.by_clip = _number(tr("Standard deviation by clip"), 0.0, 100)
        self.by_listener = _number(tr("Standard deviation by listener"), 0.0, 100)
        self.listeners = WholeField(minimum=1, maximum=1000, value=_LISTENERS)
        self.listeners.setAccessibleName(tr("Listeners of the simulated panels"))
        self.unit = QLabel("")
        self.table = PlainTable(tr("Power by listeners and clips"))
        self.said = QLabel("")
        self.said.setWordWrap(True)
        self.simulate = QPushButton(tr("Simulate {panels} Panels", panels=PANELS))
        self.simulate.setToolTip(tr("Draw this design, make up votes, and analyse them as results are"))
        self.simulate.clicked.connect(self._simulate_or_stop)
        self.found = QLabel("")
        self.found.setWordWrap(True)
        self._lay_out()

    def _lay_out(self) -> None:
        form = QFormLayout()
        wanted = QHBoxLayout()
        wanted.addWidget(self.difference)
        wanted.addWidget(self.unit, 1)
        form.addRow(tr("Difference to find"), wanted)
        chance = QHBoxLayout()
        chance.addWidget(self.power)
        chance.addStretch(1)
        form.addRow(tr("Chance of finding it"), chance)
        spreads = QHBoxLayout()
        for text, box in (
            (tr("votes"), self.vote),
            (tr("by clip"), self.by_clip),
            (tr("by listener"), self.by_listener),
        ):
            spreads.addWidget(QLabel(text))
            spreads.addWidget(box)
        spreads.addStretch(1)
        form.addRow(tr("Standard deviations"), spreads)
        row = QHBoxLayout()
        row.addWidget(self.simulate)
        row.addWidget(QLabel(tr("of")))
        row.addWidget(self.listeners)
        row.addWidget(QLabel(tr("listeners")))
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.table, 1)
        column.addWidget(self.said)
        column.addLayout(row)
        column.addWidget(self.found)

    # --- what is asked -------------------------------------------------------------------------------

    @property
    def wanted(self) -> Target:
        """What the panel is to find."""
        spreads = Spreads(self.vote.value(), self.by_clip.value(), self.by_listener.value())
        return Target(self.difference.value(), self.power.value(), spreads)

    def show_definition(self, definition: PanelDefinition | None, size: Size | None) -> None:
        """Follow what the panel is, and how large; None where there is none yet, or no clip is chosen."""
        if definition is not None and definition.method.name != self._method:
            self._take_usual(definition)
        asked = (definition, self.wanted, self.listeners.value())
        if asked != self._asked:  # what was found was found of something else
            self.stop()
            self.found.setText("")
        self._asked = asked
        self._definition, self._size = definition, size
        if self.isVisible():
            self._show()

    def _take_usual(self, definition: PanelDefinition) -> None:
        """Begin with what is usual on the method's scale."""
        method = definition.method
        self._method = method.name
        low, high = method.range
        usual = usual_spreads(definition)
        values = {
            self.difference: _USUAL_SHARE if method.paired else _USUAL_PART * (high - low),
            self.vote: usual.vote,
            self.by_clip: usual.by_clip,
            self.by_listener: usual.by_listener,
        }
        for box, value in values.items():
            box.blockSignals(True)
            box.setDecimals(3 if value < 1 else 1)
            box.setValue(value)
            box.blockSignals(False)
        self.vote.setEnabled(not method.paired)

    def showEvent(self, event: QShowEvent) -> None:
        """Reckon when somebody looks."""
        super().showEvent(event)
        self._show()

    def _show(self) -> None:
        self.table.show_table(Table((), ()))
        definition, size = self._definition, self._size
        self.simulate.setEnabled(size is not None or self._task is not None)
        if definition is None:
            self.said.setText(tr("There is no panel yet."))
            return
        self.unit.setText(tr_said(unit(definition)))
        if size is None:
            self.said.setText(f"{tr_said(NO_CLIP)}.")
            return
        try:
            table, said = power_table(definition, size.clips, self.wanted, size.minutes)
        except (GaplistenError, ValueError) as error:
            self.simulate.setEnabled(self._task is not None)
            self.said.setText(tr_said(error))
            return
        heads = (tr("Listeners"), tr("Votes a cell"), *map(tr_said, table.columns[2:]))
        self.table.show_table(_narrow(table), heads)
        self.said.setText("\n".join(map(tr_said, said)))

    # --- simulated panels ----------------------------------------------------------------------------

    def _simulate_or_stop(self) -> None:
        if self._task is not None:
            self.stop()
        elif self._definition is not None and self._size is not None:
            key, wanted, listeners = self._size.key, self.wanted, self.listeners.value()
            try:
                check(self._definition, wanted)
            except GaplistenError as error:
                self.found.setText(tr_said(error))
                return
            self._task = self._tasks.run(
                tr("simulating panels"),
                lambda job: rehearse(key, listeners, wanted.difference, wanted.spreads, job=job),
                self._done,
                self._failed,
            )
            self.simulate.setText(tr("Stop"))
            self._timer.start()

    def stop(self) -> None:
        """Stop what is simulated."""
        if self._task is not None:
            self._tasks.cancel(self._task)
            self._end(tr("stopped"))

    def _poll(self) -> None:
        if self._task is not None:
            self.found.setText(tr_said(self._task.job.message) or tr("drawing orders"))
        self._tasks.poll()

    def _done(self, found: Rehearsal) -> None:
        self._end(found.said())

    def _failed(self, error: Exception) -> None:
        self._end(tr_said(error))

    def _end(self, text: str) -> None:
        self._task = None
        self._timer.stop()
        self.simulate.setText(tr("Simulate {panels} Panels", panels=PANELS))
        self.found.setText(text)


def _few(votes: Cell) -> Cell:
    votes = float(votes or 0)
    return int(votes) if votes.is_integer() else f"{votes:g}"


def _narrow(table: Table) -> Table:
    """Return the same, to be read at a glance: chances in per cent, votes without needless decimals."""
    rows = tuple(
        (listeners, _few(votes), *(f"{100 * float(one or 0):.0f} %" for one in powers))
        for listeners, votes, *powers in table.rows
    )
    return Table(table.columns, rows)


def _number(name: str, low: float, high: float, value: float = 0.0) -> NumberField:
    box = NumberField(minimum=low, maximum=high, value=value, decimals=2, singleStep=0.05)
    box.setAccessibleName(name)
    return box
