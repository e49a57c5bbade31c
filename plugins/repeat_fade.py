"""Repeat with fade: the last received packet again and again, fading, with a short cross-fade into recovery.

The fade is that of ITU-T G.711 Appendix I: full level first, then linear down to silence. Received samples
change only in the first `crossfade` milliseconds after a gap.
"""

from typing import Annotated

import numpy as np

name = "Repeat with fade"
source = "textbook; fade of ITU-T G.711 Appendix I"
causal = True


class RepeatFade:
    """Repeat the last received packet."""

    delay = 0

    def __init__(
        self,
        rate,
        packet_frames,
        channels,
        *,
        hold: Annotated[
            float, {"ge": 0, "le": 1000, "unit": "ms", "help": "full level this long into a gap"}
        ] = 10.0,
        mute_after: Annotated[
            float, {"ge": 0, "le": 5000, "unit": "ms", "help": "silent this long into a gap"}
        ] = 60.0,
        crossfade: Annotated[
            float, {"ge": 0, "le": 20, "unit": "ms", "help": "into the first packet after a gap"}
        ] = 5.0,
    ):
        self.hold = hold * rate / 1000
        self.ramp = max((mute_after - hold) * rate / 1000, 1.0)
        fade = min(round(crossfade * rate / 1000), packet_frames)
        self.rise = ((np.arange(fade, dtype=np.float32) + 0.5) / max(fade, 1))[:, None]
        self.last = np.zeros((packet_frames, channels), np.float32)
        self.lost_frames = 0

    def packet(self, samples):
        """Return one packet; `samples` is None when it was lost."""
        if samples is None:
            return self._repetition()
        result = samples
        fade = len(self.rise)
        if self.lost_frames and fade:
            result = samples.copy()
            result[:fade] += (1 - self.rise) * (self._repetition()[:fade] - samples[:fade])
        self.last, self.lost_frames = samples, 0
        return result

    def _repetition(self):
        since = self.lost_frames + np.arange(len(self.last))
        gain = np.clip(1 - (since - self.hold) / self.ramp, 0, 1).astype(np.float32)
        self.lost_frames += len(self.last)
        return self.last * gain[:, None]
