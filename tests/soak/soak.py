"""Keeps the window busy for as long as is asked, and measures what grows.

    python3 run.py soak [--minutes N]

At the end of each round, when the window rests: memory (proportional, of all processes), descriptors,
threads, shared memory, child processes. Printed are their slopes and largest values from a sixth of the time
on (from minute 10 of 60), how often each activity was done, underflows, false messages, and how soon a device
that was pulled out was told. An activity that was never done is a failure, like one that leaves something.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import IO

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kit.panels import make_panel
from kit.pulse import SoundServer
from kit.pulse import missing as no_sound
from kit.xserver import missing as no_display
from kit.xserver import x_server

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "resources" / "demo"
MOST_GROWTH = 0.02
TOLD_WITHIN = 2.0
LEAST_ROUNDS = 3  # fewer tell of no growth
LEAKS = ("memory", "descriptor", "block", "thread", "child")


@dataclass(frozen=True)
class Sample:
    """What the window and its processes hold at the end of a round.

    Parameters
    ----------
    minutes
        Since the start.
    memory_mb
        Of all processes; what several share is divided among them.
    window_mb
        Of the window's own process.
    descriptors, threads
        Of the window's process and its audio process.
    fullest
        Descriptors of that other process below the window which has the most.
    blocks
        Of shared memory: those that any of the processes maps, and those that one mapped at an earlier round
        and nobody removed.
    children
        Processes below the window.
    """

    minutes: float
    memory_mb: float
    window_mb: float
    descriptors: int
    threads: int
    fullest: int
    blocks: int
    children: int


def _blocks(pid: int) -> set[str]:
    """Return the blocks of shared memory that a process maps; the removed bear a mark behind the name."""
    lines = Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines()
    return {line.split(maxsplit=5)[5] for line in lines if "/dev/shm/" in line}


def measured(pid: int, minutes: float, seen: set[str] | None = None) -> Sample:
    """Measure a window and all processes below it.

    Parameters
    ----------
    seen
        The blocks of shared memory that were mapped at earlier rounds; those of this one are added.
    """
    window = psutil.Process(pid)
    below = window.children(recursive=True)
    memory, audio, fullest = window.memory_full_info().pss, [], 0
    own, mapped = memory, _blocks(pid)
    for each in below:
        with suppress(psutil.Error, OSError):
            memory += each.memory_full_info().pss
            mapped |= _blocks(each.pid)
            if "gaplisten.playback.process" in " ".join(each.cmdline()):
                audio.append(each)
            else:
                fullest = max(fullest, each.num_fds())
    kept = [window, *audio]
    left = {name for name in seen or () if Path(name).exists()}
    if seen is not None:
        seen |= mapped
    return Sample(
        minutes,
        memory / 2**20,
        own / 2**20,
        sum(each.num_fds() for each in kept),
        sum(each.num_threads() for each in kept),
        fullest,
        len(mapped | left),
        len(below),
    )


def growth(samples: Sequence[Sample], name: str) -> tuple[float, float]:
    """Return how much a value grows over the samples by a straight line, and its largest value."""
    values = np.array([getattr(each, name) for each in samples], float)
    minutes = np.array([each.minutes for each in samples])
    if len(samples) < 3 or np.ptp(minutes) == 0:
        return float(values[-1] - values[0]), float(values.max())
    slope = np.polyfit(minutes, values, 1)[0]
    return float(slope * np.ptp(minutes)), float(values.max())


def report(samples: Sequence[Sample], told: dict[str, object], minutes: float) -> list[str]:
    """Print all figures; return what is worse than it may be."""
    later = [each for each in samples if each.minutes >= minutes / 6] or list(samples)
    if not later:
        return [str(told.get("failed"))]
    first, bad = later[0], []
    print(f"{len(samples)} rounds, figures of the last {len(later)}")
    for field in fields(Sample)[1:]:
        grown, largest = growth(later, field.name)
        began = getattr(first, field.name)
        print(f"{field.name:12} first {began:8.1f}  grows {grown:+7.2f}  largest {largest:8.1f}")
        allowed = MOST_GROWTH * began if field.name.endswith("_mb") else 0.5
        if grown > allowed:
            bad.append(f"{field.name} grows by {grown:.2f}")
    done: dict[str, int] = told.get("done", {})  # type: ignore[assignment]
    for name, times in done.items():
        print(f"{name:12} {times} times")
    for name in ("underflows", "silent lanes", "false messages", "told after"):
        print(f"{name:12} {told.get(name)}")
    if told.get("failed"):
        bad.append(str(told["failed"]))
    bad += [f"never done: {name}" for name, times in done.items() if not times]
    if told.get("false messages"):
        bad.append("devices were called lost that were not")
    slow = [each for each in told.get("told after", []) if each > TOLD_WITHIN]  # type: ignore[attr-defined]
    if slow:
        bad.append(f"a device that was pulled out was told after {max(slow)} s")
    return bad


def watch(window: subprocess.Popen[str], server: SoundServer, out: Path, minutes: float) -> list[Sample]:
    """Do what the window asks for, and measure it after each round, until the time is over."""
    assert window.stdout is not None
    began, samples, seen = time.monotonic(), [], set[str]()
    answers: dict[str, Callable[[], None]] = {"lose": server.kill, "find": server.revive}
    for line in window.stdout:
        word = line.strip()
        if word in answers:
            at = time.monotonic()
            answers[word]()
            _answer(out, {"lose": "lost", "find": "found"}[word], str(at))
        elif word.startswith("round"):
            passed = (time.monotonic() - began) / 60
            samples.append(measured(window.pid, passed, seen))
            server.drop_captured()
            print(f"{word:9} " + " ".join(f"{value:8.1f}" for value in astuple(samples[-1])), flush=True)
            if passed >= minutes and len(samples) >= LEAST_ROUNDS:
                _answer(out, "end", "")
            _answer(out, "measured", "")
    window.wait()
    return samples


def few_clips(folder: Path) -> Path:
    """Copy a few of the demo's clips into that folder; return it."""
    return shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("demo[3-6]*", "*.py", "*.md"))


