"""Batches on a Dask cluster of real worker processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gaplisten.batch.cluster import ClusterError, ClusterWorkers, probe_worker
from gaplisten.batch.conceal import conceal_batch, folder_journal
from gaplisten.batch.conceal_plan import plan_folder
from gaplisten.batch.items import versions_from_paths
from gaplisten.batch.journal import Journal
from gaplisten.batch.run import Outcome, ProcessWorkers, run_items
from gaplisten.batch.score import described, score_versions
from gaplisten.batch.summary import tidy
from gaplisten.concealers.catalogue import Catalogue
from kit.challenge import challenge_set
from kit.timing import PATIENCE

pytestmark = [pytest.mark.xdist_group("cluster"), pytest.mark.usefixtures("plugins_known")]

pytest.importorskip("distributed")

CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                      host="127.0.0.1", silence_logs=50) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("cluster")
    script = folder / "cluster.py"
    script.write_text(CLUSTER)
    process = subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env={**os.environ, "GAPLISTEN_HOME": str(folder / "home")},
    )
    with process:
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(PATIENCE)


@pytest.fixture
def workers(address: str):
    with ClusterWorkers(address) as workers:
        yield workers


def test_the_cluster_gives_the_same_table_as_this_machine(workers: ClusterWorkers, tmp_path: Path):
    versions = versions_from_paths([challenge_set(tmp_path / "set", 3)])
    workers.check(version.path for version in versions)
    tables = []
    for index, here in enumerate([workers, ProcessWorkers(1)]):
        with here, Journal(tmp_path / f"{index}.jsonl") as journal:
            batch = score_versions(versions, described(["plcmos", "lsd"], here), here, journal)
        assert batch.reused == 0
        assert batch.failures == ()
        tables.append(tidy(batch.rows))
    assert tables[0] == tables[1]
    assert workers.slots == 2


def test_concealing_on_the_cluster_writes_the_files(workers: ClusterWorkers, tmp_path: Path):
    lossy = challenge_set(tmp_path / "set", 3, seconds=0.6) / "lossy_signals"
    out = tmp_path / "out"
    entry = Catalogue.scan().get("zero_fill")
    with folder_journal(out) as journal:
        batch = conceal_batch(plan_folder(lossy, out), entry, {}, workers, journal=journal)
    assert batch.failed == ()
    for path in lossy.glob("*.wav"):
        assert (out / path.name).read_bytes() == path.read_bytes()


def test_files_that_workers_cannot_see_are_named(workers: ClusterWorkers, tmp_path: Path):
    seen = tmp_path / "seen.wav"
    seen.write_text("")
    workers.check([seen])
    with pytest.raises(ClusterError, match=r"cannot see .*gone\.wav \(nor 1 others\); use a folder"):
        workers.check([seen, tmp_path / "gone.wav", tmp_path / "gone2.wav"])


def test_trouble_on_a_worker_becomes_a_reason(workers: ClusterWorkers):
    future = workers.submit(int, "x")
    assert workers.reason(future.exception(30)).startswith("failed on the cluster: ValueError: ")


def test_an_item_that_hangs_on_a_worker_is_given_up(address: str):
    # The workers only know what they can import: the hang is the standard library's.
    done: list[Outcome[float]] = []
    with ClusterWorkers(address, 0.1) as workers:
        run_items([3.0], time.sleep, workers, done.append)
    assert [outcome.failure for outcome in done] == ["gave no answer within 0.3 s"]


def test_nobody_at_the_address_is_told(monkeypatch: pytest.MonkeyPatch):
    from gaplisten.batch import cluster

    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.3)
    with pytest.raises(ClusterError, match="no cluster answers"):
        ClusterWorkers("tcp://127.0.0.1:9")


def test_the_probe_says_what_is_missing(tmp_path: Path):
    assert probe_worker([str(tmp_path), str(tmp_path / "no")])[1] == [str(tmp_path / "no")]
