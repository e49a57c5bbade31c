"""The program's start with Qt: application, window, then sound and concealers in the background."""

from __future__ import annotations

import importlib
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from gaplisten import __version__
from gaplisten.bench.settings import read_settings
from gaplisten.playback.player import Player
from gaplisten.ui.faults import Faults, catch, log_to_file
from gaplisten.ui.icons import program_icon
from gaplisten.ui.theme import apply_theme
from gaplisten.ui.workbench.window import WorkbenchWindow


def application() -> QApplication:
    """Return the one application, made when there is none yet."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Gaplisten")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("gaplisten")
    app.setWindowIcon(program_icon())
    return app


def start(paths: list[Path], demo: bool) -> int:
    """Open the window, run until it is closed; return the exit status."""
    app = application()
    log_to_file()
    settings = read_settings()
    apply_theme(app, settings.theme)
    faults = Faults()
    undo = catch(faults)
    window = WorkbenchWindow(settings=settings)
    _end_on_signals(app, window)
    faults.happened.connect(window.messages.report)
    window.show()
    QTimer.singleShot(0, window, lambda: begin(window, paths, demo))
    try:
        return app.exec()
    finally:
        undo()


def _end_on_signals(app: QApplication, window: WorkbenchWindow) -> None:
    """End tidily when asked from outside; unsaved work stays kept, and is offered at the next start.

    Python sees a signal only between two of its instructions: the window's timers see to that.
    """

    def end(_number: int, _frame: object) -> None:
        window.files.keep_now()
        window.close_all()
        app.exit(130)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def begin(window: WorkbenchWindow, paths: list[Path], demo: bool) -> None:
    """Start what the window does not wait for: clips, concealers, sound, unsaved work of a crash."""
    if paths:
        window.open_paths(paths)
    elif demo:
        window.files.open_demo()
    tasks = window.controller.tasks
    tasks.run("warming up", lambda _job: importlib.import_module("scipy.signal"), lambda _: None, quiet=True)
    tasks.run("starting sound", lambda _job: _player(), window.controller.hearing.use, quiet=True)
    window.controller.load_catalogue()
    window.files.offer_rescue()


def _player() -> Player:
    from gaplisten.playback.open import open_player

    return open_player()
