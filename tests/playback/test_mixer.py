"""The mixer, sample by sample, with no device."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.playback.programme import STANDARD, Programme, audible_spans, raised_cosine
from kit.desk import Desk, level, noise

N = 3000
A, B, C = (noise(N, seed) for seed in (1, 2, 3))


def playing(*lanes, **programme) -> Desk:
    desk = Desk(*lanes, **programme)
    desk.play()
    return desk


# -- playing -------------------------------------------------------------------------------------------------


def test_between_its_fades_a_clip_comes_out_bit_by_bit():
    desk = playing(A)
    out, f = desk.render(N + 500, block=177), desk.fade
    assert np.array_equal(out[f : N - f], A[f : N - f])
    assert not out[N:].any()
    assert desk.state.ended
    assert not desk.state.playing


def test_a_start_fades_in_over_five_milliseconds_by_a_raised_cosine():
    desk = playing(level(N, 1.0))
    out = desk.render(200)[:, 0]
    steps = np.arange(1, 81) / 81
    assert desk.fade == 80
    assert np.allclose(out[:80], 0.5 - 0.5 * np.cos(np.pi * steps), atol=1e-7)
    assert (out[80:] == 1.0).all()


def test_the_end_is_faded_out_within_the_clip():
    desk = playing(level(N, 1.0))
    out, f = desk.render(N + 10)[:, 0], desk.fade
    assert (out[f : N - f] == 1.0).all()
    assert np.array_equal(out[N - f : N], raised_cosine(f)[::-1, 0])


def test_pause_fades_out_and_play_goes_on_from_there():
    desk = playing(A)
    desk.render(500)
    desk.pause()
    out = desk.render(300)
    f = desk.fade
    assert np.array_equal(out[:f], A[500 : 500 + f] * raised_cosine(f)[::-1])
    assert not out[f:].any()
    assert desk.state.position == 500 + f
    desk.play()
    assert np.array_equal(desk.render(400)[f:], A[500 + 2 * f : 500 + f + 400])


def test_play_after_the_end_begins_anew():
    desk = playing(A)
    desk.render(N + 100)
    desk.play()
    assert not desk.state.ended
    assert np.array_equal(desk.render(500)[desk.fade :], A[desk.fade : 500])


def test_play_twice_changes_nothing():
    desk, once = playing(A), playing(A)
    once.render(100)
    desk.render(100)
    desk.play()
    assert np.array_equal(desk.render(300), once.render(300))


def test_a_seek_while_playing_fades_out_here_and_in_there():
    desk = playing(A)
    desk.render(500)
    desk.seek(2000)
    out, f = desk.render(700), desk.fade
    up = raised_cosine(f)
    assert np.array_equal(out[:f], A[500 : 500 + f] * up[::-1])
    assert np.array_equal(out[f : 2 * f], A[2000 : 2000 + f] * up)
    assert np.array_equal(out[2 * f :], A[2000 + f : 2000 + 700 - f])


def test_a_seek_while_paused_is_immediate_and_silent():
    desk = Desk(A)
    desk.seek(1234)
    assert not desk.render(10).any()
    assert desk.state.position == 1234
    assert desk.state.breaks[(desk.state.break_count - 1) % 16].tolist() == [0, 1234, 0]


def test_a_seek_to_the_end_ends():
    desk = playing(A)
    desk.render(200)
    desk.seek(N + 5)
    assert not desk.render(400)[desk.fade :].any()
    assert desk.state.ended


def test_mono_goes_to_both_channels_and_stereo_stays_stereo():
    stereo = noise(N, 5, channels=2)
    desk = Desk(A, stereo, channels=2)
    desk.play()
    out = desk.render(500)
    assert np.array_equal(out[:, 0], out[:, 1])
    desk.select(1)
    out = desk.render(500)
    assert np.array_equal(out[2 * desk.fade :], stereo[500 + 2 * desk.fade : 1000])


def test_a_shorter_lane_is_faded_out_at_its_own_end_and_the_clock_runs_on():
    short = level(1000, 1.0)
    desk = Desk(short, level(N, 0.5))
    desk.play()
    out, f = desk.render(1500)[:, 0], desk.fade
    assert np.array_equal(out[1000 - f : 1000], raised_cosine(f)[::-1, 0])
    assert not out[1000:].any()
    assert desk.state.playing
    desk.select(1)
    assert (desk.render(500)[2 * f :] == 0.5).all()
    assert desk.state.position == 2000


def test_an_empty_programme_is_silence():
    desk = playing()
    assert not desk.render(100).any()


# -- switching -----------------------------------------------------------------------------------------------


def test_a_standard_switch_fades_out_then_in_at_the_same_running_position():
    desk = playing(A, B)
    desk.render(500)
    desk.select(1)
    out, f = desk.render(1000), desk.fade
    up = raised_cosine(f)
    assert np.array_equal(out[:f], A[500 : 500 + f] * up[::-1])
    assert np.array_equal(out[f : 2 * f], B[500 + f : 500 + 2 * f] * up)
    assert np.array_equal(out[2 * f :], B[500 + 2 * f : 1500])


def test_the_ramp_is_the_same_for_every_pair_the_same_lane_included():
    shapes = []
    for before in range(3):
        for after in range(3):
            desk = Desk(*[level(N, 1.0)] * 3)
            desk.select(before)
            desk.play()
            desk.render(500)
            desk.select(after)
            shapes.append(desk.render(300))
    assert all(np.array_equal(shape, shapes[0]) for shape in shapes)
    assert shapes[0].min() < 0.01


def test_a_cross_fade_adds_two_lanes_at_one_position():
    desk = playing(A, B)
    desk.ask(crossfade=160)
    desk.render(500)
    desk.select(1)
    out = desk.render(500)
    weight = raised_cosine(160).astype(np.float64)
    expected = A[500:660] + (B[500:660].astype(np.float64) - A[500:660]) * weight
    assert np.allclose(out[:160], expected, atol=1e-6)
    assert np.array_equal(out[160:], B[660:1000])


def test_a_cross_fade_of_length_nothing_switches_from_one_sample_to_the_next():
    desk = playing(A, B)
    desk.ask(crossfade=0)
    desk.render(500)
    desk.select(1)
    assert np.array_equal(desk.render(100), B[500:600])


def test_a_cross_fade_of_a_lane_with_itself_is_that_lane():
    desk = playing(A, A.copy())
    desk.ask(crossfade=400)
    desk.render(500)
    desk.select(1)
    assert np.array_equal(desk.render(1000), A[500:1500])


def test_changing_ones_mind_during_a_switch_ends_on_the_last_choice():
    for crossfade in (STANDARD, 300):
        desk = playing(A, B, C)
        desk.ask(crossfade=crossfade)
        desk.render(500)
        for lane in (1, 2, 0, 1):
            desk.select(lane)
            desk.render(30)
        desk.render(900)
        assert np.array_equal(desk.render(100), B[1520:1620])


def test_a_lane_chosen_while_silent_is_heard_from_the_start():
    desk = Desk(A, B)
    desk.select(1)
    desk.play()
    assert np.array_equal(desk.render(500)[desk.fade :], B[desk.fade : 500])


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(0, 2)), max_size=25))
@settings(max_examples=40, deadline=None)
def test_switching_never_moves_the_position_by_a_sample(switches):
    desk = playing(A, B, C)
    for frames, lane in switches:
        desk.select(lane)
        desk.render(frames)
    frames = sum(frames for frames, _ in switches)
    desk.render(200)
    lane = (A, B, C)[switches[-1][1] if switches else 0]
    assert desk.state.position == frames + 200
    assert np.array_equal(desk.render(50), lane[frames + 200 : frames + 250])


# -- gaps' edges ---------------------------------------------------------------------------------------------


def test_a_switch_waits_until_its_fades_hide_no_edge_of_a_gap():
    desk = Desk(A, B, boundaries=[620, 1500])
    desk.play()
    desk.render(500)
    desk.select(1)
    out, f = desk.render(600), desk.fade
    assert np.array_equal(out[:121], A[500:621])  # the edge and its first sample are heard
    assert np.array_equal(out[121 : 121 + f], A[621 : 621 + f] * raised_cosine(f)[::-1])
    assert np.array_equal(out[121 + 2 * f :], B[621 + 2 * f : 1100])
    assert desk.state.delayed_switches == 1


def test_a_switch_far_from_gaps_does_not_wait():
    desk = Desk(A, B, boundaries=[620, 1500])
    desk.play()
    desk.render(700)
    desk.select(1)
    assert np.array_equal(desk.render(400)[2 * desk.fade :], B[700 + 2 * desk.fade : 1100])
    assert desk.state.delayed_switches == 0


def test_edges_without_end_cannot_hold_a_switch_for_ever():
    desk = Desk(A, B, boundaries=list(range(0, N, 20)))
    desk.play()
    desk.render(500)
    desk.select(1)
    desk.render(8 * desk.fade)
    assert np.array_equal(desk.render(50), B[500 + 8 * desk.fade : 550 + 8 * desk.fade])


# -- loops ---------------------------------------------------------------------------------------------------


def test_a_loop_repeats_its_frames_with_faded_edges():
    desk = Desk(A)
    desk.loop(1000, 1640)  # 40 ms
    desk.seek(1000)
    desk.play()
    out, f = desk.render(3 * 640).reshape(3, 640), desk.fade
    assert np.array_equal(out[0], out[1])
    assert np.array_equal(out[1], out[2])
    assert np.array_equal(out[0, f:-f], A[1000 + f : 1640 - f, 0])
    assert np.array_equal(out[0, -f:], A[1640 - f : 1640, 0] * raised_cosine(f)[::-1, 0])


def test_playing_before_a_loop_runs_into_it_and_beyond_it_returns():
    desk = playing(A)
    desk.loop(1000, 2000)
    desk.render(2500)
    assert desk.state.position == 1500
    desk.loop(200, 800)
    f = desk.fade
    assert np.array_equal(desk.render(500)[2 * f :], A[200 + f : 200 + 500 - f])


def test_a_loop_that_is_taken_away_lets_the_clip_end():
    desk = playing(A)
    desk.loop(1000, 2000)
    desk.render(2200)
    desk.ask(loop_start=0, loop_stop=0)
    desk.render(2000)
    assert desk.state.ended


def test_a_loop_to_beyond_the_end_loops_at_the_end():
    desk = playing(A)
    desk.loop(2000, 99999)
    desk.render(N + 500)
    assert desk.state.playing
    assert desk.state.position == 2500


# -- gain, spans, programmes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("gain", [0.3, 1.7, 1.0, 0.0])
def test_the_gain_is_one_multiplication_in_float32(gain):
    desk = Desk(A)
    desk.ask(gain=gain)
    desk.play()
    out, f = desk.render(N), desk.fade
    assert np.array_equal(out[f:-f], A[f:-f] * np.float32(gain))


def test_a_gain_changed_while_playing_glides():
    desk = playing(level(N, 1.0))
    desk.render(500)
    desk.ask(gain=0.5)
    out, f = desk.render(300)[:, 0], desk.fade
    assert np.allclose(out[:f], 1.0 - 0.5 * raised_cosine(f)[:, 0], atol=1e-6)
    assert (out[f:] == 0.5).all()


def test_only_audible_spans_are_heard_whole_with_fades_outside_them():
    spans = [(0, 50), (600, 900), (1000, 1200), (2000, 2100), (2900, N)]
    desk = playing(level(N, 1.0), audible=spans)
    out, f = desk.render(N)[:, 0], desk.fade
    up = raised_cosine(f)[:, 0]
    assert (out[600:1200] == 1.0).all()  # too close to each other for two fades
    assert np.array_equal(out[600 - f : 600], up)
    assert np.array_equal(out[1200 : 1200 + f], up[::-1])
    assert not out[1200 + f : 2000 - f].any()
    assert (out[2000:2100] == 1.0).all()


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 200)), max_size=6), st.integers(1, 300))
@settings(max_examples=60, deadline=None)
def test_audible_spans_agree_with_a_mask_drawn_frame_by_frame(spans, block):
    pairs = [(start, start + length) for start, length in spans]
    desk = playing(level(1200, 1.0), rate=4000, audible=pairs)
    out, f = desk.render(1200, block)[:, 0], desk.fade
    mask = np.zeros(1200 + 2 * f)
    for first, last in audible_spans(pairs, f):
        shape = np.concatenate([raised_cosine(f)[:, 0], np.ones(last - first), raised_cosine(f)[::-1, 0]])
        part = mask[first : last + 2 * f]
        np.maximum(part, shape[: len(part)], out=part)
    assert np.allclose(out[f : 1200 - f], mask[f:][f : 1200 - f], atol=1e-6)


def test_an_exchanged_lane_is_faded_and_the_position_stays():
    desk = playing(A, B)
    desk.render(500)
    desk.offer(A, C)
    desk.select(1)
    out, f = desk.render(500), desk.fade
    assert np.array_equal(out[:f], A[500 : 500 + f] * raised_cosine(f)[::-1])
    assert np.array_equal(out[2 * f :], C[500 + 2 * f : 1000])


def test_a_programme_at_another_speed_goes_on_at_the_same_place():
    desk = playing(A)
    desk.render(1000 - desk.fade)
    slow = np.repeat(A, 2, axis=0)
    desk.offer(slow, scale=(2, 1))
    out, f = desk.render(500), desk.fade
    assert np.array_equal(out[2 * f :], slow[2000 + f : 2000 + 500 - f])


def test_requests_about_a_programme_that_is_not_here_yet_are_refused_for_now():
    desk = Desk(A)
    assert not desk.state.obey(desk.request._replace(programme=9, playing=1, play_count=1))
    desk.state.incoming = Programme(9, (B,))
    assert desk.state.obey(desk.request._replace(programme=9, playing=1, play_count=1))
    assert np.array_equal(desk.render(300)[desk.fade :], B[desk.fade : 300])


def test_a_stream_opened_anew_goes_on_where_the_old_one_was():
    desk, again = playing(A), Desk(A, rate=16000)
    desk.render(700)
    desk.state.closing = True
    assert not desk.render(200)[desk.fade :].any()
    again.state.programme = Programme(0, ())
    again.state.go_on_from(desk.state)
    again.state.incoming = Programme(7, (A,))
    assert again.state.obey(desk.request._replace(programme=7))
    out, f = again.render(300), again.fade
    assert np.array_equal(out[f:], A[700 + 2 * f : 1000 + f])


# -- whatever is done ----------------------------------------------------------------------------------------

frames = st.integers(0, N)
actions = st.one_of(
    st.tuples(st.sampled_from(["play", "pause"])),
    st.tuples(st.just("select"), st.integers(0, 2)),
    st.tuples(st.just("seek"), frames),
    st.tuples(st.just("loop"), st.integers(0, N - 700), st.integers(640, N)),
    st.tuples(st.just("mode"), st.sampled_from([STANDARD, 1, 50, 400])),
    st.tuples(st.just("gain"), st.sampled_from([0.0, 0.25, 0.9, 1.0])),
    st.tuples(st.just("unloop")),
    st.tuples(st.just("edges"), st.booleans()),
)
scripts = st.lists(st.tuples(st.integers(0, 400), actions), max_size=14)


def act(desk: Desk, action: tuple) -> None:
    name, *values = action
    if name == "loop":
        desk.loop(values[0], values[0] + values[1])
    elif name == "unloop":
        desk.loop(0, 0)
    elif name == "mode":
        desk.ask(crossfade=values[0])
    elif name == "gain":
        desk.ask(gain=values[0])
    elif name == "edges":
        desk.offer(*desk.programme.lanes, boundaries=range(100, N, 320) if values[0] else None)
    else:
        getattr(desk, name)(*values)


@given(scripts, st.integers(1, 130))
@settings(max_examples=150, deadline=None)
def test_the_size_of_the_blocks_changes_nothing(script, block):
    whole, parts = playing(A, B, C), playing(A, B, C)
    for wait, action in script:
        assert np.array_equal(whole.render(wait + 1), parts.render(wait + 1, block))
        act(whole, action)
        act(parts, action)
    assert np.array_equal(whole.render(900), parts.render(900, block))
    assert whole.state.position == parts.state.position


@given(scripts)
@settings(max_examples=150, deadline=None)
def test_no_step_is_larger_than_the_ramps_allow(script):
    """Lanes without a step of their own, as far apart as can be: whatever jumps would show."""
    desk = playing(level(N, 0.8), level(N, -0.8), level(N, 0.3))
    heard = [desk.render(1)]
    for wait, action in script:
        if action == ("mode", 1):
            continue  # a cross-fade of one sample is asked for as a step
        heard.append(desk.render(wait))
        act(desk, action)
    heard.append(desk.render(1000))
    steps = np.abs(np.diff(np.concatenate(heard)[:, 0]))
    steepest = np.pi / 2 / (desk.fade + 1)
    fastest_cross = np.pi / 2 / 51
    # envelope and gain at full level, and two lanes 1.6 apart
    assert steps.max(initial=0) <= 0.8 * 2 * steepest + 1.6 * fastest_cross + 1e-6


@given(scripts)
@settings(max_examples=100, deadline=None)
def test_outside_fades_each_sample_is_the_lanes_times_the_gain(script):
    desk = playing(A, B, C)
    state, lanes = desk.state, (A, B, C)
    for wait, action in [*script, (300, ("play",))]:
        for _ in range(wait):
            state.settle()
            steady = state.level == desk.fade and state.direction == 0 and state.cross_from < 0
            if steady and state.gain_done >= desk.fade:
                lane, position, gain = state.lane, state.position, state.gain
                assert desk.render(1)[0, 0] == lanes[lane][position, 0] * gain
            else:
                desk.render(1)
        act(desk, action)


@given(scripts)
@settings(max_examples=60, deadline=None)
def test_the_remembered_breaks_tell_the_position_of_each_sample(script):
    desk = playing(A, B, C)
    state = desk.state
    for wait, action in script:
        desk.render(wait)
        state.settle()
        when, position, moving = state.breaks[(state.break_count - 1) % 16].tolist()
        assert position + (state.delivered - when if moving else 0) == state.position
        act(desk, action)


@pytest.mark.parametrize("done", [1, 17, 40])
def test_a_gain_changed_again_in_mid_glide_goes_on_from_where_it_is(done):
    desk = playing(level(N, 1.0))
    desk.render(500)
    desk.ask(gain=0.5)
    before = desk.render(done)[-1, 0]
    desk.ask(gain=2.0)
    out, f = desk.render(300)[:, 0], desk.fade
    assert np.allclose(out[:f], before + (2.0 - before) * raised_cosine(f)[:, 0], atol=1e-6)
    assert (out[f:] == 2.0).all()


def test_a_gain_changed_while_nothing_is_heard_counts_at_once():
    desk = Desk(level(N, 1.0))
    desk.ask(gain=0.25)
    desk.play()
    out, f = desk.render(300)[:, 0], desk.fade
    assert np.allclose(out[:f], 0.25 * raised_cosine(f)[:, 0], atol=1e-7)
    desk.pause()
    desk.render(300)
    desk.ask(gain=1.0)
    desk.play()
    assert np.allclose(desk.render(f)[:, 0], raised_cosine(f)[:, 0], atol=1e-7)


def test_the_size_of_the_blocks_does_not_change_a_glide():
    parts = []
    for block in (1, 7, 512):
        desk = playing(level(N, 1.0))
        desk.render(500)
        desk.ask(gain=0.5)
        parts.append(desk.render(300, block=block))
    assert np.array_equal(parts[0], parts[1])
    assert np.array_equal(parts[0], parts[2])
