"""Scores in the workbench: a badge on each lane, a dock with all chosen metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Qt

from gaplisten.bench.lane_scores import LaneScores
from gaplisten.metrics.catalogue import built_in, third_party
from gaplisten.metrics.contract import Metric, MetricError
from gaplisten.ui.metrics.dock import ScoresDock, brief, short_title
from gaplisten.ui.shell import Pane, Shell

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
                "describing metrics", lambda _job: described(foreign), self._add, quiet=True
            )
        self._kept = names

    def _add(self, found: tuple[list[Metric], dict[str, str]]) -> None:
        metrics, broken = found
        self.dock.add_metrics(metrics, broken, self._kept)
        self.scores.want(self.dock.chosen())

    def _chosen(self, metrics: list[Metric]) -> None:
        self._shell.settings.setValue(_KEPT, [metric.name for metric in metrics])
        self.scores.want(metrics)

    def _on_lanes(self) -> None:
        controller = self._controller
        self.scores.show(controller.lanes, controller.trace)

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
