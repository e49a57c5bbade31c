"""What the contrasts say, in sentences of the panel's language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gaplisten import languages
from gaplisten.panel.methods.contract import Method
from gaplisten.panel.results.evaluation import Results
from gaplisten.panel.statistics.contrast import SURE, Contrast, Direction, Unit
from gaplisten.panel.statistics.crossed import Speaks
from gaplisten.panel.statistics.discrimination import heard

# An interval that reaches further than this part of the scale tells nothing.
TELLS_NOTHING = 0.25


def words_of(language: str) -> dict[str, str]:
    """Return the sentences of a language, English where it lacks one."""
    return {**languages.words(languages.ENGLISH, "verdict"), **languages.words(language, "verdict")}


def verdicts(results: Results, which: Sequence[Contrast] | None = None) -> list[str]:
    """Return a sentence for each contrast, the clearest as they stand in the table."""
    words = words_of(results.language)
    chosen = results.contrasts if which is None else which
    return [_sentence(one, results.method, words, results.language) for one in chosen]


def remarks(results: Results) -> list[str]:
    """Return what must be said of how sentences and intervals go together."""
    apart = [
        one
        for one in results.contrasts
        if one.low is not None and one.high is not None and not one.sure and one.comparisons > 1
        if one.low > one.neutral or one.high < one.neutral
    ]
    return [words_of(results.language)["not_corrected"]] if apart else []


def _sentence(one: Contrast, method: Method, words: Mapping[str, str], language: str) -> str:
    if one.low is None or one.high is None or one.p is None:
        untold = words["untold_one" if one.votes == 1 else "untold"]
        return untold.format(first=one.condition, second=one.against, votes=one.votes)
    sure = one.sure
    if one.unit is Unit.SHARE:
        two_sided = method.test is not None and method.test.two_sided
        if not two_sided and one.high < one.neutral:
            return _filled(words["less_than_guessing"], one, method, words, language, turn=False)
        kind = "preferred" if two_sided else "heard"
        return _filled(words[kind if sure else f"not_{kind}"], one, method, words, language, turn=two_sided)
    if not sure and one.equal is not None and (said := _within_margin(one, method, words, language)):
        return said
    low, high = method.range
    if not sure and max(abs(one.low), abs(one.high)) > TELLS_NOTHING * (high - low):
        return _filled(words["wide"], one, method, words, language, turn=False)
    return _filled(words["better" if sure else "not_better"], one, method, words, language, turn=sure)


def _within_margin(one: Contrast, method: Method, words: Mapping[str, str], language: str) -> str:
    """Return what is known about a difference too small to matter; "" where nothing is."""
    equal = one.equal
    assert equal is not None
    for key, p, turn in (
        ("as_good", equal.p_equal, False),
        ("not_worse", equal.p_not_worse, False),
        ("not_worse", equal.p_not_better, True),
    ):
        if p < SURE:
            # The interval of tests at 5 % on one side: that of 95 % may leave the margin nevertheless.
            judged = replace(one, p_holm=p, low=equal.low, high=equal.high)
            if turn:
                judged = _turned_round(judged)
            return _filled(words[key], judged, method, words, language, turn=False)
    return ""


def _turned_round(one: Contrast) -> Contrast:
    """Return the same comparison, the other condition first."""
    assert one.low is not None
    assert one.high is not None
    return replace(
        one,
        condition=one.against,
        against=one.condition,
        mean=-one.mean,
        low=-one.high,
        high=-one.low,
        listeners=_turned(one.listeners),
        clips=_turned(one.clips),
    )


def _filled(
    text: str, one: Contrast, method: Method, words: Mapping[str, str], language: str, *, turn: bool
) -> str:
    assert one.low is not None
    assert one.high is not None
    names, mean, low, high = (one.condition, one.against), one.mean, one.low, one.high
    listeners, clips = one.listeners, one.clips
    if turn and mean < one.neutral:
        names, centre = names[::-1], 2 * one.neutral
        mean, low, high = centre - mean, centre - high, centre - low
        listeners, clips = _turned(listeners), _turned(clips)
    number = _points if one.unit is Unit.POINTS else _percent
    digits = 2 if method.range[1] - method.range[0] <= 10 else 1
    most = _most(one)
    said = text.format(
        first=names[0],
        second=names[1],
        mean=number(mean, digits, signed=True),
        low=number(low, digits),
        high=number(high, digits),
        most=number(most, digits),
        scale=_scale(one, method, language),
        over=_over(one, words),
        p=_probability(one, words),
        votes=one.votes,
        margin=number(one.equal.margin, digits) if one.equal else "",
        directions=_directions(one, listeners, clips, words),
    )
    return in_language(said, names, language)


def in_language(said: str, names: Sequence[str], language: str) -> str:
    """Return a sentence with commas in its numbers where the language has them, names as they are."""
    import re

    mark = languages.decimal_mark(language)
    if mark == ".":
        return said
    kept = "|".join(re.escape(name) for name in names)
    return re.sub(rf"({kept})|(?<=\d)\.(?=\d)", lambda found: mark if found[1] is None else found[1], said)


def _most(one: Contrast) -> float:
    """Return what is hardly exceeded: a difference; or the share of trials in which it is heard."""
    assert one.low is not None
    assert one.high is not None
    if one.unit is Unit.POINTS:
        return max(abs(one.low), abs(one.high))
    return heard(one.share.upper(SURE)) if one.share else 1.0


def _turned(direction: Direction) -> Direction:
    return Direction(direction.lower, direction.higher, direction.of)


def _points(value: float, digits: int, *, signed: bool = False) -> str:
    # Never 0.00 for what is not nil, never -0.00.
    rounded = round(value, digits) + 0.0
    return f"{rounded:+.{digits}f}" if signed else f"{rounded:.{digits}f}"


def _percent(value: float, digits: int, *, signed: bool = False) -> str:
    return f"{100 * value:.0f}"


def _probability(one: Contrast, words: Mapping[str, str]) -> str:
    assert one.p is not None
    p = one.p if one.p_holm is None else one.p_holm
    if p < 1e-4:
        said = "p < 0.0001"
    else:
        digits = 3 if p >= 0.001 else 4
        # Towards one: what is printed is never smaller than what was found.
        said = f"p = {min(math.ceil(p * 10**digits) / 10**digits, 1.0):.{digits}f}"
    if one.comparisons < 2:
        return said
    return words["after"].format(p=said, comparisons=one.comparisons)


def _over(one: Contrast, words: Mapping[str, str]) -> str:
    key = {
        Speaks.BOTH: "over_both",
        Speaks.TALKERS: "over_talkers",
        Speaks.LISTENERS: "over_listeners",
        Speaks.CLIPS: "over_clips",
        Speaks.TALKERS_ALONE: "over_talkers_alone",
        Speaks.TRIALS: "over_trials",
        Speaks.NOTHING: "over_both",
    }[one.over.speaks]
    return words[key].format(listeners=one.over.listeners, clips=one.over.clips, votes=one.votes)


def _directions(one: Contrast, listeners: Direction, clips: Direction, words: Mapping[str, str]) -> str:
    said = []
    if listeners.of > 1:
        said.append(words["of_listeners"].format(higher=listeners.higher, of=listeners.of))
    if clips.of > 1:
        said.append(words["of_clips"].format(higher=clips.higher, of=clips.of))
    return ", ".join(said)


def _scale(one: Contrast, method: Method, language: str) -> str:
    names = languages.words(language, "verdict", "names")
    result = names.get(method.result, method.result)
    if not one.scale:
        return str(result)
    question = method.wording(language)[one.scale].question
    # What stands before the colon of a question is what the scale is called.
    scale = question.partition(":")[0] if ":" in question else names.get(one.scale, one.scale)
    return f"{result}, {scale}"
