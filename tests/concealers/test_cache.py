"""Results kept on disk: never an old one for a new question, never a damaged one."""

# ruff: noqa: E501 - plugin sources stand in one line

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.concealers.cache import Cache, key_of
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from gaplisten.loss.trace import LossTrace
from kit.plugin_folder import QUICK, entry_of, losses, noise, whole_file
from kit.timing import PATIENCE

SOUND = noise()
TRACE = losses(SOUND)
SCALE = """
from typing import Annotated
import numpy as np
def conceal(lossy, lost, rate, packet_frames, *, gain: float = 0.5):
    print("ran")
    return lossy * np.float32(gain)
"""


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "kept")


@pytest.fixture
def runner(cache: Cache) -> Iterator[Runner]:
    with Runner(workers=1, limits=QUICK, cache=cache) as made:
        yield made


def conceal(
    runner: Runner, entry: Entry, sound: Signal = SOUND, trace: LossTrace = TRACE, **parameters: object
) -> Concealed:
    return runner.submit(entry, parameters, sound, trace).result(PATIENCE)


def kept(cache: Cache) -> list[Path]:
    return sorted(cache.folder.rglob("*.concealed"))


def test_the_second_time_a_result_is_the_earlier_one(runner: Runner, tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "scale", SCALE)
    first, second = conceal(runner, entry), conceal(runner, entry)
    assert (first.cached, second.cached) == (False, True)
    assert np.array_equal(first.signal.samples, second.signal.samples)
    assert (second.seconds, second.messages) == (first.seconds, ("ran",))
    assert second.altered_received == first.altered_received == 1.0


def test_another_runner_finds_it_too(runner: Runner, cache: Cache, tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "scale", SCALE)
    conceal(runner, entry)
    with Runner(workers=1, cache=Cache(cache.folder)) as other:
        assert conceal(other, entry).cached


def test_a_changed_parameter_signal_trace_or_source_never_shows_an_old_result(
    runner: Runner, tmp_path: Path
) -> None:
    entry = entry_of(tmp_path, "scale", SCALE)
    conceal(runner, entry)
    louder = Signal(np.nextafter(SOUND.samples, np.float32(1)), SOUND.rate)
    slower = Signal(SOUND.samples, 8000)
    assert not conceal(runner, entry, gain=0.50001).cached
    assert not conceal(runner, entry, louder).cached
    assert not conceal(runner, entry, slower, replace(TRACE, rate=8000)).cached
    assert not conceal(runner, entry, trace=losses(SOUND, (3, 4, 10))).cached
    assert not conceal(runner, entry, trace=LossTrace.of_packets(TRACE.lost, 640, TRACE.rate)).cached
    changed = entry_of(tmp_path, "scale", SCALE.replace("np.float32(gain)", "np.float32(-gain)"))
    made = conceal(runner, changed)
    assert not made.cached
    assert np.array_equal(made.signal.samples[:320], SOUND.samples[:320] * np.float32(-0.5))
    assert conceal(runner, entry_of(tmp_path, "scale", SCALE)).cached


def test_what_lost_packets_hold_does_not_matter(runner: Runner, tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "scale", SCALE)
    conceal(runner, entry)
    samples = SOUND.samples.copy()
    samples[TRACE.mask(SOUND.frames)] = 0
    assert conceal(runner, entry, Signal(samples, SOUND.rate)).cached


def test_a_source_edited_behind_the_catalogue_s_back_is_not_kept_under_the_old_name(
    runner: Runner, tmp_path: Path
) -> None:
    entry = entry_of(tmp_path, "scale", SCALE)
    entry.path.write_text(SCALE.replace("np.float32(gain)", "np.float32(0)"))
    assert not conceal(runner, entry).signal.samples.any()
    assert not conceal(runner, entry).cached
    entry.path.write_text(SCALE)
    assert conceal(runner, entry).signal.samples.any()


@pytest.mark.parametrize("declared", [True, False])
def test_a_file_that_the_plugin_reads_counts(runner: Runner, tmp_path: Path, declared: bool) -> None:
    """Whether it is a parameter, or only opened (at import or in a run)."""
    model = tmp_path / "model.txt"
    model.write_text("0.5")
    if declared:
        text = """
        from pathlib import Path
        def conceal(lossy, lost, rate, packet_frames, *, model: Path = Path()): return lossy * float(model.read_text())
        """
        settings = {"model": str(model)}
    else:
        text = f"""
        from pathlib import Path
        GAIN = float(Path({str(model)!r}).read_text())
        def conceal(lossy, lost, rate, packet_frames): return lossy * float(Path({str(model)!r}).read_text())
        """
        settings = {}
    entry = entry_of(tmp_path, "model", text)
    assert not conceal(runner, entry, **settings).cached
    assert conceal(runner, entry, **settings).cached
    model.write_text("0.25")
    made = conceal(runner, entry, **settings)
    assert not made.cached
    assert np.array_equal(made.signal.samples[:320], SOUND.samples[:320] * np.float32(0.25))


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="the system has no /dev/shm")
def test_a_file_in_a_folder_of_the_memory_counts_like_any_other(runner: Runner, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        model = Path(folder, "gain.txt")
        model.write_text("0.5")
        text = f"""
        def conceal(lossy, lost, rate, packet_frames): return lossy * float(open({str(model)!r}).read())
        """
        entry = entry_of(tmp_path, "model", text)
        assert not conceal(runner, entry).cached
        model.write_text("0.25")
        assert not conceal(runner, entry).cached


def test_a_plugin_that_says_it_varies_is_run_each_time(runner: Runner, cache: Cache, tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "dice", "deterministic = False\n" + SCALE.lstrip())
    assert not conceal(runner, entry).cached
    assert not conceal(runner, entry).cached
    assert not kept(cache)


def test_a_failure_is_not_kept(runner: Runner, cache: Cache, tmp_path: Path) -> None:
    entry = whole_file(tmp_path, "bad", "raise ValueError")
    for _ in range(2):
        assert runner.submit(entry, {}, SOUND, TRACE).exception(10) is not None
    assert not kept(cache)


@pytest.mark.parametrize(
    "damage", [b"", b"nonsense", b"{}\n", None], ids=["empty", "nonsense", "no facts", "cut"]
)
def test_a_damaged_file_is_ignored(
    runner: Runner, cache: Cache, tmp_path: Path, damage: bytes | None
) -> None:
    entry = entry_of(tmp_path, "scale", SCALE)
    conceal(runner, entry)
    (path,) = kept(cache)
    path.write_bytes(path.read_bytes()[:-5] if damage is None else damage)
    assert not conceal(runner, entry).cached
    assert conceal(runner, entry).cached


def test_a_flipped_bit_is_noticed(cache: Cache) -> None:
    cache.put("ab" * 20, SOUND.samples, {})
    (path,) = kept(cache)
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)
    assert cache.get("ab" * 20) is None


