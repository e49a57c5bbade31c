"""Reading and writing sound files: exact values, and a reason for every refusal."""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaplisten.audio.files import SOUND_SUFFIXES, SoundFileError, probe, read_signal, read_start, signal_notes
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import clipped_samples, fitting_subtype, write_signal


def noise(frames: int = 4000, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.9, 0.9, (frames, channels)).astype(np.float32)


def wav_bytes(tmp_path: Path, frames: int = 4000) -> bytearray:
    path = tmp_path / "whole.wav"
    soundfile.write(path, noise(frames), 16000, subtype="PCM_16")
    return bytearray(path.read_bytes())


def refusal(path: Path) -> SoundFileError:
    with pytest.raises(SoundFileError) as caught:
        read_signal(path)
    assert str(path) in str(caught.value), "the message names the file"
    assert caught.value.way_out, "the message tells the way out"
    return caught.value


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_16_bit_value_survives_reading_and_writing(tmp_path: Path, suffix: str, channels: int) -> None:
    values = np.arange(-32768, 32768, dtype=np.int16).reshape(-1, channels)
    first, second = tmp_path / "first.wav", tmp_path / f"second{suffix}"
    soundfile.write(first, values, 8000, subtype="PCM_16")
    write_signal(second, read_signal(first))
    assert np.array_equal(soundfile.read(second, dtype="int16", always_2d=True)[0], values)


def test_24_bit_values_survive_reading_and_writing(tmp_path: Path) -> None:
    values = np.random.default_rng(2).integers(-(2**23), 2**23, 5000, dtype=np.int32) * 256
    first, second = tmp_path / "first.wav", tmp_path / "second.wav"
    soundfile.write(first, values, 48000, subtype="PCM_24")
    write_signal(second, read_signal(first), "PCM_24")
    assert np.array_equal(soundfile.read(second, dtype="int32")[0], values)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000, 96000])
def test_all_usual_widths_and_rates_are_read(tmp_path: Path, subtype: str, rate: int) -> None:
    samples = noise(500, 2)
    soundfile.write(tmp_path / "a.wav", samples, rate, subtype=subtype)
    signal = read_signal(tmp_path / "a.wav")
    assert (signal.rate, signal.channels, signal.frames) == (rate, 2, 500)
    assert np.abs(signal.samples - samples).max() < 2**-14


@pytest.mark.parametrize("kind", ["AIFF", "AU", "CAF", "W64", "RF64", "FLAC", "WAVEX", "NIST"])
def test_other_formats_are_read_and_their_cut_copies_refused(tmp_path: Path, kind: str) -> None:
    whole, cut = tmp_path / f"a.{kind.lower()}", tmp_path / f"b.{kind.lower()}"
    soundfile.write(whole, noise(8000), 16000, format=kind)
    assert read_signal(whole).frames == 8000
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert "cut short" in refusal(cut).fact
    assert f".{kind.lower()}" in SOUND_SUFFIXES or kind == "NIST"


@pytest.mark.parametrize(("kind", "codec"), [("OGG", "VORBIS"), ("OGG", "OPUS")])
@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9, 0.999])
def test_a_cut_ogg_is_refused_or_its_missing_end_said(
    tmp_path: Path, kind: str, codec: str, kept: float
) -> None:
    whole, cut = tmp_path / "a.ogg", tmp_path / "b.ogg"
    soundfile.write(whole, noise(64000), 16000, format=kind, subtype=codec)
    assert probe(whole).notes == ()
    assert read_signal(whole).frames == 64000
    data = whole.read_bytes()
    cut.write_bytes(data[: int(len(data) * kept)])
    assert "cut short" in refusal(cut).fact
    cut.write_bytes(
        data[: data.rindex(b"OggS")]
    )  # at the border of two pages nothing but the mark is missing
    assert "no last page" in probe(cut).notes[0]


def test_tags_after_an_ogg_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    soundfile.write(path, noise(16000), 16000, format="OGG", subtype="VORBIS")
    path.write_bytes(path.read_bytes() + b"TAG" + bytes(125))
    assert probe(path).notes == ()
    assert read_signal(path).frames == 16000


@pytest.mark.parametrize("codec", ["GSM610", "IMA_ADPCM", "MS_ADPCM", "ULAW", "ALAW", "G721_32"])
def test_telephone_codecs_are_read_whole(tmp_path: Path, codec: str) -> None:
    path = tmp_path / ("a.au" if codec == "G721_32" else "a.wav")
    tone = 0.3 * np.sin(np.arange(8000) / 9).astype(np.float32)
    soundfile.write(path, tone, 8000, subtype=codec)
    samples = read_signal(path).samples[:8000, 0]
    assert np.corrcoef(samples, tone)[0, 1] > 0.95
    assert read_start(path, 0.5).frames == 4000


