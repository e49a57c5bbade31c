"""What a soak calls growth; the soak itself is `run.py soak`, and a few minutes of it a long test."""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest

from kit.pulse import missing as no_sound
from kit.xserver import missing as no_display
from soak import soak, starts


def rounds(
    memory: Callable[[int], float], descriptors: Callable[[int], int] = lambda _: 30
) -> list[soak.Sample]:
    return [
        soak.Sample(float(at), memory(at), memory(at) / 2, descriptors(at), 9, 8, 4, 3) for at in range(1, 61)
    ]


def test_what_grows_after_the_first_sixth_is_named_and_what_settles_is_not() -> None:
    settles = rounds(lambda at: 300.0 + 200.0 * (at < 9) + at % 3)
    assert soak.report(settles, {}, 60) == []
    grows = rounds(lambda at: 300.0 + 0.2 * at, lambda at: 30 + at // 20)
    assert [each.split()[0] for each in soak.report(grows, {}, 60)] == [
        "memory_mb",
        "window_mb",
        "descriptors",
    ]


def test_false_messages_late_ones_and_a_scenario_that_broke_are_named() -> None:
    told = {"false messages": ["takes no more sound"], "told after": [0.4, 2.5], "failed": "waited in vain"}
    bad = soak.report(rounds(lambda _: 300.0), told, 60)
    assert bad == [
        "waited in vain",
        "devices were called lost that were not",
        "a device that was pulled out was told after 2.5 s",
    ]
    assert soak.report([], told, 60) == ["waited in vain"]


def test_a_process_is_measured_with_its_descriptors_threads_and_children() -> None:
    if not Path("/proc/self/smaps").exists():
        pytest.skip("the system has no /proc")
    before = soak.measured(os.getpid(), 1.0)
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(5)]
    after = soak.measured(os.getpid(), 2.0)
    for each in held:
        os.close(each)
    assert after.descriptors == before.descriptors + 5
    assert after.memory_mb > 10


def test_what_was_never_done_is_named_for_a_soak_of_less_proves_less() -> None:
    told = {"done": {"clips": 12, "scores": 0}}
    assert soak.report(rounds(lambda _: 300.0), told, 60) == ["never done: scores"]


def test_shared_memory_counts_while_it_is_mapped_and_while_nobody_removed_it() -> None:
    if not Path("/dev/shm").is_dir():
        pytest.skip("the system has no /dev/shm")
    seen: set[str] = set()

    def blocks() -> int:
        return soak.measured(os.getpid(), 1.0, seen).blocks

    before = blocks()
    removed, forgotten = (SharedMemory(create=True, size=4096) for _ in range(2))
    removed.unlink()
    other = SharedMemory(create=True, size=4096)
    other.unlink()
    assert blocks() == before + 3  # two of the same kind are two, though both names are gone
    for each in (removed, other, forgotten):
        each.close()
    assert blocks() == before + 1
    forgotten.unlink()
    assert blocks() == before


@pytest.mark.long
@pytest.mark.display
@pytest.mark.sound
@pytest.mark.parametrize("leak", ["", *soak.LEAKS])
def test_what_a_window_loses_on_purpose_is_seen_and_without_nothing_is(leak: str, tmp_path: Path) -> None:
    lacking = no_display() or no_sound()
    if lacking:
        pytest.skip(f"not installed: {lacking}")
    samples, told = soak.soak(0, tmp_path, leak=leak, clips=soak.few_clips(tmp_path / "opened"))
    assert not told["failed"]
    values = ("memory_mb", "descriptors", "blocks", "threads", "children")
    lost = dict(zip(("memory", "descriptor", "block", "thread", "child"), values, strict=True))
    # Two rounds after the first lose 100 MB, or ten of the others.
    grown = {name for name in values if soak.growth(samples, name)[0] > (75 if name == "memory_mb" else 7.5)}
    assert lost.get(leak) in grown if leak else not grown, samples


@pytest.mark.long
@pytest.mark.display
@pytest.mark.sound
def test_a_few_minutes_of_everything_leave_nothing_behind(tmp_path: Path) -> None:
    lacking = no_display() or no_sound()
    if lacking:
        pytest.skip(f"not installed: {lacking}")
    samples, told = soak.soak(5, tmp_path)
    assert not told["failed"]
    assert told["false messages"] == []
    assert max(told["told after"], default=0.0) <= soak.TOLD_WITHIN  # type: ignore[call-overload]
    assert len({each.blocks for each in samples[1:]}) <= 1
    assert all(told["done"].values()), told["done"]  # type: ignore[attr-defined]


@pytest.mark.display
@pytest.mark.sound
def test_a_start_with_sound_tells_of_nothing_and_one_without_tells_that(tmp_path: Path) -> None:
    lacking = no_display() or no_sound()
    if lacking:
        pytest.skip(f"not installed: {lacking}")
    assert starts.one_start(0, tmp_path) == []
    nowhere = {"PULSE_SERVER": f"unix:{tmp_path}/none", "GAPLISTEN_SOUND": ""}
    assert starts.one_start(1, tmp_path, nowhere) != []


@pytest.mark.long
@pytest.mark.display
@pytest.mark.sound
def test_no_start_on_a_busy_machine_tells_of_a_lost_device() -> None:
    lacking = no_display() or no_sound()
    if lacking:
        pytest.skip(f"not installed: {lacking}")
    assert starts.starts(count=12, at_once=2, burden=4) == {}
