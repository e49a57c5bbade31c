"""Sounds for the steps and checks before and among the trials, made from the panel's own speech."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gaplisten import folders, languages
from gaplisten.audio.files import read_signal
from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.panel.order import number, shuffled

_LEVEL_DBOV = -26.0
Wave = npt.NDArray[np.float64]


def _rms(samples: npt.NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


def _noise(count: int, *seed: object) -> Wave:
    return np.random.Generator(np.random.PCG64(number(*seed))).standard_normal(count)


def clear_bad(reference: Signal) -> Signal:
    """Return speech that is clearly bad: noise as strong as the speech itself rides on it.

    Modulated noise in the manner of ITU-T P.810 at Q = 0 dB [textbook], brought back to the speech's level.
    """
    x = reference.samples.astype(np.float64)
    y = x * (1.0 + _noise(reference.frames, "bad", reference.frames)[:, None])
    level = _rms(y)
    y *= _rms(x) / level if level > 0 else 1.0
    return Signal(np.clip(y, -1.0, 1.0).astype(np.float32), reference.rate)


def sides(speech: Signal) -> list[tuple[Signal, str]]:
    """Return (sound, answer): up to two seconds of speech on the left, on the right, and on both sides."""
    mono = speech.mono[: 2 * speech.rate]
    silent = np.zeros_like(mono)
    heard = {"left": (mono, silent), "right": (silent, mono), "middle": (mono, mono)}
    return [(Signal(np.stack(pair, axis=1), speech.rate), side) for side, pair in heard.items()]


def quiet_room(speech: Signal, seed: object) -> list[tuple[list[Signal], str]]:
    """Return six pairs: speech in noise at 40 and at 50 dB; the answer is the cleaner one, the second.

    The signal-to-noise ratios are those of the P.808 Toolkit's environment test.
    """
    x = speech.samples.astype(np.float64)
    made = []
    for task in range(6):
        pair = []
        for ratio in (40.0, 50.0):
            noise = _noise(speech.frames, seed, "room", task, ratio)[:, None] * _rms(x) * 10 ** (-ratio / 20)
            pair.append(Signal((x + noise).astype(np.float32), speech.rate))
        made.append((pair, "2"))
    return made


def _tone(rate: int, level_db: float, opposed: bool) -> Signal:
    t = np.arange(rate) / rate
    ramp = np.minimum(1.0, np.minimum(np.arange(rate), np.arange(rate)[::-1]) / (0.1 * rate))
    one = np.sqrt(2.0) * 10 ** ((_LEVEL_DBOV + level_db) / 20) * np.sin(2 * np.pi * 200 * t) * ramp
    return Signal(np.stack([one, -one if opposed else one], axis=1).astype(np.float32), rate)


def headphones(rate: int) -> tuple[list[Signal], str]:
    """Return three tones, one 6 dB softer, one with opposed channels; the answer is the softest.

    Over loudspeakers the opposed tone cancels and sounds softest; over headphones it does not [textbook: the
    antiphase screening used in web experiments].
    """
    return [_tone(rate, 0, False), _tone(rate, -6, False), _tone(rate, 0, True)], "2"


def _edges(rate: int) -> list[int]:
    """Return where the narrower noise of a pair ends, in Hz: what a telephone or a headset leaves out."""
    return [edge for edge in (3500, 7000) if edge <= 0.6 * rate / 2] or [round(rate / 4)]


def bandwidth(rate: int, seed: object) -> list[tuple[list[Signal], str]]:
    """Return pairs of equally loud noises: the same one twice, or one without its upper part.

    Half of them are the same. Whatever between the panel and the ear passes no more than telephone speech (a
    headset's hands-free profile) or, from 32 kHz on, wideband speech makes the different ones the same.
    Unlike the P.808 Toolkit's pairs of speech these do not depend on what the panel's clips hold.
    """
    count = round(0.8 * rate)
    ramp = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.02 * rate))
    frequencies = np.fft.rfftfreq(count, 1 / rate)
    full = np.fft.rfft(_noise(count, seed, "bandwidth")) / np.sqrt(np.maximum(frequencies, 100.0))

    def noise(edge: float) -> Signal:
        wave = np.fft.irfft(np.where(frequencies <= edge, full, 0), count) * ramp
        wave *= 10 ** (_LEVEL_DBOV / 20) / _rms(wave)
        return Signal.of(np.clip(wave, -1, 1), rate)

    whole, edges = noise(rate / 2), _edges(rate)
    made: list[tuple[list[Signal], str]] = []
    for edge in edges:
        made += [([whole, noise(edge)], "different"), ([whole, whole], "same")]
    return made


def _joined(parts: Sequence[Wave], rate: int) -> Wave:
    pause = np.zeros(round(0.15 * rate))
    pieces = [pause, *(piece for part in parts for piece in (part, pause))]
    return np.concatenate(pieces)


DIGIT_RATIOS = (0.0, -2.0, -4.0, -6.0, -8.0)  # dB, speech in noise
_WINDOW_SECONDS = 0.032
_TRIPLETS = 4  # of each ratio: another attempt, or another listener, gets others


def digits(rate: int, seed: object, language: str = languages.ENGLISH) -> list[tuple[Signal, str, int]]:
    """Return (sound, answer, place of its ratio): triplets of digits in speech-shaped noise.

    A coarse screening, not calibrated: synthetic speech, noise with the digits' own long-term spectrum. A
    language without recorded digits gets the English ones. All are of equal length, whatever they say.
    """
    words = spoken_digits(rate, language)
    longest = len(_joined(sorted(words, key=len)[-3:], rate))
    spectrum = _long_term_spectrum(np.concatenate(words), rate)
    made = []
    for group, ratio in enumerate(DIGIT_RATIOS):
        for which in range(_TRIPLETS):
            chosen = shuffled(range(10), seed, "digits", group, which)[:3]
            spoken = _joined([words[digit] for digit in chosen], rate)
            speech = np.pad(spoken, (0, longest - len(spoken)))
            white = _noise(longest, seed, "digit noise", group, which)
            places = np.linspace(0, 1, len(white) // 2 + 1)
            shape = np.interp(places, np.linspace(0, 1, len(spectrum)), spectrum)
            noise = np.fft.irfft(np.fft.rfft(white) * shape, len(white))
            noise *= _rms(spoken) * 10 ** (-ratio / 20) / _rms(noise)
            both = speech + noise
            both *= 10 ** (_LEVEL_DBOV / 20) / _rms(both)
            made.append((Signal.of(np.clip(both, -1, 1), rate), "".join(map(str, chosen)), group))
    return made


def _long_term_spectrum(samples: Wave, rate: int) -> Wave:
    """Return the rms magnitude over all of a sound, at evenly spaced frequencies up to half the rate."""
    from scipy.signal import welch

    power: Wave = welch(samples, rate, nperseg=round(_WINDOW_SECONDS * rate))[1]
    return np.sqrt(power)


def spoken_trap(speech: Signal, digit: int | None, language: str) -> Signal:
    """Return an attention sound: speech that breaks off, then a digit, twice; with None, silence instead.

    All of one panel's are of equal length, whatever they say: that of the speech, where it is long enough, so
    that no size of a file tells an attention trial before it is heard.

    Parameters
    ----------
    speech
        Of the panel's own, with its gain applied.
    """
    rate = speech.rate
    words = spoken_digits(rate, language)
    longest = max(len(word) for word in words)
    pause = np.zeros(round(0.3 * rate))
    room = speech.frames - 2 * longest - 3 * len(pause)
    lead = speech.mono[: max(round(1.5 * rate), room)].astype(np.float64)
    said = np.zeros(longest)
    if digit is not None:
        word = words[digit]
        said[: len(word)] = word * 10 ** (_LEVEL_DBOV / 20) / _rms(word)
    whole = np.clip(np.concatenate([lead, pause, said, pause, said, pause]), -1, 1)
    return Signal(np.repeat(whole[:, None], speech.channels, axis=1).astype(np.float32), rate)


def has_digits(language: str) -> bool:
    """Tell whether a language has recorded digits of its own."""
    return (folders.resources() / "digits" / language).is_dir()


def spoken_digits(rate: int, language: str) -> list[Wave]:
    """Return the ten spoken digits of a language, English ones where it has none."""
    folder = folders.resources() / "digits" / (language if has_digits(language) else languages.ENGLISH)
    read = (read_signal(folder / f"{digit}.flac") for digit in range(10))
    return [resample(signal, rate).mono.astype(np.float64) for signal in read]
