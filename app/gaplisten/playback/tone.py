"""The test tone: tells which side is which, and that there is sound at all."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Samples
from gaplisten.playback.player import Side
from gaplisten.playback.ramps import fade_frames, raised_cosine


def side_tone(rate: int, channels: int, side: Side, seconds: float = 0.8) -> Samples:
    """Return a faded 440 Hz tone at -20 dBFS, shape ``(frames, channels)``, silent on the other side."""
    frames = round(rate * seconds)
    wave = 0.1 * np.sin(2 * np.pi * 440.0 * np.arange(frames) / rate)
    ramp = raised_cosine(fade_frames(rate, 20.0))[:, 0]
    wave[: len(ramp)] *= ramp
    wave[-len(ramp) :] *= ramp[::-1]
    out = np.zeros((frames, channels), np.float32)
    wanted = {"left": [0], "right": [min(1, channels - 1)], "both": list(range(channels))}[side]
    out[:, wanted] = wave[:, None]
    return out
