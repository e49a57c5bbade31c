"""A listener's seat at the server: the session behind a link, what its page is shown, one page at a time.

Everything here blocks (it reads sounds and waits for the disk) and is called for one seat by one thread at a
time; `server` sees to that.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gaplisten.durable.locks import Locked
from gaplisten.panel.beginning import Crowded
from gaplisten.panel.breaks import Advice
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import NotSaved
from gaplisten.panel.reading import TextTable
from gaplisten.panel.results.screening import failed_checks
from gaplisten.panel.results.votes import votes_of
from gaplisten.panel.safety import UntrustedPanel
from gaplisten.panel.scales import texts
from gaplisten.panel.session import NotListed, Section, Session
from gaplisten.panel.session_files import SessionRead
from gaplisten.panel.steps import AnswerMissing
from gaplisten.panel.submission import NotThisTrial, Receipt
from gaplisten.panel.telling import told
from gaplisten.panel.trial import Block
from gaplisten.panel.web_sounds import WEB_RATE, WebSounds
from gaplisten.web import screens
from gaplisten.web.links import Link
from gaplisten.web.received import SentStep, SentTrial, own_frame
from gaplisten.web.screens import Screen, Told


@dataclass(frozen=True)
class Hall:
    """What all seats share.

    Parameters
    ----------
    done
        Where listeners go at the end: an address, or a code to copy. One for all sections, or one for each.
    screened_out
        The same for those who may not take part.
    failed
        The same for who came to the end but failed checks, by the rule of `panel results`; `done` if "".
    frames
        The sites in whose frames the page may be shown, and to which it sends there that it is done.
    """

    panel: FrozenPanel
    ratings: Path | None
    sounds: WebSounds
    done: Sequence[str] = ()
    screened_out: str = ""
    failed: str = ""
    frames: Sequence[str] = ()
    monotonic: Callable[[], float] = field(default=time.monotonic)


class Elsewhere(Exception):  # noqa: N818 - reads as the fact it is
    """The test was opened in another page since."""


@dataclass(frozen=True)
class Reply:
    """What a page is answered.

    Parameters
    ----------
    status
        Of HTTP.
    """

    status: int
    told: Told


@dataclass(frozen=True)
class Sending:
    """A sound on its way to a page, of so many bytes in all."""

    length: int
    pieces: Iterator[bytes]


class Seat:
    """One link's seat.

    Attributes
    ----------
    link
        The listener's.
    used
        When anything was last asked of it, by the hall's monotonic clock.
    """

    def __init__(self, hall: Hall, link: Link, sections: int = 1) -> None:
        self._hall, self.link = hall, link
        self._section = Section(link.section, max(sections, link.section))
        self._words = texts(hall.panel.definition.language)
        self._tab = ""
        self._session: Session | None = None
        self._screen = Screen({})
        self._resting: Advice | None = None
        self._rest_text = ""
        self._block: Block | None = None
        self._notes: list[str] = []
        self.used = hall.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether its session is open."""
        return self._session is not None

    def close(self) -> None:
        """Let the session go; it is opened again when something is asked of the seat."""
        if self._session is not None:
            self._session.close()
            self._session = None

    # --- what a page asks -------------------------------------------------------------------------------

    def open(self) -> Reply:
        """Begin, or go on, in a new page; the page that was open before gets no further."""
        self.used = self._hall.monotonic()
        self._tab = secrets.token_hex(16)
        self._block, self._notes = None, []
        self.close()  # what changed on the disk meanwhile (somebody took it at a desk) is read anew
        session = self._opened()
        if session.resumed and not session.finished:
            progress = session.progress
            self._notes.append(self._words["resumed"].format(number=progress.done + 1, total=progress.total))
        advice = Advice.NONE if session.finished else session.breaks.advice()
        if advice is Advice.INSIST:
            self._rest(session, advice)
        words = {name: text for name, text in self._words.items() if not name.startswith("error_")}
        screen = self._next(session)
        return Reply(200, {"tab": self._tab, "words": words, "screen": screen})

    def trial(self, tab: str, sent: SentTrial) -> Reply:
        """Save a whole trial.

        Raises
        ------
        Elsewhere
            If the test is open in another page.
        NotSaved, UntrustedPanel
            If it cannot be: the page keeps its votes and sends them again.
        """
        session = self._asked_by(tab)
        rate = session.rate_of(sent.trial) or WEB_RATE
        try:
            answer = session.submit(sent.submission(rate, list(session.panel.definition.tags)))
        except NotThisTrial:
            return Reply(409, {"other": False, "text": self._words["web_not_this_trial"]})
        if answer.receipt is Receipt.REFUSED:
            assert answer.refusal is not None
            votes = [[slot, scale, vote] for (slot, scale), vote in answer.votes.items()]
            text = self._words[answer.refusal.value]
            return Reply(422, {"refusal": answer.refusal.value, "text": text, "votes": votes})
        if answer.receipt is Receipt.OTHER:
            return Reply(409, {"other": True, "text": self._words["web_kept_aside"]})
        if answer.receipt is Receipt.SAVED:
            self._after_trial(session)
        return Reply(200, {"receipt": answer.receipt.value, "screen": self._next(session)})

    def step(self, tab: str, sent: SentStep) -> Reply:
        """Save the answers to a step.

        Raises
        ------
        Elsewhere, NotSaved, UntrustedPanel
            As for `trial`.
        """
        session = self._asked_by(tab)
        try:
            receipt = session.submit_step(
                (sent.step, sent.number, sent.attempt), self._heard(session, sent), sent.answers
            )
        except AnswerMissing as error:
            return Reply(422, {"refusal": "", "text": told(error, self._words), "votes": []})
        except NotThisTrial:
            return Reply(409, {"other": False, "text": self._words["web_not_this_trial"]})
        return Reply(200, {"receipt": receipt.value, "screen": self._next(session)})

    def go_on(self, tab: str) -> Reply:
        """Leave a page that only tells something, or a break if it is over.

        Raises
        ------
        Elsewhere, UntrustedPanel
            As for `trial`.
        """
        session = self._asked_by(tab)
        now = self._hall.monotonic()
        if self._resting is Advice.INSIST and session.breaks.rest_left(now) <= 0:
            session.breaks.ended(now)
            self._resting = None
        elif self._resting is Advice.SUGGEST:
            session.breaks.declined()
            self._resting = None
        elif self._resting is None and self._notes:
            self._notes.pop(0)
        return Reply(200, {"screen": self._next(session)})

    def sound(self, name: str) -> Sending | None:
        """Return a sound of the screen that is shown now; None if it has none of that name.

        Raises
        ------
        UntrustedPanel
            If it is not what was made.
        """
        self.used = self._hall.monotonic()
        sound = self._screen.sounds.get(name)
        if sound is None:
            return None
        found = self._hall.sounds.to_send(sound.code)
        return Sending(len(found.data), found.as_sent(sound.gain))

    # --- the session ------------------------------------------------------------------------------------

    def _opened(self) -> Session:
        if self._session is None:
            hall = self._hall
            setup = {f"url_{name.lower()}": said for name, said in self.link.parameters.items()}
            if self._section.of > 1:
                setup["section"] = f"{self._section.number} of {self._section.of}"
            self._session = Session.open(
                hall.panel, self.link.listener, ratings=hall.ratings, setup=setup, section=self._section
            )
        return self._session

    def _asked_by(self, tab: str) -> Session:
        self.used = self._hall.monotonic()
        if not self._tab and tab:
            self._tab = tab  # the server was started anew; the page that stood open goes on
        if not tab or tab != self._tab:
            raise Elsewhere
        reopened = self._session is None
        session = self._opened()
        if reopened:  # the server was started anew, or closed an idle session: the page knows nothing of it
            session.same_sitting()
        return session

    def _heard(self, session: Session, sent: SentStep) -> list[tuple[int, int, int]]:
        """Return what was heard of the step's sounds, each on its own clock."""
        if not sent.heard:
            return []
        rates = [sound.rate for sound in session.step_sounds()]
        return [
            (which, own_frame(start, rates[which]), own_frame(stop, rates[which]))
            for which, start, stop in sent.heard
            if 0 <= which < len(rates)
        ]

    # --- what is shown ----------------------------------------------------------------------------------

    def _after_trial(self, session: Session) -> None:
        if session.finished or session.section_over:
            return
        advice = session.breaks.advice()
        if advice is not Advice.NONE:
            self._rest(session, advice)
        elif session.block_ends and self._block is Block.TEST:
            self._rest(session, Advice.SUGGEST, self._words["block_over"])

    def _rest(self, session: Session, advice: Advice, text: str = "") -> None:
        self._resting, self._rest_text = advice, text
        if advice is Advice.INSIST:
            session.breaks.rest(self._hall.monotonic())

    def _next(self, session: Session) -> Told:
        """Return what the page shows now."""
        self._screen = self._made(session)
        if self._screen.told["kind"] == "end":
            self.close()  # another link of the listener, or a desk, may go on
        return self._screen.told

    def _made(self, session: Session) -> Screen:
        words, hall = self._words, self._hall
        if session.closed:
            return self._end(session.closed, hall.screened_out, "screened_out")
        if session.section_ahead:
            text = words["web_section_ahead"].format(number=self._section.number)
            return screens.end_screen(text, "")
        if session.section_over:
            text = words["web_section_over"].format(number=self._section.number, total=self._section.of)
            return self._end(text, self._done(), "done")
        if self._resting is not None:
            return screens.break_screen(session, self._resting, self._rest_text, hall.monotonic())
        if self._notes:
            return screens.message_screen(self._notes[0], words["continue"])
        if session.step is not None:
            return screens.step_screen(session)
        trial = session.trial
        if trial is None:
            failed = self._has_failed(session)
            way = hall.failed if failed and hall.failed else self._done()
            return self._end(words["finished"], way, "failed" if failed else "done")
        before, self._block = self._block, trial.block
        if before is not trial.block and (note := self._about_block(session, before, trial.block)):
            self._notes.append(note)
            return screens.message_screen(note, words["begin"])
        return screens.trial_screen(session)

    def _done(self) -> str:
        ways = self._hall.done
        return ways[min(self._section.number, len(ways)) - 1] if ways else ""

    def _end(self, text: str, way: str, how: str) -> Screen:
        """Return the last page; in a platform's frame it is told to the platform, too."""
        said = self.link.parameters
        to = said.get("turkSubmitTo", "").rstrip("/")
        form = None
        if to in self._hall.frames and "assignmentId" in said:
            fields = {"assignmentId": said["assignmentId"], "gaplisten": way or how}
            form = {"action": f"{to}/mturk/externalSubmit", "fields": fields}
        return screens.end_screen(text, way, form)

    def _has_failed(self, session: Session) -> bool:
        panel = self._hall.panel
        told = TextTable.of(session.votes_told())
        votes = votes_of(panel, [SessionRead(session.listener, told, (None,) * len(told))])
        return bool(failed_checks(votes, panel.definition.method))

    def _about_block(self, session: Session, before: Block | None, block: Block) -> str:
        if before is Block.TRAINING:
            return self._words["training_over"]
        if block is not Block.TRAINING:
            return ""
        own = session.panel.definition.training.text
        return own or f"{self._words['training']}\n\n{session.scale.instruction}"


_SAID = (
    (NotSaved, "web_not_saved"),
    (UntrustedPanel, "web_panel_damaged"),
    (Crowded, "web_crowded"),
    (Locked, "web_open_already"),
    (NotListed, "web_not_listed"),
)


def said_of(error: Exception, words: Mapping[str, str]) -> str:
    """Return what a page tells of an error, in the panel's language; no path and no name is in it."""
    return next((words[key] for kind, key in _SAID if isinstance(error, kind)), words["web_failed"])
