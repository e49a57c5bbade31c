"""The main job, end to end, in the real program: `main_job.py CLIPS OUT`; findings land in OUT/found.json.

Open a folder by its dialog, select clip 2307, play, switch lanes, switch on a concealer, change its parameter
while playing, make a panel of two clips, take it by mouse and keyboard to its end.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QScrollArea, QWidget

from gaplisten.ui.panel.listening import TrialPlayer
from gaplisten.ui.panel.new_dialog import NewPanelDialog
from gaplisten.ui.panel.pages import ListenerPage, MessagePage
from gaplisten.ui.panel.step_page import StepPage
from gaplisten.ui.panel.trial_page import TrialPage
from gaplisten.ui.panel.window import PanelWindow
from gaplisten.ui.shell.window import WorkbenchWindow
from gaplisten.ui.start import application, begin
from gaplisten.ui.theme import apply_theme
from kit.driving import Driver, Scenario, click, grab, pause, press, write

Kind = TypeVar("Kind", bound=QWidget)

CLIPS, OUT = Path(sys.argv[1]), Path(sys.argv[2])
found: dict[str, Any] = {}


def top(kind: type[Kind]) -> Kind | None:
    """Return the window of a kind that is active."""
    active = QApplication.activeWindow()
    return active if isinstance(active, kind) else None


def the(kind: type[Kind]) -> Kind:
    """Return the active window, which is of that kind."""
    window = top(kind)
    assert window is not None
    return window


def item_at(view: Any, row: int) -> QPoint:
    """Return where row `row` of a list or table is, inside its viewport."""
    place: QPoint = view.visualRect(view.model().index(row, 0)).center()
    return place


def row_of(view: Any, text: str) -> int:
    """Return the row that says `text` in its first column."""
    model = view.model()
    return next(row for row in range(model.rowCount()) if str(model.index(row, 0).data()) == text)


def button(window: QWidget, text: str) -> QPushButton:
    """Return the visible button that says `text`."""
    return next(one for one in window.findChildren(QPushButton) if one.text() == text and one.isVisible())


def workbench(window: WorkbenchWindow) -> Scenario:
    """Open, select, play, switch, conceal."""
    controller = window.controller
    hearing = controller.hearing
    yield lambda: window.isActiveWindow() and hearing.state.available and controller.catalogue is not None
    press("ctrl+o")
    yield lambda: top(QFileDialog)
    write(str(CLIPS))
    press("Return")
    yield lambda: controller.clipset is not None and len(controller.clipset.clips) == 3
    yield pause(0.3)
    table = window.panes["clips"].dock.table
    click(table.viewport(), item_at(table, row_of(table, "2307")))
    yield lambda: controller.clip_name == "2307"
    found["lanes"] = [lane.name for lane in controller.lanes]
    press("l")  # a busy machine may take longer to render than the clip lasts
    press("space")
    yield lambda: hearing.state.playing and hearing.state.position > 0
    heard = []
    for key in ("0", "1", "2"):
        press(key)
        yield lambda key=key: hearing.heard == int(key) and hearing.state.lane == int(key)
        heard.append(hearing.heard)
    click(in_view(window.panes["concealers"].dock.boxes["repeat_fade"]), QPoint(8, 8))
    yield lambda: any(lane.key == 3 and lane.signal is not None for lane in controller.lanes)
    press("3")
    yield lambda: hearing.heard == 3
    heard.append(hearing.heard)
    found["heard"], found["still playing"] = heard, hearing.state.playing
    grab(OUT / "workbench.png")
    yield from change_a_parameter(window)
    press("space")
    yield lambda: not hearing.state.playing


def in_view(widget: QWidget) -> QWidget:
    """Scroll to a widget, as a user would; return it."""
    outer = widget.parentWidget()
    while outer is not None:
        if isinstance(outer, QScrollArea):
            outer.ensureWidgetVisible(widget)
        outer = outer.parentWidget()
    return widget


def change_a_parameter(window: WorkbenchWindow) -> Scenario:
    """Type another value into the first parameter: the lane is rendered again while it plays."""
    controller = window.controller
    before = next(lane.signal for lane in controller.lanes if lane.key == 3)
    editors = window.panes["concealers"].dock.settings[0].form.findChildren(QWidget)
    spin = next(one for one in editors if hasattr(one, "stepUp"))
    click(in_view(spin), QPoint(12, spin.height() // 2), count=2)
    press("Down", "Down", "Down")
    yield lambda: next(lane.signal for lane in controller.lanes if lane.key == 3) is not before
    found["playing after the change"] = controller.hearing.state.playing
    clips = window.panes["clips"].dock.table
    click(
        clips.viewport(),
        item_at(clips, row_of(clips, "2307")),
    )
    yield pause(0.2)


def make_panel(window: WorkbenchWindow) -> Scenario:
    """Choose two clips and two conditions in the dialog; build and take."""
    press("ctrl+shift+n")
    yield lambda: top(NewPanelDialog)
    dialog = the(NewPanelDialog)
    yield pause(0.3)
    dialog.which.setCurrentIndex(1)  # "the clips chosen below"
    click(dialog.clips.viewport(), item_at(dialog.clips, row_of(dialog.clips, "54")))
    press("shift+Down", "shift+Down")
    yield lambda: len(dialog.chosen_clips()) >= 2
    while len(dialog.chosen_clips()) > 2:
        press("shift+Up")
        yield pause(0.2)
    found["clips"] = sorted(dialog.chosen_clips())
    dialog.heard.setCurrentIndex(1)  # "at least in part": three seconds a trial, not ten
    box = dialog.conditions.visualRect(dialog.conditions.model().index(0, 0))
    click(dialog.conditions.viewport(), QPoint(box.left() + 9, box.center().y()))
    yield lambda: len(dialog.chosen_conditions()) == 2
    found["conditions"] = sorted(part.name for part in dialog.chosen_conditions())
    grab(OUT / "dialog.png")
    click(button(dialog, "Build and Take…"))
    yield lambda: top(QFileDialog)
    press("ctrl+a")
    write(str(OUT / "panel"))
    press("Return")
    yield lambda: top(PanelWindow)


def answer_trial(player: TrialPlayer, page: TrialPage, number: int) -> Scenario:
    """Play a while, vote, by mouse in every other trial and by key in the others, and go on."""
    vote = 5 - number
    press("space")
    yield lambda: player.playing and player.position > player.state.rate // 2
    if number % 2:
        press(str(vote))
    else:
        words = next(words for value, words in player.taking.session.scale.labels if value == vote)
        click(button(page, f"{vote}   {words}"))
    yield lambda: list(player.state.votes.values()) == [vote]
    if number == 0:
        grab(OUT / "trial.png")
    found["votes"].append(vote)
    if number % 2:
        press("Return")
    else:
        click(button(page, "Next   (Enter)"))


def level_heard(window: PanelWindow) -> bool:
    """Tell whether the step's sound was played for long enough."""
    session = window.session
    return session is not None and session.step is not None and session._asking.was_heard(session.step)


