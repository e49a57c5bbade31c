"""How often a panel would find a difference: simulated listeners, its own design, its own analysis.

Formulas of power know nothing of rounding, of the ends of a scale, of drop-outs from a design, or of how a
method reads its votes. Here a design is drawn as for real listeners, votes are made up in which one condition
differs from all others, and the results' own comparisons are asked, corrected as they will be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaplisten.jobs import Job
from gaplisten.languages import counted
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.design.counting import simulated
from gaplisten.panel.design.planning import nothing_compared
from gaplisten.panel.key import Key, Part
from gaplisten.panel.parts import REFERENCE
from gaplisten.panel.planned import Item, Use
from gaplisten.panel.ratings import Rating
from gaplisten.panel.results.contrasts import contrasts, corrected, talkers_of
from gaplisten.panel.results.votes import TEST
from gaplisten.panel.statistics.planning import Spreads
from gaplisten.panel.statistics.resampling import SEED
from gaplisten.panel.trial import Response
from gaplisten.statistics import binomial

Values = NDArray[np.float64]

PANELS = 200
# How far listeners and clips lie apart by themselves, in parts of what a vote does: it cancels out of
# differences, but not out of what rounding and the ends of the scale do.
_LEVEL = 0.5


@dataclass(frozen=True)
class Rehearsal:
    """What simulated panels found.

    Parameters
    ----------
    shifted
        The condition that was made to differ.
    panels, listeners
        How many there were.
    true, found
        Comparisons with a difference, in all panels together, and how many of them were called different.
    wrong
        Panels in which anything was called different that was not; None where there is no such comparison.
    """

    shifted: str
    panels: int
    listeners: int
    true: int
    found: int
    wrong: int | None

    @property
    def power(self) -> float:
        """The share of true differences that was found."""
        return self.found / self.true

    def said(self) -> str:
        """Return the outcome as a sentence."""
        panels = self.true // self.panels
        # Comparisons of one panel go together: as many are independent as there are panels.
        ends = binomial(round(self.found / panels), self.panels, two_sided=True)
        text = (
            f"{self.panels} simulated panels of {counted(self.listeners, 'listener')}, in this design,"
            f" analysed as results are: {self.shifted} is found to differ in {100 * self.power:.0f} %"
            f" of the comparisons ({100 * ends.low:.0f} to {100 * ends.high:.0f})"
        )
        if self.wrong is None:
            return text
        return f"{text}; something is called different that is not in {100 * self.wrong / self.panels:.0f} %"


@dataclass(frozen=True)
class _Trials:
    """Who is asked about what: one entry for each vote."""

    listener: NDArray[np.int64]
    clip: NDArray[np.int64]
    system: NDArray[np.int64]  # of `names`; the first one of a pair
    other: NDArray[np.int64]  # the second one of a pair, else -1
    page: NDArray[np.int64]  # which votes are given together
    names: tuple[str, ...]
    listeners: tuple[str, ...]
    clips: tuple[str, ...]


def rehearse(
    key: Key,
    listeners: int,
    difference: float,
    spreads: Spreads,
    panels: int = PANELS,
    job: Job | None = None,
) -> Rehearsal:
    """Return what simulated panels find.

    Parameters
    ----------
    key
        Of a panel, built or not.
    difference
        By which one condition differs from all others: points of the scale; of pairs the share of votes (or
        of right answers) over one half.
    spreads
        Of pairs only those by clip and by listener count, in logits.
    job
        Told how far it is; may cancel.

    Raises
    ------
    PlanningError
        If results of such a panel hold no comparison: of one condition alone, say.
    """
    definition = key.definition
    trials = _trials(key, simulated(key, listeners))
    shifted = shifted_condition(definition)
    clips = (clip for clip in key.clips if clip.part is Part.TEST)
    talkers, _ = talkers_of({clip.name: clip.talker for clip in clips}, definition.results)
    draw = np.random.default_rng(SEED)
    found = true = wrong = 0
    others = False
    for panel in range(panels):
        if job is not None:
            job.check(panel / panels, f"panel {panel + 1} of {panels}")
        votes: list[Rating] = []
        for scale in definition.method.scales:
            scores = _scores(draw, definition, trials, trials.names.index(shifted), difference, spreads)
            votes += _ratings(trials, scores, scale)
        each = corrected(
            contrasts(votes, definition.method, definition.results, trials.names, talkers=talkers)
        )
        differing = [one for one in each if shifted in (one.condition, one.against)]
        alike = [one for one in each if shifted not in (one.condition, one.against)]
        true += len(differing)
        if not true:
            raise nothing_compared(definition)
        found += sum(one.sure for one in differing)
        wrong += any(one.sure for one in alike)
        others = others or bool(alike)
    return Rehearsal(shifted, panels, len(trials.listeners), true, found, wrong if others else None)


def shifted_condition(definition: PanelDefinition) -> str:
    """Return the condition that is made to differ: the last one that others are not held against."""
    names = [one.name for one in definition.condition]
    others = [one for one in names if one != definition.results.against] or names
    systems = [one for one in others if one != REFERENCE] or others
    return systems[-1]


def _trials(key: Key, sessions: Sequence[Sequence[Item]]) -> _Trials:
    definition = key.definition
    names = tuple(one.name for one in definition.condition)
    clips = tuple(clip.name for clip in key.clips if clip.part is Part.TEST)
    place, of_clip = {name: at for at, name in enumerate(names)}, {name: at for at, name in enumerate(clips)}
    rows: list[tuple[int, int, int, int, int]] = []
    page = 0
    for listener, items in enumerate(sessions):
        for item in items:
            if item.use is not Use.TEST:
                continue
            page += 1
            if definition.method.paired:
                first, second = (place[name] for name in item.system[:2])
                rows.append((listener, of_clip[item.clip], first, second, page))
                continue
            asked = names if definition.method.multiple else item.system[:1]
            rows += [(listener, of_clip[item.clip], place[name], -1, page) for name in asked]
    listener, clip, system, other, pages = np.array(rows, np.int64).T
    who = tuple(f"l{at}" for at in range(len(sessions)))
    return _Trials(listener, clip, system, other, pages, names, who, clips)


def _scores(
    draw: np.random.Generator,
    definition: PanelDefinition,
    trials: _Trials,
    shifted: int,
    difference: float,
    spreads: Spreads,
) -> Values:
    by_clip = draw.normal(0, spreads.by_clip, (len(trials.names), len(trials.clips)))
    by_listener = draw.normal(0, spreads.by_listener, (len(trials.names), len(trials.listeners)))
    if definition.method.paired:
        return _chosen(draw, definition, trials, shifted, difference, by_clip, by_listener)
    method, size = definition.method, len(trials.system)
    low, high = method.range
    # Where votes are about the reference, who is not shifted is as good as it: the shifted one is worse.
    away = -difference if method.against_reference else difference
    middle = 0.0 if method.against_reference else (low + high) / 2 - difference / 2
    high = max(high, -low) if method.against_reference else high
    level = draw.normal(0, _LEVEL * spreads.vote, len(trials.listeners))[trials.listener]
    level = level + draw.normal(0, _LEVEL * spreads.vote, len(trials.clips))[trials.clip]
    felt = by_clip[trials.system, trials.clip] + by_listener[trials.system, trials.listener]
    felt = felt + middle + level + away * (trials.system == shifted)
    felt = felt + draw.normal(0, spreads.vote, size)
    if method.response is Response.PLACES:
        return _places(felt, trials.page)
    step = method.step(len(trials.names))
    return np.asarray(np.clip(np.round(felt / step) * step, low, high), np.float64)


def _places(felt: Values, page: NDArray[np.int64]) -> Values:
    """Return the share of a page's others that are worse."""
    scores = np.empty(len(felt))
    for one in np.unique(page):
        own = np.flatnonzero(page == one)
        scores[own] = np.argsort(np.argsort(felt[own])) / (len(own) - 1)
    return scores


