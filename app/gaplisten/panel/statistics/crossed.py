"""The mean of values that listeners gave to clips, with what it says about other listeners and other clips.

A panel's listeners are a sample, and so are its clips. A value (a difference of two votes, a preference) is
taken for ``mean + listener + clip + rest``, all three at random. With every cell filled this is the analysis
of variance of a crossed table without repeats; with holes it is the mixed model of the same form. Where both
can be had they are the same, Satterthwaite's degrees of freedom too.

Source: Satterthwaite, Biometrics Bulletin 2 (1946).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gaplisten.panel.statistics.mixed import FEW, Mixed, Values, mixed, moments_between, moments_of

LEVEL = 0.95


class Speaks(StrEnum):
    """What an interval speaks about."""

    BOTH = "listeners and clips"
    TALKERS = "listeners and talkers"
    LISTENERS = "listeners, this clip only"
    CLIPS = "clips, this listener only"
    TALKERS_ALONE = "talkers, this listener only"
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


def spoken(means: Iterable[Crossed]) -> str:
    """Return what the intervals of several means speak about; "" where there is none."""
    return "; ".join(dict.fromkeys(one.speaks for one in means if one.speaks is not Speaks.NOTHING))


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
