"""What every test shares: a home of its own, and the real clips where they lie beside the checkout."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Before Qt, BLAS or Gaplisten are imported anywhere. Tests of real windows start an X server themselves.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ["GAPLISTEN_HOME"] = tempfile.mkdtemp(prefix="gaplisten-tests-")

ROOT = Path(__file__).resolve().parents[1]
REAL_CLIPS = ROOT.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test an empty home for settings, plugins, cache and state."""
    folder = tmp_path / "gaplisten-home"
    monkeypatch.setenv("GAPLISTEN_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """Return the folder of real clips, or skip."""
    if not REAL_CLIPS.is_dir():
        pytest.skip(f"the real clips are not there: {REAL_CLIPS}")
    return REAL_CLIPS


@pytest.fixture(scope="session")
def python() -> str:
    """Return the interpreter that runs the tests."""
    return sys.executable


PATIENCE_MS = 30_000


@pytest.fixture
def qtbot(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let every `waitUntil` wait long before it gives up: a busy machine is no failure."""
    wait = qtbot.waitUntil

    def patiently(ready: Callable[[], object], *, timeout: int = PATIENCE_MS) -> None:
        wait(ready, timeout=max(timeout, PATIENCE_MS))

    monkeypatch.setattr(qtbot, "waitUntil", patiently)
    return qtbot
