"""Freezing the sounds of checks: trials whose answer is known, attention, repeats; steps before the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from gaplisten.audio.files import read_signal
from gaplisten.audio.gain import clip_gain
from gaplisten.audio.signal import Signal
from gaplisten.languages import counted
from gaplisten.panel import check_sounds
from gaplisten.panel.checks import StepKind
from gaplisten.panel.definition import DefinitionError, PanelDefinition
from gaplisten.panel.key import ClipKey, Part, StepSound
from gaplisten.panel.order import shuffled
from gaplisten.panel.parts import REFERENCE, SPOKEN, GoldPart, TrapPart
from gaplisten.panel.planned import Use
from gaplisten.panel.selection import Places

Known = tuple[int | None, int, Mapping[str, int]]  # an answer, how far off it may be, answers on scales


class Freezer(Protocol):
    """What writes stimuli while a panel is built."""

    clips: list[ClipKey]
    steps: list[StepSound]
    null_pairs: frozenset[str]
    secret: str

    def freeze(
        self,
        signal: Signal,
        clip: str,
        condition: str,
        use: Use,
        expected: int | None = None,
        within: float = 0,
        answers: Mapping[str, int] | None = None,
    ) -> str:
        """Write one stimulus; return its code."""


def _count(freezer: Freezer) -> int:
    """Return how many clips of the test were frozen before the current one."""
    return sum(clip.part is Part.TEST for clip in freezer.clips) - 1


def check_trials(
    freezer: Freezer, definition: PanelDefinition, clip: str, sounds: Mapping[str, Signal]
) -> None:
    """Freeze the checks that one clip contributes: the first clips of the test give one of each kind."""
    checks, before = definition.checks, _count(freezer)
    if before < checks.clear_good:
        freezer.freeze(sounds[REFERENCE], clip, REFERENCE, Use.GOOD, definition.method.best, 1)
    if before < checks.clear_bad:
        freezer.freeze(
            check_sounds.clear_bad(sounds[REFERENCE]), clip, "clear_bad", Use.BAD, definition.method.worst, 1
        )
    if before < checks.reference_repeats:
        freezer.freeze(sounds[REFERENCE], clip, REFERENCE, Use.REPEAT)
    if clip in freezer.null_pairs:
        freezer.freeze(sounds[REFERENCE], clip, REFERENCE, Use.NULL, definition.method.best, 1)
    for gold in checks.gold:
        if gold.clip == clip and gold.condition is not None:
            if gold.condition not in sounds:
                raise DefinitionError("checks.gold", f"there is no condition {gold.condition!r}", "name one")
            known = (gold.answer, gold.within, gold.answers)
            freezer.freeze(sounds[gold.condition], clip, gold.condition, Use.GOLD, *known)


def extra_trials(freezer: Freezer, definition: PanelDefinition, places: Places) -> None:
    """Freeze gold and trap trials brought as files; check that all others were found."""
    _all_found(freezer, definition)
    parts: Sequence[tuple[Use, GoldPart | TrapPart]] = (
        *((Use.GOLD, one) for one in definition.checks.gold),
        *((Use.TRAP, one) for one in definition.checks.trap),
    )
    for place, (use, one) in enumerate(parts, start=1):
        if one.file is not None:
            known: Known = (one.answer, 0, {})
            if isinstance(one, GoldPart):
                known = (one.answer, one.within, one.answers)
            _freeze_file(freezer, definition, places, one.file, use, f"{use.value} {place}", known)


def _freeze_file(
    freezer: Freezer,
    definition: PanelDefinition,
    places: Places,
    file: str,
    use: Use,
    name: str,
    known: Known,
) -> None:
    signal = read_signal(places.resolve(file))
    gain = clip_gain(signal, [signal], definition.target_dbov)
    freezer.clips.append(
        ClipKey(
            name=name,
            stratum="",
            rate=signal.rate,
            frames=signal.frames,
            channels=signal.channels,
            gain=gain.gain,
            gain_db=gain.gain_db,
            gain_reason=gain.reason,
            part=Part.CHECK,
        )
    )
    freezer.freeze(signal, name, use.value, use, *known)


def _all_found(freezer: Freezer, definition: PanelDefinition) -> None:
    names = {clip.name for clip in freezer.clips if clip.part is Part.TEST}
    for gold in definition.checks.gold:
        if gold.clip is not None and gold.clip not in names:
            fact = f"the clip {gold.clip!r} is none of the test's"
            raise DefinitionError("checks.gold", fact, "name one of the test's clips, or give a file")
    checks = definition.checks
    asked = max(checks.clear_good, checks.clear_bad, checks.reference_repeats, checks.null_pairs)
    if asked > len(names):
        fact = f"{counted(asked, 'check')} of one kind asked for, the test has {counted(len(names), 'clip')}"
        raise DefinitionError("checks", fact, "ask for one per clip at most")


def spoken_traps(freezer: Freezer, definition: PanelDefinition, speech: Signal) -> None:
    """Freeze the attention trials that the panel makes itself: recordings that say which answer to give.

    Parameters
    ----------
    speech
        The first clip's reference with its gain applied.
    """
    if any(clip.name.startswith(SPOKEN) for clip in freezer.clips):
        return  # those of an earlier clip
    for place in range(1, definition.checks.spoken_traps + 1):
        name = f"{SPOKEN} {place}"

        def digits(of: Sequence[int], place: int = place) -> list[int]:
            return shuffled(of, freezer.secret, SPOKEN, place)

        for one in definition.method.sayings(definition.design, definition.systems()[0], digits):
            sound = check_sounds.spoken_trap(speech, one.digit, definition.language)
            if not any(clip.name == name for clip in freezer.clips):
                freezer.clips.append(
                    ClipKey(
                        name=name,
                        stratum="",
                        rate=sound.rate,
                        frames=sound.frames,
                        channels=sound.channels,
                        gain=1.0,
                        gain_db=0.0,
                        part=Part.CHECK,
                    )
                )
            freezer.freeze(sound, name, one.condition, one.use, one.expected, one.within)


def step_sounds(freezer: Freezer, definition: PanelDefinition, speech: Signal) -> None:
    """Freeze what the panel's steps play, at the panel's level.

    Parameters
    ----------
    speech
        The first clip's reference with its gain applied.
    """
    # Of the secret: with the seed, that stands in the file, anybody could list what the digits say.
    checks, seed, rate = definition.checks, freezer.secret, speech.rate
    tasks: list[tuple[StepKind, list[Signal], str, int]] = []
    if checks.level:
        tasks.append((StepKind.LEVEL, [speech], "", 0))
    if checks.sides:
        tasks += [(StepKind.SIDES, [sound], answer, 0) for sound, answer in check_sounds.sides(speech)]
    if checks.quiet_room:
        tasks += [(StepKind.QUIET_ROOM, *task, 0) for task in check_sounds.quiet_room(speech, seed)]
    if checks.headphones:
        tasks.append((StepKind.HEADPHONES, *check_sounds.headphones(rate), 0))
    if checks.bandwidth:
        tasks += [(StepKind.BANDWIDTH, *task, 0) for task in check_sounds.bandwidth(rate, seed)]
    if checks.digits:
        digits = check_sounds.digits(rate, seed, definition.language)
        tasks += [(StepKind.DIGITS, [sound], answer, group) for sound, answer, group in digits]
    for place, (kind, sounds, answer, group) in enumerate(tasks):
        codes = [
            freezer.freeze(sound, f"step {place}", f"{kind.value} {at}", Use.STEP)
            for at, sound in enumerate(sounds)
        ]
        drawn = kind is not StepKind.LEVEL
        freezer.steps.append(StepSound(kind=kind.value, codes=codes, answer=answer, drawn=drawn, group=group))
