"""P.804: seven scales on one page, in two columns, answered by keys in well under half a minute."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from gaplisten.panel.methods.p804 import SCALES
from gaplisten.ui.panel.together import ScalesTogether
from gaplisten.ui.panel.trial_page import TrialPage
from gaplisten.ui.panel.window import PanelWindow
from kit.listener import built, definition
from kit.player import ClockedPlayer
from kit.tables import rows_of

NO_LEVEL = "[checks]\nlevel = false\n"


@pytest.fixture
def player() -> ClockedPlayer:
    return ClockedPlayer()


def opened(
    qtbot: QtBot, player: ClockedPlayer, folder: Path, size: tuple[int, int] = (1280, 720)
) -> PanelWindow:
    window = PanelWindow(folder, player, "ann")  # type: ignore[arg-type]
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(window)
    window.resize(*size)
    with qtbot.waitExposed(window):
        window.show()
    return window


def page_of(window: PanelWindow) -> TrialPage:
    assert isinstance(window.page, TrialPage)
    return window.page


def hear(qtbot: QtBot, window: PanelWindow, player: ClockedPlayer) -> None:
    qtbot.keyClick(page_of(window), Qt.Key.Key_Space)
    for _ in range(60):
        player.run(0.05)
        window._player.look()


def _has_a_frame(block: QWidget) -> bool:
    """Look at what stands on the screen: a picture that is painted anew would hide a forgotten repaint."""
    QApplication.processEvents()
    window = block.window()
    picture = window.screen().grabWindow(window.winId()).toImage()
    corner = block.mapTo(window, block.rect().topLeft())
    edge, inside = (picture.pixelColor(corner + QPoint(*at)) for at in ((20, 0), (6, 6)))
    return abs(edge.lightness() - inside.lightness()) > 60


def marked(window: PanelWindow) -> str:
    """Return the question of the scale that keys answer."""
    (together,) = page_of(window).findChildren(ScalesTogether)
    framed = [one for one in together._blocks.values() if _has_a_frame(one)]
    (one,) = framed
    return one._question.text()


def rows(folder: Path) -> list[dict[str, str]]:
    (path,) = (folder / "ratings").glob("*.csv")
    return rows_of(path)


def test_seven_digits_and_enter_answer_a_trial(tmp_path: Path, qtbot: QtBot, player: ClockedPlayer) -> None:
    folder = built(tmp_path, definition("p804", NO_LEVEL))
    window = opened(qtbot, player, folder)
    qtbot.keyClick(page_of(window), Qt.Key.Key_3)
    hear(qtbot, window, player)
    assert "Noisiness" in marked(window)
    for digit in "5432154":
        qtbot.keyClick(page_of(window), Qt.Key(ord(digit)))
    qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    found = rows(folder)
    assert [row["scale"] for row in found] == list(SCALES)
    assert [row["vote"] for row in found] == list("5432154")
    assert found[0]["label"] == "Not noisy"
    assert found[1]["label"] == ""
    assert "Noisiness" in marked(window)  # the next trial begins at the first scale


def test_arrows_choose_and_move_and_the_mouse_answers_anywhere(
    tmp_path: Path, qtbot: QtBot, player: ClockedPlayer
) -> None:
    window = opened(qtbot, player, built(tmp_path, definition("p804", NO_LEVEL)))
    hear(qtbot, window, player)
    page = page_of(window)
    qtbot.keyClick(page, Qt.Key.Key_Right)
    qtbot.keyClick(page, Qt.Key.Key_Right)
    assert "Discontinuity" in marked(window)
    qtbot.keyClick(page, Qt.Key.Key_Up)
    qtbot.keyClick(page, Qt.Key.Key_Up)
    assert window.session is not None
    assert window.session.state.votes == {(-1, "discontinuity"): 4}
    assert "Discontinuity" in marked(window)
    (button,) = [one for one in page.findChildren(QPushButton) if one.accessibleName().endswith("2 Poor")]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.session.state.votes[-1, "overall"] == 2
    assert button.isChecked()
    qtbot.keyClick(page, Qt.Key.Key_Left)
    qtbot.keyClick(page, Qt.Key.Key_Return)  # five are unanswered: it does not go on
    assert page_of(window) is page
    assert "rating" in " ".join(label.text() for label in page.findChildren(QLabel))
    qtbot.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (-1, "overall") not in window.session.state.votes
    assert not button.isChecked()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_everything_fits_on_the_screen(
    tmp_path: Path, qtbot: QtBot, player: ClockedPlayer, language: str, size: tuple[int, int]
) -> None:
    folder = built(tmp_path, definition("p804", f'language = "{language}"\n{NO_LEVEL}'))
    window = opened(qtbot, player, folder, size)
    hear(qtbot, window, player)
    page = page_of(window)
    shown = [one for one in page.findChildren(QPushButton) if one.isVisible()]
    answers = [one for one in shown if one.property("answer")]
    assert len(answers) == 35
    for one in shown:
        corner = one.mapTo(window, one.rect().bottomRight())
        assert 0 < corner.x() < size[0]
        assert 0 < corner.y() < size[1], one.text()
    assert not window.findChildren(QScrollArea)[0].verticalScrollBar().isVisible()
    columns = {one.mapTo(window, one.rect().topLeft()).x() < size[0] / 2 for one in answers}
    assert columns == {True, False}


@pytest.mark.parametrize("language", ["en", "de"])
def test_on_a_small_screen_no_words_are_cut_and_nothing_scrolls(
    language: str, tmp_path: Path, qtbot: QtBot, player: ClockedPlayer
) -> None:
    top = f'language = "{language}"\ntags = ["click", "robotic"]\n'
    made = definition("p804", f"{top}[checks]\nlevel = false\nspoken_traps = 1\n")
    window = opened(qtbot, player, built(tmp_path, made))
    (area,) = window.findChildren(QScrollArea)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() == 0)
    for label in page_of(window).findChildren(QLabel):
        if label.isVisible() and label.wordWrap():
            assert label.height() >= label.heightForWidth(label.width()), label.text()


def test_no_button_moves_as_one_scale_after_the_other_is_answered(
    tmp_path: Path, qtbot: QtBot, player: ClockedPlayer
) -> None:
    """German, the small screen: bold words of the scale at hand once broke into a second line."""
    made = definition("p804", f'language = "de"\n{NO_LEVEL}')
    window = opened(qtbot, player, built(tmp_path, made))
    hear(qtbot, window, player)
    page = page_of(window)

    def places() -> list[tuple[int, int]]:
        qtbot.wait(1)
        answers = [one for one in page.findChildren(QPushButton) if one.property("answer")]
        return [(at.x(), at.y()) for at in (one.mapTo(window, one.rect().topLeft()) for one in answers)]

    before = places()
    for digit in "543215":
        qtbot.keyClick(page, Qt.Key(ord(digit)))
        assert places() == before
