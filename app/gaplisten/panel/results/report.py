"""Results as tables: for the terminal, CSV files and the window alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gaplisten.loss.strata import Stratum
from gaplisten.panel.ratings import PairTest
from gaplisten.panel.results.evaluation import ConditionResult, Results
from gaplisten.panel.results.pairs import Own, PairResult
from gaplisten.panel.results.screening import Listener
from gaplisten.panel.results.verdict import in_language, remarks, verdicts, words_of
from gaplisten.panel.statistics.contrast import SURE, Contrast, Unit
from gaplisten.panel.statistics.crossed import Crossed
from gaplisten.statistics import Mean, short_p, within
from gaplisten.tables import Cell, Table, write_csv

# Both one-sided tests at 5 % are passed where the 90 % interval lies within the margins.
_MARGIN = ("margin", "90 % low", "90 % high", "p as good (Holm)", "p not worse (Holm)")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _named(results: Results, one: ConditionResult) -> tuple[Cell, ...]:
    """Return the condition, and the scale where there are several."""
    return (one.condition, one.scale) if results.several_scales else (one.condition,)


def _heads(results: Results) -> tuple[str, ...]:
    return ("condition", "scale") if results.several_scales else ("condition",)


def _condition_row(results: Results, one: ConditionResult) -> tuple[Cell, ...]:
    mean, spread = one.mean, one.spread
    ends = one.interval
    low, high = ends or (None, None)
    counts = (one.stratum, mean.n, one.votes)
    wide = (mean.mean, one.adjusted, low, high)
    narrow = (*_these_clips(mean), spread.median, spread.q1, spread.q3)
    speaks = _speaks(one.over) if ends else None
    return (*_named(results, one), *counts, *map(_rounded, wide), speaks, *map(_rounded, narrow))


def _these_clips(mean: Mean | None) -> tuple[float | None, float | None]:
    """Return the ends over listeners alone; none where all are alike: that is no certainty."""
    return (mean.low, mean.high) if mean and _differ(mean) else (None, None)


def _differ(mean: Mean) -> bool:
    return mean.sd is not None and mean.sd > 1e-9  # less is left over by adding thirds


def _speaks(over: Crossed | None) -> str | None:
    return str(over.speaks) if over else None


def conditions_table(results: Results, which: Sequence[ConditionResult] | None = None) -> Table:
    """Return one row per condition (and stratum): listeners, votes, mean, intervals, median, quartiles.

    `interval over` says what the first interval speaks about, whose middle the adjusted mean is; the second
    is over listeners alone.
    """
    chosen = results.conditions if which is None else which
    name = results.score_name
    counts = ("stratum", "listeners", "votes", name)
    wide = ("adjusted mean", "95 % low", "95 % high", "interval over")
    narrow = ("these clips low", "these clips high", "median", "q1", "q3")
    return Table(
        (*_heads(results), *counts, *wide, *narrow), tuple(_condition_row(results, one) for one in chosen)
    )


def contrasts_table(results: Results, which: Sequence[Contrast] | None = None) -> Table:
    """Return one row per comparison: difference (or share), intervals, tests, and who stands on its side.

    The last columns are over listeners alone: they speak about these clips only.
    """
    chosen = results.contrasts if which is None else which
    shares = results.method.paired
    measured = results.method.test.counted if results.method.test else f"difference of {results.score_name}"
    heads = ("condition", "against", "scale") if results.several_scales else ("condition", "against")
    columns = (
        *heads,
        "stratum",
        "listeners",
        "clips",
        "votes",
        f"share {measured}" if shares else measured,
        "95 % low",
        "95 % high",
        "interval over",
        "p",
        "p (Holm)",
        "comparisons",
        "listeners higher",
        "listeners lower",
        "clips higher",
        "clips lower",
        "these clips low",
        "these clips high",
        "these clips p",
        "found by",
        "votes not used",
        *(("bootstrap low", "bootstrap high") if _any(one.drawn for one in chosen) else ()),
        *(_MARGIN if _any(one.equal for one in chosen) else ()),
    )
    return Table(columns, tuple(_contrast_row(one, chosen, results) for one in chosen))


def _any(values: Iterable[object]) -> bool:
    return any(one is not None for one in values)


def _beside(one: Contrast, others: Sequence[Contrast]) -> tuple[Cell, ...]:
    """Return the second lines of a comparison, where any of its table has them."""
    cells: list[Cell] = []
    if _any(other.drawn for other in others):
        cells += map(_rounded, one.drawn or (None, None))
    if _any(other.equal for other in others):
        equal = one.equal
        if equal is None:
            return (*cells, *[None] * len(_MARGIN))
        cells += (equal.margin, _rounded(equal.low), _rounded(equal.high))
        cells += map(_probability, (equal.p_equal, equal.p_not_worse))
    return tuple(cells)


def _contrast_row(one: Contrast, others: Sequence[Contrast], results: Results) -> tuple[Cell, ...]:
    several = results.several_scales
    named = (one.condition, one.against, one.scale) if several else (one.condition, one.against)
    told = one.low is not None
    mean = one.these_clips
    if mean and one.unit is Unit.SHARE:
        mean = within(mean, (0.0, 1.0))
    return (
        *named,
        one.stratum,
        one.listeners.of,
        one.clips.of,
        one.votes,
        _rounded(one.mean),
        _rounded(one.low),
        _rounded(one.high),
        _speaks(one.over) if told else None,
        _probability(one.p),
        _probability(one.p_holm),
        one.comparisons if told else None,
        one.listeners.higher,
        one.listeners.lower,
        one.clips.higher,
        one.clips.lower,
        *map(_rounded, _these_clips(mean)),
        _probability(one.these_clips_p),
        str(one.over.model) if told else None,
        one.lone,
        *_beside(one, others),
    )


def _probability(p: float | None) -> float | None:
    return None if p is None else short_p(p)


def pairs_table(results: Results, which: Sequence[PairResult] | None = None) -> Table:
    """Return one row per pair of A/B or ABX (and stratum), with the exact binomial test."""
    chosen = results.pairs if which is None else which
    columns = ("first", "second", "stratum", *_counts(results.method.test))
    rows = tuple(
        (one.first, one.second, one.stratum, *_counted(Own(one.outcome, one.undecided))) for one in chosen
    )
    return Table(columns, rows)


def _counts(test: PairTest | None) -> tuple[str, ...]:
    assert test is not None  # there are no pairs without one
    sided = "two-sided" if test.two_sided else "one-sided"
    return (test.counted, "trials", "undecided", "share", "95 % low", "95 % high", f"p ({sided})")


def _counted(own: Own) -> tuple[Cell, ...]:
    outcome = own.outcome
    shares = (_rounded(value) for value in (outcome.share, outcome.low, outcome.high))
    return (outcome.successes, outcome.trials, own.undecided, *shares, float(f"{outcome.p_value:.4g}"))


def by_listener_table(results: Results) -> Table:
    """Return each listener's own result: counts and tests of A/B and ABX, else means by condition."""
    if not results.pairs:
        columns: tuple[str, ...] = (*_heads(results), "listener", results.score_name)
        means = tuple(
            (*_named(results, one), who, _rounded(mean))
            for one in results.conditions
            for who, mean in one.by_listener.items()
        )
        return Table(columns, means)
    columns = ("first", "second", "listener", *_counts(results.method.test))
    rows = tuple(
        (one.first, one.second, who, *_counted(own))
        for one in results.pairs
        for who, own in one.by_listener.items()
    )
    return Table(columns, rows)


