"""Foreign metrics come by entry point, run in workers only, and cannot take the tool with them."""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.metrics.catalogue import adopt, built_in, find_metric, metric_names
from gaplisten.metrics.contract import MetricError
from gaplisten.metrics.pool import ScorePool
from metrics import foreign


@pytest.fixture(scope="module")
def foreign_package(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("site")
    foreign.install(folder)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield folder
    sys.path.remove(str(folder))
    sys.modules.pop("foreign_metrics", None)


@pytest.fixture(scope="module")
def pool(foreign_package: Path):
    pool = ScorePool(workers=1, seconds=2.0)
    yield pool
    pool.close()


def tone() -> Signal:
    return Signal.of(0.25 * np.sin(np.arange(32000) / 5), 16000)


def test_the_metrics_of_the_project_are_there_and_described():
    wanted = {"plcmos", "dnsmos", "pesq", "stoi", "lsd", "sdr"}
    assert wanted <= set(built_in())
    for implementation in built_in().values():
        metric = implementation.metric
        assert metric.title
        assert metric.source
        assert metric.range[0] < metric.range[1]


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(MetricError, match="did you mean plcmos"):
        find_metric("plc-mos")


def test_foreign_names_are_known_without_loading_their_code(foreign_package: Path):
    assert {"peak", "hangs"} <= set(metric_names())
    assert "foreign_metrics" not in sys.modules


def test_a_foreign_metric_cannot_take_the_place_of_ours(foreign_package: Path):
    assert find_metric("plcmos").metric.title == "PLC-MOS v2"
    assert metric_names().count("plcmos") == 1


def test_a_foreign_metric_is_described_and_computed_in_a_worker(pool: ScorePool):
    described = pool.describe("peak")
    assert (described.title, described.range, described.direction) == ("Peak", (0.0, 1.0), "lower")
    assert pool.submit("peak", tone()).result().value == pytest.approx(0.25, abs=1e-4)
    assert "foreign_metrics" not in sys.modules


def test_a_foreign_metric_gets_its_reference_at_its_rate(pool: ScorePool):
    found = pool.submit("distance", tone(), tone()).result()
    assert found.value == 0.0
    assert found.marks[0] == "resampled from 16000 Hz to 8000 Hz"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("raises", "failed: RuntimeError: no luck"),
        ("crashes", "its process ended (exit code 9)"),
        ("hangs", "stopped after 2 s"),
    ],
)
def test_trouble_becomes_a_reason_and_the_next_score_is_there(pool: ScorePool, name: str, reason: str):
    found = pool.submit(name, tone()).result(timeout=20)
    assert (found.value, found.reason, found.accident) == (None, reason, True)
    assert pool.submit("peak", tone()).result(timeout=20).value == pytest.approx(0.25, abs=1e-4)


def test_scores_behind_a_window_give_way_to_it(pool: ScorePool):
    assert pool.submit("niceness", tone()).result().value == os.nice(0) + 10


def test_an_entry_point_that_leads_nowhere_is_named(pool: ScorePool):
    with pytest.raises(MetricError, match="absent"):
        pool.describe("absent")


def test_cancelling_kills_the_work(pool: ScorePool):
    began = time.monotonic()
    running = pool.submit("hangs", tone())
    time.sleep(0.3)
    running.cancel()
    assert running.result(timeout=20).reason == "stopped by the user"
    assert pool.submit("peak", tone()).result(timeout=20).value is not None
    assert time.monotonic() - began < 10


def test_a_foreign_metric_must_be_a_function():
    with pytest.raises(MetricError, match="not a function"):
        adopt("m", 3)


def test_a_foreign_metric_gets_no_trace():
    def asks(degraded, reference, rate):
        return 1.0

    asks.needs_trace = True
    with pytest.raises(MetricError, match="loss trace"):
        adopt("m", asks)
