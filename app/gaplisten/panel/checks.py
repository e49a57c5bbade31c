"""The checks before the start: how many tasks, how many right, and what guessing would pass.

A check is there to find who cannot hear, or does not listen. So what is answered must have been played
(`Session.answer` asks for that), which sound comes and in which order is drawn for each listener, attempt and
task, and each check's chance of being passed by guessing over all its attempts is known: `guessed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import comb, prod

from gaplisten.panel.key import Key, StepSound
from gaplisten.panel.order import number, shuffled


class StepKind(StrEnum):
    """The kinds of steps, in their order."""

    CONSENT = "consent"
    QUESTIONNAIRE = "questionnaire"
    LEVEL = "level"
    SIDES = "sides"
    QUIET_ROOM = "quiet_room"
    HEADPHONES = "headphones"
    BANDWIDTH = "bandwidth"
    DIGITS = "digits"
    BETWEEN = "between"
    AFTER = "after"


CHECKED = (
    StepKind.SIDES,
    StepKind.QUIET_ROOM,
    StepKind.HEADPHONES,
    StepKind.BANDWIDTH,
    StepKind.DIGITS,
)


@dataclass(frozen=True)
class CheckRule:
    """How a check is passed.

    Parameters
    ----------
    options
        Of how many answers to one task somebody who guesses would choose; answers that are never right do
        not count.
    tasks, mistakes
        How many tasks the first attempt has, and how many of them may be answered wrongly.
    more
        Further tasks of each further attempt, so that many attempts are no way through.
    """

    options: int
    tasks: int
    mistakes: int
    more: int = 0

    def asked(self, attempt: int) -> int:
        """Return the number of tasks of an attempt (from 1)."""
        return self.tasks + self.more * (attempt - 1)

    def needed(self, attempt: int) -> int:
        """Return how many of them must be right."""
        return self.asked(attempt) - self.mistakes

    def chance(self, share: float, attempt: int = 1) -> float:
        """Return the probability of passing one attempt when each task is right with probability `share`."""
        tasks = self.asked(attempt)
        ways = range(self.needed(attempt), tasks + 1)
        return sum(comb(tasks, k) * share**k * (1 - share) ** (tasks - k) for k in ways)

    def guessed(self, attempts: int) -> float:
        """Return the probability that guessing passes within so many attempts."""
        failing = (1 - self.chance(1 / self.options, attempt) for attempt in range(1, attempts + 1))
        return 1 - prod(failing)


_RULES = {
    StepKind.SIDES: CheckRule(options=3, tasks=4, mistakes=0, more=3),
    StepKind.QUIET_ROOM: CheckRule(options=2, tasks=6, mistakes=0, more=3),
    StepKind.HEADPHONES: CheckRule(options=3, tasks=6, mistakes=1, more=3),
    StepKind.BANDWIDTH: CheckRule(options=2, tasks=6, mistakes=0, more=3),
    StepKind.DIGITS: CheckRule(options=1000, tasks=5, mistakes=2),
}
# P.808's 2 of 4 pairs in the room: passed by guessing in 69 of 100 cases, by the second attempt in 90.
_ROOM_P808 = CheckRule(options=2, tasks=4, mistakes=2)
# Panels of the first version: the tasks stand in the key, one after the other.
_FIRST = {
    StepKind.SIDES: CheckRule(options=3, tasks=2, mistakes=0),
    StepKind.QUIET_ROOM: _ROOM_P808,
    StepKind.HEADPHONES: CheckRule(options=3, tasks=6, mistakes=1),
    StepKind.DIGITS: _RULES[StepKind.DIGITS],
}


def sounds_of(key: Key, kind: StepKind) -> list[StepSound]:
    """Return the frozen sounds of one kind of step."""
    return [one for one in key.steps if one.kind == kind.value]


def is_drawn(key: Key, kind: StepKind) -> bool:
    """Tell whether a check's tasks are drawn anew for each listener and attempt."""
    return any(one.drawn for one in sounds_of(key, kind))


def wanted_rule(kind: StepKind, p808: bool) -> CheckRule:
    """Return the rule of a check in a panel that is built today."""
    return _ROOM_P808 if p808 and kind is StepKind.QUIET_ROOM else _RULES[kind]


def rule_of(key: Key, kind: StepKind) -> CheckRule:
    """Return the rule of a built panel's check."""
    if not is_drawn(key, kind):
        return _FIRST[kind]
    return wanted_rule(kind, key.definition.checks.rule == "p808")


def attempts_of(key: Key, kind: StepKind) -> int:
    """Return how often a check may be tried before it counts as failed."""
    checks = key.definition.checks
    # The first version let nobody try again who would be let through all the same.
    return checks.attempts if checks.required or is_drawn(key, kind) else 1


def said_of_checks(key: Key) -> list[str]:
    """Return a sentence for each check before the start: what passes it, and how often guessing does."""
    made = []
    for kind in CHECKED:
        if not sounds_of(key, kind):
            continue
        rule, attempts = rule_of(key, kind), attempts_of(key, kind)
        within = f" within {attempts} attempts" if attempts > 1 else ""
        guessed = 100 * rule.guessed(attempts)
        share = f"{guessed:.1f} %" if guessed >= 0.05 else "less than 0.1 %"
        made.append(
            f"check {kind.value}: {rule.needed(1)} of {rule.asked(1)}; guessing passes{within}: {share}"
        )
    return made


@dataclass(frozen=True)
class Task:
    """What one task plays, in turn, and which answer is right."""

    codes: tuple[str, ...]
    answer: str


def task_of(key: Key, listener: str, kind: StepKind, attempt: int, at: int) -> Task:
    """Return a task, drawn for this listener and attempt; `at` counts from 1."""
    sounds = sounds_of(key, kind)
    if not sounds[0].drawn:
        first = sounds[at - 1]
        return Task(tuple(first.codes), first.answer)
    # Of the secret, for the panel's hash stands in every ratings file: answers could be worked out from it.
    seed = (key.trial_salt, "step", listener.casefold(), kind.value, attempt, at)
    one = _choose(sounds, at, seed)
    places = shuffled(range(len(one.codes)), *seed, "order")
    answer = one.answer
    if len(places) > 1 and answer.isdecimal():  # which of them: it moves with the order
        answer = str(places.index(int(answer) - 1) + 1)
    return Task(tuple(one.codes[place] for place in places), answer)


def _choose(sounds: Sequence[StepSound], at: int, seed: tuple[object, ...]) -> StepSound:
    groups = sorted({one.group for one in sounds})
    group = [one for one in sounds if one.group == groups[(at - 1) % len(groups)]]
    return group[number(*seed, "sound") % len(group)]
