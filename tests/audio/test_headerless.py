"""Samples without a header are read as somebody says, never by a guess; what is plainly wrong is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio.channels import Reading
from gaplisten.audio.files import SoundFileError, probe, read_signal, read_start
from gaplisten.audio.headerless import (
    ENCODINGS,
    RawError,
    RawFormat,
    check_bare,
    guess_bare,
    parse_raw,
    told_by,
)
from gaplisten.audio.opening import open_source
from gaplisten.folders import resources

SPEECH = resources() / "demo" / "clean" / "demo1.flac"


def bare(path: Path, encoding: str, channels: int = 1, seconds: float = 2.0) -> Path:
    """Write two seconds of the demo's speech without a header."""
    samples, rate = soundfile.read(SPEECH, frames=round(16000 * seconds), always_2d=True)
    assert rate == 16000
    if channels == 2:
        samples = np.hstack([samples, 0.7 * np.roll(samples, 7)])
    samples = samples + np.random.default_rng(3).uniform(-1e-6, 1e-6, samples.shape)  # more than 16 bits
    form = ENCODINGS[encoding]
    soundfile.write(str(path), samples, rate, format="RAW", subtype=form.subtype, endian=form.endian)
    return path


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("channels", [1, 2])
def test_what_was_written_is_read_in_every_encoding(tmp_path: Path, encoding: str, channels: int) -> None:
    path = bare(tmp_path / "x.pcm", encoding, channels)
    raw = RawFormat(16000, encoding, channels)
    found = read_signal(path, Reading(raw))
    assert (found.rate, found.frames, found.channels) == (16000, 32000, channels)
    wanted, _ = soundfile.read(SPEECH, frames=32000)
    assert np.corrcoef(found.samples[:, 0], wanted)[0, 1] > 0.99
    assert probe(path, Reading(raw)).notes == ()
    source = open_source(path, Reading(raw))
    assert np.array_equal(source.raw(100, 200) * np.float32(source.scale), found.samples[100:200])
    assert np.array_equal(read_start(path, 0.5, Reading(raw)).samples, found.samples[:8000])
    if (encoding, channels) != ("s8", 2):  # which looks like two bytes of one sample
        assert guess_bare(path) == raw


# What people mistake for each other; true first.
MISTAKES = [
    ("s16le", 1, "s16be", 1),
    ("s16be", 1, "s16le", 1),
    ("s16le", 1, "f32le", 1),
    ("f32le", 1, "s16le", 1),
    ("f32le", 1, "s32le", 1),
    ("f32le", 1, "f32be", 1),
    ("s16le", 1, "s32le", 1),
    ("s16le", 1, "s24le", 1),
    ("s24le", 1, "s16le", 1),
    ("s16le", 1, "s8", 1),
    ("s16le", 1, "ulaw", 1),
    ("ulaw", 1, "s16le", 1),
    ("ulaw", 1, "alaw", 1),
    ("alaw", 1, "ulaw", 1),
    ("u8", 1, "s8", 1),
    ("s16le", 2, "s16le", 1),
    ("s16le", 1, "s16le", 2),
    ("f64le", 1, "f32le", 1),
    ("s16le", 2, "s32le", 1),
]


@pytest.mark.parametrize(("encoding", "channels", "said", "as_many"), MISTAKES)
def test_a_wrong_reading_is_refused_with_the_right_one(
    tmp_path: Path, encoding: str, channels: int, said: str, as_many: int
) -> None:
    path = bare(tmp_path / "x.pcm", encoding, channels)
    with pytest.raises(RawError) as refused:
        check_bare(path, RawFormat(16000, said, as_many))
    assert f"16000,{encoding},{channels}" in refused.value.way_out
    with pytest.raises(SoundFileError, match="fit as"):
        read_signal(path, Reading(RawFormat(16000, said, as_many)))


