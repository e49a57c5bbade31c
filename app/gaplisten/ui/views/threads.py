"""Threads that read and compute for the views."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

_NICENESS = 5


def give_way() -> None:
    """Let the threads that paint and play go before the calling one, where the system can do that."""
    # Only Linux has a niceness for each thread; elsewhere this would slow down the whole program.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
