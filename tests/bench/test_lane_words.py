"""Words of the lanes: what is heard, and which words of the reference died where something was lost."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.bench.lane_words import MOST_SECONDS, LaneWords, PlacedWord, died
from gaplisten.bench.lanes import Lane, Role
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.recognisers import recognisers
from gaplisten.metrics.recognisers.contract import HeardWord

RATE = 16000
TRACE = LossTrace.of_packets(np.arange(50) == 10, 320, RATE)  # 0.20 to 0.22 s
OWN = recognisers()["pocketsphinx"]


def heard(text: str) -> tuple[HeardWord, ...]:
    return tuple(HeardWord(word, 0.1 * at, 0.1 * at + 0.1) for at, word in enumerate(text.split()))


@pytest.mark.parametrize(
    ("here", "gone"),
    [
        ("a b c d", []),
        ("a b d", ["c"]),
        ("a b x d", ["c"]),
        ("b c d", []),  # "a" is missing, but nothing was lost there
        ("", ["c"]),
        ("A, b! C. d", []),
    ],
)
def test_a_word_died_where_it_is_missing_and_something_was_lost(here: str, gone: list[str]):
    found = died(heard("a b c d"), heard(here), TRACE, RATE)
    assert [word.text for word in found] == gone
    assert all(word == PlacedWord("c", 3200, 4800, True) for word in found)


class SlowEars:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Signal, Future[tuple[HeardWord, ...]]]] = []
        self.closed = False

    def hear(self, recogniser: str, signal: Signal) -> Future[tuple[HeardWord, ...]]:
        self.asked.append((recogniser, signal, Future()))
        return self.asked[-1][-1]

    def close(self) -> None:
        self.closed = True


def lane(name: str, role: Role, seconds: float = 1.0) -> Lane:
    return Lane(name, name, role, Signal.of(np.zeros(round(RATE * seconds)), RATE), 0)


LANES = (lane("clean", Role.REFERENCE), lane("lossy", Role.LOSSY))


def test_words_come_lane_by_lane_and_the_dead_ones_once_the_reference_is_known():
    ears = SlowEars()
    words = LaneWords(lambda: ears, rest=0.0)
    words.show(LANES, TRACE)
    words.poll()
    assert ears.asked == []  # nobody wanted any
    words.want(OWN)
    words.poll()
    assert [(name, sound) for name, sound, _ in ears.asked] == [(OWN.name, each.signal) for each in LANES]
    ears.asked[1][2].set_result(heard("a b x d"))
    words.poll()
    assert [each.died for each in words.words(LANES[1])] == [False] * 4
    ears.asked[0][2].set_result(heard("a b c d"))
    words.poll()
    assert [each.text for each in words.words(LANES[1]) if each.died] == ["c"]
    assert not any(each.died for each in words.words(LANES[0]))
    words.want(None)
    assert words.words(LANES[1]) == ()
    words.close()
    assert ears.closed


def test_a_lane_with_losses_of_its_own_is_judged_by_them():
    ears = SlowEars()
    words = LaneWords(lambda: ears, rest=0.0)
    other = LossTrace.of_packets(np.arange(50) == 1, 320, RATE)
    own = replace(LANES[1], own_loss=True, own_trace=other)
    words.show((LANES[0], own), TRACE)
    words.want(OWN)
    words.poll()
    for (_, _, answer), text in zip(ears.asked, ("a b c d", "b d"), strict=True):
        answer.set_result(heard(text))
    words.poll()
    assert [each.text for each in words.words(own) if each.died] == ["a"]


def test_a_failure_is_told_and_long_clips_are_not_listened_to():
    ears = SlowEars()
    words = LaneWords(lambda: ears, rest=0.0)
    words.show(LANES[:1], TRACE)
    words.want(OWN)
    words.poll()
    ears.asked[0][2].set_exception(RuntimeError("it fell over"))
    words.poll()
    assert words.failure(LANES[0]) == "it fell over"
    long = lane("long", Role.REFERENCE, MOST_SECONDS + 1)
    words.show((long,), None)
    words.poll()
    assert words.too_long
    assert len(ears.asked) == 1
