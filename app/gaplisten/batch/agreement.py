"""How well predictions agree with listeners: correlations with intervals, mapped errors, and where not.

Errors are those of ITU-T P.1401 (as given in public digests of the text): predictions are mapped to ratings
by a third-order polynomial that never falls (or never rises), because each listening test uses the scale in
its own way; squared errors are divided by their number less the parameters of the mapping; and the
epsilon-insensitive error counts only what lies beyond the 95 % interval of the rating.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaplisten.batch.compare import Point
from gaplisten.batch.heard import Heard, Pair, by_condition, match
from gaplisten.panel.statistics.resampling import SEED, weights
from gaplisten.statistics import pearson, spearman
from gaplisten.tables import Table

Values = NDArray[np.float64]

DRAWS = 1000
# With fewer conditions most draws hold the same one several times, and correlations of those say nothing.
FEW_CONDITIONS = 6
FEW_CLIPS = 4
# With fewer pairs a cubic follows their noise; a straight line is taken.
FEW_PAIRS = 8
_AT_ONCE = 1 << 21  # weights in memory
# Places at which a mapping's slope is held, how often one more is added, and what slope counts as none.
_CHECKED, _TURNS, _LEVEL = 21, 20, 1e-6

Interval = tuple[float, float]


@dataclass(frozen=True)
class Mapping:
    """A polynomial from predictions to ratings that keeps their order.

    Parameters
    ----------
    coefficients
        Of 1, u, u^2, ... where u runs from -1 to 1 over the predictions.
    low, high
        The smallest and the largest prediction.
    """

    coefficients: tuple[float, ...]
    low: float
    high: float

    def __call__(self, predicted: Values) -> Values:
        """Return the ratings that follow from predictions; beyond the ends those of the ends."""
        u = _scaled(np.clip(predicted, self.low, self.high), self.low, self.high)
        return np.asarray(np.polynomial.polynomial.polyval(u, self.coefficients), np.float64)


def _scaled(values: Values, low: float, high: float) -> Values:
    return (2 * values - low - high) / (high - low)


def fitted(predicted: Values, heard: Values) -> Mapping | None:
    """Return the mapping with the least squared error; None where predictions or ratings do not differ.

    Whether it rises or falls follows from the ranks.
    """
    if len(predicted) < 3 or np.ptp(predicted) == 0 or np.ptp(heard) == 0:
        return None
    low, high = float(predicted.min()), float(predicted.max())
    powers = np.arange(4 if len(predicted) >= FEW_PAIRS else 2)
    u = _scaled(predicted, low, high)
    basis = u[:, None] ** powers
    free = np.asarray(np.linalg.lstsq(basis, heard, rcond=None)[0], np.float64)
    ranks = spearman(predicted.tolist(), heard.tolist())
    sign = -1.0 if ranks is not None and ranks.r < 0 else 1.0
    places = np.linspace(-1, 1, _CHECKED)
    for _ in range(_TURNS):
        steepest = _lowest(sign * free)
        if sign * _slopes(steepest, powers) @ free >= -_LEVEL:
            break
        # Between the places it still turns back a little: that place is held, too.
        places = np.append(places, steepest)
        free = _held(basis, heard, sign * _slopes(places, powers))
    return Mapping(tuple(map(float, free)), low, high)


def _slopes(places: Values | float, powers: Any) -> Values:
    """Return what each coefficient adds to the slope at places."""
    at = np.asarray(places, np.float64)[..., None]
    return np.asarray(powers * at ** np.maximum(powers - 1, 0), np.float64)


def _lowest(coefficients: Values) -> float:
    """Return where from -1 to 1 the slope of a line or a cubic is least."""
    places = [-1.0, 1.0]
    if len(coefficients) == 4 and coefficients[3] != 0:
        places.append(float(np.clip(-coefficients[2] / (3 * coefficients[3]), -1, 1)))
    powers = np.arange(len(coefficients))
    return min(places, key=lambda at: float(_slopes(at, powers) @ coefficients))


def _held(basis: Values, heard: Values, slopes: Values) -> Values:
    """Return least squares whose slopes are nowhere below nil; a convex problem, its start a level line."""
    from scipy.optimize import minimize

    square, mixed = basis.T @ basis, basis.T @ heard
    start = np.zeros(basis.shape[1])
    start[0] = heard.mean()
    found: Any = minimize(
        lambda at: float(at @ square @ at - 2 * at @ mixed),
        start,
        jac=lambda at: 2 * (square @ at - mixed),
        constraints={"type": "ineq", "fun": lambda at: slopes @ at, "jac": lambda _: slopes},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    return np.asarray(found.x, np.float64)


@dataclass(frozen=True)
class Agreement:
    """How well predictions follow ratings.

    Parameters
    ----------
    level
        ``clip`` or ``condition``.
    pairs
        Number of pairs.
    pearson, spearman
        Correlation of values and of ranks, -1..1; None where it is not defined (fewer than three pairs, or no
        spread).
    pearson_low, pearson_high, spearman_low, spearman_high
        Ends of their 95 % intervals by the bootstrap; None where there are too few clips to be drawn, or
        nearly all draws agree.
    over
        What the intervals speak about.
    rmse
        Root mean square of predicted minus heard, in rating units as they are.
    rmse_mapped
        The same after the mapping, divided by the pairs less its parameters; None where it has as many.
    rmse_epsilon
        The same of what lies beyond the ratings' 95 % intervals; None where these are not known.
    mapping
        ``cubic`` or ``line``; empty where there is none.
    """

    level: str
    pairs: int
    pearson: float | None
    spearman: float | None
    rmse: float
    rmse_mapped: float | None
    rmse_epsilon: float | None
    mapping: str | None
    over: str | None = None
    pearson_low: float | None = None
    pearson_high: float | None = None
    spearman_low: float | None = None
    spearman_high: float | None = None


@dataclass(frozen=True)
class Disagreement:
    """A pair, and how far its prediction is off after the mapping.

    Parameters
    ----------
    mapped
        What the metric predicts, on the listeners' scale.
    error
        `mapped` less heard.
    beyond
        What of the error (without its sign) lies beyond the rating's 95 % interval; the whole where that is
        not known.
    """

    pair: Pair
    mapped: float
    error: float
    beyond: float


def agreements(points: Iterable[Point], heard: Iterable[Heard]) -> tuple[Agreement, ...]:
    """Return the agreement per clip and per condition; empty when nothing matches."""
    pairs = match(points, heard)
    if not pairs:
        return ()
    drawn = _drawn(pairs)
    return _agreement(pairs, "clip", drawn[0]), _agreement(by_condition(pairs), "condition", drawn[1])


def disagreements(points: Iterable[Point], heard: Iterable[Heard]) -> tuple[Disagreement, ...]:
    """Return all pairs, the one first whose prediction is farthest from what the ear leaves open."""
    pairs = match(points, heard)
    found = _mapped(pairs)
    if found is None:
        return ()
    _, mapped, error = found
    beyond = _beyond(error, pairs, unknown=0.0)
    made = (Disagreement(*each) for each in zip(pairs, mapped.tolist(), error.tolist(), beyond, strict=True))
    return tuple(sorted(made, key=lambda one: (-one.beyond, -abs(one.error))))


def _mapped(pairs: Sequence[Pair]) -> tuple[Mapping, Values, Values] | None:
    predicted, heard = _arrays(pairs)
    mapping = fitted(predicted, heard)
    if mapping is None:
        return None
    mapped = mapping(predicted)
    return mapping, mapped, mapped - heard


def _arrays(pairs: Sequence[Pair]) -> tuple[Values, Values]:
    return np.array([pair.predicted for pair in pairs]), np.array([pair.heard for pair in pairs])


def _beyond(error: Values, pairs: Sequence[Pair], unknown: float) -> list[float]:
    half = np.array([unknown if pair.half is None else pair.half for pair in pairs])
    return [float(each) for each in np.maximum(np.abs(error) - half, 0.0)]


def _agreement(pairs: Sequence[Pair], level: str, drawn: _Drawn | None) -> Agreement:
    predicted, heard = _arrays(pairs)
    of_values = pearson(predicted.tolist(), heard.tolist())
    of_ranks = spearman(predicted.tolist(), heard.tolist())
    found = _mapped(pairs)
    parameters = len(found[0].coefficients) if found else 0
    made = Agreement(
        level=level,
        pairs=len(pairs),
        pearson=of_values.r if of_values else None,
        spearman=of_ranks.r if of_ranks else None,
        rmse=float(np.sqrt(np.mean((predicted - heard) ** 2))),
        rmse_mapped=_rmse(found[2], parameters) if found else None,
        rmse_epsilon=_rmse(np.array(_beyond(found[2], pairs, unknown=math.nan)), parameters)
        if found
        else None,
        mapping={4: "cubic", 2: "line"}.get(parameters),
    )
    if drawn is None or made.pearson is None:
        return made
    low, high = drawn.pearson or (None, None)
    rank_low, rank_high = drawn.spearman or (None, None)
    return replace(
        made,
        over=drawn.over,
        pearson_low=low,
        pearson_high=high,
        spearman_low=rank_low,
        spearman_high=rank_high,
    )


def _rmse(error: Values, parameters: int) -> float | None:
    free = len(error) - parameters
    squares = float((error**2).sum())
    return math.sqrt(squares / free) if free > 0 and math.isfinite(squares) else None


# --- intervals ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Drawn:
    """The ends of both correlations' intervals, and what they speak about."""

    over: str
    pearson: Interval | None
    spearman: Interval | None


