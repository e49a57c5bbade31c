"""Residuals and altered samples are what comparing sample by sample says."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.audio.difference import AlteredSource, DifferenceSource
from gaplisten.audio.filemap import ArraySource
from gaplisten.audio.peaks import PeakPyramid
from gaplisten.loss.trace import runs_of

PACKET = 160


def _pair(seed: int, one_frames: int, other_frames: int, channels: int, mixed: bool):
    random = np.random.default_rng(seed)
    long = random.integers(-9000, 9000, (max(one_frames, other_frames), channels)).astype(np.int16)
    other = long[:other_frames].copy()
    one = long[:one_frames].copy()
    places = random.integers(0, one_frames, 5)
    one[places] += 1
    source = ArraySource(one, 16000, 1 / 32768)
    if mixed:
        source = ArraySource((one / 32768).astype(np.float32), 16000)
    return source, ArraySource(other, 16000, 1 / 32768), one, other


def _flags(one: np.ndarray, other: np.ndarray, lost: np.ndarray) -> np.ndarray:
    frames = max(len(one), len(other))
    padded = [np.pad(x.astype(int), ((0, frames - len(x)), (0, 0))) for x in (one, other)]
    changed = (padded[0] != padded[1]).any(axis=1)
    mask = np.zeros(frames, bool)
    covered = np.repeat(lost, PACKET)[:frames]
    mask[: len(covered)] = covered
    return changed & ~mask


sizes = st.integers(300, 9000)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), sizes, sizes, st.integers(1, 2), st.booleans(), st.integers(3, 40))
def test_altered_columns_are_those_that_hold_an_altered_received_frame(
    seed: int, one_frames: int, other_frames: int, channels: int, mixed: bool, columns: int
) -> None:
    one_source, other_source, one, other = _pair(seed, one_frames, other_frames, channels, mixed)
    lost = np.random.default_rng(seed).random(max(one_frames, other_frames) // PACKET) < 0.3
    source = AlteredSource(one_source, other_source, runs_of(lost) * PACKET)
    flags = _flags(one, other, lost)
    edges = np.linspace(0, source.frames, columns + 1).astype(np.int64)
    found = PeakPyramid(source).fill_all().columns(edges).high > 0
    expected = [flags[a:b].any() for a, b in itertools.pairwise(edges)]
    assert found.tolist() == expected


def test_the_residual_is_the_sample_wise_difference_with_silence_after_the_end() -> None:
    one_source, other_source, one, other = _pair(1, 5000, 3000, 2, False)
    source = DifferenceSource(one_source, other_source)
    padded = np.pad(other.astype(float), ((0, 2000), (0, 0)))
    expected = (one.astype(float) - padded) / 32768
    np.testing.assert_allclose(source.raw(0, 5000), expected, atol=1e-7)
    blocks = np.array([0, 10, 11, 18, 19])
    gathered = source.gather(blocks, 256)
    np.testing.assert_allclose(gathered[1], expected[2560:2816], atol=1e-7)
    np.testing.assert_allclose(gathered[2], expected[2816:3072], atol=1e-7)
    np.testing.assert_allclose(gathered[4, : 5000 - 19 * 256], expected[19 * 256 :], atol=1e-7)


def test_a_tolerance_forgives_rounding() -> None:
    data = np.zeros((1000, 1), np.float32)
    other = data.copy()
    other[500] = 1 / 32768
    lost = np.zeros((0, 2), np.int64)
    exact = AlteredSource(ArraySource(data, 16000), ArraySource(other, 16000), lost)
    tolerant = AlteredSource(ArraySource(data, 16000), ArraySource(other, 16000), lost, 1.5 / 32768)
    assert np.flatnonzero(exact.raw(0, 1000)).tolist() == [500]
    assert not tolerant.raw(0, 1000).any()


def test_the_frames_beside_a_lost_stretch_are_received_ones() -> None:
    one = np.zeros((1000, 1), np.int16)
    lost = np.array([[0, 160], [320, 480]])
    source = AlteredSource(ArraySource(one, 16000, 1 / 32768), ArraySource(one + 1, 16000, 1 / 32768), lost)
    wanted = np.ones(1000, np.uint8)
    wanted[0:160] = wanted[320:480] = 0
    assert np.array_equal(source.raw(0, 1000)[:, 0], wanted)
    assert np.array_equal(source.gather(np.arange(10), 100)[..., 0].ravel(), wanted)
    for edge in (159, 160, 319, 320, 479, 480):
        assert source.raw(edge, edge + 1)[0, 0] == wanted[edge]
