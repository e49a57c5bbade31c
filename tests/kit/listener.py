"""A player whose clock is the test, and small panels made of generated speech-like sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.audio.files import write_signal
from gaplisten.audio.signal import Signal
from gaplisten.panel.build import build
from gaplisten.panel.definition import PanelDefinition, parse_definition
from gaplisten.panel.selection import Places
from gaplisten.panel.session import Session
from gaplisten.playback.player import PlayerState

RATE = 16000


class ClockedPlayer:
    """Keeps what it was told; `run` lets time pass."""

    def __init__(self) -> None:
        self.lanes: list[Signal] = []
        self.gain = 1.0
        self.switching: tuple[str, float] = ("", 0.0)
        self.closed = False
        self.loop: tuple[int, int] | None = None
        self.boundaries: list[int] = []
        self._state = PlayerState(available=True, device="Test device", rate=48000, latency_ms=12.0)

    def load(self, lanes: Sequence[Signal], *, gain: float = 1.0, position: int | None = None) -> None:
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
        self._state = replace(self._state, underflows=self._state.underflows + 1)

    def lose_device(self, reason: str) -> None:
        self._state = replace(self._state, available=False, playing=False, reason=reason)

    def hiccup(self, reason: str) -> None:
        """Lose the device and have it back at once."""
        self._state = replace(self._state, playing=False, reason=reason)

    def rescan(self) -> None:
        self._state = replace(self._state, available=True, reason="", device="Another device", underflows=0)

    def play(self) -> None:
        reason = "" if self._state.available else self._state.reason
        self._state = replace(self._state, playing=self._state.available, ended=False, reason=reason)

    def pause(self) -> None:
        self._state = replace(self._state, playing=False)

    def stop(self) -> None:
        self._state = replace(self._state, playing=False, position=0, ended=False)

    def seek(self, frame: int) -> None:
        self._state = replace(self._state, position=frame, ended=False)

    def select(self, lane: int) -> None:
        self._state = replace(self._state, lane=lane)

    def set_switching(self, mode: str, milliseconds: float = 5.0) -> None:
        self.switching = (mode, milliseconds)

    def set_loop(self, start: int, stop: int) -> None:
        self.loop = (start, stop)

    def set_boundaries(self, frames: Sequence[int]) -> None:
        self.boundaries = list(frames)

    def clear_loop(self) -> None:
        self.loop = None

    @property
    def state(self) -> PlayerState:
        return self._state

    def close(self) -> None:
        self.closed = True

    def __getattr__(self, name: str) -> Any:
        if name in (
            "clear_loop",
            "set_loop",
            "set_speed",
            "set_audible",
            "set_boundaries",
            "replace",
        ):
            return lambda *arguments: None
        raise AttributeError(name)


class NoConcealers:
    """These panels use files only."""

    def describe(self, concealer: str, parameters: object) -> Any:
        raise AssertionError(concealer)

    def conceal(self, *arguments: object) -> Any:
        raise AssertionError(arguments)


def clips_folder(folder: Path, names: Sequence[str] = ("kestrel", "heron"), seconds: float = 0.6) -> Path:
    """Write references, lossy files, traces and one condition called "quuxnet"."""
    draw = np.random.default_rng(7)
    frames = round(seconds * RATE)
    for name in names:
        tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(frames) / RATE) + 0.02 * draw.standard_normal(frames)
        clean = np.round(tone * 32767) / 32768
        lost = np.zeros(-(-frames // 320), bool)
        lost[5:8] = True
        lossy = np.where(np.repeat(lost, 320)[:frames], 0, clean)
        model = np.where(np.repeat(lost, 320)[:frames], clean * 0.5, clean)
        for part, samples in (("clean", clean), ("lossy_signals", lossy), ("quuxnet", model)):
            (folder / part).mkdir(parents=True, exist_ok=True)
            write_signal(folder / part / f"{name}.wav", Signal.of(samples, RATE))
        flags = "".join(f"{int(flag)}\n" for flag in lost)
        (folder / "lossy_signals" / f"{name}_is_lost.txt").write_text(flags)
    return folder


def definition(method: str, more: str = "", conditions: str | None = None) -> PanelDefinition:
    """Return a small panel's definition."""
    made = (
        conditions
        or '[[condition]]\nname = "zilch"\nlossy = true\n[[condition]]\nname = "quuxnet"\nfiles = "quuxnet"\n'
    )
    text = f'title = "A test"\nmethod = "{method}"\nseed = 5\n{more}\n[clips]\nfolders = ["clips"]\n{made}'
    return parse_definition(text)


def built(folder: Path, made: PanelDefinition) -> Path:
    """Build a panel over generated clips; return its folder."""
    clips_folder(folder / "clips")
    out = folder / "panel"
    build(made, out, NoConcealers(), places=Places(folder))
    return out


def take(folder: Path, name: str, scores: dict[str, int], leave_open_after: int | None = None) -> Session:
    """Let a listener take a whole panel, rating each condition with its score; nothing is played."""
    session = Session.open(folder, name)
    done = 0
    while session.trial is not None and done != leave_open_after:
        frames = session.state.frames
        for slot in range(len(session.trial.slots)):
            session.started(slot)
            session.heard(slot, 0, frames)
        condition = session._todo[0].condition
        assert session.rate(scores[condition]) is None
        assert session.next() is None
        done += 1
    if leave_open_after is None:
        session.close()
    return session
