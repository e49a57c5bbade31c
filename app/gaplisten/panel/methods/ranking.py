"""Ranking by elimination: of all conditions of a clip the worst goes out, again and again, until one is left.

With many systems it is faster than comparing them in pairs, and it needs no scale. A vote is a place, 1 for
the one that was left; its score is the share of the others that it beat, 1 for the best and 0 for the worst,
so that clips and panels with more or fewer systems can be laid side by side (Borda's count, divided by its
largest value).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, Tick
from gaplisten.panel.methods.contract import LETTERS, Design, Digits, Method, Saying, UnfitError, each_says
from gaplisten.panel.parts import REFERENCE, Part
from gaplisten.panel.planned import Code, Item, Laid, Planned, Use, open_reference
from gaplisten.panel.ratings import Rating, Statistic
from gaplisten.panel.trial import Playing, Response, Slot
from gaplisten.statistics import short_p
from gaplisten.tables import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gaplisten.panel.statistics.choices import Choices
    from gaplisten.panel.statistics.contrast import Contrast

MOST_DIGITS = 9  # conditions that spoken attention trials can tell apart
MOST_CONDITIONS = 12  # one more than a listener can keep apart, as in BS.1534-3


class RankingOptions(Part):
    """The table ``[ranking]``."""

    reference: bool = False


def _own(design: Design) -> RankingOptions:
    assert isinstance(design.options, RankingOptions)
    return design.options


@dataclass(frozen=True)
class Elimination(Method):
    """All conditions of a clip behind letters, beside them an open reference where the panel wants one."""

    def wants_reference(self, design: Design) -> bool:
        """Tell whether the reference is heard."""
        return _own(design).reference

    def check(self, design: Design) -> None:
        """Refuse what cannot be ranked."""
        count = len(design.conditions)
        if not 2 <= count <= MOST_CONDITIONS:
            raise UnfitError(f"a ranking needs 2 to {MOST_CONDITIONS} conditions, there are {count}")

    def sounds(self, design: Design) -> Iterator[tuple[str, Use]]:
        """Yield the conditions, and the open reference."""
        yield from super().sounds(design)
        if _own(design).reference:
            yield REFERENCE, Use.OPEN

    def letters(self, design: Design) -> int:
        """Return how many conditions are ranked."""
        return len(design.conditions)

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return the conditions in the order that the plan drew, after the open reference."""
        order = [design.conditions[at] for at in item.order]
        letters = zip(LETTERS, order, strict=False)
        slots = tuple(Slot(letter, code(item.clip, name, Use.TEST), rated=True) for letter, name in letters)
        if not _own(design).reference:
            return slots, tuple(order)
        return (open_reference(code, item.clip), *slots), (REFERENCE, *order)

    def about(self, item: Item) -> tuple[str, str]:
        """Return nothing: each slot gets a place."""
        return "", ""

    def sayings(self, design: Design, system: Sequence[str], digits: Digits) -> list[Saying]:
        """Return a digit for each condition: the smallest goes out first, so the greatest is at place 1."""
        names = design.conditions
        if len(names) > MOST_DIGITS:
            raise UnfitError(
                f"spoken_traps with ranking need a digit for each condition: {MOST_DIGITS} at most, there are"
                f" {len(names)}; leave spoken_traps out"
            )
        drawn = digits(range(1, 10))[: len(names)]
        places = {digit: place for place, digit in enumerate(sorted(drawn, reverse=True), start=1)}
        return each_says(self, design, names, [(digit, places[digit]) for digit in drawn], within=0)

    def score(self, vote: str, planned: Planned) -> float:
        """Return the share of the others that were worse."""
        count = len(planned.trial.rated_slots)
        return (count - int(vote)) / (count - 1)

    def step(self, conditions: int) -> float:
        """Return the share of the others that one place is worth."""
        return 1 / max(conditions - 1, 1)

    def statistics(
        self, votes: Sequence[Rating], found: Sequence[Contrast], *, resample: bool
    ) -> list[Statistic]:
        """Return the conditions on Plackett and Luce's scale, and Friedman's tests of any difference."""
        names = list(dict.fromkeys(one.condition for one in votes))
        trials = {(one.listener, one.clip, one.trial) for one in votes}
        if len(trials) == len(votes):  # as in votes of another program that tells no trials
            return [_any_difference(votes, names)]
        return [_strengths(votes, names, resample=resample), _any_difference(votes, names)]


