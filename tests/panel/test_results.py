"""What a panel found: means, intervals, tests, screening - against known truth."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from gaplisten.panel.methods import method
from gaplisten.panel.ratings import Rating
from gaplisten.panel.results.evaluation import Results, evaluate_votes
from gaplisten.panel.results.report import (
    by_listener_table,
    conditions_table,
    everything_table,
    listeners_table,
    pairs_table,
    summary,
)
from gaplisten.panel.results.screening import screen
from gaplisten.panel.results.votes import Collected
from gaplisten.statistics import quartiles, student_mean
from gaplisten.tables import column
from kit.planted import ratings

TRUTH = {"clean": 4.4, "hybrid": 3.6, "fade": 2.7, "zero": 1.7}


def vote(listener: str, clip: str, condition: str, score: float, **more: object) -> Rating:
    values = {"kind": "test", "stratum": "<=120 ms", "compared_with": "", "role": "condition", "trial": 1}
    return Rating(listener=listener, clip=clip, condition=condition, score=score, **{**values, **more})  # type: ignore[arg-type]


def results(votes: list[Rating], name: str = "acr", **more: object) -> Results:
    return evaluate_votes(Collected(tuple(votes)), method(name), **more)  # type: ignore[arg-type]


def honest(draw: np.random.Generator, name: str, clips: int = 8) -> list[Rating]:
    """Votes of a listener with a bias of the own and noise in every vote, on the five-point scale."""
    bias = draw.normal(0, 0.3)
    return [
        vote(name, f"c{clip}", condition, float(np.clip(round(truth + bias + draw.normal(0, 0.6)), 1, 5)))
        for clip in range(clips)
        for condition, truth in TRUTH.items()
    ]


def test_preference_is_two_sided_and_leaves_the_undecided_out() -> None:
    votes = [
        vote("a", f"c{i}", "x", score, compared_with="y") for i, score in enumerate([1, 1, 1, 1, 1, 0, 0])
    ]
    (pair,) = results(votes, "ab").pairs
    assert (pair.outcome.successes, pair.outcome.trials, pair.undecided) == (5, 5, 2)
    assert pair.outcome.p_value == pytest.approx(2 / 32)
    assert column(pairs_table(results(votes, "ab")), "p (two-sided)") == [0.0625]


def test_the_mean_is_over_listeners_not_over_votes() -> None:
    votes = [vote("a", f"c{i}", "x", 5.0) for i in range(7)] + [vote("b", "c0", "x", 1.0)]
    (found,) = results(votes).conditions
    assert (found.mean.mean, found.mean.n, found.votes) == (3.0, 2, 8)


def test_a_mean_with_votes_missing_lies_in_its_interval_and_is_not_drawn_by_who_left_early() -> None:
    draw = np.random.default_rng(1)
    votes = -1.0 + draw.normal(0, 0.3, (6, 10, 1)) + draw.normal(0, 0.2, (6, 1, 1)) + np.zeros(2)
    votes[0] += 1.5  # who hears hardly anything, and leaves after two clips
    votes[0, 2:] = np.nan
    found = evaluate_votes(Collected(tuple(ratings(votes))), method("acr"))
    for one, row in zip(found.conditions, conditions_table(found).rows, strict=True):
        told = dict(zip(conditions_table(found).columns, row, strict=True))
        assert one.interval is not None
        assert told["adjusted mean"] == pytest.approx(sum(one.interval) / 2, abs=1e-4)
        assert told["adjusted mean"] < told["MOS"] - 0.01


def test_strata_are_evaluated_apart() -> None:
    votes = [vote("a", "c0", "x", 5.0), vote("a", "c1", "x", 2.0, stratum="320-1000 ms")]
    found = {one.stratum: one.mean.mean for one in results(votes).strata}
    assert found == {"<=120 ms": 5.0, "320-1000 ms": 2.0}


def test_strata_come_from_short_to_long_and_conditions_as_written() -> None:
    spans = ("320-1000 ms", "<=120 ms", "120-320 ms")
    votes = [vote("a", f"c{at}", name, 3.0, stratum=one) for at, one in enumerate(spans) for name in "zx"]
    found = results(votes, order=["x", "z"])
    assert [one.condition for one in found.conditions] == ["x", "z"]
    assert [one.stratum for one in found.strata][::2] == ["<=120 ms", "120-320 ms", "320-1000 ms"]


def test_pairs_are_evaluated_by_stratum_too() -> None:
    votes = [vote("a", f"c{i}", "x", 1.0, compared_with="y") for i in range(5)]
    votes += [vote("a", f"d{i}", "x", 0.0, compared_with="y", stratum="120-320 ms") for i in range(3)]
    found = results(votes, "abx")
    table = everything_table(found)
    assert column(table, "stratum") == ["all", "<=120 ms", "120-320 ms"]
    assert column(table, "correct") == [5, 5, 0]
    nobody = results([one for one in votes if one.score == 0], "ab").pairs[0]
    assert (nobody.outcome.trials, nobody.undecided) == (0, 3)


def answers(listener: str, right: int, wrong: int) -> list[Rating]:
    scores = [1.0] * right + [0.0] * wrong
    return [vote(listener, f"c{at}", "x", score, compared_with="y") for at, score in enumerate(scores)]


def test_one_who_hears_it_is_not_lost_among_those_who_guess() -> None:
    votes = answers("ann", 15, 1) + answers("ben", 8, 8) + answers("cid", 7, 9)
    found = results(votes, "abx")
    table = by_listener_table(found)
    assert column(table, "listener") == ["ann", "ben", "cid"]
    assert column(table, "correct") == [15, 8, 7]
    assert column(table, "p (one-sided)") == pytest.approx([17 / 65536, 0.5982, 0.7728], abs=1e-4)
    (pair,) = found.pairs
    assert (pair.outcome.successes, pair.outcome.trials) == (30, 48)
    shares = student_mean([15 / 16, 8 / 16, 7 / 16])
    assert pair.mean == shares
    assert shares.low is not None
    assert shares.low < 0.5 < pair.outcome.share  # three listeners say little of others
    said = next(one for one in summary(found) if "mean share" in one)
    assert "mean share 0.625, 95 % 0.000 to 1.000" in said  # a share is never less than none
    assert "1 of them alone with p < 0.05" in said


def test_the_undecided_count_half_for_a_listeners_share_and_not_in_the_test() -> None:
    scores = {"ann": [1, 1, 0, 0], "ben": [0, 0, 0, 0]}
    votes = [
        vote(who, f"c{at}", "x", float(score), compared_with="y")
        for who, own in scores.items()
        for at, score in enumerate(own)
    ]
    (pair,) = results(votes, "ab").pairs
    assert pair.mean is not None
    assert pair.mean.mean == pytest.approx((0.75 + 0.5) / 2)
    assert (pair.by_listener["ann"].outcome.trials, pair.by_listener["ben"].undecided) == (2, 4)


def test_other_methods_give_each_listeners_means() -> None:
    votes = [vote("a", "c0", "x", 5.0), vote("a", "c1", "x", 4.0), vote("b", "c0", "x", 2.0)]
    assert by_listener_table(results(votes)).rows == (("x", "a", 4.5), ("x", "b", 2.0))


def test_how_far_repeated_votes_are_apart_is_told() -> None:
    votes = [vote("a", "c0", "x", 5.0, trial=1), vote("a", "c0", "x", 3.0, trial=9)]
    votes += [vote("b", "c0", "x", 4.0, trial=1)]
    votes += [
        vote("b", f"c{at}", "reference", score, trial=at + 2, role="reference", kind="reference_repeat")
        for at, score in enumerate([5.0, 4.0, 5.0])
    ]
    votes += [vote("c", "c0", "x", 4.0)]
    assert column(listeners_table(results(votes)), "retest") == [2.0, 1.0, None]


def test_impairment_grades_count_against_the_hidden_reference() -> None:
    votes = [
        vote("a", "c0", "x", 3.2, trial=4),
        vote("a", "c0", "reference", 4.9, role="reference", trial=4),
    ]
    (found,) = results(votes, "abc_hr").conditions
    assert found.mean.mean == pytest.approx(-1.7)


def mushra(listener: str, reference: float, mid: float, clips: int = 10, bad: int = 10) -> list[Rating]:
    votes = []
    for clip in range(clips):
        wrong = clip < bad
        votes += [
            vote(listener, f"c{clip}", "reference", reference if wrong else 100.0, role="reference"),
            vote(listener, f"c{clip}", "anchor70", mid if wrong else 55.0, role="anchor"),
            vote(listener, f"c{clip}", "x", 40.0 + clip, role="condition"),
        ]
    return votes


def test_a_listener_who_misses_the_hidden_reference_is_left_out() -> None:
    votes = [v for name in "abcd" for v in mushra(name, 100, 55)] + mushra("deaf", 80, 55, bad=2)
    assert [one.name for one in results(votes, "mushra").excluded] == ["deaf"]
    votes = [v for name in "abcd" for v in mushra(name, 100, 55)] + mushra("once", 80, 55, bad=1)
    assert not results(votes, "mushra").excluded


def test_the_mid_anchor_counts_against_one_but_not_where_many_agree() -> None:
    votes = [v for name in "abcdefg" for v in mushra(name, 100, 55)] + mushra("high", 100, 95)
    (left_out,) = results(votes, "mushra").excluded
    assert left_out.name == "high"
    assert "mid anchor above 90 on 10 of 10 items" in left_out.reasons[0]
    votes = [v for name in "abcdef" for v in mushra(name, 100, 55)]
    votes += [v for name in ("high", "higher", "highest") for v in mushra(name, 100, 95)]
    assert not results(votes, "mushra").excluded


def test_a_failed_trap_leaves_a_listener_out_and_a_passed_gold_does_not() -> None:
    draw = np.random.default_rng(1)
    votes = [v for name in "abc" for v in honest(draw, name)]
    votes.append(vote("a", "t", "trap", 5, kind="trap", passed=False))
    votes.append(vote("b", "g", "gold", 5, kind="gold", passed=True))
    found = results(votes)
    assert [one.name for one in found.excluded] == ["a"]
    assert {one.name: one.checks for one in found.listeners} == {"a": 1, "b": 1, "c": 0}
    assert not any(row[0] == "trap" for row in conditions_table(found).rows)


def test_who_is_left_out_is_never_silent_and_can_be_kept() -> None:
    draw = np.random.default_rng(2)
    votes = [v for name in "abcd" for v in honest(draw, name)]
    votes += [vote("line", f"c{i}", name, 3.0) for i in range(8) for name in TRUTH]
    found = results(votes)
    assert any("left out: line (the votes hardly differ" in said for said in summary(found))
    assert column(listeners_table(found), "left out")[-1] is not None
    kept = results(votes, keep=["line"])
    assert not kept.excluded
    assert any("kept by hand: line (the votes hardly differ" in said for said in summary(kept))
    assert "hardly differ" in str(column(listeners_table(kept), "kept all the same")[-1])
    by_hand = results(votes, leave_out={"a": "came with a cold"})
    assert (
        "came with a cold"
        in dict(zip("abcd", column(listeners_table(by_hand), "left out"), strict=False))["a"]
    )  # type: ignore[operator]


def panel(seed: int, bad: bool) -> tuple[list[Rating], set[str]]:
    """Simulate 24 listeners, two of them bad when asked: one guesses, one always votes the same."""
    draw = np.random.default_rng(seed)
    votes = [v for index in range(22 if bad else 24) for v in honest(draw, f"l{index:02}")]
    if not bad:
        return votes, set()
    stimuli = [(f"c{clip}", condition) for clip in range(8) for condition in TRUTH]
    votes += [vote("guess", *one, float(draw.integers(1, 6))) for one in stimuli]
    votes += [vote("same", *one, 4.0) for one in stimuli]
    return votes, {"guess", "same"}


def test_the_planted_bad_listeners_are_found_and_no_honest_one() -> None:
    for seed in range(6):
        found = results(panel(seed, bad=True)[0], resample=False)
        assert {one.name for one in found.excluded} == {"same"}
        noted = {one.name for one in found.listeners if any("guessing" in said for said in one.noted)}
        assert noted <= {"guess"}
    caught = 0
    for seed in range(6):
        judged = screen(panel(seed, True)[0], method("acr"), by_agreement=True)
        caught += "guess" in {one.name for one in judged if one.excluded}
    assert caught >= 5  # one guess in twenty agrees by chance


def expected_mean(truth: float) -> float:
    """Mean of the five-point votes that a true score gives with bias, noise, rounding and clipping."""
    draw = np.random.default_rng(0)
    return float(np.clip(np.round(truth + draw.normal(0, math.hypot(0.3, 0.6), 400_000)), 1, 5).mean())


@pytest.mark.parametrize("panels", [20, pytest.param(150, marks=pytest.mark.long)])
def test_the_true_scores_come_back_and_the_intervals_cover_them_as_often_as_they_should(panels: int) -> None:
    truth = {name: expected_mean(value) for name, value in TRUTH.items()}
    covered = total = 0
    for seed in range(panels):
        for found in results(panel(seed, bad=False)[0], resample=False).conditions:
            assert abs(found.mean.mean - truth[found.condition]) < 0.4
            assert found.mean.low is not None
            assert found.mean.high is not None
            covered += found.mean.low <= truth[found.condition] <= found.mean.high
            total += 1
    assert 0.92 <= covered / total <= 0.98


@pytest.mark.parametrize("score", [student_mean, quartiles])
def test_nothing_is_made_of_nothing(score: Callable[[list[float]], object]) -> None:
    with pytest.raises((ValueError, IndexError)):
        score([])
