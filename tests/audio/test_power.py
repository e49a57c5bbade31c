"""Root mean squares of columns, and amplitudes in decibels."""

import itertools

import numpy as np
import pytest

from gaplisten.audio.decibels import bent
from gaplisten.audio.filemap import as_source
from gaplisten.audio.power import BLOCK, PIECE, blocks_of, rms_of_blocks, rms_of_samples
from gaplisten.audio.signal import Signal

RATE = 16000
NOISE = np.random.default_rng(3).normal(0, 0.1, (PIECE + 10_000, 2)).astype(np.float32)
SOURCE = as_source(Signal.of(NOISE, RATE))


def _true(first, last):
    return float(np.sqrt((NOISE[first:last].astype(float) ** 2).mean()))


def test_columns_narrower_than_a_block_are_exact_over_all_channels():
    edges = np.arange(1000, 3001, 37)
    found = rms_of_samples(SOURCE, edges)
    assert found == pytest.approx([_true(a, b) for a, b in itertools.pairwise(edges)], rel=1e-5)


def test_a_column_narrower_than_a_frame_is_its_sample_and_behind_the_end_there_is_nothing():
    edges = np.array([5, 5, 6, SOURCE.frames, SOURCE.frames + 1])
    found = rms_of_samples(SOURCE, edges)
    assert found[0] == pytest.approx(_true(5, 6), rel=1e-5)
    assert np.isnan(found[-1])


def test_columns_of_blocks_are_exact_on_their_edges_and_across_pieces():
    pieces = [blocks_of(SOURCE, number) for number in (0, 1)]
    edges = np.array([PIECE - 8 * BLOCK, PIECE - 4 * BLOCK, PIECE + 4 * BLOCK])
    found = rms_of_blocks(pieces, edges)
    assert found == pytest.approx([_true(a, b) for a, b in itertools.pairwise(edges)], rel=1e-4)
    missing = rms_of_blocks(pieces[:1], np.array([PIECE, PIECE + 4 * BLOCK]))
    assert np.isnan(missing).all()


def test_decibels_lie_evenly_and_keep_the_sign():
    assert bent(np.array([1.0, -0.1, 0.01, 0.0, 1e-4])) == pytest.approx([1.0, -2 / 3, 1 / 3, 0.0, 0.0])
    assert bent(np.array([0.5]), 2.0) == pytest.approx([1.0])
