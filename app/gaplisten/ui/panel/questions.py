"""A questionnaire written as plain lines, one question each."""

from __future__ import annotations

import re

from gaplisten.panel.parts import QuestionPart

EXAMPLE = "How old are you? (number)\nDo you wear a hearing aid?: yes | no\nAnything else? (optional)"
_MARK = re.compile(r"\s*\((number|optional)\)$")


def questions(text: str) -> list[QuestionPart]:
    """Return the questions of a text: ``Question``, ``Question (number)``, ``Question: one | another``.

    ``(optional)`` at the end lets a question stay without an answer.

    Raises
    ------
    ValueError
        If answers to choose from do not follow a colon.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [_question(f"q{number}", line) for number, line in enumerate(lines, start=1)]


def _question(name: str, line: str) -> QuestionPart:
    said, marks = line, set()
    while (found := _MARK.search(said)) is not None:
        marks.add(found[1])
        said = said[: found.start()]
    optional = "optional" in marks
    if "|" not in said:
        return QuestionPart(
            name=name, text=said, kind="number" if "number" in marks else "text", optional=optional
        )
    before, _, others = said.partition("|")
    head, colon, first = before.rpartition(":")
    choices = [one.strip() for one in (first, *others.split("|")) if one.strip()]
    if not colon or not head.strip() or len(choices) < 2:
        raise ValueError(f"{line[:60]!r}: write the question, a colon, then answers with | between")
    return QuestionPart(name=name, text=head.strip(), kind="choice", choices=choices, optional=optional)
