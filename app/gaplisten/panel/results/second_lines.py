"""Beside the main line of every rated method: scores corrected for listeners, and how far these agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaplisten.panel.methods.contract import Method
from gaplisten.panel.ratings import Rating, Statistic
from gaplisten.panel.statistics.bias import Behaviour, behaviour
from gaplisten.panel.statistics.reliability import alpha, intraclass, spread_parameter
from gaplisten.panel.vote_columns import Votes
from gaplisten.tables import Cell, Table

Values = NDArray[np.float64]
Stimulus = tuple[str, str]  # condition, clip


def second_lines(votes: Sequence[Rating], method: Method) -> list[Statistic]:
    """Return the bias-and-inconsistency model and the reliability of each scale; nothing for pairs."""
    if method.paired:
        return []
    corrected: list[tuple[Cell, ...]] = []
    behaved: list[tuple[Cell, ...]] = []
    reliable: list[tuple[Cell, ...]] = []
    for scale, own in Votes.of(votes).grouped("scale").items():
        stimuli, listeners, repeats = _table(own)
        named = (scale,) if len(method.scales) > 1 else ()
        if len(listeners) > 1 and len(stimuli) > 1:
            step = method.step(len(own.distinct("condition")))
            found = behaviour(repeats, step**2 / 12)
            corrected += [(*named, *row) for row in _corrected(stimuli, repeats, found)]
            behaved += [
                (*named, name, round(float(bias), 4) + 0.0, round(float(noise), 4))  # never -0
                for name, bias, noise in zip(listeners, found.bias, found.inconsistency, strict=True)
            ]
        reliable += [(*named, *row) for row in _reliability(repeats, method)]
    heads = ("scale",) if len(method.scales) > 1 else ()
    made = [
        Statistic(
            "corrected",
            "Scores corrected for bias and inconsistency (ITU-T P.913): these listeners, these clips",
            Table((*heads, "condition", "clips", "mean of clips", "corrected", "error"), tuple(corrected)),
            ("votes are quality, the listener's bias, and noise of the listener's own size",),
        ),
        Statistic(
            "behaviour",
            "Bias and inconsistency of each listener (ITU-T P.913)",
            Table((*heads, "listener", "bias", "inconsistency"), tuple(behaved)),
        ),
    ]
    table = Table((*heads, "reliability", "value"), tuple(reliable))
    made.append(Statistic("reliability", "Whether listeners hear the same", table))
    return [one for one in made if one.table.rows]


def _table(votes: Votes) -> tuple[list[Stimulus], list[str], Values]:
    """Return stimuli, listeners, and votes by both and repeat; NaN where there is none."""
    named, rows = votes.numbered_by("condition", "clip")
    stimuli = [(condition, clip) for condition, clip in named]
    listeners, columns = votes.numbered("listener")
    cell = rows * len(listeners) + columns
    order = np.argsort(cell, kind="stable")
    counts = np.bincount(cell, minlength=len(stimuli) * len(listeners))
    repeats = np.empty(len(votes), np.intp)  # the how manieth of its cell each vote is
    repeats[order] = np.arange(len(votes)) - (np.cumsum(counts) - counts)[cell[order]]
    made = np.full((len(stimuli), len(listeners), int(counts.max(initial=1))), np.nan)
    made[rows, columns, repeats] = votes.score
    return stimuli, list(listeners), made


def _corrected(stimuli: Sequence[Stimulus], votes: Values, found: Behaviour) -> list[tuple[Cell, ...]]:
    there = np.isfinite(votes)
    plain = np.where(there, votes, 0.0).sum((1, 2)) / there.sum((1, 2))
    rows: list[tuple[Cell, ...]] = []
    for condition in dict.fromkeys(name for name, _ in stimuli):
        own = np.array([name == condition for name, _ in stimuli])
        error = float(np.sqrt((found.error[own] ** 2).sum())) / int(own.sum())
        numbers = (float(plain[own].mean()), float(found.quality[own].mean()), error)
        rows.append((condition, int(own.sum()), *(round(value, 4) for value in numbers)))
    return rows


def _reliability(votes: Values, method: Method) -> list[tuple[Cell, ...]]:
    there = np.isfinite(votes)
    with np.errstate(invalid="ignore"):
        means = np.where(there, votes, 0.0).sum(2) / there.sum(2)
    rows: list[tuple[Cell, ...]] = []
    agreed = alpha(means.T)
    if agreed is not None:
        rows.append(("Krippendorff's alpha (interval)", round(agreed, 4)))
    within = intraclass(means.T)
    if within is not None:
        rows.append(("ICC(A,1), a single listener", round(within[0], 4)))
        rows.append((f"ICC(A,k), the mean of {means.shape[1]}", round(within[1], 4)))
    several = there.sum((1, 2)) > 1
    if several.any() and not method.against_reference:
        flat = [one[np.isfinite(one)] for one in votes[several]]
        spread = np.array([one.var(ddof=1) for one in flat])
        found = spread_parameter(np.array([one.mean() for one in flat]), spread, *method.range)
        if found is not None:
            rows.append(("SOS parameter a", round(found, 4)))
    return rows
