"""What a metric is, what it is given and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gaplisten.audio.signal import Samples
from gaplisten.errors import GaplistenError
from gaplisten.loss.trace import LossTrace

OUTSIDE_VALIDATION = "outside the model's validation"


class MetricError(GaplistenError):
    """A metric that is unknown or broken, or material that it cannot judge."""


class Unscorable(Exception):  # noqa: N818 - an answer, not an accident
    """Raised by a metric that has a reason instead of a number."""


@dataclass(frozen=True)
class Metric:
    """Description of one objective score; plain values, so that it may cross processes.

    Parameters
    ----------
    name
        Identifier used on the command line and in tables.
    title
        Name shown to people.
    short
        Name for a narrow place, 20 letters at most; when empty, the title up to its first comma or bracket.
    needs_reference, needs_trace
        Whether it compares with the reference, and whether it looks at the lost packets.
    rates
        Sampling rates in Hz that it works at; empty for any. Other material is resampled and marked.
    range
        Lowest and highest possible value; infinite where there is no bound.
    direction
        Whether a higher or a lower value is the better one.
    unit
        Unit of the value, e.g. ``"MOS"`` or ``"dB"``; empty for a pure number.
    source
        Standard or paper.
    seconds
        Shortest and longest material in seconds that it can judge.
    aligned
        Whether reference and degraded must agree sample by sample.
    requires
        Importable packages that it needs beyond Gaplisten's own.
    family
        Metrics of one family are by-products of the same work on a file, and are best asked for together.
    service
        What computes it elsewhere, e.g. ``"PLC-MOS service"``; empty for what is computed on this machine.
    extra
        Extra of Gaplisten that installs them.
    needs_words
        Whether it compares with what was said: a transcript, or else what it finds in the reference itself.
    hears_silence
        Whether a silent version has a score: nothing heard is an answer.
    weight
        Name of the figure beside a score by which scores of several clips are weighted in a mean; empty where
        each clip counts the same.
    recogniser
        Name of the recogniser of speech that it hears with; empty for none.
    version
        Changes whenever the same material would score differently; part of a stored score's key.
    """

    name: str
    title: str
    needs_reference: bool = False
    needs_trace: bool = False
    rates: tuple[int, ...] = ()
    range: tuple[float, float] = (-math.inf, math.inf)
    direction: Literal["higher", "lower"] = "higher"
    unit: str = ""
    source: str = ""
    seconds: tuple[float, float] = (0.0, math.inf)
    aligned: bool = False
    requires: tuple[str, ...] = ()
    family: str = ""
    service: str = ""
    short: str = ""
    extra: str = "metrics"
    needs_words: bool = False
    hears_silence: bool = False
    weight: str = ""
    recogniser: str = ""
    version: str = "1"


@dataclass(frozen=True)
class Score:
    """A value, or the reason why there is none.

    Parameters
    ----------
    value
        The score in the metric's unit; None when there is none.
    reason
        Why there is no value; empty when there is one.
    marks
        What a reader must know about the value, e.g. "outside the model's validation".
    accident
        Whether the reason lies in the computation (a crash, a time limit) and not in the material, so that
        trying again may help.
    beside
        Other figures of the same, by name: what a median over gaps hides, of how many words it is.
    texts
        What it was found in, by name: a transcript, recognised words, what recognised them.
    """

    value: float | None
    reason: str = ""
    marks: tuple[str, ...] = ()
    accident: bool = False
    beside: tuple[tuple[str, float], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason == ""):
            raise ValueError("a score has either a value or a reason")

    def __float__(self) -> float:
        """Return the value; `ValueError` with the reason where there is none."""
        if self.value is None:
            raise ValueError(f"there is no score: {self.reason}")
        return self.value


@dataclass(frozen=True, eq=False)
class Material:
    """What a metric computes from: checked, averaged to one channel and brought to one of its rates.

    Parameters
    ----------
    degraded
        The version under test, float32, shape ``(frames,)``, within ±1.
    reference
        The undamaged speech, likewise; None unless the metric needs it.
    rate
        Sampling rate of both in Hz.
    trace
        The lost packets on the same clock; None unless the metric needs it.
    transcript
        What is said; None unless the metric needs words and they are known.
    """

    degraded: Samples
    rate: int
    reference: Samples | None = None
    trace: LossTrace | None = None
    transcript: str | None = None

    @property
    def whole(self) -> tuple[Samples, Samples]:
        """Reference and degraded, each at its own length."""
        if self.reference is None:
            raise Unscorable("needs a reference")
        return self.reference, self.degraded

    @property
    def pair(self) -> tuple[Samples, Samples]:
        """Reference and degraded, cut to their common length."""
        reference, degraded = self.whole
        frames = min(reference.size, degraded.size)
        return reference[:frames], degraded[:frames]


@dataclass(frozen=True)
class Implementation:
    """A metric's description, the function that computes it, and what gives figures and texts beside it."""

    metric: Metric
    compute: Callable[[Material], float]
    beside: Callable[[Material], tuple[tuple[str, float], ...]] | None = None
    texts: Callable[[Material], tuple[tuple[str, str], ...]] | None = None


def left_to_service(_material: Material) -> float:
    """Give the reason why this machine has no number: sound leaves it only when a batch was asked to send it.

    Raises
    ------
    Unscorable
        Always.
    """
    raise Unscorable("is computed by a service; score files in a batch")
