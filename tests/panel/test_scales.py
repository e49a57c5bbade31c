"""The words and values of the scales, exactly."""

from __future__ import annotations

import pytest

from gaplisten import languages
from gaplisten.panel.methods import Method, Response, facts
from gaplisten.panel.scales import scale, texts
from gaplisten.panel.trial import Vote

EXCELLENT = ("Excellent", "Good", "Fair", "Poor", "Bad")
WORDS: dict[Method, tuple[tuple[Vote, str], ...]] = {
    Method.ACR: tuple(zip((5, 4, 3, 2, 1), EXCELLENT, strict=True)),
    Method.ACR_EFFORT: (
        (5, "Complete relaxation possible; no effort required"),
        (4, "Attention necessary; no appreciable effort required"),
        (3, "Moderate effort required"),
        (2, "Considerable effort required"),
        (1, "No meaning understood with any feasible effort"),
    ),
    Method.DCR: (
        (5, "Degradation is inaudible"),
        (4, "Degradation is audible but not annoying"),
        (3, "Degradation is slightly annoying"),
        (2, "Degradation is annoying"),
        (1, "Degradation is very annoying"),
    ),
    Method.CCR: (
        (3, "Much Better"),
        (2, "Better"),
        (1, "Slightly Better"),
        (0, "About the Same"),
        (-1, "Slightly Worse"),
        (-2, "Worse"),
        (-3, "Much Worse"),
    ),
    Method.MUSHRA: tuple(zip((90, 70, 50, 30, 10), EXCELLENT, strict=True)),
    Method.ABC_HR: (
        (5, "Imperceptible"),
        (4, "Perceptible but not annoying"),
        (3, "Slightly annoying"),
        (2, "Annoying"),
        (1, "Very annoying"),
    ),
}
HEADINGS = {
    Method.ACR: "Quality of the speech",
    Method.ACR_EFFORT: "Effort required to understand the meanings of sentences",
    Method.CCR: "The Quality of the Second Compared to the Quality of the First is:",
}


@pytest.mark.parametrize("method", WORDS)
def test_values_and_words_are_those_of_the_standards(method: Method) -> None:
    assert scale(method).labels == WORDS[method]
    assert scale(method).heading == HEADINGS.get(method, scale(method).heading)


@pytest.mark.parametrize("method", list(Method))
def test_every_language_has_the_same_values_and_says_where_its_words_are_from(method: Method) -> None:
    values = {
        language: [value for value, _ in scale(method, language).labels] for language in languages.codes()
    }
    assert len({tuple(one) for one in values.values()}) == 1
    for language in languages.codes():
        words = scale(method, language)
        assert words.source
        assert words.translation or language == "en"
        assert all(text.strip() for text in (words.question, words.instruction))


def test_every_text_is_there_in_every_language() -> None:
    assert all(texts(language).keys() == texts("en").keys() for language in languages.codes())
    assert texts("de")["reference"] == "Referenz"


@pytest.mark.parametrize(
    ("method", "good", "bad"),
    [
        (Method.ACR, [1, 5], [0, 6, 4.5, "5", True, "A"]),
        (Method.CCR, [-3, 0, 3], [4, -4, 0.5]),
        (Method.AB, ["A", "B", "none"], ["C", 1, ""]),
        (Method.ABX, ["A", "B"], ["none", "X"]),
        (Method.MUSHRA, [0, 37, 100], [-1, 101, 50.5, "50", True, float("nan"), float("inf")]),
        (Method.ABC_HR, [1.0, 4.9, 5], [0.9, 5.1, 3.14, "3.0", float("nan")]),
    ],
)
def test_only_values_of_the_scale_are_accepted(method: Method, good: list[Vote], bad: list[Vote]) -> None:
    assert all(scale(method).accepts(vote) for vote in good)
    assert not any(scale(method).accepts(vote) for vote in bad)


@pytest.mark.parametrize(
    ("vote", "word"), [(100, "Excellent"), (81, "Excellent"), (79, "Good"), (41, "Fair"), (0, "Bad")]
)
def test_a_mushra_score_is_labelled_by_its_band(vote: int, word: str) -> None:
    assert scale(Method.MUSHRA).label(vote) == word


def test_a_forced_choice_has_no_third_answer() -> None:
    assert not scale(Method.AB, no_preference=False).accepts("none")


def test_an_unknown_language_is_told() -> None:
    with pytest.raises(
        languages.LanguageError, match="'xx': there is no such language; choose one of en, de"
    ):
        scale(Method.ACR, "xx")


def test_each_method_knows_what_it_asks() -> None:
    assert {facts(method).response for method in Method} == set(Response)
