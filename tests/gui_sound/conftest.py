"""The same window, player and clips as the workbench's own tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_PATH = Path(__file__).resolve().parents[1] / "gui" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("gui_sound_workbench", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
workbench = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = workbench  # dataclasses look their module up
_SPEC.loader.exec_module(workbench)

clips_folder = workbench.clips_folder
player = workbench.player
runner = workbench.runner
window = workbench.window
opened = workbench.opened
settle = workbench.settle
