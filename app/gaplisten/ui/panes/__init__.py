"""The panes of the window, one file each: a file dropped in here has its dock, menu rows and keys."""

from __future__ import annotations

import importlib
import pkgutil

from gaplisten.ui.shell import Pane


def all_panes() -> list[Pane]:
    """Return the ``PANE`` of each file, in the order in which they are made."""
    names = [found.name for found in pkgutil.iter_modules(__path__)]
    panes: list[Pane] = [importlib.import_module(f"{__name__}.{name}").PANE for name in names]
    return sorted(panes, key=lambda pane: (pane.place, pane.name))
