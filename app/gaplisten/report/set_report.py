"""Builds against a base as one HTML file: figures, what is new gap by gap, and the worst findings to hear."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType

from gaplisten.batch.by_stratum import by_stratum
from gaplisten.batch.compare import (
    Paired,
    Point,
    distribution_table,
    distributions,
    paired_differences,
    paired_table,
)
from gaplisten.batch.flagged import times_threshold, worst_of_gaps
from gaplisten.batch.gate import MOST_NAMED, Build, NewFinding, Verdict, summary_table
from gaplisten.loss.strata import Stratum
from gaplisten.metrics.contract import Metric
from gaplisten.report.figure import FAINT, Axis, Figure, Look, Plot, Points, Rule, Whiskers, look
from gaplisten.report.finding import Finding
from gaplisten.report.layout import lay_out
from gaplisten.report.page import html_table, listed, page, picture_of, player
from gaplisten.report.pictures import figure_of
from gaplisten.report.png import draw
from gaplisten.report.svg import escaped
from gaplisten.tables import Cell, Table

REPORT_CONTEXT_MS = 200.0
"""Sound on both sides of a gap: less than in a bundle, so that a report can be mailed."""
_DPI = 90
_AT_ONCE = 2  # scaling, spectra and encoding leave the interpreter alone
_STRATA = (
    "<p>Each build's clips of one kind: the share of their gaps with any finding, of each score its mean "
    "and the difference to the base on the same clips with its 95 % interval.</p>"
)
MOST_FINDINGS = 30
"""So many findings have their sound and picture in a report: more would make it too large to send."""


@dataclass(frozen=True)
class Chosen:
    """A gap that a report shows: of which build, and why."""

    build: str
    clip: str
    gap: int
    why: str


def choose(verdicts: Sequence[Verdict], builds: Mapping[str, Build]) -> tuple[list[Chosen], int]:
    """Return the findings to show, worst first, and how many there are.

    Gaps that are new findings come first; then those that are beyond a threshold in both. How bad a value is
    follows from how many times the threshold it is.
    """
    ranked: list[tuple[bool, float, Chosen]] = []
    for verdict in verdicts:
        fresh: dict[tuple[str, int], list[NewFinding]] = {}
        for finding in (each for summary in verdict.summaries for each in summary.new):
            fresh.setdefault((finding.clip, finding.gap), []).append(finding)
        for (clip, gap), found in fresh.items():
            worst = max(times_threshold(each.measure, each.value) for each in found)
            chosen = Chosen(verdict.build, clip, gap, f"new: {', '.join(each.measure for each in found)}")
            ranked.append((True, worst, chosen))
        for clip, known in builds[verdict.build].gaps.items():
            for gap, (times, key) in enumerate(worst_of_gaps(known), 1):
                if times >= 1.0 and (clip, gap) not in fresh:
                    ranked.append((False, times, Chosen(verdict.build, clip, gap, f"as before: {key}")))
    ranked.sort(key=lambda each: (not each[0], -each[1]))
    return [chosen for _, _, chosen in ranked[:MOST_FINDINGS]], len(ranked)


def report_of(
    base: Build,
    others: Sequence[Build],
    verdicts: Sequence[Verdict],
    metrics: Sequence[Metric],
    findings: Iterable[tuple[Chosen, Finding]],
    count: int,
    *,
    judged: bool,
    allow_missing: bool,
    doubts: Sequence[str] = (),
    strata: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return the whole page.

    Parameters
    ----------
    findings
        Those that are shown; a few are held at a time.
    count
        How many there are.
    judged
        Whether limits were set.
    doubts
        What does not fit together, and was accepted.
    strata
        What each clip is told apart by; nothing of it is shown where nothing is given.
    """
    names = ", ".join(each.name for each in others)
    body = [
        f"<p>{escaped(names)} against {escaped(base.name)}.</p>",
        *_summary(base, others, verdicts, judged, allow_missing),
    ]
    if doubts:
        body.append("<h3>Does not fit together: figures of these clips may be wrong</h3>" + listed(doubts))
    for metric in metrics:
        body += _scores(metric, [base, *others])
    body.append("<h2>Measures of gaps</h2>")
    body.append(
        "<p>Each gap with the same gap of the base. share: per cent of the gaps beyond the measure's "
        "threshold; mean_rise: by how much gaps are worse than in the base; intervals (95 %) take each clip "
        "as one observation and speak about clips like these. Left out: measures that flag nothing and do "
        "not differ.</p>"
    )
    body.append(html_table(summary_table(verdicts, telling=True)))
    body += _strata([base, *others])
    if strata:
        table = html_table(by_stratum(base, others, metrics, strata))
        body += ["<h3>By what is known of the clips</h3>", _STRATA, table]
    body.append("<h2>Findings</h2>")
    heard = list(_players(findings))
    said = f"{len(heard)} of {count} gaps with a finding, the worst first; new ones before those of the base."
    body.append(f"<p>{said if heard else 'No gap is beyond a threshold.'}</p>")
    if heard:
        body.append(
            "<p><kbd>J</kbd> and <kbd>K</kbd> go to the next and the previous one, <kbd>0</kbd>…<kbd>9</kbd> "
            "switch between versions, <kbd>Space</kbd> plays and stops, <kbd>L</kbd> loops. Sounds have the "
            "clips' own rate; where the sound card has another one, the browser converts.</p>"
        )
    return page(f"{names} against {base.name}", [*body, *heard])


