"""The curve between samples is that of the sound, within a view and at its edges."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.filemap import ArraySource
from gaplisten.audio.raster import curve
from gaplisten.audio.viewport import Viewport

RATE = 16_000


@pytest.mark.parametrize("start", [0.0, 7.3, 2000.0, 3899.0])
def test_a_tone_near_half_the_rate_is_drawn_as_it_sounds_from_edge_to_edge(start: float) -> None:
    tone = lambda x: 0.5 * np.sin(2 * np.pi * 5900 / RATE * np.asarray(x) + 0.3)  # noqa: E731
    samples = tone(np.arange(4000)).astype(np.float32)[:, None]
    view = Viewport(start, 0.1, 1000, 4000)
    found = curve(ArraySource(samples, RATE), view)
    assert found is not None
    inside = (found.x > 100) & (
        found.x < 3900
    )  # nearer to the clip's ends nothing is known of what is beyond
    np.testing.assert_allclose(found.y[inside], tone(found.x[inside])[:, None], atol=0.01)
    seen = np.arange(max(int(start) - 1, 0), min(int(np.ceil(start + 100)) + 1, 4000))
    assert set(seen.tolist()) <= set(found.frames.tolist())
    assert np.array_equal(found.samples, samples[found.frames])
    places = np.searchsorted(found.x, found.frames)
    np.testing.assert_allclose(found.y[places], found.samples, atol=1e-5)


def test_of_a_clip_without_frames_there_is_no_curve() -> None:
    assert curve(ArraySource(np.zeros((0, 1), np.float32), RATE), Viewport(0, 0.1, 100, 0)) is None
