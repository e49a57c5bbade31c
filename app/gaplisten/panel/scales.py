"""The words of the scales and of the panel's screens, in each language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gaplisten import languages
from gaplisten.errors import GaplistenError
from gaplisten.panel.trial import Response, Vote

_LAST_PLACE = 26  # as many as there are letters


class ScaleError(GaplistenError):
    """A wording that is missing or does not fit its method."""


@dataclass(frozen=True)
class Scale:
    """The wording of one scale in one language.

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

    response: Response
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
        if self.response is Response.SLIDERS:
            middles = [int(value) for value, _ in self.labels]
            return dict(self.labels)[min(middles, key=lambda middle: abs(middle - float(vote)))]
        if self.response is Response.GRADES:
            # The words of the impairment scale stand at whole grades; between two of them there is no word.
            return dict(self.labels).get(int(vote), "") if float(vote).is_integer() else ""
        return dict(self.labels).get(vote, "")

    def written(self, vote: Vote) -> str:
        """Return a vote's number as the language writes it: 4.5, in German 4,5."""
        return languages.decimals(self.language, f"{vote}")

    def accepts(self, vote: Vote) -> bool:
        """Tell whether `vote` is a value of this scale."""
        if self.response is Response.SLIDERS:
            return _is_number(vote) and float(vote).is_integer() and 0 <= float(vote) <= 100
        if self.response is Response.GRADES:
            return _is_number(vote) and 1.0 <= float(vote) <= 5.0 and _in_tenths(float(vote))
        if self.response is Response.PLACES:
            return isinstance(vote, int) and not isinstance(vote, bool) and 1 <= vote <= _LAST_PLACE
        return any(type(vote) is type(value) and vote == value for value, _ in self.labels)

    def read(self, text: str) -> Vote:
        """Return a vote as it stands in the CSV.

        Raises
        ------
        ValueError
            If it is no value of this scale.
        """
        vote: Vote = text
        if self.response is not Response.CHOICE:
            vote = float(text) if self.response is Response.GRADES else int(text)
        if not self.accepts(vote):
            raise ValueError(text)
        return vote


def _is_number(vote: Vote) -> bool:
    return isinstance(vote, int | float) and not isinstance(vote, bool) and abs(vote) < 1e6


def _in_tenths(grade: float) -> bool:
    return abs(grade * 10 - round(grade * 10)) < 1e-6


def _labels(response: Response, table: dict[str, str]) -> tuple[tuple[Vote, str], ...]:
    if response is Response.CHOICE:
        return tuple(table.items())
    return tuple((int(value), words) for value, words in table.items())


def scale(
    name: str,
    response: Response,
    language: str = languages.ENGLISH,
    *,
    part: str = "",
    variant: str = "",
) -> Scale:
    """Return the standard wording of one scale.

    Parameters
    ----------
    name
        The table ``[scales.NAME]`` of the language's file.
    part
        One of several scales: a table inside it, whose words go before.
    variant
        Another table inside it, whose words go before.

    Raises
    ------
    LanguageError, ScaleError
        If there is no such language, or no such wording in it.
    """
    words: dict[str, Any] = languages.words(language, "scales", name)
    for inner in (part, variant):
        words = {**words, **words.get(inner, {})}
    missing = {"heading", "question", "instruction", "labels", "source"} - set(words)
    if missing:
        fact = f"there is no wording in {languages.name(language)} ({', '.join(sorted(missing))})"
        raise ScaleError(f"scale {name}", fact, f"add it to languages/{language}.toml")
    return Scale(
        response,
        language,
        words["heading"],
        words["question"],
        words["instruction"],
        _labels(response, words["labels"]),
        words["source"],
        words.get("translation", ""),
    )


def texts(language: str = languages.ENGLISH) -> dict[str, str]:
    """Return what a panel says besides its scale; English where a language lacks a text."""
    return {**languages.words(languages.ENGLISH, "panel"), **languages.words(language, "panel")}
