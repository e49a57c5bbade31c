"""A listener's window that takes a panel by keys as fast as it can: the tests that kill it need one.

    python window_session.py PANEL LISTENER

It plays on a player whose clock runs ahead, presses a digit and Enter on each page, and says the number of
each trial that it has left.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gaplisten.ui.ending import end_on_signals
from gaplisten.ui.panel.trial_page import TrialPage
from gaplisten.ui.panel.window import PanelWindow
from kit.player import ClockedPlayer


def main(folder: str, listener: str) -> int:
    """Take the panel to its end."""
    app = QApplication([])
    player = ClockedPlayer()
    window = PanelWindow(Path(folder), player, listener)
    end_on_signals(app, window, window.let_go)  # as the command has it
    window.show()
    print("open", flush=True)

    def turn() -> None:
        page, session = window.page, window.session
        if session is None or session.trial is None or session.finished:
            app.exit(0 if session is not None and session.finished else 1)
            return
        if not isinstance(page, TrialPage):  # "welcome back"
            QTest.keyClick(page, Qt.Key.Key_Return)
            return
        number = session.trial.number
        QTest.keyClick(page, Qt.Key.Key_Space)
        while player.state.playing:
            player.run(0.2)
            window._player.look()
        QTest.keyClick(page, Qt.Key(ord("1") + (7 * number + 3) % 5))
        QTest.keyClick(page, Qt.Key.Key_Return)
        if session.finished or session.trial is None or session.trial.number != number:
            print(number, flush=True)

    timer = QTimer()
    timer.timeout.connect(turn)
    timer.start(0)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
