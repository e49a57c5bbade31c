"""Lanes made ready for the device: resampled where they must be, and put into shared memory once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.playback.programme import FADE_MS, audible_spans, fade_frames
from gaplisten.playback.shared import Block, block_of


def lane_rate(rate: int, speed: float) -> int:
    """Return the rate to which lanes are resampled so that a device at `rate` plays them at `speed`."""
    return round(rate / speed)


@dataclass(frozen=True, eq=False)
class ReadyLane:
    """One lane in shared memory; made anew only when its signal, rate or channels change."""

    signal: Signal
    rate: int
    channels: int
    shape: tuple[int, int]
    block: Block

    @classmethod
    def of(cls, signal: Signal, rate: int, channels: int) -> ReadyLane:
        """Resample if needed, mix down if the device has one channel only, and share."""
        samples = _fitting(signal, rate, channels)
        return cls(signal, rate, channels, (samples.shape[0], samples.shape[1]), block_of(samples))

    def suits(self, signal: Signal, rate: int, channels: int) -> bool:
        """Tell whether this is that signal, made for that output."""
        return self.signal is signal and (self.rate, self.channels) == (rate, channels)


def _fitting(signal: Signal, rate: int, channels: int) -> Samples:
    if signal.channels > channels:
        signal = Signal.of(signal.mono, signal.rate)
    if signal.rate != rate:
        from gaplisten.audio.resample import resample

        signal = resample(signal, rate)
    return np.ascontiguousarray(signal.samples)


@dataclass(frozen=True, eq=False)
class Ready:
    """A programme in shared memory, and how its frames relate to the clip's.

    Parameters
    ----------
    id
        The programme's number, as in `mixer.Programme`.
    clip
        Which `load` it belongs to.
    scale
        Lane frames per frame of the clip.
    rate
        The device's rate.
    """

    id: int
    clip: int
    scale: Fraction
    rate: int
    lanes: tuple[ReadyLane, ...]

    def to_lane(self, frame: int) -> int:
        """Return the lane frame at which a frame of the clip is heard."""
        return round(frame * self.scale)

    def to_clip(self, frame: int) -> int:
        """Return the frame of the clip that a lane frame belongs to."""
        return round(frame / self.scale)

    def message(self, audible: Sequence[tuple[int, int]] | None, boundaries: Sequence[int]) -> dict[str, Any]:
        """Return what the audio process is told, with spans and boundaries given in frames of the clip."""
        fade = fade_frames(self.rate, FADE_MS)
        spans = None
        if audible is not None:
            scaled = [(self.to_lane(start), self.to_lane(stop)) for start, stop in audible]
            spans = audible_spans(scaled, fade).tolist()
        return {
            "id": self.id,
            "rate": self.rate,
            "scale": [self.scale.numerator, self.scale.denominator],
            "lanes": [[lane.block.name, *lane.shape] for lane in self.lanes],
            "audible": spans,
            "boundaries": sorted({self.to_lane(frame) for frame in boundaries}) or None,
        }


def make_ready(
    signals: Sequence[Signal],
    number: int,
    clip: int,
    rate: int,
    channels: int,
    speed: float,
    before: Ready | None,
) -> Ready:
    """Return the lanes for a device at `rate`, taking over those that are there already."""
    wanted = lane_rate(rate, speed)
    have = list(before.lanes) if before else []
    lanes: list[ReadyLane] = []
    for signal in signals:
        old = next((lane for lane in have if lane.suits(signal, wanted, channels)), None)
        lanes.append(old or ReadyLane.of(signal, wanted, channels))
    clip_rate = signals[0].rate if signals else rate
    return Ready(number, clip, Fraction(wanted, clip_rate), rate, tuple(lanes))


def release(old: Ready | None, new: Ready | None) -> None:
    """Free the lanes that only the old programme had."""
    kept = {id(lane) for lane in new.lanes} if new else set()
    for lane in old.lanes if old else ():
        if id(lane) not in kept:
            lane.block.remove()
