"""What cannot be judged gets a reason, what is doubtful a mark; nothing is repaired in silence."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.catalogue import score, score_with
from gaplisten.metrics.contract import OUTSIDE_VALIDATION, Implementation, Material, Metric, Score, Unscorable


def noise(seconds: float = 2.0, rate: int = 16000, channels: int = 1) -> Signal:
    samples = np.random.default_rng(3).uniform(-0.3, 0.3, (int(seconds * rate), channels))
    return Signal(samples.astype(np.float32), rate)


def with_sample(value: float) -> Signal:
    samples = noise().samples.copy()
    samples[100] = value
    return Signal(samples, 16000)


def level(material: Material) -> float:
    return float(np.abs(material.degraded).max())


def metric(**fields) -> Implementation:
    return Implementation(Metric("m", "M", **fields), fields.pop("compute", level))


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        (with_sample(np.nan), "not finite"),
        (with_sample(np.inf), "not finite"),
        (with_sample(1.5), "beyond full scale (peak 1.5)"),
        (Signal(np.zeros((32000, 1), np.float32), 16000), "silent"),
        (Signal(np.zeros((0, 1), np.float32), 16000), "no samples"),
        (noise(0.5), "too short"),
        (noise(121.0), "too long"),
    ],
)
def test_plcmos_gives_a_reason_for_what_it_cannot_judge(signal: Signal, reason: str):
    found = score("plcmos", signal)
    assert found.value is None
    assert reason in found.reason
    assert not found.accident


def test_material_at_another_rate_is_resampled_and_marked():
    found = score_with(metric(rates=(16000,)), noise(rate=48000))
    assert found.marks == ("resampled from 48000 Hz to 16000 Hz", OUTSIDE_VALIDATION)


@pytest.mark.parametrize(
    ("rate", "wanted"), [(8000, 8000), (11025, 16000), (16000, 16000), (48000, 16000), (4000, 8000)]
)
def test_the_nearest_rate_that_keeps_the_band_is_chosen(rate: int, wanted: int):
    rates = []

    def remember(material: Material) -> float:
        rates.append(material.rate)
        return 1.0

    score_with(Implementation(Metric("m", "M", rates=(8000, 16000)), remember), noise(rate=rate))
    assert rates == [wanted]


def test_resampling_changes_the_rate_but_not_the_duration_or_the_level():
    seconds = np.arange(48000 * 2) / 48000
    tone = Signal.of(0.5 * np.sin(2 * np.pi * 440 * seconds), 48000)
    found: list[Material] = []

    def remember(material: Material) -> float:
        found.append(material)
        return 1.0

    score_with(Implementation(Metric("m", "M", rates=(16000,)), remember), tone)
    assert found[0].degraded.size == 32000
    middle = found[0].degraded[8000:24000]
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, rel=1e-3)


def test_two_channels_are_averaged_and_marked():
    signal = Signal(np.tile(np.float32([[0.5, 0.1]]), (32000, 1)), 16000)
    found = score_with(metric(), signal)
    assert found.value == pytest.approx(0.3)
    assert found.marks == ("2 channels averaged",)


def test_a_version_of_another_length_is_marked_when_samples_are_compared():
    longer, reference = noise(2.5), noise(2.0)
    found = score("lsd", longer, reference)
    assert found.value is not None
    assert found.marks == ("500 ms longer than the reference",)


@pytest.mark.parametrize(
    ("frames", "sign", "marks"),
    [
        (0, 1, ()),
        (1037, 1, ("64.81 ms later than the reference",)),
        (-1037, 1, ("64.81 ms earlier than the reference",)),
        (0, -1, ("turned round (inverted polarity) against the reference",)),
        (
            160,
            -0.5,
            ("turned round (inverted polarity) against the reference", "10 ms later than the reference"),
        ),
    ],
)
def test_a_version_that_lies_elsewhere_or_is_turned_round_is_marked_when_samples_are_compared(
    frames: int, sign: float, marks: tuple[str, ...]
):
    reference = noise(2.0)
    moved = sign * np.roll(reference.samples, frames, axis=0)
    assert score("sdr", Signal(moved.astype(np.float32), reference.rate), reference).marks == marks


def test_another_sound_is_not_called_late():
    other = Signal.of(np.random.default_rng(8).uniform(-0.3, 0.3, 32000).astype(np.float32), 16000)
    assert score("sdr", other, noise(2.0)).marks == ()


def test_a_missing_reference_or_trace_is_a_reason():
    assert score("sdr", noise()).reason == "needs a reference"
    assert score_with(metric(needs_trace=True), noise()).reason == "needs a loss trace"


def test_an_unusable_reference_is_told_from_an_unusable_file():
    silent = Signal(np.zeros((32000, 1), np.float32), 16000)
    assert score("sdr", noise(), silent).reason == "the reference is silent"


def test_the_trace_comes_on_the_clock_of_the_samples():
    seen = []

    def remember(material: Material) -> float:
        seen.append(material.trace)
        return 1.0

    trace = LossTrace.of_packets(np.array([False, True]), 960, 48000)
    implementation = Implementation(Metric("m", "M", needs_trace=True, rates=(16000,)), remember)
    score_with(implementation, noise(rate=48000), None, trace)
    assert (seen[0].packet_frames, seen[0].rate) == (320, 16000)


def test_a_missing_package_is_a_reason_that_says_how_to_get_it():
    found = score_with(metric(requires=("no_such_package",)), noise())
    assert found.reason == "needs the package no_such_package (install gaplisten[metrics])"


def test_what_a_metric_raises_becomes_a_reason_worth_another_try():
    def broken(material: Material) -> float:
        raise ZeroDivisionError("oh")

    found = score_with(Implementation(Metric("m", "M"), broken), noise())
    assert found == Score(None, "failed: ZeroDivisionError: oh", accident=True)


def test_what_is_not_a_number_is_no_score():
    found = score_with(Implementation(Metric("m", "M"), lambda material: float("nan")), noise())
    assert found.value is None
    assert "no number" in found.reason


def test_a_score_has_either_a_value_or_a_reason():
    for arguments in [(None, ""), (1.0, "why")]:
        with pytest.raises(ValueError, match="either"):
            Score(*arguments)


def test_a_pair_is_cut_to_its_common_length():
    reference, degraded = np.ones(5, np.float32), np.ones(3, np.float32)
    assert [side.size for side in Material(degraded, 16000, reference).pair] == [3, 3]
    with pytest.raises(Unscorable):
        _ = Material(degraded, 16000).pair
