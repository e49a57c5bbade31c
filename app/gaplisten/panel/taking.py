"""A listener at one trial: what plays, what was heard, with which device. Qt-free.

A window, a page in a browser or a script is a front end of `Taking`: it tells the listener's wishes, calls
`look` every few hundredths of a second, and shows what `Session` says. What counts as heard and what may be
started is decided and noted here and in the session; a front end changes neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.panel.columns import PlaybackFacts
from gaplisten.panel.rules import Refusal, TrialState
from gaplisten.panel.session import Session
from gaplisten.panel.trial import Playing

# A position that moves on by more than this beyond the time gone by is a seek or a loop, not listening.
_LONGEST_STEP_SECONDS = 0.5


class OutputState(Protocol):
    """What an output tells of itself; see `gaplisten.playback.player.PlayerState`."""

    @property
    def available(self) -> bool:
        """Whether there is a device."""

    @property
    def starting(self) -> bool:
        """Whether sound is on its way."""

    @property
    def playing(self) -> bool:
        """Whether sound is on."""

    @property
    def ended(self) -> bool:
        """Whether the end was reached."""

    @property
    def position(self) -> int:
        """The frame being heard."""

    @property
    def device(self) -> str:
        """Its name."""

    @property
    def rate(self) -> int:
        """Its rate in Hz."""

    @property
    def latency_ms(self) -> float | None:
        """How long sound is on its way."""

    @property
    def underflows(self) -> int:
        """How often it ran dry, since its process began."""


class Output(Protocol):
    """What plays; a `gaplisten.playback` player is one."""

    @property
    def state(self) -> OutputState:
        """What it does now."""

    def load(self, lanes: Sequence[Signal], *, gain: float, position: int | None) -> None:
        """Take sounds to play, all on one clock."""

    def select(self, lane: int) -> None:
        """Make another of them heard, at the same running position."""

    def play(self) -> None:
        """Play on."""

    def pause(self) -> None:
        """Stay where it is."""

    def stop(self) -> None:
        """Fall silent."""

    def seek(self, frame: int) -> None:
        """Go to a frame."""

    def rescan(self) -> None:
        """Look for devices."""


@dataclass(frozen=True)
class Stretch:
    """Where a slot's sound lies on the lane that plays it, in frames."""

    slot: int
    start: int
    stop: int


def in_turn(sounds: Sequence[Signal], pause_seconds: float) -> tuple[Signal, tuple[Stretch, ...]]:
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
    return Signal(np.concatenate(parts), rate), tuple(stretches)


def lost(output: OutputState) -> bool:
    """Tell whether there is no sound, and none on its way."""
    return not output.available and not output.starting


class OutputAccount:
    """What a trial was played with: the device that sounded last counts, though it be gone by now."""

    def __init__(self, now: OutputState) -> None:
        self.facts = PlaybackFacts()
        self._seen = now.underflows
        self.look(now)

    def look(self, now: OutputState) -> None:
        """Take in the output's state."""
        # The count begins anew with another audio process.
        more = now.underflows - self._seen if now.underflows >= self._seen else now.underflows
        self._seen = now.underflows
        self.facts = replace(self.facts, underflows=(self.facts.underflows or 0) + more)
        if now.device and now.available:
            self.facts = replace(
                self.facts, device=now.device, device_rate=now.rate, latency_ms=now.latency_ms
            )


