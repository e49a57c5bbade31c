"""`gaplisten gaps` measures each gap of each version."""

from __future__ import annotations

import functools
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.loss.measures import MEASURES
from kit import command
from kit.challenge import coloured
from kit.tables import rows_of

run = functools.partial(command.run, "gaps")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    clean = coloured(16000, 0)
    half, lossy = clean.copy(), clean.copy()
    half[3200:3840] *= 0.1
    lossy[3200:3840] = 0
    for name, samples in (("clean", clean), ("half", half), ("lossy", lossy)):
        write_signal(tmp_path / f"{name}.wav", Signal.of(samples, 16000))
    flags = np.zeros(50, int)
    flags[10:12] = 1
    (tmp_path / "is_lost.txt").write_text("\n".join(map(str, flags)))
    return tmp_path


def test_all_measures_go_to_csv(folder: Path) -> None:
    files = [folder / f"{name}.wav" for name in ("clean", "half", "lossy")]
    assert run(*files, "--trace", folder / "is_lost.txt", "--csv", folder / "g.csv") == 0
    half, lossy = rows_of(folder / "g.csv")
    assert (half["version"], lossy["version"]) == ("half", "lossy")
    assert (half["gap"], half["start_s"], half["length_ms"], half["packets"]) == ("1", "0.2", "40.0", "2")
    assert float(half["energy_error"]) == pytest.approx(-20, abs=0.1)
    assert "energy_error" in half["flags"].split()
    assert {measure.key for measure in MEASURES} <= set(half)


def test_losses_are_detected_in_the_first_version_without_a_trace(folder: Path) -> None:
    assert run(folder / "clean.wav", folder / "lossy.wav", "--csv", folder / "g.csv") == 0
    assert [row["start_s"] for row in rows_of(folder / "g.csv")] == ["0.2"]


def test_losses_can_be_detected_in_another_file(folder: Path) -> None:
    words = (
        folder / "clean.wav",
        folder / "half.wav",
        "--lossy",
        folder / "lossy.wav",
        "--csv",
        folder / "g.csv",
    )
    assert run(*words) == 0
    assert [row["version"] for row in rows_of(folder / "g.csv")] == ["half"]


def test_without_a_reference_some_measures_are_empty(folder: Path) -> None:
    words = (
        "--no-reference",
        folder / "half.wav",
        "--trace",
        folder / "is_lost.txt",
        "--csv",
        folder / "g.csv",
    )
    assert run(*words) == 0
    (row,) = rows_of(folder / "g.csv")
    assert row["energy_error"] == ""
    assert row["click_entry"] != ""


def test_thresholds_decide_what_is_flagged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        folder / "clean.wav",
        folder / "half.wav",
        "--trace",
        folder / "is_lost.txt",
        "--csv",
        folder / "g.csv",
    )
    assert run(*words, "--threshold", "energy_error=30") == 0
    assert "energy_error" not in rows_of(folder / "g.csv")[0]["flags"]
    assert run(*words, "--threshold", "beauty=1") == 2
    assert run(*words, "--threshold", "lsd=high") == 2
    assert "is no number" in capsys.readouterr().err


def test_only_flagged_gaps_can_be_shown(folder: Path) -> None:
    words = (
        folder / "clean.wav",
        folder / "clean.wav",
        folder / "lossy.wav",
        "--trace",
        folder / "is_lost.txt",
    )
    assert run(*words, "--flagged", "--csv", folder / "g.csv") == 0
    assert [row["version"] for row in rows_of(folder / "g.csv")] == ["lossy"]


def test_the_terminal_shows_what_is_conspicuous(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder / "clean.wav", folder / "half.wav", "--trace", folder / "is_lost.txt") == 0
    said = capsys.readouterr().out
    assert "energy_error" in said
    assert "buzz" not in said


def test_a_version_that_cannot_be_read_fails_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.wav").write_text("no sound")
    words = [folder / f"{name}.wav" for name in ("clean", "half", "bad")]
    assert run(*words, "--trace", folder / "is_lost.txt", "--csv", folder / "g.csv") == 1
    assert "bad.wav: holds text" in capsys.readouterr().err
    assert [row["version"] for row in rows_of(folder / "g.csv")] == ["half"]


