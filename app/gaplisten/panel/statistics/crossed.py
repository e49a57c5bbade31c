"""The mean of values that listeners gave to clips, with what it says about other listeners and other clips.

A panel's listeners are a sample, and so are its clips. A value (a difference of two votes, a preference) is
taken for ``mean + listener + clip + rest``, all three at random. With every cell filled this is the analysis
of variance of a crossed table without repeats; with holes it is the mixed model of the same form, fitted by
restricted maximum likelihood. Where both can be had they are the same,
Satterthwaite's degrees of freedom too.

Sources: Satterthwaite, Biometrics Bulletin 2 (1946); Patterson & Thompson, Biometrika 58 (1971); Giesbrecht &
Burns, Biometrics 41 (1985) for the degrees of freedom of the mixed model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

LEVEL = 0.95
# So few do not tell how much they differ: with two clips pooling would be wrong in up to 13 % of panels.
FEW = 4


class Speaks(StrEnum):
    """What an interval speaks about."""

    BOTH = "listeners and clips"
    TALKERS = "listeners and talkers"
    LISTENERS = "listeners, this clip only"
    CLIPS = "clips, this listener only"
    TRIALS = "these clips, this listener only"
    NOTHING = "nothing but these votes"


class Model(StrEnum):
    """How an interval was found."""

    TWO_WAY = "two-way analysis of variance, Satterthwaite"
    MIXED = "mixed model (REML), Satterthwaite"
    ONE_WAY = "Student's t"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Crossed:
    """A mean over listeners and clips.

    Parameters
    ----------
    mean, error
        In units of the values; `error` is the standard error, None where one vote is all there is.
    df
        Degrees of freedom of `error`.
    listeners, clips, cells
        How many there are of each; `cells` those that have a value.
    var_listener, var_clip, var_rest
        Variances: of listeners, of clips, of a single cell beside both. 0 where it was pooled with the rest.
    """

    mean: float
    error: float | None
    df: float
    listeners: int
    clips: int
    cells: int
    speaks: Speaks
    model: Model
    var_listener: float = 0.0
    var_clip: float = 0.0
    var_rest: float = 0.0

    def interval(self, level: float = LEVEL) -> tuple[float, float] | None:
        """Return the ends of the interval that covers the true mean this often; None without an error."""
        if self.error is None:
            return None
        from scipy.special import stdtrit

        half = float(stdtrit(self.df, (1 + level) / 2)) * self.error
        return self.mean - half, self.mean + half

    def p_greater(self, than: float = 0.0) -> float:
        """Return the one-sided probability of so large a mean where the true one is `than`."""
        if self.error is None:
            return 1.0
        from scipy.special import stdtr

        return float(stdtr(self.df, (than - self.mean) / self.error))

    def p_value(self, against: float = 0.0) -> float:
        """Return the two-sided probability of a mean as far from `against` where that is the true one."""
        if self.error is None:
            return 1.0
        from scipy.special import stdtr

        return float(2 * stdtr(self.df, -abs(self.mean - against) / self.error))


# --- every cell filled --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TwoWay:
    """Mean, squared standard error, degrees of freedom and variances of tables; arrays of one shape."""

    mean: Values
    variance: Values
    df: Values
    var_listener: Values
    var_clip: Values
    var_rest: Values


def two_way(table: Values, least: float = 0.0) -> TwoWay:
    """Return the analysis of filled tables, of one or of many at once.

    The variance of the grand mean is ``(MSl + MSc - MSe) / (L C)``. A mean square of listeners or of clips
    below that of the rest says that nothing is known of that effect: it is pooled with the rest, so that the
    variance is never negative and the degrees of freedom never lost. Of fewer than four listeners or clips a
    low mean square says nothing: theirs is then taken to be the rest's, and keeps its few degrees of freedom.

    Parameters
    ----------
    table
        Values, shape ``(..., listeners, clips)``, at least two of each, finite.
    least
        The least variance of a single cell: what rounding to the steps of a scale leaves open.
    """
    listeners, clips = table.shape[-2:]
    mean = table.mean((-1, -2))
    of_listeners, of_clips = table.mean(-1), table.mean(-2)
    rest = table - of_listeners[..., :, None] - of_clips[..., None, :] + mean[..., None, None]
    squares_l = clips * ((of_listeners - mean[..., None]) ** 2).sum(-1)
    squares_c = listeners * ((of_clips - mean[..., None]) ** 2).sum(-1)
    squares_e = (rest**2).sum((-1, -2))
    df_l, df_c = listeners - 1, clips - 1
    df_e = df_l * df_c
    ms_l, ms_c, ms_e = squares_l / df_l, squares_c / df_c, squares_e / df_e
    # Pooling with what is lower lowers the rest, so that nothing else falls below it by pooling.
    floor = np.maximum(ms_e, least)
    few_l, few_c = listeners < FEW, clips < FEW
    no_l, no_c = (ms_l <= floor) & (not few_l), (ms_c <= floor) & (not few_c)
    df_p = df_e + no_l * df_l + no_c * df_c
    pooled = np.maximum((squares_e + no_l * squares_l + no_c * squares_c) / df_p, least)
    has_l, has_c = ~no_l, ~no_c
    ms_l, ms_c = np.maximum(ms_l, pooled), np.maximum(ms_c, pooled)  # more so only where there are few
    terms = (has_l * ms_l, has_c * ms_c, (1.0 - has_l - has_c) * pooled)
    whole = terms[0] + terms[1] + terms[2]
    with np.errstate(invalid="ignore", divide="ignore"):
        df = whole**2 / (terms[0] ** 2 / df_l + terms[1] ** 2 / df_c + terms[2] ** 2 / df_p)
    return TwoWay(
        mean,
        whole / (listeners * clips),
        np.maximum(np.where(whole > 0, df, df_p), 1.0),
        has_l * (ms_l - pooled) / clips,
        has_c * (ms_c - pooled) / listeners,
        pooled,
    )


# --- with holes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moments:
    """What the mixed model needs of the data: sums after everything that is no part of the question is gone.

    Parameters
    ----------
    z_z, z_y, y_y
        Products of the columns of the random effects (listeners first, then clips) and the values.
    x
        Which combination of these columns carries the mean.
    free
        Observations less nuisance parameters.
    """

    z_z: Values
    z_y: Values
    y_y: float
    x: Values
    free: int


def _both(of_listeners: Values, table: Values, of_clips: Values) -> Values:
    return np.block([[np.diag(of_listeners), table], [table.T, np.diag(of_clips)]])


def moments_of(table: Values) -> Moments:
    """Return the moments of values of cells, NaN where there is none."""
    there = np.isfinite(table)
    filled = np.where(there, table, 0.0)
    counts = there.astype(np.float64)
    z_z = _both(counts.sum(1), counts, counts.sum(0))
    z_y = np.concatenate([filled.sum(1), filled.sum(0)])
    x = np.concatenate([np.ones(len(table)), np.zeros(table.shape[1])])
    return Moments(z_z, z_y, float((filled**2).sum()), x, int(there.sum()))


def moments_between(first: Values, second: Values) -> Moments:
    """Return the moments of "second less first", where a listener need not have heard a clip in both.

    Listeners' and clips' own levels are taken out as fixed effects: only what differs between the two
    conditions within a listener and within a clip is left, so that who dropped out when, and which clips were
    heard in which condition, shift nothing.
    """
    has = [np.isfinite(one).astype(np.float64) for one in (first, second)]
    filled = [np.where(np.isfinite(one), one, 0.0) for one in (first, second)]
    count, signed = has[0] + has[1], (has[1] - has[0]) / 2
    total, turned = filled[0] + filled[1], (filled[1] - filled[0]) / 2
    n_n = _both(count.sum(1), count, count.sum(0))
    n_z = _both(signed.sum(1), signed, signed.sum(0))
    n_y = np.concatenate([total.sum(1), total.sum(0)])
    z_y = np.concatenate([turned.sum(1), turned.sum(0)])
    inverse, rank = _inverse(n_n)
    gone = n_z.T @ inverse
    x = np.concatenate([np.ones(len(first)), np.zeros(first.shape[1])])
    y_y = float((filled[0] ** 2).sum() + (filled[1] ** 2).sum() - n_y @ inverse @ n_y)
    return Moments(n_n / 4 - gone @ n_z, z_y - gone @ n_y, y_y, x, int(count.sum()) - rank)


def _inverse(matrix: Values) -> tuple[Values, int]:
    """Return the pseudo-inverse of a symmetric matrix, and its rank."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > values[-1] * len(values) * 1e-12
    basis = vectors[:, kept]
    return (basis / values[kept]) @ basis.T, int(kept.sum())


