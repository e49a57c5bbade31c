"""When a device is given up for lost, with the test as the clock."""

import numpy as np
import pytest

from gaplisten.playback.process import Watchdog

TICK = 0.1


class Watched:
    """Lets time pass for a watchdog; notes when it barked."""

    def __init__(self) -> None:
        self.watchdog, self.callbacks, self.now = Watchdog(), 0, 0.0
        self.lost: float | None = None

    def pass_time(self, seconds: float, *, asking: bool, playing: bool = True) -> None:
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            self.callbacks += 10 * asking
            if self.watchdog.is_lost(self.callbacks, TICK, playing=playing) and self.lost is None:
                self.lost = self.now


@pytest.fixture
def watched():
    return Watched()


@pytest.mark.parametrize("before", [4.0, 60.0])
def test_a_card_that_hangs_while_playing_is_lost_within_two_seconds(watched, before):
    watched.pass_time(before, asking=True)
    assert watched.lost is None
    watched.pass_time(3.0, asking=False)
    assert watched.lost is not None
    assert 1.0 < watched.lost - before < 2.0


def test_nothing_is_lost_while_nothing_plays_and_the_time_counts_from_the_moment_it_is_missed(watched):
    watched.pass_time(5.0, asking=True, playing=False)
    watched.pass_time(60.0, asking=False, playing=False)
    assert watched.lost is None
    watched.pass_time(3.0, asking=False)
    assert 65.0 + 1.0 < watched.lost < 65.0 + 2.0


@pytest.mark.parametrize("first", [0.6, 1.7])
def test_a_null_sink_that_renders_two_seconds_ahead_again_and_again_is_never_lost(watched, first):
    watched.pass_time(first, asking=False)
    for pause in (2.0, 2.3, 2.8, 2.0):
        watched.pass_time(0.2, asking=True)
        watched.pass_time(pause, asking=False)
    watched.pass_time(30.0, asking=True)
    watched.pass_time(2.8, asking=False)
    assert watched.lost is None
    watched.pass_time(5.0, asking=False)
    assert watched.lost is not None


def test_a_pause_is_remembered_when_the_stream_rests_and_starts_again(watched):
    watched.pass_time(0.7, asking=False, playing=False)
    watched.pass_time(5.0, asking=True)
    watched.watchdog.begin()
    watched.pass_time(5.0, asking=True)
    watched.pass_time(2.5, asking=False)
    assert watched.lost is None


def test_a_stream_that_never_asks_from_its_start_is_lost_in_the_end(watched):
    watched.pass_time(5.0, asking=False)
    assert watched.lost is None
    watched.pass_time(2.0, asking=False)
    assert watched.lost is not None


def test_short_stalls_of_a_busy_machine_are_no_loss(watched):
    stalls = np.random.default_rng(5)
    for _ in range(100):
        watched.pass_time(0.3, asking=True)
        watched.pass_time(stalls.uniform(0.0, 1.3), asking=False)
    assert watched.lost is None


def test_a_device_in_doubt_is_tried_once_and_lost_no_later_for_that(watched):
    watched.pass_time(20.0, asking=True)
    watched.pass_time(1.0, asking=False)
    assert not watched.watchdog.doubts
    watched.pass_time(0.1, asking=False)
    assert watched.watchdog.doubts
    assert watched.watchdog.may_try
    watched.watchdog.try_again()
    watched.pass_time(0.2, asking=True)  # what its buffers hold
    assert not watched.watchdog.may_try
    watched.pass_time(1.0, asking=False)
    assert watched.lost is not None
    assert 1.0 < watched.lost - 20.0 < 2.0


def test_one_that_goes_on_after_the_trial_is_trusted_as_before_and_tried_again_much_later_only(watched):
    watched.pass_time(20.0, asking=True)
    watched.pass_time(1.1, asking=False)
    watched.watchdog.try_again()
    watched.pass_time(9.0, asking=True)
    assert not watched.watchdog.may_try
    watched.pass_time(2.0, asking=True)
    assert watched.lost is None
    assert watched.watchdog.may_try
    watched.pass_time(3.0, asking=False)
    assert watched.lost is not None
    assert 1.0 < watched.lost - 32.1 < 2.0  # the pause that opening it again ended was none of its own
