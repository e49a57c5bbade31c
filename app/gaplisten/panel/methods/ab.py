"""A/B preference: two conditions, switched freely; which is preferred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, Tick
from gaplisten.panel.methods.contract import Design, Digits, Method, Saying, greater_of_two
from gaplisten.panel.parts import REFERENCE, Part
from gaplisten.panel.planned import Code, Item, Laid, Planned, Use, lettered, open_reference
from gaplisten.panel.ratings import PairTest, Rating, Statistic
from gaplisten.panel.trial import Playing, Response, Slot, Vote

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gaplisten.panel.statistics.choices import Choices
    from gaplisten.panel.statistics.contrast import Contrast

NO_PREFERENCE = "none"


class AbOptions(Part):
    """The table ``[ab]``."""

    no_preference: bool = True
    reference: bool = False
    sides: Literal["random", "fixed"] = "random"


def _own(design: Design) -> AbOptions:
    assert isinstance(design.options, AbOptions)
    return design.options


@dataclass(frozen=True)
class Preference(Method):
    """Two conditions, and an open reference beside them where the panel wants one."""

    def wants_reference(self, design: Design) -> bool:
        """Tell whether the reference is heard."""
        return _own(design).reference

    def fixed_sides(self, design: Design) -> bool:
        """Tell whether A stays what is written first."""
        return _own(design).sides == "fixed"

    def sounds(self, design: Design) -> Iterator[tuple[str, Use]]:
        """Yield the conditions, and the open reference."""
        yield from super().sounds(design)
        if _own(design).reference:
            yield REFERENCE, Use.OPEN

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return the pair in the order that the plan drew."""
        pairs = [(Slot("", code(item.clip, name, Use.TEST)), name) for name in item.system]
        slots, names = lettered(pairs, "AB", item.flipped)
        if not _own(design).reference:
            return slots, names
        return (open_reference(code, item.clip), *slots), (REFERENCE, *names)

    def sayings(self, design: Design, system: Sequence[str], digits: Digits) -> list[Saying]:
        """Return two digits, of which the greater is to be chosen."""
        return greater_of_two(self, design, system, digits)

    def about(self, item: Item) -> tuple[str, str]:
        """Return the pair."""
        return item.system[0], item.system[1]

    def left_out(self, design: Design) -> tuple[Vote, ...]:
        """Return "no preference" where the choice is forced."""
        return () if _own(design).no_preference else (NO_PREFERENCE,)

    def score(self, vote: str, planned: Planned) -> float:
        """Return 1 for the first of the pair, -1 for the second, 0 for neither."""
        if vote == NO_PREFERENCE:
            return 0.0
        letters = [slot.letter for slot in planned.trial.slots]
        return 1.0 if planned.conditions[letters.index(vote)] == planned.condition else -1.0

    def statistics(
        self, votes: Sequence[Rating], found: Sequence[Contrast], *, resample: bool
    ) -> list[Statistic]:
        """Return three and more conditions on one scale: Bradley and Terry's, ties by Davidson."""
        names = list(dict.fromkeys(name for one in votes for name in (one.condition, one.compared_with)))
        return [_scale(votes, names, resample=resample)] if len(names) > 2 else []


# --- conditions on one scale --------------------------------------------------------------------------------


def _answered(
    votes: Sequence[Rating], names: Sequence[str]
) -> tuple[Choices, NDArray[np.float64], bool, bool]:
    """Return the model, how often each answer was given by listener and clip; whether ties, whether sides."""
    import numpy as np

    from gaplisten.panel.statistics.choices import pairs

    listeners = {name: at for at, name in enumerate(dict.fromkeys(one.listener for one in votes))}
    clips = {name: at for at, name in enumerate(dict.fromkeys(one.clip for one in votes))}
    sides = {one.side for one in votes} == {"A", "B"}
    ties = any(one.score == 0 for one in votes)
    kinds: dict[tuple[int, int], int] = {}
    given = []
    for one in votes:
        pair = names.index(one.condition), names.index(one.compared_with)
        score = one.score
        if sides and one.side == "B":  # the other one stood first
            pair, score = pair[::-1], -score
        kind = kinds.setdefault(pair, len(kinds))
        given.append((listeners[one.listener], clips[one.clip], kind, 2 if score == 0 else int(score < 0)))
    counts = np.zeros((len(listeners), len(clips), len(kinds), 3))
    np.add.at(counts, tuple(np.array(given).T), 1.0)
    return pairs(len(names), list(kinds), ties=ties, sides=sides), counts, ties, sides


def _scale(votes: Sequence[Rating], names: Sequence[str], *, resample: bool) -> Statistic:
    from gaplisten.panel.results.strengths import strengths

    model, counts, ties, sides = _answered(votes, names)
    labels = [*names, *(["(no preference)"] if ties else []), *(["(heard as A)"] if sides else [])]
    title = "Bradley-Terry scale, ties by Davidson, position as a parameter"
    meaning = "preferred in 73 % of the decided answers"
    return strengths("bradley-terry", title, model, counts, labels, meaning, resample=resample)


METHOD = Preference(
    name="ab",
    title="A/B preference",
    result="preference",
    place=70,
    response=Response.CHOICE,
    playing=Playing.SWITCHED,
    sided=True,
    checks=("spoken",),
    range=(0, 1),
    test=PairTest("preferred first", two_sided=True, ties=True),
    options=AbOptions,
    dialog=(
        Tick("ab", "no_preference", "“no preference” may be answered", True),
        Tick("ab", "reference", "open reference beside A and B", False),
        SPOKEN_TRAPS,
    ),
    starter="""\
[ab]
# no_preference = true   # false: a forced choice
# reference = false      # true: an open reference beside A and B
# sides = "random"       # "fixed": A stays A, to learn a difference; preferences then have a side

""",
)
