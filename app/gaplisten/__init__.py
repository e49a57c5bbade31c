"""Gaplisten: the listening-test bench for packet loss concealment.

From Python: ``import gaplisten`` gives `open_clips`, `conceal`, `measure_gaps`, `score`, `read_trace` and
`plot_gap` on NumPy arrays. ``docs/python.md`` is the guide.
"""

from __future__ import annotations

import os
from importlib import import_module

# Not typing's own: where `python -m gaplisten` begins, a module of the current folder would be imported.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

# onnxruntime tells its maker about the machine and the names of models unless this is set before its import:
# the switch of its Python interface comes too late (its Privacy.md). Processes that we start inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__all__ = [  # each is imported when it is asked for
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


def __getattr__(name: str) -> Any:
    """Return what Python code may use, imported only now: the program's own parts import this module, too."""
    if name in __all__:
        return getattr(import_module("gaplisten.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the names that there are, for completion."""
    return [*globals(), *__all__]