def _players(findings: Iterable[tuple[Chosen, Finding]]) -> Iterator[str]:
    """Yield each finding as an element, in order; a few are drawn at once, while the next is opened."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="finding") as aside:
        coming: deque[Future[str]] = deque()
        for chosen, finding in findings:
            coming.append(aside.submit(_player, chosen, finding))
            if len(coming) > _AT_ONCE:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _player(chosen: Chosen, finding: Finding) -> str:
    drawing = draw(lay_out(figure_of(finding)), _DPI)
    return player(finding, drawing, copy=False, heading=_heading(chosen, finding))


def _heading(chosen: Chosen, finding: Finding) -> str:
    return f"{chosen.build}: {finding.title} - {chosen.why}"


def _summary(
    base: Build, others: Sequence[Build], verdicts: Sequence[Verdict], judged: bool, allow_missing: bool
) -> list[str]:
    rows: list[tuple[Cell, ...]] = [(base.name, "base", len(base.gaps), _gaps(base), None)]
    for build, verdict in zip(others, verdicts, strict=True):
        passed = verdict.passed(allow_missing)
        word = ("passed" if passed else "failed") if judged or not passed else "no limits were set"
        new = len({(each.clip, each.gap) for summary in verdict.summaries for each in summary.new})
        rows.append((build.name, word, len(build.gaps), _gaps(build), new))
    parts = [html_table(Table(("build", "verdict", "clips", "gaps", "gaps with a new finding"), tuple(rows)))]
    for verdict in verdicts:
        lines = [
            *map(str, verdict.breaches),
            *(limit.no_value for limit in verdict.unknown),
            *(f"missing: {each}" for each in verdict.missing),
        ]
        told = [f"new of a clip as a whole: {each}" for each in verdict.told]
        lines += told[:MOST_NAMED] + [f"and {len(told) - MOST_NAMED} more"] * (len(told) > MOST_NAMED)
        lines += [
            f"{clip}: its losses differ from the base's: not paired by gap" for clip in verdict.unpaired
        ]
        if lines:
            parts.append(f"<h3>{escaped(verdict.build)}</h3>{listed(lines)}")
    return parts


def _gaps(build: Build) -> int:
    return sum(len(each.gaps) for each in build.gaps.values())


def _scores(metric: Metric, builds: Sequence[Build]) -> list[str]:
    """Return how the builds' scores are spread, and how they differ from the base's on the same clips."""
    # A baseline keeps no number of words; what was said in a clip is the same in each build.
    words: dict[str, float] = {}
    for build in builds:
        words |= build.weights.get(metric.name, {})
    points = [
        Point(clip, build.name, value, weight=words.get(clip))
        for build in builds
        for clip, value in build.scores.get(metric.name, {}).items()
    ]
    if not points:
        return []
    parts = [
        f"<h2>{escaped(metric.title)}</h2>",
        html_table(distribution_table(distributions(points, metric.range))),
    ]
    known = {point.condition for point in points}
    if builds[0].name in known and len(known) > 1:
        pairs = paired_differences(points, builds[0].name)
        parts.append(f"<p>Differences on the same clips; {metric.direction} is better.</p>")
        parts.append(html_table(paired_table(pairs)))
        figure = _differences(metric, points, pairs, builds[0].name)
        parts.append(picture_of(figure, f"{metric.title}: differences by clip"))
    return parts


def _differences(metric: Metric, points: Sequence[Point], pairs: Sequence[Paired], against: str) -> Figure:
    base = {point.clip: point.value for point in points if point.condition == against}
    marks: list[Rule | Points | Whiskers] = [Rule(0.0)]
    every: list[float] = [0.0]
    for at, pair in enumerate(pairs):
        values = [
            point.value - base[point.clip]
            for point in points
            if point.condition == pair.first and point.clip in base
        ]
        every += values
        faint = Look(FAINT, (), "ring")
        marks.append(Points(values, [at + 0.18] * len(values), faint, 3.0))
        if pair.ci_low is not None and pair.ci_high is not None:
            marks.append(Whiskers((at,), (pair.ci_low,), (pair.ci_high,), look(0), horizontal=True))
            every += [pair.ci_low, pair.ci_high]
        marks.append(Points((pair.mean,), (at,), look(0)))
    unit = f" ({metric.unit})" if metric.unit else ""
    axis = Axis.around(every, f"{metric.title}, difference to {against}{unit}")
    names = Axis.of_names([pair.first for pair in pairs])
    plot = Plot(axis, names, tuple(marks), height_mm=10.0 + 9.0 * len(pairs), grid=(True, False))
    caption = "Rings: clips. Dots: means with their 95 % intervals (Student's t), over clips."
    return Figure(((plot,),), caption=caption, width_mm=150.0)


def _strata(builds: Sequence[Build]) -> list[str]:
    """Return the share of gaps with any finding, by the length of the gap."""
    rows: list[tuple[Cell, ...]] = []
    found = [
        [
            (of, times >= 1.0)
            for known in build.gaps.values()
            for (times, _), of in zip(worst_of_gaps(known), known.strata, strict=True)
        ]
        for build in builds
    ]
    for stratum in Stratum:
        for build, gaps in zip(builds, found, strict=True):
            flagged = [bad for of, bad in gaps if of == stratum.value]
            if flagged:
                share = round(100 * sum(flagged) / len(flagged), 1)
                rows.append((stratum.value, build.name, len(flagged), share))
    if not rows:
        return []
    table = Table(("gaps", "build", "number", "with a finding (%)"), tuple(rows))
    return ["<h3>By length of the gap</h3>", html_table(table)]
