"""The sounds of one clip: every condition on the clip's clock, of the same length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from gaplisten.audio.mnru import modulated_noise
from gaplisten.audio.signal import Signal
from gaplisten.clips.clip import OpenClip
from gaplisten.errors import GaplistenError
from gaplisten.loss.trace import LossTrace
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.key import ConditionKey
from gaplisten.panel.order import number
from gaplisten.panel.parts import REFERENCE, ConditionPart

Value = str | int | float | bool
_LARGE_DIFFERENCE_S = 0.1


class StimulusError(GaplistenError):
    """A stimulus that cannot be made."""


class Renderer(Protocol):
    """What runs concealers for a panel; given to `build` from outside."""

    def describe(self, concealer: str, parameters: Mapping[str, Value]) -> ConditionKey:
        """Check name and parameters before any work; say what will be run (parameters complete, digest)."""

    def conceal(
        self,
        concealer: str,
        parameters: Mapping[str, Value],
        lossy: Signal,
        trace: LossTrace,
        reference: Signal | None,
    ) -> Signal:
        """Return the concealed signal on the lossy one's clock, its declared delay removed."""


@dataclass
class ClipSounds:
    """What was made of one clip; `of` holds the signals by condition name."""

    of: dict[str, Signal] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def needs_reference(definition: PanelDefinition) -> bool:
    """Tell whether every clip must have a reference."""
    checks = definition.checks
    return bool(
        definition.method.needs_reference
        or definition.method.wants_reference(definition.design)
        or any(one.reference or one.mnru is not None for one in definition.condition)
        or checks.clear_good
        or checks.clear_bad
        or checks.reference_repeats
    )


def _fitted(signal: Signal, like: Signal, name: str, sounds: ClipSounds) -> Signal:
    """Bring a condition to the clip's length and channels; more than rounding is noted."""
    samples = signal.samples
    if signal.channels != like.channels:
        if signal.channels != 1:
            fact = f"it has {signal.channels} channels, the clip has {like.channels}"
            raise StimulusError(name, fact, "give all versions of a clip the same channels")
        samples = np.repeat(samples, like.channels, axis=1)
        sounds.notes.append(f"{name}: mono, put on all channels")
    missing = like.frames - signal.frames
    if missing:
        what = f"{missing} frames of silence added" if missing > 0 else f"{-missing} frames cut off"
        sounds.notes.append(f"{name}: {what} at the end")
        if abs(missing) > _LARGE_DIFFERENCE_S * like.rate:
            sounds.notes[-1] += " (more than 0.1 s: is it the same clip?)"
        samples = np.pad(samples, ((0, max(missing, 0)), (0, 0)))[: like.frames]
    return Signal(np.ascontiguousarray(samples, dtype=np.float32), like.rate)


def _wanted(signal: Signal | None, clip: str, what: str) -> Signal:
    if signal is None:
        raise StimulusError(f"clip {clip}", f"it has no {what}", "leave the clip out, or add the file")
    return signal


def _condition(part: ConditionPart, clip: OpenClip, renderer: Renderer) -> Signal:
    name = clip.clip.name
    if part.reference:
        return _wanted(clip.reference, name, "reference")
    if part.lossy:
        return _wanted(clip.lossy, name, "lossy file")
    if part.mnru is not None:
        reference = _wanted(clip.reference, name, "reference")
        return modulated_noise(reference, part.mnru, number("mnru", part.mnru, name) % 2**32)
    if part.files is not None:
        return _wanted(clip.conditions.get(part.files), name, f"file of condition {part.files!r}")
    lossy = _wanted(clip.lossy, name, "lossy file")
    if clip.trace is None:
        raise StimulusError(f"clip {name}", "it has no loss trace", "add one, or leave the clip out")
    assert part.concealer is not None
    return renderer.conceal(part.concealer, part.parameters, lossy, clip.trace, clip.reference)


def clip_sounds(definition: PanelDefinition, clip: OpenClip, renderer: Renderer) -> ClipSounds:
    """Return every sound that the panel needs of a clip.

    Raises
    ------
    StimulusError
        If one is missing.
    """
    name = clip.clip.name
    clock = clip.reference or clip.lossy or next(iter(clip.conditions.values()), None)
    clock = _wanted(clock, name, "usable file" + (f" ({clip.problems[0]})" if clip.problems else ""))
    if needs_reference(definition):
        _wanted(clip.reference, name, f"reference, which {definition.method.name} with these checks needs")
    sounds = ClipSounds(notes=list(clip.notes))
    for part in definition.condition:
        sounds.of[part.name] = _fitted(_condition(part, clip, renderer), clock, part.name, sounds)
    if clip.reference is not None:
        sounds.of.setdefault(REFERENCE, clip.reference)
    for name, one in definition.method.made(definition.design).items():
        source = clip.lossy if one.of_lossy else clip.reference
        made = one.make(_wanted(source, clip.clip.name, "lossy file" if one.of_lossy else "reference"))
        sounds.of[name] = _fitted(made, clock, name, sounds)
    return sounds
