"""When a listener should rest: suggested after a while, insisted on later (P.800: 20 and 45 minutes).

What counts is time at work: a listener who does nothing and hears nothing for a while does not listen, and
one who was away for as long as a break has had it, whether the window stood open or was closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from gaplisten.panel.parts import BreaksPart
from gaplisten.panel.reading import Row

IDLE_SECONDS = 30.0  # so long after the last sound or touch a listener counts as listening


class Advice(StrEnum):
    """What to say about a break between two trials."""

    NONE = "none"
    SUGGEST = "suggest"
    INSIST = "insist"


class BreakClock:
    """Counts time at work; all times are monotonic seconds, so a changed wall clock does not matter.

    Parameters
    ----------
    worked
        Seconds at work since the last break, from an earlier run of the session (`worked_before`).
    away
        Seconds since that run: a break that was begun then goes on.
    """

    def __init__(self, rules: BreaksPart, now: float, worked: float = 0.0, away: float = 0.0) -> None:
        self._rules, self._last = rules, now
        self._worked, self._away = worked, away
        self._resting: float | None = None
        self._suggested = False

    def active(self, now: float) -> None:
        """Note that something sounds, or that the listener does something."""
        quiet, self._last = now - self._last, now
        if quiet >= self._rules.rest_minutes * 60 > 0:
            self.ended(now)
        else:
            self._worked += min(max(quiet, 0.0), IDLE_SECONDS)

    def worked(self, seconds: float, now: float) -> None:
        """Note a stretch of work that was told afterwards, of so many seconds, and that it ends now."""
        if now - self._last - seconds >= self._rules.rest_minutes * 60 > 0:
            self.ended(now)
        self._worked += seconds
        self._last = now

    def minutes(self) -> float:
        """Minutes at work since the start or the last break."""
        return self._worked / 60

    def advice(self) -> Advice:
        """Return what to say now; a suggestion is made once per stretch of work."""
        if self.minutes() >= self._rules.insist_minutes:
            return Advice.INSIST
        if self.minutes() >= self._rules.suggest_minutes and not self._suggested:
            return Advice.SUGGEST
        return Advice.NONE

    def declined(self) -> None:
        """Note that the listener goes on after a suggestion."""
        self._suggested = True

    def rest(self, now: float) -> None:
        """Begin a break, or go on with one during which the window was closed."""
        self._resting, self._away = now - self._away, 0.0

    def rest_left(self, now: float) -> float:
        """Seconds of rest still wanted (0 when the break may end, or none was begun)."""
        if self._resting is None:
            return 0.0
        return max(0.0, self._rules.rest_minutes * 60 - (now - self._resting))

    def ended(self, now: float) -> None:
        """End the break: work is counted anew."""
        self._worked, self._last, self._away = 0.0, now, 0.0
        self._resting, self._suggested = None, False


def _moment(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _heard(row: Row) -> float:
    """Return for how long all recordings of a trial were heard, in seconds."""
    try:
        return sum(float(one.partition(":")[2]) for one in row["seconds_per_slot"].split("|"))
    except ValueError:
        return 0.0


def _number(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


def worked_before(rows: Iterable[Row], rules: BreaksPart, wall: float) -> tuple[float, float]:
    """Return (seconds at work since the last break, seconds since then) from the ratings of a session.

    Parameters
    ----------
    rows
        In the order in which they were given.
    wall
        The time now, in seconds since 1970. A clock that was set back makes no break of it.
    """
    worked, before = 0.0, None
    rest = rules.rest_minutes * 60
    trial = ""
    for row in rows:
        if row["trial"] == trial:
            continue
        trial = row["trial"]
        shown, saved = _moment(row["shown_at"]), _moment(row["saved_at"])
        if before is not None and shown is not None and shown - before >= rest > 0:
            worked = 0.0
        worked += min(_number(row["response_seconds"]), 2 * _heard(row) + IDLE_SECONDS)
        before = saved
    away = max(0.0, wall - before) if before is not None else 0.0
    return (0.0, 0.0) if away >= rest > 0 else (worked, away)
