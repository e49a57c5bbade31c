"""Gaplisten from Python: clips, concealers, gap measures and scores, on NumPy arrays.

`import gaplisten` gives the same names, each imported when it is first used. ``docs/python.md`` is the guide.
"""

from gaplisten.api.arrays import BadArgument, GaplistenWarning
from gaplisten.api.calls import conceal, measure_gaps, read_trace, score
from gaplisten.api.clips import Clip, Clips, demo_folder, open_clips
from gaplisten.api.pictures import Picture, plot_gap
from gaplisten.errors import GaplistenError

__all__ = [
    "BadArgument",
    "Clip",
    "Clips",
    "GaplistenError",
    "GaplistenWarning",
    "Picture",
    "conceal",
    "demo_folder",
    "measure_gaps",
    "open_clips",
    "plot_gap",
    "read_trace",
    "score",
]
