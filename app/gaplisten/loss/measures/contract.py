"""What a per-gap measure is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

import numpy as np

from gaplisten.loss.measures.windows import Frames, Places, Prepared, Row, gap_levels

PROPOSED = "proposed"
AROUND_SECONDS = 0.5
"""Longer than anything that a measure looks at beyond a gap's edges, lateness aside."""
P = TypeVar("P")
T = TypeVar("T")


class Direction(StrEnum):
    """Which values are conspicuous."""

    HIGH = "high"
    LOW = "low"
    BOTH = "far from 0"


@dataclass(frozen=True, eq=False)
class Case:
    """One version with some of its gaps: what a measure is computed from.

    Parameters
    ----------
    version, clean
        The version and, where there is one, the reference; both at the same rate and of the same length.
    places
        The gaps.
    others
        The other versions of the clip by name, for measures that compare versions.
    begin
        Which frame of the clip their rows begin with. The places of some gaps count from there, those of all
        gaps (`whole`) from the clip's start.
    """

    version: Prepared
    clean: Prepared | None
    places: Places
    others: Mapping[str, Prepared] = field(default_factory=dict)
    begin: int = 0

    @property
    def reference(self) -> Prepared:
        """The reference, for measures that are only asked where there is one."""
        assert self.clean is not None
        return self.clean

    @property
    def whole(self) -> Case:
        """The same version with all gaps of the clip: what is received as a whole follows from them."""
        return self if self.places.whole is None else replace(self, places=self.places.whole)

    def surveyed(self, survey: Survey[P, T]) -> T:
        """Return what is known of the version or the reference as a whole: made once.

        A long clip's has been put together from its pieces before.
        """
        case = self.whole

        def made() -> T:
            assert case.version.piece_of is None, f"{survey.key} is not known of the clip as a whole yet"
            return survey.joined(case, [survey.piece(case, 0, case.version.row.size)])

        return (
            case.of_reference(survey.key, made) if survey.of_reference else case.of_version(survey.key, made)
        )

    def note(self, survey: Survey[P, T], pieces: Sequence[P]) -> None:
        """Remember a survey whose pieces have been made one by one."""
        of = 0 if survey.of_reference else self.version.identity
        self.whole.places.memo[survey.key, of] = survey.joined(self.whole, pieces)

    def of_reference(self, key: Hashable, work: Callable[[], T]) -> T:
        """Return what follows from reference and gaps alone: made once for all versions."""
        return self.places.once(key, work)

    def of_lateness(self, key: Hashable, late: Frames, work: Callable[[], T]) -> T:
        """Return what follows from reference, gaps and how late sound comes behind each.

        It is kept until a version that is late otherwise asks for it: most versions are equally late.
        """
        return self.places.latest(key, late.tobytes(), work)

    def of_version(self, key: Hashable, work: Callable[[], T]) -> T:
        """Return what several measures need of this version at these gaps: made once."""
        return self.places.once(key, work, self.version.identity)

    @property
    def made(self) -> Row:
        """The version's samples in all gaps, one after the other (see `Places`)."""
        return self.of_version("made", lambda: self.places.lost(self.version.row))

    @property
    def made_levels(self) -> Row:
        """The levels of the 5 ms frames of all gaps, dBFS (see `Places.level_frames`)."""
        return self.of_version("levels", lambda: gap_levels(self.version.row, self.places))

    @property
    def natural_levels(self) -> Row:
        """The same of the reference."""
        return self.of_reference("levels", lambda: gap_levels(self.reference.row, self.places))

    @property
    def natural(self) -> Row:
        """The reference's samples in all gaps, one after the other."""
        return self.of_reference("natural", lambda: self.places.lost(self.reference.row))

    @property
    def made_power(self) -> Row:
        """The mean square of the version's samples in each gap."""
        return self.of_version("power", lambda: self.places.powers(self.made))

    @property
    def natural_power(self) -> Row:
        """The same of the reference."""
        return self.of_reference("power", lambda: self.places.powers(self.natural))


