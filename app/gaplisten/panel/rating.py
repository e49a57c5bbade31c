"""The columns of the ratings CSV; one row is one vote."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from gaplisten import __version__
from gaplisten.panel.journal import one_line
from gaplisten.panel.methods import Response
from gaplisten.panel.rules import TrialState, wanted_votes
from gaplisten.panel.scales import Scale
from gaplisten.panel.trial import WHOLE_TRIAL, VoteKey
from gaplisten.tables import Cell

# What would tell, to somebody who looks at the file while the session runs, which condition was heard.
# These stay empty until the session is complete.
SEALED = (
    "kind",
    "clip",
    "stratum",
    "condition",
    "compared_with",
    "role",
    "stimulus_sha256",
    "score",
    "slots",
    "expected",
    "passed",
)

COLUMNS = (
    "panel",
    "panel_sha256",
    "session",
    "listener",
    "order",
    "trial",
    "trial_code",
    "block",
    "method",
    "language",
    "kind",
    "clip",
    "stratum",
    "condition",
    "compared_with",
    "role",
    "stimulus_sha256",
    "position",
    "slot",
    "slots",
    "vote",
    "score",
    "label",
    "expected",
    "passed",
    "comment",
    "tags",
    "plays",
    "plays_per_slot",
    "seconds_heard",
    "seconds_per_slot",
    "response_seconds",
    "shown_at",
    "saved_at",
    "device",
    "device_rate",
    "rate",
    "gain_db",
    "underflows",
    "latency_ms",
    "version",
)


def utc(seconds: float) -> str:
    """Return a time as ISO 8601 UTC with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1000) % 1000:03d}Z"


@dataclass(frozen=True)
class PlaybackFacts:
    """How a trial was played, told by the player when the trial is left.

    Parameters
    ----------
    device
        Name of the output device; "" when there was none.
    device_rate
        Its rate in Hz; 0 when there was none.
    underflows
        During this trial.
    latency_ms
        Of the output; None when not known.
    """

    device: str = ""
    device_rate: int = 0
    underflows: int = 0
    latency_ms: float | None = None


@dataclass(frozen=True)
class Header:
    """What is the same in every row of a session."""

    panel: str
    panel_sha256: str
    session: str
    listener: str
    language: str


@dataclass(frozen=True)
class Shown:
    """When a trial was shown and left: wall-clock times for people, a monotonic duration for measuring."""

    shown_at: float
    saved_at: float
    response_seconds: float


@dataclass(frozen=True)
class Sounded:
    """What a trial's stimuli were played with."""

    rate: int
    gain_db: float
    playback: PlaybackFacts = field(default_factory=PlaybackFacts)


def _per_slot(state: TrialState, values: list[str]) -> str:
    names = [slot.letter or ("R" if slot.named_reference else "S") for slot in state.trial.slots]
    return "|".join(f"{name}:{value}" for name, value in zip(names, values, strict=True))


def _listening(state: TrialState, slot: int) -> dict[str, Cell]:
    seconds = [round(one.seconds, 3) for one in state.listened]
    plays = [one.plays for one in state.listened]
    one = slot != WHOLE_TRIAL
    return {
        "plays": plays[slot] if one else sum(plays),
        "plays_per_slot": _per_slot(state, [str(count) for count in plays]),
        "seconds_heard": seconds[slot] if one else round(sum(seconds), 3),
        "seconds_per_slot": _per_slot(state, [f"{value:.3f}" for value in seconds]),
    }


def _vote(state: TrialState, key: VoteKey, scale: Scale) -> dict[str, Cell]:
    slot, vote = key[0], state.votes[key]
    if state.trial.facts.response is Response.GRADES:
        vote = round(float(vote), 1)
    elif not isinstance(vote, str):
        vote = int(vote)
    # A trial with one recording is voted on as a whole; the recording's place is the first.
    return {
        "position": slot + 1 if slot != WHOLE_TRIAL else 1,
        "slot": state.trial.slots[slot].letter if slot != WHOLE_TRIAL else "",
        "vote": vote,
        "label": scale.label(vote),
        "comment": one_line(state.comment),
        "tags": ";".join(one_line(tag).replace(";", ",") for tag in state.tags),
    }


def rows_of(
    state: TrialState,
    scale: Scale,
    header: Header,
    shown: Shown,
    sounded: Sounded,
    first: int,
    trial_code: str,
) -> list[tuple[Cell, ...]]:
    """Return the rows of a trial that is left: one for each vote, sealed columns empty.

    Parameters
    ----------
    first
        The order number of the first row (counts on through the session, whatever the clock says).
    trial_code
        Digest of the trial's layout in the plan.
    """
    common: Mapping[str, Cell] = {
        **vars(header),
        "trial": state.trial.number,
        "trial_code": trial_code,
        "block": state.trial.block.value,
        "method": state.trial.method.value,
        "response_seconds": round(shown.response_seconds, 3),
        "shown_at": utc(shown.shown_at),
        "saved_at": utc(shown.saved_at),
        "device": one_line(sounded.playback.device),
        "device_rate": sounded.playback.device_rate or None,
        "rate": sounded.rate,
        "gain_db": round(sounded.gain_db, 4),
        "underflows": sounded.playback.underflows,
        "latency_ms": sounded.playback.latency_ms,
        "version": __version__,
    }
    rows = []
    for offset, key in enumerate(wanted_votes(state.trial)):
        own = {"order": first + offset, **_listening(state, key[0]), **_vote(state, key, scale)}
        known = {**common, **own}
        rows.append(tuple(known.get(name) for name in COLUMNS))
    return rows
