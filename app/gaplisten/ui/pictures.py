"""Pictures of the real workbench, with no display: ``python -m gaplisten.ui.pictures FOLDER NAME...``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication

from gaplisten.bench.hearing import Hearing
from gaplisten.bench.settings import read_settings
from gaplisten.playback.player import Player
from gaplisten.ui.shell.window import WorkbenchWindow
from gaplisten.ui.start import application
from gaplisten.ui.theme import apply_theme

SIZE = (1400, 820)
PATIENCE_SECONDS = 60.0


def _until(app: QApplication, ready: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not ready() and time.monotonic() < end:
        app.processEvents()
        time.sleep(0.01)


def take(folder: Path, concealers: Sequence[str]) -> list[Path]:
    """Open the demo with these concealers; save the whole clip in light and one gap in dark."""
    app = application()
    apply_theme(app, "light")
    hearing = Hearing(Player(silent="there is no display and no sound here"))
    window = WorkbenchWindow(hearing, replace(read_settings(), theme="light"))
    window.showNormal()
    window.resize(*SIZE)
    controller = window.controller
    files = window.panes["file"]
    files.open_sources(files.demo_sources())
    controller.load_catalogue()
    _until(app, lambda: controller.opened is not None and controller.catalogue is not None)
    for name in concealers:
        controller.document.switch_on(name)
    _until(app, lambda: not controller.working and not window.lanes_view.busy)
    made = [_picture(app, window, folder / "workbench.png")]
    apply_theme(app, "dark")
    window.actions_table["gap.next"].trigger()
    window.actions_table["gap.next"].trigger()
    window.actions_table["view.both"].trigger()
    _until(app, lambda: not window.lanes_view.busy)
    made.append(_picture(app, window, folder / "workbench-gap.png"))
    controller.document.mark_saved()
    window.close()
    return made


def _picture(app: QApplication, window: WorkbenchWindow, path: Path) -> Path:
    end = time.monotonic() + 0.4  # figures of the clip list and layout settle
    _until(app, lambda: time.monotonic() > end)
    window.status.clearMessage()
    app.processEvents()
    window.grab().save(str(path))
    return path


if __name__ == "__main__":
    for each in take(Path(sys.argv[1]), sys.argv[2:]):
        print(each)
