"""Ranking by elimination in the listener's window, by keys and by mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from gaplisten.ui.panel.elimination import Elimination
from gaplisten.ui.panel.trial_page import TrialPage
from gaplisten.ui.panel.window import PanelWindow
from kit.listener import built, definition
from kit.player import ClockedPlayer
from kit.tables import rows_of

NO_LEVEL = "[checks]\nlevel = false\n"


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_clip_is_ranked_by_keys_and_mouse(tmp_path: Path, qtbot: QtBot, language: str) -> None:
    player = ClockedPlayer()
    folder = built(tmp_path, definition("ranking", f'language = "{language}"\n{NO_LEVEL}'))
    window = PanelWindow(folder, player, "ann")  # type: ignore[arg-type]
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(window)
    window.resize(1280, 720)
    with qtbot.waitExposed(window):
        window.show()
    page = window.page
    assert isinstance(page, TrialPage)
    assert window.session is not None
    count = len(window.session.state.trial.slots)
    (places,) = page.findChildren(Elimination)
    outs = places.findChildren(QPushButton)
    assert len(outs) == count
    assert not any(one.isEnabled() for one in outs)  # nothing was heard yet
    for letter in "ABCDEFG"[:count]:
        qtbot.keyClick(page, Qt.Key(ord(letter)))
        if not player.state.playing:
            qtbot.keyClick(page, Qt.Key.Key_Space)
        for _ in range(60):
            player.run(0.05)
            window._player.look()
    qtbot.keyClick(page, Qt.Key.Key_A)
    qtbot.keyClick(page, Qt.Key.Key_Down)
    assert window.session.state.votes[0, ""] == count
    assert not outs[0].isEnabled()
    assert str(count) in " ".join(label.text() for label in places.findChildren(QLabel))
    window.resize(1920, 1080)
    place = next(label for label in places.findChildren(QLabel) if label.text())
    qtbot.waitUntil(lambda: 0 <= place.y() - outs[0].geometry().bottom() < outs[0].height())
    qtbot.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.state.votes == {}
    assert outs[0].isEnabled()
    for one in outs[:-1]:
        qtbot.mouseClick(one, Qt.MouseButton.LeftButton)
    assert window.session.state.votes[count - 1, ""] == 1
    qtbot.keyClick(page, Qt.Key.Key_Return)
    (path,) = (folder / "ratings").glob("*.csv")
    assert [row["vote"] for row in rows_of(path)] == [str(at) for at in range(count, 0, -1)]