def _answer(out: Path, name: str, text: str) -> None:
    part = out / f"{name}.part"
    part.write_text(text)
    part.rename(out / name)


def soak(
    minutes: float, out: Path, errors: IO[str] | None = None, leak: str = "", clips: Path = DEMO
) -> tuple[list[Sample], dict[str, object]]:
    """Run the window for that long in a home of its own; return the samples and what it told.

    Parameters
    ----------
    minutes
        At least; and at least `LEAST_ROUNDS` rounds.
    leak
        What the window loses each round on purpose, to see whether that would be noticed: "memory",
        "descriptor", "block" (of shared memory), "thread" or "child".
    clips
        The folder whose clips are opened, one after another.
    """
    panel = make_panel(out, clips=2, frames=4000).folder
    fewer = few_clips(out / "fewer")
    server = SoundServer()
    script = Path(__file__).with_name("window.py")
    try:
        with x_server() as display:
            window = subprocess.Popen(
                [sys.executable, "-P", str(script), str(clips), str(fewer), str(panel), str(out), leak],
                env={
                    **os.environ,
                    **display,
                    **server.environment,
                    "GAPLISTEN_HOME": str(out / "home"),
                    "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
                },
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            try:
                samples = watch(window, server, out, minutes)
            finally:
                window.kill()
                window.communicate()
    finally:
        server.close()
    return samples, json.loads((out / "told.json").read_text())


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, report; return 1 if anything grew, or was told falsely or late."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--minutes", type=float, default=60.0)
    words.add_argument("--leak", default="", choices=LEAKS, help="lose this on purpose: is it noticed?")
    given = words.parse_args(arguments)
    lacking = no_display() or no_sound()
    if lacking:
        print(f"not installed: {lacking}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        samples, told = soak(given.minutes, Path(name), leak=given.leak)
    bad = report(samples, told, given.minutes)
    print("\n".join(bad) if bad else "nothing grew")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
