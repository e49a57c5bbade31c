"""A listener who is elsewhere: whole trials, told at once."""

from __future__ import annotations

from collections.abc import Callable

from gaplisten.panel.columns import PlaybackFacts
from gaplisten.panel.session import Session
from gaplisten.panel.submission import Event, Submission
from gaplisten.panel.trial import WHOLE_TRIAL, Response, Trial, Vote

BROWSER = PlaybackFacts("browser: made up", 48000, None, 23.0)


def heard_all(trial: Trial, frames: int) -> list[Event]:
    """Return that each slot was heard to its end, one after the other."""
    made = []
    for slot in range(len(trial.slots)):
        made += [Event("started", slot), Event("heard", slot, 0, frames)]
    return [*made, Event("stopped")]


def events_of(trial: Trial, frames: int, choose: Callable[[Trial, int], Vote]) -> tuple[Event, ...]:
    """Return what a listener does who hears everything and gives every vote.

    Parameters
    ----------
    choose
        Says the vote for a slot, or for `WHOLE_TRIAL`; of places the one with the greatest goes out first.
    """
    made = heard_all(trial, frames)
    if trial.response is Response.PLACES:
        order = sorted(trial.rated_slots, key=lambda slot: -float(choose(trial, slot)))
        left = range(len(order), 1, -1)
        made += [Event("rate", slot, vote=place) for slot, place in zip(order, left, strict=False)]
    elif trial.rated_slots:
        for slot in trial.rated_slots:
            made += [Event("switched", slot), Event("rate", slot, vote=choose(trial, slot))]
    else:
        for scale in trial.scales:
            if scale != trial.scales[0] and trial.hear_each:
                made += heard_all(trial, frames)
            made.append(Event("rate", WHOLE_TRIAL, vote=choose(trial, WHOLE_TRIAL), scale=scale))
    return tuple(made)


def told(session: Session, choose: Callable[[Trial, int], Vote], seconds: float = 4.0) -> Submission:
    """Return the whole of the current trial, as a page would send it."""
    trial = session.trial
    assert trial is not None
    events = events_of(trial, session.state.frames, choose)
    return Submission(trial.number, session.ticket, events, seconds, playback=BROWSER)
