"""The sounds of the checks hold what their tasks say: levels, ratios, spectra, who is the answer."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.panel.check_sounds import (
    DIGIT_RATIOS,
    bandwidth,
    clear_bad,
    digits,
    headphones,
    quiet_room,
    sides,
    spoken_digits,
)
from kit.sound_material import RATE, speech

Wave = np.ndarray
OCTAVES = (250, 500, 1000, 2000)


def db(wave: Wave) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(wave, dtype=np.float64)))))


def in_octaves(wave: Wave, rate: int) -> Wave:
    """Return the level in each octave, less that of all of them, in dB."""
    power = np.abs(np.fft.rfft(wave)) ** 2
    at = np.fft.rfftfreq(len(wave), 1 / rate)
    bands = np.array([power[(at >= f / 2**0.5) & (at < f * 2**0.5)].sum() for f in OCTAVES])
    return np.asarray(10 * np.log10(bands / bands.sum()))


def said_alone(answer: str, rate: int, frames: int) -> tuple[Wave, Wave]:
    """Return three digits with pauses around each, and the same filled up to a length."""
    words, pause = spoken_digits(rate, "en"), np.zeros(round(0.15 * rate))
    spoken = np.concatenate([pause, *(part for digit in answer for part in (words[int(digit)], pause))])
    return spoken, np.pad(spoken, (0, frames - len(spoken)))


@pytest.mark.parametrize("rate", [8000, 48_000])
def test_triplets_lie_in_noise_of_the_digits_own_spectrum_at_their_ratio(rate: int) -> None:
    made = digits(rate, "seed")
    assert len({sound.frames for sound, _, _ in made}) == 1
    assert [group for _, _, group in made] == sorted(list(range(len(DIGIT_RATIOS))) * 4)
    own = in_octaves(np.concatenate(spoken_digits(rate, "en")), rate)
    spectra, ratios = [], [list[float]() for _ in DIGIT_RATIOS]
    for sound, answer, group in made:
        heard = sound.mono.astype(np.float64)
        assert db(heard) == pytest.approx(-26, abs=0.01)
        spoken, placed = said_alone(answer, rate, len(heard))
        gain = heard @ placed / (placed @ placed)  # of the speech in it: noise has nothing to do with it
        noise = heard - gain * placed
        ratios[group].append(db(gain * spoken) - db(noise))
        spectra.append(in_octaves(noise, rate))
    # Noise of so few bands has by chance something to do with speech that is buried in it.
    np.testing.assert_allclose(np.mean(ratios, axis=1), DIGIT_RATIOS, atol=2.0)
    assert np.mean(ratios) == pytest.approx(np.mean(DIGIT_RATIOS), abs=0.6)
    np.testing.assert_allclose(np.mean(spectra, axis=0), own, atol=1.0)


def test_a_clear_bad_one_is_as_loud_as_the_speech_and_its_noise_as_strong() -> None:
    clean = speech()
    bad = clear_bad(clean)
    assert db(bad.samples) == pytest.approx(db(clean.samples), abs=0.05)
    x, y = clean.mono.astype(np.float64), bad.mono.astype(np.float64)
    gain = x @ y / (x @ x)
    assert db(gain * x) - db(y - gain * x) == pytest.approx(0.0, abs=0.5)


def test_the_cleaner_one_of_a_quiet_room_is_ten_decibels_cleaner() -> None:
    clean = speech()
    for pair, answer in quiet_room(clean, "seed"):
        ratios = [db(clean.samples) - db(one.samples - clean.samples) for one in pair]
        assert ratios == [pytest.approx(40, abs=0.2), pytest.approx(50, abs=0.2)]
        assert answer == "2"


def test_sides_are_where_they_are_said_to_be() -> None:
    clean = speech()
    heard = {answer: sound.samples for sound, answer in sides(clean)}
    wanted = clean.mono[: 2 * RATE]
    for answer, channels in {"left": (1, 0), "right": (0, 1), "middle": (1, 1)}.items():
        for channel, there in enumerate(channels):
            assert np.array_equal(heard[answer][:, channel], there * wanted)


def test_one_tone_is_six_decibels_softer_and_one_cancels_over_loudspeakers() -> None:
    tones, answer = headphones(RATE)
    levels = [db(tone.samples) for tone in tones]
    (softest,) = (at for at, level in enumerate(levels) if level < max(levels) - 3)
    assert str(softest + 1) == answer
    assert levels[softest] - max(levels) == pytest.approx(-6, abs=0.01)
    sums = [float(np.abs(tone.samples.sum(axis=1)).max()) for tone in tones]
    assert sorted(value < 1e-6 for value in sums) == [False, False, True]
    assert sums[softest] > 0.01, "the answer over loudspeakers is another one"


@pytest.mark.parametrize("rate", [8000, 16_000, 32_000, 48_000])
def test_pairs_of_the_bandwidth_check_differ_above_an_edge_or_not_at_all(rate: int) -> None:
    made = bandwidth(rate, "seed")
    assert [answer for _, answer in made] == ["different", "same"] * (len(made) // 2)

    def highest(sound: Signal) -> float:
        spectrum = np.abs(np.fft.rfft(sound.mono))
        return float(np.flatnonzero(spectrum > 0.05 * spectrum.max()).max() * rate / 2 / (len(spectrum) - 1))

    edges = []
    for (one, other), answer in made:
        assert np.array_equal(one.samples, other.samples) == (answer == "same")
        assert highest(one) == pytest.approx(rate / 2, rel=0.02)
        if answer == "different":
            edges.append(highest(other))
            assert db(one.samples) == pytest.approx(db(other.samples), abs=0.1)
    assert len(set(edges)) == len(edges)
    assert max(edges) < 0.95 * rate / 2
