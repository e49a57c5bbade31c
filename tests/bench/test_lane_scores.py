"""Scores of the lanes: asked for once, after a rest, and anew when what they follow from changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaplisten.bench.lane_scores import REST_SECONDS, LaneScores
from gaplisten.bench.lanes import Lane, Role
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.catalogue import built_in
from gaplisten.metrics.contract import Score
from kit.lane_scores import SlowPool, lanes, sound

PLCMOS, SDR, GAP_LSD = (built_in()[name].metric for name in ("plcmos", "sdr", "gap_lsd"))


class Bench:
    """Scores with a clock of their own."""

    def __init__(self):
        self.now, self.pools = 0.0, [SlowPool(), SlowPool()]
        made = iter(self.pools)
        self.scores = LaneScores(lambda: next(made), clock=lambda: self.now)
        self.pool = self.pools[0]
        self.told = 0
        self.scores.changed.connect(self._count)

    def _count(self):
        self.told += 1

    def go(self):
        self.now += REST_SECONDS + 0.01
        self.scores.poll()


@pytest.fixture
def bench():
    return Bench()


def test_each_lane_is_scored_once_after_a_rest_and_the_score_is_kept(bench):
    shown = lanes(0.1, 0.2)
    bench.scores.want([PLCMOS])
    bench.scores.show(shown, None)
    bench.scores.poll()
    assert bench.pool.asked == []
    bench.go()
    assert bench.scores.score(shown[1], PLCMOS) is None
    for number, (*_, answer) in enumerate(bench.pool.asked):
        answer.set_result(Score(3.0 + number))
    told = bench.told
    bench.go()
    assert bench.scores.score(shown[1], PLCMOS) == Score(4.0)
    assert bench.told == told + 1
    assert not bench.scores.busy
    bench.scores.show(shown, None)
    bench.go()
    assert len(bench.pool.asked) == 2


def test_the_reference_and_the_losses_are_given_only_to_metrics_that_need_them(bench):
    shown, trace = lanes(0.1, 0.2), LossTrace.of_packets(np.arange(5) == 2, 320, 16000)
    bench.scores.want([PLCMOS, SDR, GAP_LSD])
    bench.scores.show(shown, trace)
    bench.go()
    given = {name: rest for name, degraded, *rest, _ in bench.pool.asked if degraded is shown[1].signal}
    clean = shown[0].signal
    assert given == {"plcmos": [None, None], "sdr": [clean, None], "gap_lsd": [clean, trace]}


def test_a_lane_is_scored_by_the_losses_that_it_met(bench):
    lossless = LossTrace.of_packets(np.zeros(5, np.bool_), 320, 16000)
    shared, own = (lossless.marked(start, start + 320, lost=True) for start in (0, 640))
    shown = [replace(lane, own_loss=lane.key == 2, own_trace=own) for lane in lanes(0.1, 0.2, 0.3)]
    shown.append(replace(shown[2], ident="c3", signal=sound(0.4), own_trace=None))
    bench.scores.want([GAP_LSD])
    bench.scores.show(shown, shared)
    bench.go()
    assert [trace for _, _, _, trace, _ in bench.pool.asked] == [shared, shared, own, None]


def test_a_lane_that_sounds_otherwise_is_scored_anew_and_the_old_work_stopped(bench):
    shown = lanes(0.1, 0.2)
    bench.scores.want([PLCMOS])
    bench.scores.show(shown, None)
    bench.go()
    changed = [shown[0], replace(shown[1], signal=sound(0.3))]
    bench.scores.show(changed, None)
    assert bench.pool.asked[1][-1].cancelled()
    assert not bench.pool.asked[0][-1].cancelled()
    bench.go()
    assert [degraded for _, degraded, *_ in bench.pool.asked[2:]] == [changed[1].signal]


def test_other_losses_renew_only_the_scores_that_follow_from_them(bench):
    trace = LossTrace.of_packets(np.arange(5) == 2, 320, 16000)
    bench.scores.want([PLCMOS, GAP_LSD])
    shown = lanes(0.1)
    bench.scores.show(shown, trace)
    bench.go()
    for *_, answer in bench.pool.asked:
        answer.set_result(Score(1.0))
    bench.go()
    bench.scores.show(shown, trace.marked(0, 320, lost=True))
    assert bench.scores.score(shown[0], PLCMOS) == Score(1.0)
    assert bench.scores.score(shown[0], GAP_LSD) is None


def test_nothing_is_asked_while_a_lane_is_being_rendered(bench):
    bench.scores.want([PLCMOS])
    bench.scores.show([replace(lanes(0.1)[0], busy=True)], None)
    bench.go()
    assert bench.pool.asked == []


def test_a_lane_whose_concealer_failed_is_not_awaited(bench):
    bench.scores.want([PLCMOS])
    waiting = Lane("b", "B", Role.CONDITION, None, 1, state="rendering", busy=True)
    broken = Lane("c", "C", Role.CONDITION, None, 2, state="raised ValueError", failed=True)
    bench.scores.show([waiting, broken], None)
    assert bench.scores.score(waiting, PLCMOS) is None
    assert bench.scores.score(broken, PLCMOS).reason == "raised ValueError"


def test_a_broken_pool_is_told_once_in_the_lane_and_the_next_score_gets_a_new_one(bench):
    bench.pool.broken = True
    shown = lanes(0.1)
    bench.scores.want([PLCMOS])
    bench.scores.show(shown, None)
    bench.go()
    assert "the pool is closed" in bench.scores.score(shown[0], PLCMOS).reason
    assert bench.pool.closed
    bench.go()
    assert bench.pools[1].asked == []
    bench.scores.show(lanes(0.3), None)
    bench.go()
    assert len(bench.pools[1].asked) == 1


def test_an_answer_that_raises_becomes_a_reason_and_its_pool_is_given_up(bench):
    shown = lanes(0.1)
    bench.scores.want([PLCMOS])
    bench.scores.show(shown, None)
    bench.go()
    bench.pool.asked[0][-1].set_exception(BrokenPipeError("gone"))
    bench.go()
    assert "gone" in bench.scores.score(shown[0], PLCMOS).reason
    assert bench.pool.closed


def test_closing_ends_the_workers(bench):
    bench.scores.want([PLCMOS])
    bench.scores.show(lanes(0.1), None)
    bench.go()
    bench.scores.close()
    assert bench.pool.closed
