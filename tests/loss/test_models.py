"""Loss models keep their promises, and equal seeds give equal losses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.loss.models import MODELS, LossModelError, checked_parameters, make_trace, model_named, replay
from gaplisten.loss.strata import Stratum, stratum_of
from gaplisten.loss.trace import LossTrace, Origin

QUICK = settings(max_examples=40, deadline=None)
DRAWN = [model.name for model in MODELS if model.name != "replay"]


@pytest.mark.parametrize("model", DRAWN)
def test_equal_seeds_give_equal_losses_and_others_differ(model: str) -> None:
    first, again = (make_trace(model, 500, 320, 16000, 7) for _ in range(2))
    assert np.array_equal(first.lost, again.lost)
    assert (first.packets, first.packet_frames, first.rate, first.origin) == (500, 320, 16000, Origin.MODEL)
    if model != "periodic":
        assert any(
            not np.array_equal(first.lost, make_trace(model, 500, 320, 16000, s).lost) for s in range(3)
        )


def test_the_global_generator_is_left_alone() -> None:
    np.random.seed(1)
    expected = np.random.RandomState(1).random(3)
    for model in DRAWN:
        make_trace(model, 100, 320, 16000, 3)
    assert np.array_equal(np.random.random(3), expected)


@QUICK
@given(loss=st.floats(0, 100), seed=st.integers(0, 1000))
def test_random_loss_comes_at_its_rate(loss: float, seed: int) -> None:
    trace = make_trace("random", 4000, 320, 16000, seed, loss=loss)
    assert abs(trace.loss_rate - loss / 100) < 0.05


@QUICK
@given(loss=st.floats(2, 40), burst=st.floats(1.5, 8), seed=st.integers(0, 1000))
def test_bursts_have_the_wanted_rate_and_mean_length(loss: float, burst: float, seed: int) -> None:
    trace = make_trace("gilbert_elliott", 60_000, 320, 16000, seed, loss=loss, burst=burst)
    lengths = [gap.packets for gap in trace.gaps()]
    assert abs(trace.loss_rate - loss / 100) < 0.06
    assert abs(np.mean(lengths) - burst) < 0.15 * burst + 0.1


def test_the_first_packet_is_lost_as_often_as_any_other() -> None:
    first = [make_trace("gilbert_elliott", 5, 320, 16000, s, loss=40, burst=10).lost[0] for s in range(400)]
    assert abs(np.mean(first) - 0.4) < 0.08


def test_transitions_can_be_given_directly() -> None:
    trace = make_trace("gilbert_elliott", 50_000, 320, 16000, 1, p=0.05, r=0.25)
    assert abs(trace.loss_rate - 0.05 / 0.30) < 0.02
    assert abs(np.mean([gap.packets for gap in trace.gaps()]) - 4) < 0.3


def test_the_good_state_can_lose_and_the_bad_one_receive() -> None:
    trace = make_trace("gilbert_elliott", 50_000, 320, 16000, 1, p=0.1, r=0.1, loss_good=10, loss_bad=60)
    assert abs(trace.loss_rate - 0.35) < 0.02


def test_bursts_too_short_for_the_rate_are_refused() -> None:
    with pytest.raises(LossModelError, match=r"at least 4\.0 packets"):
        make_trace("gilbert_elliott", 100, 320, 16000, 1, loss=80, burst=1)


@QUICK
@given(
    stratum=st.sampled_from(["short", "medium", "long"]),
    loss=st.floats(0, 60),
    seed=st.integers(0, 10_000),
    packet=st.sampled_from([(320, 16000), (160, 16000), (960, 48000), (512, 44100), (480, 8000)]),
)
def test_the_longest_burst_lies_in_its_stratum(
    stratum: str, loss: float, seed: int, packet: tuple[int, int]
) -> None:
    trace = make_trace("burst_stratum", 600, *packet, seed, stratum=stratum, loss=loss)
    wanted = {"short": Stratum.SHORT, "medium": Stratum.MEDIUM, "long": Stratum.LONG}[stratum]
    assert stratum_of(trace.longest_ms) is wanted


@pytest.mark.parametrize(("stratum", "loss"), [("short", 20), ("short", 80), ("medium", 5), ("long", 60)])
def test_a_stratum_loses_the_wanted_share(stratum: str, loss: float) -> None:
    traces = [make_trace("burst_stratum", 500, 320, 16000, s, stratum=stratum, loss=loss) for s in range(20)]
    assert {trace.loss_rate for trace in traces} == {loss / 100}
    assert len({trace.lost.tobytes() for trace in traces}) == 20


def test_more_loss_than_a_stratum_can_hold_is_refused() -> None:
    with pytest.raises(LossModelError, match="less than 86 %"):
        make_trace("burst_stratum", 500, 320, 16000, 0, stratum="short", loss=90)


def test_speech_too_short_for_a_stratum_is_refused() -> None:
    with pytest.raises(LossModelError, match="cannot hold a burst of 17"):
        make_trace("burst_stratum", 10, 320, 16000, 1, stratum="long")


def test_periodic_losses_fall_where_they_should() -> None:
    trace = make_trace("periodic", 12, 320, 16000, 0, period=5, length=2, first=1)
    assert np.flatnonzero(trace.lost).tolist() == [1, 2, 6, 7, 11]


def test_a_replayed_trace_starts_again_when_it_ends(tmp_path: Path) -> None:
    (tmp_path / "is_lost.txt").write_text("0\n1\n1\n")
    trace = make_trace("replay", 7, 320, 16000, 0, file=str(tmp_path / "is_lost.txt"))
    assert trace.lost.astype(int).tolist() == [0, 1, 1, 0, 1, 1, 0]
    shifted = replay(LossTrace.of_packets(np.array([False, True]), 320, 16000), 3, offset=1)
    assert shifted.lost.tolist() == [True, False, True]


def test_replay_needs_its_file() -> None:
    with pytest.raises(LossModelError, match="no trace file"):
        make_trace("replay", 7, 320, 16000, 0)


@pytest.mark.parametrize(
    ("parameters", "fact"),
    [
        ({"loss": 101}, "out of range"),
        ({"loss": -1}, "out of range"),
        ({"loss": "much"}, "no number"),
        ({"loss": float("nan")}, "out of range"),
        ({"los": 1}, "no such parameter"),
    ],
)
def test_wrong_parameters_are_refused_with_the_range(parameters: dict, fact: str) -> None:
    with pytest.raises(LossModelError, match=fact):
        make_trace("random", 10, 320, 16000, 0, **parameters)


def test_choices_and_whole_numbers_are_checked() -> None:
    with pytest.raises(LossModelError, match="choose short, medium, long"):
        checked_parameters(model_named("burst_stratum"), {"stratum": "huge"})
    with pytest.raises(LossModelError, match="whole number"):
        checked_parameters(model_named("periodic"), {"period": "2.5"})
    assert checked_parameters(model_named("periodic"), {"period": "3"})["period"] == 3


def test_unknown_models_name_the_known_ones() -> None:
    with pytest.raises(LossModelError, match="known are random"):
        make_trace("weather", 10, 320, 16000, 0)


def test_every_parameter_can_be_shown_in_a_form() -> None:
    for model in MODELS:
        for parameter in model.parameters:
            assert parameter.kind in ("choice", "text", "integer", "number")
            assert parameter.help
            assert parameter.checked(parameter.default) == parameter.default


@pytest.mark.parametrize("packets", [0, 1])
@pytest.mark.parametrize("model", ["random", "gilbert_elliott", "periodic"])
def test_tiny_traces_are_no_special_case(model: str, packets: int) -> None:
    assert make_trace(model, packets, 320, 16000, 0).packets == packets
