"""The words and values of the scales, exactly."""

from __future__ import annotations

import pytest

from gaplisten import languages
from gaplisten.panel.definition import parse_definition
from gaplisten.panel.methods import method, methods, names
from gaplisten.panel.scales import Scale, texts
from gaplisten.panel.trial import Response, Vote
from kit.panels import toml

EXCELLENT = ("Excellent", "Good", "Fair", "Poor", "Bad")
WORDS: dict[str, tuple[tuple[Vote, str], ...]] = {
    "acr": tuple(zip((5, 4, 3, 2, 1), EXCELLENT, strict=True)),
    "acr_effort": (
        (5, "Complete relaxation possible; no effort required"),
        (4, "Attention necessary; no appreciable effort required"),
        (3, "Moderate effort required"),
        (2, "Considerable effort required"),
        (1, "No meaning understood with any feasible effort"),
    ),
    "dcr": (
        (5, "Degradation is inaudible"),
        (4, "Degradation is audible but not annoying"),
        (3, "Degradation is slightly annoying"),
        (2, "Degradation is annoying"),
        (1, "Degradation is very annoying"),
    ),
    "ccr": (
        (3, "Much Better"),
        (2, "Better"),
        (1, "Slightly Better"),
        (0, "About the Same"),
        (-1, "Slightly Worse"),
        (-2, "Worse"),
        (-3, "Much Worse"),
    ),
    "mushra": tuple(zip((90, 70, 50, 30, 10), EXCELLENT, strict=True)),
    "abc_hr": (
        (5, "Imperceptible"),
        (4, "Perceptible but not annoying"),
        (3, "Slightly annoying"),
        (2, "Annoying"),
        (1, "Very annoying"),
    ),
}
HEADINGS = {
    "acr": "Quality of the speech",
    "acr_effort": "Effort required to understand the meanings of sentences",
    "ccr": "The Quality of the Second Compared to the Quality of the First is:",
}


def scale(name: str, language: str = languages.ENGLISH) -> Scale:
    """Return the standard wording of a method's first scale."""
    return next(iter(method(name).wording(language).values()))


@pytest.mark.parametrize("name", WORDS)
def test_values_and_words_are_those_of_the_standards(name: str) -> None:
    assert scale(name).labels == WORDS[name]
    assert scale(name).heading == HEADINGS.get(name, scale(name).heading)


@pytest.mark.parametrize("name", names())
def test_every_language_has_the_same_values_and_says_where_its_words_are_from(name: str) -> None:
    values = {
        language: [value for value, _ in scale(name, language).labels] for language in languages.codes()
    }
    assert len({tuple(one) for one in values.values()}) == 1
    for language in languages.codes():
        words = scale(name, language)
        assert words.source
        assert words.translation or language == "en"
        assert all(text.strip() for text in (words.question, words.instruction))


def test_every_text_is_there_in_every_language() -> None:
    for language in languages.codes():  # errors speak English themselves
        own = {key for key in texts(language) if not key.startswith("error_")}
        assert own == {key for key in texts("en") if not key.startswith("error_")}
    assert texts("de")["reference"] == "Referenz"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("acr", [1, 5], [0, 6, 4.5, "5", True, "A"]),
        ("ccr", [-3, 0, 3], [4, -4, 0.5]),
        ("ab", ["A", "B", "none"], ["C", 1, ""]),
        ("abx", ["A", "B"], ["none", "X"]),
        ("mushra", [0, 37, 100], [-1, 101, 50.5, "50", True, float("nan"), float("inf")]),
        ("abc_hr", [1.0, 4.9, 5], [0.9, 5.1, 3.14, "3.0", float("nan")]),
    ],
)
def test_only_values_of_the_scale_are_accepted(name: str, good: list[Vote], bad: list[Vote]) -> None:
    assert all(scale(name).accepts(vote) for vote in good)
    assert not any(scale(name).accepts(vote) for vote in bad)


@pytest.mark.parametrize(
    ("vote", "word"), [(100, "Excellent"), (81, "Excellent"), (79, "Good"), (41, "Fair"), (0, "Bad")]
)
def test_a_mushra_score_is_labelled_by_its_band(vote: int, word: str) -> None:
    assert scale("mushra").label(vote) == word


def test_a_forced_choice_has_no_third_answer() -> None:
    forced = parse_definition(toml("ab", "[ab]\nno_preference = false\n")).scales()[""]
    assert not forced.accepts("none")
    assert forced.accepts("B")


def test_an_unknown_language_is_told() -> None:
    with pytest.raises(
        languages.LanguageError, match="'xx': there is no such language; choose one of en, de"
    ):
        scale("acr", "xx")


def test_each_method_knows_what_it_asks() -> None:
    assert {method.response for method in methods()} == set(Response)


def test_grades_are_written_as_the_language_writes_numbers() -> None:
    assert {code: scale("abc_hr", code).written(4.5) for code in ("en", "de")} == {"en": "4.5", "de": "4,5"}
    assert "(vier: 4,0)" in texts("de")["attention_grades"]
