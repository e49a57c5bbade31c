"""What a listener does in the trial that is shown: hear, vote, take back; nothing of it is saved yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gaplisten.panel.rules import (
    Refusal,
    Rules,
    TrialState,
    check_place,
    check_vote,
    last_left,
    may_go_on,
    may_play,
    may_rate,
    may_restart,
)
from gaplisten.panel.scales import Scale
from gaplisten.panel.trial import WHOLE_TRIAL, Vote, VoteKey


class Voting:
    """The trial at hand, as far as it was heard and voted on.

    Attributes
    ----------
    state
        What was heard and voted.
    rules
        What must have been heard.
    scales
        The wording of each scale; of one called "" where there is only one.
    """

    state: TrialState
    rules: Rules
    scales: Mapping[str, Scale]
    _undo: list[dict[VoteKey, Vote]]

    def _active(self) -> None:
        """Note that the listener is at work."""

    def may_play(self, slot: int) -> Refusal | None:
        """Return why a slot may not be started, or None."""
        return may_play(self.state, self.rules, slot)

    def may_restart(self, slot: int) -> Refusal | None:
        """Return why a slot may not be started anew in its middle, or None."""
        return may_restart(self.state, self.rules, slot)

    def started(self, slot: int) -> None:
        """Note that a slot was started and sounds now."""
        self._active()
        self.state = self.state.started(slot)

    def switched(self, slot: int) -> None:
        """Note that another slot sounds now, at the same running position."""
        self._active()
        self.state = self.state.switched(slot)

    def stopped(self) -> None:
        """Note that nothing sounds now."""
        self._active()
        self.state = self.state.stopped()

    def heard(self, slot: int, start: int, stop: int) -> None:
        """Note that frames `start` to `stop` of a slot were played (tell it at every look at the player)."""
        self._active()
        self.state = self.state.heard(slot, start, stop)

    def may_rate(self, slot: int = WHOLE_TRIAL, scale: str = "") -> Refusal | None:
        """Return why a vote may not be given now, or None."""
        return may_rate(self.state, self.rules, slot, scale)

    def rate(self, vote: Vote, slot: int = WHOLE_TRIAL, scale: str = "") -> Refusal | None:
        """Give or change a vote; return why it was not taken, or None.

        Parameters
        ----------
        slot
            For sliders, grades and places the slot's index; `WHOLE_TRIAL` for a category or a choice. The
            place to give is the last one that is free; the one who is left gets the first by itself.
        scale
            One of `trial.scales`; "" where the method has one scale.
        """
        self._active()
        words = self.scales.get(scale)
        refusal = check_vote(words, vote) if words is not None else Refusal.NOT_RATED_SLOT
        refusal = refusal or self.may_rate(slot, scale) or check_place(self.state, slot, vote)
        if refusal is None:
            self._undo.append(dict(self.state.votes))
            self.state = self.state.voted(slot, vote, scale)
            best = last_left(self.state)
            if best is not None:
                self.state = self.state.voted(best, 1, scale)
        return refusal

    def undo(self) -> bool:
        """Take back the last vote of this trial (not of earlier ones); tell whether there was one."""
        if not self._undo:
            return False
        self.state = replace(self.state, votes=self._undo.pop())
        return True

    def comment(self, text: str, tags: Sequence[str] = ()) -> None:
        """Note a comment and artefact tags for the trial; saved with the votes."""
        self._active()
        self.state = self.state.commented(text[:2000], tuple(tags))

    def may_go_on(self) -> Refusal | None:
        """Return why the trial may not be left yet, or None."""
        return may_go_on(self.state, self.rules)
