"""Numbers and limits in the few characters that a table has room for."""

from __future__ import annotations

import pytest

from gaplisten.bench import gap_wording as wording
from gaplisten.loss.measures import MEASURES, measure_named


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("click_exit", 14.46, "14.5"),
        ("click_exit", 152.3, "152"),
        ("energy_error", -0.04, "0.0"),
        ("energy_error", -10.44, "-10.4"),
        ("decay", -0.756, "-0.76"),
        ("pitch_jump", 312.4, "312"),
    ],
)
def test_a_number_has_the_decimals_that_are_worth_showing(key, value, text):
    assert wording.number(measure_named(key), value) == text


@pytest.mark.parametrize(
    ("key", "threshold", "text"),
    [
        ("lsd", 15.0, "≥ 15"),
        ("decay", -0.75, "≤ -0.75"),
        ("energy_error", -10.0, "±10"),
        ("gap_snr", None, ""),
    ],
)
def test_a_limit_says_which_side_is_conspicuous(key, threshold, text):
    assert wording.limit(measure_named(key), threshold) == text


def test_every_measure_has_a_short_name_of_its_own():
    names = [wording.short(measure) for measure in MEASURES]
    assert len(set(names)) == len(MEASURES)