def _chosen(
    draw: np.random.Generator,
    definition: PanelDefinition,
    trials: _Trials,
    shifted: int,
    difference: float,
    by_clip: Values,
    by_listener: Values,
) -> Values:
    """Return answers to pairs: 1 or -1 for the first or the second, 1 or 0 for right and wrong."""
    assert definition.method.test is not None
    preferring = definition.method.test.ties
    first, second = trials.system == shifted, trials.other == shifted
    away = np.log((0.5 + difference) / (0.5 - difference))
    mean = away * (first.astype(float) - second) if preferring else away * (first | second)
    # What listeners and clips do to a pair is a difference of two such effects: together of the size given.
    effect = by_clip[trials.system, trials.clip] + by_listener[trials.system, trials.listener]
    effect = effect - by_clip[trials.other, trials.clip] - by_listener[trials.other, trials.listener]
    effect = effect / math.sqrt(2)
    if not preferring:
        effect = np.where(first | second, effect, 0.0)  # who hears nothing guesses, whatever the clip
    said = draw.random(len(mean)) < 1 / (1 + np.exp(-(mean + effect)))
    return np.where(said, 1.0, -1.0 if preferring else 0.0)


def _ratings(trials: _Trials, scores: Values, scale: str) -> list[Rating]:
    names, listeners, clips = trials.names, trials.listeners, trials.clips
    columns = (trials.listener, trials.clip, trials.system, trials.other, scores)
    votes = zip(*(each.tolist() for each in columns), strict=True)
    return [
        Rating(
            listeners[who], TEST, clips[clip], "", names[system], names[other] if other >= 0 else "",
            "condition", at, score, scale=scale,
        )
        for at, (who, clip, system, other, score) in enumerate(votes)
    ]  # fmt: skip
