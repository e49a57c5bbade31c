"""Listening panels on the screen: taking one, and making one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def run_panel(
    folder: Path,
    listener: str | None = None,
    *,
    ratings: Path | None = None,
    full_screen: bool = True,
    setup: Mapping[str, str] | None = None,
) -> int:
    """Let somebody take a built panel in a window of its own; return the exit status.

    Raises
    ------
    UntrustedPanel
        If the folder is no panel, or was changed.
    """
    from PySide6.QtWidgets import QApplication

    from gaplisten.panel.frozen import open_panel
    from gaplisten.playback.player import Player
    from gaplisten.ui.ending import end_on_signals
    from gaplisten.ui.panel.window import PanelWindow
    from gaplisten.ui.theme import apply_theme

    open_panel(folder)  # a bad folder is told before any window opens
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    apply_theme(app, "system")
    window = PanelWindow(folder, Player(), listener, ratings, setup=setup)
    end_on_signals(app, window, window.let_go)
    if full_screen:
        window.showFullScreen()
    else:
        window.show()
    return app.exec()
