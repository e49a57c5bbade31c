"""Changing the sampling rate: exact length, no shift, no ringing beyond what the band demands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal

RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000]


@settings(max_examples=40, deadline=None)
@given(frames=st.integers(1, 5000), old=st.sampled_from(RATES), new=st.sampled_from(RATES))
def test_the_length_is_exactly_that_of_the_time(frames: int, old: int, new: int) -> None:
    made = resample(Signal.of(np.ones(frames) * 0.1, old), new)
    assert made.frames == round(frames * new / old)
    assert made.rate == new


@pytest.mark.parametrize(("old", "new"), [(48000, 16000), (16000, 48000), (44100, 48000), (8000, 16000)])
def test_a_tone_keeps_its_place_and_level(old: int, new: int) -> None:
    def tone(rate: int) -> np.ndarray:
        return 0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)

    made = resample(Signal.of(np.stack([tone(old), -tone(old)], axis=1), old), new)
    middle = slice(new // 10, -new // 10)
    assert np.abs(made.samples[middle, 0] - tone(new)[middle]).max() < 1e-5
    assert np.abs(made.samples[middle, 1] + tone(new)[middle]).max() < 1e-5


def test_the_same_rate_changes_nothing() -> None:
    signal = Signal.of([0.1, 0.2], 8000)
    assert resample(signal, 8000) is signal