@dataclass(frozen=True, slots=True)
class _Fit:
    """The model at one pair of ratios of variances (listeners and clips, each over the rest)."""

    mean: float
    c: float  # x' V^-1 x
    w: Values  # Z' V^-1 x
    g: Values  # Z' P Z
    g_y: Values  # Z' P y
    y_y: float  # y' P y
    log_det: float


def _fit(moments: Moments, ratios: Values) -> _Fit:
    """Return the generalised least squares at these ratios (one for each random column)."""
    root = np.sqrt(ratios)
    z = moments.z_z
    inner = np.eye(len(z)) + root[:, None] * z * root
    half = np.linalg.cholesky(inner)
    scaled = root[:, None] * np.column_stack([z, moments.z_y])
    solved = np.linalg.solve(inner, scaled)
    t = z - (z * root) @ solved[:, :-1]
    t_y = moments.z_y - (z * root) @ solved[:, -1]
    y_y = moments.y_y - scaled[:, -1] @ solved[:, -1]
    w = t @ moments.x
    c = float(moments.x @ w)
    mean = float(moments.x @ t_y) / c
    g = t - np.outer(w, w) / c
    log_det = 2 * float(np.log(np.diag(half)).sum()) + math.log(c)
    return _Fit(mean, c, w, g, t_y - w * mean, max(float(y_y - c * mean**2), 0.0), log_det)