@dataclass(frozen=True, eq=False)
class Survey(Generic[P, T]):
    """What measures need to know of a version, or of the reference, as a whole.

    Long clips are gone through piece by piece, short ones are one piece.

    Parameters
    ----------
    key
        Under which it is remembered.
    piece
        Gives what there is in a piece: called with a case with all gaps of the clip, whose rows begin at
        `Case.begin` and hold `AROUND_SECONDS` and the version's lateness more than the piece on either side,
        and the piece's first frame and the one after its last, both of the clip.
    joined
        Gives the whole of it from such pieces, in their order. It looks at no row.
    of_reference
        Whether it follows from the reference and the gaps alone.
    without_reference
        Whether there is something to know where there is none.
    """

    key: str
    piece: Callable[[Case, int, int], P]
    joined: Callable[[Case, Sequence[P]], T]
    of_reference: bool = False
    without_reference: bool = False


@dataclass(frozen=True, eq=False)
class Curve:
    """A measure over time.

    Parameters
    ----------
    frames
        Ascending places in frames of the clip's clock, shape ``(points,)``.
    values
        Shape ``(points,)``, in the measure's unit; NaN where it cannot be told.
    """

    frames: Frames
    values: Row


@dataclass(frozen=True)
class ClipFact:
    """Something about one version as a whole that no single gap tells.

    Parameters
    ----------
    key
        Of the measure that it follows from.
    value, unit
        The number it is about.
    said
        A sentence without a full stop.
    frames
        The places that it speaks of, in frames of the clip's clock; may be empty.
    """

    key: str
    value: float
    unit: str
    said: str
    frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class Among:
    """How a measure compares a version with others.

    Parameters
    ----------
    others
        Gives one value per gap for each of the other versions, by name. Of a gap it looks at what lies in it,
        and at no more than a second around: long clips are compared stretch by stretch.
    told
        Gives what is to be said of the version as a whole, from such values of all gaps; None for nothing.
    """

    others: Callable[[Case], Mapping[str, Row]]
    told: Callable[[Mapping[str, Row]], ClipFact | None]


@dataclass(frozen=True)
class Measure:
    """One per-gap measure: all that tables, CSV, dialogs and the manual say about it, and how it is made.

    Parameters
    ----------
    key
        Name in code and CSV.
    direction
        Whether high, low or both kinds of extreme values are conspicuous.
    threshold
        Value from which a gap is flagged unless the user sets another; None: shown, never flagged.
    needs_reference
        Whether it is missing without a reference.
    source
        Standard or paper, or "proposed".
    short
        Title for the head of a column.
    of
        Gives one value per gap, NaN where it cannot be told. With `needs_reference` only asked where
        `Case.clean` is there.
    place
        Where its column stands: ascending.
    digits, step
        How many decimals are worth showing; by how much one step moves the threshold.
    window_ms
        As a curve, the measure is that of a gap of so many ms which moves over the clip.
    curve
        Gives the curve where moving a gap over the clip would not do.
    among
        For a measure that compares versions with each other, so that a value follows from all of them: how.
    clip
        Gives what is to be said of the version as a whole, from the values of all gaps; None for nothing. It
        looks at no row, but at what was surveyed. One that compares versions says it by `among`.
    surveys
        What `clip` or `of` need to know of the clip as a whole.
    of_whole
        Whether values follow from what was surveyed alone: a gap's may lie far behind it.
    """

    key: str
    title: str
    unit: str
    direction: Direction
    threshold: float | None
    needs_reference: bool
    source: str
    help: str
    short: str
    of: Callable[[Case], Row]
    place: int
    digits: int = 1
    step: float = 1.0
    window_ms: float = 20.0
    curve: Callable[[Case], Curve] | None = None
    among: Among | None = None
    clip: Callable[[Case, Row], ClipFact | None] | None = None
    surveys: tuple[Survey[Any, Any], ...] = ()
    of_whole: bool = False

    def values(self, case: Case) -> Row:
        """Return one value per gap; NaN where it is not available."""
        gaps = case.places.starts.size
        if not gaps or (self.needs_reference and case.clean is None):
            return np.full(gaps, np.nan)
        return np.asarray(self.of(case), np.float64)
