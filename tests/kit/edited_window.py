"""A workbench in which somebody works without a rest: the tests that kill it need one.

    python edited_window.py CLIPS FILE

It opens the clips as the program does, switches a concealer on, plays, and then adds a note, edits losses,
or saves, again and again. It says ``edit N SECONDS`` after the N-th note, and ``kept N`` and ``saved N`` when
those until the N-th are on the disk (seconds of the monotonic clock).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from gaplisten.bench.autosave import Autosave
from gaplisten.bench.state import Loop, Note, Work
from gaplisten.ui.shell.window import WorkbenchWindow
from gaplisten.ui.start import application, start

EVERY_MS = 60
SAVE_AFTER = 12  # edits


def say(*words: object) -> None:
    """Tell the one who kills."""
    print(*words, flush=True)


def notes_in(work: Work) -> int:
    """Return the number of the last note."""
    numbers = [int(note.text) for done in work.clips.values() for note in done.notes]
    return max(numbers, default=0)


def main(clips: str, file: str) -> int:
    """Work until somebody ends it."""
    application()
    keep = Autosave.keep

    def kept(self: Autosave, work: Work, file: Path | None) -> None:
        keep(self, work, file)
        say("kept", notes_in(work))

    Autosave.keep = kept  # type: ignore[method-assign]
    edits = 0

    def turn() -> None:
        nonlocal edits
        windows = [each for each in QApplication.topLevelWidgets() if isinstance(each, WorkbenchWindow)]
        if not windows:
            return
        controller: Any = windows[0].controller
        if controller.opened is None or controller.catalogue is None:
            return
        if not edits:
            controller.document.switch_on("repeat_fade")
            controller.hearing.set_loop(Loop(0, controller.frames))
            controller.hearing.toggle()
        edits += 1
        clip = controller.clip_name
        controller.document.add_note(clip, Note(edits * 40, "click", str(edits), "lossy"))
        controller.paint(30 + edits % 9, 31 + edits % 9, bool(edits % 2))
        say("edit", edits, time.monotonic())
        if edits % SAVE_AFTER == 0 and windows[0].panes["file"].save_to(Path(file)):
            say("saved", edits)

    timer = QTimer(interval=EVERY_MS)
    timer.timeout.connect(turn)
    timer.start()
    return start([Path(clips)], demo=False)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
