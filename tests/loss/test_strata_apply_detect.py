"""Losing packets, finding them again, and classing them by length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.audio.signal import Signal
from gaplisten.loss.detect import detect_losses
from gaplisten.loss.strata import Stratum, figures, stratum_of
from gaplisten.loss.trace import LossTrace, Origin, apply_loss


def speech_like(frames: int, channels: int = 1) -> Signal:
    samples = np.random.default_rng(0).uniform(0.01, 0.5, (frames, channels)).astype(np.float32)
    return Signal(samples, 16000)


@settings(max_examples=60, deadline=None)
@given(
    flags=st.lists(st.booleans(), min_size=1, max_size=40),
    rest=st.integers(0, 319),
    channels=st.integers(1, 2),
)
def test_lost_packets_are_zero_found_again_and_the_rest_untouched(
    flags: list[bool], rest: int, channels: int
) -> None:
    clean = speech_like(len(flags) * 320 - rest, channels)
    trace = LossTrace.of_packets(np.array(flags), 320, 16000)
    lossy = apply_loss(clean, trace)
    mask = trace.mask(clean.frames)
    assert not lossy.samples[mask].any()
    assert np.array_equal(lossy.samples[~mask], clean.samples[~mask])
    found = detect_losses(lossy, 320).trace
    assert np.array_equal(found.lost, trace.fitted(clean.frames).lost)
    assert found.origin is Origin.DETECTED


def test_a_trace_of_another_clock_is_refused() -> None:
    with pytest.raises(ValueError, match="16000"):
        apply_loss(speech_like(640), LossTrace.of_packets(np.array([True]), 160, 8000))


def test_one_silent_channel_is_no_loss() -> None:
    samples = speech_like(640, 2).samples.copy()
    samples[320:, 0] = 0
    assert not detect_losses(Signal(samples, 16000), 320).trace.lost.any()


def test_digital_silence_in_the_reference_is_no_loss() -> None:
    samples = speech_like(1280).samples.copy()
    samples[320:640] = 0
    reference = Signal(samples.copy(), 16000)
    samples[960:] = 0
    lossy = Signal(samples, 16000)
    assert detect_losses(lossy, 320).trace.lost.tolist() == [False, True, False, True]
    assert detect_losses(lossy, 320, reference).trace.lost.tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("longest", "stratum"),
    [
        (0, Stratum.NONE),
        (20, Stratum.SHORT),
        (120, Stratum.SHORT),
        (140, Stratum.MEDIUM),
        (320, Stratum.MEDIUM),
        (340, Stratum.LONG),
        (1000, Stratum.LONG),
        (1020, Stratum.BEYOND),
    ],
)
def test_a_limit_belongs_to_the_class_below_it(longest: float, stratum: Stratum) -> None:
    assert stratum_of(longest) is stratum


def test_a_trace_in_figures() -> None:
    said = figures(LossTrace.of_packets(np.array([0, 1, 1, 0, 1, 0, 0, 0, 0, 0], np.bool_), 320, 16000))
    assert (said.packets, said.lost, said.gaps, said.longest_ms, said.mean_burst) == (10, 3, 2, 40.0, 1.5)
    assert said.loss_rate == 0.3
    assert said.burst_ratio == pytest.approx(1.5 * 0.7)
    assert figures(LossTrace.of_packets(np.zeros(0, np.bool_), 320, 16000)).burst_ratio is None
