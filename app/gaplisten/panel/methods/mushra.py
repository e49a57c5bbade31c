"""MUSHRA (ITU-R BS.1534-3): all conditions of a clip beside its reference, with anchors made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from gaplisten.errors import GaplistenError
from gaplisten.panel.dialog_options import SPOKEN_TRAPS, Several, Tick
from gaplisten.panel.methods.contract import (
    LETTERS,
    Design,
    Digits,
    Made,
    Method,
    Saying,
    UnfitError,
    each_says,
)
from gaplisten.panel.order import row_of
from gaplisten.panel.parts import REFERENCE, Part
from gaplisten.panel.planned import Code, Item, Laid, Use, open_reference
from gaplisten.panel.ratings import Rating, Reason, Statistic, grouped
from gaplisten.panel.trial import Playing, Response, Slot
from gaplisten.statistics import holm, quartiles, short_p
from gaplisten.tables import Cell, Table

if TYPE_CHECKING:
    from gaplisten.audio.signal import Samples, Signal
    from gaplisten.panel.statistics.contrast import Contrast

NARROW_HZ, LINE_HZ = 8000, 3400  # a rate of telephone speech, and where its band ends
MOST_SIGNALS = 12  # BS.1534-3: signals in one trial, the open reference not counted

# BS.1534-3, post-screening (as given in public digests of the text).
HIDDEN_REFERENCE_BELOW, MID_ANCHOR_ABOVE, SHARE_OF_ITEMS = 90.0, 90.0, 0.15
GUARD_SHARE = 0.25

LOW_ANCHOR, MID_ANCHOR, LOSSY_ANCHOR = "anchor35", "anchor70", "lossy_anchor"
_ANCHORS = {
    "anchor35": LOW_ANCHOR,
    "anchor70": MID_ANCHOR,
    "lossy": LOSSY_ANCHOR,
}  # as written: as a condition


class MushraOptions(Part):
    """The table ``[mushra]``: what stands in a trial beside the conditions."""

    reference: bool = True
    anchors: list[Literal["anchor35", "anchor70", "lossy"]] = Field(default=["anchor35", "anchor70"])
    strict: bool = True


# --- anchors: low-passed references, linear phase, no delay -------------------------------------------------

# Pass band edge and the frequency from which at least 60 dB are taken away, in Hz. For the 3.5 kHz anchor
# BS.1534-3 wants ripple within 0.1 dB, 25 dB at 4 kHz and 50 dB at 4.5 kHz; for the 7 kHz one it gives no
# mask.
_BANDS = {3500: 4000, 7000: 8000}
_ATTENUATION_DB = 66.0


class AnchorError(GaplistenError):
    """An anchor that cannot be made at this rate."""


def anchor_filter(edge: int, rate: int) -> Samples:
    """Return the taps of an anchor's filter: odd in number, symmetric, so that its delay is a whole number.

    Parameters
    ----------
    edge
        3500 or 7000 Hz.

    Raises
    ------
    AnchorError
        If the rate has nothing above the edge to take away.
    """
    import numpy as np
    from scipy.signal import firwin, kaiserord

    stop = _BANDS[edge]
    if rate / 2 < stop:
        fact = f"a {edge / 1000:g} kHz anchor needs a rate of at least {2 * stop} Hz, the clip has {rate} Hz"
        raise AnchorError("MUSHRA anchor", fact, 'leave it out, as with anchors = ["lossy"] under [mushra]')
    taps, beta = kaiserord(_ATTENUATION_DB, 2 * (stop - edge) / rate)
    return np.asarray(firwin(taps | 1, (edge + stop) / 2, window=("kaiser", beta), fs=rate), dtype=np.float64)


def anchor(reference: Signal, edge: int) -> Signal:
    """Return the reference low-passed at `edge`, of the same length and with no delay.

    Source: ITU-R BS.1534-3, low and mid anchor (numbers as given in public digests of the text).
    """
    import numpy as np
    from scipy.signal import oaconvolve

    from gaplisten.audio.signal import Signal

    taps = anchor_filter(edge, reference.rate)
    whole = oaconvolve(reference.samples.astype(np.float64), taps[:, None], axes=0)
    start = len(taps) // 2
    return Signal(whole[start : start + reference.frames].astype(np.float32), reference.rate)


_MADE = {
    LOW_ANCHOR: Made(of_lossy=False, make=lambda reference: anchor(reference, 3500)),
    MID_ANCHOR: Made(of_lossy=False, make=lambda reference: anchor(reference, 7000)),
    LOSSY_ANCHOR: Made(of_lossy=True, make=lambda lossy: lossy),
}


# --- post-screening -----------------------------------------------------------------------------------------


def hidden_reference_rule(ratings: Sequence[Rating]) -> Reason | None:
    """Apply BS.1534-3: the hidden reference rated below 90 on more than 15 % of the items."""
    rated = [one for one in ratings if one.role == "reference"]
    low = [one for one in rated if one.score < HIDDEN_REFERENCE_BELOW]
    return _lapses("hidden_reference", len(low), len(rated))


def guarded_items(ratings: Sequence[Rating]) -> set[str]:
    """Return clips whose mid anchor more than 25 % of the listeners rate above 90: these do not count."""
    guarded = set()
    anchors = [one for one in ratings if one.condition == MID_ANCHOR]
    for clip, group in grouped(anchors, lambda one: one.clip).items():
        high = {one.listener for one in group if one.score > MID_ANCHOR_ABOVE}
        if len(high) > GUARD_SHARE * len({one.listener for one in group}):
            guarded.add(clip)
    return guarded


def mid_anchor_rule(ratings: Sequence[Rating], guarded: set[str]) -> Reason | None:
    """Apply BS.1534-3: the mid anchor above 90 on more than 15 % of the items, guarded ones left out."""
    rated = [one for one in ratings if one.condition == MID_ANCHOR]
    high = [one for one in rated if one.score > MID_ANCHOR_ABOVE and one.clip not in guarded]
    return _lapses("mid_anchor", len(high), len(rated))


def _lapses(rule: str, count: int, items: int) -> Reason | None:
    """Return what there is to say of so many lapses, if they are too many; what 15 % means of few items."""
    if not items or count <= SHARE_OF_ITEMS * items:
        return None
    return Reason(f"{rule}_few" if items < 7 else rule, {"count": count, "items": items})


# --- medians ------------------------------------------------------------------------------------------------

TWO_GROUPS = 5 / 9  # BS.1534-3: above it scores may be those of two groups of assessors


def multimodality(scores: Sequence[float]) -> float | None:
    """Return b = (g^2 + 1) / (k + 3 (n - 1)^2 / ((n - 2)(n - 3))); None with fewer than four or no spread.

    Source: ITU-R BS.1534-3 (as given in public digests of the text); g skewness, k excess kurtosis of a
    sample.
    """
    import numpy as np
    from scipy.stats import kurtosis, skew

    n = len(scores)
    if n < 4 or float(np.ptp(scores)) == 0:
        return None
    g, k = float(skew(scores, bias=False)), float(kurtosis(scores, bias=False))
    return (g**2 + 1) / (k + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))


def _medians(votes: Sequence[Rating]) -> Statistic:
    rows: list[tuple[Cell, ...]] = []
    for name, own in grouped(votes, lambda one: one.condition).items():
        scores = [one.score for one in own]
        found = quartiles(scores)
        b = multimodality(scores)
        told = None if b is None else round(b, 4)
        rows.append((name, len(scores), found.median, found.q1, found.q3, found.q3 - found.q1, told))
    columns = ("condition", "votes", "median", "q1", "q3", "interquartile range", "multimodality b")
    note = f"b above {TWO_GROUPS:.2f} suggests two groups of listeners"
    return Statistic("medians", "Medians (BS.1534-3)", Table(columns, tuple(rows)), (note,))


def _permuted(votes: Sequence[Rating], found: Sequence[Contrast]) -> Statistic:
    from gaplisten.panel.results.cells import cells
    from gaplisten.panel.statistics.resampling import DRAWS, SEED, permuted_medians

    table = cells(votes)
    by_name = {system[0]: mean for system, mean in table.mean.items()}
    pairs = [one for one in found if {one.condition, one.against} <= set(by_name)]
    tested = [permuted_medians(by_name[one.against], by_name[one.condition]) for one in pairs]
    p_holm = holm([p for _, p in tested])
    rows = tuple(
        (one.condition, one.against, round(apart, 4), short_p(p), short_p(corrected), "these clips")
        for one, (apart, p), corrected in zip(pairs, tested, p_holm, strict=True)
    )
    columns = ("condition", "against", "difference of medians", "p", "p (Holm)", "speaks about")
    title = "Permutation test of medians (BS.1534-3, Attachment 3): other listeners, these clips"
    note = f"all ways for up to 13 listeners, else {DRAWS} draws, seed {SEED}"
    return Statistic("permutation", title, Table(columns, rows), (note,))


# --- the method ---------------------------------------------------------------------------------------------


def _own(design: Design) -> MushraOptions:
    assert isinstance(design.options, MushraOptions)
    return design.options


def _anchors(design: Design) -> list[str]:
    return [_ANCHORS[one] for one in dict.fromkeys(_own(design).anchors)]


@dataclass(frozen=True)
class MultipleStimuli(Method):
    """All conditions of a clip, hidden reference and anchors, each on a slider."""

    def wants_reference(self, design: Design) -> bool:
        """Tell whether the reference is heard, or an anchor made of it."""
        return _own(design).reference or bool({LOW_ANCHOR, MID_ANCHOR} & set(_anchors(design)))

    def check(self, design: Design) -> None:
        """Refuse more signals than the standard allows."""
        own = _own(design)
        signals = len(design.conditions) + own.reference + len(set(own.anchors))
        if signals > MOST_SIGNALS and own.strict:
            raise UnfitError(
                f"a trial would have {signals} signals, BS.1534-3 allows {MOST_SIGNALS}; use fewer"
                " conditions, or say strict = false under [mushra]"
            )

    def remarks(self, design: Design, rates: Sequence[int]) -> Iterator[str]:
        """Yield which anchors have nothing, or next to nothing, to take away at these rates."""
        lowest = min(rates)
        band = min(lowest / 2, LINE_HZ if lowest <= NARROW_HZ else lowest / 2)
        edges = {LOW_ANCHOR: 3500, MID_ANCHOR: 7000}
        idle = [name for name in _anchors(design) if edges.get(name, 0) >= band]
        if idle:
            least = min(edges[name] for name in idle) / 1000
            what = f"{' and '.join(idle)} {'is no anchor' if len(idle) == 1 else 'are no anchors'}"
            yield (
                f"{what} for clips of {lowest} Hz, which hold little or nothing above {least:g} kHz; take"
                ' lost packets zeroed instead (anchors = ["lossy"] under [mushra]), or a condition mnru = 5'
            )

    def may_need_hundred(self, design: Design) -> bool:
        """Tell whether the reference is among the signals."""
        return _own(design).reference

    def sounds(self, design: Design) -> Iterator[tuple[str, Use]]:
        """Yield conditions, open and hidden reference, anchors."""
        yield from super().sounds(design)
        if _own(design).reference:
            yield REFERENCE, Use.OPEN
            if REFERENCE not in design.conditions:
                yield REFERENCE, Use.TEST
        for name in _anchors(design):
            yield name, Use.TEST

    def made(self, design: Design) -> Mapping[str, Made]:
        """Return the anchors."""
        return {name: _MADE[name] for name in _anchors(design)}

    @property
    def reserved(self) -> tuple[str, ...]:
        """Names of the anchors."""
        return tuple(_MADE)

    def signals(self, design: Design) -> list[str]:
        """Return everything that one trial has to rate: conditions, hidden reference, anchors."""
        names = list(design.conditions)
        if _own(design).reference and REFERENCE not in names:
            names.append(REFERENCE)
        return names + _anchors(design)

    def letters(self, design: Design) -> int:
        """Return how many signals a trial has to rate."""
        return len(self.signals(design))

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return the signals in the order that the plan drew, after the open reference."""
        names = self.signals(design)
        order = [names[at] for at in item.order or row_of(len(names), index, number)]
        letters = zip(LETTERS, order, strict=False)
        slots = tuple(Slot(letter, code(item.clip, name, Use.TEST), rated=True) for letter, name in letters)
        if not _own(design).reference:
            return slots, tuple(order)
        return (open_reference(code, item.clip), *slots), (REFERENCE, *order)

    def about(self, item: Item) -> tuple[str, str]:
        """Return nothing: each slot is rated."""
        return "", ""

    def variant(self, design: Design) -> str:
        """Return the instruction that speaks of no reference where there is none."""
        return "" if _own(design).reference else "without_reference"

    def sayings(self, design: Design, system: Sequence[str], digits: Digits) -> list[Saying]:
        """Return a digit for each signal, whose slider goes to ten times that."""
        names = self.signals(design)
        drawn = [digit for _ in range(1 + len(names) // 9) for digit in digits(range(1, 10))][: len(names)]
        return each_says(self, design, names, [(digit, 10 * digit) for digit in drawn], within=5)

    def screened(self, own: Sequence[Rating], everybody: Sequence[Rating]) -> list[Reason]:
        """Apply both rules of BS.1534-3."""
        broken = (hidden_reference_rule(own), mid_anchor_rule(own, guarded_items(everybody)))
        return [one for one in broken if one is not None]

    def statistics(
        self, votes: Sequence[Rating], found: Sequence[Contrast], *, resample: bool
    ) -> list[Statistic]:
        """Return the standard's medians, and its test of their differences."""
        return [_medians(votes), *([_permuted(votes, found)] if resample and found else [])]


METHOD = MultipleStimuli(
    name="mushra",
    title="MUSHRA",
    result="MUSHRA score",
    place=50,
    response=Response.SLIDERS,
    playing=Playing.SWITCHED,
    checks=("spoken",),
    range=(0, 100),
    multiple=True,
    practice_needed=True,
    medians=True,  # BS.1534-3 reports medians and quartiles
    options=MushraOptions,
    dialog=(
        Tick("mushra", "reference", "open and hidden reference", True),
        Several(
            "mushra",
            "anchors",
            (
                ("anchor35", "anchor, low-pass 3.5 kHz"),
                ("anchor70", "anchor, low-pass 7 kHz"),
                ("lossy", "anchor, lost packets zeroed"),
            ),
            ("anchor35", "anchor70"),
        ),
        Tick("rules", "need_hundred", "one recording must get 100", False, needs="reference"),
        SPOKEN_TRAPS,
    ),
    starter="""\
[mushra]
# reference = true                     # open and hidden reference
# anchors = ["anchor35", "anchor70"]   # low-pass anchors; "lossy": the zero-filled file as one more
                                       # clips of 8 kHz: ["lossy"], low-pass anchors are none there

""",
)
