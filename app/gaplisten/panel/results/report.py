"""Results as tables: for the terminal, CSV files and the window alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gaplisten.panel.methods.contract import PairTest
from gaplisten.panel.results.evaluation import ConditionResult, Results
from gaplisten.panel.results.pairs import Own, PairResult
from gaplisten.tables import Cell, Table, write_csv

SURE = 0.05


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _named(results: Results, one: ConditionResult) -> tuple[Cell, ...]:
    """Return the condition, and the scale where there are several."""
    return (one.condition, one.scale) if results.several_scales else (one.condition,)


def _heads(results: Results) -> tuple[str, ...]:
    return ("condition", "scale") if results.several_scales else ("condition",)


def _condition_row(results: Results, one: ConditionResult) -> tuple[Cell, ...]:
    mean, spread = one.mean, one.spread
    numbers = (mean.mean, mean.low, mean.high, spread.median, spread.q1, spread.q3)
    counts = (one.stratum, mean.n, one.votes)
    return (*_named(results, one), *counts, *(_rounded(value) for value in numbers))


def conditions_table(results: Results, which: Sequence[ConditionResult] | None = None) -> Table:
    """Return one row per condition (and stratum): listeners, votes, mean, interval, median, quartiles."""
    chosen = results.conditions if which is None else which
    name = results.score_name
    counts = ("stratum", "listeners", "votes", name, "95 % low", "95 % high", "median", "q1", "q3")
    return Table((*_heads(results), *counts), tuple(_condition_row(results, one) for one in chosen))


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
    said = []
    for one in results.pairs:
        if one.mean is None or one.mean.low is None or one.mean.high is None:
            continue
        sure = sum(own.outcome.p_value < SURE for own in one.by_listener.values())
        low, high = max(0.0, one.mean.low), min(1.0, one.mean.high)
        interval = f"mean share {one.mean.mean:.3f}, 95 % {low:.3f} to {high:.3f}"
        said.append(
            f"{one.first} / {one.second} over {one.mean.n} listeners: {interval} (Student's t);"
            f" {sure} of them alone with p < {SURE}"
        )
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
        )
        for one in results.listeners
    )
    return Table(columns, rows)


def main_table(results: Results) -> Table:
    """Return the table that answers the panel's question."""
    return pairs_table(results) if results.pairs else conditions_table(results)


def strata_table(results: Results) -> Table:
    """Return the same by burst stratum."""
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
    said = [f"{len(results.listeners) - len(results.excluded)} of {len(results.listeners)} listeners count"]
    said += [f"left out: {one.name} ({'; '.join(one.reasons)})" for one in results.excluded]
    said += [f"kept by hand: {one.name} ({'; '.join(one.kept)})" for one in results.kept]
    said += _over_listeners(results)
    said += [f"hidden while the session is open: {name}" for name in results.running]
    said += [*results.problems, *results.notes]
    if results.conditions and min(one.mean.n for one in results.conditions) < 3:
        said.append("with fewer than three listeners an interval says little")
    return said


def talkers_table(results: Results) -> Table:
    """Return the same for each sex and each talker."""
    if results.pairs:
        return pairs_table(results, results.pair_talkers)
    return conditions_table(results, results.talkers)


def save_tables(results: Results, path: Path) -> tuple[Path, Path]:
    """Write conditions and strata (or pairs) to `path`; who listened, and each one's results, beside it.

    Returns
    -------
    The paths of the other two.

    Raises
    ------
    TableError
        If one of them cannot be written.
    """

    def beside(what: str) -> Path:
        return path.with_name(f"{path.stem}-{what}{path.suffix or '.csv'}")

    write_csv(path, everything_table(results))
    write_csv(beside("listeners"), listeners_table(results))
    write_csv(beside("by-listener"), by_listener_table(results))
    return beside("listeners"), beside("by-listener")
