"""Players whose clock is the test: mypy holds them against the real one, whose every call they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gaplisten import processes
from gaplisten.audio.filemap import Sound
from gaplisten.playback import host, process
from gaplisten.playback.devices import OutputDevice, Side
from gaplisten.playback.player import Player, PlayerState, SwitchMode


class FakePlayer(Player):
    """Remembers what it is told; the test moves the time."""

    def __init__(self, device: str = "Fake", rate: int = 16000, latency_ms: float = 20.0) -> None:
        # The real one's beginning is left out: it starts a process.
        self._state = PlayerState(available=True, device=device, rate=rate, latency_ms=latency_ms)
        self.calls: list[tuple[object, ...]] = []
        self.lanes: list[Sound] = []

    def _note(self, name: str, *arguments: object) -> None:
        self.calls.append((name, *arguments))

    def last(self, name: str) -> tuple[object, ...] | None:
        """Return what the last call of that name was given."""
        return next((call[1:] for call in reversed(self.calls) if call[0] == name), None)

    @property
    def state(self) -> PlayerState:
        return self._state

    @state.setter
    def state(self, state: PlayerState) -> None:
        self._state = state

    def load(self, lanes: Sequence[Sound], *, gain: float = 1.0, position: int | None = None) -> None:
        self.lanes = list(lanes)
        self._note("load", len(lanes))
        if position is not None:
            self._state = replace(self._state, position=position)

    def replace(self, lane: int, signal: Sound) -> None:
        self.lanes[lane] = signal
        self._note("replace", lane)

    def set_gain(self, gain: float) -> None:
        self._note("set_gain", gain)

    def play(self) -> None:
        self._state = replace(self._state, playing=True)

    def pause(self) -> None:
        self._state = replace(self._state, playing=False)

    def stop(self) -> None:
        self._state = replace(self._state, playing=False, position=0)

    def seek(self, frame: int) -> None:
        self._state = replace(self._state, position=frame)

    def select(self, lane: int) -> None:
        self._state = replace(self._state, lane=lane)

    def set_loop(self, start: int, stop: int) -> None:
        self._note("loop", start, stop)

    def clear_loop(self) -> None:
        self._note("loop")

    def set_switching(self, mode: SwitchMode, milliseconds: float = 5.0) -> None:
        self._note("switching", mode, milliseconds)

    def set_speed(self, factor: float) -> None:
        self._note("speed", factor)

    def set_audible(self, spans: Sequence[tuple[int, int]] | None) -> None:
        self._note("audible", spans)

    def set_boundaries(self, frames: Sequence[int]) -> None:
        self._note("boundaries", tuple(frames))

    def reset_meter(self) -> None:
        self._note("reset_meter")

    def devices(self) -> tuple[OutputDevice, ...]:
        return ()

    def start(self) -> None:
        self._note("start")

    def release(self, reason: str) -> None:
        self._note("release", reason)

    def choose(self, device: OutputDevice | None, *, remember: bool = True) -> None:
        self._note("choose", device)

    def rescan(self) -> None:
        self._note("rescan")

    def test_tone(self, side: Side) -> None:
        self._note("tone", side)

    def close(self) -> None:
        self._note("close")


class ClockedPlayer(FakePlayer):
    """A player for listeners' sessions: `run` lets time pass, and devices come and go."""

    def __init__(self) -> None:
        super().__init__("Test device", 48000, 12.0)
        self.gain = 1.0
        self.switching: tuple[str, float] = ("", 0.0)
        self.closed = False
        self.loop: tuple[int, int] | None = None
        self.boundaries: list[int] = []

    def load(self, lanes: Sequence[Sound], *, gain: float = 1.0, position: int | None = None) -> None:
        self.lanes, self.gain = list(lanes), gain
        if position is not None:
            self.boundaries = []
        self._state = replace(self._state, position=position or 0, playing=False, ended=False)

    def run(self, seconds: float) -> None:
        """Let sound play for a while."""
        if not self._state.playing:
            return
        end = max(lane.frames for lane in self.lanes)
        at = self._state.position + round(seconds * self.lanes[0].rate)
        self._state = replace(self._state, position=min(at, end), playing=at < end, ended=at >= end)

    def underflow(self) -> None:
        """Let the output run dry once."""
        self._state = replace(self._state, underflows=self._state.underflows + 1)

    def lose_device(self, reason: str) -> None:
        """Pull the device out."""
        self._state = replace(self._state, available=False, playing=False, reason=reason)

    def hiccup(self, reason: str) -> None:
        """Lose the device and have it back at once."""
        self._state = replace(self._state, playing=False, reason=reason)

    def rescan(self) -> None:
        self._state = replace(self._state, available=True, reason="", device="Another device", underflows=0)

    def play(self) -> None:
        reason = "" if self._state.available else self._state.reason
        self._state = replace(self._state, playing=self._state.available, ended=False, reason=reason)

    def stop(self) -> None:
        self._state = replace(self._state, playing=False, position=0, ended=False)

    def seek(self, frame: int) -> None:
        self._state = replace(self._state, position=frame, ended=False)

    def set_switching(self, mode: SwitchMode, milliseconds: float = 5.0) -> None:
        self.switching = (mode, milliseconds)

    def set_loop(self, start: int, stop: int) -> None:
        self.loop = (start, stop)

    def clear_loop(self) -> None:
        self.loop = None

    def set_boundaries(self, frames: Sequence[int]) -> None:
        self.boundaries = list(frames)

    def close(self) -> None:
        self.closed = True


_OTHER_TIMES = """
import os
import gaplisten.playback.process as process
vars(process).update({times!r})
os._exit(process.main())
"""


def audio_processes_with(monkeypatch: pytest.MonkeyPatch, **times: float) -> None:
    """Let audio processes that start from now on wait for other times, `REST_SECONDS` say, than they do."""

    def python(*words: str) -> list[str]:
        *_, settings = words
        return processes.python("-c", _OTHER_TIMES.format(times=times), settings)

    unknown = set(times) - set(vars(process))
    assert not unknown
    monkeypatch.setattr(host, "python", python)
