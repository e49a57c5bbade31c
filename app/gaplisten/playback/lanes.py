"""Lanes made ready for the device: resampled where they must be, and put into shared memory.

Short ones are put there once, as a whole. Long ones are fetched by the block while they are played.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from gaplisten.audio.filemap import Sound
from gaplisten.audio.longfile import file_of
from gaplisten.audio.signal import Samples, Signal
from gaplisten.playback.feeder import Feeder, Heading, LaneReader
from gaplisten.playback.programme import FADE_MS, audible_spans, fade_frames
from gaplisten.playback.shared import Block, block_of

WHOLE_BYTES = 30 << 20
"""Lanes that take more shared memory are fetched by the block. Twice as much may be there at times."""

Pilot = Callable[[Collection[int], int], Heading]
"""Tells where the programmes of these numbers are played, which are to begin at that frame of their lanes."""


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
        samples = as_device_plays(signal, rate, channels)
        return cls(signal, rate, channels, (samples.shape[0], samples.shape[1]), block_of(samples))

    def suits(self, signal: Signal, rate: int, channels: int) -> bool:
        """Tell whether this is that signal, made for that output."""
        return self.signal is signal and (self.rate, self.channels) == (rate, channels)


def as_device_plays(signal: Signal, rate: int, channels: int) -> Samples:
    """Return all of a lane at that rate, mixed down if it has more than so many channels."""
    if signal.channels > channels:
        signal = Signal.of(signal.mono, signal.rate)
    if signal.rate != rate:
        from gaplisten.audio.resample import resample

        signal = resample(signal, rate)
    return np.ascontiguousarray(signal.samples)


@dataclass(frozen=True, eq=False)
class Stream:
    """Long lanes and what fetches them; made anew only when their sounds, rate or channels change.

    Parameters
    ----------
    programmes
        Numbers of the programmes that they were or are the lanes of.
    """

    sounds: tuple[Sound, ...]
    rate: int
    channels: int
    feeder: Feeder
    programmes: set[int]

    @classmethod
    def of(cls, sounds: Sequence[Sound], rate: int, channels: int, pilot: Pilot, start: int) -> Stream:
        """Begin to fetch lanes that are to be heard from frame `start` of them on."""
        programmes: set[int] = set()
        readers = [LaneReader(sound, rate, channels) for sound in sounds]
        return cls(
            tuple(sounds), rate, channels, Feeder(readers, lambda: pilot(programmes, start)), programmes
        )

    def suits(self, sounds: Sequence[Sound], rate: int, channels: int) -> bool:
        """Tell whether these are those sounds, made for that output, and can still be read."""
        same = len(sounds) == len(self.sounds) and all(
            mine is other for mine, other in zip(self.sounds, sounds, strict=True)
        )
        return same and (self.rate, self.channels) == (rate, channels) and not self.feeder.failure

    def message(self) -> dict[str, Any]:
        """Return where the audio process finds what of them is there."""
        shape = self.feeder.shape
        return {
            "name": self.feeder.name,
            "slots": shape.slots,
            "frames": shape.frames,
            "channels": shape.channels,
        }


@dataclass(frozen=True, eq=False)
class SharedLanes:
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
    lanes
        Empty if they are fetched by the block, by `stream`.
    """

    id: int
    clip: int
    scale: Fraction
    rate: int
    lanes: tuple[ReadyLane, ...]
    stream: Stream | None = None

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
            "stream": None if self.stream is None else self.stream.message(),
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
    before: SharedLanes | None,
) -> SharedLanes:
    """Return the lanes for a device at `rate`, taking over those that are there already."""
    wanted = lane_rate(rate, speed)
    have = list(before.lanes) if before else []
    lanes: list[ReadyLane] = []
    for signal in signals:
        old = next((lane for lane in have if lane.suits(signal, wanted, channels)), None)
        lanes.append(old or ReadyLane.of(signal, wanted, channels))
    clip_rate = signals[0].rate if signals else rate
    return SharedLanes(number, clip, Fraction(wanted, clip_rate), rate, tuple(lanes))


def are_long(sounds: Sequence[Sound], rate: int, channels: int, speed: float) -> bool:
    """Tell whether lanes are to be fetched by the block: they would take too much room, or lie in files."""
    if any(not isinstance(sound, Signal) or file_of(sound) is not None for sound in sounds):
        return True
    wanted = lane_rate(rate, speed)
    samples = sum(min(each.channels, channels) * each.frames * wanted // each.rate for each in sounds)
    return 4 * samples > WHOLE_BYTES


def make_stream(
    sounds: Sequence[Sound],
    number: int,
    clip: int,
    rate: int,
    channels: int,
    speed: float,
    before: SharedLanes | None,
    pilot: Pilot,
    start: int,
) -> SharedLanes:
    """Return long lanes for a device at `rate`, what is heard first fetched; or take those that are there.

    Parameters
    ----------
    pilot
        Tells where they are played.
    start
        Frame of the clip from which on they will be heard.

    Raises
    ------
    SourceError
        If a lane cannot be read.
    """
    wanted = lane_rate(rate, speed)
    scale = Fraction(wanted, sounds[0].rate)
    stream = before.stream if before is not None else None
    if stream is not None and stream.suits(sounds, wanted, channels):
        stream.programmes.add(number)
        return SharedLanes(number, clip, scale, rate, (), stream)
    stream = Stream.of(sounds, wanted, channels, pilot, round(start * scale))
    stream.programmes.add(number)
    try:
        stream.feeder.start()
    except BaseException:
        stream.feeder.close()
        raise
    return SharedLanes(number, clip, scale, rate, (), stream)


def release(old: SharedLanes | None, new: SharedLanes | None) -> None:
    """Free the lanes that only the old programme had."""
    if old is not None and old.stream is not None and (new is None or new.stream is not old.stream):
        old.stream.feeder.close()
    kept = {id(lane) for lane in new.lanes} if new else set()
    for lane in old.lanes if old else ():
        if id(lane) not in kept:
            lane.block.remove()
