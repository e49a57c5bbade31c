"""A workbench window with a player that the test drives and concealers that need no process."""

from __future__ import annotations

import pytest

from kit.player import FakePlayer
from kit.workbench import FakeCatalogue, FakeRunner, loss, write_clip


@pytest.fixture(scope="session")
def clips_folder(tmp_path_factory):
    """Return a folder with two clips."""
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder, "first", loss("10-12 40"))
    write_clip(folder, "second", loss("20 50-59 80"), pitch=150.0)
    return folder


@pytest.fixture
def player():
    return FakePlayer()


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def window(qtbot, player, runner):
    """Return an empty window that is shown and active."""
    from PySide6.QtGui import QPalette
    from PySide6.QtWidgets import QApplication

    from gaplisten.bench.hearing import Hearing
    from gaplisten.ui.shell.window import WorkbenchWindow
    from gaplisten.ui.theme import apply_theme

    app = QApplication.instance()
    apply_theme(app, "light")
    made = WorkbenchWindow(Hearing(player))
    made.controller.use_catalogue(FakeCatalogue(), runner)
    with qtbot.waitActive(made):
        made.showNormal()
    made.resize(1280, 760)
    yield made
    made.controller.document.mark_saved()
    made.close()
    made.deleteLater()
    app.setPalette(QPalette())
    app.processEvents()


@pytest.fixture
def opened(qtbot, window, clips_folder):
    """Return the window with the clip ``first`` open."""
    window.open_paths([clips_folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    window.lanes_view.setFocus()
    return window


@pytest.fixture
def settle(qtbot):
    """Return a function that waits until nothing is under way."""

    def wait(window):
        qtbot.waitUntil(lambda: not window.controller.busy and not window.lanes_view.busy)

    return wait
