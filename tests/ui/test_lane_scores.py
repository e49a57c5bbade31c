"""Scores beside the lanes: a dock with all chosen metrics, the first of them as a badge."""

from __future__ import annotations

from concurrent.futures import Future

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gaplisten.audio.signal import Signal
from gaplisten.bench import lane_scores
from gaplisten.bench.hearing import Hearing
from gaplisten.bench.lane_scores import LaneScores
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics import material
from gaplisten.metrics.catalogue import built_in
from gaplisten.metrics.contract import Metric, Score
from gaplisten.metrics.recognisers import recognisers
from gaplisten.metrics.recognisers.contract import HeardWord
from gaplisten.playback.player import Player
from gaplisten.ui.panes import scores as scores_pane
from gaplisten.ui.panes import words as words_pane
from gaplisten.ui.panes.scores import ScoresDock, brief, explained, short_title
from gaplisten.ui.shell.window import WorkbenchWindow
from kit.lane_scores import SlowPool, lanes

PLCMOS = built_in()["plcmos"].metric
SDR = built_in()["sdr"].metric


@pytest.fixture
def pool() -> SlowPool:
    return SlowPool()


@pytest.fixture
def scores(qtbot: QtBot, pool: SlowPool, monkeypatch: pytest.MonkeyPatch) -> LaneScores:
    monkeypatch.setattr(lane_scores, "REST_SECONDS", 0.0)
    return LaneScores(make_pool=lambda: pool)


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
    scores.poll()
    pool.asked[1][-1].set_result(Score(2.5))
    scores.poll()
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
    monkeypatch.setattr(scores_pane, "_FIRST", ["sdr"])
    window = WorkbenchWindow(Hearing(Player(silent="a test")))
    scores = window.panes["scores"].scores
    scores._make_pool = lambda: pool
    window.controller.lanes = tuple(lanes(0.1, 0.2))
    window.controller.lanes_changed.emit()
    qtbot.waitUntil(lambda: len(pool.asked) == 2)
    pool.asked[1][-1].set_result(Score(12.345))
    pool.asked[0][-1].set_result(Score(None, "equal to the reference (infinite)"))
    qtbot.waitUntil(lambda: window.shell.display.badges.get("c1") == "SDR 12.3 dB")
    assert window.shell.display.badges["reference"] == ""
    window.close()
    assert pool.closed
    window.deleteLater()
    qtbot.wait(1)


class PromptEars:
    """Hears at once what its texts say, in the order in which lanes come."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

    def hear(self, recogniser: str, signal: Signal) -> Future[tuple[HeardWord, ...]]:
        answer: Future[tuple[HeardWord, ...]] = Future()
        words = self.texts.pop(0).split()
        answer.set_result(tuple(HeardWord(word, 0.02 * i, 0.02 * i + 0.02) for i, word in enumerate(words)))
        return answer

    def close(self) -> None:
        pass


def test_recognised_words_are_written_under_the_lanes_while_they_are_wanted(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_pane, "recogniser_at_hand", lambda: recognisers()["pocketsphinx"])
    window = WorkbenchWindow(Hearing(Player(silent="a test")))
    words = window.panes["words"].words
    words._make_ears = lambda: PromptEars("one two three", "one too three")
    window.controller.lanes = tuple(lanes(0.1, 0.2))
    window.controller.trace = LossTrace.of_packets(np.array([False, True, False, False, False]), 320, 16000)
    window.controller.lanes_changed.emit()
    window.controller.trace_changed.emit()
    window.shell.actions["view.words"].trigger()
    qtbot.waitUntil(lambda: {*window.shell.display._words} == {"reference", "c1"})
    shown = window.shell.display._words
    assert [(word.text, word.died) for word in shown["c1"]] == [
        ("one", False), ("too", False), ("three", False), ("two", True),
    ]  # fmt: skip
    window.shell.actions["view.words"].trigger()
    assert window.shell.display._words == {}
    window.close()
    window.deleteLater()
    qtbot.wait(1)


def test_without_a_recogniser_the_window_says_what_is_missing(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_pane, "recogniser_at_hand", lambda: None)
    monkeypatch.setattr(words_pane, "trouble_of", lambda each: f"needs the package {each.package}")
    window = WorkbenchWindow(Hearing(Player(silent="a test")))
    window.shell.actions["view.words"].trigger()
    assert not window.shell.actions["view.words"].isChecked()
    assert "needs the package pocketsphinx" in window.shell.status.currentMessage()
    window.close()
    window.deleteLater()
    qtbot.wait(1)


def test_a_transcript_is_compared_with_and_else_the_reference(qtbot: QtBot, pool: SlowPool) -> None:
    metric = Metric("wacc_x", "Word accuracy", needs_words=True)
    asked: list[tuple[object, ...]] = []
    pool.submit = lambda *inputs: asked.append(inputs) or Future()  # type: ignore[assignment,func-returns-value]
    scores = LaneScores(lambda: pool, clock=iter(range(0, 1000, 10)).__next__)
    scores.want([metric])
    known = lanes(0.1, 0.2)
    for said in ("some words", None):
        scores.show(known, None, said)
        scores.poll()
        scores.poll()
        _, sound_heard, reference, _, transcript = asked[-1]
        assert sound_heard is known[1].signal
        assert transcript == said
        assert reference is (None if said else known[0].signal)
    scores.close()
