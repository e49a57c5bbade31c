"""The order of trials, tested by counting over many listeners."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaplisten.panel.key import Key
from gaplisten.panel.order import clashes, kept_apart, row_of, shuffled, williams
from gaplisten.panel.plan import plan
from gaplisten.panel.planned import Planned
from kit.designs import key_of


def trials_of_test(key: Key, listener: str) -> list[Planned]:
    return [one for one in plan(key, listener) if one.kind == "test"]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 9])
def test_a_williams_square_is_balanced_for_position_and_predecessor(size: int) -> None:
    rows = williams(size)
    assert all(sorted(row) == list(range(size)) for row in rows)
    for place in range(size):
        assert len(set(Counter(row[place] for row in rows).values())) == 1
    followers = Counter(pair for row in rows for pair in pairwise(row))
    assert len(followers) == size * (size - 1)
    assert len(set(followers.values())) <= 1


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("place", [0, 1, 4])
def test_so_many_listeners_get_a_latin_square_and_twice_as_many_the_whole_of_an_odd_one(
    size: int, place: int
) -> None:
    whole = sorted(williams(size))
    for first in (0, len(whole)):
        assert sorted(row_of(size, first + index, place) for index in range(len(whole))) == whole
    for first in (0, size):
        square = [row_of(size, first + index, place) for index in range(size)]
        assert all(sorted(column) == list(range(size)) for column in zip(*square, strict=True))


def test_the_order_depends_on_panel_listener_and_seed_only() -> None:
    one, other = key_of("acr"), key_of("acr", top="seed = 2")
    assert plan(one, "Ann") == plan(key_of("acr"), "Ann")
    assert plan(one, "Ann") == plan(one, "ANN")
    assert [p.clip + p.condition for p in plan(one, "Ann")] != [
        p.clip + p.condition for p in plan(one, "Ben")
    ]
    assert [p.clip + p.condition for p in plan(one, "Ann")] != [
        p.clip + p.condition for p in plan(other, "Ann")
    ]


def test_the_order_is_the_same_for_ever() -> None:
    # Sessions are resumed by working the order out again: changing this changes running tests of listeners.
    assert shuffled("abcdefgh", "seed", 7) == list("eadfcbhg")


@pytest.mark.parametrize("method", ["acr", "dcr", "ccr", "abc_hr"])
@pytest.mark.parametrize(("clips", "systems", "strata"), [(6, 4, 1), (6, 3, 3), (2, 5, 1), (9, 4, 2)])
def test_each_listener_rates_every_clip_in_every_condition_once(
    method: str, clips: int, systems: int, strata: int
) -> None:
    key = key_of(method, clips, systems, strata)
    for listener in ("a", "b", "c"):
        cells = Counter((one.clip, one.conditions, one.condition) for one in trials_of_test(key, listener))
        heard = Counter(
            (one.clip, *sorted(set(one.conditions) - {"reference"})) for one in trials_of_test(key, listener)
        )
        assert len(heard) == clips * systems
        assert set(heard.values()) == {1}
        assert sum(cells.values()) == clips * systems


@pytest.mark.parametrize("systems", [4, 5])
def test_over_listed_listeners_each_condition_is_equally_often_at_each_place_and_after_each_other(
    systems: int,
) -> None:
    rows = systems if systems % 2 == 0 else 2 * systems
    names = [f"L{at}" for at in range(rows)]
    key = key_of("acr", clips=6, systems=systems, strata=2, top=f"listeners = {names}".replace("'", '"'))
    place: dict[int, Counter[str]] = defaultdict(Counter)
    after: Counter[tuple[str, str]] = Counter()
    for name in names:
        order = [one.condition for one in trials_of_test(key, name)]
        for start in range(0, len(order), systems):
            block = order[start : start + systems]
            after.update(pairwise(block))
            for at, condition in enumerate(block):
                place[start + at][condition] += 1
    assert all(set(counter.values()) == {rows // systems} for counter in place.values())
    assert len(set(after.values())) == 1


def test_in_the_first_design_unlisted_listeners_are_balanced_on_average() -> None:
    key, first = key_of("acr", clips=4, systems=4, design=1), Counter[str]()
    for at in range(400):
        first[trials_of_test(key, f"listener {at}")[0].condition] += 1
    assert min(first.values()) > 65
    assert max(first.values()) < 140


@pytest.mark.parametrize(("clips", "systems"), [(2, 3), (3, 7), (6, 4), (12, 2), (2, 6), (3, 3)])
@pytest.mark.parametrize("repeats", [1, 2])
def test_no_clip_comes_twice_in_a_row(clips: int, systems: int, repeats: int) -> None:
    key = key_of("acr", clips, systems, top=f"repeats = {repeats}")
    for at in range(25):
        order = [one.clip for one in trials_of_test(key, f"l{at}")]
        assert all(a != b for a, b in pairwise(order)), (at, order)


def test_with_one_clip_it_cannot_be_helped() -> None:
    assert len(trials_of_test(key_of("acr", 1, 4), "a")) == 4


@pytest.mark.parametrize(("clips", "systems"), [(4, 4), (8, 3), (3, 3)])
def test_repeats_are_apart(clips: int, systems: int) -> None:
    key = key_of("acr", clips, systems, top="repeats = 2")
    for at in range(20):
        order = [(one.clip, one.condition) for one in trials_of_test(key, f"l{at}")]
        places: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, cell in enumerate(order):
            places[cell].append(place)
        assert all(len(both) == 2 for both in places.values())
        assert min(b - a for a, b in places.values()) >= len(order) // 6


@pytest.mark.parametrize("repeats", [1, 2])
@pytest.mark.parametrize(("clips", "systems"), [(6, 4), (5, 2), (4, 3)])
def test_ccr_has_exactly_half_of_the_trials_each_way_for_each_listener(
    clips: int, systems: int, repeats: int
) -> None:
    key = key_of("ccr", clips, systems, top=f"repeats = {repeats}")
    for at in range(30):
        trials = trials_of_test(key, f"l{at}")
        second = [one.conditions[1] == "reference" for one in trials]
        assert sum(second) * 2 == len(trials)
        for condition in {one.condition for one in trials}:
            mine = [one.conditions[1] == "reference" for one in trials if one.condition == condition]
            assert abs(2 * sum(mine) - len(mine)) <= 1


def test_in_the_first_design_an_odd_number_of_ccr_trials_differs_by_one_and_evens_out_over_listeners() -> (
    None
):
    names = [f"L{at}" for at in range(10)]
    key = key_of("ccr", 5, 1, top=f"listeners = {names}".replace("'", '"'), design=1)
    sums = [
        sum(2 * (one.conditions[1] == "reference") - 1 for one in trials_of_test(key, name)) for name in names
    ]
    assert set(sums) == {-1, 1}
    assert sum(sums) == 0


@pytest.mark.parametrize("trials", [16, 10, 6])
@pytest.mark.parametrize("clips", [1, 4])
def test_in_the_first_design_abx_has_each_answer_equally_often(trials: int, clips: int) -> None:
    key = key_of("abx", clips, 2, extra=f"[abx]\ntrials = {trials}", design=1)
    sequences = set()
    for at in range(60):  # 30 may meet no more than 12 of the 20 ways to arrange six answers
        series = trials_of_test(key, f"l{at}")
        answers = "".join(str(one.expected) for one in series)
        assert len(answers) == trials
        assert answers.count("A") == answers.count("B")
        assert all(one.conditions[2] == one.conditions["AB".index(str(one.expected))] for one in series)
        firsts = sum(one.conditions[0] == one.condition for one in series)
        assert abs(2 * firsts - trials) <= 2
        sequences.add(answers)
    assert len(sequences) > 12


def test_ab_pairs_are_half_each_way_and_all_pairs_come() -> None:
    key = key_of("ab", 4, 3)
    for at in range(10):
        trials = trials_of_test(key, f"l{at}")
        assert Counter((one.condition, one.compared_with) for one in trials) == {
            ("s0", "s1"): 4,
            ("s0", "s2"): 4,
            ("s1", "s2"): 4,
        }
        assert 2 * sum(one.conditions[0] == one.condition for one in trials) == len(trials)


def test_mushra_puts_each_condition_equally_often_behind_each_letter() -> None:
    names = [f"L{at}" for at in range(10)]
    extra = '[mushra]\nanchors = ["lossy"]'
    key = key_of("mushra", 4, 3, extra=extra, top=f"listeners = {names}".replace("'", '"'))
    behind: Counter[tuple[int, str]] = Counter()
    for name in names:
        for one in trials_of_test(key, name):
            assert one.conditions[0] == "reference"
            behind.update(enumerate(one.conditions[1:]))
    assert len(behind) == 25
    assert set(behind.values()) == {8}


def test_in_the_first_design_fewer_ratings_per_condition_are_balanced_over_as_many_listeners_as_clips() -> (
    None
):
    names = [f"L{at}" for at in range(12)]
    key = key_of(
        "acr",
        12,
        3,
        strata=3,
        top=f"ratings_per_condition = 4\nlisteners = {names}".replace("'", '"'),
        design=1,
    )
    cells: Counter[tuple[str, str]] = Counter()
    for name in names:
        trials = trials_of_test(key, name)
        assert Counter(one.condition for one in trials) == {"s0": 4, "s1": 4, "s2": 4}
        cells.update((one.clip, one.condition) for one in trials)
    assert len(cells) == 36
    assert set(cells.values()) == {4}


def test_checks_are_spread_and_training_comes_first() -> None:
    extra = "[training]\ntrials = 3\n[checks]\nclear_good = 2\n"
    key = key_of("acr", 6, 2, extra=extra)
    for at in range(20):
        trials = plan(key, f"l{at}")
        kinds = [one.kind for one in trials]
        assert kinds[:3] == ["training"] * 3
        assert "training" not in kinds[3:]
        assert kinds[3] == "test"
        assert [one.trial.number for one in trials] == list(range(1, len(trials) + 1))
        places = [place for place, kind in enumerate(kinds) if kind == "clear_good"]
        assert len(places) == 6  # one stimulus for each clip is in this key
        assert all(a != b for a, b in pairwise(one.clip for one in trials[3:]))


@given(st.lists(st.sampled_from("abcd"), max_size=30))
@settings(max_examples=60, deadline=None)
def test_keeping_apart_loses_nothing_and_never_makes_it_worse(letters: list[str]) -> None:
    made = kept_apart(letters, lambda x: x, lambda a, b: True)
    assert sorted(made) == sorted(letters)
    assert clashes(made, lambda x: x) <= clashes(letters, lambda x: x)
