"""Scores in the workbench: a badge on each lane, a dock with all chosen metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt

from gaplisten.bench.lane_scores import LaneScores
from gaplisten.metrics.catalogue import built_in, third_party
from gaplisten.metrics.contract import Metric, MetricError
from gaplisten.ui.actions import Command
from gaplisten.ui.metrics.dock import ScoresDock, brief, short_title

if TYPE_CHECKING:
    from gaplisten.ui.workbench.window import WorkbenchWindow

COMMANDS: tuple[Command, ...] = ()

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


class ScoresFeature(QObject):
    """Asks for scores when lanes change, and shows them when they come."""

    def __init__(self, window: WorkbenchWindow, scores: LaneScores | None = None) -> None:
        super().__init__(window)
        self._window = window
        metrics = [found.metric for found in built_in().values() if not found.metric.service]
        kept: Any = window.shell.settings.value(_KEPT, _FIRST, type=list)
        names = [str(name) for name in kept]
        self.scores = scores or LaneScores()
        window.controller.look_after(self.scores)
        self.dock = ScoresDock(metrics, names, window)
        place = window.add_dock("scores", "Scores", self.dock, Qt.DockWidgetArea.RightDockWidgetArea)
        window.splitDockWidget(window.docks["concealers"], place, Qt.Orientation.Vertical)
        window.resizeDocks([window.docks["concealers"], place], [330, 210], Qt.Orientation.Vertical)
        self.dock.metrics_chosen.connect(self._chosen)
        self.scores.changed.connect(self._show)
        signals = window.signals
        for signal in (signals.lanes_changed, signals.lane_changed, signals.trace_changed):
            signal.connect(self._on_lanes)
        self.scores.want(self.dock.chosen())
        foreign = tuple(third_party())
        if foreign:  # describing them loads other people's code: in a process of its own, and not now
            window.controller.tasks.run(
                "describing metrics", lambda _job: described(foreign), self._add, quiet=True
            )
        self._kept = names

    def _add(self, found: tuple[list[Metric], dict[str, str]]) -> None:
        metrics, broken = found
        self.dock.add_metrics(metrics, broken, self._kept)
        self.scores.want(self.dock.chosen())

    def _chosen(self, metrics: list[Metric]) -> None:
        self._window.shell.settings.setValue(_KEPT, [metric.name for metric in metrics])
        self.scores.want(metrics)

    def _on_lanes(self) -> None:
        controller = self._window.controller
        self.scores.show(controller.lanes, controller.trace)

    def _show(self) -> None:
        lanes = self._window.controller.lanes
        self.dock.show_scores(lanes, self.scores)
        first = next(iter(self.scores.metrics), None)
        display = getattr(self._window, "display", None)
        if display is None:  # the window is still being put together
            return
        badges = {lane.ident: self._badge(first, lane.ident) for lane in lanes} if first else {}
        if badges != {ident: display.badges.get(ident, "") for ident in badges} or not first:
            display.badges = badges
            display.show_lanes()

    def _badge(self, metric: Metric, ident: str) -> str:
        lane = next(lane for lane in self._window.controller.lanes if lane.ident == ident)
        score = self.scores.score(lane, metric)
        if score is None or score.value is None:
            return ""
        unit = " dB" if metric.unit == "dB" else ""
        return f"{short_title(metric)} {brief(metric, score)}{unit}"


def install(window: WorkbenchWindow) -> None:
    """Add the dock to the workbench."""
    window.scores_feature = ScoresFeature(window)  # type: ignore[attr-defined]  # keeps it alive
