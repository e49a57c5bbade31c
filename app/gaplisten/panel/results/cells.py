"""Votes as tables of listeners by clips: what every statistic over both begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaplisten.panel.ratings import Rating

System = tuple[str, str, str]  # condition, what it was compared with, scale


@dataclass(frozen=True)
class Cells:
    """The votes of a panel, or of a part of it.

    Parameters
    ----------
    listeners, clips
        In the order of the tables' rows and columns; with talkers in the place of clips, their names.
    mean, votes
        By condition, what it was compared with, and scale: mean of a listener's votes on a clip (NaN where
        there is none), and how many there are.
    """

    listeners: tuple[str, ...]
    clips: tuple[str, ...]
    mean: Mapping[System, NDArray[np.float64]]
    votes: Mapping[System, NDArray[np.float64]]

    def by(self, groups: Mapping[str, str]) -> Cells:
        """Return the same with clips put together: each cell the mean of its clips' cells."""
        names = tuple(dict.fromkeys(groups[clip] for clip in self.clips))
        place = np.array([names.index(groups[clip]) for clip in self.clips])
        mean = {system: together(table, place, len(names)) for system, table in self.mean.items()}
        votes = {system: _summed(table, place, len(names)) for system, table in self.votes.items()}
        return Cells(self.listeners, names, mean, votes)


def _summed(table: NDArray[np.float64], place: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    belongs = (place[:, None] == np.arange(count)).astype(np.float64)
    return np.asarray(table @ belongs, np.float64)


def together(table: NDArray[np.float64], place: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Return the means of columns that belong together, `place` saying to which of `count` each goes."""
    there = np.isfinite(table)
    number = _summed(there.astype(np.float64), place, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _summed(np.where(there, table, 0.0), place, count) / number


def cells(ratings: Sequence[Rating]) -> Cells:
    """Return the votes as tables."""
    listeners = {name: at for at, name in enumerate(dict.fromkeys(one.listener for one in ratings))}
    clips = {name: at for at, name in enumerate(dict.fromkeys(one.clip for one in ratings))}
    rows: dict[System, tuple[list[int], list[float]]] = {}
    for one in ratings:
        key = (one.condition, one.compared_with, one.scale)
        where, scores = rows.setdefault(key, ([], []))
        where.append(listeners[one.listener] * len(clips) + clips[one.clip])
        scores.append(one.score)
    shape, size = (len(listeners), len(clips)), len(listeners) * len(clips)
    mean, votes = {}, {}
    for key, (where, scores) in rows.items():
        number = np.bincount(where, minlength=size).astype(np.float64)
        with np.errstate(invalid="ignore"):
            mean[key] = (np.bincount(where, scores, size) / number).reshape(shape)
        votes[key] = number.reshape(shape)
    return Cells(tuple(listeners), tuple(clips), mean, votes)
