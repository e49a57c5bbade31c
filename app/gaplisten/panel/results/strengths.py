"""Conditions on one scale by their strengths, over listeners and clips: a table for methods of choices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaplisten.panel.ratings import Statistic
from gaplisten.panel.statistics.choices import Choices
from gaplisten.panel.statistics.resampling import SEED, crossed_counts
from gaplisten.tables import Cell, Table

_DRAWS = 1000  # of the bootstrap: each is a fit


def strengths(
    name: str,
    title: str,
    model: Choices,
    counts: NDArray[np.float64],
    labels: Sequence[str],
    one_more: str,
    *,
    resample: bool,
) -> Statistic:
    """Return the parameters of a model of choices: strengths, the strongest first, then the others.

    Parameters
    ----------
    name, title
        As a `Statistic` has them.
    counts
        How often each answer was given: (listeners, clips, kinds of choice, answers).
    labels
        What each parameter is called.
    one_more
        What a difference of 1 means, as the end of a sentence.
    resample
        Whether intervals by the bootstrap are wanted.
    """
    found = model.fit(counts.sum((0, 1)))
    notes = [f"strengths in logits about their mean: 1 more is {one_more}"]
    ends, over = None, None
    if resample:
        ends = np.quantile(model.fit(crossed_counts(counts, _DRAWS)), [0.025, 0.975], axis=0)
        over = "listeners and clips, bootstrap"
        notes.append(f"intervals by {_DRAWS} draws of listeners and clips, seed {SEED}")
    rows: list[tuple[Cell, ...]] = []
    conditions = sorted(range(model.conditions), key=lambda at: -found[at])
    for at in [*conditions, *range(model.conditions, len(labels))]:
        low, high = (None, None) if ends is None else (round(float(end[at]), 4) for end in ends)
        if low is not None and low == high:  # nobody ever answered otherwise: draws tell nothing
            low, high = None, None
        rows.append((labels[at], round(float(found[at]), 4), low, high, None if low is None else over))
    columns = ("condition", "strength", "95 % low", "95 % high", "interval over")
    return Statistic(name, title, Table(columns, tuple(rows)), tuple(notes))
