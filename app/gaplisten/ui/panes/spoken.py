"""What a screen reader says of the lanes: the version heard, the gap at hand, whether sound runs."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from gaplisten.audio.ruler import duration
from gaplisten.playback.player import PlayerState
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_lane, tr_state


class Spoken(QObject):
    """Tells what changes by the keys that work on the lanes, which show it as a picture only."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self._playing = False
        shell.signals.heard_changed.connect(lambda _key: self._tell(self._heard()))
        shell.hand.changed.connect(lambda: self._tell(self._gap()))
        shell.signals.clip_changed.connect(lambda: self._tell(self._controller.clip_name or ""))
        shell.signals.moved.connect(self._on_moved)
        shell.messages.reported.connect(lambda text: self._announce(text, urgent=True))

    def _on_moved(self, state: PlayerState) -> None:
        if state.playing != self._playing:
            self._playing = state.playing
            self._tell(self._where())

    def _where(self) -> str:
        rate = self._controller.rate
        if not rate:
            return ""
        at = duration(self._controller.hearing.state.position / rate)
        return tr("playing from {at}", at=at) if self._playing else tr("paused at {at}", at=at)

    def _heard(self) -> str:
        controller = self._controller
        heard = controller.hearing.heard
        lane = controller.lane(heard)
        if lane is None:
            return ""
        return tr("lane {heard}, {name}", heard=heard, name=tr_lane(lane.name)) + (
            f", {tr_state(lane.state)}" if lane.failed else ""
        )

    def _gap(self) -> str:
        gap, rate = self._shell.hand.gap, self._controller.rate
        if gap is None or not rate:
            return ""
        number, of = self._shell.hand.index + 1, len(self._controller.gaps)
        length = 1000 * (gap.stop - gap.start) / rate
        return tr(
            "gap {number} of {of} at {duration}, {length:.0f} ms",
            number=number,
            of=of,
            duration=duration(gap.start / rate),
            length=length,
        )

    def _tell(self, changed: str) -> None:
        """Say what has changed, and keep how all stands for whoever comes to the lanes.

        Nothing while they are hidden: in a blind round nobody is to know which version is heard.
        """
        if not self._shell.lanes.isVisible():
            return
        stands = (self._where(), self._heard(), self._gap())
        self._shell.lanes.describe(", ".join(part for part in stands if part))
        self._announce(changed)

    def _announce(self, text: str, *, urgent: bool = False) -> None:
        if not text or not QAccessible.isActive():
            return
        event = QAccessibleAnnouncementEvent(self._shell.lanes, text)
        polite = QAccessible.AnnouncementPoliteness
        event.setPoliteness(polite.Assertive if urgent else polite.Polite)
        QAccessible.updateAccessibility(event)


PANE = Pane("spoken", Spoken, place=34)
