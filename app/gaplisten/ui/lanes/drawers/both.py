"""The waveform above the spectrogram."""

from __future__ import annotations

from gaplisten.ui.lanes.drawer import Drawer


class Both(Drawer):
    """Shares the lane between the two."""

    name = "both"
    title = "Both"
    keys = "Ctrl+6"
    help = "Draw waveform over spectrogram"
    lane_help = "Draw the heard lane both ways"
    place = 12
    strips = ("waveform", "spectrogram")


DRAWER = Both
