"""Samples without headers: asked about once, read alike everywhere, told apart in what is kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.headerless import RawFormat
from gaplisten.batch.conceal_plan import plan_folder
from gaplisten.batch.items import Version, content_of, trace_digest, versions_from_paths
from gaplisten.bench.kept_layouts import as_before, keep_reading
from gaplisten.bench.state import Sources
from gaplisten.clips.layout_file import read_layout
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.opening import open_clip
from gaplisten.clips.scanning import NeedsRawError
from gaplisten.folders import resources
from kit.command import run
from kit.tables import rows_of

RAW = RawFormat(16000, "s16le", 1)
DEMO = resources() / "demo"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two clips of the demo as clean, lossy and one condition, without headers, traces beside them."""
    root = tmp_path_factory.mktemp("bare")
    for name in ("demo1", "demo2"):
        for kind, folder in (("clean", "clean"), ("lossy", "lossy_signals"), ("netA", "lossy_signals")):
            samples, _ = soundfile.read(DEMO / folder / f"{name}.flac", dtype="int16", frames=32000)
            if kind == "netA":
                samples = np.where(samples == 0, 3, samples).astype(np.int16)
            (root / kind).mkdir(exist_ok=True)
            samples.tofile(root / kind / f"{name}.pcm")
        lost = (DEMO / f"lossy_signals/{name}_is_lost.txt").read_text().splitlines()[:100]
        (root / "lossy" / f"{name}_is_lost.txt").write_text("\n".join(lost))
    return root


def test_a_folder_is_read_as_somebody_says_and_not_before(bare: Path) -> None:
    with pytest.raises(NeedsRawError, match=r"6 files .pcm.*--raw 16000,s16le,1") as asked:
        find_clips([bare])
    assert asked.value.example == bare / "clean" / "demo1.pcm"
    found = find_clips([bare], reading=Reading(RAW))
    assert [clip.name for clip in found.clips] == ["demo1", "demo2"]
    assert found.conditions == ("netA",)
    assert found.layout is not None
    assert found.layout.reading.raw == RAW
    opened = open_clip(found.clips[0])
    assert opened.problems == ()
    wanted, _ = soundfile.read(DEMO / "clean" / "demo1.flac", dtype="float32", frames=32000)
    assert opened.reference is not None
    assert np.array_equal(opened.reference.samples[:, 0], wanted)
    assert opened.trace is not None
    assert opened.trace.has_loss
    assert "demo1.pcm has no header: it is read as 16000 Hz, s16le, mono" in opened.notes


def test_every_command_takes_the_word(bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ("--raw", "16000,s16le,1")
    assert run("check", bare, *said, "--save-layout", tmp_path / "kept.toml") == 0
    assert read_layout(tmp_path / "kept.toml").reading.raw == RAW
    assert run("check", bare, "--layout", tmp_path / "kept.toml") == 0
    assert run("gaps", bare, *said, "--csv", tmp_path / "gaps.csv") == 0
    assert len((tmp_path / "gaps.csv").read_text().splitlines()) > 2
    assert run("trace", bare / "lossy" / "demo1.pcm", *said) == 0
    assert run("lose", bare / "clean", *said, "--out", tmp_path / "lost", "--model", "random") == 0
    capsys.readouterr()
    assert run("check", bare) == 2
    assert "--raw" in capsys.readouterr().err
    assert run("check", bare, "--raw", "16000,s16be,1") == 1
    assert "it would fit as 16000,s16le,1" in capsys.readouterr().err


def test_results_of_a_concealer_have_headers(bare: Path, tmp_path: Path) -> None:
    items = plan_folder(bare, tmp_path, reading=Reading(RAW))
    assert [item.out.name for item in items] == ["demo1.wav", "demo2.wav"]
    assert all(item.clip.reading == Reading(RAW) for item in items)


def test_scores_of_one_reading_are_never_those_of_another(bare: Path, tmp_path: Path) -> None:
    files = [bare / kind / "demo1.pcm" for kind in ("netA", "clean")]

    def value(raw: str) -> str:
        out = tmp_path / "scores.csv"
        words = ("score", files[0], "--reference", files[1], "--metric", "sdr", "--raw", raw, "--csv", out)
        assert run(*words, "--accept") == 0
        return rows_of(out)[0]["value"]

    first = value("16000,s16le,1")
    assert value("16000,s16le,1") == first
    one, other = (
        versions_from_paths([files[0]], reference=files[1], reading=Reading(RawFormat(rate)))
        for rate in (16000, 8000)
    )
    assert _keys(one[0]) != _keys(other[0])
    assert len(set(_keys(one[0])) & set(_keys(other[0]))) == 0


def _keys(version: Version) -> tuple[str, ...]:
    clip = replace(version.clip, lossy=version.path)
    return (
        content_of(version.path, clip.reading),
        content_of(clip.reference, clip.reading),
        trace_digest(clip),
    )


def test_equal_bytes_under_two_names_are_two_sounds(tmp_path: Path) -> None:
    for name in ("a.16k", "a.48k"):
        (tmp_path / name).write_bytes(bytes(range(256)))
    keys = {content_of(tmp_path / name, Reading(RAW)) for name in ("a.16k", "a.48k")}
    assert len(keys) == 2


def test_a_wav_beside_is_as_before_and_what_is_not_read_is_said(bare: Path, tmp_path: Path) -> None:
    shutil.copytree(bare / "lossy", tmp_path / "set" / "lossy")
    shutil.copy(DEMO / "clean" / "demo1.flac", tmp_path / "set")
    found = find_clips([tmp_path / "set"])
    assert any("2 files .pcm without a header" in note and "--raw" in note for note in found.notes)
    assert content_of(tmp_path / "set" / "demo1.flac", Reading(RAW)) == content_of(
        tmp_path / "set" / "demo1.flac", AS_TOLD
    )


def test_the_example_that_is_asked_about_lies_in_no_hidden_folder(bare: Path, tmp_path: Path) -> None:
    shutil.copytree(bare, tmp_path, dirs_exist_ok=True)
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "noise.raw").write_bytes(b"\1\2" * 100)
    with pytest.raises(NeedsRawError) as asked:
        find_clips([tmp_path])
    assert asked.value.example == tmp_path / "clean" / "demo1.pcm"


def test_what_was_said_of_a_folder_is_kept_for_it(bare: Path, tmp_path: Path) -> None:
    sources = Sources(paths=(bare,))
    assert as_before(sources).reading.raw is None
    keep_reading(replace(sources, reading=Reading(RAW)))
    assert as_before(sources).reading.raw == RAW
    assert as_before(Sources(paths=(tmp_path,))).reading.raw is None
