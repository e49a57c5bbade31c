"""Plays one trial's sounds and keeps account of what was heard; the rules are the engine's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.audio.signal import Signal as Sound
from gaplisten.panel.columns import PlaybackFacts
from gaplisten.panel.rules import TrialState
from gaplisten.panel.session import Session
from gaplisten.panel.trial import Playing
from gaplisten.playback.player import Player, PlayerState
from gaplisten.playback.programme import FADE_MS
from gaplisten.playback.snap import PANEL_LOOP_MS, snap_loop

POLL_MS = 25
# A position that moves on by more than this beyond the time gone by is a seek or a loop, not listening.
_LONGEST_STEP_SECONDS = 0.5


@dataclass(frozen=True)
class Stretch:
    """Where a slot's sound lies on the lane that plays it, in frames."""

    slot: int
    start: int
    stop: int


def in_turn(sounds: Sequence[Sound], pause_seconds: float) -> tuple[Sound, tuple[Stretch, ...]]:
    """Return one sound that holds all of them with pauses between, and where each lies."""
    rate, channels = sounds[0].rate, sounds[0].channels
    silence = np.zeros((round(pause_seconds * rate), channels), np.float32)
    parts: list[np.ndarray] = []
    stretches, at = [], 0
    for slot, sound in enumerate(sounds):
        parts += [sound.samples] if not slot else [silence, sound.samples]
        at += 0 if not slot else len(silence)
        stretches.append(Stretch(slot, at, at + sound.frames))
        at += sound.frames
    return Sound(np.concatenate(parts), rate), tuple(stretches)


def lost(output: PlayerState) -> bool:
    """Tell whether there is no sound, and none on its way."""
    return not output.available and not output.starting


class OutputAccount:
    """What a trial was played with: the device that sounded last counts, though it be gone by now."""

    def __init__(self, now: PlayerState | None = None) -> None:
        self.facts = PlaybackFacts()
        self._seen = now.underflows if now is not None else 0
        if now is not None:
            self.look(now)

    def look(self, now: PlayerState) -> None:
        """Take in the player's state."""
        # The count begins anew with another audio process.
        more = now.underflows - self._seen if now.underflows >= self._seen else now.underflows
        self._seen = now.underflows
        self.facts = replace(self.facts, underflows=self.facts.underflows + more)
        if now.device and now.available:
            self.facts = replace(
                self.facts, device=now.device, device_rate=now.rate, latency_ms=now.latency_ms
            )


