"""`gaplisten gaps --find` lists damage that no trace tells of."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from kit import command
from kit.plugin_speech import speech
from kit.tables import rows_of

RATE = 16000


run = functools.partial(command.run, "gaps")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    sound = speech(RATE, 3.0).astype(np.float64)
    level = np.convolve(sound**2, np.ones(640), "same")
    at = int(np.argmax(level[RATE : 2 * RATE])) + RATE
    damaged = sound + np.random.default_rng(1).normal(0, 3e-4, sound.size)
    damaged[at : at + 160] = 0
    damaged = np.concatenate([damaged[: at + 8000], damaged[at + 8150 :]])
    for name, samples in (("clean", sound), ("call", damaged)):
        write_signal(tmp_path / f"{name}.wav", Signal.of(samples, RATE))
    return tmp_path / "clean.wav", tmp_path / "call.wav"


def test_places_are_listed_with_what_they_are(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert run("--find", *files, "--csv", tmp_path / "found.csv") == 0
    rows = rows_of(tmp_path / "found.csv")
    assert [row["kind"] for row in rows] == ["dropout", "jump"]
    assert abs(float(rows[0]["length_ms"]) - 10) < 2
    assert rows[1]["jump_frames"] == "-150"
    assert [row["place"] for row in rows] == ["1", "2"]


def test_without_a_reference_what_breaks_off_is_found(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--find", "--no-reference", files[1]) == 0
    said = capsys.readouterr().out
    assert "dropout" in said
    assert "call: 1 places" in said


def test_an_undamaged_version_has_none(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--find", files[0], files[0]) == 0
    assert "clean: 0 places" in capsys.readouterr().out
    assert run("--find", *files, "--flagged") == 2