def test_the_header_is_read_alone(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", noise(1600, 2), 16000, subtype="PCM_24")
    info = probe(tmp_path / "a.flac")
    assert (info.rate, info.channels, info.frames, info.seconds) == (16000, 2, 1600, 0.1)
    assert (info.format, info.subtype, info.notes) == ("FLAC", "PCM_24", ())


def test_a_truncated_wav_is_refused_with_both_lengths(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(wav_bytes(tmp_path)[:3044])
    assert refusal(path).fact == "is cut short: its header promises 8000 bytes of sound, 3000 are there"


def test_one_missing_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(wav_bytes(tmp_path)[:-1])
    assert "cut short" in refusal(path).fact


def test_a_wav_cut_inside_its_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(wav_bytes(tmp_path)[:30])
    assert "before its sound data" in refusal(path).fact


def test_a_streamed_wav_is_read_and_its_unknown_length_said(tmp_path: Path) -> None:
    data, path = wav_bytes(tmp_path), tmp_path / "stream.wav"
    at = data.index(b"data")
    data[at + 4 : at + 8] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(data)
    assert read_signal(path).frames == 4000
    assert "does not say how long" in probe(path).notes[0]


def test_a_wav_whose_recorder_died_is_refused_not_taken_for_empty(tmp_path: Path) -> None:
    data, path = wav_bytes(tmp_path), tmp_path / "died.wav"
    at = data.index(b"data")
    data[at + 4 : at + 8] = struct.pack("<I", 0)
    path.write_bytes(data)
    assert refusal(path).fact == "was not finished: its header says 0 bytes of sound, 8000 follow"


def test_chunks_after_the_sound_do_no_harm(tmp_path: Path) -> None:
    data, path = wav_bytes(tmp_path), tmp_path / "tagged.wav"
    data += b"LIST" + struct.pack("<I", 12) + b"INFOIART\0\0\0\0"
    data[4:8] = struct.pack("<I", len(data) - 8)
    path.write_bytes(data)
    assert read_signal(path).frames == 4000


@pytest.mark.parametrize("encoding", ["ascii", "utf-8-sig", "utf-16"])
def test_text_named_wav_is_called_text(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "notes.wav"
    path.write_text("this is no sound\n" * 20, encoding=encoding)
    assert refusal(path).fact == "holds text, not sound"


def test_a_git_lfs_pointer_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n")
    error = refusal(path)
    assert "Git-LFS pointer" in error.fact
    assert "git lfs pull" in error.way_out


@pytest.mark.parametrize(
    ("content", "fact"), [(b"", "is empty (0 bytes)"), (bytes(range(128, 256)), "is not a sound file")]
)
def test_empty_and_foreign_files_are_refused(tmp_path: Path, content: bytes, fact: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert fact in refusal(path).fact


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_located(tmp_path: Path, bad: float) -> None:
    samples = noise(1000)
    samples[800:803] = bad
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    assert (
        refusal(tmp_path / "a.wav").fact == "3 samples are NaN or infinite, the first in frame 800 (0.100 s)"
    )


def test_a_file_with_no_samples_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((0, 1)), 16000)
    assert "zero length" in refusal(tmp_path / "a.wav").fact


def test_eight_channels_are_refused_with_their_number(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(100, 8), 16000)
    assert refusal(tmp_path / "a.wav").fact == "has 8 channels"


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "none.wav").fact
    (tmp_path / "folder.wav").mkdir()
    assert "is a folder" in refusal(tmp_path / "folder.wav").fact


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(tmp_path))

    def refuse(path: Path) -> None:  # root may read everything, so refuse for it
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("gaplisten.audio.headers.open_file", refuse)
    assert refusal(path).fact == "cannot be read (Permission denied)"


def test_samples_beyond_full_scale_are_allowed_and_noted(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([0.0, 2.0, -0.5]), 8000, subtype="FLOAT")
    signal = read_signal(tmp_path / "a.wav")
    assert signal.samples.max() == 2.0
    assert signal_notes(signal) == ("samples reach +6.0 dB beyond full scale",)
    assert clipped_samples(signal) == 1
    assert clipped_samples(signal, "FLOAT") == 0


def test_float_files_keep_what_integers_clip(tmp_path: Path) -> None:
    signal = Signal.of([0.0, 1.5, -1.5, 0.25], 8000)
    write_signal(tmp_path / "f.wav", signal, "FLOAT")
    write_signal(tmp_path / "i.wav", signal)
    assert np.array_equal(read_signal(tmp_path / "f.wav").samples, signal.samples)
    clipped = read_signal(tmp_path / "i.wav").samples[:, 0]
    assert np.array_equal(clipped, np.float32([0, 32767 / 32768, -1, 0.25]))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_signal(path, Signal.of([0.5], 8000))
    with pytest.raises(SoundFileError, match="cannot be written"):
        write_signal(path, Signal.of([0.1, 0.2], 8000), "NO_SUCH_SUBTYPE")
    assert read_signal(path).frames == 1
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == ["a.wav"]


def test_a_full_disk_is_called_full_and_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    write_signal(path, Signal.of([0.5], 8000))

    def full(part, *_rest, **_options):
        Path(os.fsdecode(part)).write_bytes(b"RIFF")
        raise soundfile.LibsndfileError(2)  # "System error."

    monkeypatch.setattr(soundfile, "write", full)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=0))
    with pytest.raises(SoundFileError, match=r"the disk is full.*; make room"):
        write_signal(path, Signal.of([0.1], 8000))
    assert read_signal(path).samples[0, 0] == 0.5
    assert [one.name for one in tmp_path.iterdir()] == ["a.wav"]


