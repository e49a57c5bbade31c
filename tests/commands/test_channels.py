"""The option --channels: files of more than two channels in commands."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio.channels import Reading, parse_channels
from gaplisten.batch.items import content_of
from gaplisten.clips.layout_file import read_layout
from gaplisten.folders import resources
from kit.command import run
from kit.tables import rows_of

DEMO = resources() / "demo"


@pytest.fixture
def array(tmp_path: Path) -> Path:
    """Return a folder of one clip whose lossy file has its sound in the third of four channels."""
    clean, rate = soundfile.read(DEMO / "clean/demo1.flac", dtype="int16")
    lossy, _ = soundfile.read(DEMO / "lossy_signals/demo1.flac", dtype="int16")
    many = np.zeros((len(lossy), 4), np.int16)
    many[:, 2] = lossy
    for kind, samples in (("clean", clean), ("lossy", many)):
        (tmp_path / "array" / kind).mkdir(parents=True)
        soundfile.write(tmp_path / "array" / kind / "demo1.wav", samples, rate)
    return tmp_path / "array"


def _values(tmp_path: Path, *words: object) -> list[str]:
    out = tmp_path / "out.csv"
    assert run(*words, "--csv", out) == 0
    return [row["value"] for row in rows_of(out)]


def test_a_chosen_channel_scores_like_the_file_that_holds_it_alone(array, tmp_path):
    clean, alone = array / "clean/demo1.wav", DEMO / "lossy_signals/demo1.flac"
    plain = _values(tmp_path, "score", alone, "--reference", clean, "--metric", "lsd")
    many = array / "lossy/demo1.wav"
    chosen = _values(tmp_path, "score", many, "--reference", clean, "--metric", "lsd", "--channels", "3")
    assert chosen == plain


def test_scores_and_comparisons_say_which_channels_are_used(array, tmp_path, capsys):
    clean, many = array / "clean/demo1.wav", array / "lossy/demo1.wav"
    _values(tmp_path, "score", many, "--reference", clean, "--metric", "lsd", "--channels", "3")
    assert "note: demo1.wav: of its 4 channels, channel 3 is used\n" in capsys.readouterr().err
    for build in ("base", "new"):
        shutil.copytree(array / "lossy", tmp_path / build)
    trace = DEMO / "lossy_signals/demo1_is_lost.txt"
    words = ("--reference-folder", array / "clean", "--channels", "3", "--trace", trace)
    run("compare", tmp_path / "base", tmp_path / "new", *words)
    assert "note: demo1.wav (and 1 more): of its 4 channels, channel 3 is used\n" in capsys.readouterr().err
    _values(tmp_path, "score", clean, "--reference", clean, "--metric", "lsd", "--channels", "3")
    assert "channels" not in capsys.readouterr().err


def test_without_a_choice_a_command_says_how_to_choose(array, capsys):
    assert run("gaps", array / "clean/demo1.wav", array / "lossy/demo1.wav") == 2
    assert "--channels 3, 1+2 or mean" in capsys.readouterr().err


def test_a_wrong_choice_is_refused_with_status_one_or_two(array, capsys):
    assert run("check", array, "--channels", "1+1") in (1, 2)
    assert "the same channel stands there twice" in capsys.readouterr().err


def test_a_folder_is_checked_by_the_chosen_channel_and_the_layout_keeps_it(array, tmp_path):
    kept = tmp_path / "kept.toml"
    assert run("check", array, "--channels", "4:3", "--save-layout", kept) == 0
    assert read_layout(kept).reading.channels == parse_channels("4:3")
    assert run("check", array, "--layout", kept) == 0


def test_results_of_one_channel_are_never_those_of_another(array):
    path = array / "lossy/demo1.wav"
    keys = {content_of(path, Reading(channels=parse_channels(text))) for text in ("1", "3", "mean")}
    assert len(keys) == 3
