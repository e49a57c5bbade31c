"""Scores in the workbench: a badge on each lane, a dock with all chosen metrics as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.lane_scores import LaneScores
from gaplisten.bench.lanes import Lane
from gaplisten.clips.transcripts import text_said
from gaplisten.errors import GaplistenError
from gaplisten.metrics.catalogue import built_in, third_party
from gaplisten.metrics.contract import Metric, MetricError, Score
from gaplisten.metrics.material import trouble
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.theme import figures
from gaplisten.ui.translation import tr, tr_lane, tr_said


def short_title(metric: Metric) -> str:
    """Return a metric's name for a narrow place."""
    return metric.short or metric.title.partition(",")[0].partition(" (")[0]


def brief(metric: Metric, score: Score | None) -> str:
    """Return a score for a narrow place: "3.60", "3.60 *" when marked, "…" while awaited, "-" without."""
    if score is None:
        return "…"
    if score.value is None:
        return "-"
    digits = 1 if metric.unit == "dB" else 2
    return f"{score.value:.{digits}f}{' *' if score.marks else ''}"


def explained(metric: Metric, score: Score | None) -> str:
    """Return a score in a sentence: value, unit, marks, or why there is none; and where it comes from."""
    better = tr("{direction} is better", direction=tr_said(metric.direction))
    if score is None:
        said = tr("being computed")
    elif score.value is None:
        said = tr_said(score.reason)
    else:
        said = ", ".join([f"{score.value:.4f} {metric.unit}".strip(), *map(tr_said, score.marks)])
    return f"{tr_said(metric.title)}: {said}\n{better}; {tr_said(metric.source)}"


_NAME_LETTERS = 20  # of a version, before it is cut in the middle


