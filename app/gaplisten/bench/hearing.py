"""What is heard: keeps the player's lanes in step with the workbench's."""

from __future__ import annotations

from collections.abc import Sequence

from gaplisten.audio.signal import Signal
from gaplisten.bench.events import Event
from gaplisten.bench.lanes import Lane, neighbour
from gaplisten.bench.state import Loop
from gaplisten.playback.player import Player, PlayerState


class Hearing:
    """The player, by lane key instead of by place.

    The player is asked, never listened to: who shows its state calls `poll` while anything can move.

    Parameters
    ----------
    as_is
        Leave the clip's gain out: its samples are heard as they are.

    Attributes
    ----------
    moved
        Event: the player's state, at each poll at which it differs from the last.
    heard_changed
        Event: key of the lane that is heard from now on.
    moving
        Whether the state differed at the last poll, or sound plays: it is worth asking often.
    """

    def __init__(self, player: Player | None = None, *, as_is: bool = False) -> None:
        self.moved, self.heard_changed = Event(), Event()
        self._player = player or Player(silent="sound is being started")
        self._lanes: tuple[Lane, ...] = ()
        self._loaded: list[tuple[str, Signal]] = []
        self._gain, self._as_is = 1.0, as_is
        self._next_gain: float | None = None  # takes the place of the other as soon as nothing is heard
        self._heard, self._chosen = 0, ""  # key of what is heard; version that the user went to
        self._left = ""  # version that was chosen before
        self._until: int | None = None
        self._last: PlayerState | None = None
        self.moving = True

    # -- the player -----------------------------------------------------------------------------------

    @property
    def player(self) -> Player:
        """The player itself."""
        return self._player

    @property
    def state(self) -> PlayerState:
        """What is going on in the player."""
        return self._player.state

    def poll(self) -> None:
        """Read the player's state; tell if it differs."""
        state = self._player.state
        if self._until is not None and (state.position >= self._until or not state.playing):
            if state.playing:
                self._player.pause()
            self._until = None
        self._take_gain(state)
        changed = state != self._last
        self.moving = changed or state.playing
        if changed:
            self._last = state
            self.moved.emit(state)

    # -- lanes ----------------------------------------------------------------------------------------

    def new_clip(self, gain: float) -> None:
        """Get ready for the lanes of another clip, heard with this gain."""
        self._gain, self._next_gain = 1.0 if self._as_is else gain, None
        self._until, self._loaded = None, []
        self._player.load([], gain=self._gain, position=0)

    def gain_is(self, gain: float) -> None:
        """Hear the clip with this gain from when it next begins: it does not change while playing."""
        self._next_gain = 1.0 if self._as_is else gain
        self._take_gain(self.state)

    @property
    def gain_waits(self) -> bool:
        """Whether another gain is to be heard from the next start on."""
        return self._next_gain is not None

    def _take_gain(self, state: PlayerState) -> None:
        if self._next_gain is not None and not state.playing:
            self._gain, self._next_gain = self._next_gain, None
            self._player.set_gain(self._gain)

    def set_lanes(self, lanes: Sequence[Lane]) -> None:
        """Hear these lanes; one whose sound alone changed is exchanged without a stop.

        The version that was chosen stays the one that is heard, wherever its lane stands now. While it has no
        sound another one is heard, and it comes back by itself.
        """
        before, self._lanes = self._heard, tuple(lanes)
        if self._exchange():
            self._select(self._chosen_key())
        if self._heard != before:
            self.heard_changed.emit(self._heard)

    def _exchange(self) -> bool:
        """Hand over what can be heard; return whether that are other versions, or in another order."""
        wanted = self._playable()
        if [ident for ident, _ in wanted] != [ident for ident, _ in self._loaded]:
            if wanted:
                self._player.load([signal for _, signal in wanted], gain=self._gain)
                self._loaded = wanted
            return bool(wanted)
        for place, (old, new) in enumerate(zip(self._loaded, wanted, strict=True)):
            if old[1] is not new[1]:
                self._player.replace(place, new[1])
        self._loaded = wanted
        return self._chosen_key() != self._heard

    def _chosen_key(self) -> int:
        """Return the key of the version that was chosen; while it has no sound, of what is heard instead."""
        keys = {lane.ident: lane.key for lane in self._lanes if lane.signal is not None}
        return keys.get(self._chosen, self._heard)

    def _playable(self) -> list[tuple[str, Signal]]:
        return [(lane.ident, lane.signal) for lane in self._lanes if lane.signal is not None]

    @property
    def heard(self) -> int:
        """Key of the lane that is heard."""
        return self._heard

    def hear(self, key: int) -> None:
        """Switch to the lane with that key, at once and at the same position."""
        before = self._ident(self._heard)
        if self._select(key):
            self._chosen = self._ident(self._heard)
            self._left = self._left if before == self._chosen else before
            self.heard_changed.emit(key)

    def _ident(self, key: int) -> str:
        return next((lane.ident for lane in self._lanes if lane.key == key), "")

    def hear_version(self, ident: str) -> None:
        """Switch to the version with this identifier as soon as it has sound."""
        self._chosen = ident
        key = self._chosen_key()
        if key != self._heard and self._select(key):
            self.heard_changed.emit(key)

    def hear_last(self) -> bool:
        """Switch to the version that was heard before this one; return whether there is such a one."""
        key = next((lane.key for lane in self._lanes if lane.ident == self._left and lane.signal), None)
        if key is None:
            return False
        self.hear(key)
        return True

    def _select(self, key: int) -> bool:
        places = {lane.key: lane.ident for lane in self._lanes if lane.signal is not None}
        if not places:
            return False
        if key not in places:
            if self._heard in places:
                return False
            key = min(places)
        order = [ident for ident, _ in self._loaded]
        if places[key] not in order:
            return False
        self._player.select(order.index(places[key]))
        self._heard = key
        return True

    def hear_next(self, step: int) -> None:
        """Switch to the next (1) or previous (-1) lane."""
        self.hear(neighbour(self._lanes, self._heard, step))

    # -- transport ------------------------------------------------------------------------------------

    def toggle(self) -> bool:
        """Play or pause; return False if there is nothing to play."""
        self._until = None
        if not self._loaded:
            return False
        state = self.state
        self._take_gain(state)
        if state.playing:
            self._player.pause()
        else:
            self._player.play()
        return True

    def stop(self) -> None:
        """Stop and go back."""
        self._until = None
        self._player.stop()

    def seek(self, frame: int) -> None:
        """Go to a frame."""
        self._until = None
        self._player.seek(frame)

    def play_span(self, start: int, stop: int) -> None:
        """Play from `start` and pause at `stop`."""
        self._player.seek(start)
        self._player.play()
        self._until = stop

    def set_loop(self, loop: Loop | None) -> None:
        """Play this part over and over, or no part."""
        if loop is None:
            self._player.clear_loop()
        else:
            self._player.set_loop(loop.start, loop.stop)

    def set_speed(self, factor: float) -> None:
        """Play slower; the pitch falls with it."""
        self._player.set_speed(factor)

    def set_switching(self, mode: str, milliseconds: float) -> None:
        """Choose how lanes are switched."""
        self._player.set_switching("crossfade" if mode == "crossfade" else "standard", milliseconds)

    def set_audible(self, spans: Sequence[tuple[int, int]] | None) -> None:
        """Hear only these frames, or all of them."""
        self._player.set_audible(spans)

    def set_boundaries(self, frames: Sequence[int]) -> None:
        """Tell where gaps begin and end, so that no switch hides one."""
        self._player.set_boundaries(frames)

    def close(self) -> None:
        """Let go of the sound."""
        self._player.close()
