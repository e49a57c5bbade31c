"""When a listener should rest: suggested after a while, insisted on later (P.800: 20 and 45 minutes)."""

from __future__ import annotations

from enum import StrEnum

from gaplisten.panel.parts import BreaksPart


class Advice(StrEnum):
    """What to say about a break between two trials."""

    NONE = "none"
    SUGGEST = "suggest"
    INSIST = "insist"


class BreakClock:
    """Counts time at work; all times are monotonic seconds, so a changed wall clock does not matter."""

    def __init__(self, rules: BreaksPart, now: float) -> None:
        self._rules, self._since = rules, now
        self._resting: float | None = None
        self._suggested = False

    def minutes(self, now: float) -> float:
        """Minutes at work since the start or the last break."""
        return (now - self._since) / 60

    def advice(self, now: float) -> Advice:
        """Return what to say now; a suggestion is made once per stretch of work."""
        worked = self.minutes(now)
        if worked >= self._rules.insist_minutes:
            return Advice.INSIST
        if worked >= self._rules.suggest_minutes and not self._suggested:
            return Advice.SUGGEST
        return Advice.NONE

    def declined(self) -> None:
        """Note that the listener goes on after a suggestion."""
        self._suggested = True

    def rest(self, now: float) -> None:
        """Begin a break."""
        self._resting = now

    def rest_left(self, now: float) -> float:
        """Seconds of rest still wanted (0 when the break may end, or none was begun)."""
        if self._resting is None:
            return 0.0
        return max(0.0, self._rules.rest_minutes * 60 - (now - self._resting))

    def ended(self, now: float) -> None:
        """End the break: work is counted anew."""
        self._since, self._resting, self._suggested = now, None, False
