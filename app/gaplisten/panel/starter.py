"""Definitions made by a program: for the window's dialog, and a commented file to begin with."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gaplisten import languages
from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.methods import methods
from gaplisten.panel.methods.contract import Method
from gaplisten.panel.parts import ClipsPart, ConditionPart, QuestionPart, TrapPart


def definition_for(
    folders: Sequence[Path],
    clips: Sequence[str],
    conditions: Sequence[ConditionPart],
    method: Method,
    *,
    title: str = "Listening panel",
    reference_folder: Path | None = None,
    packet_ms: float = 20.0,
    reading: Reading = AS_TOLD,
    **more: Any,
) -> PanelDefinition:
    """Return the definition of a panel over chosen clips and conditions.

    Parameters
    ----------
    folders
        Where the clips were found; pass them to `build` as allowed places too.
    clips
        Names of the chosen clips; empty for all.
    more
        Any other field of `PanelDefinition`.

    Raises
    ------
    pydantic.ValidationError
        If the parts do not fit together.
    """
    part = ClipsPart(
        folders=[str(folder) for folder in folders],
        reference_folder=str(reference_folder) if reference_folder else None,
        packet_ms=packet_ms,
        raw=None if reading.raw is None else str(reading.raw),
        channels=None if reading.channels is None else str(reading.channels),
        names=list(clips) or None,
    )
    return PanelDefinition(title=title, method=method, clips=part, condition=list(conditions), **more)


def with_more(definition: PanelDefinition, text: str) -> PanelDefinition:
    """Return a definition with what more is said as TOML: keys and tables of a panel's file.

    Tables are put together, anything else takes the place of what was there.

    Raises
    ------
    ValueError
        If it is no TOML, or does not fit; the message says where.
    """
    if not text.strip():
        return definition
    values = definition.model_dump(mode="json", exclude_defaults=True)
    try:
        more = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits, or tables nested deeply
        raise ValueError(f"what more is said is not TOML: {error}") from error
    return PanelDefinition.model_validate(_together(values, more))


def _together(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(old)
    for name, value in new.items():
        before = made.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        made[name] = _together(before, value) if both else value  # type: ignore[arg-type]
    return made


def _filled(value: Any) -> Any:
    """Leave out what TOML has no word for, and what is empty."""
    if isinstance(value, Mapping):
        return {name: _filled(one) for name, one in value.items() if one is not None and one != {}}
    if isinstance(value, list | tuple):
        return [_filled(one) for one in value]
    return value


def to_toml(definition: PanelDefinition, base: Path | None = None) -> str:
    """Return a definition as the TOML text that reads back as the same.

    Parameters
    ----------
    base
        Folder the file will lie in: paths are then written relative to it.
    """
    import tomlkit

    values = _filled(definition.model_dump(mode="json", exclude_defaults=True))
    values = {"format": 1, **values}
    if base is not None:
        values["clips"]["folders"] = [_relative(one, base) for one in definition.clips.folders]
        if definition.clips.reference_folder:
            values["clips"]["reference_folder"] = _relative(definition.clips.reference_folder, base)
        for name in ("strata", "talkers"):
            said = getattr(definition.clips, name)
            if said and Path(said).is_absolute():
                values["clips"][name] = _relative(said, base)
    return tomlkit.dumps(values)


def _relative(path: str, base: Path) -> str:
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:  # another drive
        return path


_STARTER = """\
# A listening panel for Gaplisten. Build it with:  gaplisten panel build THIS_FILE --out FOLDER
# Every key with its meaning and default: docs/panels.md
format = 1
title = "{title}"
method = "{method}"          # {methods}
language = "{english}"         # {languages}
seed = 1                # another seed, another order
repeats = 1             # how often each stimulus is rated by each listener
# ratings_per_condition = 8      # each listener hears only so many clips in each condition: the least rated
# votes_per_clip = 5             # votes on each clip in each condition; "panel plan" says what it takes
# pairing = "same clips"         # or "different clips": which clips a listener hears in the conditions
# listeners = ["Ann", "Ben"]     # named listeners make the balance exact; without, anybody may take part
# consent = "I agree that my ratings are kept without my name."
# tags = ["click", "robotic", "muffled", "cut word"]

[clips]
folders = ["clips"]     # relative to this file; folders elsewhere need --allow when building
# reference_folder = "clips/clean"
packet_ms = 20
# raw = "16000,s16le,1"   # what files without a header hold
# channels = "3"          # what is used of files of more than two channels: one, "1+2", or "mean"
# names = ["54", "2307"]                              # these clips only ...
# talker_names = "{{sex}}{{talker}}_*"    # who talks, by the clips' names (or a table under talkers)
# strata = "clips.csv"          # a row for each clip: results by what its column says, not by bursts
# strata_column = "room"
# per_stratum = {{ short = 4, medium = 4, long = 4 }}   # ... or so many of each longest-burst class

[[condition]]
name = "zero fill"
lossy = true

[[condition]]
name = "repeat with fade"
concealer = "repeat_fade"
# parameters = {{ mute_after = 120 }}   # "gaplisten concealers repeat_fade" lists them

# [[condition]]
# name = "Q15"
# mnru = 15             # the reference under modulated noise (P.810), Q = 15 dB

