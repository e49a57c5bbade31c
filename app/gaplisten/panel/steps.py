"""What is asked besides the trials: consent, questions, checks; before, between and after them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gaplisten.errors import GaplistenError
from gaplisten.panel.checks import CHECKED, StepKind, attempts_of, rule_of, sounds_of, task_of
from gaplisten.panel.key import Key
from gaplisten.panel.parts import QuestionPart
from gaplisten.panel.scales import texts


class AnswerMissing(GaplistenError):  # noqa: N818 - reads as the fact it is
    """An answer that is needed before going on, or a sound that was not heard."""


@dataclass(frozen=True)
class Step:
    """One screen besides the trials.

    Parameters
    ----------
    title, text
        In the panel's language.
    choices
        (value, words) of buttons; empty where text is typed or nothing is asked.
    stimuli
        Codes of the sounds, to be played in turn (`FrozenPanel.read`) before there is an answer.
    questions
        The questionnaire's fields.
    number, total
        Which task of this kind, from 1.
    attempt
        From 1; a failed check starts again.
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


AGREED, DECLINED = "yes", "no"
_CHOICES = {
    StepKind.CONSENT: ((AGREED, "consent_agree"), (DECLINED, "consent_decline")),
    StepKind.SIDES: (("left", "side_left"), ("right", "side_right"), ("middle", "side_middle")),
    StepKind.QUIET_ROOM: (("1", "quiet_first"), ("2", "quiet_second"), ("none", "quiet_none")),
    StepKind.HEADPHONES: (("1", "headphones_1"), ("2", "headphones_2"), ("3", "headphones_3")),
    StepKind.BANDWIDTH: (("same", "bandwidth_same"), ("different", "bandwidth_different")),
}
_SILENT = (StepKind.CONSENT, StepKind.QUESTIONNAIRE)
_ASKING = {StepKind.QUESTIONNAIRE: "before", StepKind.BETWEEN: "between", StepKind.AFTER: "after"}

Answer = tuple[str, str, str]  # question, answer, "true"/"false"/"" for right, wrong, not judged
Asked = tuple[str, int, int]  # kind, number, attempt


def questions_of(key: Key, kind: StepKind) -> tuple[QuestionPart, ...]:
    """Return the questions that are asked at one time: before the start, between blocks, after the end."""
    return tuple(one for one in key.definition.question if one.when == _ASKING[kind])


def _kinds(key: Key) -> list[StepKind]:
    definition = key.definition
    made = [StepKind.CONSENT] if definition.consent else []
    made += [StepKind.QUESTIONNAIRE] if questions_of(key, StepKind.QUESTIONNAIRE) else []
    return made + [kind for kind in CHECKED if sounds_of(key, kind)]


def judged(step: Step, answers: Mapping[str, str], right: str = "") -> list[Answer]:
    """Return the rows to write for a step's answers; `right` is a task's answer.

    Raises
    ------
    AnswerMissing
        If something needed was not answered, or is no number where one is wanted.
    """
    if step.questions:
        return [_answered(question, answers.get(question.name, "")) for question in step.questions]
    if step.kind is StepKind.LEVEL:
        return [("level", answers.get("level", ""), "")]
    given = answers.get(step.kind.value, "").strip()
    if step.choices and given not in [value for value, _ in step.choices]:
        raise AnswerMissing(step.title, "nothing was chosen", "choose one of the answers", key="no_choice")
    if step.kind is StepKind.CONSENT:
        return [("consent", given, "")]
    if not given:
        raise AnswerMissing(step.title, "there is no answer", "answer it", key="no_answer")
    same = "".join(given.split()).casefold() == right.casefold()
    return [(f"{step.kind.value} {step.number}", given, str(same).lower())]


def asking(key: Key, kind: StepKind, number: int = 1) -> Step:
    """Return a screen of questions."""
    title = texts(key.definition.language)[f"step_{kind.value}"]
    return Step(kind, title, "", questions=questions_of(key, kind), number=number, total=1)


