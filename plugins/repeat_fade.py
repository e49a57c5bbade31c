"""Repeat the last received packet, fade it, and cross-fade into the speech that returns.

The simplest concealer that is not silence. The last received packet is played again and again with the
attenuation of ITU-T G.711 Appendix I: full level for `hold` (10 ms), then linearly down to silence at
`mute_after` (60 ms after the loss began). The first `crossfade` (5 ms) of the next received packet are
blended linearly from the continued repetition: those are the only received samples that are altered.

Source: textbook packet repetition; fade of ITU-T G.711 Appendix I (1999).
"""

from typing import Annotated

import numpy as np


class RepeatFade:
    """Play the last received packet again with a fade.

    Parameters
    ----------
    rate, packet_frames, channels
        Clock in Hz, frames in one packet, channels in one frame.
    hold
        Time at full level in ms.
    mute_after
        Time from the start of the loss to silence in ms; 0 repeats at full level for ever.
    crossfade
        Length of the linear blend into received speech in ms (at most one packet).
    """

    name = "Repeat with fade"
    help = "Repeats the last received packet with G.711's fade and a short cross-fade at the end."
    causal = True
    delay = 0
    source = "Packet repetition with the fade of ITU-T G.711 Appendix I"

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        hold: Annotated[float, {"ge": 0, "le": 1000, "unit": "ms", "help": "time at full level"}] = 10.0,
        mute_after: Annotated[
            float, {"ge": 0, "le": 5000, "unit": "ms", "help": "silent from here on; 0 = never"}
        ] = 60.0,
        crossfade: Annotated[
            float, {"ge": 0, "le": 20, "unit": "ms", "help": "blend into received speech"}
        ] = 5.0,
    ) -> None:
        self._frames = packet_frames
        self._last = np.zeros((packet_frames, channels), np.float32)
        self._age = 0  # frames since the loss began
        self._hold, self._mute = hold * rate / 1000, mute_after * rate / 1000
        blend = min(round(crossfade * rate / 1000), packet_frames)
        self._rise = (np.arange(1, blend + 1, dtype=np.float32) / (blend + 1))[:, None]

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet, shape ``(packet_frames, channels)``; `samples` is None when it is lost."""
        if samples is None:
            out = self._last * self._gain()
            self._age += self._frames
            return out
        out = self._recovered(samples) if self._age else samples
        self._last, self._age = samples, 0
        return out

    def _gain(self) -> np.ndarray:
        age = self._age + np.arange(self._frames)
        if not self._mute:
            return np.ones((self._frames, 1), np.float32)
        fall = (self._mute - age) / max(self._mute - self._hold, 1.0)
        return np.clip(np.where(age < self._hold, 1.0, fall), 0.0, 1.0).astype(np.float32)[:, None]

    def _recovered(self, samples: np.ndarray) -> np.ndarray:
        n = len(self._rise)
        out = np.array(samples)
        out[:n] = self._rise * samples[:n] + (1 - self._rise) * (self._last * self._gain())[:n]
        return out
