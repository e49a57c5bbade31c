"""Files of more than two channels: what is used of them, read alike in every way of reading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio import files, in_place
from gaplisten.audio.channels import ChannelsError, Pick, Reading, parse_channels
from gaplisten.audio.filemap import read_floats
from gaplisten.audio.files import ManyChannelsError, SoundFileError, probe, read_signal, read_start
from gaplisten.audio.headerless import RawFormat
from gaplisten.audio.opening import open_source
from gaplisten.report.wav import cut

RATE = 16000
KINDS = [("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "FLOAT"), ("flac", "PCM_16"), ("flac", "PCM_24")]


def _file(folder: Path, count: int, kind: str = "wav", subtype: str = "PCM_16") -> tuple[Path, np.ndarray]:
    """Write noise of so many channels; return it with what a reader finds in it."""
    path = folder / f"{count}.{kind}"
    noise = np.random.default_rng(count).uniform(-0.5, 0.5, (RATE // 2, count))
    soundfile.write(path, noise, RATE, subtype=subtype)
    return path, soundfile.read(path, dtype="float32", always_2d=True)[0]


def _so(text: str) -> Reading:
    return Reading(channels=parse_channels(text))


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
@pytest.mark.parametrize("said", ["3", "4+1", "mean"])
def test_every_way_of_reading_finds_the_same_channels(tmp_path, kind, subtype, said):
    path, whole = _file(tmp_path, 6, kind, subtype)
    wanted = {
        "3": whole[:, [2]],
        "4+1": whole[:, [3, 0]],
        "mean": whole.mean(axis=1, dtype=np.float64, keepdims=True).astype(np.float32),
    }[said]
    reading = _so(said)
    assert np.array_equal(read_signal(path, reading).samples, wanted)
    assert np.array_equal(read_start(path, 0.1, reading).samples, wanted[:1600])
    source = open_source(path, reading)
    assert (source.channels, source.frames) == (wanted.shape[1], len(wanted))
    assert np.array_equal(read_floats(source, 100, 900), wanted[100:900])
    block = source.gather(np.array([2, 5]), 64) * source.scale
    assert np.allclose(block[1], wanted[320:384], atol=0)
    assert np.array_equal(np.asarray(source.bulk(10, 90) * source.scale, np.float32), wanted[10:90])
    own = cut(path, 100, 900, reading)
    assert np.array_equal(own.floats, wanted[100:900])
    assert own.exact is (said != "mean")


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
@pytest.mark.parametrize("said", ["3", "mean"])
def test_a_long_file_is_read_in_place_with_the_same_samples(tmp_path, monkeypatch, kind, subtype, said):
    path, _ = _file(tmp_path, 4, kind, subtype)
    wanted = read_signal(path, _so(said)).samples
    for module in (files, in_place):
        monkeypatch.setattr(module, "IN_MEMORY_SAMPLES", 1000)
    long = in_place.read_in_place(probe(path, _so(said)))
    assert long.samples.shape == wanted.shape
    assert np.array_equal(np.asarray(long.samples[1000:2000]), wanted[1000:2000])
    assert np.array_equal(np.asarray(long.samples), wanted)


def test_without_a_choice_such_a_file_says_how_to_choose(tmp_path):
    path, _ = _file(tmp_path, 6)
    with pytest.raises(ManyChannelsError, match=r"6 channels.*--channels 3, 1\+2 or mean") as told:
        read_signal(path)
    assert told.value.channels == 6


def test_a_file_says_what_is_used_of_it(tmp_path):
    path, _ = _file(tmp_path, 6)
    assert probe(path, _so("3")).notes == ("of its 6 channels, channel 3 is used",)
    assert probe(path, _so("1+2")).notes == ("of its 6 channels, channels 1 and 2 are used",)
    assert probe(path, _so("mean")).notes == ("of its 6 channels, the mean of all is used",)


def test_what_is_said_of_many_channels_leaves_mono_and_stereo_as_they_are(tmp_path):
    for count in (1, 2):
        path, whole = _file(tmp_path, count)
        assert np.array_equal(read_signal(path, _so("3")).samples, whole)
        assert probe(path, _so("3")).notes == ()


def test_files_of_different_counts_are_told_apart(tmp_path):
    said = _so("8:3,6:1+2,2:2,mean")
    for count, pick in ((8, (3,)), (6, (1, 2)), (2, (2,)), (4, ()), (1, None)):
        path, _ = _file(tmp_path, count)
        found = probe(path, said).pick
        assert (None if found is None else found.channels) == pick


def test_a_channel_that_a_file_has_not_is_refused_by_name(tmp_path):
    path, _ = _file(tmp_path, 4)
    with pytest.raises(SoundFileError, match="has 4 channels, and no channel 6"):
        read_signal(path, _so("6"))


def test_a_damaged_flac_is_found_out_though_only_one_of_its_channels_is_used(tmp_path):
    path, _ = _file(tmp_path, 4, "flac")
    data = bytearray(path.read_bytes())
    data[26:42] = bytes(16)  # the digest of all samples
    data[26] = 1
    path.write_bytes(data)
    with pytest.raises(SoundFileError, match="MD5"):
        read_signal(path, _so("2"))


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("0", "no channel, counted from 1"),
        ("one", "no channel, counted from 1"),
        ("", "no channel, counted from 1"),
        ("1+2+3", "3 channels cannot be compared"),
        ("2+2", "the same channel stands there twice"),
        ("4:6", "there is no channel 6 in files of 4"),
        ("4:1,4:2", "says two things of files of 4 channels"),
        ("1,2", "says two things of files of any number"),
        ("1:1", "one channel leaves no choice"),
        ("9" * 400, "no channel, counted from 1"),
    ],
)
def test_what_cannot_be_chosen_is_refused(text, fact):
    with pytest.raises(ChannelsError, match=fact):
        parse_channels(text)


@pytest.mark.parametrize("text", ["3", "1+2", "mean", "6:1+2,8:3", "mean,8:3"])
def test_a_choice_is_written_as_it_is_read(text):
    assert str(parse_channels(text)) == text


def test_a_newer_choice_leaves_what_it_does_not_speak_of():
    before = Reading(RawFormat(8000), parse_channels("6:1,8:2"))
    after = Reading(channels=parse_channels("8:5")).over(before)
    assert after.raw == RawFormat(8000)
    assert [after.channels.of(count) for count in (6, 8)] == [Pick(6, (1,)), Pick(8, (5,))]
