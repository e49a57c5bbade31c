"""Compressed files are read quickly, and what is read quickly is still what is in them."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio import opening
from gaplisten.audio.blocks import SparseSamples
from gaplisten.audio.filemap import ArraySource, SourceError
from gaplisten.audio.opening import PIECE, DecodedSource, QuickFlac
from gaplisten.audio.peaks import CHUNK, PeakPyramid
from gaplisten.audio.spectra import SpectrumSettings, tile
from gaplisten.jobs import give_way

RATE = 48000
FRAMES = 2 * CHUNK + 12_345
needs_quick = pytest.mark.skipif(
    not QuickFlac.reads("FLAC", "PCM_16"), reason="miniaudio is not installed, so libsndfile reads everything"
)


def _sound(channels: int) -> np.ndarray:
    steps = np.random.default_rng(5).integers(-200, 200, (FRAMES, channels))
    return (np.cumsum(steps, axis=0) % 30_000 - 15_000).astype(np.int16)


def _write(path: Path, samples: np.ndarray) -> Path:
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("quick", [False, pytest.param(True, marks=needs_quick)])
def test_chunks_read_in_any_order_hold_the_samples_of_the_file(
    tmp_path: Path, channels: int, quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not quick:
        monkeypatch.setattr(opening, "_decoder", lambda: None)
    samples = _sound(channels)
    source = DecodedSource(_write(tmp_path / "a.flac", samples))
    parts = [(0, CHUNK), (CHUNK, 2 * CHUNK), (2 * CHUNK, FRAMES), (PIECE + 7, 3 * PIECE), (3 * PIECE, FRAMES)]
    for start, stop in [*parts, *reversed(parts)]:
        assert np.array_equal(source.bulk(start, stop), samples[start:stop])
    assert source._quick is quick


@needs_quick
def test_a_damaged_place_is_an_error_and_not_sound_in_the_wrong_place(tmp_path: Path) -> None:
    path = _write(tmp_path / "damaged.flac", _sound(1))
    content = bytearray(path.read_bytes())
    middle = len(content) // 4
    content[middle : middle + 40] = bytes(range(100, 140))
    path.write_bytes(content)
    source = DecodedSource(path)
    with pytest.raises(SourceError, match=r"damaged\.flac.*cannot be decoded"):
        source.bulk(0, CHUNK)


@needs_quick
def test_a_decoder_that_left_something_out_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = _sound(1)
    source = DecodedSource(_write(tmp_path / "a.flac", samples))

    def shifted(reader: QuickFlac, target: np.ndarray, start: int) -> bool:
        target[:] = samples[start + 4096 : start + 4096 + len(target)]
        return True

    monkeypatch.setattr(QuickFlac, "read_into", shifted)
    assert np.array_equal(source.bulk(0, CHUNK), samples[:CHUNK])
    assert not source._quick


def test_pieces_are_kept_from_where_they_were_read() -> None:
    samples = _sound(2)
    kept = SparseSamples(FRAMES, 2, samples.dtype)
    centres = np.array([8192, 100_000, CHUNK - 1, FRAMES + 5])
    assert kept.near(centres, 512) is None
    for start in (CHUNK, 0, 2 * CHUNK):
        kept.keep(samples[start : start + CHUNK], start)
    found = kept.near(centres, 512)
    assert found is not None
    assert found.shape == (4, 512, 2)
    last = FRAMES // SparseSamples.EVERY - 1
    for piece, place in zip(found, (0, 6, 63, last), strict=True):
        begin = place * SparseSamples.EVERY + (SparseSamples.EVERY - 512) // 2
        assert np.array_equal(piece, samples[begin : begin + 512])
    assert kept.near(centres, 2 * SparseSamples.SIZE) is None


def test_a_sound_too_short_to_keep_anything_of_is_no_trouble() -> None:
    kept = SparseSamples(1000, 1, np.dtype(np.int16))
    kept.keep(np.zeros((1000, 1), np.int16), 0)
    assert kept.near(np.array([500]), 64) is None


def test_from_afar_a_spectrogram_needs_no_second_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hop, frames = 2 * SparseSamples.EVERY, 2 * CHUNK
    tone = np.zeros(frames)
    tone[CHUNK:] = 0.5 * np.sin(2 * np.pi * 6000 / RATE * np.arange(CHUNK))
    source = DecodedSource(_write(tmp_path / "tone.flac", (tone * 32767).astype(np.int16)))
    settings = SpectrumSettings(16.0)
    sought = tile(source, 0, hop, settings)
    PeakPyramid(source).fill_all()
    monkeypatch.setattr(source, "_fill", None)
    kept = tile(source, 0, hop, settings)
    size = settings.window_frames(RATE)
    for levels in (sought, kept):
        assert levels[:31].max() <= 20
        assert (levels[33:64].argmax(axis=1) == round(6000 / RATE * size)).all()
        assert not levels[64:].any()
    assert np.abs(kept[33:64].max(axis=1).astype(int) - sought[33:64].max(axis=1)).max() <= 2


@pytest.mark.parametrize("frames", [1, 200, 256, 257, 5000, CHUNK + 1])
def test_the_first_coarse_picture_is_never_wider_than_the_truth(frames: int) -> None:
    samples = _sound(1)[:frames]
    pyramid = PeakPyramid(ArraySource(samples, RATE, 1 / 32768))
    pyramid.glimpse()
    edges = np.linspace(0, frames, min(frames, 50) + 1).astype(np.int64)
    coarse = pyramid.columns(edges)
    highest = max(samples.max(), 0) / 32768
    lowest = min(samples.min(), 0) / 32768
    assert coarse.high.max() <= highest + 1e-7
    assert coarse.low.min() >= lowest - 1e-7
    assert pyramid.loudest <= max(highest, -lowest) + 1e-7
    pyramid.fill_all()
    assert pyramid.loudest == pytest.approx(np.abs(samples.astype(int)).max() / 32768)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a niceness for each thread")
def test_a_reading_thread_gives_way_and_the_painting_one_does_not() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    found: list[int] = []

    def work() -> None:
        give_way()
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0] > before or before >= 5
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
