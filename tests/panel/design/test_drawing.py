"""Orders: balanced over listeners, and for one listener nothing to predict but what balance forces."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise

import pytest

from gaplisten.panel.design.counting import count, simulated
from gaplisten.panel.key import Key
from gaplisten.panel.order import williams
from gaplisten.panel.planned import Item
from kit.designs import key_of, predictors, series, share_right

NO_ANCHORS = "[mushra]\nanchors = []\nreference = false\n"
TRIALS = 10_000  # are predicted, by as many of others: the shorter a session, the more listeners
# What is right by chance in so many trials differs by no more between draws: four standard errors.
CHANCE = 0.03


@pytest.mark.parametrize("systems", [3, 4, 5])
@pytest.mark.parametrize("repeats", [1, 2])
def test_over_a_square_of_listeners_places_and_carry_over_are_exactly_balanced(
    systems: int, repeats: int
) -> None:
    key = key_of("acr", 7, systems, top=f"repeats = {repeats}")
    found = count(key, simulated(key, 2 * len(williams(systems))))
    assert found.places is not None
    assert found.carry_over is not None
    assert found.places[0] == found.places[1] == 14 * repeats * (len(williams(systems)) // systems)
    assert found.carry_over[0] == found.carry_over[1] > 0


def test_over_a_square_each_signal_is_equally_often_behind_each_letter() -> None:
    key = key_of("mushra", 5, 4, extra=NO_ANCHORS)
    found = count(key, simulated(key, 8))
    assert found.letters == (10, 10)


@pytest.mark.parametrize(("clips", "systems"), [(2, 3), (3, 7), (6, 4), (12, 2), (2, 6), (3, 3), (3, 2)])
@pytest.mark.parametrize("repeats", [1, 2, 3])
def test_no_clip_comes_twice_in_a_row_and_repeats_are_apart(clips: int, systems: int, repeats: int) -> None:
    key = key_of("acr", clips, systems, strata=clips, top=f"repeats = {repeats}")
    found = count(key, simulated(key, 24))
    assert found.clip_twice == 0
    assert found.votes == (24 * repeats, 24 * repeats)
    if repeats > 1:
        assert found.repeats_apart is not None
        assert found.repeats_apart >= clips * systems // 3


def test_with_one_clip_no_stimulus_comes_twice_in_a_row() -> None:
    key = key_of("acr", 1, 4, top="repeats = 4")
    found = count(key, simulated(key, 24))
    assert found.repeats_apart is not None
    assert found.repeats_apart >= 2


@pytest.mark.parametrize("method", ["ccr", "ab", "abc_hr"])
@pytest.mark.parametrize("repeats", [1, 2, 4])
def test_sides_are_half_and_half_in_a_session_and_over_two_listeners_in_each_cell(
    method: str, repeats: int
) -> None:
    key = key_of(method, 6, 3, top=f"repeats = {repeats}")
    sessions = simulated(key, 10)
    assert count(key, sessions).sides == (0, 0)
    for system in {item.system for item in sessions[0]}:
        mine = [item.flipped for item in sessions[0] if item.system == system]
        assert 2 * sum(mine) == len(mine)
    of_cell: Counter[tuple[str, tuple[str, ...], int]] = Counter()
    for session in sessions:
        of_cell.update({(item.clip, item.system, item.part[0]): 1 for item in session if item.flipped})
    assert set(of_cell.values()) == {5}


def test_an_odd_number_of_trials_differs_by_one_and_evens_out_over_listeners() -> None:
    key = key_of("ccr", 5, 1)
    sums = [sum(1 if item.flipped else -1 for item in items) for items in simulated(key, 10)]
    assert set(sums) == {-1, 1}
    assert sum(sums) == 0


@pytest.mark.parametrize("repeats", [2, 4])
def test_the_two_rounds_of_a_clip_have_nothing_to_do_with_each_other(repeats: int) -> None:
    """With an even number of repeats the first design had one side for a whole round."""
    key = key_of("ccr", 12, 4, top=f"repeats = {repeats}")
    same, rounds = [], []
    for session in simulated(key, 40):
        sides: dict[tuple[str, tuple[str, ...]], list[bool]] = defaultdict(list)
        for item in sorted(session, key=lambda item: item.part):
            sides[item.clip, item.system].append(item.flipped)
        same += [one == other for both in sides.values() for one, other in pairwise(both)]
        rounds += [sum(one[turn] for one in sides.values()) for turn in range(repeats)]
    assert 0.46 < sum(same) / len(same) < 0.54
    assert min(rounds) > 10
    assert max(rounds) < 38


def test_fixed_sides_stay_as_written_and_x_is_drawn_all_the_same() -> None:
    for extra in ('[ab]\nsides = "fixed"', '[abx]\nsides = "fixed"'):
        key = key_of(extra[1:].split("]")[0], 4, 2, extra=extra)
        (session,) = simulated(key, 1)
        assert not any(item.flipped for item in session)
        assert count(key, [session]).sides is None
    assert {item.x_second for item in session} == {True, False}


def test_abx_draws_each_x_on_its_own() -> None:
    key = key_of("abx", 4, 2)
    answers = [[item.x_second for item in session] for session in simulated(key, 200)]
    ones = Counter(sum(one) for one in answers)
    assert 0.45 < sum(map(sum, answers)) / 3200 < 0.55
    assert 0.1 < ones[8] / 200 < 0.3  # of 16 fair draws 8 are B in 0.196, not always
    follow = [one == other for session in answers for one, other in pairwise(session)]
    assert 0.45 < sum(follow) / len(follow) < 0.55


# --- predictors ---------------------------------------------------------------------------------------------

Outcome = tuple[Callable[[Item], Hashable], int, bool]  # of a trial, in blocks of, drawn freely


def outcomes(key: Key, session: Sequence[Item]) -> dict[str, Outcome]:
    """Return what a listener may want to predict of each trial."""
    method, kinds = key.definition.method, len({item.system for item in session})
    letters = method.letters(key.definition.design)
    if letters:

        def letter_of(one: int) -> Callable[[Item], Hashable]:
            return lambda item: item.order.index(one)

        return {f"letter of signal {one}": (letter_of(one), 1, True) for one in (0, letters - 1)}
    made: dict[str, Outcome] = {}
    if kinds > 1:
        made["system"] = (lambda item: item.system, kinds, False)
    if method.sided:
        made["side"] = (lambda item: item.flipped, kinds, False)
    if method.series(key.definition.design):
        made["answer"] = (lambda item: item.x_second, 1, True)
    return made


def drawn_evenly(
    sequence: list[Hashable], outcome: Outcome, values: list[Hashable], rng: random.Random
) -> list[Hashable]:
    """Return an order with the same counts: of systems in each block, of sides in the session."""
    _, block, free = outcome
    if free:
        return [rng.choice(values) for _ in sequence]
    if len(values) == block and block > 2:
        parts = [sequence[at : at + block] for at in range(0, len(sequence), block)]
        return [one for part in parts for one in rng.sample(part, len(part))]
    return rng.sample(sequence, len(sequence))


def advantage(key: Key) -> dict[str, float]:
    """Return by how much each predictor is right more often on our orders than on orders drawn uniformly."""
    listeners, rng = round(TRIALS / len(series(key, 1)[0])), random.Random(1)
    sessions, found = series(key, 2 * listeners), {}
    for what, outcome in outcomes(key, sessions[0]).items():
        ours = [[outcome[0](item) for item in session] for session in sessions]
        values = sorted({one for session in ours for one in session}, key=str)
        even = [drawn_evenly(session, outcome, values, rng) for session in ours]
        mine, theirs = (predictors(some[listeners:], outcome[1]) for some in (ours, even))
        for name in mine:
            gain = share_right(ours[:listeners], mine[name]) - share_right(even[:listeners], theirs[name])
            found[f"{what}, {name}"] = gain
    return found


CASES = [("acr", 6, 4), ("ccr", 6, 3), ("mushra", 8, 3)]  # of each way of drawing one
MORE = [
    *CASES,
    ("ab", 8, 3),
    ("abx", 4, 2),
    ("dcr", 12, 5),
    ("abc_hr", 10, 3),
    ("mushra", 8, 6),
    ("mushra", 10, 8),
]


@pytest.mark.parametrize(("method", "clips", "systems"), CASES)
def test_no_predictor_knows_more_than_balance_forces(method: str, clips: int, systems: int) -> None:
    key = key_of(method, clips, systems, top="repeats = 2", extra=NO_ANCHORS if method == "mushra" else "")
    found = advantage(key)
    assert found
    assert max(found.values()) <= CHANCE, found


@pytest.mark.parametrize(("systems", "forced"), [(2, 0.87), (4, 0.72), (6, 0.62)])
def test_who_also_knows_the_clip_that_plays_is_right_as_often_as_balance_forces(
    systems: int, forced: float
) -> None:
    """On orders drawn uniformly, each block and each clip with each system once, it is as much."""
    shares = []
    for session in simulated(key_of("acr", 6, systems), 100):
        for at, item in enumerate(session):
            others = [one for one in session[at:] if one.block == item.block]
            left = {one.system for one in others} & {
                one.system for one in session[at:] if one.clip == item.clip
            }
            shares.append(1 / len(left))
    assert abs(sum(shares) / len(shares) - forced) <= CHANCE


@pytest.mark.long
@pytest.mark.parametrize("repeats", [1, 2, 3, 4])
@pytest.mark.parametrize(("method", "clips", "systems"), MORE)
def test_no_predictor_knows_more_with_any_number_of_repeats(
    method: str, clips: int, systems: int, repeats: int
) -> None:
    extra = NO_ANCHORS if method == "mushra" else ""
    found = advantage(key_of(method, clips, systems, top=f"repeats = {repeats}", extra=extra))
    assert found
    assert max(found.values()) <= CHANCE, found


def test_these_predictors_find_what_the_first_design_gave_away() -> None:
    """MUSHRA's letters walked through one cycle."""
    from gaplisten.panel.plan import plan

    key = key_of("mushra", 10, 8, extra=NO_ANCHORS, design=1)
    letters = [[one.conditions.index("s0") for one in plan(key, f"l{at}")] for at in range(40)]
    found = predictors(letters[20:], 1)
    assert share_right(letters[:20], found["last 2"]) > 0.8
