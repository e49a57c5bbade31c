"""What `__init__.py` gives, for type checkers and completion."""

from gaplisten.api import (
    BadArgument,
    Clip,
    Clips,
    GaplistenError,
    GaplistenWarning,
    Picture,
    conceal,
    demo_folder,
    measure_gaps,
    open_clips,
    plot_gap,
    read_trace,
    score,
)

__version__: str

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