class Steps:
    """Where a listener stands before the trials; told each answer, says what is next.

    Attributes
    ----------
    closed
        Why the listener may not take part (a required check failed too often, no consent); "" otherwise.
    """

    def __init__(self, key: Key, listener: str = "") -> None:
        self._key, self._listener = key, listener
        self._words = texts(key.definition.language)
        self._kinds = _kinds(key)
        self._number, self._attempt, self._correct = 1, 1, 0
        self._level = bool(sounds_of(key, StepKind.LEVEL))
        self.closed = ""

    @property
    def current(self) -> Step | None:
        """The step to show; None when the trials may begin (or the listener was closed out)."""
        if self.closed:
            return None
        if self._level and not (self._kinds and self._kinds[0] in _SILENT):
            sounds = tuple(sounds_of(self._key, StepKind.LEVEL)[0].codes)
            return Step(StepKind.LEVEL, self._words["step_level"], self._words["level_text"], stimuli=sounds)
        return self._made(self._kinds[0]) if self._kinds else None

    def _made(self, kind: StepKind) -> Step:
        words, definition = self._words, self._key.definition
        title = words[f"step_{kind.value}"]
        choices = tuple((value, words[name]) for value, name in _CHOICES.get(kind, ()))
        if kind is StepKind.CONSENT:
            return Step(kind, title, definition.consent, choices)
        if kind is StepKind.QUESTIONNAIRE:
            return asking(self._key, kind)
        total = rule_of(self._key, kind).asked(self._attempt)
        task = task_of(self._key, self._listener, kind, self._attempt, self._number)
        text = words[f"{kind.value}_text"]
        return Step(kind, title, text, choices, task.codes, (), self._number, total, self._attempt)

    def level_is_set(self) -> None:
        """Pass over the level: it was set in this sitting, the session was only opened anew."""
        self._level = False

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
        right = ""
        if step.kind in CHECKED:
            right = task_of(self._key, self._listener, step.kind, step.attempt, step.number).answer
        return judged(step, answers, right)

    def advance(self, rows: Sequence[Answer]) -> None:
        """Go on after the current step's rows were written."""
        step = self.current
        if step is None:
            return
        if step.kind is StepKind.LEVEL:
            self._level = False
        elif step.kind is StepKind.CONSENT and all(answer != AGREED for _, answer, _ in rows):
            self.closed = self._words["consent_declined"]
        elif step.kind in CHECKED:
            self._advance_check(step, sum(right == "true" for _, _, right in rows))
        else:
            self._next_kind()

    def _advance_check(self, step: Step, correct: int) -> None:
        self._correct += correct
        if self._number < step.total:
            self._number += 1
            return
        passed = self._correct >= rule_of(self._key, step.kind).needed(self._attempt)
        if not passed and self._attempt < attempts_of(self._key, step.kind):
            self._number, self._correct, self._attempt = 1, 0, self._attempt + 1
        elif not passed and self._key.definition.checks.required:
            self.closed = f"{step.title}: {self._words['closed_check']}"
        else:
            self._next_kind()

    def _next_kind(self) -> None:
        self._kinds = self._kinds[1:]
        self._number, self._attempt, self._correct = 1, 1, 0

    def read_back(self, asked: Mapping[Asked, Sequence[Answer]]) -> None:
        """Go through the answers of earlier runs.

        The level is asked again at every start, so it is passed over here; so is consent that was not given.
        A step counts when all of its answers are there: a questionnaire that was cut off is asked again.
        """
        level, self._level = self._level, False
        for (kind, number, attempt), rows in asked.items():
            step = self.current
            if kind not in tuple(StepKind) or kind in (StepKind.LEVEL, StepKind.BETWEEN, StepKind.AFTER):
                continue
            if step is None or (step.kind.value, step.number, step.attempt) != (kind, number, attempt):
                break
            declined = step.kind is StepKind.CONSENT and all(answer != AGREED for _, answer, _ in rows)
            if declined or len(rows) < max(1, len(step.questions)):
                break
            self.advance(rows)
        self._level = level


def still_asked(key: Key, asked: Mapping[Asked, Sequence[Answer]], gates: Collection[int]) -> Step | None:
    """Return the questions to ask between blocks that were not answered yet; None where there are none.

    Parameters
    ----------
    gates
        Numbers of the ends of blocks that the listener has passed; only the last is asked about.
    """
    questions = questions_of(key, StepKind.BETWEEN)
    last = max(gates, default=0)
    if not questions or not last or len(asked.get((StepKind.BETWEEN, last, 1), ())) >= len(questions):
        return None
    return asking(key, StepKind.BETWEEN, last)


def asked_after(key: Key, asked: Mapping[Asked, Sequence[Answer]]) -> Step | None:
    """Return the questions after the end that were not answered yet; None where there are none."""
    questions = questions_of(key, StepKind.AFTER)
    if not questions or len(asked.get((StepKind.AFTER, 1, 1), ())) >= len(questions):
        return None
    return asking(key, StepKind.AFTER)


def _answered(question: QuestionPart, given: str) -> Answer:
    given = given.strip()
    text = question.text
    if not given and not question.optional:
        raise AnswerMissing(text, "there is no answer", "answer it", key="no_answer")
    if given and question.kind == "number" and not _is_number(given):
        raise AnswerMissing(text, f"{given[:40]!r} is no number", "type a number", key="no_number")
    if given and question.kind == "choice" and given not in question.choices:
        raise AnswerMissing(text, f"{given[:40]!r} is none of the answers", "choose one", key="no_choice")
    return question.name, given[:2000], ""


def _is_number(text: str) -> bool:
    try:
        return abs(float(text.replace(",", "."))) < 1e12
    except ValueError:
        return False
