"""Samples that lie in a file: stretches are read, the whole only for those who cannot do without."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
import soundfile as sf

from gaplisten.audio import files, longfile
from gaplisten.audio.filemap import SourceError, as_source
from gaplisten.audio.gain import clip_gain
from gaplisten.audio.in_place import read_in_place
from gaplisten.audio.level import active_level, levels, peak
from gaplisten.audio.longfile import FileSamples, file_of
from gaplisten.audio.resample import resample
from gaplisten.audio.resampled import at_rate
from gaplisten.audio.signal import Signal
from gaplisten.bench.levels import received_as_sent
from gaplisten.clips.clip import Clip, ConditionFile
from gaplisten.clips.consistency import doubts_about
from gaplisten.clips.opening import open_clip

RATE = 8000
KINDS = [
    ("WAV", "PCM_16"),
    ("WAV", "PCM_24"),
    ("WAV", "PCM_32"),
    ("WAV", "PCM_U8"),
    ("WAV", "FLOAT"),
    ("WAV", "DOUBLE"),
    ("WAV", "ULAW"),
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
    ("AIFF", "PCM_16"),
]


@pytest.fixture(autouse=True)
def little_memory(monkeypatch):
    for room in ("files", "in_place"):
        monkeypatch.setattr(f"gaplisten.audio.{room}.IN_MEMORY_SAMPLES", 1000)


def written(path, kind="WAV", subtype="PCM_16", channels=1, seconds=125.0):
    sound = np.random.default_rng(3).standard_normal((round(seconds * RATE), channels)) * 0.1
    sf.write(path, sound.clip(-1, 1), RATE, subtype, format=kind)
    return path


def in_place(path):
    return read_in_place(files.probe(path))


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_read_in_place_is_what_is_read_as_a_whole(tmp_path, kind, subtype, channels):
    path = written(tmp_path / "a", kind, subtype, channels, seconds=2.0)
    whole, lying = files.read_signal(path), in_place(path)
    assert isinstance(lying.samples, FileSamples)
    assert (lying.frames, lying.channels, lying.rate) == (whole.frames, whole.channels, RATE)
    assert np.array_equal(lying.samples[3000:9000], whole.samples[3000:9000])
    assert np.array_equal(lying.samples[3000:3500, 0] >= 0, whole.samples[3000:3500, 0] >= 0)
    assert lying.samples[-10:].shape == (10, channels)
    assert peak(lying) == peak(whole)
    assert "_whole" not in vars(lying.samples)


def test_a_long_clip_s_gain_is_the_same_and_none_of_it_is_decoded_as_a_whole(tmp_path):
    paths = [
        written(tmp_path / name, kind, channels=n) for name, kind, n in (("a", "WAV", 1), ("b", "FLAC", 2))
    ]
    whole = [files.read_signal(path) for path in paths]
    lying = [in_place(path) for path in paths]
    for one, other in zip(whole, lying, strict=True):
        assert active_level(other.samples, RATE) == active_level(one.samples, RATE)
    assert clip_gain(lying[0], lying[1:]) == clip_gain(whole[0], whole[1:])
    assert not any("_whole" in vars(each.samples) for each in lying)


def test_a_long_version_is_compared_with_its_reference_by_stretches(tmp_path, monkeypatch):
    lying = [in_place(written(tmp_path / name)) for name in ("a", "b")]
    monkeypatch.setattr(longfile, "IN_MEMORY_SAMPLES", 10 * RATE)
    assert received_as_sent(*lying)
    assert not any("_whole" in vars(each.samples) for each in lying)


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_a_stretch_of_what_lies_in_a_file_is_left_there_and_stands_for_an_array(tmp_path, kind):
    path = written(tmp_path / "a", kind, channels=2, seconds=40.0)
    whole, lying = files.read_signal(path).samples, in_place(path).samples
    part = longfile.stretch(longfile.stretch(lying, 1000, 400_000), 7, 300_000)
    assert isinstance(part, FileSamples)
    assert np.array_equal(part[5000:290_000], whole[6007:291_007])
    assert np.array_equal(part[299_000:], whole[300_007:301_000])
    assert np.array_equal(np.concatenate([*part.pieces()]), whole[1007:301_000])
    blocks = np.array([40, 3, 3])
    gathered = part.source.gather(blocks, 256) * np.float32(part.source.scale)
    assert np.array_equal(gathered, whole[1007 + blocks[:, None] * 256 + np.arange(256)])
    assert not any("_whole" in vars(each) for each in (part, lying))
    assert np.array_equal(np.asarray(part), whole[1007:301_000])
    assert longfile.stretch(whole, 5, 9).base is whole


@pytest.mark.parametrize("told", [True, False], ids=["with a trace", "with none"])
def test_a_long_clip_is_checked_with_seconds_of_it_held(tmp_path, monkeypatch, told):
    lost, sound = np.random.default_rng(5).random(6500) < 0.1, np.random.default_rng(4)
    reference = sound.standard_normal(6500 * 160) * 0.1
    for name, kept in (("reference", 1.0), ("lossy", 0.0), ("mine", 0.5)):
        sf.write(tmp_path / f"{name}.flac", np.where(np.repeat(lost, 160), kept, 1.0) * reference, RATE)
    # What is said to be lost came, and something else did not.
    (tmp_path / "trace.txt").write_text("".join(f"{int(flag)}\n" for flag in np.roll(lost, 40)))
    mine = ConditionFile("mine", tmp_path / "mine.flac")
    trace = tmp_path / "trace.txt" if told else None
    clip = Clip("a", tmp_path / "reference.flac", tmp_path / "lossy.flac", trace, (mine,), packet_ms=20.0)
    read, most, whole = FileSamples.read, [0], open_clip(clip)

    def watched(self, start, stop):
        most.append(stop - start)
        return read(self, start, stop)

    monkeypatch.setattr(FileSamples, "read", watched)
    lying = open_clip(clip, read=read_in_place)
    assert doubts_about(lying) == doubts_about(whole)
    assert bool(doubts_about(lying)) is told
    assert (lying.trace.spans == whole.trace.spans).all()
    assert max(most) <= 40 * RATE
    assert not any("_whole" in vars(each.samples) for each in (lying.reference, lying.lossy))


def test_who_needs_all_of_it_gets_an_array_like_any_other(tmp_path):
    path = written(tmp_path / "a", seconds=2.0)
    whole, lying = files.read_signal(path).samples, in_place(path).samples
    assert np.array_equal(np.asarray(lying), whole)
    assert np.array_equal(lying * np.float32(0.5), whole * np.float32(0.5))
    assert np.array_equal(np.abs(lying - whole), np.zeros_like(whole))
    assert np.array_equal(lying.copy(), whole)
    assert np.array_equal(pickle.loads(pickle.dumps(lying)), whole)
    assert np.array_equal(lying[whole[:, 0] > 0.1], whole[whole[:, 0] > 0.1])


def test_large_stretches_are_not_taken_into_memory(tmp_path, monkeypatch):
    lying = in_place(written(tmp_path / "a", seconds=2.0)).samples
    monkeypatch.setattr(longfile, "IN_MEMORY_SAMPLES", 100)
    assert lying[:1000].base is not None  # of the whole, which lies on the disk
    assert "_whole" in vars(lying)


def test_a_sound_in_place_is_drawn_and_played_from_its_file(tmp_path):
    lying = in_place(written(tmp_path / "a"))
    assert as_source(lying) is file_of(lying).source
    assert file_of(Signal.of([0.0], RATE)) is None


def test_the_same_file_is_the_same_sound_until_it_is_changed(tmp_path):
    path = written(tmp_path / "a")
    first = in_place(path)
    assert in_place(path) is first
    written(path, seconds=126.0)
    assert in_place(path) is not first
    with pytest.raises(SourceError, match="was changed after it was opened"):
        first.samples[0:10]


def test_frames_that_depend_on_those_before_them_are_not_left_for_later(tmp_path):
    for kind, subtype in (("OGG", "VORBIS"), ("WAV", "IMA_ADPCM")):
        path = written(tmp_path / subtype, kind, subtype, seconds=2.0)
        assert file_of(in_place(path)) is None


def test_what_is_no_number_is_refused_as_in_short_files(tmp_path):
    sound = np.zeros(20000)
    sound[12345] = np.nan
    sf.write(tmp_path / "a", sound, RATE, "FLOAT", format="WAV")
    with pytest.raises(files.SoundFileError, match="NaN or infinite"):
        in_place(tmp_path / "a")


def test_damage_within_a_long_flac_is_a_problem_of_the_clip_when_it_is_opened(tmp_path):
    path, whole = written(tmp_path / "a.flac", "FLAC"), written(tmp_path / "b.wav")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    path.write_bytes(data)
    clip = Clip("x", whole, path)
    said = [open_clip(clip, None, read) for read in (files.read_all, read_in_place)]
    assert [bool(each.problems) for each in said] == [True, True]
    assert [each.lossy for each in said] == [None, None]


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_a_long_sound_at_another_rate_is_that_of_the_whole_and_is_made_where_it_is_looked_at(tmp_path, kind):
    path = written(tmp_path / "a", kind, channels=2)
    whole = resample(files.read_signal(path), 11025)
    lying = at_rate(in_place(path), 11025)
    assert isinstance(lying.samples, FileSamples)
    assert (lying.frames, lying.channels, lying.rate) == (whole.frames, 2, 11025)
    for start in (900_000, 500, 1_000_000, whole.frames - 700):
        assert np.array_equal(lying.samples[start : start + 800], whole.samples[start : start + 800])
    assert peak(lying) == peak(whole)
    assert active_level(lying.samples, 11025) == active_level(whole.samples, 11025)
    assert "_whole" not in vars(lying.samples)
    assert np.array_equal(np.asarray(lying.samples), whole.samples)


def test_all_levels_of_a_long_file_come_from_one_reading(tmp_path, monkeypatch):
    path = written(tmp_path / "a", "FLAC", channels=2)
    whole, lying = files.read_signal(path), in_place(path)
    fresh = Signal(FileSamples(lying.samples.source, lambda: None), RATE)
    read, bulk = [], type(lying.samples.source).bulk
    monkeypatch.setattr(
        type(lying.samples.source), "bulk", lambda self, a, b: read.append((a, b)) or bulk(self, a, b)
    )
    assert levels(fresh) == levels(whole)
    ends = [0, *(stop for _, stop in read)]
    assert read == list(pairwise(ends))
    assert ends[-1] == whole.frames


def test_another_process_reads_a_long_file_itself_and_refuses_one_that_was_changed(tmp_path):
    path = written(tmp_path / "a", "FLAC")
    lying, whole = in_place(path), files.read_signal(path)
    faster = at_rate(lying, 11025)
    sent = [pickle.dumps(each.samples) for each in (lying, faster)]
    assert all(len(each) < 5000 for each in sent)
    assert not any("_whole" in vars(each.samples) for each in (lying, faster)), "nothing is decoded for that"
    assert np.array_equal(pickle.loads(sent[0]), whole.samples)
    assert np.array_equal(pickle.loads(sent[1]), resample(whole, 11025).samples)
    written(path, "FLAC", seconds=124.0)
    with pytest.raises(SourceError, match="was changed after it was opened"):
        pickle.loads(sent[0])
