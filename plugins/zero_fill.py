"""Zero fill: a lost packet stays silent. The anchor below every concealer.

Source: the rule of the INTERSPEECH 2022 Deep PLC Challenge for making its lossy files.
"""

name = "Zero fill"
source = "INTERSPEECH 2022 Deep PLC Challenge, lossy files"
causal = True


def conceal(lossy, lost, rate, packet_frames):
    """Return the lossy signal as it is: the host has zeroed the lost packets."""
    return lossy
