"""Summaries of the per-gap measures: one number for a version of a clip."""

from __future__ import annotations

import hashlib
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.loss import measures
from gaplisten.loss.measures import MEASURES, Direction, GapTable, Measure, measure_gaps
from gaplisten.loss.measures.gap_table import badness
from gaplisten.loss.trace import Grid, LossTrace
from gaplisten.metrics.contract import Implementation, Material, Metric, Unscorable

_VERSION = "version"
_FAMILY = "gaps"
_SHORT = {"gap_lsd": "gap LSD", "gap_muted_early": "Muted early"}  # titles that are too long for a badge


@lru_cache(maxsize=1)
def _measured(
    degraded: bytes, reference: bytes, rate: int, spans: bytes, frames: int, grid: Grid | None
) -> GapTable:
    # The summaries of one file are asked for one after the other: the gaps are measured once for all of them.
    trace = LossTrace(np.frombuffer(spans, np.int64).reshape(-1, 2), frames, rate, grid)
    clean = Signal.of(np.frombuffer(reference, np.float32), rate) if reference else None
    versions = {_VERSION: Signal.of(np.frombuffer(degraded, np.float32), rate)}
    return measure_gaps(clean, versions, trace)


def _bytes(samples: Samples | None) -> bytes:
    return b"" if samples is None else np.ascontiguousarray(samples, np.float32).tobytes()


def _table(material: Material) -> GapTable:
    trace = material.trace
    if trace is None:
        raise Unscorable("needs a loss trace")
    sounds = _bytes(material.degraded), _bytes(material.reference)
    found = _measured(*sounds, material.rate, trace.spans.tobytes(), trace.frames, trace.grid)
    if not found.gaps:
        raise Unscorable("there is no gap")
    return found


def median_measure(material: Material, measure: Measure) -> float:
    """Return the median of one measure over the gaps that have it; of its size where both signs are bad."""
    values = _table(material).column(_VERSION, measure.key)
    known = values[~np.isnan(values)]
    if not known.size:
        raise Unscorable("no gap of this clip can be measured so")
    return float(np.median(np.abs(known) if measure.direction is Direction.BOTH else known))


def beside_median(material: Material, measure: Measure) -> tuple[tuple[str, float], ...]:
    """Return the most conspicuous value, the one that 95 % of the gaps do not exceed, and the share flagged.

    A median does not move when only long bursts click; these do.
    """
    found = _table(material)
    values = found.column(_VERSION, measure.key)
    bad = badness(measure, values[~np.isnan(values)])
    sign = -1.0 if measure.direction is Direction.LOW else 1.0
    figures = [("max", sign * float(bad.max())), ("p95", sign * float(np.quantile(bad, 0.95)))]
    if measure.threshold is not None:
        figures.append(("share", 100.0 * float(found.flagged(_VERSION, measure.key).sum()) / bad.size))
    return tuple(figures)


def flagged_share(material: Material) -> float:
    """Return the share of gaps that any measure flags, in per cent."""
    found = _table(material)
    flagged = [found.flagged(_VERSION, measure.key) for measure in found.measures]
    return 100.0 * float(np.any(flagged, axis=0).mean())


def _version() -> str:
    """Return a hash of the code that measures: kept scores of other code are not these."""
    code = hashlib.sha256()
    for path in sorted(Path(measures.__file__).parent.rglob("*.py")):
        code.update(path.read_bytes())
    return code.hexdigest()[:12]


CODE = _version()
"""Hash of the code that measures gaps."""


def _metric(measure: Measure) -> Metric:
    name = f"gap_{measure.key.removeprefix('gap_')}"
    return Metric(
        name=name,
        title=f"{measure.title}, median of gaps",
        short=_SHORT.get(name, ""),
        needs_reference=measure.needs_reference,
        needs_trace=True,
        direction="higher" if measure.direction is Direction.LOW else "lower",
        unit=measure.unit,
        source=measure.source,
        family=_FAMILY,
        version=f"{CODE} 2",
    )


FLAGGED = Metric(
    name="gap_flagged",
    title="Gaps with a finding",
    short="flagged",
    needs_reference=True,
    needs_trace=True,
    range=(0.0, 100.0),
    direction="lower",
    unit="%",
    source="share of gaps that a per-gap measure flags at its usual threshold",
    family=_FAMILY,
    version=CODE,
)

PLACE = 50
IMPLEMENTATIONS = (
    Implementation(FLAGGED, flagged_share),
    # What compares versions with each other says nothing of one file.
    *(
        Implementation(
            _metric(measure),
            partial(median_measure, measure=measure),
            partial(beside_median, measure=measure),
        )
        for measure in MEASURES
        if not measure.among
    ),
)
