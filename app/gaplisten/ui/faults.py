"""What nobody expected: logged with its traceback, and told to the user without a dialog."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from gaplisten import folders

log = logging.getLogger("gaplisten")
_qt = logging.getLogger("gaplisten.qt")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


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
            path, maxBytes=500_000, backupCount=2, encoding="utf-8"
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
