"""Damaged sound files are never shortened or changed without a word, and ask for no memory on their word."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio import ogg
from gaplisten.audio.filemap import SourceError
from gaplisten.audio.files import SoundFileError, probe, read_signal
from gaplisten.audio.opening import DecodedSource, open_source
from kit.timing import bytes_read, that_ends

OGG = [("VORBIS", 16_000), ("OPUS", 48_000)]


def tone(frames: int) -> np.ndarray:
    time = np.arange(frames)
    return (0.3 * np.sin(time / 9) * (1 + np.sin(time / 4000)) / 2).astype(np.float32)


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def refusal(path: Path) -> str:
    with pytest.raises(SoundFileError) as caught:
        read_signal(path)
    return caught.value.fact


# --- Ogg


@pytest.mark.parametrize(("codec", "rate"), OGG)
def test_one_flipped_bit_anywhere_in_an_ogg_is_told(tmp_path: Path, codec: str, rate: int) -> None:
    whole, bad = tmp_path / "a.ogg", tmp_path / "b.ogg"
    soundfile.write(whole, tone(rate), rate, format="OGG", subtype=codec)
    data = whole.read_bytes()
    assert read_signal(whole).frames == rate
    for bit in np.random.default_rng(3).integers(0, 8 * len(data), 60).tolist():
        bad.write_bytes(flipped(data, bit))
        assert re.search("damaged|cut short|not a sound", refusal(bad)), bit


@pytest.mark.parametrize(("codec", "rate"), OGG)
def test_a_page_missing_in_an_ogg_is_told(tmp_path: Path, codec: str, rate: int) -> None:
    whole, bad = tmp_path / "a.ogg", tmp_path / "b.ogg"
    noise = np.random.default_rng(1).normal(0, 0.2, 4 * rate).astype(np.float32)
    soundfile.write(whole, noise, rate, format="OGG", subtype=codec)
    data = whole.read_bytes()
    pages = [found.start() for found in re.finditer(b"OggS\0", data)]
    assert len(pages) > 6
    bad.write_bytes(data[: pages[4]] + data[pages[5] :])
    assert "pages 4 to 4 are missing" in refusal(bad)
    bad.write_bytes(data[: pages[4]] + b"junk" + data[pages[4] :])
    assert f"byte {pages[4]}" in refusal(bad)


def test_two_oggs_one_after_the_other_are_still_read(tmp_path: Path) -> None:
    first, second, both = (tmp_path / f"{name}.ogg" for name in "abc")
    for path in (first, second):
        soundfile.write(path, tone(16_000), 16_000, format="OGG", subtype="VORBIS")
    both.write_bytes(first.read_bytes() + second.read_bytes())
    assert probe(both).notes == ()


# --- lengths


@pytest.mark.parametrize(("endian", "order"), [("LITTLE", "<"), ("BIG", ">")])
@pytest.mark.parametrize("codec", ["GSM610", "IMA_ADPCM", "MS_ADPCM"])
def test_coders_that_fill_their_last_block_give_what_was_written(
    tmp_path: Path, codec: str, endian: str, order: str
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(4000), 8000, subtype=codec, endian=endian)
    data = path.read_bytes()
    at = data.index(b"fact") + 8
    (frames,) = struct.unpack_from(f"{order}I", data, at)
    assert frames == {"IMA_ADPCM": 4040}.get(codec, 4000)  # libsndfile itself fills IMA's last block
    samples = read_signal(path).samples
    assert np.array_equal(samples, soundfile.read(path, frames, dtype="float32", always_2d=True)[0])
    assert probe(path).frames == open_source(path).frames == len(samples) == frames
    for fact in (0, 0xFFFFFFFF, 7):  # never finished: all that is there is read
        path.write_bytes(data[:at] + struct.pack(f"{order}I", fact) + data[at + 4 :])
        assert read_signal(path).frames == soundfile.info(path).frames
    path.write_bytes(data[:at] + struct.pack(f"{order}I", 40_000) + data[at + 4 :])
    assert "promises 40000 frames" in refusal(path)


@pytest.mark.parametrize("codec", ["PCM_16", "ALAC_16", "ULAW"])
def test_a_caf_cut_anywhere_is_refused(tmp_path: Path, codec: str) -> None:
    whole, cut = tmp_path / "a.caf", tmp_path / "b.caf"
    soundfile.write(whole, tone(4000), 16_000, subtype=codec)
    data = whole.read_bytes()
    assert read_signal(whole).frames == 4000
    end = data.rindex(b"data") + 12 + struct.unpack_from(">q", data, data.rindex(b"data") + 4)[0]
    for kept in np.linspace(10, end - 1, 40).astype(int).tolist():
        cut.write_bytes(data[:kept])
        assert re.search("cut short|damaged", refusal(cut)), kept


@pytest.mark.parametrize(
    ("behind", "told"),
    [
        (b"", False),
        (b"\0", False),
        (b"\0\0\0", False),
        (b"\0\0\1", True),
        (b"\0\0\0\0", True),
        (b"junk", True),
    ],
)
def test_what_stands_behind_all_chunks_of_a_caf_is_noted_but_for_zeros_that_fill_a_word(
    tmp_path: Path, behind: bytes, told: bool
) -> None:
    path = tmp_path / "a.caf"
    soundfile.write(path, tone(4000), 16_000, subtype="PCM_16")
    path.write_bytes(path.read_bytes() + behind)
    assert probe(path).frames == 4000
    assert bool(probe(path).notes) == told


def test_a_caf_that_was_streamed_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.caf"
    soundfile.write(path, tone(4000), 16_000, subtype="PCM_16")
    data = path.read_bytes()
    at = data.index(b"data") + 4
    assert at + 8 + struct.unpack_from(">q", data, at)[0] == len(data)
    path.write_bytes(data[:at] + struct.pack(">q", -1) + data[at + 8 :])
    assert "does not say how long" in refusal(path)


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_flac_is_compared_with_the_digest_in_its_header(
    tmp_path: Path, subtype: str, channels: int
) -> None:
    path = tmp_path / "a.flac"
    sound = np.random.default_rng(5).uniform(-1, 1, (5000, channels))
    soundfile.write(path, sound, 16_000, subtype=subtype)
    data = path.read_bytes()
    assert read_signal(path).frames == 5000
    (total,) = struct.unpack_from(">I", data, 22)
    path.write_bytes(data[:22] + struct.pack(">I", total - 1000) + data[26:])
    assert "MD5" in refusal(path)
    path.write_bytes(flipped(data, 8 * 30))
    assert "MD5" in refusal(path)
    path.write_bytes(data[:26] + bytes(16) + data[42:])  # an encoder that did not know it
    assert read_signal(path).frames == 5000


def test_what_flac_itself_calls_damaged_is_refused(tmp_path: Path) -> None:
    if not shutil.which("flac"):
        pytest.skip("flac is not there")
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(16_000), 16_000, subtype="PCM_16")
    data = path.read_bytes()
    wrong = 0
    for bit in np.random.default_rng(7).integers(8 * 8, 8 * len(data), 40).tolist():
        path.write_bytes(flipped(data, bit))
        tested = subprocess.run(["flac", "-t", "-s", path], capture_output=True, check=False)
        if tested.returncode:
            wrong += 1
            refusal(path)
    assert wrong > 20


# --- MP3


def without_index(path: Path, sound: np.ndarray, mode: str) -> None:
    """Write an MP3 file as a live stream is recorded: without the frame that counts the others."""
    kind = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": mode, "compression_level": 0.3}
    with soundfile.SoundFile(path, "w", 16_000, 1, **kind) as file:
        file.write(sound)
    data = path.read_bytes()
    path.write_bytes(data[data.index(data[:2], 4) :])


def test_a_whole_mp3_without_an_index_is_read_whole_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    # Silence first: libsndfile takes its bit rate for that of all and promises far more than there is.
    without_index(path, np.concatenate((np.zeros(160_000), tone(48_000))).astype(np.float32), "VARIABLE")
    assert soundfile.info(path).frames > 209_000
    assert 208_000 <= read_signal(path).frames <= 210_000
    assert "no index" in probe(path).notes[0]
    assert open_source(path).frames == probe(path).frames == read_signal(path).frames


def test_an_mp3_of_which_only_the_beginning_would_be_read_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.mp3"
    noise = np.random.default_rng(1).normal(0, 0.3, 48_000)
    without_index(path, np.concatenate((noise, np.zeros(264_000))).astype(np.float32), "VARIABLE")
    assert re.search(r"only \d+ of 313344 frames", refusal(path))


def crc_16(data: bytes) -> int:
    total = 0
    for byte in data:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ (0xA001 if total & 1 else 0)
    return total


def test_an_mp3_whose_index_is_summed_up_as_ffmpeg_does_is_whole_and_one_of_another_sum_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.mp3"
    kind = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT"}
    soundfile.write(path, tone(16_000), 16_000, **kind, compression_level=0.6)
    data = bytearray(path.read_bytes())
    first = data.index(b"\xff")
    own = data.index(b"LAME", first) + 34
    data[own : own + 2] = bytes(2)
    summed = crc_16(bytes(data[first : first + 190]))  # of mono sound its own two bytes are among them
    for change in (0, 1):
        data[own : own + 2] = (summed ^ change).to_bytes(2, "big")
        path.write_bytes(data)
        if change:
            assert "checksum of its index" in refusal(path)
        else:
            assert read_signal(path).frames >= 16_000


def test_an_mp3_with_its_index_is_read_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    soundfile.write(path, tone(16_000), 16_000, format="MP3", subtype="MPEG_LAYER_III")
    assert (read_signal(path).frames, probe(path).notes) == (16_000, ())


def test_an_mp3_whose_index_leaves_its_encoders_delay_out_is_read_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    data = bytearray(indexed(path))
    at = data.index(b"LAME")
    data[at : at + 36] = bytes(36)
    path.write_bytes(data)
    read = read_signal(path).samples[:16_000, 0]
    late = int(np.correlate(read, tone(16_000), "full")[15_999 : 15_999 + 800].argmax())
    assert read_signal(path).frames > 16_000
    assert "its sound begins late by it (576 samples with LAME)" in probe(path).notes[0]
    assert late > 0


def indexed(path: Path) -> bytes:
    soundfile.write(path, tone(16_000), 16_000, format="MP3", subtype="MPEG_LAYER_III")
    return path.read_bytes()


def coded_frames(data: bytes) -> list[int]:
    """Return where the frames of an MP3 file of one bit rate begin."""
    head = data[:2]
    return [
        at for at in range(len(data) - 1) if data[at : at + 2] == head and data[at + 2 : at + 3] != b"\xff"
    ]


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.3, "its index counts 30 frames, 0 are there"),
        (0.6, "its index counts 30 frames, 14 are there"),
        (0.95, "its index counts 2124 bytes, 2016 are there"),
    ],
)
def test_an_mp3_that_was_cut_has_fewer_frames_than_its_index_counts(
    tmp_path: Path, share: float, told: str
) -> None:
    path = tmp_path / "a.mp3"
    data = indexed(path)
    path.write_bytes(data[: int(share * len(data))])
    assert told in refusal(path)


@pytest.mark.parametrize("bit", range(11))
def test_an_mp3_with_a_flipped_bit_in_the_head_of_a_frame_is_told(tmp_path: Path, bit: int) -> None:
    path = tmp_path / "a.mp3"
    data = indexed(path)
    path.write_bytes(flipped(data, 8 * coded_frames(data)[9] + bit))
    assert "is damaged" in refusal(path)


def test_an_mp3_with_bytes_between_its_frames_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    data = indexed(path)
    at = coded_frames(data)[9]
    path.write_bytes(data[:at] + bytes(50) + data[at:])
    assert refusal(path) == "is damaged: 50 bytes between its frames belong to none"


def test_a_hole_in_an_mp3_without_an_index_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    without_index(path, tone(48_000), "CONSTANT")
    data = path.read_bytes()
    at = coded_frames(data)[9]
    path.write_bytes(data[:at] + bytes(50) + data[at:])
    assert "50 bytes between its frames belong to none" in probe(path).notes[1]


# --- AIFF, VOC, streamed FLAC


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24", "FLOAT", "ULAW", "IMA_ADPCM"])
@pytest.mark.parametrize("frames", [4000, 4001])
def test_a_whole_aiff_is_read_without_a_note(tmp_path: Path, subtype: str, frames: int) -> None:
    path = tmp_path / "a.aiff"
    soundfile.write(path, tone(frames), 16_000, subtype=subtype, format="AIFF")
    assert probe(path).notes == ()


@pytest.mark.parametrize(
    ("counted", "told"),
    [
        (4100, "is damaged: its header counts 4100 frames, 4000 are there"),
        (3900, "counts 3900 frames, 4000 are"),
    ],
)
def test_an_aiff_that_counts_another_number_of_frames_is_told(
    tmp_path: Path, counted: int, told: str
) -> None:
    path = tmp_path / "a.aiff"
    soundfile.write(path, tone(4000), 16_000, subtype="PCM_16")
    data = path.read_bytes()
    at = data.index(b"COMM") + 10
    path.write_bytes(data[:at] + struct.pack(">I", counted) + data[at + 4 :])
    assert told in (refusal(path) if counted > 4000 else probe(path).notes[0])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_U8"])
def test_a_voc_that_was_cut_is_refused(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "a.voc"
    soundfile.write(path, tone(4000), 16_000, format="VOC", subtype=subtype)
    assert (probe(path).frames, probe(path).notes) == (4000, ())
    data = path.read_bytes()
    for length in (40, len(data) // 2, len(data) - 40):
        path.write_bytes(data[:length])
        assert "is cut short" in refusal(path)


def test_a_flac_from_a_pipe_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(16_000), 16_000)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # as written where the encoder cannot go back: no length, no digest
    data[22:42] = bytes(20)
    path.write_bytes(bytes(data))
    assert refusal(path) == "does not say how long it is (written as a stream)"


# --- WAV


def test_a_wav_whose_header_counts_only_half_is_read_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(8000), 16_000, subtype="PCM_16")
    data = path.read_bytes()
    assert probe(path).notes == ()
    path.write_bytes(data[:40] + struct.pack("<I", 8000) + data[44:])
    assert read_signal(path).frames == 4000
    assert "8,000 bytes behind its sound" in probe(path).notes[0]
    path.write_bytes(data + b"LIST" + struct.pack("<I", 4) + b"INFO")
    assert probe(path).notes == ()


def test_a_chunk_that_claims_gigabytes_is_passed_over_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 0x7FFFFFFF) + b"WAVEjunk" + struct.pack("<I", 0x7FFFFFF0))
        file.truncate(2**31)

    def refused() -> None:
        with pytest.raises(SourceError):
            open_source(path)

    assert bytes_read(refused) < 2**20


# --- promises


@pytest.mark.parametrize("reader", [read_signal, open_source])
def test_a_header_that_promises_what_no_bytes_can_hold_is_refused_before_memory_is_asked_for(
    tmp_path: Path, reader: object
) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(4000), 16_000, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[21] |= 0x0F
    data[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    with pytest.raises((SoundFileError, SourceError), match=r"promises 68,719,476,735 frames"):
        reader(path)  # type: ignore[operator]


def test_silence_that_flac_packs_a_thousandfold_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros(2_000_000), 48_000, subtype="PCM_16")
    assert read_signal(path).frames == 2_000_000
    assert isinstance(open_source(path), DecodedSource)


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "aiff", "au", "caf", "w64", "mp3"])
def test_no_reason_speaks_of_a_librarys_inside(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, tone(4000), 16_000)
    data = path.read_bytes()
    random, facts = np.random.default_rng(11), []
    for _ in range(60):
        changed = bytearray(data)
        for at in random.integers(0, min(len(data), 200), 3):
            changed[at] = random.integers(256)
        path.write_bytes(changed)
        for reader in (read_signal, open_source):
            try:
                reader(path)
            except (SoundFileError, SourceError) as error:
                facts.append(error.fact)
    assert not [fact for fact in facts if re.search(r"internal|psf_|sf_info|unspecified", fact.lower())]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_refused_at_once_by_every_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    os.mkfifo(path)
    for reader in (read_signal, probe, open_source):
        with pytest.raises((SoundFileError, SourceError), match=r"pipe|no regular file"):
            that_ends(lambda reader=reader: reader(path))


# --- heads


def made(path: Path, **how: str) -> bytes:
    noise = np.random.default_rng(1).normal(0, 0.1, 8001).astype(np.float32)
    soundfile.write(path, noise, 16_000, **how)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("suffix", "how"),
    [
        ("wav", {}),
        ("wav", {"format": "RF64"}),
        ("w64", {}),
        ("caf", {"subtype": "ALAC_16"}),
        ("mp3", {}),
        ("aiff", {"subtype": "IMA_ADPCM"}),
    ],
)
def test_a_bit_flipped_in_a_head_never_changes_length_or_channels_without_a_word(
    tmp_path: Path, suffix: str, how: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"a.{suffix}"
    data = made(path, **how)
    whole = read_signal(path)
    assert probe(path).notes == ()
    for bit in range(0, 1024, 3):
        path.write_bytes(flipped(data, bit))
        try:
            info, found = probe(path), read_signal(path)
        except SoundFileError:
            continue
        same = found.samples.shape == whole.samples.shape and found.rate in (16_000, 32_000)
        assert same or info.notes, bit  # no number in an AIFF's head follows from its rate
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("suffix", "how"),
    [
        ("w64", {}),
        ("w64", {"subtype": "IMA_ADPCM"}),
        ("sph", {"format": "NIST"}),
        ("au", {}),
        ("au", {"subtype": "G721_32"}),
        ("caf", {}),
        ("wav", {"format": "RF64"}),
        ("voc.wav", {"format": "VOC"}),
        ("mp3", {}),
    ],
)
def test_bytes_behind_the_sound_are_told_and_not_played(
    tmp_path: Path, suffix: str, how: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"a.{suffix}"
    data = made(path, **how)
    whole = read_signal(path)
    path.write_bytes(data + b"\x15" * 200)
    assert re.search("(200|194) bytes behind its sound belong to no part of it", " ".join(probe(path).notes))
    assert np.array_equal(read_signal(path).samples, whole.samples)
    assert open_source(path).frames == whole.frames
    assert capfd.readouterr().err == ""


def test_a_flipped_bit_in_the_frames_of_an_mp3_with_checksums_is_refused_and_nothing_chatters(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.mp3"
    data = made(path)
    first = 8 * coded_frames(data)[1]
    for bit in np.random.default_rng(5).integers(first, 8 * len(data), 60).tolist():
        path.write_bytes(flipped(data, bit))
        assert "is damaged" in refusal(path), bit
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("suffix", "how", "at", "bad", "what"),
    [
        ("wav", {"subtype": "IMA_ADPCM"}, 2, 89, "block 2 of"),  # beyond the table of steps
        ("wav", {"subtype": "IMA_ADPCM"}, 3, 1, "block 2 of"),
        ("w64", {"subtype": "IMA_ADPCM"}, 2, 200, "block 2 of"),
        ("wav", {"subtype": "MS_ADPCM"}, 0, 7, "block 2 of"),
        ("aiff", {"subtype": "IMA_ADPCM"}, 1, 0x7F, "block 2 of"),
        ("aiff", {"subtype": "GSM610"}, 0, 0x40, "block 2 of"),
        ("caf", {"subtype": "ALAC_16"}, 0, 0b010_00000, "packet 2 of 2 begins"),
        ("caf", {"subtype": "ALAC_16"}, 1, 0b000_00100, "packet 2 of 2 begins"),
        ("caf", {"subtype": "ALAC_16"}, 2, 0b000_01100, "packet 2 of 2 begins"),
        ("caf", {"subtype": "ALAC_16"}, -1, 0, "packet 1 of 2 ends"),
        ("caf", {"subtype": "ALAC_16"}, -1, 0b1010_0000, "packet 1 of 2 ends"),
    ],
)
def test_a_codecs_block_that_begins_as_none_does_is_named(
    tmp_path: Path, suffix: str, how: dict[str, str], at: int, bad: int, what: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    data = bytearray(made(path, **how))
    read_signal(path)
    place = data.index(b"SSND" if suffix == "aiff" else b"data")
    if suffix == "aiff":
        second = place + 16 + {"IMA_ADPCM": 34, "GSM610": 33}[how["subtype"]]
    elif suffix == "caf":
        table = data.index(b"pakt") + 12 + 24
        second = place + 12 + 4 + ((data[table] & 0x7F) << 7 | data[table + 1])
    else:
        size = struct.unpack_from("<H", data, data.index(b"fmt ") + (24 if suffix == "w64" else 8) + 12)[0]
        second = place + (24 if suffix == "w64" else 8) + size
    data[second + at] = bad
    path.write_bytes(data)
    assert f"is damaged: {what}" in refusal(path)


def alac_packets(data: bytes) -> slice:
    """Return where the packets of ALAC lie in a Core Audio file."""
    start = data.index(b"data") + 16
    return slice(start, start - 4 + int.from_bytes(data[start - 12 : start - 4], "big"))


SOUNDS = {
    "noise": np.random.default_rng(2).uniform(-1, 1, 30_000),
    "hum": np.sin(np.arange(30_000) / 9) * np.hanning(30_000)
    + np.random.default_rng(3).normal(0, 1e-3, 30_000),
    "near silence": np.random.default_rng(4).normal(0, 2e-5, 30_000),
    "zeros": np.zeros(30_000),
    "gaps": np.where(np.arange(30_000) // 3200 % 2, 0, np.random.default_rng(5).normal(0, 0.1, 30_000)),
    "a click an hour": np.arange(200_000) == 140_000,
    "one sample": np.full(1, 0.7),
}


@pytest.mark.parametrize("subtype", ["ALAC_16", "ALAC_20", "ALAC_24", "ALAC_32"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sound", SOUNDS)
def test_whole_alac_is_used_up_by_its_sound(tmp_path: Path, subtype: str, channels: int, sound: str) -> None:
    if (subtype, channels) == ("ALAC_20", 2) and sound in ("noise", "gaps", "one sample"):
        pytest.skip("libsndfile writes pairs of 20 bits that it does not compress in a way nobody can read")
    path = tmp_path / "a.caf"
    left = SOUNDS[sound] * 0.9
    soundfile.write(path, np.stack([left, left[::-1]][:channels], axis=1), 16_000, subtype=subtype)
    assert (probe(path).frames, probe(path).notes) == (len(left), ())


@pytest.mark.parametrize("at", [3, 100, 900])
@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_damage_in_the_middle_of_alac_that_changes_where_its_sound_ends_is_refused(
    tmp_path: Path, at: int, byte: int
) -> None:
    path = tmp_path / "a.caf"
    data = bytearray(made(path, subtype="ALAC_16"))
    start = alac_packets(bytes(data)).start + at
    data[start : start + 24] = bytes([byte]) * 24
    path.write_bytes(data)
    assert refusal(path) == "is damaged: packet 1 of 2 is not used up by its sound"


def test_no_damage_of_alac_makes_its_reader_fail(tmp_path: Path) -> None:
    path = tmp_path / "a.caf"
    soundfile.write(path, SOUNDS["hum"][:6000], 16_000, subtype="ALAC_24")
    data, told, chance = path.read_bytes(), 0, np.random.default_rng(6)
    place = alac_packets(data)
    for _ in range(60):
        bad = bytearray(data)
        at = int(chance.integers(place.start + 3, place.stop - 60))
        bad[at : at + 40] = chance.bytes(40)
        path.write_bytes(bad)
        try:
            assert read_signal(path).frames == 6000
        except SoundFileError as error:
            told += "is not used up by its sound" in str(error)
    assert told > 20


def test_packets_of_alac_beyond_what_is_walked_are_still_looked_at_where_they_begin_and_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gaplisten.audio.alac.MOST_SAMPLES", 5000)
    path = tmp_path / "a.caf"
    data = bytearray(made(path, subtype="ALAC_16"))
    place = alac_packets(bytes(data))
    data[place.stop - 400 : place.stop - 360] = bytes(40)
    path.write_bytes(data)
    assert read_signal(path).frames == 8001
    data[place.stop - 1] = 0
    path.write_bytes(data)
    assert refusal(path) == "is damaged: packet 2 of 2 ends as none does"


def test_alac_without_the_table_of_its_packets_or_with_a_wrong_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.caf"
    data = made(path, subtype="ALAC_16")
    at = data.index(b"pakt")
    path.write_bytes(data[:at] + b"free" + data[at + 4 :])
    assert refusal(path) == "is cut short: the table of its packets is missing"
    path.write_bytes(flipped(data, 8 * (at + 12 + 24)))
    assert "the table of its 2 packets counts" in refusal(path)
    path.write_bytes(flipped(data, 8 * (at + 12 + 15)))
    assert "its 2 packets hold at most 8192" in refusal(path)


@pytest.mark.parametrize(
    ("first", "name"), [(b"\x7fFLAC\1\0", "FLAC"), (b"Speex   1.2", "Speex"), (b"junk", "unknown sound")]
)
def test_an_ogg_with_another_codec_is_called_what_it_is(tmp_path: Path, first: bytes, name: str) -> None:
    path = tmp_path / "a.oga"
    page = b"OggS\0\2" + bytes(8) + struct.pack("<III", 7, 0, 0) + bytes([1, len(first)]) + first
    path.write_bytes(page[:22] + struct.pack("<I", ogg._checksum(page)) + page[26:])
    assert refusal(path) == f"is an Ogg file with {name} in it: only Vorbis and Opus can be read"


def test_a_voc_in_several_parts_is_refused_for_the_reader_would_play_their_heads(tmp_path: Path) -> None:
    path = tmp_path / "a.voc.wav"
    data = made(path, format="VOC", subtype="PCM_U8")
    path.write_bytes(data[:-1] + b"\2\4\0\0abcd\0")
    assert refusal(path) == "is made of 2 parts, of which only one could be read"


@pytest.mark.parametrize("kind", ["IRCAM", "PAF", "AVR", "PVF", "SVX"])
def test_a_kind_whose_length_nothing_tells_for_sure_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.wav"
    made(path, format=kind)
    assert re.search("no format is recognised|FORM, and no AIFF", refusal(path))


def test_a_codec_that_is_not_known_is_not_called_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.caf"
    path.write_bytes(made(path, subtype="ALAC_16").replace(b"alac", b"aac ", 1))
    assert refusal(path) == "holds sound of a kind that cannot be read (aac)"


@pytest.mark.parametrize(("rate", "told"), [(16_002, "no usual rate"), (12_345, "no usual rate")])
def test_a_rate_that_nobody_uses_is_noted(tmp_path: Path, rate: int, told: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(8000), rate)
    assert told in probe(path).notes[0]
    soundfile.write(path, tone(8000), 2_000_000)
    assert "is damaged: its header says that it has 2,000,000 samples a second" in refusal(path)


@pytest.mark.parametrize("told", [0, 39, 2**40, 8000])
def test_a_wave64_file_that_says_another_length_of_itself_is_read_with_a_note(tmp_path, told):
    path = tmp_path / "x.w64"
    soundfile.write(path, np.full(4000, 0.1), 16_000)
    assert probe(path).notes == ()
    data = bytearray(path.read_bytes())
    data[16:24] = told.to_bytes(8, "little")
    path.write_bytes(data)
    (note,) = probe(path).notes
    assert f"its header counts {told} bytes in all, {len(data)} are there and are read" in note
