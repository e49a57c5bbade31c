"""A blind round."""

import random

from gaplisten.bench.blind import BlindRound


def test_every_version_has_a_letter_and_orders_differ():
    rounds = [BlindRound.shuffled("pqrs", random.Random(seed)) for seed in range(20)]
    assert all(sorted(each.order) == ["p", "q", "r", "s"] and each.letters == "ABCD" for each in rounds)
    assert len({each.order for each in rounds}) > 5


def test_right_guesses_are_counted_beside_what_chance_gets():
    blind = BlindRound(("p", "q", "r"))
    assert blind.verdict == "nothing was guessed"
    blind.guesses.update({"A": "p", "B": "r", "C": "r"})
    assert blind.verdict == "2 of 3 right; by chance it is 1 on average"
    blind.guesses = {"B": "q"}
    assert blind.verdict == "1 of 1 right; by chance it is 0.33 on average"
