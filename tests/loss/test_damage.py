"""Damage without a trace: planted dropouts, clicks and jumps are found in coded sound, and nothing else."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
import soundfile

from gaplisten.audio.signal import Signal
from gaplisten.loss.damage import Kind, find_damage
from gaplisten.loss.lag import Jump, lags_of
from kit.plugin_speech import speech

RATE, SECONDS = 16000, 4


@cache
def spoken() -> np.ndarray:
    """Return speech with noise below it."""
    sound = speech(RATE, float(SECONDS)).astype(np.float64)
    return sound + np.random.default_rng(0).normal(0, 1e-4, RATE * SECONDS)


@cache
def coded() -> np.ndarray:
    """Return what Opus makes of it, on the same clock."""
    file = io.BytesIO()
    soundfile.write(
        file, resampled(spoken(), RATE, 48000), 48000, format="OGG", subtype="OPUS", compression_level=0.8
    )
    file.seek(0)
    heard, _ = soundfile.read(file, dtype="float32")
    return resampled(heard, 48000, RATE)[: RATE * SECONDS]


def resampled(sound: np.ndarray, rate: int, to: int) -> np.ndarray:
    from gaplisten.audio.resample import resample

    return resample(Signal.of(sound, rate), to).samples[:, 0].astype(np.float64)


def found(version: np.ndarray, *, alone: bool = False) -> list[tuple[Kind, int, int, float]]:
    reference = None if alone else Signal.of(spoken(), RATE)
    damage = find_damage(Signal.of(version, RATE), reference)
    return [(each.kind, each.start, each.stop, each.score) for each in damage.places]


def sounding(count: int) -> list[int]:
    level = np.convolve(spoken() ** 2, np.ones(320) / 320, "same")
    loud = np.flatnonzero(level > np.quantile(level, 0.9) * 0.05)
    loud = loud[(loud > RATE // 2) & (loud < RATE * SECONDS - RATE // 2)]
    chosen: list[int] = []
    for at in np.random.default_rng(3).permutation(loud).tolist():
        if all(abs(at - other) > RATE // 8 for other in chosen):
            chosen.append(at)
    return sorted(chosen[:count])


def test_a_version_turned_round_is_compared_turned_back_and_has_no_delay() -> None:
    damage = find_damage(Signal.of(-coded(), RATE), Signal.of(spoken(), RATE))
    assert damage.places == ()
    assert damage.delay == 0
    assert damage.notes == ("its polarity is turned round: it was compared turned back",)


def test_nothing_is_found_in_coded_sound_that_nobody_damaged() -> None:
    assert found(coded()) == []
    assert found(spoken()) == []


@pytest.mark.parametrize("alone", [False, True])
def test_planted_dropouts_and_clicks_are_found(alone: bool) -> None:
    damaged, places = coded().copy(), sounding(14)
    random = np.random.default_rng(4)
    for number, at in enumerate(places):
        if number % 3:
            damaged[at : at + int(random.uniform(0.003, 0.02) * RATE)] = 0
        else:
            damaged[at] += random.choice([-1, 1]) * random.uniform(0.3, 0.6)
    seen = found(damaged, alone=alone)
    hit = [any(start - 60 <= at + 40 and stop + 60 >= at for _, start, stop, _ in seen) for at in places]
    assert np.mean(hit) >= (0.8 if alone else 0.9)
    assert len(seen) <= len(places) + 1


def test_a_dropout_is_named_and_as_long_as_it_is() -> None:
    at = sounding(5)[2]
    damaged = coded().copy()
    damaged[at : at + 160] = 0
    ((kind, start, stop, _),) = found(damaged)
    assert kind is Kind.DROPOUT
    assert abs(start - at) <= 24
    assert abs(stop - at - 160) <= 24


def test_what_was_cut_out_or_put_in_is_a_jump_in_delay_where_it_happened() -> None:
    one, two = sounding(2)
    damaged = np.concatenate([coded()[:one], coded()[one + 200 :]])
    damaged = np.concatenate([damaged[: two - 200], damaged[two - 320 : two - 200], damaged[two - 200 :]])
    jumps = [(start, score) for kind, start, _, score in found(damaged) if kind is Kind.JUMP]
    assert [score for _, score in jumps] == [pytest.approx(-200, abs=2), pytest.approx(120, abs=2)]
    assert abs(jumps[0][0] - one) < RATE // 6
    assert abs(jumps[1][0] - two) < RATE // 6


def test_a_version_that_is_late_and_softer_is_not_damaged() -> None:
    late = 0.5 * np.concatenate([np.zeros(700), coded()])
    damage = find_damage(Signal.of(late, RATE), Signal.of(spoken(), RATE))
    assert damage.delay == pytest.approx(700, abs=2)
    assert damage.places == ()


def test_exact_silence_is_damage_however_much_there_is_of_it() -> None:
    half = coded().copy()
    for at in range(RATE // 2, RATE * SECONDS, 640):
        half[at : at + 320] = 0
    kinds = [kind for kind, *_ in found(half)]
    assert kinds.count(Kind.DROPOUT) > 40


def test_lags_name_the_delay_and_the_places_where_it_changes() -> None:
    lags = lags_of(spoken(), np.concatenate([np.zeros(50), spoken()]), RATE)
    assert (lags.first, lags.jumps, lags.sure) == (50, (), True)
    assert lags.aligned(np.concatenate([np.zeros(50), spoken()]), 100).tolist() == spoken()[:100].tolist()
    assert Jump(3, 4).by == 4


@pytest.mark.parametrize("frames", [0, 1, 10, 400])
def test_short_and_silent_sounds_have_no_damage(frames: int) -> None:
    silent = Signal.of(np.zeros(frames), RATE)
    assert find_damage(silent, silent).places == ()
    assert find_damage(silent).places == ()


def test_places_can_be_walked_through_as_gaps() -> None:
    at = sounding(5)[2]
    damaged = coded().copy()
    damaged[at : at + 160] = 0
    trace = find_damage(Signal.of(damaged, RATE), Signal.of(spoken(), RATE)).trace()
    assert len(trace.gaps()) == 1
    assert trace.grid is None


def test_at_8_khz_pulses_of_the_voice_are_no_clicks_and_planted_ones_are() -> None:
    from gaplisten.audio.files import read_start
    from gaplisten.audio.resample import resample
    from gaplisten.folders import resources

    clean = resample(read_start(resources() / "demo/clean/demo6.flac", 3.0), 8000)
    file = io.BytesIO()
    wide = resample(clean, 48000).samples
    soundfile.write(file, wide, 48000, format="OGG", subtype="OPUS", compression_level=0.8)
    file.seek(0)
    heard, _ = soundfile.read(file, dtype="float32")
    coded_8k = resample(Signal.of(heard, 48000), 8000).samples[: clean.frames].copy()
    assert find_damage(Signal.of(coded_8k, 8000), clean).places == ()
    coded_8k[[6000, 12000, 18000]] += 0.5
    places = find_damage(Signal.of(coded_8k, 8000), clean).places
    assert [round(place.start / 6000) for place in places] == [1, 2, 3]


def test_what_a_codec_passes_nowhere_is_no_dropout_where_the_reference_has_nothing_else() -> None:
    hiss = (
        np.diff(np.random.default_rng(1).normal(0, 0.2, RATE // 10 + 8), 8)[: RATE // 10]
        / 200
        * np.hanning(RATE // 10)
    )
    known = spoken().copy()
    at = RATE + RATE // 2  # an "s", nearly all of which lies above 5 kHz
    known[at : at + len(hiss)] = 0.02 * known[at : at + len(hiss)] + hiss
    heard = resampled(resampled(known, RATE, 10000), 10000, RATE)
    assert find_damage(Signal.of(heard, RATE), Signal.of(known, RATE)).places == ()
    heard[RATE * 2 - 2000 : RATE * 2 - 1920] = 0
    kinds = [place.kind for place in find_damage(Signal.of(heard, RATE), Signal.of(known, RATE)).places]
    assert kinds == [Kind.DROPOUT]


@pytest.mark.parametrize(("by", "jumps"), [(5, 0), (60, 2)])
def test_a_delay_of_less_than_a_millisecond_that_fits_but_somewhat_better_is_no_jump(
    by: int, jumps: int
) -> None:
    random = np.random.default_rng(0)
    known = random.normal(0, 0.1, 4 * RATE)
    heard, middle = known.copy(), slice(RATE, 3 * RATE)
    other = 0.6 * known + 0.75 * np.roll(known, by) + 0.28 * random.normal(0, 0.1, 4 * RATE)
    heard[middle] = other[middle]
    assert len(lags_of(known, heard, RATE).jumps) == jumps
