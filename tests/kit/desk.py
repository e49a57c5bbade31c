"""A mixing desk for tests: the mixer with requests that count by themselves, and the test as the clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gaplisten.playback.mixer import MixerState, render
from gaplisten.playback.programme import Programme, Request, audible_spans


def noise(frames: int, seed: int = 0, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)


def level(frames: int, value: float) -> np.ndarray:
    return np.full((frames, 1), value, np.float32)


class Desk:
    def __init__(self, *lanes: np.ndarray, rate: int = 16000, channels: int = 1, **programme: Any) -> None:
        self.state = MixerState(rate, channels)
        self.fade = self.state.fade
        self.request = Request()
        self.offer(*lanes, **programme)

    def offer(
        self,
        *lanes: np.ndarray,
        audible: Sequence[tuple[int, int]] | None = None,
        boundaries: Sequence[int] | None = None,
        scale: tuple[int, int] = (1, 1),
    ) -> None:
        spans = None if audible is None else audible_spans(audible, self.fade)
        bounds = None if boundaries is None else np.array(boundaries, np.int64)
        self.programme = Programme(self.request.programme + 1, lanes, scale, spans, bounds)
        self.state.incoming = self.programme
        self.ask(programme=self.programme.id)

    def ask(self, **changes: Any) -> None:
        self.request = self.request._replace(**changes)
        assert self.state.obey(self.request)

    def play(self) -> None:
        self.ask(playing=1, play_count=self.request.play_count + 1)

    def pause(self) -> None:
        self.ask(playing=0, play_count=self.request.play_count + 1)

    def select(self, lane: int) -> None:
        self.ask(lane=lane, select_count=self.request.select_count + 1)

    def seek(self, frame: int) -> None:
        self.ask(seek_frame=frame, seek_count=self.request.seek_count + 1)

    def loop(self, start: int, stop: int) -> None:
        self.ask(loop_start=start, loop_stop=stop)

    def render(self, frames: int, block: int | None = None) -> np.ndarray:
        parts = [np.zeros((0, self.state.channels), np.float32)]
        while frames > 0:
            parts.append(render(self.state, min(frames, block or frames)))
            frames -= len(parts[-1])
        return np.concatenate(parts)
