"""Two builds against each other: figures per measure, what is new gap by gap, and which limits are broken."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import numpy.typing as npt

from gaplisten.batch.gap_values import COMPARED, ClipGaps
from gaplisten.batch.limits import ANY, CLIP, Limit
from gaplisten.loss.measures import Direction, Measure
from gaplisten.loss.measures.gap_table import badness
from gaplisten.statistics import Mean, clustered_mean, mean_of, within
from gaplisten.tables import Cell, Table

MOST_NAMED = 20
Row = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Build:
    """What was measured of one build.

    Parameters
    ----------
    gaps
        By clip.
    scores
        By metric: one value for each clip that has one.
    problems
        By clip: why something of it could not be measured.
    weights
        By metric: of how many words each clip's score is, where clips with more words count more.
    """

    name: str
    gaps: Mapping[str, ClipGaps]
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def clips(self) -> frozenset[str]:
        """The clips that were found, measurable or not."""
        return frozenset(self.gaps) | frozenset(self.problems)


@dataclass(frozen=True)
class NewFinding:
    """A gap that is beyond a threshold now and was not before.

    Parameters
    ----------
    gap
        Its number among the clip's gaps, from 1.
    before
        None where the base had no value.
    """

    clip: str
    gap: int
    start_s: float
    length_ms: float
    measure: str
    before: float | None
    value: float

    def __str__(self) -> str:
        """Return the finding in words: clip, gap, place and values."""
        before = "no value before" if self.before is None else f"{self.before:.4g} before"
        place = f"at {self.start_s:.3f} s, {self.length_ms:g} ms"
        return f"{self.clip} gap {self.gap} ({place}): {self.measure} {self.value:.4g}, {before}"


@dataclass(frozen=True)
class NewlyTold:
    """What is told of a clip as a whole now and was not before: sound that is late or too soft throughout."""

    clip: str
    said: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.clip}: {self.said}, not so before"


@dataclass(frozen=True)
class Figure:
    """A figure of a build; ends of its interval (None where it has none); `about`: what is behind it."""

    value: float
    low: float | None = None
    high: float | None = None
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """One measure of one build against the base; figures of conspicuous values, see `limits.OF_GAPS`."""

    measure: Measure
    gaps: int
    paired: int
    share: Figure
    figures: Mapping[str, Figure]
    base: Mapping[str, Figure]
    new: tuple[NewFinding, ...]
    gone: int


@dataclass(frozen=True)
class Breach:
    """A limit that is broken: by which figure, and by what."""

    limit: Limit
    figure: Figure

    def __str__(self) -> str:
        """Return it in a line."""
        figure, interval = self.figure, ""
        if figure.low is not None and figure.high is not None:
            interval = f" (95 % {figure.low:.4g} to {figure.high:.4g})"
        return f"{self.limit.text}: {self.limit.figure} is {figure.value:.4g}{interval}"


@dataclass(frozen=True)
class Verdict:
    """What became of one build.

    Parameters
    ----------
    told
        What is new of clips as wholes.
    missing
        A sentence for each clip that cannot be compared.
    unpaired
        Clips whose losses differ from the base's: their gaps are not compared one by one.
    unknown
        Limits on what has no value at all: nothing can pass by them.
    """

    build: str
    summaries: tuple[Summary, ...]
    breaches: tuple[Breach, ...]
    missing: tuple[str, ...]
    unpaired: tuple[str, ...]
    unknown: tuple[Limit, ...]
    told: tuple[NewlyTold, ...] = ()

    def passed(self, allow_missing: bool) -> bool:
        """Tell whether nothing is broken."""
        return not (self.breaches or self.unknown or (self.missing and not allow_missing))


def judge(base: Build, new: Build, limits: Sequence[Limit], directions: Mapping[str, str]) -> Verdict:
    """Compare a build with the base.

    Parameters
    ----------
    directions
        By metric: ``higher`` or ``lower``, which is better.
    """
    shared = [clip for clip in new.gaps if clip in base.gaps]
    paired = [clip for clip in shared if _same_gaps(base.gaps[clip], new.gaps[clip])]
    summaries = {each.key: _summary(each, base, new, paired) for each in COMPARED}
    told = tuple(_newly_told(base, new, paired, summaries))
    breaches, unknown = [], []
    for limit in limits:
        if limit.measure == ANY:
            figure = _any_new(summaries.values(), told)
        elif limit.measure == CLIP:
            figure = Figure(float(len(told)), about=tuple(map(str, told))) if paired else None
        elif limit.of_gaps:
            figure = _figure_of_gaps(limit, summaries[limit.measure])
        else:
            figure = _figure_of_clips(limit, base, new, directions.get(limit.measure, "higher"))
        if figure is None or math.isnan(figure.value):
            unknown.append(limit)
        elif limit.broken(figure.value, figure.low, figure.high):
            breaches.append(Breach(limit, figure))
    return Verdict(
        new.name,
        tuple(summaries.values()),
        tuple(breaches),
        tuple(_missing(base, new)),
        tuple(clip for clip in shared if clip not in paired),
        tuple(unknown),
        told,
    )


def _newly_told(
    base: Build, new: Build, paired: Sequence[str], summaries: Mapping[str, Summary]
) -> Iterator[NewlyTold]:
    """Return what is told of clips anew, but for what new findings of the same measure say gap by gap."""
    for clip in paired:
        for key, said in new.gaps[clip].told.items():
            gaps = summaries[key].new if key in summaries else ()
            if key not in base.gaps[clip].told and all(each.clip != clip for each in gaps):
                yield NewlyTold(clip, said)


def _same_gaps(one: ClipGaps, other: ClipGaps) -> bool:
    return one.losses == other.losses and one.gaps == other.gaps and one.rate == other.rate


def _missing(base: Build, new: Build) -> Iterator[str]:
    for clip in sorted(base.clips ^ new.clips):
        there, lacking = (base, new) if clip in base.clips else (new, base)
        yield f"{clip}: is in {there.name} and not in {lacking.name}"
    for build in (base, new):
        for clip, why in build.problems.items():
            yield f"{clip}: cannot be measured in {build.name} ({why})"


# -- figures of gaps -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Values:
    """One measure of all gaps of some clips: raw values, how bad they are, and which clip each is of."""

    raw: Row
    bad: Row
    clip: npt.NDArray[np.int64]
    clips: Sequence[str]

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        return ~np.isnan(self.raw)

    def place(self, at: int) -> tuple[str, int]:
        """Return the clip of a value, and which of its gaps, from 0, it is of."""
        number = int(self.clip[at])
        return self.clips[number], at - int(np.searchsorted(self.clip, number))


def _values(measure: Measure, build: Build, clips: Sequence[str]) -> _Values:
    rows = [(build.gaps[clip].values or {}).get(measure.key, ()) for clip in clips]
    raw = np.array([*chain.from_iterable(rows)], np.float64)  # None becomes NaN
    of = np.repeat(np.arange(len(rows), dtype=np.int64), [len(row) for row in rows])
    return _Values(raw, badness(measure, raw), of, clips)


def _flagged(measure: Measure, bad: Row) -> npt.NDArray[np.bool_]:
    if measure.threshold is None:
        return np.zeros(bad.size, np.bool_)
    limit = float(badness(measure, np.array([measure.threshold]))[0])
    return np.asarray(bad >= limit, np.bool_)


def _shown(measure: Measure, bad: float) -> float:
    """Return a badness as a value of the measure."""
    return -bad if measure.direction is Direction.LOW else bad


def _summary(measure: Measure, base: Build, new: Build, paired: Sequence[str]) -> Summary:
    own, theirs = _values(measure, new, list(new.gaps)), _values(measure, base, list(base.gaps))
    before = theirs if list(paired) == theirs.clips else _values(measure, base, paired)
    after = own if list(paired) == own.clips else _values(measure, new, paired)
    flagged_before, flagged_after = _flagged(measure, before.bad), _flagged(measure, after.bad)
    fresh = np.flatnonzero(flagged_after & ~flagged_before)
    worst = fresh[np.argsort(-after.bad[fresh], kind="stable")]
    findings = tuple(_finding(measure, base, new, before, after, int(at)) for at in worst)
    figures = _absolute(measure, new, own)
    base_figures = _absolute(measure, base, theirs)
    both = before.known & after.known
    rises = {
        "share_rise": _percent(
            flagged_after[both].astype(float) - flagged_before[both], after.clip[both], (-100.0, 100.0)
        ),
        "mean_rise": _mean(after.bad[both] - before.bad[both], after.clip[both]),
    }
    for name in ("max", "p95"):
        if name in figures and name in base_figures:
            pair = [figures[name].value, base_figures[name].value]
            bad = badness(measure, np.array(pair))
            rises[f"{name}_rise"] = Figure(float(bad[0] - bad[1]), about=figures[name].about)
    new_figure = Figure(float(len(findings)), about=tuple(map(str, findings)))
    whole = {**figures, **{name: each for name, each in rises.items() if each is not None}, "new": new_figure}
    return Summary(
        measure,
        int(own.known.sum()),
        int(both.sum()),
        figures.get("share", Figure(math.nan)),
        whole,
        base_figures,
        findings,
        int((flagged_before & ~flagged_after).sum()),
    )


def _absolute(measure: Measure, build: Build, values: _Values) -> dict[str, Figure]:
    known = values.known
    if not known.any():
        return {}
    bad, clip = values.bad[known], values.clip[known]
    order = np.argsort(-np.where(known, values.bad, -np.inf), kind="stable")[:MOST_NAMED]
    named = tuple(_named(measure, build, values, int(at)) for at in order if known[at])
    share = _percent(_flagged(measure, bad).astype(float), clip, (0.0, 100.0))
    mean = _mean(bad, clip)
    found = {
        "max": Figure(_shown(measure, float(bad.max())), about=named),
        "p95": Figure(_shown(measure, float(np.quantile(bad, 0.95))), about=named),
    }
    if share is not None:
        found["share"] = Figure(share.value, share.low, share.high, named)
    if mean is not None:
        ends = sorted(_shown(measure, end) for end in (mean.low, mean.high) if end is not None)
        low, high = ends or (None, None)
        found["mean"] = Figure(_shown(measure, mean.value), low, high, named)
    return found


def _named(measure: Measure, build: Build, values: _Values, at: int) -> str:
    clip, gap = values.place(at)
    known = build.gaps[clip]
    start, stop = known.gaps[gap]
    place = f"at {start / known.rate:.3f} s, {1000 * (stop - start) / known.rate:g} ms"
    return f"{clip} gap {gap + 1} ({place}): {measure.key} {values.raw[at]:.4g}"


def _finding(
    measure: Measure, base: Build, new: Build, before: _Values, after: _Values, at: int
) -> NewFinding:
    clip, gap = after.place(at)
    start, stop = new.gaps[clip].gaps[gap]
    rate, was = new.gaps[clip].rate, float(before.raw[at])
    return NewFinding(
        clip,
        gap + 1,
        start / rate,
        1000 * (stop - start) / rate,
        measure.key,
        None if math.isnan(was) else was,
        float(after.raw[at]),
    )


def _mean(
    values: Row, clip: npt.NDArray[np.int64], ends: tuple[float, float] = (-math.inf, math.inf)
) -> Figure | None:
    if not values.size:
        return None
    found = within(clustered_mean(values.tolist(), clip.tolist()), ends)
    return Figure(found.mean, found.low, found.high)


def _percent(shares: Row, clip: npt.NDArray[np.int64], ends: tuple[float, float]) -> Figure | None:
    """Return a share in per cent; its interval does not leave what a share can be."""
    return _mean(100.0 * shares, clip, ends)


def _figure_of_gaps(limit: Limit, summary: Summary) -> Figure | None:
    if limit.figure == "new":
        # None is new where nothing could be compared, which is no reason to pass.
        return summary.figures["new"] if summary.paired or summary.new else None
    return summary.figures.get(limit.figure)


def _any_new(summaries: Iterable[Summary], told: Sequence[NewlyTold]) -> Figure | None:
    """Return how many gaps any measure flags that did not flag them in the base, and what is told anew."""
    known = [each for each in summaries if each.paired or each.new]
    if not known:
        return None
    findings = [finding for each in known for finding in each.new]
    gaps = {(each.clip, each.gap) for each in findings}
    return Figure(float(len(gaps) + len(told)), about=tuple(map(str, (*findings, *told))))


# -- figures of clips ----------------------------------------------------------------------------------------


def _figure_of_clips(limit: Limit, base: Build, new: Build, better: str) -> Figure | None:
    sign = 1.0 if better == "higher" else -1.0
    own, theirs = new.scores.get(limit.measure, {}), base.scores.get(limit.measure, {})
    weights = new.weights.get(limit.measure, {})
    if limit.figure in ("drop", "worst_drop"):
        drops = {clip: sign * (theirs[clip] - own[clip]) for clip in own if clip in theirs}
        return _of_clips(limit, drops, weights, "lost", -1.0)
    return _of_clips(limit, dict(own), weights, "", sign)


def mean_of_clips(values: Mapping[str, float], weights: Mapping[str, float]) -> Mean:
    """Return the mean of at least one clip: of all their words together where each has a weight."""
    return mean_of(list(values.values()), [weights.get(clip) for clip in values])


def _of_clips(
    limit: Limit, values: Mapping[str, float], weights: Mapping[str, float], word: str, sign: float
) -> Figure | None:
    if not values:
        return None
    order = sorted(values, key=lambda clip: sign * values[clip])[:MOST_NAMED]
    named = tuple(f"{clip}: {limit.measure} {word} {values[clip]:.4g}".replace("  ", " ") for clip in order)
    if limit.figure in ("worst", "worst_drop"):
        return Figure(values[order[0]], about=named)
    mean = mean_of_clips(values, weights)
    return Figure(mean.mean, mean.low, mean.high, named)


# -- tables --------------------------------------------------------------------------------------------------

COLUMNS = (
    "build", "measure", "gaps", "paired", "new", "gone", "base_share", "share", "share_low", "share_high",
    "base_p95", "p95", "base_max", "max", "base_mean", "mean", "mean_rise", "rise_low", "rise_high",
)  # fmt: skip


def summary_table(verdicts: Sequence[Verdict], *, telling: bool = False) -> Table:
    """Return one row per build and measure; `telling`: only measures that flag some gap, or differ."""
    rows = [
        _row(verdict.build, each)
        for verdict in verdicts
        for each in verdict.summaries
        if each.gaps and (not telling or _tells(each))
    ]
    return Table(COLUMNS, tuple(rows))


def _tells(summary: Summary) -> bool:
    rise = summary.figures.get("mean_rise")
    return bool(summary.new or summary.gone or summary.share.value or (rise is not None and rise.value))


def _row(build: str, summary: Summary) -> tuple[Cell, ...]:
    def of(figures: Mapping[str, Figure], name: str) -> float | None:
        return round(figures[name].value, 4) if name in figures else None

    share, rise = summary.share, summary.figures.get("mean_rise")
    return (
        build, summary.measure.key, summary.gaps, summary.paired, len(summary.new), summary.gone,
        of(summary.base, "share"), of(summary.figures, "share"), _end(share.low), _end(share.high),
        of(summary.base, "p95"), of(summary.figures, "p95"),
        of(summary.base, "max"), of(summary.figures, "max"),
        of(summary.base, "mean"), of(summary.figures, "mean"), of(summary.figures, "mean_rise"),
        _end(rise.low if rise else None), _end(rise.high if rise else None),
    )  # fmt: skip


def _end(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
