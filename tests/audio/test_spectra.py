"""Spectrogram tiles say the right level at the right time and frequency."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.filemap import ArraySource
from gaplisten.audio.spectra import STEPS_PER_DB, TILE, TOP_DB, SpectrumSettings, fitted, tile

RATE = 16000
SETTINGS = SpectrumSettings(16.0)
SIZE = SETTINGS.window_frames(RATE)


def _decibels(levels: np.ndarray) -> np.ndarray:
    return (levels.astype(float) - 255) / STEPS_PER_DB + TOP_DB


def test_a_full_scale_sine_is_at_zero_decibels_in_its_own_bin() -> None:
    bin_number = 40
    sine = np.sin(2 * np.pi * bin_number / SIZE * np.arange(RATE)).astype(np.float32)
    levels = tile(ArraySource(sine[:, None], RATE), 0, 64, SETTINGS)
    middle = _decibels(levels[20])
    assert middle.argmax() == bin_number
    assert abs(middle.max()) <= 0.5
    assert middle[bin_number + 20] < -60


@pytest.mark.parametrize("hop", [16, 64, 256])
def test_a_click_is_seen_in_the_columns_around_it_and_nowhere_else(hop: int) -> None:
    place = TILE * hop + 40 * hop + hop // 2
    data = np.zeros((3 * TILE * hop, 1), np.float32)
    data[place] = 1.0
    source = ArraySource(data, RATE)
    columns = np.concatenate([tile(source, number, hop, SETTINGS) for number in range(3)]).max(axis=1)
    seen = np.flatnonzero(columns > 0)
    assert TILE + 40 in seen
    assert (abs(seen - TILE - 40) <= SIZE / 2 / hop + 1).all()


def test_beyond_the_end_there_is_nothing() -> None:
    data = np.full((1000, 1), 0.5, np.float32)
    levels = tile(ArraySource(data, RATE), 0, 64, SETTINGS)
    assert levels[:15].max() > 0
    assert not levels[17:].any()
    assert not tile(ArraySource(data, RATE), 5, 4096, SETTINGS).any()


def test_far_out_each_column_is_looked_at_more_than_once() -> None:
    hop = SIZE * 8
    data = np.zeros((TILE * hop, 1), np.float32)
    third_quarter = slice(10 * hop + 4 * SIZE, 10 * hop + 6 * SIZE)
    data[third_quarter] = np.random.default_rng(0).uniform(-0.5, 0.5, (2 * SIZE, 1))
    levels = tile(ArraySource(data, RATE), 0, hop, SETTINGS)
    assert levels[10].max() > 100
    assert not levels[9].any()


def test_the_picture_takes_the_loudest_hop_of_each_pixel_and_the_highest_frequency_is_on_top() -> None:
    levels = np.zeros((100, 65), np.uint8)
    levels[33, 64] = 200
    picture = fitted(levels, 0.0, 1.9, 50, 20)
    assert picture.max() == 200
    assert np.argwhere(picture == 200).tolist() == [[0, 33 // 1.9]]


def test_the_hop_is_never_longer_than_a_pixel() -> None:
    for frames_per_pixel in np.geomspace(0.01, 1e6, 60):
        hop = SETTINGS.hop_for(frames_per_pixel, RATE)
        assert hop <= max(frames_per_pixel, SETTINGS.shortest_hop(RATE))
        assert hop * 2 > frames_per_pixel
