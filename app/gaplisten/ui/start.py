"""The program's start with Qt: application, window, then sound and concealers in the background."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QTimer, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from gaplisten import __version__, folders
from gaplisten.bench.arriving import Arriving
from gaplisten.bench.settings import read_settings
from gaplisten.bench.state import Sources
from gaplisten.jobs import Job
from gaplisten.languages import ENGLISH
from gaplisten.ui.ending import end_on_signals
from gaplisten.ui.icons import program_icon
from gaplisten.ui.shell.window import WorkbenchWindow
from gaplisten.ui.theme import apply_theme
from gaplisten.ui.translation import language, qt_words, tr

log = logging.getLogger("gaplisten")
_qt = logging.getLogger("gaplisten.qt")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


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
    if (code := language()) != ENGLISH:
        qt_words(code, app)
    return app


def start(
    paths: list[Path],
    demo: bool,
    how: Sources | None = None,
    clip: str | None = None,
    gap: int | None = None,
    version: str | None = None,
) -> int:
    """Open the window, at a clip and a gap if given; run until it is closed; return the exit status."""
    app = application()
    log_to_file()
    settings = read_settings()
    apply_theme(app, settings.theme)
    faults = Faults()
    undo = catch(faults)
    window = WorkbenchWindow(settings=settings)
    end_on_signals(app, window, lambda: _let_go(window))
    faults.happened.connect(window.messages.report)
    if clip is not None or gap is not None or version is not None:
        Arriving(window.controller, clip, gap, window.shell.gap_wanted.emit, version)  # its events hold it
    window.show()
    QTimer.singleShot(0, window, lambda: begin(window, paths, demo, how))
    try:
        return app.exec()
    finally:
        undo()


def _let_go(window: WorkbenchWindow) -> None:
    """Keep unsaved work, which is offered at the next start, and let everything go."""
    try:
        window.panes["file"].keep_now()
    finally:
        window.close_all()


def begin(window: WorkbenchWindow, paths: list[Path], demo: bool, how: Sources | None = None) -> None:
    """Start what the window does not wait for: clips, concealers, sound, unsaved work of a crash."""
    if paths:
        window.open_paths(paths, how)
    elif demo:
        window.panes["file"].open_demo()
    else:
        window.show_doors()
    tasks = window.controller.tasks
    player = window.controller.hearing.player
    tasks.run(tr("starting sound"), lambda _job: player.start(), lambda _: None, quiet=True)
    window.controller.load_catalogue()
    tasks.run(tr("warming up"), _warm_up, _warm_up_here, quiet=True, later=True)
    window.panes["file"].offer_rescue()


def _warm_up(_job: Job) -> None:
    """Read what takes long to be read, before somebody waits for it."""
    import pebble  # noqa: F401
    import scipy.signal  # noqa: F401


def _warm_up_here(_done: None) -> None:
    """Read what both the window and its threads read when they need it.

    Pydantic's modules import each other: two threads that begin with it at one time can meet one that is half
    read, and an ImportError.
    """
    import pydantic.main  # noqa: F401


# What nobody expected: logged with its traceback, and told to the user without a dialog.


class Faults(QObject):
    """Hands unexpected errors on to the window's thread.

    Signals
    -------
    happened
        The error.
    """

    happened = Signal(object)


def log_to_file() -> Path | None:
    """Write the log into the user's state folder; return the file, or None where that cannot be written."""
    path = folders.user_state() / "gaplisten.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=500_000, backupCount=2, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    return path


def catch(faults: Faults) -> Callable[[], None]:
    """Catch what slots and threads raise, and what Qt has to say; return what undoes that."""
    before = sys.excepthook, threading.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            before[0](kind, error, trace)
            return
        log.error("unexpected", exc_info=(kind, error, trace))
        faults.happened.emit(error)

    def thread_hook(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            hook(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    sys.excepthook, threading.excepthook = hook, thread_hook
    previous = qInstallMessageHandler(_on_qt)

    def undo() -> None:
        sys.excepthook, threading.excepthook = before
        qInstallMessageHandler(previous)

    return undo


def _on_qt(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    _qt.log(_LEVELS.get(kind, logging.WARNING), "%s", message)