def test_the_folder_stays_within_its_limit_and_the_least_used_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "small", limit_bytes=20 * SOUND.samples.nbytes)
    for number in range(60):
        cache.put(f"{number:040x}", SOUND.samples, {"number": number})
        os.utime(kept(cache)[-1], (number, number))
        if number == 30:
            cache.get(f"{0:040x}")
    cache.sweep()
    total = sum(path.stat().st_size for path in kept(cache))
    assert 0 < total <= cache.limit_bytes
    assert cache.get(f"{59:040x}") is not None
    assert cache.get(f"{20:040x}") is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file")
    cache.put("ab" * 20, SOUND.samples, {})
    assert cache.get("ab" * 20) is None


def test_keys_do_not_depend_on_the_order_of_parameters(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "scale", SCALE)
    one = key_of(entry, {"a": 1, "b": 2}, SOUND, TRACE)
    assert one == key_of(entry, {"b": 2, "a": 1}, SOUND, TRACE)
    assert one != key_of(entry, {"a": 2, "b": 1}, SOUND, TRACE)


def test_a_program_that_the_plugin_starts_counts(runner: Runner, tmp_path: Path) -> None:
    program = tmp_path / "program.sh"
    program.write_text("#!/bin/sh\necho 0.5\n")
    program.chmod(0o755)
    body = f"""
    import subprocess
    return lossy * float(subprocess.run(["/bin/sh", {str(program)!r}], capture_output=True, check=True).stdout)
    """
    entry = whole_file(tmp_path / "p", "outside", body)
    assert not conceal(runner, entry).cached
    assert conceal(runner, entry).cached
    program.write_text("#!/bin/sh\necho 0.125\n")
    assert np.array_equal(
        conceal(runner, entry).signal.samples[:320], SOUND.samples[:320] * np.float32(0.125)
    )


def sizes(cache: Cache) -> list[int]:
    return [path.stat().st_size for path in kept(cache)]


def filled(folder: Path, count: int) -> tuple[Cache, int]:
    """A cache with so many results of one size, the first the oldest; and that size."""
    cache = Cache(folder)
    for number in range(count):
        cache.put(f"{number:040x}", SOUND.samples, {})
    for number in range(count):
        (path,) = folder.rglob(f"{number:040x}*")
        os.utime(path, (number, number))
    return cache, sizes(cache)[0]


def kept_numbers(cache: Cache) -> set[int]:
    return {int(path.name[:40], 16) for path in kept(cache)}


def test_nothing_goes_while_the_folder_is_within_its_limit(tmp_path: Path) -> None:
    cache, size = filled(tmp_path, 10)
    cache.limit_bytes = 10 * size
    cache.sweep()
    assert kept_numbers(cache) == set(range(10))


def test_one_byte_too_much_makes_room_down_to_four_fifths_the_oldest_first(tmp_path: Path) -> None:
    cache, size = filled(tmp_path, 10)
    cache.limit_bytes = 10 * size - 1
    cache.sweep()
    assert kept_numbers(cache) == {3, 4, 5, 6, 7, 8, 9}  # seven are the most that four fifths hold
    assert 7 * size <= 0.8 * cache.limit_bytes < 8 * size


def test_what_was_read_counts_as_new(tmp_path: Path) -> None:
    cache, size = filled(tmp_path, 10)
    assert cache.get(f"{0:040x}") is not None
    cache.limit_bytes = 10 * size - 1
    cache.sweep()
    assert kept_numbers(cache) == {0, 4, 5, 6, 7, 8, 9}


def test_what_is_larger_than_a_quarter_of_the_limit_is_not_kept(tmp_path: Path) -> None:
    _, size = filled(tmp_path / "one", 1)
    cache = Cache(tmp_path / "two", limit_bytes=4 * size)
    cache.put("a" * 40, SOUND.samples, {})
    assert sizes(cache) == [size]
    cache = Cache(tmp_path / "three", limit_bytes=4 * size - 1)
    cache.put("a" * 40, SOUND.samples, {})
    assert sizes(cache) == []


def test_writing_much_sweeps_by_itself(tmp_path: Path) -> None:
    _, size = filled(tmp_path / "one", 1)
    cache = Cache(tmp_path / "two", limit_bytes=5 * size)
    for number in range(40):
        cache.put(f"{number:040x}", SOUND.samples, {})
        assert sum(sizes(cache)) <= cache.limit_bytes + size