def take_panel() -> Scenario:
    """Give a name, set the level, answer every trial."""
    window = the(PanelWindow)
    assert isinstance(window.page, ListenerPage)
    write("xavier")
    press("Return")
    yield lambda: isinstance(window.page, StepPage)
    yield pause(0.3)
    press("space")  # the level cannot be set unheard
    yield lambda: level_heard(window)
    press("Return")
    found["votes"] = []
    number = 0
    while True:
        yield lambda: isinstance(window.page, TrialPage | MessagePage)
        if isinstance(window.page, MessagePage):
            break
        done = window.session.progress.done if window.session else 0
        yield pause(0.2)
        yield from answer_trial(window._player, window.page, number)
        yield lambda done=done: window.session.finished or window.session.progress.done > done
        number += 1
    grab(OUT / "end.png")
    press("Return")
    yield lambda: top(WorkbenchWindow)


def journey(window: WorkbenchWindow) -> Scenario:
    """Do all of it."""
    yield from workbench(window)
    yield from make_panel(window)
    yield from take_panel()
    yield pause(0.5)
    found["workbench is back with sound"] = window.controller.hearing.state.available


def main() -> int:
    """Run the journey in the real window."""
    app = application()
    apply_theme(app, "light")
    window = WorkbenchWindow()
    window.showMaximized()
    begin(window, [], demo=False)

    def finish() -> None:
        (OUT / "found.json").write_text(json.dumps(found | {"failed": driver.failed}))
        if driver.failed:
            grab(OUT / "failed.png")
        window.controller.close()
        window.panes["clips"].dock.close_threads()
        app.exit(1 if driver.failed else 0)

    driver = Driver(journey(window), finish, lambda: str(window.controller.hearing.player.state))
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
