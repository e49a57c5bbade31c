"""Panels whose truth is known: effects of listeners, clips and of both in each condition, votes rounded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaplisten.panel.ratings import Rating


@dataclass(frozen=True)
class Planted:
    """How listeners vote on two conditions; standard deviations in points of a five-point scale.

    Parameters
    ----------
    difference
        Second less first, over all listeners and clips there could be.
    by_clip
        Of what a clip does to each condition; `by_listener` likewise.
    vote
        Of a single vote.
    """

    difference: float = 0.0
    by_clip: float = 0.3
    by_listener: float = 0.15
    vote: float = 0.65
    level_listener: float = 0.35
    level_clip: float = 0.4
    rounded: bool = True

    def votes(
        self, draw: np.random.Generator, panels: int, listeners: int, clips: int
    ) -> NDArray[np.float64]:
        """Return votes, shape (panels, listeners, clips, 2)."""
        made = 3.1 + draw.normal(0, self.level_listener, (panels, listeners, 1, 1))
        made = made + draw.normal(0, self.level_clip, (panels, 1, clips, 1))
        made = made + draw.normal(0, self.by_clip, (panels, 1, clips, 2))
        made = made + draw.normal(0, self.by_listener, (panels, listeners, 1, 2))
        made = made + draw.normal(0, self.vote, (panels, listeners, clips, 2))
        made[..., 1] += self.difference
        return np.clip(np.round(made), 1, 5) if self.rounded else made


def heard(
    draw: np.random.Generator, listeners: int, clips: int, each: int, *, same: bool, left: float = 0.2
) -> NDArray[np.bool_]:
    """Return which (listener, clip, condition) get a vote where each listener hears some clips.

    Parameters
    ----------
    each
        Clips that a listener hears in each condition, the same ones or others.
    left
        Share of the listeners who stop somewhere on their way.
    """
    made = np.zeros((listeners, clips, 2), bool)
    for listener in range(listeners):
        order = draw.permutation(clips)
        second = order[:each] if same else order[each : 2 * each]
        trials = [(clip, 0) for clip in order[:each]] + [(clip, 1) for clip in second]
        taken = draw.permutation(len(trials))
        if listener < left * listeners:
            taken = taken[: draw.integers(1, len(trials))]
        for trial in taken:
            clip, condition = trials[trial]
            made[listener, clip, condition] = True
    return made


def ratings(votes: NDArray[np.float64], names: tuple[str, ...] = ("A", "B")) -> list[Rating]:
    """Return one panel's votes, shape (listeners, clips, conditions), NaN where there is none, as ratings."""
    return [
        Rating(f"l{at[0]:03}", "test", f"c{at[1]:03}", "", names[at[2]], "", "condition", trial, float(score))
        for trial, (at, score) in enumerate(np.ndenumerate(votes))
        if np.isfinite(score)
    ]
