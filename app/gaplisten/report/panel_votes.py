"""How votes are spread: of each condition, what share of them fell into each category of the scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gaplisten.languages import counted
from gaplisten.panel.results.evaluation import ConditionResult, Results
from gaplisten.panel.results.pairs import PairResult
from gaplisten.report.figure import INK, Axis, Boxes, Mark, Note, Plot

_ROW_MM = 7.0
_HALF = 0.36  # of a row: half of a bar
_MOST_CATEGORIES = 9  # with more, neighbouring scores are put together
_BANDS = 5
_LEAST_NAMED = 0.07  # of all votes: a narrower piece has no room for its number
# Low scores dark, high ones light: an order that a grey print keeps.
_DARK, _LIGHT = (0x0B, 0x2E, 0x4F), (0xDC, 0xE9, 0xF5)

Band = tuple[float, float]
"""Lowest and highest score that are counted together."""


def vote_plots(results: Results) -> list[Plot]:
    """Return a plot for each scale, a bar for each condition (or pair); none without votes."""
    if results.pairs:
        return [_plot_of_pairs(results)]
    scales = dict.fromkeys(one.scale for one in results.conditions)
    return [
        _plot_of_scale(results, [one for one in results.conditions if one.scale == scale], scale)
        for scale in scales
    ]


def _plot_of_scale(results: Results, conditions: Sequence[ConditionResult], scale: str) -> Plot:
    low, high = results.method.range
    given = [score for one in conditions for score in one.counts]
    bands = bands_of((min(low, *given), max(high, *given)), results.method.step(len(conditions)))
    shares = [_shares(one.counts, bands) for one in conditions]
    names = [_named(low, high) for low, high in bands]
    votes = sum(one.votes for one in conditions)
    what = f"{results.score_name}, {scale}" if scale else results.score_name
    return _bars(
        [one.condition for one in conditions],
        [one.votes for one in conditions],
        shares,
        names,
        f"{what}: {counted(votes, 'vote')}; no interval: these votes only",
    )


def bands_of(ends: tuple[float, float], step: float) -> list[Band]:
    """Return the categories of a scale, or equal parts of it where it has more than can be told apart.

    >>> bands_of((1, 5), 1.0)
    [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (4.0, 4.0), (5.0, 5.0)]
    >>> bands_of((0, 100), 1.0)
    [(0.0, 19.0), (20.0, 39.0), (40.0, 59.0), (60.0, 79.0), (80.0, 100.0)]
    """
    low, high = float(ends[0]), float(ends[1])
    categories = round((high - low) / step) + 1
    if categories <= _MOST_CATEGORIES:
        return [(low + at * step, low + at * step) for at in range(categories)]
    wide = (high - low) / _BANDS
    lower = [low + at * wide for at in range(_BANDS)]
    upper = [*(round(edge - step, 6) for edge in lower[1:]), high]
    return list(zip(lower, upper, strict=True))


def _shares(counts: Mapping[float, int], bands: Sequence[Band]) -> list[float]:
    """Return what share of the votes each band holds; one between two bands goes to the upper."""
    total = sum(counts.values())
    found = [0.0] * len(bands)
    for score, number in counts.items():
        at = next((at for at, (_, high) in enumerate(bands) if score <= high + 1e-9), len(bands) - 1)
        found[at] += number / total
    return found


def _named(low: float, high: float) -> str:
    said = [f"{end:.3g}".replace("-", "−") for end in (low, high)]
    return said[0] if low == high else f"{said[0]} to {said[1]}"


def _plot_of_pairs(results: Results) -> Plot:
    test = results.method.test
    assert test is not None  # there are no pairs without one
    names = ["the first", "undecided", "the second"] if test.ties else ["right", "wrong"]
    shares = [_of_pair(one, ties=test.ties) for one in results.pairs]
    votes = [one.outcome.trials + one.undecided for one in results.pairs]
    rows = [f"{one.first} / {one.second}" for one in results.pairs]
    return _bars(rows, votes, shares, names, f"{counted(sum(votes), 'vote')}; no interval: these votes only")


def _of_pair(one: PairResult, *, ties: bool) -> list[float]:
    outcome = one.outcome
    total = outcome.trials + one.undecided
    first, second = outcome.successes / total, (outcome.trials - outcome.successes) / total
    return [first, one.undecided / total, second] if ties else [first, second]


def _bars(
    rows: Sequence[str],
    votes: Sequence[int],
    shares: Sequence[Sequence[float]],
    names: Sequence[str],
    title: str,
) -> Plot:
    """Return stacked bars, one a row, of pieces that are named in the legend."""
    marks: list[Mark] = []
    left = [0.0] * len(rows)
    places = [float(at) for at in range(len(rows))]
    for at, name in enumerate(names):
        shade = at / max(len(names) - 1, 1)
        right = [edge + 100 * own[at] for edge, own in zip(left, shares, strict=True)]
        edges = ([place - _HALF for place in places], [place + _HALF for place in places])
        marks.append(Boxes(left, right, *edges, fill=_shaded(shade), edge=INK, label=name))
        ink = "#ffffff" if shade < 0.5 else INK
        for place, start, end in zip(places, left, right, strict=True):
            if end - start >= 100 * _LEAST_NAMED:
                marks.append(Note((start + end) / 2, place + 0.12, f"{end - start:.0f}", "middle", 6.0, ink))
        left = right
    labels = [f"{row} (n = {number})" for row, number in zip(rows, votes, strict=True)]
    axis = Axis(0, 100, "share of the votes, %")
    return Plot(axis, Axis.of_names(labels), tuple(marks), title, height_mm=_ROW_MM * len(rows))


def _shaded(share: float) -> str:
    parts = (round(dark + share * (light - dark)) for dark, light in zip(_DARK, _LIGHT, strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)
