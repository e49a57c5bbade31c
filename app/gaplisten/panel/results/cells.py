"""Votes as tables of listeners by clips: what every statistic over both begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaplisten.panel.ratings import Rating
from gaplisten.panel.vote_columns import Votes

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
    votes = Votes.of(ratings)
    listeners, of_listener = votes.numbered("listener")
    clips, of_clip = votes.numbered("clip")
    found, of_system = votes.numbered_by("condition", "compared_with", "scale")
    systems = [(condition, against, scale) for condition, against, scale in found]
    shape = (len(systems), len(listeners), len(clips))
    size = len(systems) * len(listeners) * len(clips)
    where = (of_system * len(listeners) + of_listener) * len(clips) + of_clip
    number = np.bincount(where, minlength=size).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(where, votes.score, size) / number
    means, numbers = dict(zip(systems, mean.reshape(shape), strict=True)), number.reshape(shape)
    return Cells(listeners, clips, means, dict(zip(systems, numbers, strict=True)))
