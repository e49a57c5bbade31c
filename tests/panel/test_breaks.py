"""Breaks: time at work is counted, over closed windows too; idle time and rests are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaplisten.panel.breaks import Advice, BreakClock
from gaplisten.panel.parts import BreaksPart
from gaplisten.panel.session import Clock, Session
from kit.panels import NO_STEPS, listen, make_panel, vote

MINUTE = 60.0


def busy(clock: BreakClock, start: float, minutes: float) -> float:
    """Let a listener do something every ten seconds; return when."""
    for at in range(round(minutes * 6)):
        clock.active(start + 10.0 * (at + 1))
    return start + minutes * MINUTE


def test_breaks_are_suggested_at_20_minutes_and_insisted_on_at_45() -> None:
    clock = BreakClock(BreaksPart(), now=1000.0)
    now = busy(clock, 1000.0, 19)
    assert clock.advice() is Advice.NONE
    now = busy(clock, now, 1)
    assert clock.advice() is Advice.SUGGEST
    clock.declined()
    now = busy(clock, now, 10)
    assert clock.advice() is Advice.NONE
    now = busy(clock, now, 15)
    assert clock.advice() is Advice.INSIST
    clock.rest(now)
    assert clock.rest_left(now + 60) == 240
    assert clock.rest_left(now + 300) == 0
    clock.ended(now + 300)
    clock.active(now + 310)
    assert clock.advice() is Advice.NONE


def test_who_does_nothing_does_not_listen_and_who_was_away_has_rested() -> None:
    clock = BreakClock(BreaksPart(), now=0.0)
    now = busy(clock, 0.0, 19)
    clock.active(now + 4 * MINUTE)
    assert clock.minutes() == pytest.approx(19.5)
    clock.active(now + 9.5 * MINUTE)
    assert clock.minutes() == 0


class Hands:
    """Clocks that a test sets: all three show the same time."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: self.now, lambda: self.now)


def at_work(session: Session, hands: Hands, trials: int, seconds: float) -> None:
    for _ in range(trials):
        for _ in range(round(seconds / 10)):
            hands.now += 10
            listen(session)
        vote(session)
        assert session.next() is None


@pytest.mark.parametrize(("away", "minutes"), [(20.0, 24.0), (299.0, 24.0), (301.0, 0.0), (-90_000.0, 24.0)])
def test_time_at_work_survives_closing_the_window_but_not_a_rest(
    away: float, minutes: float, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path, "acr", NO_STEPS, frames=8000 * 60, clips=2)
    hands = Hands()
    with Session.open(panel.folder, "Ann", clock=hands.clock()) as session:
        at_work(session, hands, 2, 12 * MINUTE)
        assert session.breaks.minutes() == pytest.approx(24, abs=0.5)
    hands.now += away
    with Session.open(panel.folder, "Ann", clock=hands.clock()) as session:
        assert session.breaks.minutes() == pytest.approx(minutes, abs=0.5)
        assert session.breaks.advice() is (Advice.SUGGEST if minutes else Advice.NONE)


def test_45_minutes_cannot_be_passed_by_closing_the_window_and_the_rest_goes_on(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", NO_STEPS, frames=8000 * 60, clips=3)
    hands = Hands()
    for _ in range(4):
        with Session.open(panel.folder, "Ann", clock=hands.clock()) as session:
            at_work(session, hands, 1, 12 * MINUTE)
        hands.now += 100
    with Session.open(panel.folder, "Ann", clock=hands.clock()) as session:
        assert session.breaks.advice() is Advice.INSIST
        session.breaks.rest(hands.now)
        assert session.breaks.rest_left(hands.now) == pytest.approx(200)
