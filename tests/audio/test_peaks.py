"""The extremes of a column are the true ones, at every zoom and pan."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.audio.filemap import ArraySource
from gaplisten.audio.peaks import BASE, CHUNK, FAN, PeakPyramid
from gaplisten.audio.viewport import Viewport

RNG = np.random.default_rng(7)
LONG = CHUNK + 77_777


def _source(frames: int, channels: int = 1, dtype: str = "int16") -> ArraySource:
    noise = RNG.integers(-3000, 3000, (frames, channels)).astype(np.int16)
    if dtype == "int16":
        return ArraySource(noise, 48000, 1 / 32768)
    return ArraySource((noise / 32768).astype(np.float32), 48000)


@pytest.fixture(scope="module")
def pyramids() -> list[PeakPyramid]:
    shapes = [
        (LONG, 1, "int16"),
        (LONG, 2, "int16"),
        (LONG, 1, "float32"),
        (5000, 2, "int16"),
        (1, 1, "int16"),
    ]
    return [PeakPyramid(_source(*shape)).fill_all() for shape in shapes]


def _by_looking_at_every_sample(pyramid: PeakPyramid, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    data = pyramid.source.raw(0, pyramid.source.frames)
    low, high = [], []
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = data[begin : max(end, begin + 1)]
        low.append(float(part.min()) * pyramid.source.scale)
        high.append(float(part.max()) * pyramid.source.scale)
    return np.array(low, np.float32), np.array(high, np.float32)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_columns_hold_the_true_extremes_at_any_zoom_and_pan(
    pyramids: list[PeakPyramid], data: st.DataObject
) -> None:
    pyramid = data.draw(st.sampled_from(pyramids))
    total = pyramid.source.frames
    width = data.draw(st.integers(1, 300))
    begin = data.draw(st.floats(0, max(total - 1, 0)))
    span = data.draw(st.floats(1, max(total * 1.0, 16.0)))
    edges = Viewport(0, 1, width, total).between(begin, begin + span).edges()
    edges = edges[: np.searchsorted(edges, total)]
    edges = np.append(edges, min(total, edges[-1] + round(span / width) + 1))
    if len(edges) < 2 or edges[-2] >= total:
        return
    columns = pyramid.columns(edges)
    low, high = _by_looking_at_every_sample(pyramid, edges)
    assert columns.known.all()
    np.testing.assert_allclose(columns.low, low)
    np.testing.assert_allclose(columns.high, high)


@pytest.mark.parametrize(
    "place", [0, 1, BASE - 1, BASE, BASE * FAN - 1, BASE * FAN, CHUNK - 1, CHUNK, LONG - 1]
)
@pytest.mark.parametrize("frames_per_pixel", [0.3, 1.0, 7.3, 255.0, 512.0, 700.5, 16384.0, 40000.0])
def test_a_click_of_one_sample_shows_in_its_own_column_only(place: int, frames_per_pixel: float) -> None:
    data = np.zeros((LONG, 1), np.int16)
    data[place] = 32767
    pyramid = PeakPyramid(ArraySource(data, 48000, 1 / 32768)).fill_all()
    start = max(place - 150 * frames_per_pixel, 0.0)
    edges = Viewport(start, frames_per_pixel, 400, LONG).edges()
    columns = pyramid.columns(edges)
    with_click = np.flatnonzero(columns.high > 0.99)
    expected = [
        index for index in range(400) if edges[index] <= place < max(edges[index + 1], edges[index] + 1)
    ]
    assert with_click.tolist() == expected
    assert expected


def test_what_is_not_read_yet_is_unknown_and_not_silence() -> None:
    pyramid = PeakPyramid(_source(LONG))
    edges = np.linspace(0, LONG, 101).astype(np.int64)
    assert not pyramid.columns(edges).known.any()
    pyramid.fill(0)
    known = pyramid.columns(edges).known
    assert known[0]
    assert not known[-1]
    assert 0.4 < pyramid.fraction < 0.6


def test_columns_outside_the_sound_are_unknown() -> None:
    pyramid = PeakPyramid(_source(1000)).fill_all()
    columns = pyramid.columns(np.array([-20, -10, 0, 500, 1000, 1500]))
    assert columns.known.tolist() == [False, False, True, True, False]
