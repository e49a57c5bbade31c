"""Check and prepare what a metric is given: every doubt becomes a reason or a mark."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.installed import is_installed
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.contract import OUTSIDE_VALIDATION, Material, Metric, Unscorable
from gaplisten.metrics.recognisers import recognisers, trouble_of

# 16-bit files reach exactly -1.0; float files that merely touch full scale must not be refused for rounding.
_FULL_SCALE = 1.0 + 1e-6


def missing_packages(metric: Metric) -> tuple[str, ...]:
    """Return the packages that the metric needs and this machine has not."""
    return tuple(name for name in metric.requires if not is_installed(name))


def trouble(metric: Metric) -> str:
    """Return why a metric cannot be computed on this machine; empty when it can."""
    missing = missing_packages(metric)
    if missing:
        return f"needs the package {' and '.join(missing)}"
    return trouble_of(recognisers()[metric.recogniser]) if metric.recogniser else ""


def _check(signal: Signal, who: str, metric: Metric) -> None:
    shortest, longest = metric.seconds
    if not signal.frames:
        raise Unscorable(f"the {who} has no samples")
    if not np.isfinite(signal.samples).all():
        raise Unscorable(f"the {who} has samples that are not finite (NaN or infinite)")
    peak = float(np.abs(signal.samples).max())
    if peak == 0.0 and not metric.hears_silence:
        raise Unscorable(f"the {who} is silent")
    if peak > _FULL_SCALE:
        raise Unscorable(f"the {who} goes beyond full scale (peak {peak:.4g})")
    if signal.seconds < shortest:
        raise Unscorable(f"the {who} is too short: {signal.seconds:.3g} s of at least {shortest:g} s")
    if signal.seconds > longest:
        raise Unscorable(f"the {who} is too long: {signal.seconds:.4g} s of at most {longest:g} s")


def _working_rate(metric: Metric, rate: int) -> int:
    """Return `rate` itself, or else the metric's lowest rate that keeps the whole band, or its highest."""
    if not metric.rates or rate in metric.rates:
        return rate
    return min((own for own in metric.rates if own > rate), default=max(metric.rates))


def _mono_at(signal: Signal, rate: int) -> Samples:
    mono = Signal.of(signal.mono, signal.rate)
    if signal.rate != rate:
        from gaplisten.audio.resample import resample

        # A filter may overshoot by a little; that is not the file's doing.
        return np.clip(resample(mono, rate).samples[:, 0], -1.0, 1.0)
    return np.clip(mono.samples[:, 0], -1.0, 1.0)


def _rate_marks(metric: Metric, found: int, rate: int) -> list[str]:
    if found == rate:
        return []
    resampled = f"resampled from {found} Hz to {rate} Hz"
    return [resampled, OUTSIDE_VALIDATION] if metric.rates else [resampled]


def _pair_marks(metric: Metric, degraded: Signal, reference: Signal, rate: int) -> list[str]:
    marks = []
    if reference.rate != rate and reference.rate != degraded.rate:
        marks.append(f"reference resampled from {reference.rate} Hz to {rate} Hz")
    difference = degraded.seconds - reference.seconds
    if metric.aligned and abs(difference) * rate >= 1:
        way = "longer" if difference > 0 else "shorter"
        size = abs(difference)
        length = f"{size:.4g} s" if size >= 1 else f"{1000 * size:.4g} ms"
        marks.append(f"{length} {way} than the reference")
    return marks


def _place_marks(degraded: Samples, reference: Samples, rate: int) -> list[str]:
    """Return how a version lies elsewhere or is turned round, for metrics that compare sample by sample."""
    from gaplisten.audio.alignment import placement_of

    found = placement_of(Signal.of(reference, rate), Signal.of(degraded, rate))
    return [] if found is None else found.said(rate)


def _trace_at(trace: LossTrace | None, rate: int) -> LossTrace:
    if trace is None:
        raise Unscorable("needs a loss trace")
    try:
        return trace if trace.rate == rate else trace.at_rate(rate)
    except ValueError as error:
        raise Unscorable(str(error)) from error


def prepare(
    metric: Metric,
    degraded: Signal,
    reference: Signal | None,
    trace: LossTrace | None,
    transcript: str | None = None,
) -> tuple[Material, tuple[str, ...]]:
    """Return what the metric computes from, and the marks its score must carry.

    Raises
    ------
    Unscorable
        With the reason why there can be no score.
    """
    if missing_packages(metric):
        raise Unscorable(f"{trouble(metric)} (install gaplisten[{metric.extra}])")
    if reason := trouble(metric):
        raise Unscorable(reason)
    compares = metric.needs_reference or (metric.needs_words and transcript is None)
    if compares and reference is None:
        raise Unscorable("needs a transcript or a reference" if metric.needs_words else "needs a reference")
    _check(degraded, "file", metric)
    rate = _working_rate(metric, degraded.rate)
    marks = _rate_marks(metric, degraded.rate, rate)
    if degraded.channels > 1:
        marks.append(f"{degraded.channels} channels averaged")
    compared = None
    if compares and reference is not None:
        _check(reference, "reference", metric)
        marks += _pair_marks(metric, degraded, reference, rate)
        compared = _mono_at(reference, rate)
    lost = _trace_at(trace, rate) if metric.needs_trace else None
    heard = _mono_at(degraded, rate)
    if metric.aligned and compared is not None:
        marks += _place_marks(heard, compared, rate)
    return Material(heard, rate, compared, lost, transcript), tuple(marks)
