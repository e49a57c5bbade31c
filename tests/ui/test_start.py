"""What the window's start brings with it: every heavy library waits until it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("scipy", "pandas", "pydantic", "pebble", "pyqtgraph", "onnxruntime", "soxr")
NETWORK = ("http.client", "urllib.request", "ssl", "asyncio")
PROGRAM = """
import sys
import gaplisten.ui.start
from gaplisten.ui.shell import all_panes
assert all_panes()
print(*sorted(sys.modules))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", [*HEAVY, *NETWORK])
def test_the_window_starts_without(loaded: set[str], name: str) -> None:
    assert name not in loaded
