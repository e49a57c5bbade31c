"""Viewport, ruler, shading, curve: the arithmetic of the picture."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.audio.filemap import ArraySource
from gaplisten.audio.raster import curve, interpolated
from gaplisten.audio.ruler import RulerUnit, Scale, duration, ticks
from gaplisten.audio.viewport import FEWEST_FRAMES, Viewport
from gaplisten.loss.shading import LossMap
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes.time_axis import MOST_NOTCHES, notches

totals = st.integers(20, 200_000_000)


@given(totals, st.integers(1, 4000), st.floats(0.01, 100), st.floats(0, 1))
def test_zooming_keeps_the_frame_under_the_pointer_where_it_is(
    total: int, width: int, factor: float, place: float
) -> None:
    view = Viewport.whole(total, width).between(total * 0.3, total * 0.6)
    frame = view.start + place * view.span
    after = view.zoomed(factor, frame)
    assert after.start >= 0
    assert after.stop <= total + 1e-3 or after.span <= FEWEST_FRAMES + 1e-6
    if after.start > 0 and after.stop < total - 1e-3:
        before_x = (frame - view.start) / view.span
        assert (frame - after.start) / after.span == pytest.approx(before_x, abs=1e-3)


@given(totals, st.integers(1, 2000), st.floats(0, 1), st.floats(1e-6, 1))
def test_the_columns_share_out_the_frames_without_holes(
    total: int, width: int, start: float, share: float
) -> None:
    view = Viewport.whole(total, width).between(start * total, start * total + share * total)
    edges = view.edges()
    assert len(edges) == width + 1
    assert (np.diff(edges) >= 0).all()
    assert abs(edges[0] - view.start) <= view.frames_per_pixel + 1


@given(st.floats(2, 50_000), st.integers(-300, 300))
def test_panning_by_whole_pixels_keeps_the_columns_frames(frames_per_pixel: float, pixels: int) -> None:
    view = Viewport(400 * frames_per_pixel, frames_per_pixel, 200, int(2000 * frames_per_pixel))
    moved = view.panned(pixels)
    common = np.intersect1d(view.edges(), moved.edges())
    assert len(common) >= 201 - abs(pixels)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, -1.0])
def test_senseless_zoom_factors_change_nothing(value: float) -> None:
    view = Viewport.whole(1000, 100)
    assert view.zoomed(value, 10) == view


def test_wild_wheel_turns_are_clamped() -> None:
    assert notches(120) == 1
    assert notches(1e9) == MOST_NOTCHES
    assert notches(-1e9) == -MOST_NOTCHES
    assert notches(math.nan) == 0


@settings(max_examples=60)
@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 400), st.integers(1, 80))
def test_the_share_of_lost_frames_is_exact_in_every_column(
    lost: list[bool], packet: int, columns: int
) -> None:
    trace = LossTrace.of_packets(np.array(lost), packet, 16000)
    frames = len(lost) * packet
    edges = np.unique(np.linspace(0, frames, columns + 1).astype(np.int64))
    if len(edges) < 2:
        return
    shading = LossMap(trace, frames).shading(edges, frames / columns)
    mask = trace.mask(frames)
    expected = [mask[a:b].mean() for a, b in itertools.pairwise(edges)]
    np.testing.assert_allclose(shading.lost, expected, atol=1e-6)
    assert ((shading.strength > 0) == (np.array(expected) > 0)).all()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 50)), max_size=12), st.integers(1, 80))
def test_gaps_off_the_packets_are_shaded_as_exactly(found: list[tuple[int, int]], columns: int) -> None:
    trace = LossTrace.of_spans([(start, start + length) for start, length in found], 1000, 16000)
    edges = np.unique(np.linspace(0, 1000, columns + 1).astype(np.int64))
    shading = LossMap(trace, 1000).shading(edges, 1000 / columns)
    mask = trace.mask(1000)
    expected = [mask[a:b].mean() for a, b in itertools.pairwise(edges)]
    np.testing.assert_allclose(shading.lost, expected, atol=1e-6)


def test_zones_of_five_milliseconds_are_shown_only_where_they_are_wide_enough() -> None:
    trace = LossTrace.of_packets(np.array([False, False, True, False, False]), 320, 16000)
    loss = LossMap(trace, 1600)
    edges = np.arange(0, 1601, 4)
    zone = loss.shading(edges, 4.0).zone
    assert [edges[i] for i in np.flatnonzero(zone)] == [*range(560, 640, 4), *range(960, 1040, 4)]
    assert not loss.shading(np.arange(0, 1601, 40), 40.0).zone.any()


@given(st.sampled_from(list(RulerUnit)), st.floats(0, 1e8), st.floats(20, 2e8))
def test_ticks_are_inside_and_their_labels_have_room(unit: RulerUnit, start: float, span: float) -> None:
    scale = Scale.of(unit, 48000, 960)
    room = span / 12
    found = ticks(scale, start, start + span, room)
    assert len(found) < 160
    labelled = [tick.frame for tick in found if tick.text]
    assert all(start - room <= frame <= start + span + room for frame in labelled)
    assert all(b - a >= room * 0.99 for a, b in itertools.pairwise(labelled))
    assert len({tick.text for tick in found if tick.text}) == len(labelled)


@pytest.mark.parametrize(
    ("seconds", "decimals", "text"),
    [
        (3.2144, 3, "3.214 s"),
        (59.9996, 3, "1:00.000"),
        (62.5, 1, "1:02.5"),
        (3723.0, 0, "1:02:03"),
        (0, 1, "0.0 s"),
    ],
)
def test_durations_read_naturally(seconds: float, decimals: int, text: str) -> None:
    assert duration(seconds, decimals) == text


def test_the_curve_goes_through_every_sample_and_follows_the_sound_between_them() -> None:
    phase = 2 * np.pi * 0.11
    samples = np.sin(phase * np.arange(400)).astype(np.float32)[:, None]
    places = np.arange(100, 200, 0.23)
    np.testing.assert_allclose(interpolated(samples, places)[:, 0], np.sin(phase * places), atol=2e-3)
    whole = np.arange(100.0, 200.0)
    np.testing.assert_allclose(interpolated(samples, whole)[:, 0], samples[100:200, 0], atol=1e-7)
    found = curve(ArraySource(samples, 16000), Viewport(50, 0.3, 300, 400))
    assert found is not None
    assert set(range(50, 140)) <= set(found.x.tolist())
