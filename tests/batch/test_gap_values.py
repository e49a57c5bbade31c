"""Gaps of whole builds: measured clip by clip, with the figures that each version has alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Samples, Signal
from gaplisten.audio.writing import write_signal
from gaplisten.batch import gap_values
from gaplisten.batch.gap_values import ClipGaps, measure_builds, tables_of
from gaplisten.batch.items import Version, file_of
from gaplisten.batch.journal import Journal
from gaplisten.clips.clip import Clip, ConditionFile
from gaplisten.clips.opening import open_clip
from gaplisten.loss.measures import measure_versions
from kit.challenge import coloured

PACKET = 320
BUILDS = ("base", "click", "slow", "late", "twin")


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> list[Version]:
    """One clip in five builds, one of them at half the rate, one late, one equal to the first."""
    folder = tmp_path_factory.mktemp("set")
    clean, flags = coloured(60 * PACKET, 3), np.zeros(60, int)
    made = clean.copy()
    for start, stop in ((10, 11), (20, 24), (40, 42)):
        flags[start:stop] = 1
        made[start * PACKET : stop * PACKET] *= 0.9
    click = made.copy()
    click[24 * PACKET] += 0.5
    late = np.concatenate((np.zeros(40, made.dtype), made[:-40]))
    sounds = {"clean": (clean, 16_000), "base": (made, 16_000), "click": (click, 16_000)}
    sounds |= {"slow": (made[::2].copy(), 8_000), "late": (late, 16_000), "twin": (made, 16_000)}
    for name, (sound, rate) in sounds.items():
        write_signal(folder / f"{name}.wav", Signal.of(sound, rate))
    (folder / "is_lost.txt").write_text("".join(f"{flag}\n" for flag in flags))
    clip = Clip("c", folder / "clean.wav", None, folder / "is_lost.txt", folder=folder)
    return [Version(clip, name, folder / f"{name}.wav") for name in BUILDS]


def alone(versions: list[Version], folder: Path) -> list[ClipGaps]:
    return [
        measure_builds([version], Journal(folder / f"{at}.jsonl"), jobs=1)[0]
        for at, version in enumerate(versions)
    ]


def test_versions_measured_together_have_the_figures_that_they_have_alone(
    versions: list[Version], tmp_path: Path
) -> None:
    together = measure_builds(versions, Journal(tmp_path / "all.jsonl"), jobs=1)
    assert together == alone(versions, tmp_path)
    assert all(each.values and not each.problem for each in together)
    assert measure_builds(versions, Journal(tmp_path / "all.jsonl"), jobs=1) == together  # as kept


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda sound: sound[:-300], {}),
        (lambda sound: sound[:-400], {"length": "the file is 25 ms shorter than the reference"}),
        (lambda sound: np.tile(sound, 2), {"length": "the file is 1200 ms longer than the reference"}),
        (
            lambda sound: np.stack([sound, sound], axis=1),
            {"channels": "the file has 2 channels, the reference 1"},
        ),
    ],
)
def test_another_length_and_other_channels_are_told_of_the_clip_as_a_whole(
    versions: list[Version], tmp_path: Path, made: Callable[[Samples], Samples], told: dict[str, str]
) -> None:
    sound = read_signal(versions[0].path)
    write_signal(tmp_path / "other.wav", Signal.of(made(sound.samples[:, 0]), sound.rate))
    other = replace(versions[0], path=tmp_path / "other.wav")
    both = measure_builds([versions[0], other], Journal(tmp_path / "all.jsonl"), jobs=1)
    assert [{key: each.told[key] for key in ("length", "channels") if key in each.told} for each in both] == [
        {},
        told,
    ]


def test_a_version_that_cannot_be_read_leaves_the_others_their_figures(
    versions: list[Version], tmp_path: Path
) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    broken = replace(versions[1], path=tmp_path / "broken.wav")
    gone = replace(versions[1], path=tmp_path / "gone.wav")
    some = [versions[0], broken, gone, versions[2]]
    found = measure_builds(some, Journal(tmp_path / "all.jsonl"), jobs=1)
    assert found == alone(some, tmp_path)
    assert [bool(each.problem) for each in found] == [False, True, True, False]


def test_what_ends_the_work_on_a_clip_takes_only_the_version_that_did_it(
    versions: list[Version], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(some: object) -> None:
        raise MemoryError(some)

    monkeypatch.setattr(gap_values, "_of_versions", ended)
    found = measure_builds(versions, Journal(tmp_path / "all.jsonl"), jobs=1)
    assert found == alone(versions, tmp_path)


def test_long_versions_of_a_clip_are_measured_in_several_goes(
    versions: list[Version], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = list[int]()
    real = gap_values._of_versions
    monkeypatch.setattr(gap_values, "_of_versions", lambda some: (sizes.append(len(some)), real(some))[1])
    monkeypatch.setattr(gap_values, "_MOST_BYTES", 2 * versions[0].path.stat().st_size)
    found = measure_builds(versions, Journal(tmp_path / "all.jsonl"), jobs=1)
    assert found == alone(versions, tmp_path)
    assert sizes == [2, 2]  # and the last one alone


def test_of_an_open_clip_only_what_is_not_known_is_measured(
    versions: list[Version], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tuple(ConditionFile(each.condition, file_of(each).path) for each in versions)
    opened = open_clip(replace(versions[0].clip, conditions=files))
    (table,) = measure_versions(opened.reference, opened.conditions, opened.traces)
    known = dict(zip(BUILDS, alone(versions, tmp_path), strict=True))
    (half,) = tables_of(opened, {"base": known["base"]})
    assert all(np.array_equal(half.values[name], table.values[name], equal_nan=True) for name in BUILDS)

    def never(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(gap_values, "measure_gaps", never)
    (kept,) = tables_of(opened, known)
    assert kept.versions == table.versions
    for name in BUILDS:
        assert np.array_equal(kept.values[name], table.values[name], equal_nan=True)
        assert [kept.flags(name, gap) for gap in range(3)] == [table.flags(name, gap) for gap in range(3)]
    assert np.nanmax(kept.column("base", "identical")) == 100.0  # twins are told of