def _over_listeners(results: Results) -> list[str]:
    """Return what A/B and ABX may say of other listeners: the mean of shares, not the pooled votes."""
    words, said = words_of(results.language), []
    for one in results.pairs:
        if one.mean is None or one.mean.low is None:
            continue
        sure = sum(own.outcome.p_value < SURE for own in one.by_listener.values())
        mean = within(one.mean, (0.0, 1.0))
        key = "mean_share" if _differ(mean) else "mean_share_alike"
        numbers = {name: f"{getattr(mean, name):.3f}" for name in ("mean", "low", "high")}
        names = (one.first, one.second)
        text = words[key].format(first=names[0], second=names[1], listeners=mean.n, sure=sure, **numbers)
        said.append(in_language(text, names, results.language))
    return said


def listeners_table(results: Results) -> Table:
    """Return one row per listener: checks, spread, agreement, and why the votes do not count."""
    columns = (
        "listener",
        "votes",
        "checks passed",
        "checks",
        "variance",
        "agreement r",
        "retest",
        "underflows",
        "left out",
        "kept all the same",
        "noted",
    )
    rows = tuple(
        (
            one.name,
            one.votes,
            one.passed,
            one.checks,
            _rounded(one.spread),
            _rounded(one.agreement),
            _rounded(one.retest),
            one.underflows,
            "; ".join(one.reasons) or None,
            "; ".join(one.kept) or None,
            "; ".join(one.noted) or None,
        )
        for one in results.listeners
    )
    return Table(columns, rows)


def main_table(results: Results) -> Table:
    """Return the table that answers the panel's question."""
    return pairs_table(results) if results.pairs else conditions_table(results)


def parted_by(strata: Iterable[str]) -> str:
    """Return what tells strata apart, in words: the longest burst, or what a table said of the clips.

    >>> parted_by(["<=120 ms", ""]), parted_by(["<=120 ms", "room hall"])
    ('longest burst', 'stratum')
    """
    return "longest burst" if {"", *map(str, Stratum)}.issuperset(strata) else "stratum"