def test_a_folder_that_is_not_there_is_named_as_the_reason(tmp_path):
    with pytest.raises(SoundFileError, match="its folder is not there"):
        write_signal(tmp_path / "none" / "a.wav", Signal.of([0.1], 8000))


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SoundFileError, match="no format to write"):
        write_signal(tmp_path / "a.xyz", Signal.of([0.5], 8000))


def test_a_header_that_promises_far_too_much_asks_for_no_memory(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", noise(4000), 16000)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] |= 0x0F  # the upper bits of the 36-bit count of samples
    data[22:26] = b"\xff\xff\xff\xff"
    (tmp_path / "a.flac").write_bytes(data)
    assert "cut short" in refusal(tmp_path / "a.flac").fact


def test_long_sound_is_mapped_from_the_disk_and_just_as_exact(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = noise(700_000, 2)
    soundfile.write(tmp_path / "a.wav", samples, 48000, subtype="FLOAT")
    monkeypatch.setattr("gaplisten.audio.files.IN_MEMORY_SAMPLES", 1000)
    signal = read_signal(tmp_path / "a.wav")
    assert isinstance(signal.samples.base, np.memmap)
    assert np.array_equal(signal.samples, samples)
    assert [path for path in home.rglob("*") if path.is_file()] == [], "the file has no name"
    samples[650_000, 1] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, 48000, subtype="FLOAT")
    assert "1 samples are NaN or infinite, the first in frame 650000" in refusal(tmp_path / "a.wav").fact


def test_no_room_for_long_sound_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", noise(5000), 48000)
    monkeypatch.setattr("gaplisten.audio.files.IN_MEMORY_SAMPLES", 1000)
    (tmp_path / "blocked").write_text("a file where a folder is wanted")
    monkeypatch.setenv("GAPLISTEN_HOME", str(tmp_path / "blocked"))
    with pytest.raises(SoundFileError, match="cannot keep decoded sound"):
        read_signal(tmp_path / "a.wav")


def test_the_beginning_can_be_read_alone(tmp_path: Path) -> None:
    samples = noise(16000)
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    assert np.array_equal(read_start(tmp_path / "a.wav", 0.25).samples, samples[:4000])
    assert read_start(tmp_path / "a.wav", 60).frames == 16000


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_bytes_give_sound_or_a_reason(
    tmp_path: Path, suffix: str, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, noise(300), 16000)
    data = bytearray(path.read_bytes())
    for at, value in changes:
        data[at] = value
    path.write_bytes(data)
    with contextlib.suppress(SoundFileError):
        signal = read_signal(path)
        assert signal.frames > 0
        assert np.isfinite(signal.samples).all()


def test_the_real_clips_are_read(real_clips: Path) -> None:
    lossy = read_signal(real_clips / "challenge2022/blind/lossy_signals/54.wav")
    clean = read_signal(real_clips / "challenge2022/X_CleanReference/54.wav")
    assert (lossy.rate, lossy.frames, lossy.channels) == (16000, 154880, 1)
    received = lossy.samples != 0
    assert np.array_equal(lossy.samples[received], clean.samples[received])


@pytest.mark.parametrize(
    ("subtype", "suffix", "kept_as"),
    [
        ("PCM_16", ".wav", "PCM_16"),
        ("FLOAT", ".wav", "FLOAT"),
        ("DOUBLE", ".wav", "DOUBLE"),
        ("VORBIS", ".wav", "PCM_16"),
        ("ALAC_16", ".wav", "PCM_16"),
        ("PCM_24", ".flac", "PCM_24"),
        ("FLOAT", ".flac", "PCM_24"),
        ("DOUBLE", ".FLAC", "PCM_24"),
        ("PCM_32", ".flac", "PCM_24"),
        ("ULAW", ".flac", "PCM_16"),
        ("FLOAT", ".unknown", "FLOAT"),
    ],
)
def test_a_file_that_cannot_hold_samples_as_they_are_gets_the_nearest(
    subtype: str, suffix: str, kept_as: str
) -> None:
    assert fitting_subtype(subtype, Path(f"a{suffix}")) == kept_as
