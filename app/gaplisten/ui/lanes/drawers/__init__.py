"""The ways to draw a lane, one file each: a file dropped in here has its menu rows, scale and exports."""

from __future__ import annotations

import importlib
import pkgutil

from gaplisten.ui.lanes.drawer import Drawer


def drawer_kinds() -> dict[str, type[Drawer]]:
    """Return the class of each file's ``DRAWER`` by its name, in the menu's order."""
    names = [found.name for found in pkgutil.iter_modules(__path__)]
    kinds: list[type[Drawer]] = [importlib.import_module(f"{__name__}.{name}").DRAWER for name in names]
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: (kind.place, kind.name))}
