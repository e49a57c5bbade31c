"""Concealing folders: what is made, what is left alone, and what survives a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from gaplisten import folders
from gaplisten.audio.channels import Reading
from gaplisten.audio.files import read_signal
from gaplisten.batch import conceal
from gaplisten.batch.conceal import ConcealBatch, conceal_batch, folder_journal
from gaplisten.batch.conceal_plan import ConcealError, plan_clips, plan_file, plan_folder
from gaplisten.batch.journal import JournalError
from gaplisten.batch.run import ThreadWorkers
from gaplisten.clips.layouts import find_clips
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.jobs import Job, JobCancelled
from kit.challenge import challenge_set
from kit.timing import PATIENCE

PLUGIN = """
import os
import time
calls = 0
def conceal(lossy, lost, rate, packet_frames, *, value: float = 0.25, wait: float = 0.0):
    if wait < 0:
        raise RuntimeError("asked to fail")
    global calls
    calls += 1
    while calls > 3 and os.path.exists(HOLD):
        time.sleep(0.02)
    time.sleep(wait)
    out = lossy.copy()
    for packet in lost.nonzero()[0]:
        out[packet * packet_frames : (packet + 1) * packet_frames] = value
    return out
"""


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "constant.py").write_text(f"HOLD = {str(tmp_path / 'hold')!r}\n{PLUGIN}")
    return folder


@pytest.fixture
def lossy(tmp_path: Path) -> Path:
    return challenge_set(tmp_path / "set", 6, seconds=0.6) / "lossy_signals"


def concealed(lossy: Path, out: Path, plugins: Path, job: Job | None = None, **options) -> ConcealBatch:
    entry = Catalogue.scan([plugins], others=False).get("constant")
    force = options.pop("force", False)
    items = plan_folder(lossy, out)
    with ThreadWorkers(2) as workers, folder_journal(out) as journal:
        return conceal_batch(items, entry, options, workers, journal=journal, force=force, job=job)


def test_lost_packets_are_filled_and_the_rest_is_the_files(lossy: Path, tmp_path: Path, plugins: Path):
    batch = concealed(lossy, tmp_path / "out", plugins)
    assert [outcome.item.out.name for outcome in batch.outcomes] == [f"{index}.wav" for index in range(6)]
    before, after = read_signal(lossy / "0.wav"), read_signal(tmp_path / "out" / "0.wav")
    lost = np.repeat([flag == "1" for flag in (lossy / "0_is_lost.txt").read_text().split()], 320)
    assert np.all(after.samples[lost] == 0.25)
    assert np.array_equal(after.samples[~lost], before.samples[~lost])
    record = batch.outcomes[0].record
    assert (record.packets, record.lost, record.altered_received) == (30, 3, 0.0)


def test_done_results_are_left_alone_until_something_changes(lossy: Path, tmp_path: Path, plugins: Path):
    out = tmp_path / "out"
    first = concealed(lossy, out, plugins)
    stamps = {path.name: path.stat().st_mtime_ns for path in out.glob("*.wav")}
    again = concealed(lossy, out, plugins)
    assert (again.reused, again.outcomes) == (6, first.outcomes)
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("*.wav")} == stamps

    (out / "1.wav").unlink()
    (out / "2.wav").write_bytes(b"scribbled over")
    (lossy / "3_is_lost.txt").write_text((lossy / "4_is_lost.txt").read_text().replace("1", "0"))
    assert concealed(lossy, out, plugins).reused == 3
    assert concealed(lossy, out, plugins, value=0.5).reused == 0
    assert concealed(lossy, out, plugins, value=0.5).reused == 6
    (plugins / "constant.py").write_text(PLUGIN + "\n# another version\n")
    assert concealed(lossy, out, plugins, value=0.5).reused == 0
    assert concealed(lossy, out, plugins, value=0.5, force=True).reused == 0


def test_inputs_are_hashed_and_earlier_results_looked_for_by_the_workers(
    lossy: Path, tmp_path: Path, plugins: Path, monkeypatch: pytest.MonkeyPatch
):
    threads: list[str] = []
    hashed = conceal.content_of

    def hashing(path: Path | None, reading: Reading) -> str:
        threads.append(threading.current_thread().name)
        return hashed(path, reading)

    monkeypatch.setattr(conceal, "content_of", hashing)
    for reused in (0, 6):
        assert concealed(lossy, tmp_path / "out", plugins).reused == reused
        assert len(threads) == 6
        assert all(name.startswith("batch") for name in threads)
        threads.clear()


def test_the_journal_says_what_made_each_file(lossy: Path, tmp_path: Path, plugins: Path):
    concealed(lossy, tmp_path / "out", plugins, value=0.125)
    lines = folder_journal(tmp_path / "out").path.read_text().splitlines()
    noted = next(record for record in map(json.loads, lines) if record.get("file") == "0.wav")
    assert noted["concealer"] == "constant"
    assert noted["parameters"] == {"value": 0.125, "wait": 0.0}
    assert noted["source"] == str(lossy / "0.wav")
    assert len(noted["plugin_sha256"]) == len(noted["result"]["sha256"]) == 64


def test_what_fails_is_named_and_the_others_are_done(lossy: Path, tmp_path: Path, plugins: Path):
    (lossy / "1.wav").write_bytes(b"RIFF")
    batch = concealed(lossy, tmp_path / "out", plugins)
    assert [outcome.item.source.name for outcome in batch.failed] == ["1.wav"]
    assert batch.failed[0].unreadable
    assert len(list((tmp_path / "out").glob("*.wav"))) == 5
    failed = concealed(lossy, tmp_path / "other", plugins, wait=-1.0).failed
    assert len(failed) == 6
    assert "asked to fail" in failed[0].details
    for outcome in failed:  # a plugin knows nothing of files: we say which it was
        assert outcome.error.startswith(f"{outcome.item.source}: ")
    assert not list((tmp_path / "other").glob("*.wav"))


def test_stopping_keeps_what_is_done_and_going_on_does_the_rest(lossy: Path, tmp_path: Path, plugins: Path):
    class Impatient(Job):
        def check(self, fraction: float, message: str = "") -> None:
            super().check(fraction, message)
            if fraction >= 0.3:
                self.cancel()

    with pytest.raises(JobCancelled):
        concealed(lossy, tmp_path / "out", plugins, Impatient(), wait=0.2)
    done = folder_journal(tmp_path / "out").path.read_text().count('"file"')
    assert 2 <= done < 6
    batch = concealed(lossy, tmp_path / "out", plugins, wait=0.2)
    assert batch.reused == done
    assert batch.failed == ()


@pytest.mark.usefixtures("plugins_known")
def test_killed_at_half_and_started_again_conceals_nothing_twice(tmp_path: Path, plugins: Path):
    lossy = challenge_set(tmp_path / "many", 16, seconds=0.6) / "lossy_signals"
    words = ["conceal", lossy, "--concealer", "constant", "--plugins", plugins, "--jobs", "2"]

    def start(out: Path, csv: Path) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "gaplisten", *map(str, [*words, "--out", out, "--csv", csv])],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ),
            start_new_session=True,
        )

    def noted(out: Path) -> list[bytes]:
        path = folder_journal(out).path
        lines = path.read_bytes().splitlines() if path.exists() else []
        return [line for line in lines if line.endswith(b"}") and b'"file"' in line]

    out = tmp_path / "out"
    (tmp_path / "hold").touch()  # each of the two workers waits after three files: no race with us
    process = start(out, tmp_path / "resumed.csv")
    deadline = time.monotonic() + PATIENCE
    while len(noted(out)) < 6 and time.monotonic() < deadline:
        time.sleep(0.005)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE)
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert alive == []
    before = noted(out)
    assert len(before) == 6
    (tmp_path / "hold").unlink()
    files = {record["file"] for record in map(json.loads, before)}
    stamps = {name: (out / name).stat().st_mtime_ns for name in files}

    assert start(out, tmp_path / "resumed.csv").wait(PATIENCE) == 0
    after = [json.loads(line) for line in noted(out)]
    assert len(after) == len({record["file"] for record in after}) == 16
    assert {name: (out / name).stat().st_mtime_ns for name in files} == stamps
    assert not list(out.glob("*.part"))

    assert start(tmp_path / "undisturbed", tmp_path / "undisturbed.csv").wait(PATIENCE) == 0
    for path in out.glob("*.wav"):
        assert path.read_bytes() == (tmp_path / "undisturbed" / path.name).read_bytes()
    tables = [
        [line.rsplit(",", 5)[0] for line in (tmp_path / f"{name}.csv").read_text().splitlines()]
        for name in ("resumed", "undisturbed")
    ]
    assert tables[0] == tables[1]


def test_the_output_folder_holds_the_results_and_nothing_else(lossy: Path, tmp_path: Path, plugins: Path):
    concealed(lossy, tmp_path / "out", plugins)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{n}.wav" for n in range(6)]


READER = """
from pathlib import Path
def conceal(lossy, lost, rate, packet_frames, *, model: Path = Path()):
    out = lossy.copy()
    out[lost.repeat(packet_frames)] = float(model.read_text()) + float((model.parent / "beside").read_text())
    return out
