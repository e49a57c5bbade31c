"""Clips as a notebook takes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gaplisten
from kit import command
from kit.challenge import PACKET, challenge_set, speech_like, write_versions
from kit.tables import rows_of

SECONDS = 1.2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clips with a condition, filled by itself in its gaps."""
    root = challenge_set(tmp_path / "set", 2)
    for index in range(2):
        clean = speech_like(index, SECONDS)
        lost = np.zeros(-(-clean.size // PACKET), int)
        lost[[5, *range(20, 20 + (2, 10)[index])]] = 1
        write_versions(root, str(index), {"mine": 0.5 * clean}, lost)
    return root


def test_a_clip_has_what_its_files_hold(folder: Path) -> None:
    clips = gaplisten.open_clips(folder)
    assert list(clips) == ["0", "1"]
    assert clips.conditions == ("mine",)
    clip = clips["1"]
    assert (clip.rate, clip.packet_ms, clip.frames) == (16000, 20.0, round(SECONDS * 16000))
    assert clip.lost is not None
    assert np.flatnonzero(clip.lost).tolist() == [5, *range(20, 30)]
    assert clip.reference is not None
    assert clip.lossy is not None
    assert np.abs(clip.reference - speech_like(1, SECONDS)).max() < 2**-15
    assert (clip.lossy[5 * PACKET : 6 * PACKET] == 0).all()
    assert np.abs(clip.conditions["mine"] - 0.5 * speech_like(1, SECONDS)).max() < 2**-15
    assert clip.gaps[["start", "stop", "packets"]].values.tolist() == [[1600, 1920, 1], [6400, 9600, 10]]


def test_arrays_of_a_clip_are_not_changed_under_it(folder: Path) -> None:
    clip = gaplisten.open_clips(folder)["1"]
    for samples in (clip.reference, clip.lossy, clip.conditions["mine"]):
        assert samples is not None
        with pytest.raises(ValueError, match="read-only"):
            samples[:10] = 0


def test_measures_are_those_of_the_command(folder: Path, tmp_path: Path) -> None:
    assert command.run("gaps", folder, "--csv", tmp_path / "gaps.csv") == 0
    rows = [row for row in rows_of(tmp_path / "gaps.csv") if row["clip_name"] == "1"]
    table = gaplisten.open_clips(folder)["1"].measure_gaps()
    assert len(table) == len(rows) == 2
    for (_, mine), row in zip(table.iterrows(), rows, strict=True):
        for name, text in row.items():
            if name in table.columns and isinstance(mine[name], float):
                assert (np.isnan(mine[name]) and text == "") or mine[name] == float(text), name
        assert mine["flags"] == row["flags"]


def test_of_a_clip_without_conditions_the_table_is_empty_and_has_its_columns(tmp_path: Path) -> None:
    clip = gaplisten.open_clips(challenge_set(tmp_path / "set", 1))["0"]
    assert clip.lossy is not None
    table = clip.measure_gaps()
    own = gaplisten.measure_gaps(clip.reference, clip.lossy, clip.lost, clip.rate)
    assert table.empty
    assert [name for name in table.columns if name != "version"] == list(own.columns)


def test_a_condition_with_losses_of_its_own_is_measured_at_them(tmp_path: Path) -> None:
    clean = speech_like(0, SECONDS)
    lost, other = np.zeros(60, int), np.zeros(60, int)
    lost[10], other[40:42] = 1, 1
    root = tmp_path / "set"
    write_versions(root, "a", {"clean": clean, "lossy_signals": clean * ~np.repeat(lost == 1, PACKET)}, lost)
    write_versions(root, "a", {"mine": clean * ~np.repeat(other == 1, PACKET)}, other, traces="mine")
    clip = gaplisten.open_clips(root)["a"]
    assert clip.lost is not None
    assert np.flatnonzero(clip.lost).tolist() == [10]
    met = clip.lost_by("mine")
    assert met is not None
    assert np.flatnonzero(met).tolist() == [40, 41]
    assert clip.gaps_of("mine")["start"].tolist() == [40 * PACKET]
    assert clip.measure_gaps()["start"].tolist() == [40 * PACKET]
    with pytest.raises(gaplisten.BadArgument, match="there are: mine"):
        clip.lost_by("yours")


def test_what_does_not_fit_together_is_a_warning(folder: Path) -> None:
    trace = folder / "lossy_signals" / "0_is_lost.txt"
    lines = trace.read_text().splitlines()
    trace.write_text("\n".join([*lines[3:], *lines[:3]]) + "\n")
    with pytest.warns(gaplisten.GaplistenWarning, match="0: "):
        assert gaplisten.open_clips(folder)["0"].rate == 16000


def test_a_clip_that_is_not_there_names_those_that_are(folder: Path) -> None:
    with pytest.raises(KeyError, match="'0', '1'"):
        gaplisten.open_clips(folder)["2"]
    with pytest.raises(gaplisten.GaplistenError):
        gaplisten.open_clips(folder / "nowhere")


def test_a_notebook_shows_sets_as_tables_and_clips_as_pictures(folder: Path) -> None:
    clips = gaplisten.open_clips(folder)
    shown = clips._repr_html_()
    assert shown.count("<tr>") == 3
    assert "mine" in shown
    assert clips["0"]._repr_png_().startswith(b"\x89PNG")
    assert repr(clips["0"]) == "<clip 0: mine>"


def test_names_in_tables_are_text_and_no_markup(tmp_path: Path) -> None:
    root = challenge_set(tmp_path / "set", 1)
    clean = speech_like(0, SECONDS)
    (root / "<b>x").mkdir()
    write_versions(root, "0", {"<b>x": clean}, np.zeros(60, int), traces="clean")
    (root / "clean" / "0_is_lost.txt").unlink()
    assert "<b>" not in gaplisten.open_clips(root)._repr_html_()


def test_the_import_brings_no_qt_and_nothing_before_it_is_used() -> None:
    code = "import sys, gaplisten; print([m for m in sys.modules if m.split('.')[0] in ('numpy', 'PySide6')])"
    told = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
    code = (
        "import sys, gaplisten as g; g.open_clips; print('PySide6' in sys.modules, 'pandas' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False False"


@pytest.mark.parametrize("packet_ms", ["20", 0, -10.0, float("nan"), float("inf"), True])
def test_a_packet_has_a_length(tmp_path: Path, packet_ms: Any) -> None:
    with pytest.raises(gaplisten.BadArgument, match="packet_ms"):
        gaplisten.open_clips(challenge_set(tmp_path / "set", 1), packet_ms)
