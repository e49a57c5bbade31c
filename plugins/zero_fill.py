"""Zero fill: a lost packet stays silent. The anchor below every concealer.

Source: the rule of the INTERSPEECH 2022 Deep PLC Challenge for making its lossy files.
"""

import numpy as np

name = "Zero fill"
source = "INTERSPEECH 2022 Deep PLC Challenge, lossy files"
causal = True


class ZeroFill:
    """Return received packets unchanged and silence for lost ones."""

    delay = 0

    def __init__(self, rate, packet_frames, channels):
        self.silence = np.zeros((packet_frames, channels), np.float32)

    def packet(self, samples):
        """Return one packet; `samples` is None when it was lost."""
        return self.silence if samples is None else samples
