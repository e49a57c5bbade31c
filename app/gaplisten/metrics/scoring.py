"""Score one version of a clip with one metric; what goes wrong becomes a reason."""

from __future__ import annotations

import logging
import math

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.catalogue import find_metric
from gaplisten.metrics.contract import Implementation, Metric, Score, Unscorable
from gaplisten.metrics.material import prepare

log = logging.getLogger(__name__)


def score(
    metric: Metric | str,
    degraded: Signal,
    reference: Signal | None = None,
    trace: LossTrace | None = None,
) -> Score:
    """Score `degraded` in this process; never raises for what is in the material.

    Parameters
    ----------
    metric
        The metric or its name.
    degraded, reference
        Version under test and undamaged speech, any rate, one or more channels, full scale ±1.
    trace
        The lost packets, for metrics that look at gaps.

    Raises
    ------
    MetricError
        If no metric has that name, or a third party's cannot be loaded.
    """
    name = metric if isinstance(metric, str) else metric.name
    return score_with(find_metric(name), degraded, reference, trace)


def score_with(
    implementation: Implementation,
    degraded: Signal,
    reference: Signal | None = None,
    trace: LossTrace | None = None,
) -> Score:
    """Score with an implementation at hand; like `score`."""
    try:
        material, marks = prepare(implementation.metric, degraded, reference, trace)
        value = float(implementation.compute(material))
    except Unscorable as reason:
        return Score(None, str(reason))
    except Exception as error:
        log.debug("metric %s", implementation.metric.name, exc_info=True)
        return Score(None, f"failed: {type(error).__name__}: {error}", accident=True)
    if not math.isfinite(value):
        return Score(None, f"gave no number ({value})")
    return Score(value, marks=marks)
