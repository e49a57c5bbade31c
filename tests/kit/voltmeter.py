"""What the speech voltmeter of ITU-T G.191 (sv56) says of some signals that anybody can make again."""

from __future__ import annotations

import numpy as np


def speechlike(rate: int, seconds: float = 4.0, seed: int = 1) -> np.ndarray:
    """Return noise in syllables of 0.15 s with short pauses, and long pauses now and then."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(rate * seconds)) / rate
    syllables = np.maximum(np.sin(2 * np.pi * 3.3 * time), 0) ** 0.5
    sentences = (time % 2.0) < 1.3
    return rng.standard_normal(len(time)) * syllables * sentences * 0.1


def spoken(rate: int, gain_db: float, noise_db: float | None, pause: float) -> np.ndarray:
    """Return four seconds of that and a pause, in noise if asked for, as float32."""
    samples = speechlike(rate) * 10 ** (gain_db / 20)
    samples = np.concatenate([samples, np.zeros(int(pause * rate))])
    if noise_db is not None:
        samples += np.random.default_rng(2).standard_normal(len(samples)) * 10 ** (noise_db / 20)
    return samples.astype(np.float32)


# Rate, gain, noise and pause as for `spoken`; active speech level in dBov, from the arithmetic of the
# voltmeter in the Software Tool Library, compiled for itself and run on these very samples.
VALUES = (
    (8000, 0, None, 0.0, -25.4598),
    (8000, 0, None, 2.0, -25.4598),
    (8000, 0, -70, 0.0, -25.4628),
    (8000, 0, -70, 2.0, -25.4627),
    (8000, 0, -50, 0.0, -25.4790),
    (8000, 0, -50, 2.0, -25.4687),
    (8000, -10, None, 0.0, -35.4543),
    (8000, -10, None, 2.0, -35.4543),
    (8000, -10, -70, 0.0, -35.4633),
    (8000, -10, -70, 2.0, -35.4623),
    (8000, -10, -50, 0.0, -36.2841),
    (8000, -10, -50, 2.0, -38.2810),
    (8000, -25, None, 0.0, -50.4580),
    (8000, -25, None, 2.0, -50.4580),
    (8000, -25, -70, 0.0, -50.4736),
    (8000, -25, -70, 2.0, -50.4416),
    (8000, -25, -50, 0.0, -47.7685),
    (8000, -25, -50, 2.0, -48.4158),
    (8000, -40, None, 0.0, -65.4563),
    (8000, -40, None, 2.0, -65.4563),
    (8000, -40, -70, 0.0, -65.0888),
    (8000, -40, -70, 2.0, -66.2180),
    (8000, -40, -50, 0.0, -49.8754),
    (8000, -40, -50, 2.0, -49.9419),
    (48000, 0, None, 0.0, -25.4459),
    (48000, 0, None, 2.0, -25.4459),
    (48000, 0, -70, 0.0, -25.4493),
    (48000, 0, -70, 2.0, -25.4492),
    (48000, 0, -50, 0.0, -25.4672),
    (48000, 0, -50, 2.0, -25.4568),
    (48000, -10, None, 0.0, -35.4407),
    (48000, -10, None, 2.0, -35.4407),
    (48000, -10, -70, 0.0, -35.4505),
    (48000, -10, -70, 2.0, -35.4494),
    (48000, -10, -50, 0.0, -36.2762),
    (48000, -10, -50, 2.0, -38.2711),
    (48000, -25, None, 0.0, -50.4441),
    (48000, -25, None, 2.0, -50.4441),
    (48000, -25, -70, 0.0, -50.4630),
    (48000, -25, -70, 2.0, -50.4306),
    (48000, -25, -50, 0.0, -47.7808),
    (48000, -25, -50, 2.0, -48.4087),
    (48000, -40, None, 0.0, -65.4426),
    (48000, -40, None, 2.0, -65.4426),
    (48000, -40, -70, 0.0, -65.0950),
    (48000, -40, -70, 2.0, -66.2131),
    (48000, -40, -50, 0.0, -49.8831),
    (48000, -40, -50, 2.0, -49.9239),
)