# [[condition]]
# name = "our model"
# files = "our_model"   # the condition's folder among the clips

{own}[training]
trials = 2
# clips = ["1214"]      # clips for practice only

[checks]
level = true            # set the volume before the start
# sides = true          # left and right
# headphones = true
# quiet_room = true
# digits = true
# clear_good = 1        # the reference, expected to get the best category
# clear_bad = 1         # speech in heavy modulated noise, expected to get the worst
# spoken_traps = 2      # attention trials that the panel makes itself: a spoken number says what to answer
# [[checks.trap]]
# file = "traps/please_press_three.wav"
# answer = 3

[rules]
heard = "end"           # nothing, once, end
# max_plays = 3

# [room]
# level = "73 dB SPL"
# headphones = "HD 650"

[breaks]
suggest_minutes = 20
insist_minutes = 45

# [results]              # what the results are asked, said beforehand
# against = "zero fill"  # each condition against this one; without, each pair
# margin = 0.2           # the largest difference that does not matter, in points
# generalise = "clips"   # or "talkers": what intervals hold for, beside other listeners

# [[question]]
# name = "age"
# text = "How old are you?"
# kind = "number"
# optional = true
"""


def starter(method: Method, title: str = "My panel") -> str:
    """Return a commented TOML file to begin a panel with."""
    safe = title.replace("\\", "").replace('"', "'")
    return _STARTER.format(
        title=safe,
        method=method.name,
        methods=", ".join(one.name for one in methods()),
        english=languages.ENGLISH,
        languages=", ".join(languages.codes()),
        own=method.starter,
    )


# --- questions written as plain lines, one each ------------------------------------------------------------

EXAMPLE_QUESTIONS = (
    "How old are you? (number)\nDo you wear a hearing aid?: yes | no\nWas it hard? (after)"
    "\nAnything else? (after) (optional)"
)
EXAMPLE_MORE = """\
target_dbov = -26

[training]
text = "First a few recordings for practice."

[[checks.gold]]
clip = "54"
condition = "zero fill"
answer = 1"""
EXAMPLE_TRAPS = "/home/me/traps/press_three.wav = 3"
_MARK = re.compile(r"\s*\((number|optional|between|after)\)$")


def questions(text: str) -> list[QuestionPart]:
    """Return the questions of a text: ``Question``, ``Question (number)``, ``Question: one | another``.

    ``(optional)`` at the end lets a question stay without an answer; ``(between)`` asks it between blocks,
    ``(after)`` after the last trial.

    Raises
    ------
    ValueError
        If answers to choose from do not follow a colon.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [_question(f"q{number}", line) for number, line in enumerate(lines, start=1)]


def _question(name: str, line: str) -> QuestionPart:
    said, marks = line, set()
    while (found := _MARK.search(said)) is not None:
        marks.add(found[1])
        said = said[: found.start()]
    optional = "optional" in marks
    when: Any = "after" if "after" in marks else "between" if "between" in marks else "before"
    if "|" not in said:
        return QuestionPart(
            name=name, text=said, kind="number" if "number" in marks else "text", optional=optional, when=when
        )
    before, _, others = said.partition("|")
    head, colon, first = before.rpartition(":")
    choices = [one.strip() for one in (first, *others.split("|")) if one.strip()]
    if not colon or not head.strip() or len(choices) < 2:
        raise ValueError(f"{line[:60]!r}: write the question, a colon, then answers with | between")
    return QuestionPart(
        name=name, text=head.strip(), kind="choice", choices=choices, optional=optional, when=when
    )


# --- pairs and recordings written as plain text -------------------------------------------------------------


def pairs(text: str) -> list[tuple[str, str]] | None:
    """Return the pairs of a text: ``one / other, one / third``; None for all of them.

    Raises
    ------
    ValueError
        If one is not two names with a stroke between them.
    """
    made = []
    for one in (part.strip() for part in text.split(",")):
        names = [name.strip() for name in one.split("/")]
        if one and (len(names) != 2 or not all(names)):
            raise ValueError(f"{one[:60]!r}: write two conditions with / between them, pairs with commas")
        made += [(names[0], names[1])] if one else []
    return made or None


def mnru_conditions(text: str) -> list[ConditionPart]:
    """Return a condition under modulated noise for each ratio in dB of a text: ``5, 15, 25``.

    Raises
    ------
    ValueError
        If one is no number.
    """
    made = []
    for one in (part.strip() for part in text.split(",")):
        if not one:
            continue
        try:
            made.append(ConditionPart(name=f"Q{float(one):g}", mnru=float(one)))
        except ValueError as error:
            fact = "write numbers from -20 to 80 dB, with commas between them"
            raise ValueError(f"modulated noise, {one[:20]!r}: {fact}") from error
    return made


def trap_files(text: str) -> list[TrapPart]:
    """Return the attention recordings of a text, one a line: ``file = answer``.

    Raises
    ------
    ValueError
        If an answer is no whole number.
    """
    made = []
    for line in (line.strip() for line in text.splitlines()):
        if not line:
            continue
        file, _, answer = (part.strip().strip('"') for part in line.rpartition("="))
        if not file or not answer.isdecimal():
            raise ValueError(f"{line[:60]!r}: write the file, =, and the answer that it asks for")
        made.append(TrapPart(file=file, answer=int(answer)))
    return made
