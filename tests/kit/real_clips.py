"""Where the real clips lie, the one way to them: a folder that is named, or the one beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "GAPLISTEN_TEST_DATA"
FOLDER = Path(os.environ.get(VARIABLE) or Path(__file__).resolve().parents[3] / "shared" / "data")


def missing() -> str:
    """Return why there are none, or nothing."""
    return "" if FOLDER.is_dir() else f"the real clips are not there: {FOLDER} (set {VARIABLE})"
