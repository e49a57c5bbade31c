"""What a page sends, checked before anything is done with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gaplisten.panel.columns import PlaybackFacts
from gaplisten.panel.submission import Event, Submission
from gaplisten.panel.trial import WHOLE_TRIAL
from gaplisten.panel.web_sounds import WEB_RATE

LARGEST = 256 * 2**10  # bytes of one message; an hour of listening in one trial has about 40 kB
_MOST_EVENTS = 20_000
_Number = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
_Frame = Annotated[int, Field(ge=0, le=2**40)]
_Slot = Annotated[int, Field(ge=WHOLE_TRIAL, le=100)]
_Short = Annotated[str, Field(max_length=100)]

_Happened = (
    tuple[Literal["started", "switched"], _Slot]
    | tuple[Literal["stopped", "undo"]]
    | tuple[Literal["heard"], _Slot, _Frame, _Frame]
    | tuple[Literal["rate"], Annotated[int | float | str, Field()], _Slot, _Short]
)


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Played(_Sent):
    """How a page played: the device's own rate, delays in milliseconds, how often it ran dry (if known)."""

    device_rate: int = Field(default=0, ge=0, le=10**7)
    base_ms: _Number | None = None
    output_ms: _Number | None = None
    underruns: int | None = Field(default=None, ge=0, le=10**9)
    agent: str = Field(default="", max_length=400)

    def facts(self) -> PlaybackFacts:
        """Return it as it stands in the rows."""
        known = [one for one in (self.base_ms, self.output_ms) if one is not None]
        base = "" if self.base_ms is None else f" (base latency {self.base_ms:.1f} ms)"
        return PlaybackFacts(
            f"browser{base}: {self.agent}",
            self.device_rate,
            self.underruns,
            round(sum(known), 1) if known else None,
        )


class SentTrial(_Sent):
    """The whole of a trial."""

    trial: int = Field(ge=1, le=10**6)
    ticket: str = Field(pattern=r"^[0-9a-f]{32}$")
    events: list[_Happened] = Field(max_length=_MOST_EVENTS)
    seconds: _Number
    late: _Number = 0.0
    comment: str = Field(default="", max_length=4000)
    tags: list[_Short] = Field(default=[], max_length=100)
    played: Played = Played()

    def submission(self, rate: int, tags: list[str]) -> Submission:
        """Return it on the clip's clock.

        Parameters
        ----------
        rate
            Of the clip.
        tags
            Those that the panel offers.
        """
        return Submission(
            self.trial,
            self.ticket,
            tuple(_event(one, rate) for one in self.events),
            self.seconds,
            self.late,
            self.comment,
            tuple(tag for tag in tags if tag in self.tags),
            self.played.facts(),
        )


def own_frame(frame: int, rate: int) -> int:
    """Return a frame of the page's clock on that of a sound with this rate."""
    return round(frame * rate / WEB_RATE)


def _event(one: Any, rate: int) -> Event:
    match one:
        case ("heard", slot, start, stop):
            return Event("heard", slot, own_frame(start, rate), own_frame(stop, rate))
        case ("rate", vote, slot, scale):
            return Event("rate", slot, vote=vote, scale=scale)
        case (what, slot):
            return Event(what, slot)
        case _:
            return Event(one[0])


class SentStep(_Sent):
    """The answers to a step."""

    step: _Short
    number: int = Field(ge=1, le=10**6)
    attempt: int = Field(ge=1, le=10**6)
    heard: list[tuple[int, _Frame, _Frame]] = Field(default=[], max_length=1000)
    answers: dict[_Short, Annotated[str, Field(max_length=4000)]] = Field(default={}, max_length=200)
    late: _Number = 0.0
