"""`gaplisten conceal`: files and folders, exit status, and bad input."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kit import command

RATE, PACKET = 16_000, 320


pytestmark = pytest.mark.usefixtures("plugins_known")


run = functools.partial(command.run, "conceal")


def write_clip(
    folder: Path,
    name: str,
    *,
    subtype: str = "PCM_16",
    rate: int = RATE,
    suffix: str = ".wav",
    channels: int = 1,
) -> Path:
    """Write a lossy file of 20.3 packets with packets 4, 5 and 11 lost, and its trace."""
    folder.mkdir(parents=True, exist_ok=True)
    size = rate // 50
    frames = size * 20 + size // 3
    sound = np.random.default_rng(5).integers(-9000, 9000, (frames, channels)).astype(np.int32)
    sound[sound == 0] = 1
    lost = np.isin(np.arange(21), (4, 5, 11))
    sound[np.repeat(lost, size)[:frames]] = 0
    path = folder / f"{name}{suffix}"
    soundfile.write(path, sound * 65536, rate, subtype=subtype)
    (folder / f"{name}_is_lost.txt").write_text("".join(f"{int(flag)}\r\n" for flag in lost))
    return path


def integers(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="int32", always_2d=True)[0]


def test_zero_fill_gives_the_real_lossy_files_back_bit_by_bit(tmp_path: Path, real_clips: Path) -> None:
    source = real_clips / "challenge2022" / "blind" / "lossy_signals"
    assert run(source, "--concealer", "zero_fill", "--out", tmp_path / "out") == 0
    for path in sorted(source.glob("*.wav")):
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()
    assert len(list((tmp_path / "out").glob("*.wav"))) == 3


@pytest.mark.parametrize(
    ("concealer", "before", "after"), [("repeat_fade", 0, 5), ("g711_appendix1", 3.75, 10.1)]
)
def test_only_the_splice_regions_of_real_clips_change(
    tmp_path: Path, real_clips: Path, concealer: str, before: float, after: float
) -> None:
    source = real_clips / "challenge2022" / "blind" / "lossy_signals"
    assert run(source, "--concealer", concealer, "--out", tmp_path) == 0
    for path in source.glob("*.wav"):
        made, lossy = integers(tmp_path / path.name), integers(path)
        flags = (source / f"{path.stem}_is_lost.txt").read_text().split()
        lost = np.repeat([flag == "1" for flag in flags], PACKET)
        near = lost.copy()
        for edge in np.flatnonzero(np.diff(lost.astype(int))):
            near[max(edge + 1 - round(before * 16), 0) : edge + 1 + round(after * 16)] = True
        assert made.shape == lossy.shape
        assert np.array_equal(made[~near], lossy[~near])
        firsts = np.flatnonzero(lost[PACKET::PACKET] & ~lost[:-PACKET:PACKET]) + 1
        for packet in firsts:
            if lossy[(packet - 1) * PACKET : packet * PACKET].any():
                assert made[packet * PACKET : (packet + 1) * PACKET].any()


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT"])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_name_rate_and_sample_format_are_kept(tmp_path: Path, subtype: str, suffix: str) -> None:
    if suffix == ".flac" and subtype in ("FLOAT", "PCM_32"):
        pytest.skip("FLAC holds integers of 24 bits at most")
    source = write_clip(tmp_path / "in", "a", subtype=subtype, suffix=suffix, rate=48_000, channels=2)
    assert run(source, "--concealer", "repeat_fade", "--set", "crossfade=0", "--out", tmp_path / "out") == 0
    made, given = soundfile.info(tmp_path / "out" / f"a{suffix}"), soundfile.info(source)
    assert (made.samplerate, made.channels, made.frames, made.subtype) == (48_000, 2, given.frames, subtype)
    lost = (integers(source) == 0).all(axis=1)
    assert np.array_equal(integers(tmp_path / "out" / f"a{suffix}")[~lost], integers(source)[~lost])
    assert integers(tmp_path / "out" / f"a{suffix}")[lost].any()


def test_one_file_goes_to_the_file_named(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in", "a")
    assert run(source, "--concealer", "zero_fill", "--out", tmp_path / "deep" / "b.flac") == 0
    assert np.array_equal(integers(tmp_path / "deep" / "b.flac"), integers(source))


def test_without_a_trace_zero_packets_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_clip(tmp_path / "in", "a")
    (tmp_path / "in" / "a_is_lost.txt").unlink()
    assert run(source, "--concealer", "repeat_fade", "--out", tmp_path / "out") == 0
    assert integers(tmp_path / "out" / "a.wav")[4 * PACKET : 6 * PACKET].any()
    assert "detected" in capsys.readouterr().err


def test_a_trace_given_counts_more_than_the_one_beside(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in", "a")
    other = tmp_path / "other.txt"
    other.write_text("".join(f"{int(k == 15)}\n" for k in range(21)))
    assert (
        run(source, "--concealer", "zero_fill", "--trace", other, "--accept", "--out", tmp_path / "out") == 0
    )
    wanted = integers(source)
    wanted[15 * PACKET : 16 * PACKET] = 0
    assert np.array_equal(integers(tmp_path / "out" / "a.wav"), wanted)


def test_a_bad_file_among_good_ones_is_named_and_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b", "c"):
        write_clip(tmp_path / "in", name)
    (tmp_path / "in" / "b.wav").write_text("this is text")
    (tmp_path / "in" / "c_is_lost.txt").write_text("0\nx\n")
    assert run(tmp_path / "in", "--concealer", "repeat_fade", "--out", tmp_path / "out") == 1
    assert [path.name for path in (tmp_path / "out").glob("*.wav")] == ["a.wav"]
    said = capsys.readouterr().err
    assert "b.wav" in said
    assert "c_is_lost.txt" in said


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:3000])


def nan_samples(path: Path) -> None:
    soundfile.write(path, np.full(6507, np.nan, np.float32), RATE, subtype="FLOAT")


def eight_channels(path: Path) -> None:
    soundfile.write(path, np.zeros((6507, 8)), RATE)


@pytest.mark.parametrize(
    "spoil",
    [
        truncated,
        nan_samples,
        eight_channels,
        Path.unlink,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("no"),
    ],
    ids=["truncated", "NaN", "eight channels", "missing", "empty", "text"],
)
def test_one_unusable_file_is_wrong_input(tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil) -> None:
    source = write_clip(tmp_path / "in", "a")
    spoil(source)
    assert run(source, "--concealer", "zero_fill", "--out", tmp_path / "out") == 2
    assert "a.wav" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_trace_of_another_length_is_wrong_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_clip(tmp_path / "in", "a")
    (tmp_path / "in" / "a_is_lost.txt").write_text("0\n1\n")
    assert run(source, "--concealer", "zero_fill", "--out", tmp_path / "out") == 2
    assert "has 2 packets" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_concealer_that_fails_is_no_wrong_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_clip(tmp_path / "in", "a")
    plugin = tmp_path / "bad.py"
    plugin.write_text("def conceal(lossy, lost, rate, packet_frames): raise ValueError('the wave broke')")
    assert run(source, "--concealer", plugin, "--out", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "raised ValueError: the wave broke" in said
    assert "Traceback" in said
    assert "gaplisten/concealers" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--concealer", "repeet_fade"], "near names: repeat_fade"),
        (["--concealer", "repeat_fade", "--set", "mute_after=-3"], "mute_after"),
        (["--concealer", "repeat_fade", "--set", "hold"], "name=value"),
        (["--concealer", "repeat_fade", "--set", "nothing=1"], "no parameter 'nothing'"),
    ],
)
def test_wrong_usage_says_what_would_be_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    source = write_clip(tmp_path / "in", "a")
    assert run(source, *words, "--out", tmp_path / "out") == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_trace_for_a_folder_is_wrong_usage(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in", "a")
    assert run(source.parent, "--concealer", "zero_fill", "--trace", source, "--out", tmp_path / "out") == 2


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in", "a")
    before = source.read_bytes()
    assert run(source, "--concealer", "repeat_fade", "--out", tmp_path / "in") == 2
    assert run(source.parent, "--concealer", "repeat_fade", "--out", tmp_path / "in") == 2
    assert source.read_bytes() == before


def test_the_table_goes_to_a_csv_file(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in", "a")
    assert (
        run(source, "--concealer", "zero_fill", "--out", tmp_path / "out", "--csv", tmp_path / "t.csv") == 0
    )
    head, row = (tmp_path / "t.csv").read_text().splitlines()
    found = dict(zip(head.split(","), row.split(","), strict=True))
    assert (found["file"], found["packets"], found["lost"], found["altered_received"]) == (
        "a.wav",
        "21",
        "3",
        "0.0",
    )


def test_clean_speech_with_a_trace_loses_its_packets_first(tmp_path: Path, real_clips: Path) -> None:
    """A folder of references and traces, without lossy files."""
    clean = real_clips / "challenge2022" / "X_CleanReference"
    lossy = real_clips / "challenge2022" / "blind" / "lossy_signals"
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(clean / "2307.wav", folder)
    shutil.copy(lossy / "2307_is_lost.txt", folder)
    assert run(folder, "--concealer", "zero_fill", "--out", tmp_path / "out") == 0
    assert np.array_equal(integers(tmp_path / "out" / "2307.wav"), integers(lossy / "2307.wav"))
