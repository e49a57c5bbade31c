"""The window that a soak keeps busy: `window.py CLIPS PANEL OUT`; driven by `soak.py`, which measures it.

Round after round: opens clips, loops and switches, renders anew, scores, takes a panel by keys, and loses and
finds its sound device. At the end of each round it rests, says so in a line, and goes on when answered.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from gaplisten.bench.state import Loop
from gaplisten.ui.panel.trial_page import TrialPage
from gaplisten.ui.shell.window import WorkbenchWindow
from gaplisten.ui.start import application, begin
from gaplisten.ui.theme import apply_theme
from kit import driving
from kit.driving import Driver, Scenario, pause

driving.PATIENCE = 900  # the machine may have ten other things to do
MOST_KEYS = 1000  # pressed for one thing; each waits for a moment
CLIPS, PANEL, OUT = map(Path, sys.argv[1:4])
told: dict[str, Any] = {
    "rounds": 0,
    "underflows": 0,
    "false messages": [],
    "told after": [],
    "space": 0,
    "silent lanes": 0,
}


def say(line: str) -> None:
    """Tell the one who measures."""
    print(line, flush=True)


def answered(name: str) -> bool:
    """Tell whether the one who measures has done it, and take note."""
    path = OUT / name
    if not path.exists():
        return False
    path.unlink()
    return True


class Soak:
    """What one round does, and what it notes."""

    def __init__(self, window: WorkbenchWindow) -> None:
        self.window, self.controller = window, window.controller
        self.hearing = window.controller.hearing
        self._before = 0

    def all(self) -> Scenario:
        """Go on until told to end."""
        controller = self.controller
        yield lambda: self.hearing.state.available and not self.hearing.state.starting
        yield lambda: controller.clipset is not None and controller.catalogue is not None
        controller.document.switch_on("repeat_fade")
        while not answered("end"):
            told["rounds"] += 1
            for number, clip in enumerate(controller.clipset.clips):
                yield from self.one_clip(clip.name, number)
            if told["rounds"] % 2:
                yield from self.take_panel()
            if told["rounds"] % 3 == 1:
                yield from self.lose_the_device()
            self.count_underflows()
            controller.show_clip(controller.clipset.clips[0].name)
            yield lambda: not controller.busy and not self.hearing.state.playing
            yield pause(0.5)
            say(f"round {told['rounds']}")
            yield lambda: answered("measured")

    def one_clip(self, name: str, number: int) -> Scenario:
        """Open a clip, loop and switch, render anew."""
        controller, hearing = self.controller, self.hearing
        controller.show_clip(name)
        yield lambda: controller.clip_name == name and controller.opened is not None
        yield pause(0.3)
        yield lambda: not controller.busy
        told["silent lanes"] += controller.lanes[-1].signal is None
        frames = controller.frames
        hearing.set_loop(Loop(frames // 4, frames // 4 + controller.rate // 2))
        yield from self.press_space(playing=True)
        before = hearing.state.position
        yield lambda: hearing.state.position != before
        for _ in range(3):
            for lane in controller.lanes:
                if lane.signal is not None:
                    hearing.hear(lane.key)
                    yield pause(0.15)
        controller.document.set_parameter(0, "crossfade", float(2 + (number + told["rounds"]) % 7))
        yield pause(0.2)
        yield lambda: not controller.busy
        hearing.set_loop(None)
        yield from self.press_space(playing=False)
        if hearing.state.reason:
            told["false messages"].append(hearing.state.reason)

    def press_space(self, *, playing: bool) -> Scenario:
        """Press the key that plays and pauses: it does so, or says why not."""
        QTest.keyClick(self.window.lanes_view, Qt.Key.Key_Space)
        told["space"] += 1
        yield lambda: self.hearing.state.playing == playing or bool(self.hearing.state.reason)

    def take_panel(self) -> Scenario:
        """Let a listener take a panel of a few trials by keys; the workbench has its sound again then."""
        pane = self.window.panes["panel"]
        pane.open(PANEL)
        yield lambda: pane.panel_window is not None
        window = pane.panel_window
        # On a busy machine it has the focus some time after it is there.
        yield (
            lambda: (
                isinstance(QApplication.focusWidget(), QLineEdit)
                and window.isAncestorOf(QApplication.focusWidget())
            )
        )
        QTest.keyClicks(QApplication.focusWidget(), f"listener{told['rounds']}")
        for pressed in itertools.count():
            session = window.session
            if session is not None and session.finished:
                break
            assert pressed < MOST_KEYS, f"the panel does not end: {type(window.page).__name__}"
            page = window.page
            if isinstance(page, TrialPage):
                QTest.keyClick(page, Qt.Key.Key_Space)
                yield pause(0.6)
                QTest.keyClick(page, Qt.Key(ord("1") + told["rounds"] % 5))
            QTest.keyClick(QApplication.focusWidget() or page, Qt.Key.Key_Return)
            yield pause(0.3)
        QTest.keyClick(window.page, Qt.Key.Key_Return)
        yield lambda: pane.panel_window is None
        yield lambda: self.hearing.state.available and not self.hearing.state.starting

    def lose_the_device(self) -> Scenario:
        """Play, have the device pulled out, see that this is told, find it again."""
        self.hearing.set_loop(Loop(0, self.controller.frames))
        yield from self.press_space(playing=True)
        yield pause(0.5)
        self.count_underflows()
        say("lose")
        yield lambda: bool(self.hearing.state.reason)
        noticed = time.monotonic()
        yield lambda: (OUT / "lost").exists()
        told["told after"].append(round(noticed - float((OUT / "lost").read_text()), 2))
        (OUT / "lost").unlink()
        say("find")
        yield lambda: answered("found")
        for looked in itertools.count():  # what was told stays until something plays
            assert looked < MOST_KEYS, "the device is not found again"
            self.window.panes["devices"].rescan()
            yield pause(0.2)
            yield lambda: not self.hearing.state.starting
            if self.hearing.state.available and self.hearing.player.devices():
                break
        self.hearing.set_loop(None)

    def count_underflows(self) -> None:
        """Add what the player counted since the last time; it begins anew with another process."""
        now = self.hearing.state.underflows
        told["underflows"] += now - self._before if now >= self._before else now
        self._before = now


def main() -> int:
    """Run rounds in the real window."""
    app = application()
    apply_theme(app, "light")
    window = WorkbenchWindow()
    window.showMaximized()
    begin(window, [CLIPS], demo=False)

    def finish() -> None:
        (OUT / "told.json").write_text(json.dumps(told | {"failed": driver.failed}))
        window.controller.close()
        window.panes["clips"].dock.close_threads()
        app.exit(1 if driver.failed else 0)

    driver = Driver(Soak(window).all(), finish)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
