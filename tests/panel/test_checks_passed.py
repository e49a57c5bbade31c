"""Who passes the checks before the start: nobody who does not listen, everybody who hears normally."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest

from gaplisten.panel.check_sounds import DIGIT_RATIOS
from gaplisten.panel.checks import (
    CHECKED,
    CheckRule,
    StepKind,
    rule_of,
    said_of_checks,
    task_of,
    wanted_rule,
)
from gaplisten.panel.key import Key
from gaplisten.panel.steps import Step, Steps
from kit.panels import make_panel

ROOT = Path(__file__).resolve().parents[2]
ALL = "[checks]\nlevel = false\nrequired = true\n" + "".join(
    f"{name} = true\n" for name in ("sides", "quiet_room", "headphones", "bandwidth", "digits")
)
ROOM = "[checks]\nlevel = false\nrequired = true\nquiet_room = true\n"
MANY = 150

# The German digit triplet test over headphones: 15 listeners with normal hearing understand half of the
# triplets at -9.3 dB, and 19.6 % more with each dB there (Zokoll et al. 2012, Int. J. Audiology 51, 697).
THRESHOLD, SLOPE = -9.3, 0.196
LAPSE = 0.02  # of all tasks, answered wrongly by a slip of the hand


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    base = tmp_path_factory.mktemp("panels")
    made = {"battery": ALL, "room": ROOM, "p808": ROOM + 'rule = "p808"\n'}
    return {name: make_panel(base, extra=text, clips=1, out=name).key for name, text in made.items()}


Answering = Callable[[Key, str, Step, Random], str]


def test_tasks_follow_from_the_secret_and_not_from_what_stands_in_every_ratings_file(
    keys: dict[str, Key],
) -> None:
    key = keys["battery"]
    other = key.model_copy(update={"secret": "another"})
    other._text = key._json()  # the same hash, which anybody can read
    assert other.sha256 == key.sha256
    tasks = [
        [task_of(one, "Ann", kind, 1, at) for kind in CHECKED for at in range(1, 6)] for one in (key, other)
    ]
    assert sum(one == same for one, same in zip(*tasks, strict=True)) < len(tasks[0]) // 2


def test_what_the_digits_say_does_not_follow_from_the_seed(tmp_path: Path) -> None:
    text = "[checks]\nlevel = false\ndigits = true\n"
    made = [make_panel(tmp_path, extra=text, clips=1, out=out, secret=out).key for out in ("a", "b")]
    first, second = ({step.answer for step in key.steps} for key in made)
    assert len(first & second) < 5


def passing(key: Key, answering: Answering, many: int = MANY) -> float:
    """Return the share of listeners who get to the trials."""
    passed = 0
    for at in range(many):
        listener, random = f"listener {at}", Random(at)
        steps = Steps(key, listener)
        while (step := steps.current) is not None:
            answer = {step.kind.value: answering(key, listener, step, random)}
            steps.advance(steps.judge(answer))
        passed += not steps.closed
    return passed / many


def same_key(key: Key, listener: str, step: Step, random: Random) -> str:
    """Answer with one key all the time, another one for each listener."""
    return step.choices[int(listener.split()[1]) % len(step.choices)][0] if step.choices else "111"


def best_guess(key: Key, listener: str, step: Step, random: Random) -> str:
    """Guess among the answers that can be right."""
    options = rule_of(key, step.kind).options
    return step.choices[random.randrange(options)][0] if step.choices else f"{random.randrange(1000):03d}"


def any_key(key: Key, listener: str, step: Step, random: Random) -> str:
    return random.choice(step.choices)[0] if step.choices else f"{random.randrange(1000):03d}"


def normal_hearing(key: Key, listener: str, step: Step, random: Random) -> str:
    task = task_of(key, listener, step.kind, step.attempt, step.number)
    share = 1.0
    if step.kind is StepKind.DIGITS:
        ratio = DIGIT_RATIOS[(step.number - 1) % len(DIGIT_RATIOS)]
        share = 1 / (1 + np.exp(4 * SLOPE * (THRESHOLD - ratio)))
    if random.random() < share * (1 - LAPSE):
        return task.answer
    return next((value for value, _ in step.choices if value != task.answer), "000")


@pytest.mark.parametrize("answering", [same_key, best_guess, any_key])
@pytest.mark.parametrize("panel", ["room", "battery"])
def test_who_does_not_listen_does_not_pass(panel: str, answering: Answering, keys: dict[str, Key]) -> None:
    exact = rule_of(keys[panel], StepKind.QUIET_ROOM).guessed(3)
    assert exact <= 0.02
    limit = 0.0 if panel == "battery" else exact + 4 * (exact * (1 - exact) / MANY) ** 0.5
    assert passing(keys[panel], answering) <= limit


def test_each_check_alone_is_hardly_passed_by_guessing() -> None:
    for kind in CHECKED:
        assert wanted_rule(kind, False).guessed(1) <= 0.02, kind
        assert wanted_rule(kind, False).guessed(3) <= 0.02, kind


def test_the_rule_of_p808_is_passed_by_guessing_as_its_numbers_say(keys: dict[str, Key]) -> None:
    assert rule_of(keys["p808"], StepKind.QUIET_ROOM).guessed(1) == pytest.approx(11 / 16)
    assert passing(keys["p808"], best_guess) > 0.9


@pytest.mark.parametrize("panel", ["room", "battery"])
def test_listeners_with_normal_hearing_pass(panel: str, keys: dict[str, Key]) -> None:
    assert passing(keys[panel], normal_hearing) >= 0.97


def test_listeners_who_hear_8_db_worse_mostly_do_not_pass_the_digits() -> None:
    shares = [1 / (1 + np.exp(4 * SLOPE * (THRESHOLD + 8 - ratio))) for ratio in DIGIT_RATIOS]
    random, passed = np.random.default_rng(3), 0
    for _ in range(2000):
        passed += any((random.random(5) < shares).sum() >= 3 for _ in range(3))
    assert passed / 2000 < 0.35


@pytest.mark.parametrize(
    ("rule", "attempts", "chance"),
    [
        (CheckRule(2, 6, 0), 1, 1 / 64),
        (CheckRule(2, 6, 0, more=3), 2, 1 - (1 - 1 / 64) * (1 - 1 / 512)),
        (CheckRule(3, 6, 1), 1, (6 * 2 + 1) / 729),
    ],
)
def test_the_chance_of_guessing_is_that_of_the_binomial(
    rule: CheckRule, attempts: int, chance: float
) -> None:
    assert rule.guessed(attempts) == pytest.approx(chance)


def _percent(chance: float) -> str:
    return f"{100 * chance:.1f} %" if chance > 1e-4 else "below 0.001 %"


def test_the_documented_chances_are_those_of_the_rules() -> None:
    text = (ROOT / "docs/panels.md").read_text(encoding="utf-8")
    for kind in CHECKED:
        rule = wanted_rule(kind, False)
        (row,) = re.findall(rf"^\| `{kind.value}` \|.*$", text, re.MULTILINE)
        one, all_ = (_percent(rule.guessed(attempts)) for attempts in (1, 3))
        assert f"| {one} | {all_} |" in row, (kind, one, all_)
        assert f"{rule.needed(1)} of {rule.asked(1)}" in row


def test_building_says_how_often_guessing_passes(keys: dict[str, Key]) -> None:
    assert said_of_checks(keys["room"]) == [
        "check quiet_room: 6 of 6; guessing passes within 3 attempts: 1.8 %"
    ]
    assert said_of_checks(keys["p808"]) == [
        "check quiet_room: 2 of 4; guessing passes within 3 attempts: 96.9 %"
    ]
    assert (
        "digits: 3 of 5; guessing passes within 3 attempts: less than 0.1 %"
        in said_of_checks(keys["battery"])[-1]
    )