"""


def test_a_file_that_the_plugin_reads_counts_with_its_content(lossy: Path, tmp_path: Path, plugins: Path):
    (plugins / "constant.py").write_text(READER)
    model, beside, out = tmp_path / "model", tmp_path / "beside", tmp_path / "out"
    model.write_text("0.25")
    beside.write_text("0.00")
    assert concealed(lossy, out, plugins, model=model).reused == 0
    assert concealed(lossy, out, plugins, model=model).reused == 6
    model.write_text("0.50")
    assert concealed(lossy, out, plugins, model=model).reused == 0
    beside.write_text("0.125")
    assert concealed(lossy, out, plugins, model=model).reused == 0
    assert np.abs(read_signal(out / "0.wav").samples).max() == 0.625


def test_results_that_differ_from_run_to_run_are_made_anew(lossy: Path, tmp_path: Path, plugins: Path):
    (plugins / "constant.py").write_text(PLUGIN + "\ndeterministic = False\n")
    assert concealed(lossy, tmp_path / "out", plugins).reused == 0
    assert concealed(lossy, tmp_path / "out", plugins).reused == 0


def test_two_runs_do_not_write_into_one_folder_at_a_time(lossy: Path, tmp_path: Path, plugins: Path):
    out = tmp_path / "out"
    with folder_journal(out) as other, other.alone():
        with pytest.raises(JournalError, match="filled by another run") as refused:
            concealed(lossy, out, plugins)
        assert refused.value.thing == str(out)
    assert len(concealed(lossy, out, plugins).outcomes) == 6


def test_nor_do_two_whose_journals_lie_in_two_homes(
    lossy: Path, tmp_path: Path, plugins: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    with folder_journal(out) as other, other.alone():
        monkeypatch.setenv("GAPLISTEN_HOME", str(tmp_path / "another"))
        with pytest.raises(JournalError, match="filled by another run"):
            concealed(lossy, out, plugins)
    assert not out.exists()
    assert len(concealed(lossy, out, plugins).outcomes) == 6


def test_nothing_replaces_a_file_of_the_set_that_is_read(lossy: Path, tmp_path: Path):
    with pytest.raises(ConcealError, match="could be the references"):
        plan_folder(lossy, lossy.parent / "clean")
    with pytest.raises(ConcealError, match="one of the input files"):
        plan_file(lossy / "0.wav", lossy / "0_is_lost.txt")
    with pytest.raises(ConcealError, match="one of the input files"):
        plan_clips(find_clips([lossy.parent]).clips, lossy.parent / "clean")
    assert plan_folder(lossy, tmp_path / "out")


def test_clips_from_anywhere_keep_their_files_names_unless_two_are_alike(lossy: Path, tmp_path: Path):
    clips = find_clips([lossy]).clips
    assert [item.out.name for item in plan_clips(clips, tmp_path)] == [f"{n}.wav" for n in range(6)]
    named = [replace(clip, name=f"{name} {clip.name}") for name in ("a", "b") for clip in clips[:1]]
    assert [item.out.name for item in plan_clips(named, tmp_path)] == ["a 0.wav", "b 0.wav"]
    with pytest.raises(ConcealError, match="would be written for"):
        plan_clips([clips[0], replace(clips[0], lossy=tmp_path / "0.wav")], tmp_path / "out")


def test_results_beside_the_clips_are_found_again_and_not_taken_for_input(lossy: Path, plugins: Path):
    out = lossy.parent / "constant"
    assert len(concealed(lossy, out, plugins).outcomes) == 6
    assert concealed(lossy, out, plugins).reused == 6
    assert concealed(lossy, out, plugins, value=0.5).failed == ()


def test_a_file_that_somebody_else_made_is_left_alone_unless_forced(
    lossy: Path, tmp_path: Path, plugins: Path
):
    out = tmp_path / "clean"
    out.mkdir()
    (out / "3.wav").write_bytes(b"precious")
    with pytest.raises(ConcealError, match="Gaplisten has not made it"):
        concealed(lossy, out, plugins)
    assert [path.name for path in out.iterdir()] == ["3.wav"]
    assert (out / "3.wav").read_bytes() == b"precious"
    assert len(concealed(lossy, out, plugins, force=True).failed) == 0
    assert len(concealed(lossy, out, plugins, value=0.5).failed) == 0


def test_without_a_home_that_can_be_written_batches_work_and_resume(
    lossy: Path, tmp_path: Path, plugins: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    assert concealed(lossy, tmp_path / "out", plugins).reused == 0
    assert concealed(lossy, tmp_path / "out", plugins).reused == 6
    assert not (folders.user_state() / "concealed").exists()
    assert len([path for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")]) == 6


def test_a_file_where_the_results_are_to_go_is_told_before_the_work(
    lossy: Path, tmp_path: Path, plugins: Path
):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(
        ConcealError, match=r"out: is in the way of a folder; choose another place for the results"
    ):
        concealed(lossy, tmp_path / "out", plugins)
    assert (tmp_path / "out").read_text() == "mine"
