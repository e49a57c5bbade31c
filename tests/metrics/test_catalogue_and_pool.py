"""Foreign metrics come by entry point, run in workers only, and cannot take the tool with them."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

import gaplisten
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.metrics.catalogue import adopt, built_in, find_metric, metric_names, score
from gaplisten.metrics.contract import MetricError
from gaplisten.metrics.pool import ScorePool
from kit import foreign
from kit.tables import rows_of
from kit.timing import PATIENCE

pytestmark = pytest.mark.xdist_group("metrics")


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
    pool = ScorePool(workers=1, seconds=PATIENCE)
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


def test_our_metrics_stand_in_the_order_of_their_modules_places():
    names = list(built_in())
    assert names[0] == "plcmos"
    assert names[-2:] == ["plcmos_service", "wacc_service"]
    firsts = [names.index(name) for name in ("plcmos", "dnsmos", "pesq", "lsd", "gap_flagged")]
    assert firsts == sorted(firsts)


def test_what_a_service_computes_is_described_here_and_never_sent_from_here():
    assert built_in()["plcmos_service"].metric.service
    found = score("plcmos_service", tone(), tone())
    assert found.value is None
    assert "computed by a service" in found.reason


def test_words_that_do_not_come_in_time_are_told_in_a_sentence():
    pool = ScorePool(workers=1, seconds=0.001)
    try:
        with pytest.raises(MetricError, match=r"words: cannot be recognised: stopped after 0.01 s"):
            pool.hear("pocketsphinx", tone()).result()
    finally:
        pool.close()


CREST = """
import numpy as np

from gaplisten.metrics.contract import Implementation, Metric

METRIC = Metric("crest", "Crest factor", unit="dB", direction="lower", source="this test", range=(0, np.inf))


def compute(material):
    samples = material.degraded
    return 20 * np.log10(np.abs(samples).max() / np.sqrt(np.mean(samples**2)))


IMPLEMENTATIONS = (Implementation(METRIC, compute),)
"""


def score_with(path: Path, *words: object) -> str:
    """Run the command in a process of its own that finds modules in `path`; return what it prints."""
    environment = os.environ | {"PYTHONPATH": str(path)}
    command = [sys.executable, "-m", "gaplisten", "score", *map(str, words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_metric_is_one_more_file_in_the_folder(tmp_path: Path):
    package = tmp_path / "gaplisten"
    own = Path(gaplisten.__file__).parent
    shutil.copytree(own, package, ignore=shutil.ignore_patterns("ui", "__pycache__"))
    (package / "metrics" / "crest.py").write_text(CREST)
    write_signal(tmp_path / "tone.wav", tone())

    (listed,) = [line for line in score_with(tmp_path, "--list").splitlines() if line.startswith("crest ")]
    assert "Crest factor" in listed
    score_with(tmp_path, tmp_path / "tone.wav", "--metric", "crest", "--csv", tmp_path / "scores.csv")
    (row,) = rows_of(tmp_path / "scores.csv")
    assert (row["metric"], row["unit"], row["source"]) == ("crest", "dB", "this test")
    assert float(row["value"]) == pytest.approx(3.01, abs=0.02)


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
        ("spins", "stopped after 0.1 s of processor time"),
    ],
)
def test_trouble_becomes_a_reason_and_the_next_score_is_there(pool: ScorePool, name: str, reason: str):
    if name == "hangs":
        pool._by_clock = 2.0  # for it alone: a busy machine takes longer to start a worker
    if name == "spins":
        pool._seconds = 0.1
    found = pool.submit(name, tone()).result(timeout=2 * PATIENCE)
    pool._seconds, pool._by_clock = PATIENCE, 10 * PATIENCE
    assert (found.value, found.reason, found.accident) == (None, reason, True)
    assert pool.submit("peak", tone()).result(timeout=PATIENCE).value == pytest.approx(0.25, abs=1e-4)


def test_scores_behind_a_window_give_way_to_it(pool: ScorePool):
    assert pool.submit("niceness", tone()).result().value >= min(os.nice(0) + 10, 19)


def test_an_entry_point_that_leads_nowhere_is_named(pool: ScorePool):
    with pytest.raises(MetricError, match="absent"):
        pool.describe("absent")


def test_cancelling_kills_the_work(pool: ScorePool):
    running = pool.submit("hangs", tone())
    time.sleep(0.3)
    running.cancel()
    assert running.result(timeout=PATIENCE).reason == "stopped by the user"
    assert pool.submit("peak", tone()).result(timeout=PATIENCE).value is not None


def test_a_foreign_metric_must_be_a_function():
    with pytest.raises(MetricError, match="not a function"):
        adopt("m", 3)


def test_a_foreign_metric_gets_no_trace():
    def asks(degraded, reference, rate):
        return 1.0

    asks.needs_trace = True
    with pytest.raises(MetricError, match="loss trace"):
        adopt("m", asks)


def test_the_worked_example_in_the_docs_is_a_metric(tmp_path: Path):
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    section = text.partition("## Metrics of your own")[2]
    code = section.partition("```python\n")[2].partition("```")[0]
    declared = section.partition("```toml\n")[2].partition("```")[0]
    (group, names), *_ = tomllib.loads(declared)["project"]["entry-points"].items()
    (name, target), *_ = names.items()
    module, _, function = target.partition(":")
    (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
    info = tmp_path / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")
    write_signal(tmp_path / "a.wav", tone())
    write_signal(tmp_path / "b.wav", Signal(tone().samples * 0.5, 16000))
    words = (tmp_path / "b.wav", "--reference", tmp_path / "a.wav", "--metric", name)
    score_with(tmp_path, *words, "--csv", tmp_path / "s.csv")
    (row,) = rows_of(tmp_path / "s.csv")
    assert (row["metric"], row["unit"], row["source"]) == (function, "FS", "our lab, 2026")
    assert float(row["value"]) == pytest.approx(0.125, abs=0.001)
