"""What listeners answered besides their ratings: questions, and each attempt at each check, in one table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gaplisten.panel.answer_files import all_answers
from gaplisten.panel.asking import asked_so_far
from gaplisten.panel.checks import CHECKED, rule_of
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.imported import ImportedVotes, Source
from gaplisten.panel.steps import Answer, Asked
from gaplisten.tables import Cell, Table

COLUMNS = (
    "listener",
    "step",
    "attempt",
    "question",
    "answer",
    "right",
    "asked",
    "needed",
    "passed",
    "passed_by_guessing",
)


def answer_table(panel: Source, ratings: Path | None = None) -> tuple[Table, tuple[str, ...]]:
    """Return all answers to questions and checks, and sentences about files that could not be used.

    A row is one answer to a question, or one attempt at a check: how many of its tasks were right, how many
    had to be, whether that passed, and with which probability guessing would have.

    Parameters
    ----------
    ratings
        The ratings folder, when not the panel's own.
    """
    if isinstance(panel, ImportedVotes):
        return panel.answers(), ()
    root = panel.folder if ratings is None else ratings
    found, problems = all_answers(panel, ratings or panel.ratings, root)
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        rows += [(one.listener, *cells) for cells in _rows(panel, asked_so_far(one.rows))]
    return Table(COLUMNS, tuple(rows)), tuple(problems)


def _rows(panel: FrozenPanel, asked: dict[Asked, list[Answer]]) -> Iterator[tuple[Cell, ...]]:
    checks = {kind.value: kind for kind in CHECKED}
    attempts: dict[tuple[str, int], list[Answer]] = {}
    for (step, _, attempt), answers in asked.items():
        if step in checks:
            attempts.setdefault((step, attempt), []).extend(answers)
            continue
        for question, answer, _ in answers:
            yield step, attempt, question, answer, None, None, None, None, None
    for (step, attempt), answers in attempts.items():
        rule = rule_of(panel.key, checks[step])
        right = sum(said == "true" for _, _, said in answers)
        whole = len(answers) >= rule.asked(attempt)
        passed = right >= rule.needed(attempt) if whole else None
        chance = float(f"{rule.chance(1 / rule.options, attempt):.3g}")
        given = " ".join(answer for _, answer, _ in answers)
        yield step, attempt, step, given, right, rule.asked(attempt), rule.needed(attempt), passed, chance
