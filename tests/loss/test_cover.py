"""The packets that a concealer is told of, for gaps that lie off them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaplisten.audio.signal import Signal
from gaplisten.loss.cover import Cover
from gaplisten.loss.trace import Grid, LossTrace, apply_loss

SOUND = Signal.of(np.arange(1, 1001) / 1000, 8000)


def trace(*rows: tuple[int, int], grid: Grid | None = None) -> LossTrace:
    return LossTrace.of_spans(rows, SOUND.frames, SOUND.rate, grid=grid)


def test_packets_are_covered_by_themselves() -> None:
    value = LossTrace.of_packets(np.array([False, True, True]), 160, 8000)
    cover = Cover.of(value, SOUND.frames)
    assert cover.trace.lost.tolist() == [False, True, True, False, False, False, False]
    assert (cover.exact, cover.before, cover.given(SOUND)) == (True, 0, SOUND)


def test_a_gap_off_the_packets_is_covered_by_those_it_touches() -> None:
    cover = Cover.of(trace((150, 170), (640, 800), grid=Grid(160)), SOUND.frames)
    assert np.flatnonzero(cover.trace.lost).tolist() == [0, 1, 4]
    assert (cover.trace.packet_frames, cover.exact, cover.before) == (160, False, 0)


def test_where_nothing_is_known_of_packets_they_are_10_ms_long() -> None:
    cover = Cover.of(trace((150, 170)), SOUND.frames)
    assert cover.trace.packet_frames == 80
    assert np.flatnonzero(cover.trace.lost).tolist() == [1, 2]


def test_packets_that_begin_before_the_sound_are_given_whole_and_taken_back_exactly() -> None:
    value = trace((0, 60), (220, 380), grid=Grid(160, -100))
    cover = Cover.of(value, SOUND.frames)
    assert (cover.exact, cover.before) == (True, 100)
    assert np.flatnonzero(cover.trace.lost).tolist() == [0, 2]
    given_ = cover.given(apply_loss(SOUND, value))
    assert given_.frames == 1100
    assert np.array_equal(cover.taken(SOUND, given_.samples), apply_loss(SOUND, value).samples)


spans = st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 300)), max_size=6)


@given(spans, st.sampled_from([None, Grid(160), Grid(160, -7), Grid(33, -32)]))
def test_all_that_was_lost_is_covered_and_nothing_but_that_is_replaced(
    found: list[tuple[int, int]], grid: Grid | None
) -> None:
    value = trace(*[(start, start + length) for start, length in found], grid=grid)
    lost, cover = value.mask(SOUND.frames), Cover.of(value, SOUND.frames)
    heard = cover.given(apply_loss(SOUND, value))
    covered = cover.trace.mask(heard.frames)
    assert covered[cover.before :][lost].all()
    assert not heard.samples[covered].any()
    received = ~covered[cover.before :]
    assert np.array_equal(heard.samples[cover.before :][received], SOUND.samples[received])
    touched = cover.trace.lost
    for packet in np.flatnonzero(touched).tolist():
        start = packet * cover.trace.packet_frames - cover.before
        assert lost[max(start, 0) : start + cover.trace.packet_frames].any()
    made = cover.taken(SOUND, np.full_like(heard.samples, 7.0))
    assert (made[lost] == 7.0).all()
    if not cover.exact:
        assert np.array_equal(made[~lost], SOUND.samples[~lost])


@pytest.mark.parametrize("rate", [50, 44_100])
def test_a_packet_has_a_frame_at_least(rate: int) -> None:
    cover = Cover.of(LossTrace.of_spans([(1, 2)], 100, rate), 100)
    assert cover.trace.packet_frames == max(rate // 100, 1)
