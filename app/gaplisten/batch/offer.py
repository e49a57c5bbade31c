"""What the dialogs can offer: clips, versions, concealers that are switched on, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaplisten.batch.items import LOSSY, REFERENCE
from gaplisten.batch.work import Named
from gaplisten.bench.state import Setting
from gaplisten.clips.clip import Clip, ClipSet
from gaplisten.concealers.entries import Entry
from gaplisten.errors import GaplistenError
from gaplisten.metrics.contract import Metric
from gaplisten.metrics.material import trouble


@dataclass(frozen=True)
class Offered:
    """One thing to tick.

    Parameters
    ----------
    name
        Identifier.
    text
        What people read.
    tip
        More about it.
    missing
        Why it cannot be had; empty when it can.
    """

    name: str
    text: str
    tip: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Offer:
    """What is open in the workbench.

    Parameters
    ----------
    shown
        Name of the clip that is shown.
    catalogue
        The concealers there are.
    edited
        Names of clips whose loss was painted or made anew in the workbench.
    clip_table
        The table that tells more of the clips, where one was chosen.
    """

    clipset: ClipSet
    shown: str | None
    concealers: tuple[Named, ...]
    catalogue: Any
    edited: frozenset[str] = frozenset()
    clip_table: Path | None = None

    @property
    def title(self) -> str:
        """What the clips are called, short."""
        return self.clipset.title or self.clipset.root.name or "clips"

    def clips(self, only_shown: bool) -> tuple[Clip, ...]:
        """Return all clips, or the one that is shown."""
        if only_shown and self.shown is not None:
            return (self.clipset.clip(self.shown),)
        return self.clipset.clips


def about_edits(offer: Offer, only_shown: bool) -> str:
    """Return what to know about edited losses; empty when none of the clips has one."""
    count = sum(clip.name in offer.edited for clip in offer.clips(only_shown))
    if not count:
        return ""
    whose = "The loss that you edited" if count == 1 else f"The losses that you edited in {count} clips"
    return f"{whose} will not be used: batches take the loss that lies in the files."


def concealers_offered(offer: Offer) -> list[Offered]:
    """Return the concealers that are switched on, with their parameters."""
    return [_concealer(one, offer.catalogue) for one in offer.concealers]


def _concealer(one: Named, catalogue: Any) -> Offered:
    try:
        entry = catalogue.get(one.choice.concealer)
    except GaplistenError as error:
        return Offered(one.name, one.name, missing=error.fact)
    count = one.name.removeprefix(one.choice.concealer)
    values = ", ".join(_setting(entry, name, value) for name, value in one.choice.parameters)
    text = f"{entry.title}{count}" + (f": {values}" if values else "")
    return Offered(one.name, text, f"folder {one.folder}")


def _setting(entry: Entry, name: str, value: Setting) -> str:
    parameter = entry.parameter(name)
    unit = f" {parameter.unit}" if parameter is not None and parameter.unit else ""
    return f"{name.replace('_', ' ')} {value}{unit}"


def versions_offered(offer: Offer) -> list[Offered]:
    """Return the versions that lie in files."""
    clips = offer.clipset.clips
    found = []
    if any(clip.reference for clip in clips):
        found.append(Offered(REFERENCE, "Reference", "by metrics that need no reference"))
    if any(clip.lossy for clip in clips):
        found.append(Offered(LOSSY, "Lossy"))
    return [*found, *(Offered(name, name) for name in offer.clipset.conditions)]


def metrics_offered(services: Mapping[str, str]) -> list[Offered]:
    """Return all metrics; those that cannot be had with the reason.

    Parameters
    ----------
    services
        By metric why its service cannot be used; empty when it can.
    """
    from gaplisten.metrics.catalogue import built_in, third_party

    metrics = [found.metric for found in built_in().values()]
    own = [_metric(metric, services) for metric in metrics if not metric.needs_trace]
    by_gap = [_metric(metric, services) for metric in metrics if metric.needs_trace]
    foreign = [
        Offered(name, name, f"of another package: {entry.value}") for name, entry in third_party().items()
    ]
    return [*own, *foreign, *by_gap]


def _metric(metric: Metric, services: Mapping[str, str]) -> Offered:
    if metric.service:
        return Offered(metric.name, metric.title, metric.source, services[metric.name])
    needs = ["reference"] * metric.needs_reference + ["loss trace"] * metric.needs_trace
    tip = "; ".join(
        [f"needs {' and '.join(needs)}"] * bool(needs) + [f"{metric.direction} is better", metric.source]
    )
    return Offered(metric.name, metric.title, tip, trouble(metric))
