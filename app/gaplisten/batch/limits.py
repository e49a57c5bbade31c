"""Limits of a gate: `click_exit:new>0`, `plcmos:drop>0.05:significant`, as values."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

from gaplisten.batch.gap_values import COMPARED
from gaplisten.errors import GaplistenError
from gaplisten.loss.measures import Direction, measure_named

ANY = "any"
"""In place of a measure: all of them."""
CLIP = "clip"
"""In place of a measure: what is told of a version of a clip as a whole."""
OF_ANY = {"new": "gaps that some measure flags, and did not flag in the base, and what clip:new counts"}
OF_CLIP = {"new": "things told of a clip as a whole that no gap tells, and were not told of it in the base"}
OF_GAPS = {
    "new": "gaps that are beyond the measure's threshold, and were not in the base",
    "share": "share of all gaps beyond the threshold, in per cent",
    "share_rise": "by how many points that share is larger than in the base",
    "max": "the most conspicuous value",
    "max_rise": "by how much that is worse than in the base",
    "p95": "the value that 95 % of the gaps do not exceed",
    "p95_rise": "by how much that is worse than in the base",
    "mean": "mean of all gaps",
    "mean_rise": "by how much gaps are worse than in the base, on average",
}
OF_CLIPS = {
    "drop": "by how much clips are worse than in the base, on average",
    "worst_drop": "by how much the clip that lost most is worse",
    "mean": "mean of all clips",
    "worst": "the clip with the worst value",
}
WITH_INTERVALS = frozenset({"share", "share_rise", "mean", "mean_rise", "drop"})

_LOSSES = ("drop", "worst_drop")

_FORM = re.compile(r"\s*([\w.]+)\s*:\s*(\w+)\s*([<>])\s*([^\s:]+)\s*(?::\s*(\w+)\s*)?")


class LimitError(GaplistenError):
    """A limit that cannot be understood: nothing may pass or fail by it."""


@dataclass(frozen=True)
class Limit:
    """What breaks a gate.

    Parameters
    ----------
    measure
        Key of a gap measure, or name of a metric.
    figure
        One of `OF_GAPS` or, for metrics, of `OF_CLIPS`.
    above
        Whether figures above `value` break it; else those below.
    significant
        Whether the whole 95 % interval must lie beyond.
    """

    text: str
    measure: str
    figure: str
    above: bool
    value: float
    significant: bool = False

    @property
    def of_gaps(self) -> bool:
        """Whether it speaks about gap measures."""
        return self.measure in (ANY, CLIP) or self.measure in _KEYS

    @property
    def no_value(self) -> str:
        """What is said where there is no figure: nothing can pass by it."""
        return f"{self.text}: there is no value to judge it by"

    def broken(self, value: float, low: float | None = None, high: float | None = None) -> bool:
        """Tell whether a figure (with its interval) breaks it."""
        if self.significant:
            end = low if self.above else high
            return end is not None and self._beyond(end)
        return self._beyond(value)

    def _beyond(self, value: float) -> bool:
        return value > self.value if self.above else value < self.value


_KEYS = frozenset(measure.key for measure in COMPARED)


def limit_of(text: str, metrics: Collection[str]) -> Limit:
    """Read a limit.

    Parameters
    ----------
    metrics
        Names of the metrics there are.

    Raises
    ------
    LimitError
        If it has another form, or nothing of that name is measured.
    """
    thing, found = f"--fail-if {text!r}", _FORM.fullmatch(text)
    if found is None:
        raise LimitError(thing, "is no limit", "write MEASURE:FIGURE>VALUE, as in click_exit:new>0")
    measure, figure, sign, number, word = found.groups()
    if word not in (None, "significant"):
        raise LimitError(thing, f"ends in {word!r}", "only :significant can stand there")
    known = _figures(thing, measure, metrics)
    if figure not in known:
        raise LimitError(thing, f"{figure!r} is no figure of {measure}", f"there are {', '.join(known)}")
    if word and figure not in WITH_INTERVALS:
        having = ", ".join(each for each in known if each in WITH_INTERVALS)
        raise LimitError(thing, f"{figure} has no interval", f"those of {measure} that have one: {having}")
    limit = Limit(text.strip(), measure, figure, sign == ">", _value(thing, number), word is not None)
    _check_direction(thing, limit)
    return limit


def _figures(thing: str, measure: str, metrics: Collection[str]) -> dict[str, str]:
    if measure == ANY:
        return OF_ANY
    if measure == CLIP:
        return OF_CLIP
    if measure in _KEYS:
        return OF_GAPS
    if measure in metrics:
        return OF_CLIPS
    raise LimitError(
        thing,
        f"nothing called {measure!r} is measured",
        "see gaplisten gaps --measures and gaplisten score --list",
    )


def _value(thing: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise LimitError(thing, f"{text!r} is no number", "write a number, as in click_exit:max>20")
    return value


def _check_direction(thing: str, limit: Limit) -> None:
    """Refuse a limit that would break where things are good: it would let the bad pass."""
    if not limit.of_gaps:
        if limit.figure in _LOSSES and not limit.above:
            _refuse_turned(thing, limit, "high")
        return
    lower = limit.measure not in (ANY, CLIP) and (
        measure_named(limit.measure).direction is Direction.LOW and limit.figure in ("max", "p95", "mean")
    )
    if limit.above == lower:
        _refuse_turned(thing, limit, "low" if lower else "high")


def check_metric(limit: Limit, better: str) -> None:
    """Refuse a limit on a metric's own values that would break where they are good.

    Parameters
    ----------
    better
        ``higher`` or ``lower``.

    Raises
    ------
    LimitError
        Saying how to write it.
    """
    if limit.figure not in _LOSSES and limit.above == (better == "higher"):
        _refuse_turned(f"--fail-if {limit.text!r}", limit, "low" if better == "higher" else "high")


def _refuse_turned(thing: str, limit: Limit, bad: str) -> None:
    fact = f"{limit.figure} of {limit.measure} is conspicuous where it is {bad}"
    sign = ">" if bad == "high" else "<"
    raise LimitError(thing, fact, f"write {limit.measure}:{limit.figure}{sign}{limit.value:g}")
