"""What a notebook may hand over, and what is refused with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaplisten
from gaplisten.api.arrays import BadArgument, as_given, signal_of, trace_of


def test_one_and_two_dimensions_are_taken_and_given_back() -> None:
    for samples in (np.zeros(10), np.zeros((10, 1)), np.zeros((10, 2), np.float32)):
        signal = signal_of(samples, 8000)
        assert as_given(signal.samples, samples).shape == samples.shape


def test_sixteen_bit_integers_become_floats_of_full_scale_one() -> None:
    signal = signal_of(np.array([-32768, 0, 16384], np.int16), 8000)
    assert signal.mono.tolist() == [-1.0, 0.0, 0.5]


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros((1, 2, 3)), "shape"),
        (np.zeros((2, 800)), "transpose"),
        (np.zeros((800, 0)), "no channel"),
        (np.zeros(10, np.int32), "int32"),
        (np.array([0.0, np.nan]), "NaN"),
        (np.array([0.0, 12000.0]), "32768"),
        (np.array(["a"]), "type"),
    ],
)
def test_samples_that_could_mean_something_else_are_refused(samples: np.ndarray, words: str) -> None:
    with pytest.raises(BadArgument, match=words):
        signal_of(samples, 8000)


@pytest.mark.parametrize("rate", [0, -8000, 16000.5, True, np.nan, np.inf, "16k", None])
def test_a_rate_is_a_whole_number_of_hertz(rate: object) -> None:
    with pytest.raises(BadArgument, match="rate"):
        signal_of(np.zeros(10), rate)  # type: ignore[arg-type]


@pytest.mark.parametrize("flags", [9, 11])
def test_flags_cover_the_sound_exactly(flags: int) -> None:
    with pytest.raises(BadArgument, match="10 packets of 20 ms"):
        trace_of(np.zeros(flags, bool), None, 20.0, 8000, 1590)
    assert trace_of(np.zeros(10, bool), None, 20.0, 8000, 1590) is not None


@pytest.mark.parametrize("packet_ms", [0.0, -20.0, 0.3, np.nan, np.inf])
def test_a_packet_is_a_whole_number_of_frames(packet_ms: float) -> None:
    with pytest.raises(BadArgument, match="packet_ms"):
        trace_of(np.zeros(10, bool), None, packet_ms, 8000, 1600)


def test_flags_may_be_zeros_and_ones_and_nothing_else() -> None:
    trace = trace_of([0, 1, 0], None, 20.0, 8000, 480)
    assert trace is not None
    assert trace.lost.tolist() == [False, True, False]
    for other in ([0, 2, 0], [0.0, 1.0, 0.0], [[0, 1, 0]]):
        with pytest.raises(BadArgument, match="lost"):
            trace_of(other, None, 20.0, 8000, 480)


@pytest.mark.parametrize(
    "gaps",
    [[(5, 5)], [(-1, 4)], [(90, 101)], [(0, 10), (5, 20)], [(0.5, 3.0)], [(1, 2, 3)], [(1, 2), (3,)], 5],
)
def test_gaps_lie_within_the_sound_and_apart(gaps: Any) -> None:
    with pytest.raises(BadArgument, match="gaps"):
        trace_of(None, gaps, 20.0, 8000, 100)


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(1, 50)), max_size=8))
def test_gaps_are_kept_to_the_frame_in_any_order(places: list[tuple[int, int]]) -> None:
    taken = np.zeros(1100, bool)
    gaps = []
    for start, length in places:
        if not taken[max(start - 1, 0) : start + length + 1].any():
            taken[start : start + length] = True
            gaps.append((start, start + length))
    trace = trace_of(None, gaps, 20.0, 8000, 1100)
    assert trace is not None
    assert [(gap.start, gap.stop) for gap in trace.gaps()] == sorted(gaps)
    assert (trace.mask(1100) == taken).all()


def test_flags_and_gaps_together_are_refused() -> None:
    with pytest.raises(BadArgument, match="both"):
        trace_of([True], [(0, 5)], 20.0, 8000, 160)


def test_a_refusal_is_a_value_error_and_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="full scale"):
        gaplisten.score([40000.0], 16000, "sdr")
    with pytest.raises(gaplisten.GaplistenError):
        gaplisten.score([40000.0], 16000, "sdr")


def test_of_no_sound_nothing_is_lost() -> None:
    trace = trace_of([], None, 20.0, 8000, 0)
    assert trace is not None
    assert trace.lost.size == 0
