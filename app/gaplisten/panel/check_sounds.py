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
    """Return (sound, answer): up to two seconds of speech on one side only, each side once."""
    mono = speech.mono[: 2 * speech.rate]
    silent = np.zeros_like(mono)
    left = Signal(np.stack([mono, silent], axis=1), speech.rate)
    right = Signal(np.stack([silent, mono], axis=1), speech.rate)
    return [(left, "left"), (right, "right")]


def quiet_room(speech: Signal, seed: object) -> list[tuple[list[Signal], str]]:
    """Return four tasks: speech in noise at 40 and at 50 dB, in either order; the answer is the cleaner one.

    The signal-to-noise ratios and the number of pairs are those of the P.808 Toolkit's environment test.
    """
    x = speech.samples.astype(np.float64)
    made = []
    for task in range(4):
        pair = []
        for ratio in (40.0, 50.0):
            noise = _noise(speech.frames, seed, "room", task, ratio)[:, None] * _rms(x) * 10 ** (-ratio / 20)
            pair.append(Signal((x + noise).astype(np.float32), speech.rate))
        cleaner_first = number(seed, "room order", task) % 2 == 0
        made.append((pair[::-1] if cleaner_first else pair, "1" if cleaner_first else "2"))
    return made


def _tone(rate: int, level_db: float, opposed: bool) -> Signal:
    t = np.arange(rate) / rate
    ramp = np.minimum(1.0, np.minimum(np.arange(rate), np.arange(rate)[::-1]) / (0.1 * rate))
    one = np.sqrt(2.0) * 10 ** ((_LEVEL_DBOV + level_db) / 20) * np.sin(2 * np.pi * 200 * t) * ramp
    return Signal(np.stack([one, -one if opposed else one], axis=1).astype(np.float32), rate)


def headphones(rate: int, seed: object) -> list[tuple[list[Signal], str]]:
    """Return six tasks of three tones: one 6 dB softer, one with opposed channels; the answer is the softest.

    Over loudspeakers the opposed tone cancels and sounds softest; over headphones it does not [textbook: the
    antiphase screening used in web experiments].
    """
    made = []
    for task in range(6):
        tones = [
            ("plain", _tone(rate, 0, False)),
            ("soft", _tone(rate, -6, False)),
            ("opposed", _tone(rate, 0, True)),
        ]
        order = shuffled(tones, seed, "tones", task)
        made.append(([tone for _, tone in order], str([name for name, _ in order].index("soft") + 1)))
    return made


def _joined(parts: Sequence[Wave], rate: int) -> Wave:
    pause = np.zeros(round(0.15 * rate))
    pieces = [pause, *(piece for part in parts for piece in (part, pause))]
    return np.concatenate(pieces)


def digits(rate: int, seed: object, language: str = languages.ENGLISH) -> list[tuple[Signal, str]]:
    """Return five triplets of digits in speech-shaped noise, from 0 down to -8 dB, with the answers.

    A coarse screening, not calibrated: synthetic speech, noise with the digits' own long-term spectrum. A
    language without recorded digits gets the English ones.
    """
    own, english = (folders.resources() / "digits" / code for code in (language, languages.ENGLISH))
    folder = own if own.is_dir() else english
    words = [
        resample(read_signal(folder / f"{digit}.flac"), rate).mono.astype(np.float64) for digit in range(10)
    ]
    spectrum = np.abs(np.fft.rfft(np.concatenate(words), 8192))
    made = []
    for task, ratio in enumerate((0.0, -2.0, -4.0, -6.0, -8.0)):
        chosen = shuffled(range(10), seed, "digits", task)[:3]
        speech = _joined([words[digit] for digit in chosen], rate)
        white = _noise(len(speech), seed, "digit noise", task)
        shape = np.interp(np.linspace(0, 1, len(white) // 2 + 1), np.linspace(0, 1, len(spectrum)), spectrum)
        noise = np.fft.irfft(np.fft.rfft(white) * shape, len(white))
        noise *= _rms(speech) * 10 ** (-ratio / 20) / _rms(noise)
        both = speech + noise
        both *= 10 ** (_LEVEL_DBOV / 20) / _rms(both)
        made.append((Signal.of(np.clip(both, -1, 1), rate), "".join(map(str, chosen))))
    return made
