"""Five ways of not listening are named with their numbers; who listens is neither named nor left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gaplisten.panel.methods import method
from gaplisten.panel.ratings import Rating
from gaplisten.panel.results.evaluation import evaluate_votes
from gaplisten.panel.results.habits import habits
from gaplisten.panel.results.screening import Listener, screen
from gaplisten.panel.results.votes import Collected
from gaplisten.tables import column

# Listeners, clips, systems, spread of the systems' means, noise of a vote: honest panels, harder and easier.
PANELS = (
    (12, 6, 3, 1.2, 0.7),
    (12, 6, 3, 0.8, 0.7),
    (12, 6, 3, 0.5, 0.7),
    (24, 8, 4, 0.8, 0.7),
    (24, 4, 4, 0.8, 0.7),
    (12, 6, 3, 1.2, 0.5),
)


def rating(who: str, clip: int, system: int, trial: int, score: float) -> Rating:
    return Rating(
        who, "test", f"c{clip}", "", f"s{system}", "", "condition", trial, score, vote=f"{score:.0f}"
    )


def rated(
    draw: np.random.Generator,
    who: str,
    of: tuple[int, int, float, float],
    clips: np.ndarray,
    way: Callable[[float], float] = lambda vote: vote,
) -> list[Rating]:
    """Votes of a listener with a bias of the own and noise of an own size, then answered in some `way`."""
    count, systems, spread, noise = of
    truth = np.linspace(-spread / 2, spread / 2, systems) + 3
    bias, own = draw.normal(0, 0.3), noise * draw.uniform(0.7, 1.3)
    votes = []
    for trial, (clip, system) in enumerate(np.ndindex(count, systems)):
        felt = truth[system] + clips[clip] + bias + draw.normal(0, own)
        score = float(np.clip(round(way(felt)), 1, 5))
        votes.append(
            Rating(
                who, "test", f"c{clip}", "", f"s{system}", "", "condition", trial, score, vote=f"{score:.0f}"
            )
        )
    return votes


def honest(seed: int, listeners: int, clips: int, systems: int, spread: float, noise: float) -> list[Rating]:
    draw = np.random.default_rng(seed)
    levels = draw.normal(0, 0.3, clips)
    return [
        vote
        for who in range(listeners)
        for vote in rated(draw, f"l{who:02}", (clips, systems, spread, noise), levels)
    ]


def compared(
    draw: np.random.Generator, who: str, answer: Callable[[bool, float], str], name: str
) -> list[Rating]:
    """Votes on pairs: `answer` gets whether the condition stands second, and by how much it is better."""
    votes = []
    for trial, (clip, system) in enumerate(np.ndindex(6, 3)):
        second = bool(draw.integers(2))
        felt = (-1.0, -0.3, 0.4)[system] + draw.normal(0, 0.8)
        vote = answer(second, felt)
        if name == "ab":
            score = 1.0 if vote == "AB"[second] else -1.0
            about = ("x", "y")
        else:
            score = float(vote) * (1 if second else -1)
            about = (f"s{system}", "reference")
        votes.append(
            Rating(
                who, "test", f"c{clip}", "", *about, "condition", trial, score, vote=vote, side="AB"[second]
            )
        )
    return votes


def named(votes: list[Rating], name: str) -> dict[str, Listener]:
    return {one.name: one for one in screen(votes, method(name)) if one.noted or one.reasons}


@pytest.mark.parametrize("panels", [2, pytest.param(60, marks=pytest.mark.long)])
def test_of_honest_listeners_nobody_is_left_out_and_hardly_anybody_is_named(panels: int) -> None:
    noted = listeners = 0
    for of in PANELS:
        for seed in range(panels):
            judged = screen(honest(seed, *of), method("acr"))
            assert not [one for one in judged if one.excluded]
            noted += sum(bool(one.noted) for one in judged)
            listeners += len(judged)
    assert noted / listeners <= 0.03


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (lambda felt: 3.0, "the votes hardly differ (variance 0.00"),
        (lambda felt: 6 - felt, "the scale turned round? agreement with the others r = -0."),
        (None, "seems to guess: agreement with the others r = "),
    ],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_straight_lines_turned_scales_and_guesses_are_named(
    way: Callable[[float], float] | None, said: str, seed: int
) -> None:
    draw = np.random.default_rng(seed + 100)
    guess = way or (lambda felt: float(draw.integers(1, 6)))
    votes = honest(seed, 12, 8, 4, 1.2, 0.6)
    levels = np.random.default_rng(seed).normal(0, 0.3, 8)  # those of the honest
    votes += rated(draw, "bad", (8, 4, 1.2, 0.6), levels, guess)
    found = named(votes, "acr")
    assert set(found) == {"bad"}
    assert said in "; ".join((*found["bad"].reasons, *found["bad"].noted))


def test_always_b_is_named() -> None:
    draw = np.random.default_rng(4)
    votes = [
        vote
        for who in range(8)
        for vote in compared(draw, f"l{who}", lambda second, felt: "AB"[second == (felt > 0)], "ab")
    ]
    votes += compared(draw, "bad", lambda second, felt: "B", "ab")
    found = named(votes, "ab")
    assert set(found) == {"bad"}
    assert found["bad"].noted == ("B in 18 of 18 answers (p = 8e-06), always B",)


def test_always_two_is_named_and_is_a_straight_line_before_signs_are_turned() -> None:
    draw = np.random.default_rng(5)

    def answer(second: bool, felt: float) -> str:
        return str(int(np.clip(round(felt if second else -felt), -3, 3)))

    votes = [vote for who in range(8) for vote in compared(draw, f"l{who}", answer, "ccr")]
    votes += compared(draw, "bad", lambda second, felt: "2", "ccr")
    found = named(votes, "ccr")
    assert set(found) == {"bad"}
    assert "always 2" in "; ".join(found["bad"].noted)
    assert "the votes hardly differ (variance 0.00" in found["bad"].reasons[0]


def test_the_panels_liking_for_a_side_is_tested_over_listeners() -> None:
    draw = np.random.default_rng(6)

    def answer(second: bool, felt: float) -> str:
        return "A" if draw.random() < 0.75 else "B"

    votes = [vote for who in range(10) for vote in compared(draw, f"l{who}", answer, "ab")]
    (found,) = habits(votes, method("ab"))
    assert column(found.table, "mean")[0] == pytest.approx(0.75, abs=0.08)
    assert column(found.table, "p")[0] < 1e-3  # type: ignore[operator]


def test_a_panel_that_always_presses_the_same_key_is_seen_though_each_presses_it_seldom() -> None:
    draw = np.random.default_rng(6)
    votes = [
        vote for who in range(3) for vote in compared(draw, f"l{who}", lambda *_: "B", "ab") if vote.trial < 6
    ]
    assert len(votes) == 18
    (found,) = habits(votes, method("ab"))
    assert column(found.table, "p") == [None, pytest.approx(2 / 2**18, rel=0.1)]


def test_who_tires_is_seen_in_the_noise_of_the_second_half() -> None:
    draw = np.random.default_rng(7)
    votes = []
    for who in range(10):
        for trial, (clip, system) in enumerate(np.ndindex(10, 4)):
            felt = 2 + 0.6 * system + draw.normal(0, 0.3 if trial < 20 else 1.2)
            score = float(np.clip(round(felt), 1, 5))
            votes.append(
                Rating(f"l{who}", "test", f"c{clip}", "", f"s{system}", "", "condition", trial, score)
            )
    (found,) = habits(votes, method("acr"))
    row = column(found.table, "what").index("noise, second half by first (log2)")
    assert column(found.table, "mean")[row] > 1  # type: ignore[operator]
    assert column(found.table, "p")[row] < 0.01  # type: ignore[operator]


def test_what_is_named_stands_in_the_results_and_counts() -> None:
    draw = np.random.default_rng(8)
    votes = honest(1, 12, 8, 4, 1.2, 0.6)
    votes += rated(draw, "bad", (8, 4, 1.2, 0.6), np.zeros(8), lambda felt: 6 - felt)
    found = evaluate_votes(Collected(tuple(votes)), method("acr"), resample=False)
    assert not found.excluded
    assert found.contrasts[0].listeners.of == 13


def test_one_key_in_nine_answers_is_named_and_in_eight_may_be_chance() -> None:
    def noted(answers: int) -> tuple[str, ...]:
        votes = [
            Rating("bad", "test", f"c{at}", "", "x", "y", "condition", at, 1.0, vote="B", side="B")
            for at in range(answers)
        ]
        votes.append(replace(votes[0], listener="other", clip="c0", vote="A"))
        return next(one.noted for one in screen(votes, method("ab")) if one.name == "bad")

    assert noted(8) == ()
    assert noted(9) == ("B in 9 of 9 answers (p = 0.004), always B",)


@pytest.mark.parametrize(("stimuli", "named_so"), [(7, False), (8, True)])
def test_with_fewer_than_eight_stimuli_nobody_s_scale_is_called_turned(stimuli: int, named_so: bool) -> None:
    votes = [
        rating(who, clip, 0, clip, float(score))
        for who, turned in (("a", False), ("b", False), ("c", False), ("bad", True))
        for clip in range(stimuli)
        for score in [6 - (1 + clip % 5) if turned else 1 + clip % 5]
    ]
    found = named(votes, "acr")
    assert any("turned round" in one for one in found["bad"].noted) if named_so else "bad" not in found
