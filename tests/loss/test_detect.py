"""Finding losses without a trace: runs of zeros in sounding speech, then the packets on which they lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.audio.signal import Signal
from gaplisten.loss import detect
from gaplisten.loss.detect import detect_losses
from gaplisten.loss.trace import Grid, LossTrace, Origin, apply_loss

RATE = 16000


def sounding(frames: int = 2 * RATE, channels: int = 1, seed: int = 0) -> Signal:
    samples = np.random.default_rng(seed).uniform(0.01, 0.5, (frames, channels)).astype(np.float32)
    return Signal(samples, RATE)


def with_gaps(*rows: tuple[int, int], sound: Signal | None = None) -> Signal:
    sound = sound or sounding()
    return apply_loss(sound, LossTrace.of_spans(rows, sound.frames, RATE))


def test_a_trimmed_sound_has_its_gaps_on_packets_that_begin_before_it() -> None:
    rows = [(220, 540), (2780, 3420), (9820, 10140)]
    found = detect_losses(with_gaps(*rows), 320)
    assert found.trace.spans.tolist() == [list(row) for row in rows]
    assert (found.trace.grid, found.trace.origin) == (Grid(320, -100), Origin.DETECTED)
    assert [gap.first_packet for gap in found.trace.gaps()] == [1, 9, 31]
    assert found.notes == (
        "exact zeros come in packets of 20 ms (320 frames), the first begins 100 frames before the sound",
    )


@pytest.mark.parametrize("size", [160, 512, 128, 40])
def test_packets_of_another_usual_length_are_found_and_said(size: int) -> None:
    lost = np.random.default_rng(1).random(sounding().frames // size) < 0.15
    lost[:2] = lost[-2:] = False
    found = detect_losses(apply_loss(sounding(), LossTrace.of_packets(lost, size, RATE)), 320)
    assert found.trace.grid == Grid(size)
    assert np.array_equal(found.trace.lost[: lost.size], lost)
    assert f"({size} frames), not of 20 ms" in found.notes[0]


def test_dropouts_on_no_packets_are_gaps_of_their_own_lengths() -> None:
    starts = [777, 1903, 4231, 8011, 9999, 14321, 20011]
    rows = [(start, start + 43) for start in starts]
    found = detect_losses(with_gaps(*rows), 320)
    assert found.trace.grid is None
    assert found.trace.spans.tolist() == [list(row) for row in rows]
    assert found.notes == (
        "7 runs of exact zeros lie on no packets of 20 ms (2.688 ms long): gaps of lengths of their own",
    )


def test_runs_shorter_than_a_millisecond_are_speech() -> None:
    found = detect_losses(with_gaps((777, 792), (4231, 4245)), 320)
    assert not found.trace.has_loss
    assert found.notes == ()


def test_pauses_into_which_speech_fades_are_doubted_with_no_reference() -> None:
    samples = sounding().samples.copy()
    for start in (5000, 15_001):
        samples[start : start + 4000] = 0
        samples[start - 200 : start] *= np.linspace(1, 0, 200, dtype=np.float32)[:, None] ** 6
        samples[start + 4000 : start + 4200] *= np.linspace(0, 1, 200, dtype=np.float32)[:, None] ** 6
    found = detect_losses(Signal(samples, RATE), 320)
    assert found.notes == (
        "2 stretches of exact zeros begin in quiet sound: pauses, or lost?"
        " Only a reference or a trace can tell",
    )
    assert found.trace.lost.nonzero()[0].tolist() == [*range(16, 28), *range(47, 59)]


def talk(seed: int = 0) -> Signal:
    """Return noise that is loud and quiet in turns, 12 pauses in 4 s."""
    rng = np.random.default_rng(seed)
    loud = np.repeat(
        np.tile([1.0, 0.004], 12), [3701 + 17 * n if n % 2 else 1620 + 31 * n for n in range(24)]
    )
    return Signal.of((rng.uniform(-0.5, 0.5, loud.size) * loud).astype(np.float32), RATE)


def gated(sound: Signal, block: int = 1) -> Signal:
    """Return a sound through a noise gate that decides for blocks of some frames."""
    peaks = np.abs(sound.mono[: sound.frames // block * block]).reshape(-1, block).max(axis=1)
    opened = np.convolve(peaks > 0.01, np.ones(max(1, 160 // block)))[: peaks.size] > 0
    return Signal.of(sound.mono[: opened.size * block] * np.repeat(opened, block), RATE)


@pytest.mark.parametrize("block", [1, 80, 320])
def test_what_a_noise_gate_makes_zero_is_not_lost_where_the_reference_tells(block: int) -> None:
    clean = talk()
    found = detect_losses(gated(clean, block), 320, clean)
    assert not found.trace.has_loss
    assert (
        "are pauses of the reference (noise gate, silence suppression): not counted as lost" in found.notes[0]
    )
    assert any("pauses, or lost?" in note for note in detect_losses(gated(clean, block), 320).notes)


def test_losses_beside_a_noise_gate_are_found() -> None:
    clean = talk()
    loud = [
        n for n in range(clean.frames // 320) if np.abs(clean.mono[n * 320 : (n + 1) * 320]).min() > 1e-5
    ][1::9]
    spans = [
        (n * 320, n * 320 + 320) for n in loud if np.abs(clean.mono[n * 320 : n * 320 + 320]).mean() > 0.2
    ]
    assert len(spans) > 5
    found = detect_losses(with_gaps(*spans, sound=gated(clean)), 320, clean)
    assert found.trace.spans.tolist() == [list(span) for span in spans]


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_losses_that_happen_to_lie_in_pauses_stay_losses(share: float, seed: int) -> None:
    clean = talk(seed)
    lost = np.random.default_rng(seed).random(-(-clean.frames // 320)) < share
    found = detect_losses(apply_loss(clean, LossTrace.of_packets(lost, 320, RATE)), 320, clean)
    assert np.array_equal(found.trace.lost, lost)
    assert found.notes == ()


def test_silence_in_the_reference_is_no_gap_wherever_it_lies() -> None:
    reference = with_gaps((5000, 9000))
    found = detect_losses(with_gaps((12_001, 12_100), sound=reference), 320, reference)
    assert found.trace.spans.tolist() == [[12_001, 12_100]]


def test_with_a_reference_a_gap_between_pauses_is_found_too() -> None:
    samples = sounding().samples.copy()
    samples[4000:4100] = samples[4300:4400] = 1e-5
    reference = Signal(samples, RATE)
    lossy = with_gaps((4050, 4350), sound=reference)
    assert detect_losses(lossy, 320, reference).trace.spans.tolist() == [[4050, 4350]]
    assert not detect_losses(lossy, 320).trace.has_loss, "without it, it is a pause"


def test_quiet_sound_that_rounds_to_zero_is_no_gap_though_the_reference_sounds() -> None:
    samples = sounding().samples.copy()
    samples[3990:4100] = samples[8990:9100] = 1e-5
    reference = Signal(sounding().samples, RATE)
    short, packet = samples.copy(), samples.copy()
    short[4000:4025] = short[9000:9016] = 0
    packet[4000:4040] = 0
    assert not detect_losses(Signal(short, RATE), 320, reference).trace.has_loss
    assert detect_losses(Signal(packet, RATE), 320, reference).trace.spans.tolist() == [[4000, 4040]]


def test_one_silent_channel_is_no_gap() -> None:
    samples = sounding(channels=2).samples.copy()
    samples[700:900, 0] = 0
    assert not detect_losses(Signal(samples, RATE), 320).trace.has_loss


def test_a_single_dropout_fits_no_packet_length_by_chance() -> None:
    found = detect_losses(with_gaps((700, 860)), 320)
    assert found.trace.grid is None
    assert found.trace.spans.tolist() == [[700, 860]]
    assert "1 run of exact zeros lies on no packets of 20 ms (10 ms long)" in found.notes[0]


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    lossy = with_gaps((777, 1300), (4231, 4290), (8011, 8200))
    whole = detect_losses(lossy, 320)
    monkeypatch.setattr(detect, "_PIECE_FRAMES", 64)
    assert detect_losses(lossy, 320).trace.spans.tolist() == whole.trace.spans.tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=90), st.integers(0, 319))
def test_packets_that_are_expected_are_found_as_ever_and_trimmed_ones_exactly(
    flags: list[bool], cut: int
) -> None:
    sound = sounding(len(flags) * 320, seed=len(flags))
    trace = LossTrace.of_packets(np.array(flags), 320, RATE)
    lossy = apply_loss(sound, trace)
    found = detect_losses(lossy, 320)
    assert found.notes == ()
    assert np.array_equal(found.trace.lost, trace.lost)
    trimmed = detect_losses(Signal(lossy.samples[cut:], RATE), 320)
    rest = trace.part(cut, sound.frames)
    inside = [row for row in rest.spans.tolist() if row[0] > 0 and row[1] < rest.frames]
    assert all(row in trimmed.trace.spans.tolist() for row in inside)
