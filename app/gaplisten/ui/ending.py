"""Ends a window when the program is asked to end from outside: Ctrl-C, a service that stops, a shutdown."""

from __future__ import annotations

import signal
from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

ENDED = 130
"""Exit status, as that of any program that Ctrl-C ends."""
_LOOK_MS = 200


def end_on_signals(app: QApplication, window: QWidget, let_go: Callable[[], object]) -> None:
    """Have SIGINT and SIGTERM end the program tidily.

    Python's own answer to Ctrl-C is an exception in whatever the window does at the moment: a rating that is
    being saved would be lost, and the window would go on. So the end comes after what is under way.

    Parameters
    ----------
    let_go
        Keeps what is to be kept and lets go of files, sound and processes; asks nothing.
    """

    def end() -> None:
        try:
            let_go()
        finally:
            app.exit(ENDED)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: QTimer.singleShot(0, window, end))
    look = QTimer(window)  # Python sees a signal only between two of its instructions
    look.timeout.connect(lambda: None)
    look.start(_LOOK_MS)