def _deviance(moments: Moments, sizes: tuple[int, int], at: Values) -> tuple[float, Values]:
    """Return the profiled restricted deviance and its gradient by the two ratios."""
    fit = _fit(moments, np.repeat(at, sizes))
    free, noise = moments.free - 1, max(fit.y_y, 1e-300)
    split = sizes[0]
    slopes = [
        float(np.trace(fit.g[part, part]) - (fit.g_y[part] ** 2).sum() * free / noise)
        for part in (slice(0, split), slice(split, None))
    ]
    return free * math.log(noise) + fit.log_det, np.array(slopes)


@dataclass(frozen=True, slots=True)
class Mixed:
    """Mean, squared standard error, Satterthwaite's degrees of freedom, and the three variances."""

    mean: float
    variance: float
    df: float
    var_listener: float
    var_clip: float
    var_rest: float


def mixed(moments: Moments, listeners: int, least: float = 0.0) -> Mixed | None:
    """Return the mixed model fitted by restricted maximum likelihood; None where it cannot be had.

    Parameters
    ----------
    listeners
        How many of the random columns are listeners'; the others are clips'.
    least
        The least variance of a single cell.
    """
    sizes = (listeners, len(moments.x) - listeners)
    carried = float(moments.x @ moments.z_z @ moments.x)
    if moments.free < 3 or carried <= 1e-9 * max(float(np.trace(moments.z_z)), 1.0):
        return None
    ratios = _ratios(moments, sizes)
    fit = _fit(moments, np.repeat(ratios, sizes))
    noise = fit.y_y / (moments.free - 1)
    if noise < least:  # what rounding hides is not known to be there
        ratios, noise = ratios * (noise / least), least
        fit = _fit(moments, np.repeat(ratios, sizes))
    df = _satterthwaite(moments, sizes, ratios, fit)
    unknown = [size - 1 for size, ratio in zip(sizes, ratios, strict=True) if size < FEW and ratio == 0]
    df = min([df, *(one for one in unknown if one > 0)])
    return Mixed(fit.mean, noise / fit.c, df, float(ratios[0] * noise), float(ratios[1] * noise), noise)


def _ratios(moments: Moments, sizes: tuple[int, int]) -> Values:
    from scipy.optimize import minimize

    if moments.y_y <= 0:
        return np.zeros(2)
    start = np.array([0.1, 0.1])
    found: Any = minimize(
        lambda at: _deviance(moments, sizes, at),
        start,
        jac=True,
        bounds=[(0.0, 1e6), (0.0, 1e6)],
        method="L-BFGS-B",
        options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 200},
    )
    ratios = np.asarray(found.x, np.float64)
    return np.where(ratios < 1e-7, 0.0, ratios)


