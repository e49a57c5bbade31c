"""Asking the system to let the audio process go first; a refusal changes nothing."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

_PROCESS, _SOUND_CARD = 5, 10  # real-time priorities, well below those of the system's own threads


def raise_process() -> None:
    """Raise the priority of this process as far as it is allowed."""
    if sys.platform == "win32":
        import ctypes

        with suppress(OSError, AttributeError):
            high_priority_class = 0x80
            kernel = ctypes.windll.kernel32
            kernel.SetPriorityClass(kernel.GetCurrentProcess(), high_priority_class)
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    # Threads that the sound system starts in this process inherit it: they hand the samples on.
    _real_time(_PROCESS)


def _real_time(priority: int) -> None:
    # macOS and Windows do this on their own for audio threads.
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))


def raise_thread() -> None:
    """Give the calling thread (the sound card's) real-time scheduling where that is allowed."""
    _real_time(_SOUND_CARD)


def no_pauses() -> None:
    """Keep the garbage collector and long turns of other threads away from the sound card's thread."""
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(0.0005)
