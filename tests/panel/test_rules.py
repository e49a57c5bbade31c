"""What a listener may do when: the engine says, the window shows."""

from __future__ import annotations

import pytest

from gaplisten.panel.methods import method
from gaplisten.panel.rules import (
    Heard,
    Refusal,
    Rules,
    TrialState,
    may_go_on,
    may_play,
    may_rate,
    may_restart,
)
from gaplisten.panel.trial import WHOLE_TRIAL, Block, Slot, Trial

ONE = method("acr").trial(1, Block.TEST, (Slot("", "a" * 16),))
PAIR = method("ab").trial(1, Block.TEST, (Slot("A", "a" * 16), Slot("B", "b" * 16)))
MANY = method("mushra").trial(
    1,
    Block.TEST,
    (Slot("", "r" * 16, True), Slot("A", "a" * 16, rated=True), Slot("B", "b" * 16, rated=True)),
)
FRAMES, RATE = 8000, 8000


def fresh(trial: Trial) -> TrialState:
    return TrialState.fresh(trial, FRAMES, RATE)


def whole(state: TrialState, *slots: int) -> TrialState:
    for slot in slots:
        state = state.started(slot).heard(slot, 0, FRAMES)
    return state


def test_a_recording_is_heard_to_its_end_before_it_is_rated() -> None:
    rules, state = Rules(), fresh(ONE)
    assert may_rate(state, rules) is Refusal.NOT_HEARD
    state = state.started(0).heard(0, 0, 4000)
    assert may_rate(state, rules) is Refusal.NOT_TO_END
    assert may_rate(state, Rules(Heard.ONCE)) is None
    assert may_rate(fresh(ONE), Rules(Heard.NOTHING)) is None
    assert may_rate(state.heard(0, 4000, 8000), rules) is None


def test_jumping_to_the_end_is_not_hearing_to_the_end() -> None:
    state = fresh(ONE).started(0).heard(0, 0, 500).heard(0, 7000, 8000)
    assert may_rate(state, Rules()) is Refusal.NOT_TO_END
    assert not state.heard_whole(0)
    assert state.heard(0, 400, 7100).heard_whole(0)


def test_looks_at_the_position_join_to_a_whole() -> None:
    state = fresh(ONE).started(0)
    for start in range(0, 8000, 400):
        state = state.heard(0, start, start + 350)
    assert state.heard_whole(0)
    assert state.listened[0].seconds == pytest.approx(20 * 350 / 8000)


def test_only_what_is_playing_can_be_rated_on_sliders() -> None:
    state = whole(fresh(MANY), 0, 1, 2)
    assert state.playing == 2
    assert may_rate(state, Rules(), 2) is None
    assert may_rate(state, Rules(), 1) is Refusal.NOT_PLAYING
    assert may_rate(state.switched(1), Rules(), 1) is None
    assert may_rate(state.stopped(), Rules(), 2) is Refusal.NOT_PLAYING
    assert may_rate(state.switched(0), Rules(), 0) is Refusal.NOT_RATED_SLOT
    assert may_rate(state, Rules(), WHOLE_TRIAL) is Refusal.NOT_RATED_SLOT


def test_an_untouched_slider_does_not_count() -> None:
    state = whole(fresh(MANY), 0, 1, 2).voted(1, 0)
    assert may_go_on(state, Rules()) is Refusal.UNRATED_SOME
    assert may_go_on(state.voted(2, 50), Rules()) is None
    assert may_go_on(whole(fresh(ONE), 0), Rules()) is Refusal.UNRATED


def test_going_on_needs_every_recording_heard() -> None:
    state = whole(fresh(MANY), 1, 2).voted(1, 1).voted(2, 2)
    assert may_go_on(state, Rules()) is Refusal.ALL_HEARD
    assert may_go_on(state.started(0).heard(0, 0, 100), Rules()) is Refusal.ALL_TO_END
    assert may_go_on(state.started(0).heard(0, 0, 100), Rules(Heard.ONCE)) is None


def test_a_preference_may_be_given_once_both_were_heard_and_left_once_both_were_heard_whole() -> None:
    state = fresh(PAIR).started(0).heard(0, 0, 500)
    assert may_rate(state, Rules()) is Refusal.ALL_HEARD
    state = state.switched(1).heard(1, 500, 900)
    assert may_rate(state, Rules()) is None
    assert may_go_on(state.voted(WHOLE_TRIAL, "A"), Rules()) is Refusal.ALL_TO_END


def test_a_recording_may_be_played_so_often_only() -> None:
    rules, state = Rules(max_plays=2), fresh(ONE)
    assert may_play(whole(state, 0), rules, 0) is None
    assert may_play(whole(state, 0, 0), rules, 0) is Refusal.PLAY_LIMIT


def test_a_count_of_plays_never_shuts_a_listener_in() -> None:
    rules = Rules(max_plays=1)
    broke_off = fresh(ONE).started(0).heard(0, 0, 4000)
    assert may_play(broke_off, rules, 0) is None
    assert may_restart(broke_off, rules, 0) is Refusal.PLAY_LIMIT
    assert may_play(broke_off.heard(0, 4000, 8000), rules, 0) is Refusal.PLAY_LIMIT
    unrated = whole(fresh(MANY), 0, 1, 2).voted(1, 60)
    assert [may_play(unrated, rules, slot) for slot in range(3)] == [
        Refusal.PLAY_LIMIT,
        Refusal.PLAY_LIMIT,
        None,
    ]


def test_switching_back_counts_no_new_play() -> None:
    state = fresh(PAIR).started(0).switched(1).switched(0).switched(1)
    assert [one.plays for one in state.listened] == [1, 1]


def test_a_panel_may_want_one_score_of_a_hundred() -> None:
    state = whole(fresh(MANY), 0, 1, 2).voted(1, 99).voted(2, 50)
    assert may_go_on(state, Rules(need_hundred=True)) is Refusal.NO_HUNDRED
    assert may_go_on(state.voted(1, 100), Rules(need_hundred=True)) is None


def test_several_scales_of_one_recording_are_voted_on_one_by_one() -> None:
    trial = method("acr").trial(1, Block.TEST, (Slot("", "a" * 16),), ("signal", "background"))
    state = whole(fresh(trial), 0)
    assert trial.wanted_votes == ((WHOLE_TRIAL, "signal"), (WHOLE_TRIAL, "background"))
    assert may_rate(state, Rules(), WHOLE_TRIAL, "signal") is None
    assert may_rate(state, Rules()) is Refusal.NOT_RATED_SLOT
    state = state.voted(WHOLE_TRIAL, 4, "signal")
    assert may_go_on(state, Rules()) is Refusal.UNRATED
    state = state.voted(WHOLE_TRIAL, 2, "background")
    assert may_go_on(state, Rules()) is None
    assert dict(state.votes) == {(WHOLE_TRIAL, "signal"): 4, (WHOLE_TRIAL, "background"): 2}
