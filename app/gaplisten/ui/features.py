"""Parts of the window that live in modules of their own, one line each.

Such a module has ``COMMANDS``, a sequence of `gaplisten.ui.actions.Command`, and ``install(window)``, which
binds them through ``window.actions_table.bind`` and adds docks (``window.add_dock``) or badges. It is given
the whole `WorkbenchWindow`; what needs the finished window connects to ``window.ready``.
"""

from __future__ import annotations

import importlib
import logging
from types import ModuleType

from gaplisten.installed import is_installed

FEATURES: tuple[str, ...] = (
    "gaplisten.ui.metrics.feature",
    "gaplisten.ui.gaps.feature",
    "gaplisten.ui.devices.feature",
    "gaplisten.ui.levels.feature",
    "gaplisten.ui.audit.feature",
)

log = logging.getLogger(__name__)


def features() -> list[ModuleType]:
    """Return the feature modules that are there; one that cannot be imported is logged and left out."""
    found = []
    for name in filter(is_installed, FEATURES):
        try:
            found.append(importlib.import_module(name))
        except ImportError:
            log.exception("%s cannot be used", name)
    return found
