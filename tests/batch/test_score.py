"""Scoring folders: rows, strata, resuming by content, and what survives a kill."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from gaplisten.batch import items
from gaplisten.batch.items import versions_from_paths
from gaplisten.batch.journal import Journal
from gaplisten.batch.run import ProcessWorkers, ThreadWorkers
from gaplisten.batch.score import (
    ScoreBatch,
    Work,
    compute_tasks,
    described,
    score_journal,
    score_versions,
)
from gaplisten.batch.summary import tidy
from gaplisten.clips.arrangement import Layout, Part
from gaplisten.clips.clip import Clip
from gaplisten.clips.names import Role
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job, JobCancelled
from gaplisten.metrics.contract import Score
from gaplisten.tables import column
from kit import foreign
from kit.challenge import challenge_set
from kit.timing import PATIENCE


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = challenge_set(tmp_path_factory.mktemp("set"), 4)
    (root / "mine").mkdir()
    for index in range(4):
        shutil.copy(root / "clean" / f"{index}.wav", root / "mine" / f"{index}.wav")
    return root


def scored(paths, *names: str, **options) -> ScoreBatch:
    versions = versions_from_paths([Path(path) for path in paths], **options)
    with ThreadWorkers(2) as workers, score_journal() as journal:
        return score_versions(versions, described(names, workers), workers, journal)


def cells(batch: ScoreBatch, *names: str) -> list[tuple]:
    table = tidy(batch.rows)
    return list(zip(*(column(table, name) for name in names), strict=True))


def test_every_version_of_every_clip_is_scored_in_order(clips: Path):
    batch = scored([clips], "lsd")
    assert cells(batch, "clip", "condition", "stratum", "metric") == [
        (str(index), condition, ["<=120 ms", "120-320 ms"][index % 2], "lsd")
        for index in range(4)
        for condition in ("lossy", "mine")
    ]
    values = column(tidy(batch.rows), "value")
    assert all(value > 0 for value in values[0::2])
    assert values[1::2] == [0.0] * 4


def test_a_lossy_folder_that_is_a_condition_too_is_listed_and_scored_once(clips: Path):
    layout = Layout(
        (
            Part("clean/{clip}", Role.REFERENCE),
            Part("lossy_signals/{clip}", Role.LOSSY, "nothing done"),
            Part("mine/{clip}", Role.CONDITION, "mine"),
        )
    )
    versions = versions_from_paths([clips], layout=layout)
    assert len(versions) == len({version.path for version in versions}) == 4 * 3
    rows = cells(scored([clips], "lsd", layout=layout), "clip", "condition")
    assert rows == [(str(index), name) for index in range(4) for name in ("nothing done", "mine")]


def test_a_reference_gets_scores_that_need_none(clips: Path):
    rows = cells(scored([clips], "plcmos", "sdr"), "clip", "condition", "metric")
    assert ("0", "reference", "plcmos") in rows
    assert ("0", "reference", "sdr") not in rows


def test_a_folder_of_one_systems_output_is_that_condition(clips: Path):
    batch = scored([clips / "mine"], "lsd", reference_folder=clips / "clean", trace=clips / "lossy_signals")
    assert cells(batch, "clip", "condition", "stratum", "value")[:2] == [
        ("0", "mine", "<=120 ms", 0.0),
        ("1", "mine", "120-320 ms", 0.0),
    ]


def test_files_find_the_reference_that_was_named(clips: Path):
    files = [clips / "lossy_signals" / "0.wav", clips / "clean" / "0.wav"]
    batch = scored(files, "sdr", reference=clips / "clean" / "0.wav")
    assert cells(batch, "condition", "reason") == [
        ("lossy_signals", ""),
        ("clean", "equal to the reference (infinite)"),
    ]


def test_rows_say_which_bits_were_compared(clips: Path):
    row = cells(
        scored([clips / "mine"], "lsd", reference_folder=clips / "clean"), "sha256", "reference_sha256"
    )
    assert row[0][0] == row[0][1]
    assert len(row[0][0]) == 64


def test_known_scores_are_found_by_content_wherever_the_file_lies(clips: Path, tmp_path: Path):
    first = scored([clips], "lsd")
    assert first.reused == 0
    shutil.copytree(clips, tmp_path / "moved")
    again = scored([tmp_path / "moved"], "lsd")
    assert again.reused == 8
    assert cells(again, "clip", "condition", "value") == cells(first, "clip", "condition", "value")
    (tmp_path / "moved" / "mine" / "0.wav").write_bytes((clips / "mine" / "1.wav").read_bytes())
    assert scored([tmp_path / "moved"], "lsd").reused == 7


def test_equal_files_are_scored_once(clips: Path, tmp_path: Path):
    for name in ("a", "b", "c"):
        shutil.copy(clips / "clean" / "0.wav", tmp_path / f"{name}.wav")
    asked: list[Path] = []

    def compute(work: Work) -> tuple[Score, ...]:
        asked.extend(task.version.path for task in work)
        return compute_tasks(work)

    versions = versions_from_paths(sorted(tmp_path.glob("*.wav")))
    with ThreadWorkers(1) as workers, score_journal() as journal:
        metrics = described(["plcmos"], workers)
        batch = score_versions(versions, metrics, workers, journal, compute=compute)
    assert [path.stem for path in asked] == ["a"]
    assert batch.reused == 0  # nothing was known before
    assert len({row.score.value for row in batch.rows}) == 1
    assert [row.task.version.path.stem for row in batch.rows] == ["a", "b", "c"]


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(GaplistenError, match="neither a file nor a folder"):
        versions_from_paths([tmp_path / "pipe.wav"])


def test_force_computes_again(clips: Path):
    versions = versions_from_paths([clips])
    with ThreadWorkers(1) as workers, score_journal() as journal:
        metrics = described(["lsd"], workers)
        score_versions(versions, metrics, workers, journal)
        assert score_versions(versions, metrics, workers, journal, force=True).reused == 0


def test_unusable_files_are_named_and_the_others_scored(clips: Path, tmp_path: Path):
    good = clips / "clean" / "0.wav"
    broken, silent = tmp_path / "broken.wav", tmp_path / "gone.wav"
    broken.write_bytes(good.read_bytes()[:1000])
    silent.write_bytes(b"RIFF")
    batch = scored([good, broken, silent], "plcmos")
    assert batch.rows[0].score.value is not None
    assert len(batch.failures) == 2
    assert str(broken) in batch.failures[0]
    assert "plcmos" in batch.failures[0]


def test_what_is_no_file_in_a_folder_fails_alone(clips: Path, tmp_path: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "0.wav").write_bytes((clips / "clean" / "0.wav").read_bytes())
    (folder / "1.wav").symlink_to(tmp_path / "nowhere.wav")
    os.mkfifo(folder / "2.wav")
    batch = scored([folder], "plcmos")
    assert [row.score.value is not None for row in batch.rows] == [True, False, False]
    assert len(batch.failures) == 2
    assert batch.failures[0] == f"{folder / '1.wav'}: plcmos: cannot be read (No such file or directory)"
    assert "no regular file" in batch.failures[1]


def test_accidents_are_tried_again_and_reasons_are_not(clips: Path, monkeypatch: pytest.MonkeyPatch):
    from gaplisten.metrics import waveform
    from gaplisten.metrics.catalogue import built_in
    from gaplisten.metrics.contract import Implementation

    def explode(material):
        raise RuntimeError("bad day")

    with monkeypatch.context() as patch:
        patch.setitem(built_in(), "lsd", Implementation(waveform.LSD, explode))
        assert all("bad day" in text for text in scored([clips], "lsd").failures)
    assert scored([clips], "lsd").failures == ()
    equal = [clips / "mine" / "0.wav"]
    for reused in (0, 1):
        assert scored(equal, "sdr", reference=clips / "clean" / "0.wav").reused == reused


def test_by_products_of_one_file_are_worked_out_together(clips: Path):
    versions = versions_from_paths([clips])
    works: list[list[str]] = []

    def watch(work):
        works.append(
            [f"{task.version.clip.name} {task.version.condition} {task.metric.name}" for task in work]
        )
        return tuple(Score(1.0) for _ in work)

    names = ["gap_lsd", "gap_snr", "sdr", "lsd"]
    with ThreadWorkers(1) as workers, score_journal() as journal:
        metrics = described(names, workers)
        batch = score_versions(versions[:3], metrics, workers, journal, compute=watch)
    assert works == [
        [f"0 {condition} gap_lsd", f"0 {condition} gap_snr"] if name == "gap" else [f"0 {condition} {name}"]
        for condition in ("lossy", "mine")
        for name in ("gap", "sdr", "lsd")
    ]
    assert [row.task.metric.name for row in batch.rows] == names * 2


def test_stopping_keeps_what_is_done(clips: Path):
    class Impatient(Job):
        def check(self, fraction: float, message: str = "") -> None:
            super().check(fraction, message)
            if fraction > 0.3:
                self.cancel()

    versions = versions_from_paths([clips])
    with ThreadWorkers(1) as workers, score_journal() as journal:
        metrics = described(["plcmos"], workers)
        with pytest.raises(JobCancelled):
            score_versions(versions, metrics, workers, journal, job=Impatient())
    assert 0 < scored([clips], "plcmos").reused <= 12


def test_processes_give_the_same_table_as_threads(clips: Path, home: Path):
    wanted = tidy(scored([clips], "sdr", "stoi").rows)
    shutil.rmtree(home)
    versions = versions_from_paths([clips])
    with ProcessWorkers(2) as workers, score_journal() as journal:
        batch = score_versions(versions, described(["sdr", "stoi"], workers), workers, journal)
    assert batch.reused == 0
    assert tidy(batch.rows) == wanted


def command(folder: Path, out: Path, home: Path, site: Path, log: Path, most: int = 0) -> subprocess.Popen:
    environment = {**os.environ, "GAPLISTEN_HOME": str(home), "FOREIGN_LOG": str(log)}
    environment["FOREIGN_MOST"] = str(most)
    environment["PYTHONPATH"] = str(site)
    words = ["score", folder, "--metric", "slow", "--metric", "lsd", "--csv", out, "--jobs", "2"]
    return subprocess.Popen(
        [sys.executable, "-m", "gaplisten", *map(str, words)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def noted(home: Path) -> list[dict]:
    path = home / "cache" / "scores.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith(b"}")]


def test_killed_at_half_and_started_again_gives_the_undisturbed_table(tmp_path: Path):
    clips = challenge_set(tmp_path / "set", 12, seconds=0.6)
    site = tmp_path / "site"
    site.mkdir()
    foreign.install(site)
    undisturbed, resumed = tmp_path / "undisturbed.csv", tmp_path / "resumed.csv"
    logs = [tmp_path / f"log{index}" for index in range(3)]
    assert command(clips, undisturbed, tmp_path / "home1", site, logs[0]).wait(PATIENCE) == 0

    home = tmp_path / "home2"
    process = command(clips, resumed, home, site, logs[1], most=10)  # it waits at half: no race with us
    deadline = time.monotonic() + PATIENCE
    while len(noted(home)) < 14 and time.monotonic() < deadline:
        time.sleep(0.005)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE)
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert alive == []
    before = noted(home)
    assert 14 <= len(before) < 36
    assert not resumed.exists()

    assert command(clips, resumed, home, site, logs[2]).wait(PATIENCE) == 0
    after = noted(home)
    assert len(after) == len({record["key"] for record in after}) == 36
    assert after[: len(before)] == before
    done_before = {f"{record['value']:.6f}" for record in before if record["metric"] == "slow"}
    assert done_before.isdisjoint(logs[2].read_text().split())
    assert len(logs[0].read_text().split()) == 24
    with undisturbed.open(newline="") as one, resumed.open(newline="") as other:
        assert list(csv.reader(one)) == list(csv.reader(other))


def test_progress_counts_what_was_known_too(clips: Path):
    scored([clips], "lsd")
    job = Job()
    versions = versions_from_paths([clips])
    with ThreadWorkers(1) as workers, score_journal() as journal:
        score_versions(versions, described(["lsd", "sdr"], workers), workers, journal, job=job)
    assert job.fraction == 1.0


def test_stopping_is_heard_while_known_scores_are_looked_up(clips: Path):
    scored([clips], "lsd")
    job = Job()
    job.cancel()
    with ThreadWorkers(1) as workers, score_journal() as journal, pytest.raises(JobCancelled):
        score_versions(versions_from_paths([clips]), described(["lsd"], workers), workers, journal, job=job)


def test_a_condition_is_scored_at_its_own_gaps_and_anew_when_its_losses_change(tmp_path: Path):
    root = challenge_set(tmp_path, 1)
    shutil.copytree(root / "lossy_signals", root / "ours")
    own = root / "ours" / "0_is_lost.txt"

    def error() -> dict[str, float]:
        rows = scored([root], "gap_energy_error").rows
        return {
            row.task.version.condition: row.score.value
            for row in rows
            if row.task.version.condition != "reference"
        }

    same = error()
    assert same["ours"] == same["lossy"] > 0
    own.write_text("".join("1\n" if packet == 45 else "0\n" for packet in range(60)))
    assert error() == {"lossy": same["lossy"], "ours": 0.0}


def test_hashes_and_losses_are_read_by_the_workers_and_each_file_is_hashed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = challenge_set(tmp_path / "set", 3)
    hashed: list[tuple[str, Path]] = []
    looked: list[str] = []
    whole, losses = items.sha256_of, items.stratum_text

    def hashing(path: Path) -> str:
        hashed.append((threading.current_thread().name, path))
        return whole(path)

    def looking(clip: Clip) -> str:
        looked.append(threading.current_thread().name)
        return losses(clip)

    monkeypatch.setattr(items, "sha256_of", hashing)
    monkeypatch.setattr(items, "stratum_text", looking)
    versions = versions_from_paths([clips])
    assert (hashed, looked) == ([], [])  # planning opens nothing
    with ThreadWorkers(2) as workers, Journal(tmp_path / "scores.jsonl") as journal:
        batch = score_versions(versions, described(["lsd", "sdr", "gap_flagged"], workers), workers, journal)
    assert all(row.score.value is not None for row in batch.rows if row.task.version.condition == "lossy")
    assert all(name.startswith("batch") for name in [*looked, *(name for name, _ in hashed)])
    assert len(looked) == 3
    files = [path for _, path in hashed]
    assert len(files) == len(set(files)) == 9  # three references, lossy files and traces


def test_a_version_whose_losses_cannot_be_read_is_told_why(clips: Path, tmp_path: Path) -> None:
    for name in ("clean", "mine", "other"):
        (tmp_path / name).mkdir()
        shutil.copy(clips / "clean" / "0.wav", tmp_path / name / "0.wav")
    (tmp_path / "mine" / "0.txt").write_text("0\n1\n" * 17)
    (tmp_path / "other" / "0.txt").write_text("0\n0\n" * 17)
    table = tidy(scored([tmp_path], "gap_snr").rows)
    assert set(column(table, "condition")) == {"mine", "other"}
    for name, reason in zip(column(table, "condition"), column(table, "reason"), strict=True):
        assert f"losses of {name}: " in reason
        assert "has 34 packets" in reason
