"""The window that a soak keeps busy: `window.py CLIPS FEWER PANEL OUT LEAK`; `soak.py` measures it.

Round after round: opens clips and other clips instead, loops and switches, renders anew, scores, takes a
panel by keys, and loses and finds its sound device. At the end of each round it rests, says so in a line, and
goes on when answered. What LEAK names is lost on purpose in each round.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from multiprocessing.shared_memory import SharedMemory
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
CLIPS, FEWER, PANEL, OUT = map(Path, sys.argv[1:5])
LEAK = sys.argv[5]
done = dict.fromkeys(
    (
        "folders",
        "clips",
        "loops",
        "switches",
        "renderings",
        "scores",
        "space",
        "panels",
        "ratings",
        "lost",
        "found",
    ),
    0,
)
told: dict[str, Any] = {
    "done": done,
    "underflows": 0,
    "false messages": [],
    "told after": [],
    "silent lanes": 0,
}
lost: list[object] = []  # what is lost on purpose


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
        self.rounds = self._before = 0

    def all(self) -> Scenario:
        """Go on until told to end."""
        controller = self.controller
        yield lambda: self.hearing.state.available and not self.hearing.state.starting
        yield lambda: controller.clipset is not None and controller.catalogue is not None
        controller.document.switch_on("repeat_fade")
        pane = self.window.panes["scores"].dock
        pane.show()
        pane.raise_()
        for metric in ("plcmos", "stoi"):
            pane.boxes[metric].setChecked(True)
        while not answered("end"):
            self.rounds += 1
            yield from self.open_folder(FEWER)
            yield from self.open_folder(CLIPS)
            for number, clip in enumerate(controller.clipset.clips):
                yield from self.one_clip(clip.name, number)
            if self.rounds % 2:
                yield from self.take_panel()
            if self.rounds % 3 == 1:
                yield from self.lose_the_device()
            self.count_underflows()
            controller.show_clip(controller.clipset.clips[0].name)
            yield lambda: not controller.working and not self.hearing.state.playing
            yield pause(0.5)
            lose_something()
            say(f"round {self.rounds}")
            yield lambda: answered("measured")

    def open_folder(self, folder: Path) -> Scenario:
        """Close the clips that are open, and open others."""
        controller, clips = self.controller, len(list((folder / "clean").iterdir()))
        controller.document.mark_saved()  # nobody is there to be asked
        self.window.open_paths([folder])
        yield lambda: controller.clipset is not None and len(controller.clipset.clips) == clips
        yield lambda: controller.opened is not None and not controller.busy
        done["folders"] += 1

    def one_clip(self, name: str, number: int) -> Scenario:
        """Open a clip, loop and switch, render anew, see its scores."""
        controller, hearing = self.controller, self.hearing
        controller.show_clip(name)
        yield lambda: controller.clip_name == name and controller.opened is not None
        yield pause(0.3)
        yield lambda: not controller.busy
        done["clips"] += 1
        told["silent lanes"] += controller.lanes[-1].signal is None
        yield from self.loop()
        for _ in range(3):
            for lane in controller.lanes:
                if lane.signal is not None:
                    hearing.hear(lane.key)
                    yield pause(0.15)
                    done["switches"] += hearing.heard == lane.key
        before = controller.lanes[-1].signal
        controller.document.set_parameter(0, "crossfade", float(2 + (number + self.rounds) % 7))
        yield pause(0.2)
        yield lambda: not controller.busy
        done["renderings"] += controller.lanes[-1].signal is not before
        if number % 3 == 0:
            yield from self.see_scores()
        hearing.set_loop(None)
        yield from self.press_space(playing=False)
        if hearing.state.reason:
            told["false messages"].append(self.circumstances())
            yield from self.look_again()

    def loop(self) -> Scenario:
        """Play half a second until it begins anew."""
        controller, hearing = self.controller, self.hearing
        frames = controller.frames
        hearing.set_loop(Loop(frames // 4, frames // 4 + controller.rate // 2))
        yield from self.press_space(playing=True)
        last = hearing.state.position

        def wrapped() -> bool:
            nonlocal last
            before, last = last, hearing.state.position
            return last < before or bool(hearing.state.reason)

        yield wrapped
        done["loops"] += not hearing.state.reason

    def see_scores(self) -> Scenario:
        """Wait until each lane has its scores."""
        scores, controller = self.window.panes["scores"].scores, self.controller
        yield lambda: not controller.working
        for lane in controller.lanes:
            for metric in scores.metrics:
                score = scores.score(lane, metric)
                done["scores"] += score is not None and score.value is not None

    def press_space(self, *, playing: bool) -> Scenario:
        """Press the key that plays and pauses: it does so, or says why not."""
        QTest.keyClick(self.window.lanes_view, Qt.Key.Key_Space)
        yield lambda: self.hearing.state.playing == playing or bool(self.hearing.state.reason)
        done["space"] += 1

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
        QTest.keyClicks(QApplication.focusWidget(), f"listener{self.rounds}")
        for pressed in itertools.count():
            session = window.session
            if session is not None and session.finished:
                break
            assert pressed < MOST_KEYS, f"the panel does not end: {type(window.page).__name__}"
            page = window.page
            if isinstance(page, TrialPage):
                QTest.keyClick(page, Qt.Key.Key_Space)
                yield pause(0.6)
                QTest.keyClick(page, Qt.Key(ord("1") + self.rounds % 5))
                done["ratings"] += 1
            QTest.keyClick(QApplication.focusWidget() or page, Qt.Key.Key_Return)
            yield pause(0.3)
        QTest.keyClick(window.page, Qt.Key.Key_Return)
        yield lambda: pane.panel_window is None
        done["panels"] += 1
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
        done["lost"] += 1
        say("find")
        yield lambda: answered("found")
        yield from self.look_again()
        done["found"] += 1
        self.hearing.set_loop(None)

    def look_again(self) -> Scenario:
        """Look for the device until it is there: what was told stays until something plays."""
        for looked in itertools.count():
            assert looked < MOST_KEYS, "the device is not found again"
            self.window.panes["devices"].rescan()
            yield pause(0.2)
            yield lambda: not self.hearing.state.starting
            if self.hearing.state.available and self.hearing.player.devices():
                break

    def circumstances(self) -> str:
        """Tell what was said of the device, when, and whether the sound server answers others then."""
        asked = subprocess.run(
            ["timeout", "5", "pactl", "info"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        server = "does not answer others either" if asked.returncode else "answers others"
        state, load = self.hearing.state, os.getloadavg()[0]
        how = f"restarts {state.restarts}, load {load:.0f}, the server {server}"
        return f"round {self.rounds}: {state.reason} ({how})"

    def count_underflows(self) -> None:
        """Add what the player counted since the last time; it begins anew with another process."""
        now = self.hearing.state.underflows
        told["underflows"] += now - self._before if now >= self._before else now
        self._before = now


def lose_something() -> None:
    """Lose five of what is to be lost on purpose; all of it ends with this process."""
    for _ in range(5):
        if LEAK == "memory":
            lost.append(bytearray(os.urandom(2**20)) * 10)
        elif LEAK == "descriptor":
            lost.append(os.open(os.devnull, os.O_RDONLY))
        elif LEAK == "block":
            lost.append(SharedMemory(create=True, size=4096))
        elif LEAK == "thread":
            threading.Thread(target=threading.Event().wait, daemon=True).start()
        elif LEAK == "child":
            lost.append(subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL))


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
