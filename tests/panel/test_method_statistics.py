"""Each method's own statistic, and the second lines beside every comparison."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import friedmanchisquare

from gaplisten.panel.methods import method
from gaplisten.panel.methods.mushra import multimodality
from gaplisten.panel.parts import ResultsPart
from gaplisten.panel.ratings import Rating, Statistic
from gaplisten.panel.results.evaluation import Results, evaluate_votes
from gaplisten.panel.results.report import contrasts_table
from gaplisten.panel.results.verdict import verdicts
from gaplisten.panel.results.votes import Collected
from gaplisten.tables import column
from kit.planted import Planted, ratings


def results(votes: list[Rating], name: str, margin: float | None = None, **more: object) -> Results:
    asked = ResultsPart(margin=margin)
    return evaluate_votes(Collected(tuple(votes)), method(name), asked=asked, **more)  # type: ignore[arg-type]


def own(found: Results, name: str) -> Statistic:
    return next(one for one in found.statistics if one.name == name)


def choices(listeners: int = 12, clips: int = 6, first: float = 0.0) -> list[Rating]:
    """Preferences among three conditions, 0.8 logits apart; `first` is the advantage of what stands at A."""
    draw = np.random.default_rng(11)
    votes, strength = [], {"x": 0.8, "y": 0.0, "z": -0.8}
    for who in range(listeners):
        for clip in range(clips):
            for one, other in (("x", "y"), ("x", "z"), ("y", "z")):
                side = "AB"[int(draw.integers(2))]
                apart = strength[one] - strength[other] + (first if side == "A" else -first)
                better = draw.random() < 1 / (1 + np.exp(-apart))
                score = 0.0 if draw.random() < 0.15 else 1.0 if better else -1.0
                votes.append(
                    Rating(f"l{who}", "test", f"c{clip}", "", one, other, "condition", 1, score, side=side)
                )
    return votes


def test_three_conditions_of_a_preference_stand_on_one_scale() -> None:
    scale = own(results(choices(), "ab"), "bradley-terry")
    names, strengths = column(scale.table, "condition"), column(scale.table, "strength")
    assert names == ["x", "y", "z", "(no preference)", "(heard as A)"]
    assert strengths[:3] == pytest.approx([0.8, 0.0, -0.8], abs=0.35)
    assert sum(map(float, strengths[:3])) == pytest.approx(0, abs=1e-3)  # type: ignore[arg-type]
    for low, strength, high in zip(
        column(scale.table, "95 % low"), strengths, column(scale.table, "95 % high"), strict=True
    ):
        assert low < strength < high  # type: ignore[operator]
    assert any("seed" in note for note in scale.notes)
    plain = own(results(choices(), "ab", resample=False), "bradley-terry")
    assert column(plain.table, "95 % low") == [None] * 5
    two = [one for one in choices() if "z" not in (one.condition, one.compared_with)]
    assert not results(two, "ab").statistics


def test_what_stands_first_may_have_an_advantage_and_takes_none_of_the_strengths() -> None:
    scale = own(results(choices(24, first=1.0), "ab", resample=False), "bradley-terry")
    found = dict(zip(column(scale.table, "condition"), column(scale.table, "strength"), strict=True))
    assert found["(heard as A)"] == pytest.approx(1.0, abs=0.3)
    assert found["x"] == pytest.approx(0.8, abs=0.3)


def test_discrimination_is_told_with_d_prime_and_a_bound() -> None:
    draw = np.random.default_rng(5)
    votes = [
        Rating(f"l{who}", "test", f"c{at}", "", "x", "y", "condition", at, float(draw.random() < 0.75))
        for who in range(12)
        for at in range(16)
    ]
    found = results(votes, "abx")
    told = own(found, "told-apart")
    right = float(column(told.table, "right")[0])  # type: ignore[arg-type]
    assert column(told.table, "heard in") == [pytest.approx(2 * right - 1, abs=1e-3)]
    assert 1.2 < float(column(told.table, "d'")[0]) < 2.4  # type: ignore[arg-type]


@pytest.mark.parametrize("unknown", ["share", "low", "high"])
def test_how_well_a_pair_is_told_apart_is_not_said_where_its_share_or_an_end_is_unknown(unknown: str) -> None:
    votes = [
        Rating(f"l{who}", "test", f"c{at}", "", "x", "y", "condition", at, float(at % 4 != 0))
        for who in range(6)
        for at in range(8)
    ]
    found = results(votes, "abx").contrasts
    told = [
        method("abx").statistics(votes, [replace(one, **missing) for one in found], resample=False)[0]
        for missing in ({}, {unknown: None})
    ]
    assert [len(one.table.rows) for one in told] == [1, 0]


def sliders(listeners: int = 8) -> list[Rating]:
    draw = np.random.default_rng(3)
    truth = {"A": 45.0, "B": 60.0}
    return [
        Rating(f"l{who}", "test", f"c{clip}", "", name, "", "condition", clip, float(round(level + noise)))
        for who in range(listeners)
        for clip in range(6)
        for name, level in truth.items()
        for noise in [draw.normal(0, 10)]
    ]


def test_mushra_tells_medians_and_tests_them_by_permutation() -> None:
    found = results(sliders(), "mushra")
    medians = own(found, "medians")
    scores = [one.score for one in sliders() if one.condition == "B"]
    assert column(medians.table, "median")[1] == float(np.median(scores))
    tested = own(found, "permutation")
    ways = float(column(tested.table, "p")[0]) * 2**8  # type: ignore[arg-type]
    assert 2 - 0.1 < ways < 6  # all listeners swapped, none, and those ways whose medians are the same
    assert column(tested.table, "speaks about") == ["these clips"]
    assert not [
        one for one in results(sliders(), "mushra", resample=False).statistics if one.name == "permutation"
    ]


def test_two_groups_of_listeners_are_noticed() -> None:
    assert multimodality([10, 11, 12, 88, 89, 90] * 4) > 5 / 9  # type: ignore[operator]
    assert multimodality(list(np.random.default_rng(1).normal(50, 10, 400))) < 5 / 9  # type: ignore[operator]
    assert multimodality([50.0] * 8) is None


def test_a_ranking_is_put_on_a_scale_and_tested() -> None:
    draw = np.random.default_rng(9)
    places = np.array(
        [[draw.permutation(3) if draw.random() < 0.4 else [0, 1, 2] for _ in range(5)] for _ in range(9)]
    )
    score = 1 - places / 2
    votes = [
        Rating(f"l{who}", "test", f"c{clip}", "", "xyz"[at], "", "condition", clip, score[who, clip, at])
        for who in range(9)
        for clip in range(5)
        for at in range(3)
    ]
    found = results(votes, "ranking")
    scale = own(found, "plackett-luce")
    assert column(scale.table, "condition") == ["x", "y", "z"]
    means = (1 - places / 2).mean(1)
    judged = friedmanchisquare(*means.T)
    tested = own(found, "friedman")
    assert column(tested.table, "chi square")[0] == pytest.approx(judged.statistic, abs=1e-3)
    assert column(tested.table, "p")[0] == pytest.approx(judged.pvalue, rel=1e-3)
    # A page's places have one mean: nobody's level can change, and nobody's can be off.
    assert not [what for what in column(own(found, "habits").table, "what") if "level" in str(what)]
    assert {str(bias) for bias in column(own(found, "behaviour").table, "bias")} == {"0.0"}


def planted(difference: float, seed: int = 2, size: tuple[int, int] = (24, 12)) -> list[Rating]:
    votes = Planted(difference, 0.05, 0.05).votes(np.random.default_rng(seed), 1, *size)
    return ratings(votes[0])


def test_a_difference_within_the_margin_is_called_as_good() -> None:
    (said,) = verdicts(results(planted(0.0), "acr", margin=0.4))
    assert said.startswith("B and A are as good as each other within 0.40 points (MOS)")
    (said,) = verdicts(results(planted(0.0), "acr", margin=0.4, language="de"))
    assert "bis auf 0,40 Punkte (MOS) gleich gut" in said
    found = results(planted(0.0), "acr", margin=0.4)
    assert column(contrasts_table(found), "margin") == [0.4]
    (low,), (high,) = (column(contrasts_table(found), f"90 % {end}") for end in ("low", "high"))
    assert -0.4 < float(low) < float(high) < 0.4  # type: ignore[arg-type]
    assert found.contrasts[0].equal is not None
    low, high = found.contrasts[0].equal.low, found.contrasts[0].equal.high
    assert -0.4 < low < high < 0.4


def test_not_worse_is_said_of_the_one_that_it_is_true_of() -> None:
    # A little better, not surely: it is surely not worse by much, and might be better by that much.
    (said,) = verdicts(results(planted(0.2, 1, (12, 6)), "acr", margin=0.25))
    assert said.startswith("B is not worse than A by 0.25 points (MOS) or more: +0.")
    (said,) = verdicts(results(planted(-0.2, 1, (12, 6)), "acr", margin=0.25))
    assert said.startswith("A is not worse than B by 0.25 points (MOS) or more: +0.")


def test_without_a_model_much_the_same_comes_out() -> None:
    found = results(planted(0.4), "acr").contrasts[0]
    assert found.drawn is not None
    assert found.drawn == pytest.approx((found.low, found.high), abs=0.06)
    assert results(planted(0.4), "acr", resample=False).contrasts[0].drawn is None


def test_every_rated_method_has_corrected_scores_and_reliability_beside() -> None:
    votes = planted(0.5)
    found = results(votes, "acr")
    corrected = own(found, "corrected")
    assert column(corrected.table, "condition") == ["A", "B"]
    assert len(own(found, "behaviour").table.rows) == 24
    names = column(own(found, "reliability").table, "reliability")
    assert [str(name).split(" (")[0].split(",")[0] for name in names] == [
        "Krippendorff's alpha", "ICC(A", "ICC(A", "SOS parameter a",
    ]  # fmt: skip
    assert 0.05 < float(column(own(found, "reliability").table, "value")[-1]) < 0.4  # type: ignore[arg-type]
