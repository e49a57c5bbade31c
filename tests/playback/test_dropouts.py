"""Counting how often a stream ran dry: what the sound system says, and what it keeps to itself."""

import random

from gaplisten.playback.dropouts import Dropouts

RATE, BLOCK, BUFFER = 48000, 240, 20_000_000
BLOCK_NS = 5_000_000


class Card:
    """A device that asks for a block each 5 ms of its own time, up to `jitter` later."""

    def __init__(self, jitter: float = 0.0, drift: float = 0.0) -> None:
        self.dropouts = Dropouts(RATE, BUFFER)
        self.now, self.frames, self.jitter, self.drift = 10**12, 0, jitter, drift
        self.random = random.Random(1)

    def run(self, blocks: int) -> int:
        for _ in range(blocks):
            self.ask(late=self.random.uniform(0, self.jitter) * 1e6)
            self.now += round(BLOCK_NS * (1 + self.drift))
        return self.dropouts.count

    def ask(self, late: float = 0.0, flagged: bool = False) -> int:
        self.dropouts.block(self.now + round(late), self.frames, flagged=flagged)
        self.frames += BLOCK
        return self.dropouts.count


def test_calls_that_come_late_but_in_time_are_no_dropouts():
    assert Card(jitter=12.0).run(5000) == 0


def test_clocks_that_drift_apart_are_no_dropouts():
    assert Card(jitter=3.0, drift=2e-4).run(20_000) == 0
    assert Card(jitter=3.0, drift=-2e-4).run(20_000) == 0


def test_each_stop_longer_than_the_buffer_counts_once_although_nothing_is_flagged():
    card = Card(jitter=2.0)
    for count in range(1, 6):
        card.run(300)
        card.now += 60_000_000
        assert card.run(300) == count


def test_a_device_that_stands_still_with_its_buffer_full_has_not_run_dry():
    card = Card(jitter=1.0)
    for pause in (6_000_000, 10_000_000, 18_000_000) * 3:
        card.run(100)
        card.now += pause  # of the device's own: it asks again as soon as it has played a block
    assert card.run(300) == 0


def test_a_call_later_than_the_buffer_lasts_is_harmless_if_its_time_is_made_up():
    card = Card(jitter=1.0)
    for _ in range(5):
        card.run(100)
        card.now += 30_000_000
        for _ in range(7):  # what waited further on was enough: all of it is asked for at once
            card.ask()
        card.now += BLOCK_NS
    assert card.run(300) == 0


def test_late_calls_soon_after_each_other_count_one_by_one():
    card = Card(jitter=1.0)
    card.run(300)
    for count in range(1, 6):
        card.now += 40_000_000
        for _ in range(5):  # as much as the buffer holds, and a block
            card.ask()
        card.run(20)
        assert card.dropouts.count >= count - 1
    assert card.run(300) == 5


def test_late_calls_right_after_a_flag_are_its_aftermath():
    card = Card(jitter=1.0)
    card.run(300)
    card.now += 60_000_000
    assert card.ask(flagged=True) == 1
    card.now += 30_000_000
    assert card.run(600) == 1


def test_a_stop_shorter_than_the_buffer_that_is_made_up_does_not_count():
    card = Card(jitter=1.0)
    card.run(300)
    card.ask(late=15e6)
    card.now += BLOCK_NS
    card.ask(late=10e6)
    card.now += BLOCK_NS
    assert card.run(300) == 0


def test_what_the_sound_system_flags_counts_but_the_same_stop_does_not_count_twice():
    card = Card()
    assert card.ask(flagged=True) == 0  # of a stream that just began
    card.now += BLOCK_NS
    card.run(300)
    assert card.ask(flagged=True) == 1
    card.now += 60_000_000
    card.ask()
    assert card.ask(flagged=True) == 2
    card.now += 2 * BLOCK_NS
    assert card.run(600) == 2


def test_a_stream_that_starts_again_starts_with_a_new_clock():
    card = Card()
    card.run(300)
    card.now += 10**10
    card.dropouts.begin()
    assert card.run(300) == 0


def test_silence_that_runs_dry_does_not_count():
    card = Card(jitter=1.0)
    for _ in range(400):
        card.dropouts.block(card.now, card.frames, heard=False)
        card.frames += BLOCK
        card.now += BLOCK_NS
        if card.frames == 300 * BLOCK:
            card.now += 60_000_000
            card.dropouts.block(card.now, card.frames, flagged=True, heard=False)
    assert card.dropouts.count == 0
    card.now += 60_000_000
    assert card.run(300) == 1