def _satterthwaite(moments: Moments, sizes: tuple[int, int], ratios: Values, fit: _Fit) -> float:
    """Return ``2 Var^2 / Var(Var)``; effects whose variance is nil have no part in it."""
    parts = [part for part, ratio in zip(_parts(sizes), ratios, strict=True) if ratio > 0]
    some = [float(ratio) for ratio in ratios if ratio > 0]
    count = len(parts) + 1
    traces, slopes = np.zeros((count, count)), np.zeros(count)
    for i, one in enumerate(parts, start=1):
        for j, other in enumerate(parts, start=1):
            traces[i, j] = (fit.g[one, other] ** 2).sum()
        slopes[i] = (fit.w[one] ** 2).sum()
    of_p = [float(np.trace(fit.g[one, one])) for one in parts]
    for i in range(1, count):
        traces[0, i] = traces[i, 0] = of_p[i - 1] - sum(
            ratio * traces[i, j] for j, ratio in enumerate(some, start=1)
        )
    trace = moments.free - 1 - sum(ratio * one for ratio, one in zip(some, of_p, strict=True))
    traces[0, 0] = trace - sum(ratio * traces[0, j] for j, ratio in enumerate(some, start=1))
    slopes[0] = fit.c - sum(ratio * slopes[j] for j, ratio in enumerate(some, start=1))
    spread = float(slopes @ np.linalg.pinv(traces) @ slopes)
    return max(fit.c**2 / spread, 1.0) if spread > 0 else float(moments.free - 1)


def _parts(sizes: tuple[int, int]) -> tuple[slice, slice]:
    return slice(0, sizes[0]), slice(sizes[0], sizes[0] + sizes[1])


# --- what is asked for --------------------------------------------------------------------------------------


def _trimmed(*tables: Values) -> list[Values]:
    """Return the tables without listeners and clips that have no value in any of them."""
    there = np.any([np.isfinite(one) for one in tables], axis=0)
    return [one[there.any(1)][:, there.any(0)] for one in tables]


def _one_way(values: Values, least: float, speaks: Speaks, shape: tuple[int, int]) -> Crossed:
    count = len(values)
    if count < 2:
        return Crossed(float(values[0]), None, 0.0, *shape, count, Speaks.NOTHING, Model.NONE)
    spread = max(float(values.var(ddof=1)), least)
    error = math.sqrt(spread / count)
    return Crossed(
        float(values.mean()), error, count - 1, *shape, count, speaks, Model.ONE_WAY, var_rest=spread
    )


def crossed(table: Values, least: float = 0.0) -> Crossed | None:
    """Return the mean of a table of listeners by clips; None where it has no value.

    Parameters
    ----------
    table
        Shape ``(listeners, clips)``; NaN where a listener gave none.
    least
        The least variance of a single cell: what rounding to the steps of a scale leaves open.
    """
    (table,) = _trimmed(table)
    listeners, clips = table.shape
    if not table.size:
        return None
    there = np.isfinite(table)
    if listeners == 1 or clips == 1:
        speaks = Speaks.LISTENERS if listeners > 1 else Speaks.CLIPS
        return _one_way(table[there], least, speaks, (listeners, clips))
    cells = int(there.sum())
    if there.all():
        of = two_way(table, least)
        variances = (float(of.var_listener), float(of.var_clip), float(of.var_rest))
        error, df = math.sqrt(float(of.variance)), float(of.df)
        shape = (listeners, clips, cells)
        return Crossed(float(of.mean), error, df, *shape, Speaks.BOTH, Model.TWO_WAY, *variances)
    return _as_crossed(mixed(moments_of(table), listeners, least), listeners, clips, cells)


def between(first: Values, second: Values, least: float = 0.0) -> Crossed | None:
    """Return "second less first" where a listener need not have heard a clip in both; None without an answer.

    Parameters
    ----------
    first, second
        Shape ``(listeners, clips)``; NaN where a listener gave none.
    least
        The least variance of a single value.
    """
    first, second = _trimmed(first, second)
    if not first.size:
        return None
    cells = int(np.isfinite(first).sum() + np.isfinite(second).sum())
    listeners, clips = first.shape
    return _as_crossed(mixed(moments_between(first, second), listeners, least), listeners, clips, cells)


def _as_crossed(found: Mixed | None, listeners: int, clips: int, cells: int) -> Crossed | None:
    if found is None:
        return None
    speaks = Speaks.BOTH if min(listeners, clips) > 1 else Speaks.CLIPS if clips > 1 else Speaks.LISTENERS
    return Crossed(
        found.mean,
        math.sqrt(found.variance),
        found.df,
        listeners,
        clips,
        cells,
        speaks,
        Model.MIXED,
        found.var_listener,
        found.var_clip,
        found.var_rest,
    )
