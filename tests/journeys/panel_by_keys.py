"""Takes a panel of each method by keyboard alone: `panel_by_keys.py OUT PANEL...`; writes OUT/votes.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from gaplisten.panel.trial import Response
from gaplisten.playback.player import Player
from gaplisten.ui.panel.pages import ListenerPage, MessagePage
from gaplisten.ui.panel.trial_page import TrialPage
from gaplisten.ui.panel.window import PanelWindow
from gaplisten.ui.start import application
from gaplisten.ui.theme import apply_theme
from kit.driving import Driver, Scenario, grab, press, write

OUT, PANELS = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
votes: dict[str, list[list[object]]] = {}
players: list[Player] = []


def hear_slot(window: PanelWindow, slot: int) -> Scenario:
    """Switch to a slot by its key and hear it from the beginning to the end."""
    inner = window._player
    named = inner.state.trial.slots[slot]
    press("0" if named.named_reference else named.letter.lower())
    yield lambda: inner.slot == slot
    press("BackSpace")
    yield lambda: inner.state.heard_whole(slot)


def rate_slot(window: PanelWindow, slot: int) -> Scenario:
    """Move the slider of a slot while it plays: as often up as its place says."""
    inner = window._player
    named = inner.state.trial.slots[slot]
    press(named.letter.lower())
    yield lambda: inner.slot == slot
    press("BackSpace")
    yield lambda: inner.state.playing == slot
    press(*["Up"] * (slot + 1))
    yield lambda: (slot, "") in inner.state.votes


def take_out(window: PanelWindow, slot: int) -> Scenario:
    """Take a recording out of a ranking; the last one is left by itself."""
    inner = window._player
    if (slot, "") in inner.state.votes:
        return
    press(inner.state.trial.slots[slot].letter.lower())
    yield lambda: inner.slot == slot
    press("Down")
    yield lambda: (slot, "") in inner.state.votes


def one_trial(window: PanelWindow, name: str) -> Scenario:
    """Hear everything, answer, go on."""
    inner, session = window._player, window.session
    assert session is not None
    done = session.progress.done
    if inner.switched:
        for slot in range(len(inner.state.trial.slots)):
            yield from hear_slot(window, slot)
        places = inner.state.trial.response is Response.PLACES
        for slot in inner.state.trial.rated_slots:
            yield from take_out(window, slot) if places else rate_slot(window, slot)
    for count, _ in enumerate(inner.state.trial.scales, start=1):
        if not inner.switched:
            # All of it is heard a moment before it ends, and Space would pause what still sounds.
            yield lambda: not inner.playing
            press("space")
            yield lambda: all(inner.state.heard_whole(slot) for slot in range(len(inner.state.trial.slots)))
        if not inner.state.trial.rated_slots:
            press("Up", "Up")
            yield lambda count=count: len(inner.state.votes) == count
        state = inner.state
        press("Return")
    yield lambda: session.finished or session.progress.done > done
    votes[name].append(list(state.votes.values()))


def one_panel(folder: Path) -> Scenario:
    """Give a name, answer all trials, close."""
    players.append(Player())
    window = PanelWindow(folder, players[-1])
    name = folder.parent.name
    votes[name] = []
    window.showFullScreen()
    yield lambda: window.isActiveWindow() and isinstance(window.page, ListenerPage)
    write("kim")
    press("Return")
    yield lambda: isinstance(window.page, TrialPage)
    grab(OUT / f"{name}.png")
    while not isinstance(window.page, MessagePage):
        yield from one_trial(window, name)
    gone: list[bool] = []
    window.closed.connect(lambda: gone.append(True))
    press("Return")
    yield lambda: bool(gone)


def journey() -> Scenario:
    """Take one panel after the other."""
    for folder in PANELS:
        yield from one_panel(folder)


def main() -> int:
    """Run the journey."""
    app = application()
    app.setQuitOnLastWindowClosed(False)
    apply_theme(app, "light")

    def finish() -> None:
        (OUT / "votes.json").write_text(json.dumps(votes))
        if driver.failed:
            grab(OUT / "failed.png")
        for window in QApplication.topLevelWidgets():
            if isinstance(window, PanelWindow):
                window._output.close()
        app.exit(1 if driver.failed else 0)

    driver = Driver(journey(), finish, lambda: f"{players[-1].state}" if players else "no player yet")
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
