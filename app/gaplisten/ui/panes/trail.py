"""Back and forward through the places one has been to."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from gaplisten.bench.places import Place, Places
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

COMMANDS = section("Gap", "go")(
    ("gap.back", "Back", "Alt+Shift+Left; U", "Go back to where one was before"),
    ("gap.forward", "Forward", "Alt+Shift+Right; Shift+U", "Go forward again"),
)

_REST_MS = 80


class Trail(QObject):
    """Remembers where the user went: to gaps, notes and places by number, and from clip to clip."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self.places = Places()
        self._wanted: Place | None = None  # in a clip that is being opened
        self._going = False
        shell.actions.bind("gap.back", lambda: self._go(-1))
        shell.actions.bind("gap.forward", lambda: self._go(1))
        shell.hand.changed.connect(self._later)
        shell.place_chosen.connect(self._later)
        shell.signals.clip_changed.connect(self._on_clip)
        # By then the view is where it goes, and the player has told that the playhead is.
        self._timer = QTimer(self, singleShot=True, interval=_REST_MS)
        self._timer.timeout.connect(self._arrive)

    def _here(self) -> Place | None:
        controller = self._controller
        if controller.clip_name is None or not controller.frames:
            return None
        start, stop = self._shell.lanes.visible_range
        return Place(
            controller.clip_name, controller.hearing.state.position, start, stop, self._shell.hand.index
        )

    def _later(self) -> None:
        if not self._going:
            self._timer.start()

    def _arrive(self) -> None:
        if (here := self._here()) is not None:
            self.places.add(here)

    def _go(self, by: int) -> None:
        here = self._here()
        if here is not None and self._timer.isActive():  # one leaves before one has been here for a moment
            self.places.add(here, on_the_way=True)
        elif here is not None:
            self.places.now_at(here)
        self._timer.stop()
        place = self.places.step(by)
        if place is None:
            self._shell.say(
                tr("there is no place before this one") if by < 0 else tr("there is no place after this one")
            )
        elif place.clip == self._controller.clip_name:
            self._show(place)
        else:
            self._wanted = place
            self._controller.show_clip(place.clip)

    def _on_clip(self) -> None:
        wanted = self._wanted
        if self._controller.opened is None:
            return
        self._wanted = None
        if wanted is not None and wanted.clip == self._controller.clip_name:
            # The lanes of the clip come after it, and show all of it at first.
            QTimer.singleShot(0, self, lambda: self._show(wanted))
        else:
            self._later()

    def _show(self, place: Place) -> None:
        self._going = True
        self._shell.lanes.zoom_to(place.start, place.stop)
        self._shell.lanes.stay()
        self._controller.hearing.seek(place.frame)
        self._shell.hand.take(place.gap)
        self._going = False


PANE = Pane("trail", Trail, COMMANDS, place=33)
