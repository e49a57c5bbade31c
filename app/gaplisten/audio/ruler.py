"""Where the ticks of the time axis lie and what they say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class RulerUnit(StrEnum):
    """What the time ruler counts."""

    SECONDS = "seconds"
    FRAMES = "frames"
    PACKETS = "packets"


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick at a frame; minor ticks have no text."""

    frame: float
    text: str


@dataclass(frozen=True, slots=True)
class Scale:
    """What the ruler counts in: one unit is so many frames."""

    unit: RulerUnit
    unit_frames: float

    @classmethod
    def of(cls, unit: RulerUnit, rate: int, packet_frames: int) -> Scale:
        """Return the scale of a clip."""
        sizes = {RulerUnit.SECONDS: rate, RulerUnit.FRAMES: 1, RulerUnit.PACKETS: packet_frames}
        return cls(unit, float(max(sizes[unit], 1)))


def ticks(scale: Scale, start: float, stop: float, room: float) -> list[Tick]:
    """Return the ticks of ``[start, stop)``.

    Parameters
    ----------
    room
        Fewest frames between two labelled ticks.
    """
    step = _step(room / scale.unit_frames, scale.unit)
    minor = step / (5 if round(step / 10 ** math.floor(math.log10(step) + 1e-9)) != 2 else 4)
    if scale.unit is not RulerUnit.SECONDS and minor < 1:
        minor = step
    first = math.ceil(start / scale.unit_frames / minor - 1e-9)
    last = math.floor(stop / scale.unit_frames / minor + 1e-9)
    each = round(step / minor)
    return [
        Tick(n * minor * scale.unit_frames, _label(n * minor, step, scale.unit) if n % each == 0 else "")
        for n in range(first, last + 1)
    ]


def _step(room: float, unit: RulerUnit) -> float:
    if unit is RulerUnit.SECONDS and room > 20:
        for seconds in (30, 60, 120, 300, 600, 1200, 1800, 3600, 7200):
            if seconds >= room:
                return float(seconds)
    magnitude = 10.0 ** math.floor(math.log10(max(room, 1e-9)))
    step = next(factor * magnitude for factor in (1.0, 2.0, 5.0, 10.0) if factor * magnitude >= room * 0.999)
    return step if unit is RulerUnit.SECONDS else max(step, 1.0)


def _label(value: float, step: float, unit: RulerUnit) -> str:
    if unit is RulerUnit.FRAMES:
        return f"{round(value):,}".replace(",", "\u2009")
    if unit is RulerUnit.PACKETS:
        return f"#{round(value)}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step < 1 else 0
    return clock(value, decimals) if abs(value) >= 60 else f"{value:.{decimals}f} s"


def duration(seconds: float, decimals: int = 3) -> str:
    """Return seconds as text with their unit: ``3.214 s``, ``1:02.500``, ``1:00:02.500``."""
    return clock(seconds, decimals) if round(seconds, decimals) >= 60 else f"{seconds:.{decimals}f} s"


def clock(seconds: float, decimals: int = 3) -> str:
    """Return seconds as ``m:ss.mmm`` or ``h:mm:ss.mmm``."""
    units = 10**decimals
    whole = round(seconds * units)
    minutes, rest = divmod(whole, 60 * units)
    hours, minutes = divmod(minutes, 60)
    width = 3 + decimals if decimals else 2
    text = f"{rest / units:0{width}.{decimals}f}"
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"