@pytest.mark.parametrize("names", [("clean",), ("clean", "half"), ("clean", "missing")])
def test_nothing_to_measure_is_said(
    folder: Path, names: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*(folder / f"{name}.wav" for name in names)) == 2
    assert capsys.readouterr().err.startswith("gaplisten: ")


def test_measures_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--measures") == 0
    said = capsys.readouterr().out
    assert all(measure.key in said for measure in MEASURES)


def test_each_version_is_measured_at_its_own_gaps(folder: Path) -> None:
    (folder / "own.txt").write_text("\n".join("1" if packet in (40, 80) else "0" for packet in range(100)))
    half = coloured(16000, 0)
    half[6400:6560] *= 0.1
    half[12800:12960] *= 0.1
    write_signal(folder / "half.wav", Signal.of(half, 16000))
    files = [folder / f"{name}.wav" for name in ("clean", "half", "lossy")]
    traces = ["--trace", folder / "is_lost.txt", "--trace", f"half={folder / 'own.txt'}"]
    assert run(*files, *traces, "--csv", folder / "g.csv") == 0
    found = [(row["version"], row["start_s"], row["packets"]) for row in rows_of(folder / "g.csv")]
    assert found == [("half", "0.4", "1"), ("half", "0.8", "1"), ("lossy", "0.2", "2")]


def test_a_version_whose_own_losses_cannot_be_used_is_told_and_not_measured(folder: Path, capsys) -> None:
    (folder / "own.txt").write_text("\n".join("0" * 37))
    files = [folder / f"{name}.wav" for name in ("clean", "half", "lossy")]
    traces = ["--trace", folder / "is_lost.txt", "--trace", f"half={folder / 'own.txt'}"]
    assert run(*files, *traces, "--csv", folder / "g.csv") == 1
    assert {row["version"] for row in rows_of(folder / "g.csv")} == {"lossy"}
    assert "losses of half: " in capsys.readouterr().err


def test_a_second_trace_names_its_version(folder: Path, capsys) -> None:
    files = [folder / f"{name}.wav" for name in ("clean", "half")]
    assert run(*files, "--trace", folder / "is_lost.txt", "--trace", "other.txt") == 2
    assert "write VERSION=FILE; the versions are half" in capsys.readouterr().err


def test_files_of_one_name_are_told_apart_by_folders_and_never_by_whole_paths(folder: Path) -> None:
    places = [folder / place / "lossy_signals" / "1.wav" for place in ("base", "new", "deeper/new")]
    for place in places:
        place.parent.mkdir(parents=True)
        place.write_bytes((folder / "half.wav").read_bytes())
    words = (folder / "clean.wav", *places, places[0], "--trace", folder / "is_lost.txt")
    assert run(*words, "--csv", folder / "g.csv") == 0
    names = [row["version"] for row in rows_of(folder / "g.csv")]
    assert names == ["base", f"{folder.name}/new", "deeper/new", "base (2)"]
    assert run(*words, "--gap", 1, "--bundle", folder / "b.zip") == 0
    with zipfile.ZipFile(folder / "b.zip") as bundle:
        for name in bundle.namelist():
            assert str(folder).encode() not in name.encode() + bundle.read(name)
            assert str(folder).strip("/").replace("/", "_") not in name


def test_versions_of_which_no_losses_are_known_are_named(tmp_path: Path, capsys) -> None:
    clean = coloured(16000, 0)
    flags = "".join(f"{int(at in (10, 11))}\n" for at in range(50))
    for name in ("one", "other"):
        made = clean.copy()
        made[3200:3840] *= 0.1
        for folder, samples in (("clean", clean), (name, made)):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_signal(tmp_path / folder / "a.wav", Signal.of(samples, 16000))
    (tmp_path / "one" / "a.txt").write_text(flags)
    assert run(tmp_path, "--csv", tmp_path / "g.csv") == 0
    assert {row["version"] for row in rows_of(tmp_path / "g.csv")} == {"one"}
    assert "note: no losses are known, so that nothing is measured: a: other" in capsys.readouterr().err
