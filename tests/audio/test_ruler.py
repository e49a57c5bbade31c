"""Ticks of the time axis lie where they say, and a minute is written as one."""

from __future__ import annotations

import pytest

from gaplisten.audio.ruler import RulerUnit, Scale, clock, duration, ticks

RATE, PACKET = 16_000, 320


def labelled(unit: RulerUnit, start: float, stop: float, room: float) -> dict[float, str]:
    scale = Scale.of(unit, RATE, PACKET)
    return {tick.frame: tick.text for tick in ticks(scale, start, stop, room) if tick.text}


@pytest.mark.parametrize(
    ("seconds", "decimals", "text"),
    [
        (0.0, 3, "0.000 s"),
        (3.2144, 3, "3.214 s"),
        (59.9994, 3, "59.999 s"),
        (59.9996, 3, "1:00.000"),
        (60.0, 3, "1:00.000"),
        (60.5, 3, "1:00.500"),
        (62.5, 1, "1:02.5"),
        (3599.0, 0, "59:59"),
        (3600.0, 0, "1:00:00"),
        (3602.5, 3, "1:00:02.500"),
    ],
)
def test_from_a_minute_on_a_time_is_told_in_minutes_and_from_an_hour_on_in_hours(
    seconds: float, decimals: int, text: str
) -> None:
    assert duration(seconds, decimals) == text
    if seconds >= 60:
        assert clock(seconds, decimals) == text


def test_ticks_round_a_minute_say_seconds_before_it_and_a_clock_from_it_on() -> None:
    found = labelled(RulerUnit.SECONDS, 58 * RATE, 62 * RATE, 0.9 * RATE)
    assert found == {
        at * RATE: text for at, text in ((58, "58 s"), (59, "59 s"), (60, "1:00"), (61, "1:01"), (62, "1:02"))
    }


def test_labels_have_as_many_decimals_as_their_steps_need() -> None:
    found = labelled(RulerUnit.SECONDS, 0, 0.1 * RATE, 0.02 * RATE)
    assert list(found.values()) == ["0.00 s", "0.02 s", "0.04 s", "0.06 s", "0.08 s", "0.10 s"]
    assert [frame / RATE for frame in found] == pytest.approx([0, 0.02, 0.04, 0.06, 0.08, 0.1])


@pytest.mark.parametrize(
    ("room", "step"),
    [
        (0.9, 1),
        (1.1, 2),
        (2.1, 5),
        (5.1, 10),
        (12, 20),
        (21, 30),
        (30, 30),
        (31, 60),
        (61, 120),
        (3601, 7200),
    ],
)
def test_steps_are_round_numbers_of_a_clock_that_leave_the_room_asked_for(room: float, step: int) -> None:
    first, second = list(labelled(RulerUnit.SECONDS, 0, 3 * step * RATE, room * RATE))[:2]
    assert second - first == step * RATE


def test_packets_and_frames_are_counted_in_whole_ones() -> None:
    packets = labelled(RulerUnit.PACKETS, 0, 4 * PACKET, 0.3 * PACKET)
    assert packets == {n * PACKET: f"#{n}" for n in range(5)}
    frames = labelled(RulerUnit.FRAMES, 0, 2000, 900)
    assert frames == {0: "0", 1000: "1\u2009000", 2000: "2\u2009000"}


@pytest.mark.parametrize(("room", "between"), [(0.9, 4), (1.9, 3), (4.5, 4)])
def test_minor_ticks_part_a_step_into_five_or_of_two_into_four(room: float, between: int) -> None:
    texts = [
        tick.text for tick in ticks(Scale.of(RulerUnit.SECONDS, RATE, PACKET), 0, 20 * RATE, room * RATE)
    ]
    first, second = [at for at, text in enumerate(texts) if text][:2]
    assert second - first - 1 == between
