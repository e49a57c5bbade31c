"""The rules by which a listener's votes count: exactly where each begins."""

from __future__ import annotations

import pytest
from scipy.stats import pearsonr

from gaplisten.panel.methods import method
from gaplisten.panel.methods.mushra import hidden_reference_rule, mid_anchor_rule
from gaplisten.panel.ratings import Rating
from gaplisten.panel.results.habits import fits
from gaplisten.panel.results.screening import Listener, screen

LEAST = 16


def rating(listener: str, clip: str, condition: str, score: float, **more: object) -> Rating:
    values = {"kind": "test", "stratum": "", "compared_with": "", "role": "condition", "trial": 1}
    return Rating(listener=listener, clip=clip, condition=condition, score=score, **{**values, **more})  # type: ignore[arg-type]


def references(*scores: float) -> list[Rating]:
    return [
        rating("a", f"c{at}", "reference", score, role="reference", trial=at)
        for at, score in enumerate(scores)
    ]


def anchors(listener: str, *scores: float) -> list[Rating]:
    return [
        rating(listener, f"c{at}", "anchor70", score, role="anchor", trial=at)
        for at, score in enumerate(scores)
    ]


@pytest.mark.parametrize(
    ("low", "rated", "said"), [(3, 20, ""), (4, 20, "4 of 20"), (1, 6, "1 of 6"), (1, 7, ""), (0, 0, "")]
)
def test_the_hidden_reference_may_be_missed_on_15_percent_of_the_items(
    low: int, rated: int, said: str
) -> None:
    found = hidden_reference_rule(references(*[89.9] * low, *[90.0] * (rated - low)))
    assert (found is not None and said in found.said("en")) if said else found is None


@pytest.mark.parametrize(("high", "rated", "said"), [(3, 20, ""), (4, 20, "4 of 20"), (0, 0, "")])
def test_the_mid_anchor_may_be_overrated_on_15_percent_of_the_items(high: int, rated: int, said: str) -> None:
    found = mid_anchor_rule(anchors("a", *[90.1] * high, *[90.0] * (rated - high)), set())
    assert (found is not None and said in found.said("en")) if said else found is None


def test_items_that_are_guarded_do_not_count_against_anybody() -> None:
    votes = anchors("a", *[95.0] * 4, *[50.0] * 16)
    assert mid_anchor_rule(votes, set())
    assert not mid_anchor_rule(votes, {"c0"})


@pytest.mark.parametrize(("listeners", "excluded"), [(4, ["l0"]), (3, [])])
def test_a_mid_anchor_that_more_than_a_quarter_overrates_is_guarded(
    listeners: int, excluded: list[str]
) -> None:
    votes = [vote for at in range(listeners) for vote in anchors(f"l{at}", *[95.0 if at == 0 else 90.0] * 10)]
    votes += [
        rating(f"l{at}", f"c{clip}", "reference", 100.0, role="reference", trial=clip)
        for at in range(listeners)
        for clip in range(10)
    ]
    # Scores that differ, so that nobody looks like marking one place all the time.
    votes += [
        rating(f"l{at}", f"c{clip}", "x", 10.0 * clip, trial=clip)
        for at in range(listeners)
        for clip in range(10)
    ]
    assert [one.name for one in screen(votes, method("mushra")) if one.excluded] == excluded


def checked(kind: str, *passed: bool) -> Listener:
    """A listener who did nothing but these checks and a few votes that differ."""
    votes = [
        rating("a", f"{kind}{at}", kind, 3.0, kind=kind, passed=right) for at, right in enumerate(passed)
    ]
    votes += [rating("a", f"c{at}", "x", float(1 + at % 5), trial=at) for at in range(8)]
    (found,) = screen(votes, method("acr"))
    return found


@pytest.mark.parametrize(
    ("kind", "passed", "excluded"),
    [
        ("trap", (True, True), False),
        ("trap", (True, False), True),
        ("trap", (False,), True),
        ("gold", (True, False, False), False),
        ("gold", (False, False), True),
        ("gold", (True,), False),
    ],
)
def test_every_trap_must_be_right_and_one_of_any_other_check(
    kind: str, passed: tuple[bool, ...], excluded: bool
) -> None:
    found = checked(kind, *passed)
    assert (found.checks, found.passed, found.excluded) == (len(passed), sum(passed), excluded)
    if excluded:
        assert f"{kind}: {sum(passed)} of {len(passed)} checks passed" in found.reasons[0]


@pytest.mark.parametrize(
    ("scores", "excluded"),
    [
        ([3.0] * 8, True),
        ([3.0] * 7, False),
        ([3.0] * 7 + [4.0], False),  # variance 0.125
        ([3.0] * 15 + [4.0], True),  # variance 0.0625
    ],
)
def test_straight_lining_needs_eight_votes_that_hardly_differ(scores: list[float], excluded: bool) -> None:
    votes = [rating("a", f"c{at}", "x", score, trial=at) for at, score in enumerate(scores)]
    (found,) = screen(votes, method("acr"))
    assert found.excluded == excluded


def test_agreement_needs_enough_stimuli_and_some_spread() -> None:
    def votes(listener: str, scores: list[float]) -> list[Rating]:
        return [rating(listener, f"c{at}", "x", score, trial=at) for at, score in enumerate(scores)]

    rising = [float(at) for at in range(LEAST)]
    assert not fits(votes("a", rising[1:]) + votes("b", rising[1:]), LEAST)
    found = fits(votes("a", rising) + votes("b", rising), LEAST)["a"]
    assert found.r == pytest.approx(1.0)
    assert found.p_greater < 0.001
    flat = fits(votes("a", [3.0] * LEAST) + votes("b", rising), LEAST)["a"]
    assert (flat.r, flat.p_greater) == (None, 1.0)
    judge = pearsonr(rising, [*rising[3:], *rising[:3]], alternative="greater")
    turned = fits(votes("a", rising) + votes("b", [*rising[3:], *rising[:3]]), LEAST)["a"]
    assert (turned.r, turned.p_greater) == pytest.approx((judge.statistic, judge.pvalue), abs=1e-9)
