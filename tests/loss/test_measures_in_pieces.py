"""Long clips are gone through in pieces, and their values are those of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job, JobCancelled
from gaplisten.loss.measures import MEASURES, GapTable, engine, measure_gaps, pieces
from gaplisten.loss.trace import LossTrace

SECONDS = 20


def losses(rate: int) -> LossTrace:
    """Return losses with a long gap, some on the seams, one at either end, and long stretches without any."""
    packet = rate // 50
    lost = np.random.default_rng(2).random(50 * SECONDS) < 0.1
    lost[200:450] = False  # nothing is lost for longer than a piece
    lost[595:605] = True
    lost[700:820] = True
    lost[0] = lost[-1] = True
    return LossTrace.of_packets(lost, packet, rate)


def clip(rate: int, channels: int = 1) -> tuple[Signal, dict[str, Signal], LossTrace]:
    """Return something like speech in pauses, and versions with what is to be found in them."""
    rng, frames = np.random.default_rng(1), SECONDS * rate
    time = np.arange(frames) / rate
    voice = sum(np.sin(2 * np.pi * (120 * time + np.sin(3 * time)) * k) / k for k in range(1, 12)) * 0.03
    clean = (voice + rng.normal(0, 0.04, frames)) * np.clip(1.2 + 1.4 * np.sin(time * 1.7), 0.001, None)
    clean[: frames // 3] *= 0.1  # a piece is not as loud as the whole
    trace = losses(rate)
    made = clean * np.where(trace.mask(frames), 0.3, 1.1)
    clicking = made.copy()
    clicking[[6 * rate + 17, 6 * rate + 5000, 18 * rate]] += 1.4  # far from any gap
    clicking[8 * rate - 2000 : 8 * rate] *= 2.0
    more = np.zeros(rate // 125)
    late = np.concatenate([more, made[: 7 * rate], more, made[7 * rate :]])[:frames]
    versions = {"made": made, "clicking": clicking, "late": late, "turned": -made[: -2 * rate], "same": made}
    signals = {name: Signal.of(np.stack([row] * channels, axis=1), rate) for name, row in versions.items()}
    return Signal.of(np.stack([clean] * channels, axis=1), rate), signals, trace


def both(monkeypatch, reference, versions, trace, **how) -> tuple[GapTable, GapTable]:
    whole = measure_gaps(reference, versions, trace, **how)
    monkeypatch.setattr(engine, "WHOLE_SECONDS", 5.0)
    return whole, measure_gaps(reference, versions, trace, **how)


def assert_equal(found: GapTable, whole: GapTable) -> None:
    assert found.gaps == whole.gaps
    assert found.versions == whole.versions
    for name in whole.versions:
        for measure in MEASURES:
            np.testing.assert_allclose(
                found.column(name, measure.key),
                whole.column(name, measure.key),
                rtol=1e-5,
                atol=1e-5,
                err_msg=f"{measure.key} of {name}",
            )
        assert [fact.said for fact in found.clip[name]] == [fact.said for fact in whole.clip[name]]
        assert [fact.frames for fact in found.clip[name]] == [fact.frames for fact in whole.clip[name]]


@pytest.mark.parametrize("rate", [8000, 48000, 44100])
def test_a_long_clip_in_pieces_has_the_values_of_the_whole(monkeypatch, rate):
    reference, versions, trace = clip(rate)
    if rate > 8000:
        versions = {name: versions[name] for name in ("clicking", "late", "turned")}
    whole, found = both(monkeypatch, reference, versions, trace)
    assert_equal(found, whole)
    told = {fact.key for name in whole.versions for fact in whole.clip[name]}
    assert told >= {"drift", "elsewhere", "energy_error", "polarity", "after_level"}
    assert "identical" in told or rate > 8000


def test_a_long_clip_without_a_reference_has_the_values_of_the_whole(monkeypatch):
    _, versions, trace = clip(16000)
    whole, found = both(monkeypatch, None, versions, trace)
    assert_equal(found, whole)
    assert {facts.active for facts in whole.gaps} >= {True, False}


def test_a_long_clip_of_two_channels_measured_apart_has_the_values_of_the_whole(monkeypatch):
    whole, found = both(monkeypatch, *clip(16000, channels=2), apart=True)
    assert_equal(found, whole)


def test_a_long_clip_without_losses_has_no_rows(monkeypatch):
    reference, versions, _ = clip(8000)
    none = LossTrace.of_packets(np.zeros(50 * SECONDS, np.bool_), 160, 8000)
    whole, found = both(monkeypatch, reference, versions, none)
    assert found.table().rows == whole.table().rows == ()


@pytest.mark.parametrize("seconds", [0.7, 1.0, 7.3])
def test_how_long_the_pieces_are_changes_nothing(monkeypatch, seconds):
    monkeypatch.setattr(pieces, "PIECE_SECONDS", seconds)
    reference, versions, trace = clip(16000)
    whole, found = both(monkeypatch, reference, {"late": versions["late"]}, trace)
    assert_equal(found, whole)


def test_work_on_a_long_clip_tells_how_far_it_is_and_can_be_stopped(monkeypatch):
    reference, versions, trace = clip(8000)
    monkeypatch.setattr(engine, "WHOLE_SECONDS", 5.0)
    told = []

    class Watched(Job):
        def check(self, fraction: float, message: str = "") -> None:
            super().check(fraction, message)
            told.append(self.fraction)
            if self.fraction > 0.5:
                self.cancel()

    with pytest.raises(JobCancelled):
        measure_gaps(reference, versions, trace, Watched())
    assert told == sorted(told)
