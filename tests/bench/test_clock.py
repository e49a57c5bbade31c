"""Places in seconds, frames and packets."""

import pytest

from gaplisten.audio.ruler import RulerUnit
from gaplisten.bench.clock import Clock
from gaplisten.loss.trace import Grid

SECONDS, FRAMES, PACKETS = RulerUnit.SECONDS, RulerUnit.FRAMES, RulerUnit.PACKETS
CUT = Clock(16000, 3200, Grid(320, -100))


@pytest.mark.parametrize(
    ("place", "unit", "frame"),
    [
        (0.1, SECONDS, 1600),
        (1600, FRAMES, 1600),
        (5, PACKETS, 1500),
        (5.5, PACKETS, 1660),
        (0, PACKETS, 0),
        (9.0, SECONDS, 3200),
    ],
)
def test_a_place_is_a_frame_inside_the_clip_in_every_unit(place, unit, frame):
    assert CUT.frame(place, unit) == frame


@pytest.mark.parametrize("unit", [SECONDS, FRAMES, PACKETS])
def test_every_frame_comes_back_from_what_is_shown_of_it(unit):
    assert [CUT.frame(round(CUT.place(frame, unit), 6), unit) for frame in range(3201)] == list(range(3201))


def test_a_clip_without_packets_offers_none():
    assert Clock(16000, 3200).units == (SECONDS, FRAMES)
    assert CUT.length_frames(2, PACKETS) == 640
