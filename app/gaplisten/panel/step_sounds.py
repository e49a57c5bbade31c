"""Freezing the sounds of the steps before the first trial."""

from __future__ import annotations

from gaplisten.audio.signal import Signal
from gaplisten.panel import check_sounds
from gaplisten.panel.check_trials import Freezer
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.key import StepSound
from gaplisten.panel.methods.contract import Use
from gaplisten.panel.steps import StepKind


def step_sounds(freezer: Freezer, definition: PanelDefinition, speech: Signal) -> None:
    """Freeze what the panel's steps play, at the panel's level.

    Parameters
    ----------
    speech
        The first clip's reference with its gain applied.
    """
    checks, seed = definition.checks, definition.seed
    tasks: list[tuple[StepKind, list[Signal], str]] = []
    if checks.level:
        tasks.append((StepKind.LEVEL, [speech], ""))
    if checks.sides:
        tasks += [(StepKind.SIDES, [sound], answer) for sound, answer in check_sounds.sides(speech)]
    if checks.quiet_room:
        tasks += [(StepKind.QUIET_ROOM, *task) for task in check_sounds.quiet_room(speech, seed)]
    if checks.headphones:
        tasks += [(StepKind.HEADPHONES, *task) for task in check_sounds.headphones(speech.rate, seed)]
    if checks.digits:
        digits = check_sounds.digits(speech.rate, seed, definition.language)
        tasks += [(StepKind.DIGITS, [sound], answer) for sound, answer in digits]
    for place, (kind, sounds, answer) in enumerate(tasks):
        codes = [
            freezer.freeze(sound, f"step {place}", f"{kind.value} {at}", Use.STEP)
            for at, sound in enumerate(sounds)
        ]
        freezer.steps.append(StepSound(kind=kind.value, codes=codes, answer=answer))
