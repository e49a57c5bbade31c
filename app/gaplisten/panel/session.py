"""One listener's run through a panel: what is shown now, what may be done, and saving before going on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.durable.locks import FileLock
from gaplisten.errors import GaplistenError
from gaplisten.panel.asking import ANSWERS, Asking
from gaplisten.panel.beginning import begin
from gaplisten.panel.breaks import IDLE_SECONDS, BreakClock, worked_before
from gaplisten.panel.columns import (
    PlaybackFacts,
    Shown,
    utc,
)
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.journal import not_saved, opened_folder
from gaplisten.panel.key import ClipKey
from gaplisten.panel.planned import Planned
from gaplisten.panel.rules import (
    Refusal,
    TrialState,
)
from gaplisten.panel.safety import clean_name
from gaplisten.panel.scales import Scale, texts
from gaplisten.panel.session_files import refuse_renamed
from gaplisten.panel.session_names import session_name
from gaplisten.panel.session_record import SessionRecord
from gaplisten.panel.steps import Asked, Step
from gaplisten.panel.submission import (
    Answer,
    NotThisTrial,
    Receipt,
    Replay,
    Submission,
    heard_seconds,
)
from gaplisten.panel.trial import Block, Trial, Vote, VoteKey
from gaplisten.panel.voting import Voting
from gaplisten.tables import Cell


class NotListed(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A listener that the panel does not expect."""


def _expected_listener(definition: PanelDefinition, listener: str) -> str:
    """Return the listener's name as the panel writes it; any name where the panel has no list."""
    if not definition.listeners:
        return listener
    for name in definition.listeners:
        if name.casefold() == listener.casefold():
            return name
    raise NotListed(
        listener, "the panel has a list of listeners and this is none of them", "check the spelling"
    )