def strata_of(results: Results) -> list[str]:
    """Return the strata that the results tell of, in their order."""
    there = [one.stratum for one in results.strata] + [one.stratum for one in results.pair_strata]
    return list(dict.fromkeys(there))


def strata_table(results: Results) -> Table:
    """Return the same by stratum."""
    return (
        pairs_table(results, results.pair_strata)
        if results.pairs
        else conditions_table(results, results.strata)
    )


def everything_table(results: Results) -> Table:
    """Return the whole, the strata, and each sex and talker in one tidy table: for a file."""
    main, strata, talkers = main_table(results), strata_table(results), talkers_table(results)
    return Table(main.columns, main.rows + strata.rows + talkers.rows)


def summary(results: Results) -> list[str]:
    """Return what must be said beside the tables."""
    words = words_of(results.language)
    said = [*verdicts(results), *remarks(results)]
    said += [words["everybody"].format(said=one) for one in verdicts(results, results.everybody)]
    counted = len(results.listeners) - len(results.excluded)
    said.append(words["counted"].format(counted=counted, all=len(results.listeners)))
    for key, named in (
        ("left_out", [(one.name, one.reasons) for one in results.excluded]),
        ("kept_by_hand", [(one.name, one.kept) for one in results.kept]),
        ("noted", [(one.name, one.noted) for one in _noted(results)]),
    ):
        said += [words[key].format(name=name, why="; ".join(why)) for name, why in named]
    said += _over_listeners(results)
    said += waiting(results)
    said += [*results.problems, *results.notes]
    if results.conditions and min(one.mean.n for one in results.conditions) < 3:
        said.append(words["few_listeners"])
    return said


def waiting(results: Results) -> list[str]:
    """Return whose session is open now, so that the votes stay hidden."""
    hidden = words_of(results.language)["hidden"]
    return [hidden.format(name=name) for name in results.running]


def _noted(results: Results) -> list[Listener]:
    return [one for one in results.listeners if one.noted and not one.excluded]


def talkers_table(results: Results) -> Table:
    """Return the same for each sex and each talker."""
    if results.pairs:
        return pairs_table(results, results.pair_talkers)
    return conditions_table(results, results.talkers)


def all_contrasts_table(results: Results) -> Table:
    """Return the comparisons over all clips and in each stratum: for a file."""
    return contrasts_table(results, (*results.contrasts, *results.contrast_strata))


def tidy_table(results: Results) -> Table:
    """Return means and comparisons in one table, a number with its interval in each row."""
    columns = (
        "statistic",
        "condition",
        "against",
        "scale",
        "stratum",
        "value",
        "low",
        "high",
        "interval_over",
        "found_by",
        "p",
        "p_holm",
        "comparisons",
        "listeners",
        "clips",
        "votes",
    )
    rows: list[tuple[Cell, ...]] = []
    for one in (*results.conditions, *results.strata, *results.talkers):
        over, ends = one.over, one.interval
        low, high = ends or (None, None)
        found = (_speaks(over), str(over.model)) if over and ends else (None, None)
        numbers = (_rounded(one.adjusted), _rounded(low), _rounded(high))
        counts = (one.mean.n, len(one.by_clip), one.votes)
        named: tuple[Cell, ...] = (results.score_name, one.condition, None, one.scale or None, one.stratum)
        rows.append((*named, *numbers, *found, None, None, None, *counts))
    for each in (*results.contrasts, *results.contrast_strata):
        told = each.low is not None
        numbers = (_rounded(each.mean), _rounded(each.low), _rounded(each.high))
        found = (_speaks(each.over), str(each.over.model)) if told else (None, None)
        tested = (_probability(each.p), _probability(each.p_holm), each.comparisons if told else None)
        what = "share" if each.unit is Unit.SHARE else "difference"
        named = (what, each.condition, each.against, each.scale or None, each.stratum)
        rows.append((*named, *numbers, *found, *tested, each.listeners.of, each.clips.of, each.votes))
    return Table(columns, tuple(rows))


def save_tables(results: Results, path: Path) -> tuple[Path, ...]:
    """Write conditions and strata (or pairs) to `path`; comparisons, who listened, each one's results beside.

    Returns
    -------
    The paths of the others.

    Raises
    ------
    TableError
        If one of them cannot be written.
    """

    def beside(what: str) -> Path:
        return path.with_name(f"{path.stem}-{what}{path.suffix or '.csv'}")

    write_csv(path, everything_table(results))
    others = {
        "tidy": tidy_table(results),
        "contrasts": all_contrasts_table(results),
        "listeners": listeners_table(results),
        "by-listener": by_listener_table(results),
        **{one.name: one.table for one in results.statistics},
    }
    for what, table in others.items():
        write_csv(beside(what), table)
    return tuple(beside(what) for what in others)
