"""`gaplisten lose` makes lossy speech in the challenge's layout, the same for the same seed."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.clips import losing
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.opening import open_clip
from gaplisten.clips.summary import summarise
from gaplisten.loss.formats import read_trace
from kit import command
from kit.tables import rows_of

run = functools.partial(command.run, "lose")


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    folder = tmp_path / "clean"
    folder.mkdir()
    for number, (suffix, rate) in enumerate([("wav", 16000), ("flac", 48000)]):
        values = np.random.default_rng(number).integers(1, 9000, 3 * rate, dtype=np.int16)
        soundfile.write(folder / f"s{number}.{suffix}", values, rate, subtype="PCM_16")
    return folder


def test_the_made_folder_is_one_that_opens(clean: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(clean, "--model", "random", "--set", "loss=20", "--seed", 5, "--out", out) == 0
    found = find_clips([out])
    assert [clip.name for clip in found.clips] == ["s0", "s1"]
    for clip in found.clips:
        opened = open_clip(clip)
        assert opened.problems == ()
        mask = opened.trace.mask(opened.frames)
        assert not opened.lossy.samples[mask].any()
        assert np.array_equal(opened.lossy.samples[~mask], opened.reference.samples[~mask])
        original = soundfile.read(clean / clip.reference.name, dtype="int16")[0]
        assert np.array_equal(soundfile.read(clip.reference, dtype="int16")[0], original)


def test_the_seed_decides_and_other_files_do_not(clean: Path, tmp_path: Path) -> None:
    options = ("--model", "gilbert_elliott", "--set", "loss=15", "--set", "burst=4")
    run(clean, *options, "--seed", 1, "--out", tmp_path / "a")
    run(clean / "s1.flac", *options, "--seed", 1, "--out", tmp_path / "b")
    run(clean, *options, "--seed", 2, "--out", tmp_path / "c")
    first, alone, other = (
        read_trace(tmp_path / name / "lossy_signals/s1_is_lost.txt").lost for name in ("a", "b", "c")
    )
    assert np.array_equal(first, alone)
    assert not np.array_equal(first, other)


def test_clips_of_one_length_lose_different_packets(clean: Path, tmp_path: Path) -> None:
    (clean / "copy.wav").write_bytes((clean / "s0.wav").read_bytes())
    run(clean, "--model", "random", "--out", tmp_path / "out")
    first, copy = (read_trace(tmp_path / f"out/lossy_signals/{n}_is_lost.txt").lost for n in ("s0", "copy"))
    assert not np.array_equal(first, copy)


def test_the_table_records_how_it_was_made(clean: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(clean, "--model", "burst_stratum", "--set", "stratum=medium", "--out", out) == 0
    rows = rows_of(out / "meta.csv")
    assert [row["clip"] for row in rows] == ["s0", "s1"]
    for row, clip in zip(rows, find_clips([out]).clips, strict=True):
        said = summarise(clip)
        assert row["stratum"] == said.stratum.value == "120-320 ms"
        assert float(row["loss_rate"]) == said.loss_rate
        assert row["parameters"] == "stratum=medium loss=10.0"


def test_nothing_is_replaced_unasked(clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(clean, "--model", "random", "--out", out) == 0
    before = (out / "lossy_signals/s0.wav").read_bytes()
    assert run(clean, "--model", "random", "--seed", 9, "--out", out) == 2
    assert "is there already" in capsys.readouterr().err
    assert (out / "lossy_signals/s0.wav").read_bytes() == before
    assert run(clean, "--model", "random", "--seed", 9, "--out", out, "--overwrite") == 0
    assert (out / "lossy_signals/s0.wav").read_bytes() != before


def test_one_bad_file_fails_alone(clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clean / "bad.wav").write_text("no sound")
    assert run(clean, "--model", "random", "--out", tmp_path / "out") == 1
    assert "bad.wav: holds text" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "out/clean_signals").iterdir()) == ["s0.wav", "s1.flac"]


@pytest.mark.parametrize(
    "options",
    [
        ("--model", "weather"),
        ("--model", "random", "--set", "loss=200"),
        ("--model", "random", "--set", "burst=2"),
        ("--model", "random", "--set", "loss"),
        ("--model", "gilbert_elliott", "--set", "loss=90", "--set", "burst=1"),
        ("--model", "gilbert_elliott", "--set", "p=0.1", "--set", "loss=20"),
        ("--model", "gilbert_elliott", "--set", "r=0.5"),
        ("--model", "periodic", "--set", "period=3", "--set", "length=5"),
        ("--model", "replay"),
        ("--model", "replay", "--set", "file=/there/is/none.txt"),
    ],
)
def test_wrong_wishes_are_told_once_and_write_nothing(
    clean: Path, tmp_path: Path, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(clean, *options, "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        (("loss=20",), "loss=20.0 burst=3.0 p=0.0 loss_good=0.0 loss_bad=100.0"),
        (("p=0.1", "r=0.5"), "p=0.1 r=0.5 loss_good=0.0 loss_bad=100.0"),
    ],
)
def test_only_parameters_that_had_an_effect_are_recorded(
    clean: Path, tmp_path: Path, given: tuple[str, ...], recorded: str
) -> None:
    options = [word for setting in given for word in ("--set", setting)]
    assert run(clean, "--model", "gilbert_elliott", *options, "--out", tmp_path / "out") == 0
    assert {row["parameters"] for row in rows_of(tmp_path / "out/meta.csv")} == {recorded}


def test_a_doubtful_trace_can_be_replayed_once_its_format_is_said(clean: Path, tmp_path: Path) -> None:
    (tmp_path / "mask.txt").write_text("1\n1\n0\n1\n")
    options = ("--model", "replay", "--set", f"file={tmp_path / 'mask.txt'}", "--out", tmp_path / "out")
    assert run(clean, *options) == 2
    assert run(clean, *options, "--set", "format=frn") == 0
    lost = read_trace(tmp_path / "out/lossy_signals/s0_is_lost.txt").lost
    assert lost[:6].tolist() == [False, False, True, False, False, False]


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--models") == 0
    assert "gilbert_elliott" in capsys.readouterr().out


def test_one_name_too_long_for_its_trace_fails_alone_and_leaves_nothing_behind(
    clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "x" * 245
    (clean / "s0.wav").rename(clean / f"{long}.wav")
    out = tmp_path / "out"
    assert run(clean, "--model", "random", "--out", out) == 1
    assert "its name is too long" in capsys.readouterr().err
    assert sorted(path.name for path in out.rglob("*") if path.is_file()) == [
        "meta.csv", "s1.flac", "s1.flac", "s1_is_lost.txt",
    ]  # fmt: skip


def test_packets_can_be_given_in_frames_of_each_clip(clean: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "out", tmp_path / "t.csv"
    assert run(clean, "--model", "random", "--packet", 512, "--out", out, "--csv", table) == 0
    lengths = {row["clip"]: (row["packets"], row["packet_ms"]) for row in rows_of(table)}
    assert lengths["s0"] == ("94", "32.0")
    assert lengths["s1"][0] == "282"
    assert run(clean, "--model", "random", "--packet", 512, "--packet-ms", 20, "--out", tmp_path / "x") == 2


def test_of_two_runs_into_one_folder_the_second_is_refused(
    clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [clean, "--model", "random", "--out", tmp_path / "out", "--overwrite"]
    write, second = losing.write_signal, list[int]()

    def meanwhile(*given: object) -> None:
        if not second:
            second.append(0)
            second[0] = run(*words, "--seed", 2)
        write(*given)

    monkeypatch.setattr(losing, "write_signal", meanwhile)
    assert run(*words, "--seed", 1) == 0
    assert second == [2]
    assert "out: is being filled by another run; wait for it" in capsys.readouterr().err
    for clip in find_clips([tmp_path / "out"]).clips:  # the sound of one run beside the trace of another
        opened = open_clip(clip)
        assert not opened.lossy.samples[opened.trace.mask(opened.frames)].any()