class ScoresDock(QWidget):
    """One row per lane, one column per metric.

    Signals
    -------
    metrics_chosen
        The metrics that are ticked.
    """

    metrics_chosen = Signal(object)

    def __init__(
        self, metrics: Sequence[Metric], chosen: Sequence[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._metrics = tuple(metrics)
        self._broken: dict[str, str] = {}
        self.choose = QPushButton(tr("Metrics"), self)
        self.choose.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.choose.setAccessibleName(tr("Choose metrics"))
        self.boxes: dict[str, QAction] = {}
        self.choose.setMenu(self._menu(chosen))
        self.table = QTableWidget(0, 0, self)
        self.table.setTabKeyNavigation(False)
        self.table.setAccessibleName(tr("Scores of the lanes"))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        names = self.table.verticalHeader()
        names.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        names.setMaximumWidth(self.fontMetrics().horizontalAdvance("0" * _NAME_LETTERS))  # scores need room
        names.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.setFont(figures(self.table.font()))
        line = QHBoxLayout()
        line.addWidget(self.choose)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(4)
        layout.addLayout(line)
        layout.addWidget(self.table)

    def _menu(self, chosen: Sequence[str]) -> QMenu:
        menu = QMenu(self.choose)
        menu.setToolTipsVisible(True)
        by_gap = QMenu(tr("Medians of the gaps"), menu)
        by_gap.setToolTipsVisible(True)
        for metric in self._metrics:
            inner = metric.needs_trace and metric.name != "gap_flagged"
            self.boxes[metric.name] = self._box(by_gap if inner else menu, metric, metric.name in chosen)
        for name, reason in self._broken.items():
            menu.addAction(f"{name} ({reason})").setEnabled(False)
        if by_gap.actions():
            menu.addMenu(by_gap)
        return menu

    def add_metrics(
        self, metrics: Sequence[Metric], broken: Mapping[str, str], chosen: Sequence[str]
    ) -> None:
        """Offer more metrics, and name those that cannot be used with the reason."""
        ticked = [metric.name for metric in self.chosen()]
        self._metrics, self._broken = (*self._metrics, *metrics), dict(broken)
        self.choose.setMenu(self._menu([*ticked, *chosen]))

    def _box(self, menu: QMenu, metric: Metric, on: bool) -> QAction:
        missing = trouble(metric)
        action = menu.addAction(
            f"{tr_said(metric.title)} ({tr_said(missing)})" if missing else tr_said(metric.title)
        )
        action.setCheckable(True)
        action.setChecked(on and not missing)
        action.setEnabled(not missing)
        action.setToolTip(
            missing
            or tr(
                "{direction} is better; {source}",
                direction=tr_said(metric.direction),
                source=tr_said(metric.source),
            )
        )
        action.toggled.connect(self._tell)
        return action

    def chosen(self) -> list[Metric]:
        """Return the metrics that are ticked, in their own order."""
        return [metric for metric in self._metrics if self.boxes[metric.name].isChecked()]

    def _tell(self) -> None:
        self.metrics_chosen.emit(self.chosen())

    def _show_heads(self, metrics: Sequence[Metric]) -> None:
        for column, metric in enumerate(metrics):
            head = QTableWidgetItem(short_title(metric))
            head.setToolTip(
                tr(
                    "{metric_title}\n{direction} is better; {source}",
                    metric_title=tr_said(metric.title),
                    direction=tr_said(metric.direction),
                    source=tr_said(metric.source),
                )
            )
            self.table.setHorizontalHeaderItem(column, head)

    def show_scores(self, lanes: Sequence[Lane], scores: LaneScores) -> None:
        """Fill the table."""
        metrics = scores.metrics
        self.table.setColumnCount(len(metrics))
        self.table.setRowCount(len(lanes))
        self._show_heads(metrics)
        for row, lane in enumerate(lanes):
            named = QTableWidgetItem(f"{lane.key}  {tr_lane(lane.name)}")
            named.setToolTip(named.text())
            self.table.setVerticalHeaderItem(row, named)
            for column, metric in enumerate(metrics):
                score = scores.score(lane, metric)
                item = QTableWidgetItem(brief(metric, score))
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(explained(metric, score))
                self.table.setItem(row, column, item)


_KEPT = "scores/metrics"
_FIRST = ["plcmos"]


def described(names: Sequence[str]) -> tuple[list[Metric], dict[str, str]]:
    """Return other packages' metrics, and why the others cannot be used."""
    from gaplisten.metrics.pool import ScorePool

    pool = ScorePool(workers=1)
    metrics, broken = [], {}
    try:
        for name in names:
            try:
                metrics.append(pool.describe(name))
            except MetricError as error:
                broken[name] = error.fact
    finally:
        pool.close()
    return metrics, broken


class Scores(QObject):
    """Asks for scores when lanes change, and shows them when they come."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        metrics = [found.metric for found in built_in().values() if not found.metric.service]
        kept: Any = shell.settings.value(_KEPT, _FIRST, type=list)
        names = [str(name) for name in kept]
        self.scores = LaneScores()
        shell.controller.look_after(self.scores)
        self.dock = ScoresDock(metrics, names, shell.window)
        self.dock.metrics_chosen.connect(self._chosen)
        self.scores.changed.connect(self._show)
        signals = shell.signals
        for signal in (signals.lanes_changed, signals.lane_changed, signals.trace_changed):
            signal.connect(self._on_lanes)
        self.scores.want(self.dock.chosen())
        foreign = tuple(third_party())
        if foreign:  # describing them loads other people's code: in a process of its own, and not now
            shell.controller.tasks.run(
                tr("describing metrics"), lambda _job: described(foreign), self._add, quiet=True, later=True
            )
        self._kept = names

    def _add(self, found: tuple[list[Metric], dict[str, str]]) -> None:
        metrics, broken = found
        self.dock.add_metrics(metrics, broken, self._kept)
        self.scores.want(self.dock.chosen())

    def _chosen(self, metrics: list[Metric]) -> None:
        self._shell.settings.setValue(_KEPT, [metric.name for metric in metrics])
        self.scores.want(metrics)
        self._on_lanes()

    def _on_lanes(self) -> None:
        controller = self._controller
        self.scores.show(controller.lanes, controller.trace, self._transcript())

    def _transcript(self) -> str | None:
        """Return what is said in the clip that is shown, where that is written down and can be read."""
        clips, name = self._controller.clipset, self._controller.clip_name
        known = clips.clip(name).transcript if clips is not None and name is not None else None
        if known is None or not any(metric.needs_words for metric in self.scores.metrics):
            return None
        try:
            return text_said(known)
        except GaplistenError as error:
            self._shell.say(tr_said(error))
            return None

    def _show(self) -> None:
        lanes = self._controller.lanes
        self.dock.show_scores(lanes, self.scores)
        first = next(iter(self.scores.metrics), None)
        badges = {lane.ident: self._badge(first, lane.ident) for lane in lanes} if first else {}
        self._shell.display.show_badges(badges)

    def _badge(self, metric: Metric, ident: str) -> str:
        lane = next(lane for lane in self._controller.lanes if lane.ident == ident)
        score = self.scores.score(lane, metric)
        if score is None or score.value is None:
            return ""
        unit = " dB" if metric.unit == "dB" else ""
        return f"{short_title(metric)} {brief(metric, score)}{unit}"


PANE = Pane(
    "scores", Scores, (), "Scores", Qt.DockWidgetArea.RightDockWidgetArea, below="concealers", place=61
)
