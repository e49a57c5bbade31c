"""The mixed model of values with holes: listeners and clips at random, by restricted maximum likelihood.

Sources: Patterson & Thompson, Biometrika 58 (1971); Giesbrecht & Burns, Biometrics 41 (1985) for the degrees
of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

# So few do not tell how much they differ: with two clips pooling would be wrong in up to 13 % of panels.
FEW = 4


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
    from scipy.linalg import solve_triangular

    root = np.sqrt(ratios)
    z = moments.z_z
    half = np.linalg.cholesky(np.eye(len(z)) + root[:, None] * z * root)
    scaled = root[:, None] * np.column_stack([z, moments.z_y])
    # By the half of a symmetric matrix: half of the work of solving for all of it.
    solved = solve_triangular(half, scaled, lower=True, check_finite=False)
    of_z, of_y = solved[:, :-1], solved[:, -1]
    t = z - of_z.T @ of_z
    t_y = moments.z_y - of_z.T @ of_y
    y_y = moments.y_y - of_y @ of_y
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