def _drawn(pairs: Sequence[Pair]) -> tuple[_Drawn | None, _Drawn | None]:
    """Return the intervals per clip and per condition: clips and conditions drawn anew, each for itself."""
    clips = list(dict.fromkeys(pair.clip for pair in pairs))
    conditions = list(dict.fromkeys(pair.condition for pair in pairs))
    if len(clips) < FEW_CLIPS:
        return None, None
    of_clip = np.array([clips.index(pair.clip) for pair in pairs])
    of_condition = np.array([conditions.index(pair.condition) for pair in pairs])
    both = len(conditions) >= FEW_CONDITIONS
    draw = np.random.default_rng(SEED)
    step = max(1, _AT_ONCE // len(pairs))
    found = []
    for at in range(0, DRAWS, step):
        count = min(step, DRAWS - at)
        by_clip = weights(draw, len(clips), count)
        every = np.ones((count, len(conditions)))
        drawn = weights(draw, len(conditions), count) if both else every
        found.append(_of_draws(pairs, by_clip[:, of_clip], drawn, of_condition))
    ends = [_percentiles(each) for each in np.concatenate(found, 1)]
    over = "clips and conditions" if both else "clips, these conditions"
    return _both(over, *ends[:2]), _both(over, *ends[2:])


def _both(over: str, values: Interval | None, ranks: Interval | None) -> _Drawn | None:
    return None if values is None and ranks is None else _Drawn(over, values, ranks)


def _of_draws(pairs: Sequence[Pair], by_clip: Values, by_condition_: Values, of_condition: Any) -> Values:
    """Return four correlations of each draw: of values and ranks per clip, and the same per condition.

    Parameters
    ----------
    by_clip
        How often each pair's clip was drawn, shape (draws, pairs).
    by_condition_
        How often each condition was drawn, shape (draws, conditions).
    of_condition
        Each pair's condition.
    """
    predicted, heard = _arrays(pairs)
    whole = by_clip * by_condition_[:, of_condition]
    belongs = (of_condition[:, None] == np.arange(by_condition_.shape[1])).astype(np.float64)
    number = by_clip @ belongs
    there = np.maximum(number, 1.0)
    x, y = (by_clip * predicted) @ belongs / there, (by_clip * heard) @ belongs / there
    weight = np.where(number > 0, by_condition_, 0.0)  # a condition all of whose clips were missed
    return np.stack(
        [
            _correlations(whole, predicted[None], heard[None]),
            _correlations(whole, _ranks(whole, predicted), _ranks(whole, heard)),
            _correlations(weight, x, y),
            _correlations(weight, _ranks_of_each(weight, x), _ranks_of_each(weight, y)),
        ]
    )


def _correlations(weight: Values, x: Values, y: Values) -> Values:
    """Return each draw's weighted correlation; NaN where nothing differs, and of fewer than three values."""
    total = np.maximum(weight.sum(1, keepdims=True), 1.0)
    dx = x - (weight * x).sum(1, keepdims=True) / total
    dy = y - (weight * y).sum(1, keepdims=True) / total
    spread = (weight * dx**2).sum(1) * (weight * dy**2).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        told = (spread > 1e-18) & ((weight > 0).sum(1) > 2)
        return np.where(told, (weight * dx * dy).sum(1) / np.sqrt(spread), np.nan)


def _ranks(weight: Values, values: Values) -> Values:
    """Return the ranks of values in each draw, that repeats each as often as it weighs; equal ones share."""
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    sums = np.add.reduceat(weight[:, order], starts, axis=1)
    return np.asarray((np.cumsum(sums, 1) - sums / 2)[:, group], np.float64)


def _ranks_of_each(weight: Values, values: Values) -> Values:
    """Return the same of values that differ from draw to draw."""
    below = (weight[:, None, :] * (values[:, None, :] < values[:, :, None])).sum(2)
    equal = (weight[:, None, :] * (values[:, None, :] == values[:, :, None])).sum(2)
    return np.asarray(below + equal / 2, np.float64)


def _percentiles(drawn: Values) -> Interval | None:
    known = drawn[np.isfinite(drawn)]
    if len(known) < DRAWS // 2:
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    # Where nearly all draws agree (the ranks of a few conditions, say) they do not tell how sure that is.
    return (float(low), float(high)) if high - low > 1e-9 else None


# --- tables -------------------------------------------------------------------------------------------------


def agreement_table(metric: str, found: Sequence[Agreement]) -> Table:
    """Return agreements as a table."""
    columns = (
        *("metric", "per", "pairs", "pearson", "pearson_low", "pearson_high"),
        *("spearman", "spearman_low", "spearman_high", "interval_over"),
        *("rmse", "rmse_mapped", "rmse_epsilon", "mapping"),
    )
    rows = tuple(
        (
            *(metric, one.level, one.pairs, one.pearson, one.pearson_low, one.pearson_high),
            *(one.spearman, one.spearman_low, one.spearman_high, one.over),
            *(one.rmse, one.rmse_mapped, one.rmse_epsilon, one.mapping),
        )
        for one in found
    )
    return Table(columns, rows)


def disagreement_table(metric: str, found: Sequence[Disagreement]) -> Table:
    """Return where prediction and ear disagree, as a table."""
    columns = ("clip", "condition", metric, "as_rating", "heard", "heard_half_width", "error", "beyond")
    rows = tuple(
        (
            one.pair.clip,
            one.pair.condition,
            one.pair.predicted,
            one.mapped,
            one.pair.heard,
            one.pair.half,
            one.error,
            one.beyond,
        )
        for one in found
    )
    return Table(columns, rows)
