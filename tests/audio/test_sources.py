"""Files read by the block give the samples that are in them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio.filemap import SourceError, read_floats
from gaplisten.audio.opening import DecodedSource, open_source
from gaplisten.audio.peaks import PeakPyramid
from gaplisten.audio.wavmap import MappedSource, wav_layout

NOISE = np.random.default_rng(3).uniform(-0.9, 0.9, (70_001, 2)).astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "subtype", "kind"),
    [
        ("wav", "PCM_16", MappedSource),
        ("wav", "PCM_24", MappedSource),
        ("wav", "PCM_32", MappedSource),
        ("wav", "FLOAT", MappedSource),
        ("wav", "ULAW", DecodedSource),
        ("wav", "DOUBLE", DecodedSource),
        ("flac", "PCM_16", DecodedSource),
        ("flac", "PCM_24", DecodedSource),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_reads_as_its_decoder_says(
    tmp_path: Path, suffix: str, subtype: str, kind: type, channels: int
) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, NOISE[:, :channels], 16000, subtype=subtype)
    wanted = soundfile.read(path, dtype="float32", always_2d=True)[0]
    source = open_source(path)
    assert isinstance(source, kind)
    assert (source.frames, source.channels, source.rate) == (70_001, channels, 16000)
    np.testing.assert_allclose(read_floats(source, 0, 70_001), wanted, atol=1e-7)
    np.testing.assert_allclose(read_floats(source, 1234, 5678), wanted[1234:5678], atol=1e-7)
    blocks = source.gather(np.array([3, 273]), 256) * source.scale
    np.testing.assert_allclose(blocks[0], wanted[768:1024], atol=1e-7)
    np.testing.assert_allclose(blocks[1, : 70_001 - 273 * 256], wanted[273 * 256 :], atol=1e-7)
    columns = PeakPyramid(source).fill_all().columns(np.array([0, 35_000, 70_001]))
    assert abs(columns.high.max() - wanted.max()) < 1e-6
    assert abs(columns.low.min() - wanted.min()) < 1e-6


def test_wide_columns_of_a_compressed_file_hold_every_click(tmp_path: Path) -> None:
    path = tmp_path / "clicks.flac"
    data = np.zeros(400_000, np.int16)
    places = np.array([0, 5, 63, 64, 65, 33_010, 200_000, 399_999])
    data[places] = 30_000
    soundfile.write(path, data, 48000, subtype="PCM_16")
    pyramid = PeakPyramid(open_source(path)).fill_all()
    edges = np.arange(0, 400_001, 1000)
    found = np.flatnonzero(pyramid.columns(edges).high > 0.9)
    # A column may begin half a grain (32 frames) beside its place: 33,010 is in the one that ends at 33,000.
    assert sorted(set(found.tolist())) == [0, 32, 200, 399]


def test_chunks_before_the_samples_and_extensible_headers_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    samples = np.arange(-50, 50, dtype="<i2")
    extensible = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 16000, 2, 16, 22, 16, 4)
    extensible += struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    body = b"JUNK" + struct.pack("<I", 3) + b"abc\0"
    body += b"fmt " + struct.pack("<I", len(extensible)) + extensible
    body += b"data" + struct.pack("<I", 200) + samples.tobytes()
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)
    source = open_source(path)
    assert isinstance(source, MappedSource)
    assert source.raw(0, 100)[:, 0].tolist() == samples.tolist()


def test_a_header_that_promises_more_than_the_file_holds_is_believed_only_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, NOISE[:1000, 0], 8000, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:-500])
    layout = wav_layout(path)
    assert layout is not None
    assert layout.frames == 750
    assert len(open_source(path).raw(0, 1000)) == 750


def test_a_file_cut_short_while_it_is_shown_reads_as_silence_instead_of_killing_the_program(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, NOISE[:, 0], 16000, subtype="PCM_16")
    source = open_source(path)
    assert isinstance(source, MappedSource)
    assert source.raw(60_000, 60_010).any()
    path.write_bytes(b"")
    assert not source.raw(60_000, 60_010).any()
    assert not source.gather(np.array([200]), 256).any()
    assert source.changed


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not sound at all" * 100])
def test_what_is_not_sound_is_refused_with_a_reason(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.wav.* (is empty|is cut short|holds text)"):
        open_source(path)


def test_a_missing_file_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        open_source(tmp_path / "no.wav")
