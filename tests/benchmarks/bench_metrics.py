"""Scores: published values, PLC-MOS against its release, whole data sets from the command line."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from batch_clips import make_clips
from figures import Figure

from gaplisten.audio.files import read_signal
from gaplisten.batch.items import versions_from_paths
from gaplisten.batch.journal import Journal
from gaplisten.batch.run import ProcessWorkers
from gaplisten.batch.score import described, score_versions
from gaplisten.metrics.catalogue import score
from kit import real_clips

PUBLISHED = {"clean": 4.497762, "plc_good": 4.123963, "plc_poor": 2.740757}
EXAMPLES = real_clips.FOLDER / "plc_challenge_examples"


def measure(quick: bool = False) -> list[Figure]:
    """Return the figures; `quick` uses fewer clips."""
    with tempfile.TemporaryDirectory(prefix="gaplisten-bench-") as folder:
        root = Path(folder)
        os.environ["GAPLISTEN_HOME"] = str(root / "home")
        return [
            *published(),
            *against_release(root, 24 if quick else 60),
            *data_set(root, 60 if quick else 966),
        ]


def published() -> list[Figure]:
    """Compare with the release's own numbers."""
    if not EXAMPLES.is_dir():
        return []
    errors = [
        abs((score("plcmos", read_signal(EXAMPLES / f"{name}.wav")).value or 0.0) - wanted)
        for name, wanted in PUBLISHED.items()
    ]
    return [Figure("PLC-MOS: largest difference from the published scores", max(errors), "MOS", 0.001)]


def against_release(root: Path, count: int) -> list[Figure]:
    """Score the same files with the release, one by one, and with our batch."""
    from speechmos import plcmos

    folder = make_clips(root / "few", count)
    files = sorted(folder.glob("*.wav"))
    sounds = [read_signal(path).samples[:, 0] for path in files]
    plcmos.run(sounds[0], 16000)
    theirs, started = [], time.perf_counter()
    for sound in sounds[: max(count // 3, 8)]:
        np.random.seed(23)
        theirs.append(plcmos.run(sound, 16000)["plcmos"])
    per_file = (time.perf_counter() - started) / len(theirs)
    versions = versions_from_paths(files)
    with ProcessWorkers(2) as workers, Journal(root / "few.jsonl") as journal:
        metrics = described(["plcmos"], workers)
        score_versions(versions[:6], metrics, workers, journal, force=True)
        started = time.perf_counter()
        rows = score_versions(versions, metrics, workers, journal, force=True).rows
        ours = (time.perf_counter() - started) / len(rows)
    difference = max(
        abs((row.score.value or 0.0) - wanted) for row, wanted in zip(rows, theirs, strict=False)
    )
    note = f"{1000 * per_file:.0f} ms against {1000 * ours:.1f} ms a file of 10 s, 2 processes"
    return [
        Figure(
            "PLC-MOS: files per second, against speechmos.plcmos.run", per_file / ours, "times", 8, ">=", note
        ),
        Figure("PLC-MOS: largest difference from speechmos.plcmos.run", difference, "MOS", 0.001),
    ]


def data_set(root: Path, count: int) -> list[Figure]:
    """Conceal and score a whole set from the command line."""
    lossy = make_clips(root / "set", count)
    out = root / "set" / "g711"
    seconds, peak = 0.0, 0.0
    for words in (
        ["conceal", lossy, "--concealer", "g711_appendix1", "--out", out, "--csv", root / "concealed.csv"],
        ["score", out, "--metric", "plcmos", "--trace", lossy, "--csv", root / "scores.csv"],
    ):
        spent, most = run(words)
        seconds, peak = seconds + spent, max(peak, most)
    return [
        Figure(
            f"conceal + score plcmos, {count} clips of 10 s", count / seconds, "clips/s", 20, ">=", "2 cores"
        ),
        Figure(
            "memory of all processes at its highest", peak / 2**30, "GiB", 1.0, note="sum of resident sizes"
        ),
    ]


def run(words: list[object]) -> tuple[float, float]:
    """Run a command; return its seconds and the highest memory in bytes of it and its children."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gaplisten", *map(str, words)], stdout=subprocess.DEVNULL
    )
    peak, ended = [0], threading.Event()
    watcher = threading.Thread(target=watch, args=(psutil.Process(process.pid), peak, ended))
    watcher.start()
    status = process.wait()
    ended.set()
    watcher.join()
    if status:
        raise RuntimeError(f"gaplisten {words[0]} ended with status {status}")
    return time.perf_counter() - started, float(peak[0])


def watch(process: psutil.Process, peak: list[int], ended: threading.Event) -> None:
    """Note the highest sum of resident memory of a process and its children."""
    while not ended.wait(0.25):
        total = 0
        try:
            family = [process, *process.children(recursive=True)]
        except psutil.Error:
            return
        for member in family:
            try:
                total += member.memory_info().rss
            except psutil.Error:
                continue
        peak[0] = max(peak[0], total)
