"""Trials in the window: `Taking` on a player, looked at by a timer; loops where the panel allows them."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.panel.columns import PlaybackFacts
from gaplisten.panel.rules import Refusal, TrialState
from gaplisten.panel.session import Session
from gaplisten.panel.taking import Taking
from gaplisten.panel.trial import Playing, Response
from gaplisten.playback.player import Player, PlayerState
from gaplisten.playback.programme import FADE_MS
from gaplisten.playback.snap import PANEL_LOOP_MS, snap_loop

LOOK_MS = 25


class TrialPlayer(QObject):
    """One trial after the other on a player; what was heard is the engine's account.

    Signals
    -------
    changed
        Something a page shows has changed: what sounds, where, or what was heard.
    refused
        A `Refusal`: why the wish was not followed.
    """

    changed = Signal()
    refused = Signal(object)

    def __init__(self, player: Player, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._player = player
        self._taking: Taking | None = None
        self._loop: tuple[int, int] | None = None
        self._boundaries: list[int] = []
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)

    # --- one trial after the other -----------------------------------------------------------------

    def begin(self, session: Session) -> None:
        """Take the session's trial; nothing plays yet.

        Raises
        ------
        UntrustedPanel
            If one of its sounds is missing or not what was built.
        """
        self._loop = None
        self._player.clear_loop()
        self._player.set_switching("standard", FADE_MS)
        self._boundaries = (
            list(session.clip.boundaries) if session.state.trial.playing is Playing.SWITCHED else []
        )
        self._taking = Taking(session, self._player)
        self._player.set_boundaries(self._boundaries)
        if self.may_loop and session.state.trial.response is Response.SLIDERS:
            # Many recordings of one clip are compared: it goes round until the listener stops it.
            self._set_loop(0, self._taking.frames)
        self._timer.start()
        self.changed.emit()

    def end(self) -> None:
        """Fall silent."""
        self._timer.stop()
        self._player.stop()
        self._taking = None

    def look(self) -> None:
        """Take in what the player does."""
        if self._taking is not None:
            self._taking.look()
            self.changed.emit()

    @property
    def taking(self) -> Taking:
        """The trial that is taken."""
        assert self._taking is not None
        return self._taking

    @property
    def active(self) -> bool:
        """Whether there is a trial."""
        return self._taking is not None

    def facts(self) -> PlaybackFacts:
        """Tell how the trial was played so far."""
        return self.taking.facts()

    @property
    def state(self) -> TrialState:
        """What happened on this trial so far."""
        return self.taking.state

    @property
    def output(self) -> PlayerState:
        """The player's own state (device, reason for silence)."""
        return self._player.state

    @property
    def playing(self) -> bool:
        """Whether sound is on."""
        return self.taking.playing

    @property
    def position(self) -> int:
        """The frame being heard."""
        return self.taking.position

    @property
    def sounding(self) -> int | None:
        """Which slot is heard now; None in silence and in the pause between two."""
        return self.taking.sounding

    @property
    def interrupted(self) -> bool:
        """Whether the sound stopped although nobody stopped it and it was not over."""
        return self.taking.interrupted

    @property
    def progress(self) -> float:
        """How far the trial's sound has been played, 0..1."""
        return self.taking.progress

    @property
    def slot(self) -> int:
        """The slot that a listener has chosen to hear (methods that switch)."""
        return self.taking.slot

    @property
    def switched(self) -> bool:
        """Whether slots can be switched."""
        return self.taking.trial.switched

    # --- the listener's wishes ---------------------------------------------------------------------

    def _followed(self, refusal: Refusal | None) -> None:
        if refusal is not None:
            self.refused.emit(refusal)
        else:
            self.changed.emit()

    def toggle(self) -> None:
        """Play or pause; with no device, look for one again."""
        self._followed(self.taking.toggle())

    def restart(self) -> None:
        """Go back to the beginning of the sound and play."""
        self._followed(self.taking.restart())

    def select(self, slot: int) -> None:
        """Hear another slot at the same running position; start when nothing plays."""
        self._followed(self.taking.select(slot))

    @property
    def may_loop(self) -> bool:
        """Whether this panel lets listeners repeat a part: where they switch and plays are not counted."""
        rules = self.taking.session.panel.definition.rules
        switched = self.switched and not self.taking.trial.separate
        return switched and rules.loop and rules.max_plays is None

    @property
    def loop(self) -> tuple[int, int] | None:
        """The part that is repeated, in frames; None for all of it once."""
        return self._loop

    def loop_from_here(self) -> None:
        """Repeat from the playhead on, to where the loop ends (at first the end)."""
        stop = self._loop[1] if self._loop else self.taking.frames
        self._set_loop(self.position, stop)

    def loop_to_here(self) -> None:
        """Repeat up to the playhead, from where the loop begins (at first the beginning)."""
        start = self._loop[0] if self._loop else 0
        self._set_loop(start, self.position)

    def toggle_loop(self) -> None:
        """Repeat the whole sound, or stop repeating."""
        if self._loop is None:
            self._set_loop(0, self.taking.frames)
        else:
            self._loop = None
            self._player.clear_loop()
            self.changed.emit()

    def _set_loop(self, start: int, stop: int) -> None:
        """Set a loop not shorter than BS.1534-3 allows, whose fades hide no edge of a gap."""
        if not self.may_loop:
            return
        fade, least = (round(ms / 1000 * self.state.rate) for ms in (FADE_MS, PANEL_LOOP_MS))
        snapped = snap_loop(start, stop, self._boundaries, fade, frames=self.taking.frames, shortest=least)
        self._loop = (snapped.start, snapped.stop)
        self._player.set_loop(snapped.start, snapped.stop)
        self.changed.emit()
