"""What one sample is, in numbers."""

import numpy as np
import pytest

from gaplisten.audio.filemap import as_source
from gaplisten.audio.reading import read_sample
from gaplisten.audio.signal import Signal

RATE = 16000


def _source(*channels):
    return as_source(Signal.of(np.stack([np.array(each, np.float32) for each in channels], axis=1), RATE))


@pytest.mark.parametrize(
    ("values", "reference", "text"),
    [
        ([[0.5]], None, "+0.5000 · −6.0 dBFS"),
        ([[0.5]], [[0.25]], "+0.5000 · −6.0 dBFS · Δ +0.2500 (−12.0 dBFS)"),
        ([[-0.5]], [[-0.5]], "−0.5000 · −6.0 dBFS · Δ 0"),
        ([[0.0]], None, "0.0000 · −∞ dBFS"),
        ([[0.5], [0.0]], [[0.5]], "+0.5000 / 0.0000 · −6.0 / −∞ dBFS · Δ 0.0000 / −0.5000 (−∞ / −6.0 dBFS)"),
    ],
)
def test_a_sample_is_told_by_value_level_and_distance_from_the_reference(values, reference, text):
    found = read_sample(_source(*values), 0, None if reference is None else _source(*reference))
    assert found.text == text


def test_where_the_reference_has_ended_it_is_silent_and_beyond_the_sound_there_is_nothing():
    one, short = _source([0.1, 0.5]), _source([0.1])
    assert read_sample(one, 1, short).differences == pytest.approx((0.5,))
    assert read_sample(short, 1, one) is None
    assert read_sample(one, -1) is None
