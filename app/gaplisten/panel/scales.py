"""The words of the scales and of the panel's screens, in each language."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gaplisten import languages
from gaplisten.errors import GaplistenError
from gaplisten.panel.methods import NO_PREFERENCE, Method, Response, facts
from gaplisten.panel.trial import Vote


class ScaleError(GaplistenError):
    """A wording that is missing or does not fit its method."""


@dataclass(frozen=True)
class Scale:
    """The wording of one method in one language.

    Parameters
    ----------
    labels
        (value, words), best first. Category scales: the votes themselves. Sliders: where along 0..100 the
        word stands. Grades: 5..1. Choices: the letter, or "none" for no preference.
    source
        Standard and clause, or that there is none; `translation` says how a translation was made.
    own
        Whether the panel brought its own words.
    """

    method: Method
    language: str
    heading: str
    question: str
    instruction: str
    labels: tuple[tuple[Vote, str], ...]
    source: str
    translation: str = ""
    own: bool = False

    def label(self, vote: Vote) -> str:
        """Return the words for a vote: its category, or the band of the slider or grade it lies in."""
        response = facts(self.method).response
        if response is Response.SLIDERS:
            middles = [int(value) for value, _ in self.labels]
            return dict(self.labels)[min(middles, key=lambda middle: abs(middle - float(vote)))]
        if response is Response.GRADES:
            # The words of the impairment scale stand at whole grades; between two of them there is no word.
            return dict(self.labels).get(int(vote), "") if float(vote).is_integer() else ""
        return dict(self.labels).get(vote, "")

    def accepts(self, vote: Vote) -> bool:
        """Tell whether `vote` is a value of this scale."""
        response = facts(self.method).response
        if response is Response.SLIDERS:
            return _is_number(vote) and float(vote).is_integer() and 0 <= float(vote) <= 100
        if response is Response.GRADES:
            return _is_number(vote) and 1.0 <= float(vote) <= 5.0 and _in_tenths(float(vote))
        return any(type(vote) is type(value) and vote == value for value, _ in self.labels)

    def without(self, vote: Vote) -> Scale:
        """Return the scale with one answer left out (no preference, in a forced choice)."""
        return replace(self, labels=tuple(pair for pair in self.labels if pair[0] != vote))


def _is_number(vote: Vote) -> bool:
    return isinstance(vote, int | float) and not isinstance(vote, bool) and abs(vote) < 1e6


def _in_tenths(grade: float) -> bool:
    return abs(grade * 10 - round(grade * 10)) < 1e-6


def _labels(method: Method, table: dict[str, str]) -> tuple[tuple[Vote, str], ...]:
    if facts(method).response is Response.CHOICE:
        return tuple(table.items())
    return tuple((int(value), words) for value, words in table.items())


def scale(
    method: Method, language: str = languages.ENGLISH, *, reference: bool = True, no_preference: bool = True
) -> Scale:
    """Return the standard wording of a method.

    Parameters
    ----------
    reference
        False for MUSHRA without reference, whose instruction differs.
    no_preference
        False for a forced A/B choice.

    Raises
    ------
    LanguageError, ScaleError
        If there is no such language, or no wording of this method in it.
    """
    words = languages.words(language, "scales", method.value)
    if not words:
        fact = f"there is no wording in {languages.name(language)}"
        raise ScaleError(f"scale {method.value}", fact, f"add it to languages/{language}.toml")
    if not reference:
        words = words | words.get("without_reference", {})
    made = Scale(
        method,
        language,
        words["heading"],
        words["question"],
        words["instruction"],
        _labels(method, words["labels"]),
        words["source"],
        words.get("translation", ""),
    )
    return made if no_preference else made.without(NO_PREFERENCE)


def texts(language: str = languages.ENGLISH) -> dict[str, str]:
    """Return what a panel says besides its scale; English where a language lacks a text."""
    return {**languages.words(languages.ENGLISH, "panel"), **languages.words(language, "panel")}
