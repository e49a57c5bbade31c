"""What a page is told: a screen as JSON, with nothing in it that names a clip, a condition or a code.

A page gets words, letters and random names of sounds; the names are new for each screen.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gaplisten.languages import numbered
from gaplisten.panel.breaks import Advice
from gaplisten.panel.checks import StepKind
from gaplisten.panel.key import ClipKey, Part
from gaplisten.panel.scales import Scale
from gaplisten.panel.session import Session
from gaplisten.panel.trial import Block, Playing, Response
from gaplisten.panel.web_sounds import WEB_RATE

Told = dict[str, Any]


@dataclass(frozen=True)
class Sound:
    """What is behind a name that a page gets.

    Parameters
    ----------
    code
        Of the stimulus.
    gain
        With which it is sent, linear.
    """

    code: str
    gain: float = 1.0


@dataclass(frozen=True)
class Screen:
    """One screen.

    Parameters
    ----------
    told
        What the page gets.
    sounds
        What is behind the names in it.
    """

    told: Told
    sounds: Mapping[str, Sound] = field(default_factory=dict)


def _named(sounds: Sequence[Sound]) -> tuple[list[str], dict[str, Sound]]:
    """Return a random name for each sound, and the sounds by them."""
    names = [secrets.token_hex(16) for _ in sounds]
    return names, dict(zip(names, sounds, strict=True))


def web_frames(frames: int, rate: int) -> int:
    """Return how many frames a sound has at the page's rate."""
    return round(frames * WEB_RATE / rate)


def step_screen(session: Session) -> Screen:
    """Return the session's step."""
    step = session.step
    assert step is not None
    names, sounds = _named([Sound(code) for code in step.stimuli])
    told = {
        "kind": "step",
        "step": step.kind.value,
        "number": step.number,
        "total": step.total,
        "attempt": step.attempt,
        "title": step.title,
        "text": step.text,
        "failed": step.attempt > 1 and step.number == 1,
        "choices": [list(one) for one in step.choices],
        "questions": [
            {
                "name": one.name,
                "text": one.text,
                "kind": one.kind,
                "choices": list(one.choices),
                "optional": one.optional,
            }
            for one in step.questions
        ],
        "sounds": [
            {"name": name, "frames": web_frames(sound.frames, sound.rate)}
            for name, sound in zip(names, session.step_sounds(), strict=True)
        ],
        "loop": step.kind is StepKind.LEVEL,
        "typed": step.kind is StepKind.DIGITS,
    }
    return Screen(told, sounds)


def _scale(name: str, scale: Scale) -> Told:
    return {
        "name": name,
        "heading": scale.heading,
        "question": scale.question,
        "instruction": scale.instruction,
        "labels": [list(one) for one in scale.labels],
    }


def _edges(session: Session, clip: ClipKey) -> list[int]:
    """Return where gaps of a clip begin and end, on the page's clock.

    A check that has none gets some of the test's kind, for this listener and trial: it would be told by that.
    """
    own = [web_frames(one, clip.rate) for one in clip.boundaries]
    if own or clip.part is not Part.CHECK:
        return own
    like = [one for one in session.panel.key.clips if one.part is Part.TEST and one.boundaries]
    if not like:
        return []
    drawn = int(session.ticket, 16)
    other = like[drawn % len(like)]
    edges = [web_frames(one, other.rate) for one in other.boundaries]
    packet, frames = math.gcd(*edges), web_frames(clip.frames, clip.rate)
    shift = drawn // len(like) % max(1, frames // packet) * packet
    return sorted({(edge + shift) % frames for edge in edges})


def trial_screen(session: Session) -> Screen:
    """Return the session's trial."""
    trial, definition = session.trial, session.panel.definition
    assert trial is not None
    progress, clips = session.progress, session.clips
    heard = [Sound(slot.stimulus, clip.gain) for slot, clip in zip(trial.slots, clips, strict=True)]
    names, sounds = _named(heard)
    switched_together = trial.playing is Playing.SWITCHED
    may_loop = switched_together and definition.rules.loop and definition.rules.max_plays is None
    told = {
        "kind": "trial",
        "number": trial.number,
        "ticket": session.ticket,
        "place": progress.done + 1,
        "total": progress.total,
        "practice": trial.block is Block.TRAINING,
        "response": trial.response.value,
        "playing": trial.playing.value,
        "hear_each": trial.hear_each,
        "together": trial.together,
        "slots": [
            {
                "letter": slot.letter,
                "reference": slot.named_reference,
                "rated": slot.rated,
                "name": name,
                "frames": web_frames(clip.frames, clip.rate),
            }
            for slot, name, clip in zip(trial.slots, names, clips, strict=True)
        ],
        "scales": [_scale(name, session.scales[name]) for name in trial.scales],
        "pause": definition.rules.pause_seconds,
        "heard": session.rules.heard.value,
        "max_plays": session.rules.max_plays,
        "need_hundred": session.rules.need_hundred,
        "may_loop": may_loop,
        "loop": may_loop and trial.response is Response.SLIDERS,
        # Where gaps of any version begin and end: fades of switches keep clear of all of them.
        "edges": _edges(session, clips[0]) if switched_together else [],
        "comments": definition.comments,
        "tags": list(definition.tags),
    }
    return Screen(told, sounds)


def break_screen(session: Session, advice: Advice, text: str, now: float) -> Screen:
    """Return a break; `text` stands for the usual words where it is given."""
    insist = advice is Advice.INSIST
    key = "break_insist" if insist else "break_suggest"
    said = text or numbered(session.texts, key, minutes=max(1, round(session.breaks.minutes())))
    left = session.breaks.rest_left(now) if insist else 0.0
    return Screen({"kind": "break", "text": said, "seconds": left})


def message_screen(text: str, way_on: str) -> Screen:
    """Return a page with a text and one button."""
    return Screen({"kind": "message", "text": text, "button": way_on})


def end_screen(text: str, way: str, form: Told | None = None) -> Screen:
    """Return the last page.

    Parameters
    ----------
    way
        An address to go to, or a code to copy.
    form
        What is sent to the platform in whose frame the page is: `action` and `fields`.
    """
    is_address = way.startswith(("https://", "http://"))
    told = {"kind": "end", "text": text, "url": way if is_address else "", "code": "" if is_address else way}
    return Screen({**told, "form": form} if form else told)
