"""Scores beside the lanes: asked for once, awaited without blocking, renewed with the sound."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gaplisten.audio.signal import Signal
from gaplisten.bench.lanes import Lane, Role
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics import material
from gaplisten.metrics.catalogue import built_in
from gaplisten.metrics.contract import Metric, Score
from gaplisten.playback.player import Player
from gaplisten.ui.metrics import feature, lane_scores
from gaplisten.ui.metrics.dock import ScoresDock, brief, explained, short_title
from gaplisten.ui.metrics.lane_scores import LaneScores
from gaplisten.ui.workbench.hearing import Hearing
from gaplisten.ui.workbench.window import WorkbenchWindow

PLCMOS = built_in()["plcmos"].metric
SDR = built_in()["sdr"].metric


class SlowPool:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Signal, Signal | None, Future[Score]]] = []
        self.closed = False

    def submit(
        self,
        metric: Metric | str,
        degraded: Signal,
        reference: Signal | None = None,
        trace: LossTrace | None = None,
    ) -> Future[Score]:
        answer: Future[Score] = Future()
        name = metric if isinstance(metric, str) else metric.name
        self.asked.append((name, degraded, reference, answer))
        return answer

    def close(self) -> None:
        self.closed = True


def sound(level: float) -> Signal:
    return Signal.of(np.full(1600, level), 16000)


def lanes(*levels: float) -> list[Lane]:
    first = [Lane("reference", "Reference", Role.REFERENCE, sound(levels[0]), 0)]
    others = [
        Lane(f"c{i}", f"C{i}", Role.CONDITION, sound(level), i) for i, level in enumerate(levels[1:], 1)
    ]
    return first + others


@pytest.fixture
def pool() -> SlowPool:
    return SlowPool()


@pytest.fixture
def scores(qtbot: QtBot, pool: SlowPool, monkeypatch: pytest.MonkeyPatch) -> LaneScores:
    monkeypatch.setattr(lane_scores, "REST_SECONDS", 0.0)
    return LaneScores(make_pool=lambda: pool)


def test_each_lane_is_scored_and_the_score_is_kept(qtbot: QtBot, scores: LaneScores, pool: SlowPool) -> None:
    shown = lanes(0.1, 0.2)
    scores.want([PLCMOS])
    scores.show(shown, None)
    qtbot.waitUntil(lambda: len(pool.asked) == 2)
    assert scores.score(shown[1], PLCMOS) is None
    for number, (_, _, _, answer) in enumerate(pool.asked):
        answer.set_result(Score(3.0 + number))
    qtbot.waitUntil(lambda: scores.score(shown[1], PLCMOS) == Score(4.0))
    scores.show(shown, None)
    qtbot.wait(150)
    assert len(pool.asked) == 2


def test_the_reference_is_given_only_to_metrics_that_need_it(
    qtbot: QtBot, scores: LaneScores, pool: SlowPool
) -> None:
    shown = lanes(0.1, 0.2)
    scores.want([PLCMOS, SDR])
    scores.show(shown, None)
    qtbot.waitUntil(lambda: len(pool.asked) == 4)
    given = {name: reference for name, degraded, reference, _ in pool.asked if degraded is shown[1].signal}
    assert given == {"plcmos": None, "sdr": shown[0].signal}


def test_a_lane_that_sounds_otherwise_is_scored_anew_and_the_old_work_stopped(
    qtbot: QtBot, scores: LaneScores, pool: SlowPool
) -> None:
    shown = lanes(0.1, 0.2)
    scores.want([PLCMOS])
    scores.show(shown, None)
    qtbot.waitUntil(lambda: len(pool.asked) == 2)
    changed = [shown[0], replace(shown[1], signal=sound(0.3))]
    scores.show(changed, None)
    assert next(answer for _, degraded, _, answer in pool.asked if degraded is shown[1].signal).cancelled()
    qtbot.waitUntil(lambda: len(pool.asked) == 3)
    assert pool.asked[2][1] is changed[1].signal


def test_nothing_is_asked_while_a_lane_is_being_rendered(
    qtbot: QtBot, scores: LaneScores, pool: SlowPool
) -> None:
    scores.want([PLCMOS])
    scores.show([replace(lanes(0.1)[0], busy=True)], None)
    qtbot.wait(200)
    assert pool.asked == []


def test_a_lane_is_scored_by_the_losses_that_it_met(
    qtbot: QtBot, scores: LaneScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    lossless = LossTrace.of_packets(np.zeros(5, np.bool_), 320, 16000)
    shared, own = (lossless.marked(start, start + 320, lost=True) for start in (0, 640))
    given: dict[int, LossTrace | None] = {}
    pool = SlowPool()
    shown = [replace(lane, own_loss=lane.key == 2, own_trace=own) for lane in lanes(0.1, 0.2, 0.3)]
    shown.append(replace(shown[2], ident="c3", signal=sound(0.4), own_trace=None))
    keys = {id(lane.signal): number for number, lane in enumerate(shown)}

    def submit(metric: Metric, degraded: Signal, _: Signal | None, trace: LossTrace | None) -> Future[Score]:
        given[keys[id(degraded)]] = trace
        return SlowPool.submit(pool, metric, degraded)

    monkeypatch.setattr(pool, "submit", submit)
    monkeypatch.setattr(scores, "_make_pool", lambda: pool)
    scores.want([built_in()["gap_lsd"].metric])
    scores.show(shown, shared)
    qtbot.waitUntil(lambda: len(given) == 4)
    assert given == {0: shared, 1: shared, 2: own, 3: None}


def test_closing_ends_the_workers(qtbot: QtBot, scores: LaneScores, pool: SlowPool) -> None:
    scores.want([PLCMOS])
    scores.show(lanes(0.1), None)
    qtbot.waitUntil(lambda: bool(pool.asked))
    scores.close()
    assert pool.closed


def test_a_score_says_its_marks_and_a_missing_one_its_reason() -> None:
    assert brief(PLCMOS, Score(3.604)) == "3.60"
    assert brief(PLCMOS, Score(3.604, marks=("outside the model's validation",))) == "3.60 *"
    assert brief(PLCMOS, Score(None, "the file is silent")) == "-"
    assert "the file is silent" in explained(PLCMOS, Score(None, "the file is silent"))
    assert "outside the model's validation" in explained(
        PLCMOS, Score(3.6, marks=("outside the model's validation",))
    )
    assert "higher is better" in explained(PLCMOS, Score(3.6))


def test_the_dock_shows_a_row_for_each_lane_and_a_column_for_each_metric(
    qtbot: QtBot, scores: LaneScores, pool: SlowPool
) -> None:
    dock = ScoresDock([PLCMOS, SDR], ["plcmos"])
    qtbot.addWidget(dock)
    dock.metrics_chosen.connect(scores.want)
    shown = lanes(0.1, 0.2)
    scores.want(dock.chosen())
    scores.show(shown, None)
    qtbot.waitUntil(lambda: len(pool.asked) == 2)
    pool.asked[1][3].set_result(Score(2.5))
    qtbot.waitUntil(lambda: scores.score(shown[1], PLCMOS) is not None)
    dock.show_scores(shown, scores)
    assert (dock.table.rowCount(), dock.table.columnCount()) == (2, 1)
    assert dock.table.item(1, 0).text() == "2.50"
    assert dock.table.item(0, 0).text() == "…"
    dock.boxes["sdr"].setChecked(True)
    dock.show_scores(shown, scores)
    assert dock.table.columnCount() == 2
    assert dock.table.item(1, 0).text() == "2.50"


def test_a_metric_that_lacks_its_package_is_greyed_with_the_reason_and_not_asked_for(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        material, "missing_packages", lambda metric: ("speechmos",) if metric is PLCMOS else ()
    )
    dock = ScoresDock([PLCMOS, SDR], ["plcmos", "sdr"])
    qtbot.addWidget(dock)
    assert [metric.name for metric in dock.chosen()] == ["sdr"]
    box = dock.boxes["plcmos"]
    assert (box.isEnabled(), box.isChecked()) == (False, False)
    assert box.text() == "PLC-MOS v2 (needs the package speechmos)"


def test_every_metric_has_a_name_short_enough_for_a_badge() -> None:
    names = {found.metric.name: short_title(found.metric) for found in built_in().values()}
    assert {name: text for name, text in names.items() if len(text) > 20} == {}
    assert len(set(names.values())) == len(names)
    assert (names["plcmos"], names["sdr"], names["gap_click_exit"]) == ("PLC-MOS", "SDR", "Click at exit")


def test_other_packages_metrics_are_offered_and_broken_ones_named(qtbot: QtBot) -> None:
    dock = ScoresDock([PLCMOS, SDR], ["sdr"])
    qtbot.addWidget(dock)
    own = Metric("own", "Our own")
    dock.add_metrics([own], {"bad": "cannot be loaded: no such module"}, ["own"])
    assert [metric.name for metric in dock.chosen()] == ["sdr", "own"]
    last = dock.choose.menu().actions()[-1]
    assert last.text() == "bad (cannot be loaded: no such module)"
    assert not last.isEnabled()


def test_what_is_measured_at_gaps_has_a_menu_of_its_own(qtbot: QtBot) -> None:
    metrics = [found.metric for found in built_in().values()]
    dock = ScoresDock(metrics, [])
    qtbot.addWidget(dock)
    first = dock.choose.menu().actions()
    assert len(first) < len(metrics) / 2
    (inner,) = [action.menu() for action in first if action.menu()]
    assert dock.boxes["gap_click_exit"] in inner.actions()
    assert dock.boxes["gap_flagged"] in first


def test_the_badge_is_the_first_metric_short_with_its_unit(
    qtbot: QtBot, pool: SlowPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_scores, "REST_SECONDS", 0.0)
    monkeypatch.setattr(feature, "_FIRST", ["sdr"])
    monkeypatch.setattr(lane_scores, "_new_pool", lambda: pool)
    window = WorkbenchWindow(Hearing(Player(silent="a test")))
    scores = window.scores_feature.scores
    scores._make_pool = lambda: pool
    window.controller.lanes = tuple(lanes(0.1, 0.2))
    window.controller.lanes_changed.emit()
    qtbot.waitUntil(lambda: len(pool.asked) == 2)
    pool.asked[1][3].set_result(Score(12.345))
    pool.asked[0][3].set_result(Score(None, "equal to the reference (infinite)"))
    qtbot.waitUntil(lambda: window.display.badges.get("c1") == "SDR 12.3 dB")
    assert window.display.badges["reference"] == ""
    window.close()
    assert pool.closed
    window.deleteLater()
    qtbot.wait(1)


class BrokenPool(SlowPool):
    """Takes nothing, as one whose processes were killed."""

    def submit(self, *_: object, **__: object) -> Future[Score]:
        raise RuntimeError("the pool is closed")


def test_a_broken_pool_is_told_once_in_the_lane_and_the_next_score_gets_a_new_one(
    qtbot: QtBot, pool: SlowPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_scores, "REST_SECONDS", 0.0)
    broken = BrokenPool()
    made = iter([broken, pool])
    scores = LaneScores(make_pool=lambda: next(made))
    shown = lanes(0.1)
    scores.want([PLCMOS])
    scores.show(shown, None)
    qtbot.waitUntil(lambda: scores.score(shown[0], PLCMOS) is not None)
    told = scores.score(shown[0], PLCMOS)
    assert told is not None
    assert "the pool is closed" in told.reason
    assert broken.closed
    qtbot.wait(150)
    assert pool.asked == []
    scores.show(lanes(0.3), None)
    qtbot.waitUntil(lambda: len(pool.asked) == 1)


def test_an_answer_that_raises_becomes_a_reason(qtbot: QtBot, scores: LaneScores, pool: SlowPool) -> None:
    shown = lanes(0.1)
    scores.want([PLCMOS])
    scores.show(shown, None)
    qtbot.waitUntil(lambda: len(pool.asked) == 1)
    pool.asked[0][3].set_exception(BrokenPipeError("gone"))
    qtbot.waitUntil(lambda: scores.score(shown[0], PLCMOS) is not None)
    told = scores.score(shown[0], PLCMOS)
    assert told is not None
    assert "gone" in told.reason


def test_a_lane_whose_concealer_failed_is_not_awaited(qtbot: QtBot) -> None:
    scores = LaneScores(make_pool=SlowPool)
    scores.want([PLCMOS])
    waiting = Lane("b", "B", Role.CONDITION, None, 1, state="rendering", busy=True)
    broken = Lane("c", "C", Role.CONDITION, None, 2, state="raised ValueError", failed=True)
    scores.show([*lanes(0.1), waiting, broken], None)
    assert scores.score(waiting, PLCMOS) is None
    found = scores.score(broken, PLCMOS)
    assert found is not None
    assert (brief(PLCMOS, found), found.reason) == ("-", "raised ValueError")
    scores.close()
