"""What a listener may do now, and why not: the window shows it, the rules are here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gaplisten.panel.scales import Scale
from gaplisten.panel.trial import WHOLE_TRIAL, Response, Trial, Vote, VoteKey

# What polling a playing position leaves out between two looks is no part left unheard.
_JOIN_SECONDS = 0.15
_END_SECONDS = 0.15


class Heard(StrEnum):
    """How much must be heard before a rating."""

    NOTHING = "nothing"
    ONCE = "once"
    END = "end"


class Refusal(StrEnum):
    """Why something may not be done now; the value is the key of its text in `scales.texts`."""

    PLAY_LIMIT = "refused_play_limit"
    NOT_HEARD = "refused_not_heard"
    NOT_TO_END = "refused_not_to_end"
    NOT_PLAYING = "refused_not_playing"
    ALL_HEARD = "refused_all_heard"
    ALL_TO_END = "refused_all_to_end"
    UNRATED = "refused_unrated"
    UNRATED_SOME = "refused_unrated_some"
    NOT_RATED_SLOT = "refused_not_rated_slot"
    BAD_VALUE = "refused_bad_value"
    NO_HUNDRED = "refused_no_hundred"


@dataclass(frozen=True)
class Rules:
    """What a panel asks of its listeners.

    Parameters
    ----------
    heard
        How much of every slot must be heard before rating (single and in-turn methods) or going on
        (switched ones).
    max_plays
        How often one slot may be started; None for as often as wanted.
    need_hundred
        MUSHRA with reference: one slot must get 100 before going on (the standard has it as an instruction
        only).
    """

    heard: Heard = Heard.END
    max_plays: int | None = None
    need_hundred: bool = False


Spans = tuple[tuple[int, int], ...]


def _joined(spans: Spans, start: int, stop: int, slack: int) -> Spans:
    kept = []
    for first, last in spans:
        if last + slack < start or first > stop + slack:
            kept.append((first, last))
        else:
            start, stop = min(start, first), max(stop, last)
    return tuple(sorted([*kept, (start, stop)]))


@dataclass(frozen=True)
class Listening:
    """What was played of one slot: how often started, which frames, for how many seconds."""

    plays: int = 0
    spans: Spans = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class TrialState:
    """Everything that happened on one screen so far; each change makes a new one.

    Parameters
    ----------
    frames, rate
        Length of the trial's stimuli (of the longest) and their clock.
    playing
        Index of the slot that sounds now; None in silence.
    votes
        What was touched: (slot, scale) to value. An untouched slider has no entry.
    lengths
        Of each slot, where they are not all the same.
    """

    trial: Trial
    frames: int
    rate: int
    listened: tuple[Listening, ...]
    playing: int | None = None
    votes: Mapping[VoteKey, Vote] = field(default_factory=dict)
    comment: str = ""
    tags: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()

    @classmethod
    def fresh(cls, trial: Trial, frames: int, rate: int, lengths: tuple[int, ...] = ()) -> TrialState:
        """Return the state of a screen nobody has touched."""
        return cls(trial, frames, rate, (Listening(),) * len(trial.slots), lengths=lengths)

    def length(self, slot: int) -> int:
        """Return how many frames a slot has."""
        return self.lengths[slot] if self.lengths else self.frames

    def _with(self, slot: int, listening: Listening) -> tuple[Listening, ...]:
        return (*self.listened[:slot], listening, *self.listened[slot + 1 :])

    def started(self, slot: int) -> TrialState:
        """Count one start of `slot`, which now sounds."""
        was = self.listened[slot]
        return replace(self, playing=slot, listened=self._with(slot, replace(was, plays=was.plays + 1)))

    def switched(self, slot: int) -> TrialState:
        """`slot` sounds now, at the same running position; it counts as started when it was silent so far."""
        if self.listened[slot].plays == 0:
            return self.started(slot)
        return replace(self, playing=slot)

    def stopped(self) -> TrialState:
        """Nothing sounds now."""
        return replace(self, playing=None)

    def heard(self, slot: int, start: int, stop: int) -> TrialState:
        """Note that frames `start` to `stop` of `slot` were played: it is what sounds, in turn too."""
        start, stop = max(0, start), min(self.length(slot), stop)
        if stop <= start:
            return self
        was = self.listened[slot]
        spans = _joined(was.spans, start, stop, round(_JOIN_SECONDS * self.rate))
        seconds = was.seconds + (stop - start) / self.rate
        listened = self._with(slot, replace(was, spans=spans, seconds=seconds))
        return replace(self, playing=slot, listened=listened)

    def voted(self, slot: int, vote: Vote, scale: str = "") -> TrialState:
        """Note a vote; it may be changed until the trial is left.

        Where each scale is rated after a hearing of its own, the next one is to be heard again.
        """
        state = replace(self, votes={**self.votes, (slot, scale): vote})
        if not self.trial.hear_each or (slot, scale) in self.votes or not _unrated(state):
            return state
        return replace(state, listened=tuple(replace(one, spans=()) for one in self.listened))

    def commented(self, text: str, tags: tuple[str, ...]) -> TrialState:
        """Note the listener's own words and the tags chosen."""
        return replace(self, comment=text, tags=tags)

    def heard_whole(self, slot: int) -> bool:
        """Tell whether all of `slot` was played, in whatever order."""
        slack = round(_END_SECONDS * self.rate)
        spans = self.listened[slot].spans
        return len(spans) == 1 and spans[0][0] <= slack and spans[0][1] >= self.length(slot) - slack

    @property
    def touched(self) -> bool:
        """Whether the listener has voted at all on this screen."""
        return bool(self.votes)


