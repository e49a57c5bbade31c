"""Which metrics there are: our own, and those that other packages offer; scoring with one of them.

Ours are the modules of this folder that have ``IMPLEMENTATIONS``: a new one is one more file. Its ``PLACE``,
a whole number, says where it stands in tables; without one it follows the others, in the order of file names.

A third party's metric is an entry point of the group ``gaplisten.metrics`` that names a function
``f(degraded, reference, rate) -> float`` (arrays of shape ``(frames,)``, float32; `reference` is None unless
asked for). Attributes of the function, all optional, have the names of `Metric`'s fields. Its code is loaded
only where it is computed: in a worker process.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import math
import pkgutil
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from gaplisten import metrics
from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.contract import Implementation, Material, Metric, MetricError, Score, Unscorable
from gaplisten.metrics.material import prepare

GROUP = "gaplisten.metrics"
# Modules that hold no metric.
_MACHINERY = frozenset({"catalogue", "contract", "material", "models", "pool", "recognisers", "words"})
_OWN = frozenset({"name", "service", "needs_words", "weight", "recogniser", "extra"})  # not for third parties
_LAST_PLACE = 100


@lru_cache(maxsize=1)
def built_in() -> dict[str, Implementation]:
    """Return our own metrics by name, in the order to show them."""
    names = sorted({found.name for found in pkgutil.iter_modules(metrics.__path__)} - _MACHINERY)
    modules = [importlib.import_module(f"gaplisten.metrics.{name}") for name in names]
    modules.sort(key=lambda module: getattr(module, "PLACE", _LAST_PLACE))
    return {item.metric.name: item for module in modules for item in getattr(module, "IMPLEMENTATIONS", ())}


def third_party() -> dict[str, EntryPoint]:
    """Return what other packages offer by name, not loaded; ours take precedence."""
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in built_in()}


def metric_names() -> tuple[str, ...]:
    """Return the names of all metrics, without loading foreign code."""
    return (*built_in(), *sorted(third_party()))


def find_metric(name: str) -> Implementation:
    """Return a metric by name; loads foreign code, so call it for third parties in workers only.

    Raises
    ------
    MetricError
        If there is none of that name (near names are given) or it cannot be loaded.
    """
    if name in built_in():
        return built_in()[name]
    entry = third_party().get(name)
    if entry is None:
        raise unknown_metric(name)
    try:
        return adopt(name, entry.load())
    except Exception as error:
        way_out = f"ask the makers of {entry.value}"
        raise MetricError(f"metric {name}", f"cannot be loaded: {error}", way_out) from error


def unknown_metric(name: str) -> MetricError:
    """Return the error for a name that no metric has."""
    near = difflib.get_close_matches(name, metric_names(), n=2)
    way_out = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(metric_names())}"
    return MetricError(f"metric {name}", "is not known", way_out)


def adopt(name: str, function: Callable[..., Any]) -> Implementation:
    """Wrap a third party's function as an implementation, reading its description from its attributes.

    Raises
    ------
    MetricError
        If it cannot be called or an attribute is not of the described kind.
    """
    if not callable(function):
        raise MetricError(f"metric {name}", "is not a function", "name a function in the entry point")
    known = {field.name for field in fields(Metric)} - _OWN
    given = {key: getattr(function, key) for key in known if hasattr(function, key)}
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    metric = Metric(name=name, **{"title": name, "version": "", **given})
    if metric.needs_trace:
        raise MetricError(f"metric {name}", "asks for the loss trace", "foreign metrics get sound only")

    def compute(material: Material) -> float:
        return float(function(material.degraded, material.reference, material.rate))

    return Implementation(metric, compute)


log = logging.getLogger(__name__)


def score(
    metric: Metric | str,
    degraded: Signal,
    reference: Signal | None = None,
    trace: LossTrace | None = None,
    transcript: str | None = None,
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
    transcript
        What is said, for metrics that compare words; without it they listen to the reference.

    Raises
    ------
    MetricError
        If no metric has that name, or a third party's cannot be loaded.
    """
    name = metric if isinstance(metric, str) else metric.name
    return score_with(find_metric(name), degraded, reference, trace, transcript)


def score_with(
    implementation: Implementation,
    degraded: Signal,
    reference: Signal | None = None,
    trace: LossTrace | None = None,
    transcript: str | None = None,
) -> Score:
    """Score with an implementation at hand; like `score`."""
    try:
        material, marks = prepare(implementation.metric, degraded, reference, trace, transcript)
        value = float(implementation.compute(material))
        beside = implementation.beside(material) if implementation.beside is not None else ()
        texts = implementation.texts(material) if implementation.texts is not None else ()
    except Unscorable as reason:
        return Score(None, str(reason))
    except Exception as error:
        log.debug("metric %s", implementation.metric.name, exc_info=True)
        return Score(None, f"failed: {type(error).__name__}: {error}", accident=True)
    if not math.isfinite(value):
        return Score(None, f"gave no number ({value})")
    return Score(value, marks=marks, beside=beside, texts=texts)