class TrialPlayer(QObject):
    """One trial's sounds on a player: single, in turn, or switched at the same running position.

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
        self._session: Session | None = None
        self._stretches: tuple[Stretch, ...] = ()
        self._lane = 0
        self._last: int | None = None
        self._looked = time.monotonic()
        self._was_playing = False
        self._fresh = True
        self._loop: tuple[int, int] | None = None
        self._boundaries: list[int] = []
        self._account = OutputAccount()
        self._frames = 0
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)

    # --- one trial after the other -----------------------------------------------------------------

    def begin(self, session: Session) -> None:
        """Take the session's trial; nothing plays yet.

        Raises
        ------
        UntrustedPanel
            If one of its sounds is missing or not what was built.
        """
        sounds, state = session.sounds(), session.state
        self._session = session
        self._lane, self._last, self._was_playing, self._fresh = 0, None, False, True
        lanes = list(sounds)
        self._stretches = tuple(Stretch(slot, 0, sound.frames) for slot, sound in enumerate(sounds))
        if state.trial.playing is Playing.IN_TURN:
            joined, self._stretches = in_turn(sounds, session.panel.definition.rules.pause_seconds)
            lanes = [joined]
        self._frames = max(lane.frames for lane in lanes)
        self._loop = None
        self._player.clear_loop()
        self._player.set_switching("standard", FADE_MS)
        self._boundaries = list(session.clip.boundaries) if self.switched else []
        self._player.load(lanes, gain=session.gain, position=0)
        self._player.set_boundaries(self._boundaries)
        self._player.select(0)
        self._account = OutputAccount(self._player.state)
        self._timer.start()
        session.shown()
        self.changed.emit()

    def end(self) -> PlaybackFacts:
        """Fall silent and tell how the trial was played."""
        facts = self.facts()
        self._timer.stop()
        self._player.stop()
        self._session = None
        return facts

    def facts(self) -> PlaybackFacts:
        """Tell how the trial was played so far."""
        self._account.look(self._player.state)
        return self._account.facts

    @property
    def session(self) -> Session:
        """The session whose trial this is."""
        assert self._session is not None
        return self._session

    @property
    def state(self) -> TrialState:
        """What happened on this trial so far."""
        return self.session.state

    @property
    def active(self) -> bool:
        """Whether there is a trial."""
        return self._session is not None

    @property
    def output(self) -> PlayerState:
        """The player's own state (device, reason for silence)."""
        return self._player.state

    @property
    def playing(self) -> bool:
        """Whether sound is on."""
        return self._player.state.playing

    @property
    def progress(self) -> float:
        """How far the trial's sound has been played, 0..1."""
        return min(1.0, self.position / max(1, self._frames))

    @property
    def slot(self) -> int:
        """The slot that a listener has chosen to hear (switched methods)."""
        return self._lane

    @property
    def switched(self) -> bool:
        """Whether slots can be switched."""
        return self.state.trial.switched

    # --- the listener's wishes ---------------------------------------------------------------------

    def toggle(self) -> None:
        """Play or pause; with no device, look for one again."""
        if lost(self.output):
            self._player.rescan()
            self.changed.emit()
            return
        if self.playing:
            self._player.pause()
            self._silent()
            return
        self.play()

    def play(self) -> None:
        """Play from where it stands, or from the beginning after the end."""
        if self._at_an_end():
            if self._refused_to_start():
                return
            self._begin_anew()
        self._player.play()
        self._was_playing = True
        if self.switched:
            self.session.switched(self._lane)
        self.changed.emit()

    def restart(self) -> None:
        """Go back to the beginning of the sound, playing on if it plays."""
        if self._refused_to_start(in_the_middle=not self._at_an_end()):
            return
        self._begin_anew()
        self._player.play()
        self._was_playing = True
        self.changed.emit()

    def select(self, slot: int) -> None:
        """Hear another slot at the same running position; start when nothing plays."""
        if not self.switched or not 0 <= slot < len(self.state.trial.slots):
            return
        refusal = self.session.may_play(slot) if self.state.listened[slot].plays == 0 else None
        if refusal is not None:
            self.refused.emit(refusal)
            return
        self._note_position()
        self._lane = slot
        self._player.select(slot)
        if self.playing:
            self.session.switched(slot)
        else:
            self.play()
        self.changed.emit()

    @property
    def may_loop(self) -> bool:
        """Whether this panel lets listeners repeat a part: where they switch and plays are not counted."""
        rules = self.session.panel.definition.rules
        return self.switched and rules.loop and rules.max_plays is None

    @property
    def loop(self) -> tuple[int, int] | None:
        """The part that is repeated, in frames; None for all of it once."""
        return self._loop

    def loop_from_here(self) -> None:
        """Repeat from the playhead on, to where the loop ends (at first the end)."""
        stop = self._loop[1] if self._loop else self._frames
        self._set_loop(self.position, stop)

    def loop_to_here(self) -> None:
        """Repeat up to the playhead, from where the loop begins (at first the beginning)."""
        start = self._loop[0] if self._loop else 0
        self._set_loop(start, self.position)

    def toggle_loop(self) -> None:
        """Repeat the whole sound, or stop repeating."""
        if self._loop is None:
            self._set_loop(0, self._frames)
        else:
            self._loop = None
            self._player.clear_loop()
            self.changed.emit()

    @property
    def _least_loop(self) -> int:
        return round(PANEL_LOOP_MS / 1000 * self.state.rate)

    def _set_loop(self, start: int, stop: int) -> None:
        """Set a loop not shorter than BS.1534-3 allows, whose fades hide no edge of a gap."""
        if not self.may_loop:
            return
        fade = round(FADE_MS / 1000 * self.state.rate)
        snapped = snap_loop(
            start, stop, self._boundaries, fade, frames=self._frames, shortest=self._least_loop
        )
        self._loop = (snapped.start, snapped.stop)
        self._player.set_loop(snapped.start, snapped.stop)
        self.changed.emit()

    @property
    def position(self) -> int:
        """The frame being heard."""
        # Until a trial sounds, a player may still tell where the last one ended.
        return 0 if self._fresh else self._player.state.position

    # --- account of what was heard ------------------------------------------------------------------

    def _at_an_end(self) -> bool:
        now = self._player.state
        return self._fresh or now.ended or now.position >= self._frames

    def _begin_anew(self) -> None:
        self._count_start()
        self._player.seek(0)
        self._last, self._fresh = 0, False

    def _slots_started(self) -> tuple[int, ...]:
        return (self._lane,) if self.switched else tuple(stretch.slot for stretch in self._stretches)

    def _refused_to_start(self, in_the_middle: bool = False) -> bool:
        asked = self.session.may_restart if in_the_middle else self.session.may_play
        refusals = [asked(slot) for slot in self._slots_started()]
        # In turn all start together: while one is not heard yet, they may.
        if None in refusals:
            return False
        self.refused.emit(refusals[0])
        return True

    def _count_start(self) -> None:
        # In turn, every recording is started once; the one that sounds first is the first.
        for slot in reversed(self._slots_started()):
            self.session.started(slot)

    def _silent(self) -> None:
        self._note_position()
        self._was_playing = False
        self.session.stopped()
        self.changed.emit()

    def _poll(self) -> None:
        if self._session is None:
            return
        now = self._player.state
        self._account.look(now)
        self._note_position(now)
        if self._was_playing and not now.playing and not now.starting:
            self._was_playing = False
            self.session.stopped()
        self.changed.emit()

    def _note_position(self, now: PlayerState | None = None) -> None:
        now = now or self._player.state
        here = self._frames if now.ended else now.position
        # A window that stood still for a while (a busy machine) has not stopped the sound.
        looked, self._looked = self._looked, time.monotonic()
        longest = _LONGEST_STEP_SECONDS + self._looked - looked
        if (
            self._last is not None
            and self._was_playing
            and 0 < here - self._last <= longest * self.state.rate
        ):
            self._note(self._last, here)
        self._last = here

    def _note(self, start: int, stop: int) -> None:
        heard = [self._stretches[self._lane]] if self.switched else list(self._stretches)
        for one in heard:
            first, last = max(start, one.start), min(stop, one.stop)
            if first < last:
                self._sounds(one.slot)
                self.session.heard(one.slot, first - one.start, last - one.start)

    def _sounds(self, slot: int) -> None:
        # In turn, the recording that sounds changes by itself.
        if self.state.playing != slot:
            self.session.state = replace(self.state, playing=slot)