def _taken(votes: Sequence[Rating], names: Sequence[str]) -> tuple[Choices, NDArray[np.float64]]:
    """Return the model, and by listener and clip which was the best of those that were left."""
    import numpy as np

    from gaplisten.panel.statistics.choices import rankings

    trials: dict[tuple[str, str, int], list[Rating]] = {}
    for one in votes:
        trials.setdefault((one.listener, one.clip, one.trial), []).append(one)
    listeners = {name: at for at, name in enumerate(dict.fromkeys(key[0] for key in trials))}
    clips = {name: at for at, name in enumerate(dict.fromkeys(key[1] for key in trials))}
    sets: dict[tuple[int, ...], int] = {}
    given = []
    for (listener, clip, _), own in trials.items():
        order = [names.index(one.condition) for one in sorted(own, key=lambda one: -one.score)]
        for at in range(len(order) - 1):
            kind = sets.setdefault(tuple(sorted(order[at:])), len(sets))
            given.append((listeners[listener], clips[clip], kind, order[at]))
    counts = np.zeros((len(listeners), len(clips), len(sets), len(names)))
    np.add.at(counts, tuple(np.array(given).T), 1.0)
    return rankings(len(names), list(sets)), counts


def _strengths(votes: Sequence[Rating], names: Sequence[str], *, resample: bool) -> Statistic:
    from gaplisten.panel.results.strengths import strengths

    model, counts = _taken(votes, names)
    meaning = "ranked before the other in 73 %"
    return strengths("plackett-luce", "Plackett-Luce scale", model, counts, names, meaning, resample=resample)


def _any_difference(votes: Sequence[Rating], names: Sequence[str]) -> Statistic:
    """Return Friedman's test over listeners' mean places (these clips), and over clips' (these listeners)."""
    columns = ("blocks", "of", "chi square", "df", "p", "speaks about")
    rows = []
    for of, speaks in (("listener", "listeners, these clips"), ("clip", "clips, these listeners")):
        blocks: dict[str, dict[str, list[float]]] = {}
        for one in votes:
            blocks.setdefault(getattr(one, of), {}).setdefault(one.condition, []).append(one.score)
        whole = [own for own in blocks.values() if len(own) == len(names)]
        means = [[fmean(own[name]) for name in names] for own in whole]
        chi, p = _friedman(means)
        rows.append((f"{of}s", len(means), chi, len(names) - 1, p, speaks))
    return Statistic("friedman", "Friedman's test that no condition differs", Table(columns, tuple(rows)))


def _friedman(means: list[list[float]]) -> tuple[float | None, float | None]:
    import numpy as np
    from scipy.stats import chi2, rankdata

    if len(means) < 2:
        return None, None
    places = np.apply_along_axis(rankdata, 1, np.round(np.array(means), 9))
    blocks, count = places.shape
    spread = ((places - (count + 1) / 2) ** 2).sum()
    if spread == 0:
        return 0.0, 1.0
    # With ties the chi square is taken by what the places really vary by (Conover).
    chi = (count - 1) * ((places.sum(0) - blocks * (count + 1) / 2) ** 2).sum() / spread
    return round(float(chi), 4), short_p(float(chi2.sf(chi, count - 1)))


METHOD = Elimination(
    name="ranking",
    title="Ranking by elimination",
    result="share of the others beaten",
    place=55,
    response=Response.PLACES,
    playing=Playing.SWITCHED,
    checks=("spoken",),
    range=(0, 1),
    multiple=True,
    options=RankingOptions,
    dialog=(
        Tick("ranking", "reference", "open reference beside the recordings", False),
        SPOKEN_TRAPS,
    ),
    starter="""\
[ranking]
# reference = false      # true: an open reference beside the recordings

""",
)
