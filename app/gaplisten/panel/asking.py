"""What a session asks besides its trials: what is asked next, what of it was heard, answers on the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gaplisten.audio.signal import Signal
from gaplisten.panel.checks import StepKind, sounds_of
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import Journal, one_line
from gaplisten.panel.planned import Planned
from gaplisten.panel.reading import Row, whole_number
from gaplisten.panel.steps import Answer, AnswerMissing, Asked, Step, Steps, asked_after, judged, still_asked
from gaplisten.panel.trial import Block
from gaplisten.tables import Cell

ANSWERS = "answers"
ANSWER_COLUMNS = (
    "panel_sha256",
    "session",
    "listener",
    "step",
    "number",
    "attempt",
    "question",
    "answer",
    "right",
    "saved_at",
)
SETUP = "setup"  # what a session was listened to with, beside the steps
_LEVEL_SECONDS = 2.0  # so long the sound of the level step is to be heard at least
_SLACK_SECONDS = 0.15  # what polling a playing position leaves out at the end


def asked_so_far(rows: Sequence[Row]) -> dict[Asked, list[Answer]]:
    """Return the answers that were saved, by step."""
    groups: dict[Asked, list[Answer]] = {}
    for row in rows:
        number, attempt = whole_number(row["number"]), whole_number(row["attempt"])
        if number is not None and attempt is not None:
            which = (row["step"], number, attempt)
            groups.setdefault(which, []).append((row["question"], row["answer"], row["right"]))
    return groups


def _gates(plan: Sequence[Planned], every: int | None) -> tuple[int, ...]:
    """Return after how many trials blocks end: after practice, and after every so many trials of the test."""
    practice = sum(one.trial.block is Block.TRAINING for one in plan)
    ends = [practice] if practice else []
    ends += range(practice + every, len(plan), every) if every else []
    return tuple(ends)


class Asking:
    """The steps of one session.

    Parameters
    ----------
    journal
        Where the answers go; those of earlier runs are read from it.
    plan
        The listener's trials: questions between blocks come where blocks end.
    """

    def __init__(self, panel: FrozenPanel, listener: str, journal: Journal, plan: Sequence[Planned]) -> None:
        self._panel, self._journal = panel, journal
        self._asked = asked_so_far(journal.rows)
        self._steps = Steps(panel.key, listener)
        self._steps.read_back(self._asked)
        self._gates = _gates(plan, panel.definition.breaks.every_trials)
        self._whole = len(plan)
        self._forget()

    def _forget(self) -> None:
        self._reached: dict[int, int] = {}
        self._lengths: dict[int, tuple[int, int]] = {}

    @property
    def closed(self) -> str:
        """Why this listener may not take part; "" otherwise."""
        return self._steps.closed

    def step(self, done: int) -> Step | None:
        """Return what to ask after so many trials, or None."""
        key = self._panel.key
        if done == self._whole:
            return asked_after(key, self._asked)
        if self.closed:
            return None
        return self._steps.current or still_asked(
            key, self._asked, [at for at, gate in enumerate(self._gates, start=1) if gate <= done]
        )

    def was_answered(self, which: Asked) -> bool:
        """Tell whether answers to a step were saved."""
        return which in self._asked

    def level_is_set(self) -> None:
        """Pass over the level if it was ever set: the same sitting goes on."""
        if self.was_answered((StepKind.LEVEL.value, 1, 1)):
            self._steps.level_is_set()

    def block_ends(self, done: int) -> bool:
        """Tell whether a block of trials ends here."""
        return done in self._gates

    def note_setup(self, setup: Mapping[str, str], common: Mapping[str, Cell]) -> None:
        """Save what the session is listened to with (level, headphones), unless it is known already.

        Raises
        ------
        NotSaved
            If it could not be written.
        """
        noted: dict[str, str] = {}
        attempt = 1
        for which, answers in self._asked.items():
            if which[0] == SETUP:
                noted.update({question: answer for question, answer, _ in answers})
                attempt = max(attempt, which[2] + 1)
        told = {name: one_line(said) for name, said in setup.items() if said}
        made = [(name, said, "") for name, said in told.items() if said != noted.get(name)]
        if made:
            about: dict[str, Cell] = {**common, "step": SETUP, "number": 1, "attempt": attempt, "right": ""}
            self._journal.append([{**about, "question": name, "answer": said} for name, said, _ in made])
            self._asked[SETUP, 1, attempt] = made

    # What was heard of a step's sounds

    def sounds(self, step: Step) -> tuple[Signal, ...]:
        """Return a step's sounds, to be played in turn.

        Raises
        ------
        UntrustedPanel
            If one is missing or not what was built.
        """
        # All files of the check are read, in the order of their codes: whoever watches which are opened would
        # know without ears which one plays again, and where.
        of_check = {code for one in sounds_of(self._panel.key, step.kind) for code in one.codes}
        read = {code: self._panel.stimulus_bytes(code) for code in sorted(of_check | set(step.stimuli))}
        made = tuple(self._panel.decode(code, read[code]) for code in step.stimuli)
        self._lengths = {which: (sound.frames, sound.rate) for which, sound in enumerate(made)}
        return made

    def _length(self, step: Step, which: int) -> tuple[int, int]:
        """Return (frames, rate) of one of a step's sounds."""
        if which not in self._lengths:
            self.sounds(step)
        return self._lengths[which]

    def heard(self, step: Step, which: int, start: int, stop: int) -> None:
        """Note that frames `start` to `stop` of one of its sounds were played."""
        if not 0 <= which < len(step.stimuli):
            return
        reached = self._reached.get(which, 0)
        if start <= reached + round(_SLACK_SECONDS * self._length(step, which)[1]):
            self._reached[which] = max(reached, stop)

    def was_heard(self, step: Step) -> bool:
        """Tell whether all its sounds were played to their ends (the level's for two seconds)."""
        for which in range(len(step.stimuli)):
            frames, rate = self._length(step, which)
            wanted = frames - round(_SLACK_SECONDS * rate)
            if step.kind is StepKind.LEVEL:
                wanted = min(wanted, round(_LEVEL_SECONDS * rate))
            if self._reached.get(which, 0) < wanted:
                return False
        return True

    # Answers

    def answer(self, step: Step, answers: Mapping[str, str], common: Mapping[str, Cell]) -> None:
        """Save a step's answers and go on.

        Parameters
        ----------
        common
            What stands in each of the rows besides.

        Raises
        ------
        AnswerMissing
            If something needed was not answered, or its sound was not played.
        NotSaved
            If it could not be written; the step stays.
        """
        if not self.was_heard(step):
            raise AnswerMissing(step.title, "its sound was not heard", "play it first", key="not_played")
        apart = step.kind in (StepKind.BETWEEN, StepKind.AFTER)
        rows = judged(step, answers) if apart else self._steps.judge(answers)
        about = {"step": step.kind.value, "number": step.number, "attempt": step.attempt}
        made = [(question, one_line(given), right) for question, given, right in rows]
        self._journal.append(
            [
                {**common, **about, "question": question, "answer": given, "right": right}
                for question, given, right in made
            ]
        )
        self._asked.setdefault((step.kind.value, step.number, step.attempt), []).extend(made)
        self._forget()
        if not apart:
            self._steps.advance(rows)
