"""What comes before the first trial: consent, questions, level, left and right, room, headphones, hearing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gaplisten.errors import GaplistenError
from gaplisten.panel.key import Key, StepSound
from gaplisten.panel.parts import QuestionPart
from gaplisten.panel.scales import texts


class StepKind(StrEnum):
    """The kinds of steps, in their order."""

    CONSENT = "consent"
    QUESTIONNAIRE = "questionnaire"
    LEVEL = "level"
    SIDES = "sides"
    QUIET_ROOM = "quiet_room"
    HEADPHONES = "headphones"
    DIGITS = "digits"


class AnswerMissing(GaplistenError):  # noqa: N818 - reads as the fact it is
    """An answer that is needed before going on."""


# How many of a check's tasks must be right: P.808's numbers for the room (2 of 4) and the digits (3 of 5).
NEEDED = {StepKind.SIDES: 2, StepKind.QUIET_ROOM: 2, StepKind.HEADPHONES: 5, StepKind.DIGITS: 3}


@dataclass(frozen=True)
class Step:
    """One screen before the trials.

    Parameters
    ----------
    title, text
        In the panel's language.
    choices
        (value, words) of buttons; empty where text is typed or nothing is asked.
    stimuli
        Codes of the sounds, to be played in turn (`FrozenPanel.read`).
    questions
        The questionnaire's fields.
    number, total
        Which task of this kind, from 1.
    attempt
        From 1; a failed check that is required starts again.
    """

    kind: StepKind
    title: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()
    stimuli: tuple[str, ...] = ()
    questions: tuple[QuestionPart, ...] = ()
    number: int = 1
    total: int = 1
    attempt: int = 1


_CHOICES = {
    StepKind.SIDES: (("left", "side_left"), ("right", "side_right"), ("middle", "side_middle")),
    StepKind.QUIET_ROOM: (("1", "quiet_first"), ("2", "quiet_second"), ("none", "quiet_none")),
    StepKind.HEADPHONES: (("1", "headphones_1"), ("2", "headphones_2"), ("3", "headphones_3")),
}


def _tasks(key: Key, kind: StepKind) -> list[StepSound]:
    return [one for one in key.steps if one.kind == kind.value]


def _kinds(key: Key) -> list[StepKind]:
    definition = key.definition
    made = [StepKind.CONSENT] if definition.consent else []
    made += [StepKind.QUESTIONNAIRE] if definition.question else []
    sounding = (StepKind.SIDES, StepKind.QUIET_ROOM, StepKind.HEADPHONES, StepKind.DIGITS)
    return made + [kind for kind in sounding if _tasks(key, kind)]


def _made(key: Key, kind: StepKind, number: int, attempt: int) -> Step:
    words = texts(key.definition.language)
    title = words[f"step_{kind.value}"]
    if kind is StepKind.CONSENT:
        return Step(kind, title, key.definition.consent, (("yes", words["consent_agree"]),))
    if kind is StepKind.QUESTIONNAIRE:
        return Step(kind, title, "", questions=tuple(key.definition.question))
    tasks = _tasks(key, kind)
    choices = tuple((value, words[name]) for value, name in _CHOICES.get(kind, ()))
    sounds = tuple(tasks[number - 1].codes)
    return Step(kind, title, words[f"{kind.value}_text"], choices, sounds, (), number, len(tasks), attempt)


def _right(answer: str, wanted: str) -> bool:
    return "".join(answer.split()).casefold() == wanted.casefold()


Answer = tuple[str, str, str]  # question, answer, "true"/"false"/"" for right, wrong, not judged


class Steps:
    """Where a listener stands before the trials; told each answer, says what is next.

    Attributes
    ----------
    closed
        Why the listener may not take part (a required check failed too often); "" otherwise.
    """

    def __init__(self, key: Key) -> None:
        self._key = key
        self._kinds = _kinds(key)
        self._number, self._attempt, self._correct = 1, 1, 0
        self._level = bool(_tasks(key, StepKind.LEVEL))
        self.closed = ""

    @property
    def current(self) -> Step | None:
        """The step to show; None when the trials may begin (or the listener was closed out)."""
        if self.closed:
            return None
        silent = (StepKind.CONSENT, StepKind.QUESTIONNAIRE)
        if self._level and not (self._kinds and self._kinds[0] in silent):
            return _made(self._key, StepKind.LEVEL, 1, 1)
        if not self._kinds:
            return None
        return _made(self._key, self._kinds[0], self._number, self._attempt)

    def judge(self, answers: Mapping[str, str]) -> list[Answer]:
        """Return the rows to write for the current step's answers.

        Raises
        ------
        AnswerMissing
            If something needed was not answered, or is no number where one is wanted.
        """
        step = self.current
        if step is None:
            return []
        if step.kind is StepKind.QUESTIONNAIRE:
            return [_answered(question, answers.get(question.name, "")) for question in step.questions]
        if step.kind is StepKind.LEVEL:
            return [("level", answers.get("level", ""), "")]
        given = answers.get(step.kind.value, "").strip()
        if step.choices and given not in [value for value, _ in step.choices]:
            raise AnswerMissing(step.title, "nothing was chosen", "choose one of the answers")
        if step.kind is StepKind.CONSENT:
            return [("consent", given, "")]
        task = _tasks(self._key, step.kind)[step.number - 1]
        return [(f"{step.kind.value} {step.number}", given, str(_right(given, task.answer)).lower())]

    def advance(self, rows: Sequence[Answer]) -> None:
        """Go on after the current step's rows were written."""
        step = self.current
        if step is None:
            return
        if step.kind is StepKind.LEVEL:
            self._level = False
            return
        self._correct += sum(right == "true" for _, _, right in rows)
        if self._number < step.total:
            self._number += 1
            return
        passed = self._correct >= min(NEEDED.get(step.kind, 0), step.total)
        if passed or not self._key.definition.checks.required:
            self._next_kind()
        elif self._attempt >= self._key.definition.checks.attempts:
            self.closed = f"{step.title}: {texts(self._key.definition.language)['closed_check']}"
        else:
            self._number, self._correct, self._attempt = 1, 0, self._attempt + 1

    def _next_kind(self) -> None:
        self._kinds = self._kinds[1:]
        self._number, self._attempt, self._correct = 1, 1, 0

    def read_back(self, asked: Sequence[tuple[str, int, int, Sequence[Answer]]]) -> None:
        """Go through the answers of earlier runs: (kind, number, attempt, rows) for each step.

        The level is asked again at every start, so it is passed over here. A step counts when all of its
        answers are there: a questionnaire that was cut off is asked again.
        """
        level, self._level = self._level, False
        for kind, number, attempt, rows in asked:
            step = self.current
            if kind == StepKind.LEVEL.value:
                continue
            if step is None or (step.kind.value, step.number, step.attempt) != (kind, number, attempt):
                break
            if len(rows) < max(1, len(step.questions)):
                break
            self.advance(rows)
        self._level = level


def _answered(question: QuestionPart, given: str) -> Answer:
    given = given.strip()
    if not given and not question.optional:
        raise AnswerMissing(question.text, "there is no answer", "answer it")
    if given and question.kind == "number" and not _is_number(given):
        raise AnswerMissing(question.text, f"{given[:40]!r} is no number", "type a number")
    if given and question.kind == "choice" and given not in question.choices:
        raise AnswerMissing(question.text, f"{given[:40]!r} is none of the answers", "choose one of them")
    return question.name, given[:2000], ""


def _is_number(text: str) -> bool:
    try:
        return abs(float(text.replace(",", "."))) < 1e12
    except ValueError:
        return False