@dataclass(frozen=True)
class Clock:
    """Wall clock for people, monotonic clocks for durations and for time at work; all in seconds."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    work: Callable[[], float] = time.monotonic


def _scaled(sound: Signal, factor: float) -> Signal:
    """Return a sound times a factor; the same samples where that is 1."""
    return sound if factor == 1.0 else Signal(sound.samples * np.float32(factor), sound.rate)


@dataclass(frozen=True)
class Progress:
    """How far the session is; counts the current block only, so that practice does not blur the test."""

    done: int
    total: int


@dataclass(frozen=True)
class Section:
    """One of the parts into which a long panel is cut: about as many trials each, taken in their order.

    Practice belongs to the first. What is asked at the beginning is asked once, the level each time.

    Parameters
    ----------
    number
        1 ... `of`.
    """

    number: int
    of: int

    def bounds(self, plan: Sequence[Planned]) -> tuple[int, int]:
        """Return how many trials of a session are done where it begins, and where it ends."""
        practice = sum(one.trial.block is not Block.TEST for one in plan)
        tests = len(plan) - practice
        begins, ends = (practice + round(at * tests / self.of) for at in (self.number - 1, self.number))
        return (begins if self.number > 1 else 0), ends


class Session(Voting):
    """A listener's session; made by `Session.open`.

    The window shows `step` until it is None, then `trial` until `finished`. While a trial is shown it tells
    what is played (`started`, `switched`, `heard`, `stopped`), gives votes with `rate` (they may be
    changed), and leaves the trial with `next`, which writes the votes and forces them to the disk before
    anything else is shown. There is no way back to an earlier trial. Nothing here names a condition.

    Attributes
    ----------
    scales
        The wording of each scale; of one called "" where there is only one.
    notices
        Sentences for the person who runs the panel (an interrupted run was found, ...).
    breaks
        When to rest.
    """

    def __init__(
        self,
        panel: FrozenPanel,
        listener: str,
        ratings: Path,
        lock: FileLock,
        clock: Clock,
        root: Path,
        section: Section | None = None,
    ) -> None:
        self.panel, self._lock, self._clock = panel, lock, clock
        self._record = SessionRecord(panel, listener, ratings, root)
        self.name = self._record.name
        self.scales: Mapping[str, Scale] = panel.scales
        self.rules = panel.definition.listening_rules()
        self.texts: Mapping[str, str] = texts(panel.definition.language)
        self.section = section or Section(1, 1)
        judged = self._record.judged
        # Names that differ in case only are one listener, called as at the first time.
        self.listener, self._plan = judged.listener, judged.plan
        self._from, self._until = self.section.bounds(self._plan)
        self._asking = Asking(panel, self.listener, self._record.answers, self._plan)
        self._todo = [one for one in self._plan if one.trial.number not in judged.done]
        self.notices = [note for note in (lock.notice,) if note] + self._record.notices
        self.resumed = len(self._todo) < len(self._plan)
        self._show()
        rules = panel.definition.breaks
        self.breaks = BreakClock(rules, clock.work(), *worked_before(judged.rows, rules, self._shown_wall))
        if self.finished:
            self._fill_in()

    def _active(self) -> None:
        self.breaks.active(self._clock.work())

    @classmethod
    def open(
        cls,
        folder: Path | FrozenPanel,
        listener: str,
        *,
        ratings: Path | None = None,
        take_over: bool = False,
        clock: Clock | None = None,
        setup: Mapping[str, str] | None = None,
        section: Section | None = None,
    ) -> Session:
        """Open or resume a listener's session.

        Parameters
        ----------
        folder
            A built panel; the opened one where many sessions share it.
        ratings
            Where the CSV files go; a folder may be shared by machines. The panel's own by default.
        setup
            What is known of the playback, "level" and "headphones", where it differs from what the panel
            says; recorded with the session.
        section
            The part of it that is to be taken now; all of it by default.
        take_over
            Take a session whose lock names another machine (that machine has crashed).

        Raises
        ------
        UntrustedPanel
            If the panel is damaged or the name unusable.
        NotListed
            If the panel lists its listeners and this is none of them.
        Locked
            If the session is open in another window.
        NotSaved
            If nothing can be written to the ratings folder.
        PlanLost, OtherPlan, JournalDamaged
            If the order that the session drew is gone, or the ratings file is not one of this panel and
            listener.
        """
        panel = folder if isinstance(folder, FrozenPanel) else open_panel(folder)
        name = _expected_listener(panel.definition, clean_name(listener, "listener"))
        place, root = ratings or panel.ratings, ratings or panel.folder
        path = place / f"{session_name(panel, name)}.lock"
        try:
            place.mkdir(parents=True, exist_ok=True)
            opened_folder(place / ANSWERS, root).close()  # by no link: something is made in it now
            (place / ANSWERS).mkdir(exist_ok=True)
            opened_folder(place / ANSWERS / path.name, root).close()
            lock = FileLock(path, "the session", take_over=take_over)
        except OSError as error:
            raise not_saved(place, error, "no ratings can be saved here") from error
        try:
            clock = clock or Clock()
            refuse_renamed(panel, path.with_suffix(".csv"), path.stem)
            if panel.key.design > 1:
                begin(panel, name, place, path.stem, clock.wall(), root)
            session = cls(panel, name, place, lock, clock, root, section)
            session._record.clear(root)
            session._note_setup(setup or {})
            return session
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Give the session free for another window; harmless when done twice."""
        self._lock.release()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Steps before the trials

    @property
    def _done(self) -> int:
        return len(self._plan) - len(self._todo)

    @property
    def step(self) -> Step | None:
        """The step to show before the next trial, or after the last; None when there is none."""
        return None if self.section_over or self.section_ahead else self._asking.step(self._done)

    @property
    def section_over(self) -> bool:
        """Whether this section is done, and it is not the last."""
        return self._until < len(self._plan) and self._until <= self._done

    @property
    def section_ahead(self) -> bool:
        """Whether the sections before this one are not done yet."""
        return self._done < self._from

    @property
    def block_ends(self) -> bool:
        """Whether a block of trials has just ended."""
        return self._asking.block_ends(self._done)

    def same_sitting(self) -> None:
        """Note that the listener never left: a session that is opened anew asks for the level again."""
        self._asking.level_is_set()

    def step_sounds(self) -> tuple[Signal, ...]:
        """Return the current step's sounds, to be played in turn.

        Raises
        ------
        UntrustedPanel
            If one is missing or not what was built.
        """
        step = self.step
        return self._asking.sounds(step) if step is not None else ()

    def step_heard(self, which: int, start: int, stop: int) -> None:
        """Note that frames `start` to `stop` of one of the step's sounds were played."""
        self._active()
        if (step := self.step) is not None:
            self._asking.heard(step, which, start, stop)

    @property
    def closed(self) -> str:
        """Why this listener may not take part (a required check failed, no consent); "" otherwise."""
        return self._asking.closed

    def answer(self, answers: Mapping[str, str]) -> None:
        """Save the answers to the current step and go to the next.

        Parameters
        ----------
        answers
            Question name (questionnaire) or the step's kind to the answer.

        Raises
        ------
        AnswerMissing
            If something needed was not answered, or what is asked about was not played.
        NotSaved
            If it could not be written; the step stays.
        """
        step = self.step
        if step is None:
            return
        self._active()
        self._asking.answer(step, answers, self._common())
        self._notice()
        self._show()

    def _common(self) -> dict[str, Cell]:
        return {
            "panel_sha256": self.panel.sha256,
            "session": self.name,
            "listener": self.listener,
            "saved_at": utc(self._clock.wall()),
        }

    def _note_setup(self, setup: Mapping[str, str]) -> None:
        room = self.panel.definition.room
        known = {"level": room.level, "headphones": room.headphones, **setup}
        if any(known.values()) and not self.finished:
            self._asking.note_setup(known, self._common())

    # The trial

    @property
    def finished(self) -> bool:
        """Whether every trial is saved."""
        return not self._todo

    @property
    def trial(self) -> Trial | None:
        """The screen to show; None before the steps are done and after the end."""
        if self.finished or self.closed or self.section_over or self.section_ahead or self.step is not None:
            return None
        return self._todo[0].trial

    @property
    def scale(self) -> Scale:
        """The wording of the only scale, or of the one that is asked first."""
        first = self._todo[0].trial.scales[0] if self._todo else next(iter(self.scales))
        return self.scales[first]

    @property
    def progress(self) -> Progress:
        """How many trials of the section's current block are done (of the test, after the end)."""
        block = self._todo[0].trial.block if self._todo else self._plan[-1].trial.block
        own = [one.trial.block is block for one in self._plan[self._from : self._until]]
        return Progress(sum(own[: max(0, self._done - self._from)]), sum(own))

    @property
    def clip(self) -> ClipKey:
        """Clock, length and gain of the current trial's sounds."""
        return self.panel.key.clip_of[self._todo[0].clip]

    @property
    def gain(self) -> float:
        """The one linear gain of the current clip, for all its stimuli."""
        return self.clip.gain

    def sounds(self) -> tuple[Signal, ...]:
        """Return the current trial's sounds, one for each slot, verified; equal in length, rate and start.

        Where a slot plays another clip (`Trial.separate`) lengths differ, and that sound comes with the
        difference of the two clips' gains: `gain` brings both to the panel's level.

        Raises
        ------
        UntrustedPanel
            If a stimulus is missing or not what was built.
        """
        codes = [slot.stimulus for slot in self._todo[0].trial.slots]
        # In the order of their codes, which is none: somebody may watch which files are read.
        sounds = {code: self.panel.read(code) for code in sorted(set(codes))}
        return tuple(
            _scaled(sounds[code], clip.gain / self.gain) for code, clip in zip(codes, self.clips, strict=True)
        )

    def _show(self) -> None:
        self._shown_wall, self._shown = self._clock.wall(), self._clock.monotonic()
        self._undo: list[dict[VoteKey, Vote]] = []
        if not self.finished:
            self.state = self._fresh(self._todo[0].trial)

    def _fresh(self, trial: Trial) -> TrialState:
        clips = self._clips_of(trial)
        lengths = tuple(clip.frames for clip in clips)
        same = lengths if len(set(lengths)) > 1 else ()
        return TrialState.fresh(trial, max(lengths), clips[0].rate, same)

    def _clips_of(self, trial: Trial) -> list[ClipKey]:
        key = self.panel.key
        return [key.clip_of[key.by_code[slot.stimulus].clip] for slot in trial.slots]

    @property
    def clips(self) -> tuple[ClipKey, ...]:
        """Clock, length and gain of each slot's clip: the same one, but in `Trial.separate`."""
        return tuple(self._clips_of(self._todo[0].trial))

    def shown(self) -> None:
        """Note that the trial is on the screen now: response times count from here."""
        self._shown_wall, self._shown = self._clock.wall(), self._clock.monotonic()

    def next(self, playback: PlaybackFacts | None = None) -> Refusal | None:
        """Save the trial's votes, then go to the next trial; return why that is not possible yet, or None.

        Raises
        ------
        NotSaved
            If the votes could not be written. The trial stays, with its votes; try again.
        """
        if self.trial is None:
            return None
        self._active()
        refusal = self.may_go_on()
        if refusal is not None:
            return refusal
        duration = self._clock.monotonic() - self._shown
        self._leave(Shown(self._shown_wall, self._clock.wall(), duration), playback or PlaybackFacts())
        return None

    def _leave(self, shown: Shown, playback: PlaybackFacts) -> None:
        """Save the trial's votes, then go to the next trial."""
        self._record.append(self._record.rows(self._todo[0], self.state, self.scales, shown, playback))
        self._notice()
        self._todo = self._todo[1:]
        self._show()
        if self.finished:
            self._fill_in()

    def _notice(self) -> None:
        self.notices += [note for note in self._record.notices if note not in self.notices]

    def _fill_in(self) -> None:
        if problem := self._record.fill_in():
            self.notices.append(problem)

    # A whole trial at once, from elsewhere

    @property
    def ticket(self) -> str:
        """What the current trial is called by a page that sends its votes: the same in each opening.

        It tells nothing about the trial, nor whether another listener has the same.
        """
        return self._ticket(self._todo[0])

    def _ticket(self, planned: Planned) -> str:
        code = planned.code(self.panel.key.trial_salt)
        text = f"{self.panel.key.trial_salt}\x1f{self.name}\x1f{code}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def rate_of(self, number: int) -> int | None:
        """Return the clock of a trial's sounds, be it taken already or not, in Hz; None if there is none."""
        planned = self._planned(number)
        return self._clips_of(planned.trial)[0].rate if planned else None

    def _planned(self, number: int) -> Planned | None:
        return self._plan[number - 1] if 1 <= number <= len(self._plan) else None

    def submit(self, given: Submission) -> Answer:
        """Play back a whole trial and save it; the same one any number of times, and it is saved once.

        Raises
        ------
        NotThisTrial
            If it is not this session's, or not its turn.
        NotSaved
            If it could not be written. The trial stays, untouched; submit it again.
        """
        number = given.trial
        planned = self._planned(number)
        now = self.trial
        if planned is None or given.ticket != self._ticket(planned):
            raise NotThisTrial("the votes", "they are of another session", "open the test anew")
        done = all(planned is not one for one in self._todo)
        if not done and (now is None or now.number != number):
            fact = f"trial {number} is not to be taken now"
            raise NotThisTrial("the votes", fact, "open the test anew")
        replay = Replay(self._fresh(planned.trial), self.rules, self.scales)
        refusal = replay.play(given)
        wall = self._clock.wall()
        shown = Shown(wall - given.late_seconds - given.response_seconds, wall, given.response_seconds)
        if refusal is not None:
            return Answer(Receipt.REFUSED, refusal, replay.state.votes)
        if done:
            rows = self._record.rows(planned, replay.state, self.scales, shown, given.playback)
            return Answer(self._record.compare(number, rows))
        worked = min(given.response_seconds, 2 * heard_seconds(replay.state) + IDLE_SECONDS)
        before, self.state = self.state, replay.state
        try:
            self._leave(shown, given.playback)
        except BaseException:
            self.state = before
            raise
        self.breaks.worked(worked, self._clock.work())
        return Answer(Receipt.SAVED, votes=replay.state.votes)

    def submit_step(
        self, which: Asked, heard: Sequence[tuple[int, int, int]], answers: Mapping[str, str]
    ) -> Receipt:
        """Answer a step as `answer` does; the same one any number of times, and it is saved once.

        Parameters
        ----------
        which
            The step's kind, number and attempt.
        heard
            What was played of its sounds: which, start, stop, on each sound's clock.

        Raises
        ------
        AnswerMissing, NotSaved
            As `answer`.
        NotThisTrial
            If it is not its turn.
        """
        step = self.step
        if step is None or (step.kind.value, step.number, step.attempt) != which:
            if self._asking.was_answered(which):
                return Receipt.KNOWN
            raise NotThisTrial("the answer", "it is to another question", "open the test anew")
        for one in heard:
            self.step_heard(*one)
        self.answer(answers)
        return Receipt.SAVED

    @property
    def moved(self) -> Path | None:
        """Where the ratings go on when their own folder was gone (`go_on_at`); None otherwise."""
        return self._record.moved

    def votes_told(self) -> list[dict[str, str]]:
        """Return the rows of all trials with what was sealed filled in; none before the end."""
        return self._record.unsealed() if self.finished else []

    def go_on_at(self, path: Path) -> None:
        """Write all ratings saved so far to another file, and go on writing there: the folder has vanished.

        The votes on the screen stay; `next` then saves them in the new place.

        Raises
        ------
        NotSaved
            If that is not possible either, or something else lies there. The session goes on as before.
        """
        self._record.go_on_at(path)
        self._notice()