def _unrated(state: TrialState) -> tuple[VoteKey, ...]:
    return tuple(key for key in state.trial.wanted_votes if key not in state.votes)


def may_play(state: TrialState, rules: Rules, slot: int) -> Refusal | None:
    """Return why `slot` may not be started, or None.

    What must be heard may be played until it was heard, and what can be rated only while it plays until it
    was rated: a slot that began in the middle by switching, or whose sound broke off, would otherwise shut
    the listener in.
    """
    if rules.max_plays is None or state.listened[slot].plays < rules.max_plays:
        return None
    unrated = any(slot == one for one, _ in _unrated(state))
    return None if unrated or _unheard(state, rules, (slot,)) is not None else Refusal.PLAY_LIMIT


def may_restart(state: TrialState, rules: Rules, slot: int) -> Refusal | None:
    """Return why `slot` may not be started anew while it can still be heard to its end, or None."""
    if rules.max_plays is None or state.listened[slot].plays < rules.max_plays:
        return None
    return Refusal.PLAY_LIMIT


def _unheard(state: TrialState, rules: Rules, slots: tuple[int, ...]) -> Refusal | None:
    many = len(state.trial.slots) > 1
    if rules.heard is not Heard.NOTHING and any(not state.listened[slot].spans for slot in slots):
        return Refusal.ALL_HEARD if many else Refusal.NOT_HEARD
    if rules.heard is Heard.END and any(not state.heard_whole(slot) for slot in slots):
        return Refusal.ALL_TO_END if many else Refusal.NOT_TO_END
    return None


def _every(state: TrialState) -> tuple[int, ...]:
    return tuple(range(len(state.trial.slots)))


def may_rate(state: TrialState, rules: Rules, slot: int = WHOLE_TRIAL, scale: str = "") -> Refusal | None:
    """Return why a vote may not be given now, or None.

    Sliders and grades: only the slot that is playing (BS.1534-3). One vote for the trial, and places: after
    the must-hear rule is met; with switching, as soon as every slot has been heard at all.
    """
    if (slot, scale) not in state.trial.wanted_votes:
        return Refusal.NOT_RATED_SLOT
    if state.trial.hear_each and (slot, scale) in state.votes:
        return None  # it was heard before it was rated at first
    if slot != WHOLE_TRIAL and state.trial.response is not Response.PLACES:
        return None if state.playing == slot else Refusal.NOT_PLAYING
    if state.trial.switched and rules.heard is Heard.END:
        rules = replace(rules, heard=Heard.ONCE)
    return _unheard(state, rules, _every(state))


def check_place(state: TrialState, slot: int, vote: Vote) -> Refusal | None:
    """Return why a recording may not get this place, or None: only the last one that is free is given."""
    if state.trial.response is not Response.PLACES:
        return None
    free = len(_unrated(state))
    return None if vote == free and (slot, "") not in state.votes else Refusal.BAD_VALUE


def last_left(state: TrialState) -> int | None:
    """Return the slot that is left when all others have a place: the best; None while there are more."""
    left = _unrated(state)
    return left[0][0] if state.trial.response is Response.PLACES and len(left) == 1 else None


def check_vote(scale: Scale, vote: Vote) -> Refusal | None:
    """Return why `vote` is no value of the scale, or None."""
    return None if scale.accepts(vote) else Refusal.BAD_VALUE


def may_go_on(state: TrialState, rules: Rules) -> Refusal | None:
    """Return why the trial may not be left yet, or None."""
    unheard = _unheard(state, rules, _every(state))
    if unheard is not None:
        return unheard
    if _unrated(state):
        slots = {slot for slot, _ in state.trial.wanted_votes}
        return Refusal.UNRATED_SOME if len(slots) > 1 else Refusal.UNRATED
    if rules.need_hundred and not any(vote == 100 for vote in state.votes.values()):
        return Refusal.NO_HUNDRED
    return None


def lacking(state: TrialState, rules: Rules) -> tuple[int, ...]:
    """Return the slots for whose sake `may_go_on` refuses: not heard yet; or else not rated yet."""
    refusal = may_go_on(state, rules)
    if refusal is Refusal.UNRATED_SOME:
        return tuple(dict.fromkeys(slot for slot, _ in _unrated(state)))
    return tuple(slot for slot in _every(state) if refusal and _unheard(state, rules, (slot,)) is refusal)
