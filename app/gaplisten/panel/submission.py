"""A whole trial told at once, by a front end that is elsewhere: a page in a browser.

The page notes what the listener does, in order, and sends all of it when the trial is left. It is played back
by the same rules as in the window, as a whole or not at all, and any number of times: who is not sure that
it arrived sends it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from gaplisten.errors import GaplistenError
from gaplisten.panel.columns import PlaybackFacts
from gaplisten.panel.rules import Refusal, Rules, TrialState
from gaplisten.panel.scales import Scale
from gaplisten.panel.trial import WHOLE_TRIAL, Vote, VoteKey
from gaplisten.panel.voting import Voting


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a trial.

    Parameters
    ----------
    slot, scale
        What it is about; `WHOLE_TRIAL` and "" where it is about all of it.
    start, stop
        Frames that were heard, on the clip's clock.
    vote
        For "rate".
    """

    what: Literal["started", "switched", "stopped", "heard", "rate", "undo"]
    slot: int = WHOLE_TRIAL
    start: int = 0
    stop: int = 0
    vote: Vote = 0
    scale: str = ""


@dataclass(frozen=True)
class Submission:
    """What a listener did in one trial, from its being shown to its being left.

    Parameters
    ----------
    trial, ticket
        Which trial of which session (`Session.ticket`).
    events
        In the order in which they happened.
    response_seconds
        From showing the trial to leaving it, by the front end's own monotonic clock.
    late_seconds
        How long ago it was left.
    """

    trial: int
    ticket: str
    events: tuple[Event, ...]
    response_seconds: float
    late_seconds: float = 0.0
    comment: str = ""
    tags: tuple[str, ...] = ()
    playback: PlaybackFacts = field(default_factory=PlaybackFacts)


class Receipt(StrEnum):
    """What became of a submission.

    SAVED: it is on the disk, and the session went on. KNOWN: it was already; nothing was written.
    OTHER: the trial was saved with other votes before; these are kept aside, and count for nothing.
    REFUSED: something is lacking; nothing was written, and the trial stays.
    """

    SAVED = "saved"
    KNOWN = "known"
    OTHER = "other"
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """What is answered to a submission.

    Parameters
    ----------
    refusal
        Why it was refused.
    votes
        Those that the rules took.
    """

    receipt: Receipt
    refusal: Refusal | None = None
    votes: Mapping[VoteKey, Vote] = field(default_factory=dict)


class NotThisTrial(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Votes for a trial that is not the one to be taken now, and was not taken before."""


class Replay(Voting):
    """A trial played back from its beginning, apart from any session.

    Parameters
    ----------
    state
        That of a trial that nobody has touched.
    """

    def __init__(self, state: TrialState, rules: Rules, scales: Mapping[str, Scale]) -> None:
        self.state, self.rules, self.scales = state, rules, scales
        self._undo = []

    def play(self, given: Submission) -> Refusal | None:
        """Go through what happened; return why the trial could not be left then, or None.

        A vote that the rules do not take has no effect, as in the window; where the trial cannot be left for
        want of it, that vote's own refusal is returned.
        """
        refused = next(filter(None, [self._do(event) for event in given.events]), None)
        self.comment(given.comment, given.tags)
        lacking = self.may_go_on()
        unrated = lacking in (Refusal.UNRATED, Refusal.UNRATED_SOME)
        return (refused or lacking) if unrated else lacking

    def _do(self, event: Event) -> Refusal | None:
        slots = range(len(self.state.trial.slots))
        if event.what in ("started", "switched", "heard") and event.slot not in slots:
            return None
        match event.what:
            case "started":
                self.started(event.slot)
            case "switched":
                self.switched(event.slot)
            case "stopped":
                self.stopped()
            case "heard":
                self.heard(event.slot, event.start, event.stop)
            case "rate":
                return self.rate(event.vote, event.slot, event.scale)
            case "undo":
                self.undo()
        return None


def heard_seconds(state: TrialState) -> float:
    """Return for how long all recordings of a trial were heard, in seconds."""
    return sum(one.seconds for one in state.listened)


def same_votes(saved: Sequence[Mapping[str, str]], made: Sequence[Mapping[str, str]]) -> bool:
    """Tell whether rows of a trial say the same, whenever they were written."""
    told = ("position", "scale", "vote", "comment", "tags")

    def said(rows: Sequence[Mapping[str, str]]) -> list[tuple[str, ...]]:
        return sorted(tuple(row.get(name, "") for name in told) for row in rows)

    return said(saved) == said(made)
