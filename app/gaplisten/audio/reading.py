"""What one sample is: its value, its level, and how far it lies from another version's."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gaplisten.audio.filemap import SampleSource, read_floats

_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class SampleReading:
    """One frame of a version.

    Parameters
    ----------
    values
        One for each channel, full scale 1.0.
    differences
        The same less the reference's, channel by channel (a reference of one channel counts for all); empty
        where there is nothing to compare with.
    """

    values: tuple[float, ...]
    differences: tuple[float, ...] = ()

    @property
    def text(self) -> str:
        """The reading in words: ``+0.1234 · -18.2 dBFS · Δ -0.0021 (-53.6 dBFS)``."""
        parts = [" / ".join(_signed(value) for value in self.values), f"{_levels(self.values)} dBFS"]
        if self.differences and any(self.differences):
            apart = " / ".join(_signed(value) for value in self.differences)
            parts.append(f"Δ {apart} ({_levels(self.differences)} dBFS)")
        elif self.differences:
            parts.append("Δ 0")
        return " · ".join(parts)


def read_sample(
    source: SampleSource, frame: int, reference: SampleSource | None = None
) -> SampleReading | None:
    """Return what a version is at a frame; None where it has no sound, or none that can be read yet.

    Parameters
    ----------
    frame
        On the clip's clock.
    reference
        What to compare with, on the same clock; where it has ended, it is silent.
    """
    values = _at(source, frame)
    if values is None:
        return None
    if reference is None or reference is source:
        return SampleReading(values)
    if frame >= reference.frames:
        return SampleReading(values, values)
    other = _at(reference, frame)
    if other is None:
        return SampleReading(values)
    width = max(len(values), len(other))
    if min(len(values), len(other)) not in (1, width):
        return SampleReading(values)
    one, two = (each * width if len(each) == 1 else each for each in (values, other))
    return SampleReading(values, tuple(a - b for a, b in zip(one, two, strict=True)))


def _at(source: SampleSource, frame: int) -> tuple[float, ...] | None:
    if not 0 <= frame < source.frames or not source.loaded(frame, frame + 1):
        return None
    return tuple(read_floats(source, frame, frame + 1)[0].astype(float).tolist())


def level_text(value: float) -> str:
    """Return the level of a magnitude in dB of full scale, ``-∞`` for silence."""
    magnitude = abs(value)
    if magnitude == 0.0:
        return f"{_MINUS}∞"
    return f"{20.0 * math.log10(magnitude):.1f}".replace("-", _MINUS)


def _signed(value: float) -> str:
    """Return a value with its sign, and none for what would read as zero."""
    text = f"{value:+.4f}"
    return text[1:] if float(text) == 0.0 else text.replace("-", _MINUS)


def _levels(values: tuple[float, ...]) -> str:
    return " / ".join(level_text(value) for value in values)