class Taking:
    """One trial of a session on an output: single, in turn, or switched at the same running position.

    Parameters
    ----------
    session
        Its trial is taken; the sounds are loaded, nothing plays yet.
    output
        Where they are played. Loops and the way of switching are set on it by whoever owns it.
    monotonic
        A clock in seconds; the machine's own by default.

    Attributes
    ----------
    slot
        What the listener has chosen to hear (methods that switch).
    frames
        Length of what is played, pauses between recordings included.
    interrupted
        Whether the sound stopped although the listener did not stop it and it was not over.

    Raises
    ------
    UntrustedPanel
        If one of the sounds is missing or not what was built.
    """

    def __init__(
        self, session: Session, output: Output, monotonic: Callable[[], float] | None = None
    ) -> None:
        sounds, trial = session.sounds(), session.state.trial
        self.session, self.trial, self._output = session, trial, output
        self._now = monotonic or (lambda: time.monotonic())
        self.slot = 0
        self._last: int | None = None
        self._looked = self._now()
        self._was_playing = False
        self._fresh = True
        self.interrupted = False
        self._stretches = tuple(Stretch(slot, 0, sound.frames) for slot, sound in enumerate(sounds))
        lanes = list(sounds)
        if trial.playing is Playing.IN_TURN or trial.separate:
            joined, self._stretches = in_turn(sounds, session.panel.definition.rules.pause_seconds)
            lanes = [joined]
        self.frames = max(lane.frames for lane in lanes)
        output.load(lanes, gain=session.gain, position=0)
        output.select(0)
        self._account = OutputAccount(output.state)
        session.shown()

    @property
    def state(self) -> TrialState:
        """What happened on this trial so far."""
        return self.session.state

    @property
    def playing(self) -> bool:
        """Whether sound is on."""
        return self._output.state.playing

    @property
    def position(self) -> int:
        """The frame being heard."""
        # Until a trial sounds, an output may still tell where the last one ended.
        return 0 if self._fresh else self._output.state.position

    @property
    def sounding(self) -> int | None:
        """Which slot is heard now; None in silence and in the pause between two."""
        if not self.playing or self._fresh:
            return None
        if self.trial.switched:
            return self.slot
        here = self.position
        return next((one.slot for one in self._stretches if one.start <= here < one.stop), None)

    @property
    def progress(self) -> float:
        """How far the trial's sound has been played, 0..1."""
        if self.trial.separate:
            own = self._stretches[self.slot]
            return min(1.0, max(0.0, (self.position - own.start) / (own.stop - own.start)))
        return min(1.0, self.position / max(1, self.frames))

    # --- the listener's wishes: each returns why it was not followed, or None -------------------------------

    def toggle(self) -> Refusal | None:
        """Play or pause; with no device, look for one again."""
        if lost(self._output.state):
            self._output.rescan()
            return None
        if self.playing:
            self._output.pause()
            self._silent()
            return None
        return self.play()

    def play(self) -> Refusal | None:
        """Play from where it stands, or from the beginning after the end."""
        if self._at_an_end():
            refusal = self._refused_to_start(self.session.may_play)
            if refusal is not None:
                return refusal
            self._begin_anew()
        self._sound()
        if self.trial.switched:
            self.session.switched(self.slot)
        return None

    def restart(self) -> Refusal | None:
        """Go back to the beginning of the sound and play."""
        ended = self._at_an_end()
        refusal = self._refused_to_start(self.session.may_play if ended else self.session.may_restart)
        if refusal is None:
            self._begin_anew()
            self._sound()
        return refusal

    def select(self, slot: int) -> Refusal | None:
        """Hear another slot at the same running position; start when nothing plays."""
        if not self.trial.switched or not 0 <= slot < len(self.trial.slots):
            return None
        refusal = self.session.may_play(slot) if self.state.listened[slot].plays == 0 else None
        if refusal is not None:
            return refusal
        self._note_position(self._output.state)
        if self.trial.separate:
            return self._start(slot)
        self.slot = slot
        self._output.select(slot)
        if not self.playing:
            return self.play()
        self.session.switched(slot)
        return None

    def _start(self, slot: int) -> Refusal | None:
        """Hear another recording from its beginning: it is another sentence."""
        refusal = self.session.may_play(slot)
        if refusal is None:
            self._output.pause()
            self._silent()
            self.slot = slot
            self._begin_anew()
            self._sound()
        return refusal

    # --- account of what was heard --------------------------------------------------------------------------

    def look(self) -> None:
        """Take in what the output does; to be called often while the trial is shown."""
        now = self._output.state
        self._account.look(now)
        self._note_position(now)
        if self.trial.separate and now.playing and now.position >= self._stretches[self.slot].stop:
            self._output.pause()
            self._silent()
            return
        if self._was_playing and not now.playing and not now.starting:
            self._was_playing = False
            self.interrupted = not now.ended
            self.session.stopped()

    def facts(self) -> PlaybackFacts:
        """Tell how the trial was played so far."""
        self._account.look(self._output.state)
        return self._account.facts

    def _sound(self) -> None:
        self._output.play()
        self._was_playing, self.interrupted = True, False

    def _at_an_end(self) -> bool:
        now = self._output.state
        stop = self._stretches[self.slot].stop if self.trial.separate else self.frames
        return self._fresh or now.ended or now.position >= stop

    def _begin_anew(self) -> None:
        # In turn, every recording is started once; the one that sounds first is the first.
        for slot in reversed(self._started_together()):
            self.session.started(slot)
        start = self._stretches[self.slot].start if self.trial.separate else 0
        self._output.seek(start)
        self._last, self._fresh = start, False

    def _started_together(self) -> tuple[int, ...]:
        return (self.slot,) if self.trial.switched else tuple(one.slot for one in self._stretches)

    def _refused_to_start(self, asked: Callable[[int], Refusal | None]) -> Refusal | None:
        refusals = [asked(slot) for slot in self._started_together()]
        # In turn all start together: while one is not heard yet, they may.
        return None if None in refusals else refusals[0]

    def _silent(self) -> None:
        self._note_position(self._output.state)
        self._was_playing = False
        self.session.stopped()

    def _note_position(self, now: OutputState) -> None:
        here = self.frames if now.ended else now.position
        # A front end that stood still for a while (a busy machine) has not stopped the sound.
        looked, self._looked = self._looked, self._now()
        longest = (_LONGEST_STEP_SECONDS + self._looked - looked) * self.state.rate
        if self._was_playing and self._last is not None and 0 < here - self._last <= longest:
            self._note(self._last, here)
        self._last = here

    def _note(self, start: int, stop: int) -> None:
        for one in [self._stretches[self.slot]] if self.trial.switched else self._stretches:  # of what sounds
            first, last = max(start, one.start), min(stop, one.stop)
            if first < last:
                self.session.heard(one.slot, first - one.start, last - one.start)
