"""A player for machines without sound: everything works but nothing is heard and no time passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gaplisten.audio.signal import Signal
from gaplisten.playback.devices import OutputDevice, Side
from gaplisten.playback.player import PlayerState, SwitchMode
from gaplisten.playback.programme import FADE_MS


class SilentPlayer:
    """Keeps lane, position and loop like a real player; `state.reason` tells why it is silent."""

    def __init__(self, reason: str) -> None:
        self._state = PlayerState(reason=reason, available=False)
        self._lengths: list[int] = []
        self._loop_start = 0

    def load(self, lanes: Sequence[Signal], *, gain: float = 1.0, position: int | None = None) -> None:
        """Remember how long the lanes are."""
        del gain
        self._lengths = [lane.frames for lane in lanes]
        self._state = replace(self._state, lane=min(self._state.lane, max(len(lanes) - 1, 0)))
        self.seek(self._state.position if position is None else position)

    def replace(self, lane: int, signal: Signal) -> None:
        """Remember the lane's new length."""
        self._lengths[lane] = signal.frames

    def play(self) -> None:
        """Do nothing: there is no sound."""

    def pause(self) -> None:
        """Do nothing: nothing plays."""

    def stop(self) -> None:
        """Return to the beginning."""
        self.seek(self._loop_start)

    def seek(self, frame: int) -> None:
        """Move the position."""
        end = max(self._lengths, default=0)
        self._state = replace(self._state, position=min(max(int(frame), 0), end))

    def select(self, lane: int) -> None:
        """Remember which lane would be heard."""
        self._state = replace(self._state, lane=int(lane))

    def set_loop(self, start: int, stop: int) -> None:
        """Remember where `stop` returns to."""
        del stop
        self._loop_start = int(start)

    def clear_loop(self) -> None:
        """Forget the loop."""
        self._loop_start = 0

    def set_switching(self, mode: SwitchMode, milliseconds: float = FADE_MS) -> None:
        """Do nothing: nothing is switched."""

    def set_gain(self, gain: float) -> None:
        """Do nothing: nothing is heard."""

    def set_speed(self, factor: float) -> None:
        """Do nothing: no time passes."""

    def set_audible(self, spans: Sequence[tuple[int, int]] | None) -> None:
        """Do nothing: nothing is heard."""

    def set_boundaries(self, frames: Sequence[int]) -> None:
        """Do nothing: nothing is switched."""

    def devices(self) -> tuple[OutputDevice, ...]:
        """Return nothing: there are no devices."""
        return ()

    def choose(self, device: OutputDevice | None, *, remember: bool = True) -> None:
        """Do nothing: there is nothing to choose from."""

    def rescan(self) -> None:
        """Do nothing: open another player to look again."""

    def test_tone(self, side: Side) -> None:
        """Do nothing: nothing is heard."""

    def reset_meter(self) -> None:
        """Do nothing: the meter shows nothing."""

    @property
    def state(self) -> PlayerState:
        """Where the player stands, and why it is silent."""
        return self._state

    def close(self) -> None:
        """Do nothing: nothing is open."""
