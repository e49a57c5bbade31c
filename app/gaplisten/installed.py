"""Whether a library is there, without importing it."""

from __future__ import annotations

import importlib.util


def is_installed(name: str) -> bool:
    """Tell whether a module could be imported; one whose import is forbidden counts as missing."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