@pytest.mark.parametrize(
    "samples",
    [
        np.random.default_rng(1).uniform(-1, 1, 40000),
        np.zeros(40000),
        0.5 * np.sin(np.arange(40000) * np.pi / 2 + np.pi / 4),
        np.where(np.arange(40000) % 800 < 320, 0.0, np.random.default_rng(2).normal(0, 0.001, 40000)),
    ],
    ids=["noise", "silence", "a quarter of the rate", "faint noise with gaps"],
)
def test_what_is_no_speech_is_not_refused_where_no_other_reading_is_better(
    tmp_path: Path, samples: np.ndarray
) -> None:
    path = tmp_path / "x.raw"
    (np.asarray(samples) * 32767).astype("<i2").tofile(path)
    assert read_signal(path, Reading(RawFormat(8000))).frames == 40000


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("16000,s16le", lambda x: (x * 32767 + 32768).astype("<u2")),
        ("16000,s32le", lambda x: (x * 32768).astype("<f4")),
    ],
    ids=["unsigned", "floats of integers"],
)
def test_samples_that_are_never_near_zero_are_no_sound(tmp_path: Path, raw: str, written) -> None:
    samples, _ = soundfile.read(SPEECH, start=8000, frames=32000)
    samples[4800:6400] = 0
    path = tmp_path / "x.raw"
    written(samples).tofile(path)
    with pytest.raises(SoundFileError, match="on both sides of zero and never near it"):
        probe(path, Reading(parse_raw(raw)))


def test_one_sample_is_looked_at_in_silence(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    (tmp_path / "x.raw").write_bytes(b"\1")
    assert probe(tmp_path / "x.raw", Reading(RawFormat(8000, "alaw"))).frames == 1
    assert not recwarn.list


def test_the_real_noise_is_remarked_on(tmp_path: Path) -> None:
    path = tmp_path / "x.raw"
    np.random.default_rng(1).integers(-32768, 32767, 40000).astype("<i2").tofile(path)
    assert "noise from sample to sample" in probe(path, Reading(RawFormat(8000))).notes[0]


def test_nothing_is_guessed_without_a_word_of_the_user(tmp_path: Path) -> None:
    path = bare(tmp_path / "x.16k", "s16le")
    for reader in (probe, read_signal):
        with pytest.raises(SoundFileError, match=r"only 16000 Hz is known; say what it holds.*--raw"):
            reader(path)


def test_an_odd_byte_is_said(tmp_path: Path) -> None:
    path = bare(tmp_path / "x.pcm", "s16le")
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(SoundFileError, match=r"64,001 bytes, which are no whole frames of 2 bytes"):
        probe(path, Reading(RawFormat(16000)))


def test_the_suffix_beats_what_was_said_and_that_is_noted(tmp_path: Path) -> None:
    path = bare(tmp_path / "x.8k.f32", "f32le")
    info = probe(path, Reading(RawFormat(16000, "s16le")))
    assert (info.rate, info.frames) == (8000, 32000)
    assert "its name says 8000 Hz, f32le" in info.notes[0]


def test_a_belied_suffix_is_refused_with_the_name_that_would_fit(tmp_path: Path) -> None:
    path = bare(tmp_path / "x.f32", "s16le")
    with pytest.raises(SoundFileError, match=r"s16le fits: rename it to end with \.s16le"):
        probe(path, Reading(RawFormat(16000)))


@pytest.mark.parametrize("kind", ["WAV", "NIST"])
def test_a_file_with_a_header_is_never_read_as_if_it_had_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.raw"
    soundfile.write(path.with_suffix(".wav"), np.zeros(100), 48000, format=kind)
    data = path.with_suffix(".wav").read_bytes()
    if kind == "NIST":  # as SPHERE itself writes it: all of its head is text
        data = data[:1024].replace(b"\0", b" ") + data[1024:]
    path.write_bytes(data)
    with pytest.raises(SoundFileError, match=r"has a header of its own.*rename it"):
        probe(path, Reading(RawFormat(16000)))


def test_a_pointer_to_a_file_without_a_header_is_called_one(tmp_path: Path) -> None:
    path = tmp_path / "x.pcm"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(SoundFileError, match=r"Git-LFS pointer.*git lfs pull"):
        probe(path, Reading(RawFormat(16000)))


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("16000", "RATE,ENCODING"),
        ("16000,s17", "no encoding"),
        ("0,s16le", "no rate"),
        ("16000,s16le,6", "cannot be used"),
        ("1e4,s16le", "no rate"),
        ("9" * 5000 + ",s16le", "no rate"),
    ],
)
def test_what_cannot_be_said_is_refused(text: str, fact: str) -> None:
    with pytest.raises(RawError, match=fact):
        parse_raw(text)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.16k", (16000, None)),
        ("a.sw", (None, "s16le")),
        ("a.48k.f32", (48000, "f32le")),
        ("a.ul", (None, "ulaw")),
        ("a.pcm", (None, None)),
        ("a.s16be", (None, "s16be")),
    ],
)
def test_suffixes_tell_what_they_can(name: str, told: tuple[int | None, str | None]) -> None:
    assert told_by(Path(name)) == told
